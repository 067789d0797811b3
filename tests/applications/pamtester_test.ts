// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { order, pick } from "./recorded.ts";
import { stack } from "./stack.ts";
import { RECORDER, scene, shareStage } from "./stage.ts";
import { PASSWORD } from "./view.ts";

const stage = shareStage((stage) => stage.module("recorder", RECORDER));

scene("pamtester: all calls of one handle, each with what the ones before have kept", async () => {
  stage().pam("try", stack());
  const calls = ["authenticate", "acct_mgmt", "setcred", "open_session", "close_session"];
  const { code, stdout } = await stage().dialogue([
    "pamtester",
    "-I",
    "rhost=192.0.2.7",
    "try",
    "alice",
    ...calls,
  ], [
    ["Password: ", PASSWORD],
  ]);
  assert.equal(code, 0, stdout);
  assert.match(stdout, /successfully authenticated\n.*account management done\.\n/);
  const { hooks, shim } = await stage().take();
  assert.deepEqual(order(hooks), [
    "authenticate",
    "account",
    "setCredentials establish",
    "openSession",
    "closeSession",
  ]);
  assert.deepEqual(hooks.at(-1)!.trail, ["authenticate", "account", "setCredentials", "openSession"]);
  assert.deepEqual(hooks.map(({ continuity }) => continuity), ["none", "same", "same", "same", "same"]);
  const expected = { service: "try", user: "alice", rhost: "192.0.2.7", ruser: undefined, silent: false };
  for (const hook of hooks) {
    assert.deepEqual(pick(hook, "service", "user", "rhost", "ruser", "silent"), expected);
  }
  assert.equal(new Set(hooks.map(({ caller }) => caller.pid)).size, 1);
  assert.equal(shim.length, 5);
  for (const line of shim) assert.match(line, /^\w+ \w+ recorder: success in \d+ ms$/);
});

scene("pamtester: a refusal shows its text, and the log says which code", async () => {
  stage().pam("try", stack({ account: "[deny=account:acct_expired:You were let go]" }));
  const { code, stderr } = await stage().run(["pamtester", "try", "alice", "acct_mgmt"]);
  assert.equal(code, 1);
  assert.equal(stderr, "You were let go\npamtester: User account has expired\n");
  const { hooks, shim } = await stage().take();
  assert.deepEqual(order(hooks), ["account"]);
  assert.match(shim.join(), /^account account recorder: acct_expired in \d+ ms for user alice$/);
});

scene("pamtester: flags arrive with their hooks", async () => {
  stage().pam("try", stack());
  const ask = async (call: string) => {
    const { code, stderr } = await stage().run(["pamtester", "try", "alice", call]);
    assert.equal(code, 0, `${call}: ${stderr}`);
    const { hooks } = await stage().take();
    return hooks.map((hook) => pick(hook, "hook", "silent", "verb", "disallowNullAuthtok"));
  };
  const setCredentials = { hook: "setCredentials", silent: false, disallowNullAuthtok: undefined } as const;
  for (
    const [word, verb] of [
      ["ESTABLISH", "establish"],
      ["REINITIALIZE", "reinitialize"],
      ["REFRESH", "refresh"],
    ] as const
  ) assert.deepEqual(await ask(`setcred(PAM_${word}_CRED)`), [{ ...setCredentials, verb }]);
  assert.deepEqual(await ask("acct_mgmt(PAM_SILENT|PAM_DISALLOW_NULL_AUTHTOK)"), [
    { hook: "account", silent: true, verb: undefined, disallowNullAuthtok: true },
  ]);
});

scene("pamtester: once nobody serves, every hook is refused, never let by", async () => {
  stage().pam("try", stack());
  await stage().stop();
  try {
    const { code, stderr } = await stage().run(["pamtester", "try", "alice", "acct_mgmt"]);
    assert.equal(code, 1);
    assert.match(stderr, /Authentication service cannot retrieve authentication info/);
    const { hooks, shim } = await stage().take();
    assert.deepEqual(hooks, []);
    assert.match(shim.join(), /account recorder: unreachable, authinfo_unavail/);
  } finally {
    await stage().serve();
  }
});
