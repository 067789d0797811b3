// SPDX-License-Identifier: MIT
/**
 * examples/account-ageing under the programs of this machine: login, su, cron and passwd.
 *
 * @module
 */

import assert from "node:assert/strict";
import { deploy, readmeLines, said, told } from "./deployed.ts";
import { until } from "./process.ts";
import type { LogLine } from "./recorded.ts";
import { scene, shareStage, type Step } from "./stage.ts";
import { PASSWORD, PEOPLE } from "./view.ts";

const DAY_MS = 86_400_000;
const FRESH = "battery staple 42";
const NEW: readonly Step[] = [["New password: ", FRESH], ["Retype new password: ", FRESH]];
const CHANGE: readonly Step[] = [["Current password: ", PASSWORD], ...NEW];
const REQUIRED = /You must choose a new password now: the administrator demands it/;
const EXPIRED = "Your account has expired: ask the administrator";
const CHANGED = [
  "account account-ageing: new_authtok_reqd",
  "preliminary account-ageing: success",
  "update account-ageing: ignore",
];

let shadow: string;
const stage = shareStage((stage) => {
  deploy(stage, "account-ageing");
  const auth = "auth required pam_unix.so nodelay";
  const lines = [
    ...readmeLines("account-ageing"),
    "password required pam_unix.so sha512",
    "session required pam_permit.so",
  ];
  for (const service of ["login", "passwd", "cron"]) stage.pam(service, [auth, ...lines]);
  stage.pam("su", ["auth sufficient pam_rootok.so", auth, ...lines]);
  shadow = stage.read("/etc/shadow");
});

/** The day of shadow(5) that was so many days ago. */
const daysAgo = (days: number) => Math.floor(Date.now() / DAY_MS) - days;

/** Gives users other fields behind the password: last change, least, most, warning, inactive, expiry. */
function age(fields: Readonly<Record<string, string>> = {}): string {
  let text = shadow;
  for (const [user, ageing] of Object.entries(fields)) {
    text = text.replace(new RegExp(`^(${user}:[^:]*):.*$`, "m"), `$1:${ageing}:`);
  }
  stage().write("/etc/shadow", text, 0o640);
  return text;
}

scene("account-ageing: login has an expired password changed, and takes only the new one then", async () => {
  age();
  const login = async (password: string, steps: readonly Step[]) =>
    await stage().dialogue(["login"], [["login: ", "carol"], ["Password: ", password], ...steps]);
  const first = await login(PASSWORD, [...CHANGE, ["$ ", "exit"]]);
  assert.equal(first.code, 0, first.stdout);
  assert.match(first.stdout, REQUIRED);
  assert.deepEqual(told(await stage().take()), CHANGED);

  const [old, fresh] = await Promise.all([
    login(PASSWORD, [["Login incorrect", "\x03"]]),
    login(FRESH, [["$ ", "exit"]]),
  ]);
  assert.notEqual(old.code, 0, old.stdout);
  assert.equal(fresh.code, 0, fresh.stdout);
  assert.doesNotMatch(fresh.stdout, /password.*(?:expire|new)/i);
  assert.deepEqual(told(await stage().take()), ["account account-ageing: success"]);
});

scene("account-ageing: login refuses an account that has expired, and closed logins", async () => {
  age();
  const login = (user: string) => stage().dialogue(["login"], [["login: ", user], ["Password: ", PASSWORD]]);
  const expired = await login("dave");
  assert.equal(expired.code, 1);
  assert.ok(expired.stdout.includes(`\n${EXPIRED}\n`), expired.stdout);
  stage().write("/run/nologin", "Back at six\n");
  const closed = await login("alice");
  Deno.removeSync(stage().outside("/run/nologin"));
  assert.equal(closed.code, 1);
  assert.match(closed.stdout, /\nBack at six\n/);
  for (const { stdout } of [expired, closed]) assert.doesNotMatch(stdout, /\$ /);
  assert.deepEqual(told(await stage().take()), [
    "account account-ageing: acct_expired",
    "account account-ageing: auth_err",
  ]);
});

