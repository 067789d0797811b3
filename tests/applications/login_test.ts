// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { order, pick } from "./recorded.ts";
import { stack, type Words } from "./stack.ts";
import { RECORDER, scene, shareStage, type Step } from "./stage.ts";
import { PASSWORD } from "./view.ts";

const stage = shareStage((stage) => stage.module("recorder", RECORDER));

const FRESH = "battery staple 42";

/** Somebody at a terminal, on which root's getty has started login(1). */
async function login(user: string, words: Words, steps: readonly Step[]) {
  stage().pam("login", stack(words));
  const output = await stage().dialogue(["login"], [["login: ", user], ["Password: ", PASSWORD], ...steps], {
    ms: 15_000,
  });
  return { ...output, ...await stage().take() };
}

scene("login: alice on a terminal; the shell is a child between open and close", async () => {
  const steps: Step[] = [["$ ", "echo $PPID; tty; cut -d' ' -f22 /proc/$PPID/stat"], ["$ ", "exit"]];
  const { code, stdout, hooks } = await login("alice", {}, steps);
  assert.equal(code, 0);
  const [, pid, started] = /^(\d+)\n\/dev\/pts\/0\n(\d+)\n/m.exec(stdout) ?? [];
  assert.deepEqual(order(hooks), [
    "authenticate",
    "account",
    "openSession",
    "setCredentials establish",
    "closeSession",
  ]);
  assert.deepEqual(hooks.map(({ continuity }) => continuity), ["none", "same", "same", "same", "same"]);
  for (const hook of hooks) {
    assert.deepEqual(pick(hook, "service", "user", "tty", "ruser", "silent"), {
      service: "login",
      user: "alice",
      tty: "/dev/pts/0",
      ruser: undefined,
      silent: false,
    });
    // The kernel's word for which process it is, as the shell sees it.
    assert.deepEqual(hook.caller, { pid: Number(pid), uid: 0, euid: 0, started: Number(started) });
  }
});

scene("login: with -f nobody is authenticated, and account is asked all the same", async () => {
  stage().pam("login", stack());
  const allowed = await stage().dialogue(["login", "-f", "alice"], [["$ ", "exit"]]);
  assert.equal(allowed.code, 0);
  const { hooks } = await stage().take();
  assert.deepEqual(order(hooks), ["account", "openSession", "setCredentials establish", "closeSession"]);
  stage().pam("login", stack({ account: "[deny=account:perm_denied:Not at night]" }));
  const refused = await stage().dialogue(["login", "-f", "alice"]);
  assert.notEqual(refused.code, 0);
  assert.match(refused.stdout, /^Not at night\n/);
  assert.deepEqual(order((await stage().take()).hooks), ["account"]);
});

scene(
  "login: refused by account, by authenticate and by openSession, with the text on the terminal",
  async () => {
    const cases = [
      { words: { account: "[deny=account:perm_denied:Not at night]" }, last: "account" },
      { words: { session: "[deny=openSession:perm_denied:Not at night]" }, last: "openSession" },
    ];
    for (const { words, last } of cases) {
      const { code, stdout, hooks } = await login("alice", words, []);
      assert.equal(code, 1, last);
      assert.match(stdout, /\nNot at night\n/);
      assert.doesNotMatch(stdout, /\$ /);
      assert.equal(order(hooks).at(-1), last);
    }
    // login asks again after this one; the person gives up.
    const steps: Step[] = [[`Login incorrect\r\n${Deno.hostname()} login: `, "\x04"]];
    const { code, stdout, hooks } = await login(
      "alice",
      { auth: "[deny=authenticate:auth_err:Not you]" },
      steps,
    );
    assert.notEqual(code, 0);
    assert.match(stdout, /\nNot you\n/);
    assert.deepEqual(order(hooks), ["authenticate"]);
  },
);

scene(
  "login: new_authtok_reqd has the password changed before the session, with what account kept",
  async () => {
    using _ = stage().edit("/etc/shadow", (text) => text);
    const steps: Step[] = [
      ["Current password: ", PASSWORD],
      ["New password: ", FRESH],
      ["Retype new password: ", FRESH],
      ["$ ", "exit"],
    ];
    const { code, stdout, hooks } = await login("carol", {}, steps);
    assert.equal(code, 0);
    assert.match(stdout, /You are required to change your password immediately/);
    assert.deepEqual(order(hooks).slice(0, 5), [
      "authenticate",
      "account",
      "preliminary",
      "update",
      "openSession",
    ]);
    assert.deepEqual(pick(hooks[3], "continuity", "trail", "onlyIfExpired"), {
      continuity: "same",
      trail: ["authenticate", "account", "preliminary"],
      onlyIfExpired: true,
    });
  },
);

scene("login: an account that pam_unix finds expired", async () => {
  const { code, stdout, hooks } = await login("dave", {}, []);
  assert.notEqual(code, 0);
  assert.match(stdout, /Your account has expired/);
  assert.deepEqual(order(hooks), ["authenticate", "account"]);
});
