// SPDX-License-Identifier: MIT
/**
 * Debian's cron with jobs of several people. They are `@reboot` jobs, which it starts at once and in the way of all others.
 *
 * @module
 */

import assert from "node:assert/strict";
import { until } from "./process.ts";
import { order, pick } from "./recorded.ts";
import { RECORDER, scene, shareStage, type Stage } from "./stage.ts";
import { PEOPLE } from "./view.ts";

const recorder = (type: string, words = "", control = "required") =>
  `${type} ${control} pam_deno.so debug=yes recorder ${words}`;
/** The line behind is for one user only. */
const onlyFor = (type: string, user: string) =>
  `${type} [success=ignore default=1] pam_succeed_if.so quiet user = ${user}`;

const stage = shareStage((stage) => {
  stage.module("recorder", RECORDER);
  stage.pam("cron", [
    "auth required pam_permit.so",
    recorder("auth"),
    onlyFor("account", "bob"),
    recorder("account", "as=bob [deny=account:perm_denied:No jobs for bob]", "requisite"),
    recorder("account"),
    "account required pam_unix.so",
    onlyFor("session", "carol"),
    recorder("session", "as=carol [deny=openSession:perm_denied:Enough]", "requisite"),
    recorder("session"),
  ]);
  // carol's password must be changed, which would end her job earlier.
  stage.edit("/etc/shadow", (text) => text.replace(/^(carol:[^:]*):0:/m, "$1:19000:"));
});

function crontab(stage: Stage, user: string): void {
  const file = `/var/spool/cron/crontabs/${user}`;
  stage.write(file, `@reboot id -un >/run/home/${user}/came; sleep 0.2\n`, 0o600);
  Deno.chownSync(
    stage.outside(file),
    PEOPLE[user]!.uid,
    Deno.statSync(stage.outside("/var/spool/cron/crontabs")).gid,
  );
}

/** What is in the log of those who are refused. */
const REFUSALS = [
  /^pam_deno\(cron:account\): account recorder: perm_denied in \d+ ms for user bob$/,
  /^pam_deno\(cron:session\): openSession recorder: perm_denied in \d+ ms for user carol$/,
  /^pam_unix\(cron:account\): account dave has expired \(account expired\)$/,
];

scene("cron: alice's job runs; bob's, carol's and dave's do not", async () => {
  const users = Object.keys(PEOPLE);
  for (const user of users) crontab(stage(), user);
  await using cron = stage().start(["cron", "-f"]);
  const came = (user: string) => {
    try {
      return Deno.readTextFileSync(stage().outside(`/run/home/${user}/came`));
    } catch {
      return undefined;
    }
  };
  await until(() => came("alice") === "alice\n", () => `alice's job; cron printed:\n${cron.printed}`);
  const { hooks } = await stage().take(({ hooks, lines }) =>
    hooks.some(({ hook, user }) => hook === "closeSession" && user === "alice") &&
    REFUSALS.every((refusal) => lines.some(({ text }) => refusal.test(text)))
  );
  assert.deepEqual(users.map(came), ["alice\n", undefined, undefined, undefined]);
  const of = (user: string) => hooks.filter((hook) => hook.user === user);
  const alice = of("alice");
  assert.deepEqual(order(alice), [
    "account",
    "setCredentials establish",
    "openSession",
    "setCredentials reinitialize",
    "setCredentials delete",
    "closeSession",
  ]);
  // The job's child sets credentials anew, and those of its parent are deleted before the session is closed.
  const [open, child, remove] = [alice[2]!, alice[3]!, alice[4]!];
  assert.equal(child.sender.ppid, open.caller.pid);
  assert.notEqual(child.caller.pid, open.caller.pid);
  assert.deepEqual(pick(remove, "caller").caller, open.caller);
  assert.deepEqual(remove.trail, ["account", "setCredentials", "openSession"]);
  for (const hook of alice) {
    assert.deepEqual(pick(hook, "service", "tty", "rhost", "ruser", "silent"), {
      service: "cron",
      tty: "cron",
      rhost: undefined,
      ruser: undefined,
      silent: true,
    });
    assert.deepEqual(hook.caller, { ...hook.caller, uid: 0, euid: 0 });
  }
  assert.deepEqual(order(of("bob")), ["account"]);
  assert.deepEqual(order(of("carol")).slice(0, 3), ["account", "setCredentials establish", "openSession"]);
  assert.ok(!order(of("carol")).includes("closeSession"));
  assert.deepEqual(order(of("dave")), ["account"]);
});