scene("account-ageing: su warns, refuses who has expired, and has a password changed", async () => {
  age({ bob: `${daysAgo(90)}:0:90:7::` });
  const su = (user: string, steps: readonly Step[] = []) =>
    stage().dialogue(["su", user, "-c", "id -un"], [["Password: ", PASSWORD], ...steps], { as: "alice" });
  const warned = await su("bob");
  assert.equal(warned.code, 0, warned.stdout);
  assert.match(warned.stdout, /\nYour password expires today\nbob\n$/);
  assert.deepEqual(told(await stage().take()), ["account account-ageing: success"]);

  const refused = await su("dave");
  assert.equal(refused.code, 1);
  assert.ok(refused.stdout.includes(`\n${EXPIRED}\nsu: User account has expired`), refused.stdout);
  assert.doesNotMatch(refused.stdout, /^dave$/m);
  const seen = await stage().take();
  assert.deepEqual(told(seen), ["account account-ageing: acct_expired"]);
  assert.deepEqual(said(seen, "account-ageing"), ['"dave" is refused: "account_expired"']);

  const changed = await su("carol", CHANGE);
  assert.equal(changed.code, 0, changed.stdout);
  assert.match(changed.stdout, REQUIRED);
  assert.match(changed.stdout, /\ncarol\n$/);
  assert.deepEqual(told(await stage().take()), CHANGED);
});

scene("account-ageing: su from root asks about the account, too", async () => {
  age();
  const { code, stdout, stderr } = await stage().run(["su", "dave", "-c", "id -un"]);
  assert.deepEqual({ code, stdout }, { code: 1, stdout: "" });
  assert.ok(stderr.startsWith(`${EXPIRED}\nsu: User account has expired`), stderr);
  assert.deepEqual(told(await stage().take()), ["account account-ageing: acct_expired"]);
});

scene("account-ageing: cron runs the job of a good account, and none of one that has expired", async () => {
  age();
  const users = ["alice", "carol", "dave"];
  for (const user of users) {
    const file = `/var/spool/cron/crontabs/${user}`;
    stage().write(file, `@reboot id -un >/run/home/${user}/came\n`, 0o600);
    const { gid } = Deno.statSync(stage().outside("/var/spool/cron/crontabs"));
    Deno.chownSync(stage().outside(file), PEOPLE[user]!.uid, gid);
  }
  const came = (user: string) => {
    try {
      return stage().read(`/run/home/${user}/came`);
    } catch {
      return undefined;
    }
  };
  await using cron = stage().start(["cron", "-f"]);
  await until(() => came("alice") === "alice\n", () => `alice's job; cron printed:\n${cron.printed}`);
  const isRefused = ({ text }: LogLine) => text.includes("User account has expired");
  const seen = await stage().take((seen) => told(seen).length >= 3 && seen.lines.some(isRefused));
  assert.deepEqual(told(seen).sort(), [
    "account account-ageing: acct_expired",
    // Nobody is there who could choose another password: the job does not run, as with pam_unix.
    "account account-ageing: new_authtok_reqd",
    "account account-ageing: success",
  ]);
  assert.deepEqual(users.map(came), ["alice\n", undefined, undefined]);
});

scene("account-ageing: passwd refuses who comes too early before it asks; root may", async () => {
  const before = age({ bob: `${daysAgo(1)}:7:90:7::` });
  const early = await stage().dialogue(["passwd"], [], { as: "bob" });
  assert.notEqual(early.code, 0);
  assert.match(early.stdout, /^It is too early to change your password again\n/);
  assert.doesNotMatch(early.stdout, /[Pp]assword: /);
  assert.deepEqual(told(await stage().take()), ["preliminary account-ageing: authtok_err"]);
  assert.equal(stage().read("/etc/shadow"), before);

  const root = await stage().dialogue(["passwd", "bob"], NEW);
  assert.equal(root.code, 0, root.stdout);
  assert.deepEqual(told(await stage().take()), CHANGED.slice(1));
  assert.notEqual(stage().read("/etc/shadow"), before);
});

scene("account-ageing: passwd has whoever may change it, and refuses who has expired", async () => {
  const before = age({ bob: `${daysAgo(8)}:7:90:7::` });
  const late = await stage().dialogue(["passwd"], [], { as: "dave" });
  assert.notEqual(late.code, 0);
  assert.ok(late.stdout.startsWith(`${EXPIRED}\n`), late.stdout);
  assert.equal(stage().read("/etc/shadow"), before);
  const bob = await stage().dialogue(["passwd"], CHANGE, { as: "bob" });
  assert.equal(bob.code, 0, bob.stdout);
  assert.deepEqual(told(await stage().take()), [
    "preliminary account-ageing: perm_denied",
    ...CHANGED.slice(1),
  ]);
});
