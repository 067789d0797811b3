// SPDX-License-Identifier: MIT
/**
 * Passwords that must be changed during a login through sshd, because pam_unix says so and because the module does.
 *
 * @module
 */

import assert from "node:assert/strict";
import { order, pick } from "./recorded.ts";
import { type Method, Sshd } from "./ssh.ts";
import { stack } from "./stack.ts";
import { RECORDER, scene, shareStage, type Step } from "./stage.ts";
import { PASSWORD } from "./view.ts";

/** What somebody changes it to. */
const FRESH = "battery staple 42";
const CHANGE: readonly Step[] = [
  ["Current password: ", PASSWORD],
  ["New password: ", FRESH],
  ["Retype new password: ", FRESH],
];

let sshd: Sshd;
let shadow: string;
const stage = shareStage(async (stage) => {
  stage.module("recorder", RECORDER);
  stage.pam("sshd", stack());
  stage.pam("passwd", stack());
  shadow = stage.read("/etc/shadow");
  sshd = await Sshd.start(stage);
});

async function login(user: string, by: Method, steps: readonly Step[], last: string, command?: string) {
  stage().write("/etc/shadow", shadow, 0o640);
  const visit = { user, by, steps, ...command === undefined ? {} : { command } };
  const output = await sshd.connect(visit);
  return { ...output, ...await stage().take(({ hooks }) => order(hooks).includes(last)) };
}

/** The day of the last change. */
function lastChange(user: string): string {
  return new RegExp(`^${user}:[^:]*:(\\d+):`, "m").exec(
    stage().read("/etc/shadow"),
  )![1]!;
}

scene("sshd: keyboard-interactive changes an expired password in its child, and goes on", async () => {
  const steps: Step[] = [["(carol@127.0.0.1) Password: ", PASSWORD], ...CHANGE];
  const { code, stdout, hooks } = await login(
    "carol",
    "keyboard-interactive",
    steps,
    "setCredentials delete",
    "id -un",
  );
  assert.equal(code, 0);
  assert.match(stdout, /You are required to change your password immediately/);
  assert.match(stdout, /\ncarol\n$/);
  assert.deepEqual(order(hooks).slice(0, 6), [
    "authenticate",
    "account",
    "preliminary",
    "update",
    "setCredentials establish",
    "openSession",
  ]);
  const [authenticate, , preliminary, update] = hooks;
  for (const hook of [preliminary, update]) {
    // The real user of sshd's child is root: `privileged` is no word about the person.
    assert.deepEqual(pick(hook, "service", "user", "onlyIfExpired", "privileged", "continuity"), {
      service: "sshd",
      user: "carol",
      onlyIfExpired: true,
      privileged: true,
      continuity: "same",
    });
    assert.equal(hook!.caller.pid, authenticate!.caller.pid);
  }
  assert.deepEqual(update!.trail, ["authenticate", "account", "preliminary"]);
  assert.notEqual(lastChange("carol"), "0");
});

for (const by of ["publickey", "password"] as const) {
  scene(
    `sshd: ${by} has passwd(1) change an expired password: a transaction of its own, on the terminal`,
    async () => {
      const steps: Step[] = [...by === "password" ? [["password: ", PASSWORD]] as Step[] : [], ...CHANGE];
      const { stdout, hooks } = await login("carol", by, steps, "setCredentials delete");
      assert.match(stdout, /You must change your password now and login again!/);
      assert.match(stdout, /passwd: password updated successfully/);
      const change = hooks.filter(({ service }) => service === "passwd");
      assert.deepEqual(order(change), ["preliminary", "update"]);
      // Nothing of the login is left, neither on a handle nor in the flags.
      assert.deepEqual(pick(change[0], "user", "continuity", "trail", "onlyIfExpired", "privileged"), {
        user: "carol",
        continuity: "none",
        trail: [],
        onlyIfExpired: false,
        privileged: false,
      });
      // It is a child of the session's.
      const child = hooks.filter(({ verb }) => verb === "establish")[1];
      assert.equal(change[0]!.sender.ppid, child!.caller.pid);
      assert.notEqual(lastChange("carol"), "0");
    },
  );
}

scene("sshd: without a terminal an expired password ends the login", async () => {
  const { code, stdout, hooks } = await login("carol", "publickey", [], "setCredentials delete", "id -un");
  assert.equal(code, 1);
  assert.match(stdout, /Password change required but no TTY available\./);
  assert.doesNotMatch(stdout, /^carol$/m);
  assert.ok(order(hooks).includes("openSession"));
  assert.equal(lastChange("carol"), "0");
});

scene("sshd: new_authtok_reqd of the module is as good as pam_unix's", async () => {
  stage().pam("sshd", stack({ account: "answer=account:new_authtok_reqd" }));
  const steps: Step[] = [["Password: ", PASSWORD], ...CHANGE];
  const before = lastChange("alice");
  const { code, stdout, hooks } = await login(
    "alice",
    "keyboard-interactive",
    steps,
    "setCredentials delete",
    "id -un",
  );
  stage().pam("sshd", stack());
  assert.equal(code, 0);
  assert.match(stdout, /\nalice\n$/);
  assert.deepEqual(order(hooks).slice(0, 4), ["authenticate", "account", "preliminary", "update"]);
  assert.notEqual(lastChange("alice"), before);
});

scene("sshd: a module may refuse the change, and with it the login, before anything is asked", async () => {
  const password = "[deny=preliminary:perm_denied:Ask the help desk]";
  stage().pam("sshd", stack({ password }));
  const steps: Step[] = [["Password: ", PASSWORD]];
  const { code, stdout, hooks } = await login(
    "carol",
    "keyboard-interactive",
    steps,
    "preliminary",
    "id -un",
  );
  stage().pam("sshd", stack());
  assert.equal(code, 255);
  assert.match(stdout, /Ask the help desk/);
  assert.doesNotMatch(stdout, /^carol$/m);
  assert.deepEqual(order(hooks), ["authenticate", "account", "preliminary"]);
  assert.equal(lastChange("carol"), "0");
});
