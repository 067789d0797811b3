// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { order, pick } from "./recorded.ts";
import { stack, type Words } from "./stack.ts";
import { RECORDER, type RunOptions, scene, shareStage, type Step } from "./stage.ts";
import { PASSWORD, PEOPLE } from "./view.ts";

const FRESH = "battery staple 42";
const NEW: readonly Step[] = [["New password: ", FRESH], ["Retype new password: ", FRESH]];
const CHANGE: readonly Step[] = [["Current password: ", PASSWORD], ...NEW];

let shadow: string;
const stage = shareStage((stage) => {
  stage.module("recorder", RECORDER);
  shadow = stage.read("/etc/shadow");
});

/** Runs passwd(1); the passwords are as in the beginning. */
async function passwd(command: string[], words: Words, steps: readonly Step[], options: RunOptions = {}) {
  stage().write("/etc/shadow", shadow, 0o640);
  stage().pam("passwd", stack(words));
  const output = await stage().dialogue(["passwd", ...command], steps, options);
  const changed = stage().read("/etc/shadow") !== shadow;
  return { ...output, changed, ...await stage().take() };
}

scene("passwd: alice changes hers, in two passes, and is asked what it was", async () => {
  const { code, stdout, changed, hooks } = await passwd([], {}, CHANGE, { as: "alice" });
  assert.deepEqual({ code, changed }, { code: 0, changed: true });
  assert.match(stdout, /^Changing password for alice\.\nCurrent password: /);
  assert.deepEqual(order(hooks), ["preliminary", "update"]);
  assert.deepEqual(hooks.map(({ continuity }) => continuity), ["none", "same"]);
  for (const hook of hooks) {
    assert.deepEqual(pick(hook, "service", "user", "tty", "ruser", "privileged", "onlyIfExpired"), {
      service: "passwd",
      user: "alice",
      tty: undefined,
      ruser: undefined,
      privileged: false,
      onlyIfExpired: false,
    });
    assert.deepEqual(hook.caller, { ...hook.caller, uid: PEOPLE.alice!.uid, euid: 0 });
  }
});

scene("passwd: root changes alice's, privileged, and is not asked what it was", async () => {
  const { code, stdout, changed, hooks } = await passwd(["alice"], {}, NEW);
  assert.deepEqual({ code, changed }, { code: 0, changed: true });
  assert.doesNotMatch(stdout, /Current/);
  assert.deepEqual(order(hooks), ["preliminary", "update"]);
  for (const hook of hooks) {
    assert.deepEqual(pick(hook, "user", "privileged"), { user: "alice", privileged: true });
    assert.deepEqual(hook.caller, { ...hook.caller, uid: 0, euid: 0 });
  }
});

scene("passwd -k: only if it has expired", async () => {
  const { changed, hooks } = await passwd(["-k"], {}, CHANGE, { as: "carol" });
  assert.ok(changed);
  assert.deepEqual(hooks.map((hook) => pick(hook, "hook", "user", "onlyIfExpired")), [
    { hook: "preliminary", user: "carol", onlyIfExpired: true },
    { hook: "update", user: "carol", onlyIfExpired: true },
  ]);
});

scene("passwd: what preliminary refuses is not asked for, and nothing changes", async () => {
  const password = "[deny=preliminary:try_again:The directory is being moved]";
  const { code, stdout, changed, hooks } = await passwd([], { password }, [], { as: "alice" });
  assert.notEqual(code, 0);
  assert.match(stdout, /^The directory is being moved\n/);
  assert.doesNotMatch(stdout, /Current password/);
  assert.deepEqual({ changed, hooks: order(hooks) }, { changed: false, hooks: ["preliminary"] });
});

scene("passwd: what update refuses in front of pam_unix does not change", async () => {
  const password = "[deny=update:authtok_err:Too much like the last one]";
  // pam_unix has asked for the old one in its own preliminary pass.
  const { code, stdout, changed, hooks } = await passwd([], { password }, CHANGE.slice(0, 1), {
    as: "alice",
  });
  assert.notEqual(code, 0);
  assert.match(stdout, /\nToo much like the last one\n/);
  assert.deepEqual({ changed, hooks: order(hooks) }, { changed: false, hooks: ["preliminary", "update"] });
});

scene("passwd: with nobody serving nothing is asked and nothing changes", async () => {
  await stage().stop();
  try {
    const { code, changed, shim } = await passwd([], {}, [], { as: "alice" });
    assert.notEqual(code, 0);
    assert.ok(!changed);
    assert.match(shim.join(), /preliminary recorder: unreachable, try_again/);
  } finally {
    await stage().serve();
  }
});
