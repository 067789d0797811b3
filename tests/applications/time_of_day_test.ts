// SPDX-License-Identifier: MIT
/**
 * examples/time-of-day on the stacks of real applications: the reason reaches whoever can read it.
 *
 * @module
 */

import assert from "node:assert/strict";
import { Sshd } from "./ssh.ts";
import { ROOT, scene, shareStage, type Step } from "./stage.ts";
import { PASSWORD } from "./view.ts";

const OPEN = "tz=UTC hours=00:00-24:00";
const CLOSED = `${OPEN} closed=2000-01-01..2999-12-31`;
const REASON = /^(?:\([^)]*\) )?Logins are closed for you$/m;
const REFUSED = /^account account time-of-day: perm_denied in \d+ ms for user alice$/;

let sshd: Sshd;
const stage = shareStage(async (stage) => {
  stage.module("time-of-day", `${ROOT}/examples/time-of-day/module.ts`);
  sshd = await Sshd.start(stage);
});

function service(name: string, words: string): void {
  stage().pam(name, [
    "auth required pam_unix.so nodelay",
    // Root's way in, as the module's README has it.
    "account [success=1 default=ignore] pam_succeed_if.so quiet uid = 0",
    `account required pam_deno.so time-of-day ${words}`,
    "account required pam_unix.so",
    "session required pam_permit.so",
  ]);
}

for (const by of ["publickey", "password", "keyboard-interactive"] as const) {
  scene(
    `time-of-day: sshd with ${by}: open, closed with the reason, and root gets in all the same`,
    async () => {
      const steps: Step[] = by === "publickey" ? [] : [["assword: ", PASSWORD]];
      const login = (user: string) => sshd.connect({ user, by, command: "echo in", steps });
      service("sshd", OPEN);
      assert.match((await login("alice")).stdout, /^in$/m);
      service("sshd", CLOSED);
      await stage().take();
      const { code, stdout } = await login("alice");
      assert.equal(code, 255);
      assert.match(stdout, REASON);
      assert.doesNotMatch(stdout, /^in$/m);
      assert.match((await stage().take()).shim.at(-1) ?? "", REFUSED);
      assert.match((await login("root")).stdout, /^in$/m);
    },
  );
}

scene("time-of-day: login shows the reason; sudo, which asks silently, has it in the log only", async () => {
  service("login", CLOSED);
  service("sudo", CLOSED);
  await stage().take();
  const asked: Step[] = [["login: ", "alice"], ["Password: ", PASSWORD]];
  const { code, stdout } = await stage().dialogue(["login"], asked);
  assert.equal(code, 1);
  assert.match(stdout, REASON);
  assert.match((await stage().take()).shim.at(-1) ?? "", REFUSED);

  const sudo = await stage().dialogue(["sudo", "id"], [["alice: ", PASSWORD]], { as: "alice" });
  assert.equal(sudo.code, 1);
  assert.match(sudo.stdout, /PAM account management error: Permission denied/);
  assert.doesNotMatch(sudo.stdout, /closed|uid=/);
  assert.match((await stage().take()).shim.at(-1) ?? "", REFUSED);
});
