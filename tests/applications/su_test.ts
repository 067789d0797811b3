// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { order, pick } from "./recorded.ts";
import { stack, type Words } from "./stack.ts";
import { RECORDER, scene, shareStage, type Step } from "./stage.ts";
import { PASSWORD, PEOPLE } from "./view.ts";

const ASKED: Step = ["Password: ", PASSWORD];

const stage = shareStage((stage) => stage.module("recorder", RECORDER));

function services(words: Words = {}): void {
  for (const name of ["su", "su-l", "runuser", "runuser-l"]) {
    stage().pam(name, ["auth sufficient pam_rootok.so", ...stack(words)]);
  }
}

scene("su: from root it asks about the account and the session, not for a password", async () => {
  services();
  for (const [service, command] of [["su", ["su", "alice"]], ["su-l", ["su", "-", "alice"]]] as const) {
    const { code, stdout } = await stage().run([...command, "-c", "id -un"]);
    assert.deepEqual({ code, stdout }, { code: 0, stdout: "alice\n" });
    const { hooks } = await stage().take();
    assert.deepEqual(order(hooks), ["account", "openSession", "closeSession"]);
    for (const hook of hooks) {
      assert.deepEqual(pick(hook, "service", "user", "ruser", "tty", "silent"), {
        service,
        user: "alice",
        ruser: "root",
        tty: undefined,
        silent: false,
      });
      assert.deepEqual(hook.caller, { ...hook.caller, uid: 0, euid: 0 });
    }
  }
});

scene("su: from root on a terminal, which is what the module sees", async () => {
  services();
  const { code, stdout } = await stage().dialogue(["su", "alice", "-c", "id -un"]);
  assert.deepEqual({ code, stdout }, { code: 0, stdout: "alice\n" });
  const { hooks } = await stage().take();
  assert.deepEqual(order(hooks), ["account", "openSession", "closeSession"]);
  for (const hook of hooks) {
    assert.deepEqual(pick(hook, "ruser", "tty"), { ruser: "root", tty: "/dev/pts/0" });
  }
});

scene("su: from alice to bob on a terminal, with a child between open and close", async () => {
  services();
  const { code, stdout } = await stage().dialogue(["su", "bob", "-c", "echo $PPID; id -un"], [ASKED], {
    as: "alice",
  });
  assert.equal(code, 0);
  const [, pid] = /^(\d+)\nbob\n$/m.exec(stdout) ?? [];
  const { hooks } = await stage().take();
  assert.deepEqual(order(hooks), [
    "authenticate",
    "account",
    "setCredentials establish",
    "openSession",
    "closeSession",
    "setCredentials delete",
  ]);
  assert.deepEqual(hooks.map(({ silent }) => silent), [false, false, false, false, false, true]);
  assert.deepEqual(hooks.map(({ continuity }) => continuity), ["none", ...Array(5).fill("same")]);
  for (const hook of hooks) {
    assert.deepEqual(pick(hook, "user", "ruser", "tty"), { user: "bob", ruser: "alice", tty: "/dev/pts/0" });
    // The session is closed by the process that opened it: the parent of the shell.
    assert.deepEqual(hook.caller, { ...hook.caller, pid: Number(pid), uid: PEOPLE.alice!.uid, euid: 0 });
  }
});

scene("su: a wrong password ends it in front of us", async () => {
  services();
  const { code, stdout } = await stage().dialogue(["su", "bob", "-c", "id"], [["Password: ", "wrong"]], {
    as: "alice",
  });
  assert.equal(code, 1);
  assert.match(stdout, /su: Authentication failure/);
  assert.deepEqual((await stage().take()).hooks, []);
});

scene("su: refused by authenticate, account and openSession, with the text on the terminal", async () => {
  for (const hook of ["authenticate", "account", "openSession"] as const) {
    const type = hook === "authenticate" ? "auth" : hook === "account" ? "account" : "session";
    services({ [type]: `[deny=${hook}:perm_denied:Not to bob]` });
    const { code, stdout } = await stage().dialogue(["su", "bob", "-c", "id -un"], [ASKED], { as: "alice" });
    assert.equal(code, 1, hook);
    assert.match(stdout, /\nNot to bob\n/);
    assert.match(stdout, /Permission denied/);
    assert.doesNotMatch(stdout, /^bob$/m);
    const { hooks, shim } = await stage().take();
    assert.ok(order(hooks).includes(hook));
    assert.ok(!order(hooks).includes("closeSession"));
    assert.ok(shim.some((line) => line.includes(` ${hook} recorder: perm_denied in `)), shim.join("\n"));
  }
});

scene("su: root is asked for as well where the line is not skipped", async () => {
  services({ account: "[deny=account:acct_expired:Gone]" });
  const { code, stderr } = await stage().run(["su", "alice", "-c", "id -un"]);
  assert.notEqual(code, 0);
  assert.match(stderr, /^Gone\nsu: User account has expired/);
  await stage().take();
});

scene("runuser: only the session, and a refusal of it counts", async () => {
  services();
  for (
    const [service, command] of [
      ["runuser", ["runuser", "-u", "alice", "--", "id", "-un"]],
      ["runuser-l", ["runuser", "-", "alice", "-c", "id -un"]],
    ] as const
  ) {
    const { code, stdout } = await stage().run(command);
    assert.deepEqual({ code, stdout }, { code: 0, stdout: "alice\n" });
    const { hooks } = await stage().take();
    assert.deepEqual(order(hooks), ["openSession", "closeSession"]);
    assert.deepEqual(hooks.map(({ continuity }) => continuity), ["none", "same"]);
    assert.deepEqual(pick(hooks[0], "service", "user", "ruser"), { service, user: "alice", ruser: "root" });
  }
  services({ session: "[deny=openSession:perm_denied:Enough]" });
  const { code, stdout, stderr } = await stage().run(["runuser", "-u", "alice", "--", "id", "-un"]);
  assert.notEqual(code, 0);
  assert.equal(stdout, "");
  assert.match(stderr, /^Enough\nrunuser: cannot open session: Permission denied/);
  assert.deepEqual(order((await stage().take()).hooks), ["openSession"]);
});
