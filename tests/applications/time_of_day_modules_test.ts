// SPDX-License-Identifier: MIT
/**
 * examples/time-of-day with a time.conf(5) in place of pam_time: under sshd, sudo, cron and lockers.
 *
 * @module
 */

import assert from "node:assert/strict";
import { deploy, readmeLines, said, told } from "./deployed.ts";
import { until } from "./process.ts";
import type { LogLine } from "./recorded.ts";
import { type Method, Sshd } from "./ssh.ts";
import { scene, shareStage, type Step } from "./stage.ts";
import { PASSWORD, PEOPLE } from "./view.ts";

const METHODS: readonly Method[] = ["publickey", "password", "keyboard-interactive"];
const DAYS = ["Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"] as const;
const ALLOWED = "account time-of-day: success";
const DENIED = "account time-of-day: perm_denied";
/** The codes of libpam that a locker gets. */
const CODES = { SUCCESS: 0, PERM_DENIED: 6, AUTHINFO_UNAVAIL: 9 } as const;
/** Of a time.conf: whom it is for never comes in. */
const NEVER = "!Al0000-2400";

let sshd: Sshd;
let locker: string;
const stage = shareStage(async (stage) => {
  deploy(stage, "time-of-day");
  // The machine has a link, by which its time zone is known.
  Deno.removeSync(stage.outside("/etc/localtime"));
  Deno.symlinkSync("/usr/share/zoneinfo/Etc/UTC", stage.outside("/etc/localtime"));
  const lines = [
    "auth required pam_unix.so nodelay",
    ...readmeLines("time-of-day"),
    "account required pam_unix.so",
    "session required pam_permit.so",
  ];
  for (const service of ["sshd", "sudo", "cron"]) stage.pam(service, lines);
  stage.edit("/etc/sudoers", (text) => `${text}bob ALL=(ALL:ALL) NOPASSWD: ALL\n`);
  locker = await stage.program("transaction", "-lpam");
  sshd = await Sshd.start(stage);
});

/** Writes the time.conf, which counts at once. */
function timeConf(...lines: readonly string[]): void {
  stage().write("/etc/security/time.conf", lines.map((line) => `${line}\n`).join(""));
}

/** Some days from now, in UTC, as a time.conf and as the person reads it. */
function inDays(days: number): { readonly day: string; readonly date: string } {
  const date = Temporal.Now.plainDateISO("UTC").add({ days });
  return { day: DAYS[date.dayOfWeek - 1]!, date: date.toString() };
}

async function decided(count: number) {
  const seen = await stage().take((seen) => told(seen).length >= count);
  return { told: told(seen), said: said(seen, "time-of-day") };
}

scene("time-of-day: sshd lets in by time.conf, or says until when logins are closed", async () => {
  const come = async (user: string) =>
    await Promise.all(METHODS.map(async (by) => {
      const steps: Step[] = by === "publickey" ? [] : [["assword: ", PASSWORD]];
      return { by, ...await sshd.connect({ user, by, command: "echo in", steps }) };
    }));
  const { day, date } = inDays(2);
  timeConf("login;*;*;!Al0000-2400", `sshd;*;bob;${day}0800-1800`);
  const [alice, bob] = await Promise.all([come("alice"), come("bob")]);
  for (const { code, stdout } of alice) {
    assert.equal(code, 0, stdout);
    assert.match(stdout, /^in$/m);
    assert.doesNotMatch(stdout, /closed/);
  }
  for (const { by, code, stdout } of bob) {
    assert.equal(code, 255, stdout);
    assert.doesNotMatch(stdout, /^in$/m);
    const text = `Logins are closed for you until ${date} 08:00 (Etc/UTC)\n`;
    assert.ok(stdout.includes(text), `${by}: ${stdout}`);
  }
  const seen = await decided(6);
  assert.deepEqual(seen.told.sort(), [...Array(3).fill(DENIED), ...Array(3).fill(ALLOWED)]);
  const why = seen.said.filter((text) => text.startsWith("/etc/security/time.conf:2"));
  assert.equal(why.length, 3, seen.said.join("\n"));

  // The file is read again: what it says now counts for the next login.
  timeConf("login;*;*;!Al0000-2400");
  const again = await sshd.connect({ user: "bob", by: "publickey", command: "echo in" });
  assert.equal(again.stdout, "in\n");
  assert.deepEqual((await decided(1)).told, [ALLOWED]);
});

scene("time-of-day: sshd and root: who is meant by a rule is refused, who is not gets in", async () => {
  timeConf(`sshd;*;!root;${NEVER}`);
  const visit = { by: "publickey", command: "echo in" } as const;
  const [alice, root] = await Promise.all(["alice", "root"].map((user) => sshd.connect({ user, ...visit })));
  assert.equal(alice!.code, 255);
  assert.match(alice!.stdout, /^Logins are closed for you\n/);
  assert.deepEqual([root!.code, root!.stdout], [0, "in\n"]);
  assert.deepEqual((await decided(2)).told.sort(), [DENIED, ALLOWED]);
});

