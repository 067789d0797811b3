// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { order, pick } from "./recorded.ts";
import { stack, type Words } from "./stack.ts";
import { ASKER, RECORDER, scene, shareStage, type Step } from "./stage.ts";
import { PASSWORD, PEOPLE } from "./view.ts";

const ALICE = PEOPLE.alice!.uid;
const ASKED: Step = ["[sudo] password for alice: ", PASSWORD];
/** All hooks of a sudo that asks for the password. */
const FRESH = [
  "authenticate",
  "account",
  "setCredentials reinitialize",
  "openSession",
  "closeSession",
  "setCredentials delete",
];

const stage = shareStage((stage) => {
  stage.module("recorder", RECORDER);
  stage.module("asker", ASKER);
});

/** alice's sudo, on a new terminal: no time stamp counts there. */
async function sudo(words: Words, command: string[], steps: Step[] = [ASKED]) {
  stage().pam("sudo", stack(words));
  const output = await stage().dialogue(command, steps, { as: "alice" });
  return { ...output, ...await stage().take() };
}

scene("sudo: authenticates alice, then becomes root, and closes what it opened", async () => {
  const { code, stdout, hooks } = await sudo({}, ["sudo", "id", "-un"]);
  assert.equal(code, 0);
  assert.match(stdout, /\nroot\n$/);
  assert.deepEqual(order(hooks), FRESH);
  // Whom it is about changes before credentials are set.
  assert.deepEqual(hooks.map(({ user }) => user), ["alice", "alice", "root", "root", "root", "root"]);
  assert.deepEqual(hooks.map(({ silent }) => silent), [true, true, false, true, true, true]);
  assert.deepEqual(hooks.map(({ continuity }) => continuity), ["none", ...Array(5).fill("same")]);
  assert.deepEqual(hooks[5]!.trail, [
    "authenticate",
    "account",
    "setCredentials",
    "openSession",
    "closeSession",
  ]);
  for (const hook of hooks) {
    assert.deepEqual(pick(hook, "service", "ruser", "rhost", "tty"), {
      service: "sudo",
      ruser: "alice",
      rhost: undefined,
      tty: "/dev/pts/0",
    });
    // Set-uid: the person's real user, root's effective one, and all in one process.
    assert.deepEqual(pick(hook, "caller").caller, { ...hook.caller, uid: ALICE, euid: 0 });
    assert.equal(hook.sender.pid, hook.caller.pid);
    assert.equal(hook.caller.pid, hooks[0]!.caller.pid);
  }
});

scene("sudo: with a current time stamp authenticate is left out, and account may still refuse", async () => {
  const twice = ["sh", "-c", "sudo id -un && sudo -u bob id -un && sudo -n id -un"];
  const { code, stdout, hooks } = await sudo({}, twice);
  assert.equal(code, 0);
  assert.match(stdout, /\nroot\nbob\nroot\n$/);
  const cached = FRESH.slice(1);
  assert.deepEqual(order(hooks), [...FRESH, ...cached, ...cached]);
  const second = hooks.slice(6, 11);
  assert.deepEqual(second.map(({ user }) => user), ["alice", "bob", "bob", "bob", "bob"]);
  // A cold start: there is no authenticate whose data could be there.
  assert.deepEqual(pick(second[0], "continuity", "trail"), { continuity: "none", trail: [] });
  assert.deepEqual(second[2]!.trail, ["account", "setCredentials"]);

  const closing = [
    "sh",
    "-c",
    "sudo id -un; touch /run/home/alice/now; until test -e /run/home/alice/go; do sleep 0.05; done; sudo id -un",
  ];
  stage().pam("sudo", stack());
  const dialogue = stage().dialogue(closing, [ASKED], { as: "alice" });
  await stage().take(({ hooks }) => hooks.length === FRESH.length);
  stage().pam("sudo", stack({ account: "deny=account:perm_denied:Closed" }));
  stage().write("/run/home/alice/go", "");
  const { code: refused, stdout: shown } = await dialogue;
  assert.equal(refused, 1);
  assert.match(shown, /\nroot\n.*PAM account management error: Permission denied/);
  assert.deepEqual(order((await stage().take()).hooks), ["account"]);
});

scene("sudo -n: without a time stamp PAM is not asked", async () => {
  const { code, stdout, hooks } = await sudo({}, ["sudo", "-n", "id", "-un"], []);
  assert.equal(code, 1);
  assert.equal(stdout, "sudo: a password is required\n");
  assert.deepEqual(hooks, []);
});

scene("sudo -n: where sudoers has it ask PAM, no question reaches anybody", async () => {
  using _ = stage().edit("/etc/sudoers", (text) => `${text}Defaults noninteractive_auth\n`);
  stage().pam("sudo", ["auth required pam_deno.so debug=yes grant=prompt asker wants=blue", ...stack()]);
  const { code, stdout } = await stage().dialogue(["sudo", "-n", "id", "-un"], [], { as: "alice" });
  assert.equal(code, 1);
  assert.equal(stdout, "sudo: a password is required\n");
  const { lines, shim } = await stage().take();
  assert.ok(lines.some(({ text }) => text.endsWith(`asker says: no answer: "conv_err"`)));
  assert.match(shim[0] ?? "", /^auth authenticate asker: conv_err in \d+ ms for user alice$/);
});

scene(
  "sudo: a refusal of authenticate or account ends it, without its text: sudo asks silently",
  async () => {
    for (const who of ["authenticate", "account"] as const) {
      const words = { [who === "account" ? "account" : "auth"]: `[deny=${who}:perm_denied:Not you]` };
      const steps: Step[] = who === "account" ? [ASKED] : [ASKED, ["try again.", "\x03"]];
      const { code, stdout, hooks, shim } = await sudo(words, ["sudo", "id", "-un"], steps);
      assert.notEqual(code, 0);
      assert.doesNotMatch(stdout, /Not you|root/);
      assert.deepEqual(order(hooks), FRESH.slice(0, FRESH.indexOf(who) + 1));
      assert.ok(shim.some((line) => line.includes(` ${who} recorder: perm_denied in `)), shim.join("\n"));
    }
  },
);

scene("sudo: openSession refuses with perm_denied; after session_err the command runs", async () => {
  const refused = await sudo({ session: "answer=openSession:perm_denied" }, ["sudo", "id", "-un"]);
  assert.equal(refused.code, 1);
  assert.doesNotMatch(refused.stdout, /root/);
  assert.match(refused.stdout, /pam_open_session: Permission denied/);
  assert.deepEqual(order(refused.hooks).slice(0, 4), FRESH.slice(0, 4));
  assert.ok(!order(refused.hooks).includes("closeSession"));

  const failed = await sudo({ session: "answer=openSession:session_err" }, ["sudo", "id", "-un"]);
  assert.equal(failed.code, 0);
  assert.match(failed.stdout, /\nroot\n$/);
});

scene("sudo: setCredentials cannot refuse, and what it did not set is not deleted", async () => {
  const { code, stdout, hooks } = await sudo({ auth: "answer=setCredentials:cred_err" }, [
    "sudo",
    "id",
    "-un",
  ]);
  assert.equal(code, 0);
  assert.match(stdout, /\nroot\n$/);
  assert.deepEqual(order(hooks), FRESH.slice(0, 5));
});