scene("time-of-day: sudo -n asks for the time where no password is needed", async () => {
  const sudo = () => stage().dialogue(["sudo", "-n", "id", "-un"], [], { as: "bob" });
  timeConf(`sudo;*;alice;${NEVER}`);
  const allowed = await sudo();
  assert.deepEqual([allowed.code, allowed.stdout], [0, "root\n"]);
  assert.deepEqual((await decided(1)).told, [ALLOWED]);

  timeConf(`sudo;*;bob;${NEVER}`);
  const denied = await sudo();
  assert.equal(denied.code, 1);
  assert.equal(
    denied.stdout,
    "sudo: PAM account management error: Permission denied\nsudo: a password is required\n",
  );
  const seen = await decided(1);
  assert.deepEqual(seen.told, [DENIED]);
  assert.ok(seen.said.some((text) => text.includes("/etc/security/time.conf:1")), seen.said.join("\n"));
});

scene("time-of-day: sudo with a password is refused, too, and with a current time stamp", async () => {
  timeConf();
  const twice = "sudo id -un; touch now; until test -e go; do sleep 0.02; done; sudo -n id -un";
  const asked: Step[] = [["for alice: ", PASSWORD]];
  const dialogue = stage().dialogue(["sh", "-c", `cd; ${twice}`], asked, { as: "alice" });
  assert.deepEqual((await decided(1)).told, [ALLOWED]);
  await until(
    () => Deno.lstat(stage().outside("/run/home/alice/now")).then(() => true, () => false),
    () => "now",
  );
  timeConf(`sudo;*;alice;${NEVER}`);
  stage().write("/run/home/alice/go", "");
  const { code, stdout } = await dialogue;
  assert.equal(code, 1);
  assert.match(stdout, /\nroot\n.*PAM account management error: Permission denied/);
  assert.deepEqual((await decided(1)).told, [DENIED]);
});

scene("time-of-day: cron runs alice's job, and not bob's", async () => {
  timeConf(`cron;*;bob;${NEVER}`);
  for (const user of ["alice", "bob"]) {
    const file = `/var/spool/cron/crontabs/${user}`;
    stage().write(file, `@reboot id -un >/run/home/${user}/came\n`, 0o600);
    const { gid } = Deno.statSync(stage().outside("/var/spool/cron/crontabs"));
    Deno.chownSync(stage().outside(file), PEOPLE[user]!.uid, gid);
  }
  await using cron = stage().start(["cron", "-f"]);
  const came = (user: string) => Deno.readTextFile(stage().outside(`/run/home/${user}/came`)).catch(() => "");
  await until(
    async () => await came("alice") === "alice\n",
    () => `alice's job; cron printed:\n${cron.printed}`,
  );
  // It is what cron does about a job that is refused, and the last thing.
  const isRefused = ({ text }: LogLine) => text === "Permission denied";
  const seen = await stage().take((seen) => told(seen).length >= 2 && seen.lines.some(isRefused));
  assert.deepEqual(told(seen).sort(), [DENIED, ALLOWED]);
  assert.equal(await came("bob"), "");
});

scene("time-of-day: a locker with privilege stays locked while logins are closed", async () => {
  const line = readmeLines("time-of-day")[0]!.replace(/^account/, "auth");
  stage().pam("locker", [line, "auth required pam_permit.so"]);
  stage().pam("clock", [line]);
  const unlock = async (service: string, as?: string) => {
    const words = [locker, `start:${service}:alice`, "auth", "end"];
    const { stdout } = await stage().run(words, as === undefined ? {} : { as });
    return Number(/ auth (\d+)$/m.exec(stdout)?.[1]);
  };
  timeConf("sshd;*;*;!Al0000-2400");
  assert.equal(await unlock("locker"), CODES.SUCCESS);
  // The time proves nobody's identity.
  assert.equal(await unlock("clock"), CODES.PERM_DENIED);
  timeConf(`locker;*;alice;${NEVER}`);
  assert.equal(await unlock("locker"), CODES.PERM_DENIED);
  assert.deepEqual((await decided(3)).told, [
    "authenticate time-of-day: ignore",
    "authenticate time-of-day: ignore",
    "authenticate time-of-day: perm_denied",
  ]);

  // Without privilege it cannot ask, whatever the time is.
  timeConf();
  assert.equal(await unlock("locker", "alice"), CODES.AUTHINFO_UNAVAIL);
  const { shim } = await stage().take();
  assert.match(
    shim[0] ?? "",
    /^auth authenticate time-of-day: unreachable, authinfo_unavail .*without privilege/,
  );
});

scene("time-of-day: a time.conf that does not parse closes sshd for everybody, and says where", async () => {
  timeConf("sshd;*;alice");
  const { code, stdout } = await sshd.connect({ user: "bob", by: "publickey", command: "echo in" });
  assert.equal(code, 255);
  assert.match(
    stdout,
    /^Logins cannot be checked now; the administrator finds the reason in the system log\n/,
  );
  const seen = await decided(1);
  assert.deepEqual(seen.told, ["account time-of-day: service_err"]);
  assert.match(seen.said.join("\n"), /^\/etc\/security\/time\.conf:1:\d+: /m);
});
