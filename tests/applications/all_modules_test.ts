// SPDX-License-Identifier: MIT
/**
 * All modules of examples/ on one stack of sshd, as their READMEs have them: one login passes through every one.
 *
 * @module
 */

import assert from "node:assert/strict";
import { makeCertificates } from "../examples/ldap-account/certificates.ts";
import { Folder } from "../examples/ldap-account/scenes.ts";
import {
  group,
  PEOPLE as USERS,
  person,
  READER,
  READER_PASSWORD,
  Slapd,
} from "../examples/ldap-account/slapd.ts";
import { CLIENT, Issuer } from "../examples/credentials/issuer.ts";
import { type Authenticator, enrolled } from "../examples/totp/authenticator.ts";
import { decisions, deploy, readmeLines, readmeLinesOf, said, told } from "./deployed.ts";
import { until } from "./process.ts";
import { Sshd } from "./ssh.ts";
import { scene, shareStage, type Stage, type Step } from "./stage.ts";
import { PASSWORD, PEOPLE } from "./view.ts";

const DAY_MS = 86_400_000;
const ALICE = "(alice@127.0.0.1)";
const LIMIT = 2;
/** What a session does: shows its token, where it is, and whose; then it stays until it is told to leave. */
const LOOK = 'echo "token=$(cat "$OAUTH_TOKEN_FILE") file=$(stat -c "%n %U %a" "$OAUTH_TOKEN_FILE")."';
const STAY = `${LOOK}; touch in; until test -e out; do sleep 0.02; done`;
const OPEN_HOURS = "login;*;*;!Al0000-2400\n";

/** Every decision of a login by keyboard-interactive that is let in, in order. */
const IN = [
  // In the child that asks.
  "authenticate totp: success",
  "authenticate credentials: ignore",
  "account time-of-day: success",
  "account account-ageing: success",
  "account ldap-account: success",
  // In the monitor.
  "setCredentials credentials: success",
  "openSession session-ledger: success",
  "openSession credentials: success",
  // In the child that becomes the person.
  "setCredentials credentials: success",
];
const OUT = [
  "closeSession session-ledger: success",
  "closeSession credentials: success",
  "setCredentials credentials: success",
];

let folder: Folder | undefined;
let slapd: Slapd | undefined;
let issuer: Issuer | undefined;
let device: Authenticator;
let sshd: Sshd;

async function deployAll(stage: Stage): Promise<void> {
  folder = new Folder();
  const { ca, good } = await makeCertificates(folder.path);
  slapd = await Slapd.start({ certificate: good, ca, entries: person("alice") + person("bob") });
  await slapd.add(group("staff", "member", [`uid=alice,${USERS}`]));
  issuer = await Issuer.start();
  const alice = await enrolled("alice");
  device = alice.device;

  stage.write("/etc/pam-deno/ldap-ca.pem", Deno.readTextFileSync(ca));
  stage.write("/etc/pam-deno/secrets/ldap", `${READER_PASSWORD}\n`, 0o600);
  stage.write("/etc/pam-deno/client-secret", `${issuer.secret}\n`, 0o600);
  stage.write("/etc/pam-deno/totp-secrets", `${alice.line}\n`, 0o600);
  Deno.removeSync(stage.outside("/etc/localtime"));
  Deno.symlinkSync("/usr/share/zoneinfo/Etc/UTC", stage.outside("/etc/localtime"));
  stage.write("/etc/security/time.conf", OPEN_HOURS);
  deploy(stage, "totp");
  deploy(stage, "time-of-day");
  deploy(stage, "account-ageing");
  deploy(stage, "ldap-account", { options: { server: [`127.0.0.1:${slapd.tlsPort}`], bind_dn: READER } });
  deploy(stage, "session-ledger", { options: { limit: LIMIT } });
  const { server } = issuer;
  deploy(stage, "credentials", {
    options: { server, path: "/token", client_id: CLIENT, loopback_http: "yes" },
  });
}

function wire(stage: Stage): void {
  const required = "required=yes";
  stage.pam("sshd", [
    "auth requisite pam_unix.so nodelay",
    ...readmeLines("totp"),
    ...readmeLinesOf("auth", "credentials", required),
    ...readmeLines("time-of-day"),
    ...readmeLinesOf("account", "account-ageing"),
    ...readmeLines("ldap-account"),
    ...readmeLinesOf("password", "account-ageing"),
    "password required pam_unix.so sha512",
    ...readmeLines("session-ledger"),
    ...readmeLinesOf("session", "credentials", required),
    "session optional pam_unix.so",
  ]);
}

const stage = shareStage(async (stage) => {
  await deployAll(stage);
  wire(stage);
  sshd = await Sshd.start(stage);
});
Deno.test.afterAll(async () => {
  await issuer?.stop();
  await slapd?.[Symbol.asyncDispose]();
  folder?.[Symbol.dispose]();
});

/** Files of users that are there. */
const left = () => [...Deno.readDirSync(stage().outside("/run/pam-deno/user"))].map(({ name }) => name);

/** alice comes with password and code. */
async function come(command: string, code: string) {
  const steps: Step[] = [[`${ALICE} Password: `, PASSWORD], [`${ALICE} One-time code: `, code]];
  return await sshd.connect({ user: "alice", by: "keyboard-interactive", command, steps });
}

/** Somebody comes with a key, for whom nothing is asked. */
const comeByKey = (user = "alice", command = "echo in") => sshd.connect({ user, by: "publickey", command });

async function decided(count: number): Promise<string[]> {
  return told(await stage().take((seen) => told(seen).length >= count));
}

/** What the three account lines answer. */
const accounts = (time: string, ageing: string, ldap: string) => [
  `account time-of-day: ${time}`,
  `account account-ageing: ${ageing}`,
  `account ldap-account: ${ldap}`,
];

/** Whether a file is in alice's home. */
function isThere(name: string): Promise<boolean> {
  return Deno.lstat(stage().outside(`/run/home/alice/${name}`)).then(() => true, () => false);
}

scene("all modules: one login passes through every one, in order, and leaves nothing", async () => {
  const day = Math.floor(Date.now() / DAY_MS);
  stage().edit("/etc/shadow", (text) => text.replace(/^(alice:[^:]*):.*$/m, `$1:${day - 87}:0:90:7:::`));
  const code = await device.fresh();
  const login = come(STAY, code);
  const begun = await stage().take((seen) => told(seen).length >= IN.length);
  assert.deepEqual(told(begun), IN);
  const [asking, monitor, person] = [...new Set(decisions(begun).map(({ pid }) => pid))];
  assert.deepEqual(decisions(begun).map(({ pid }) => pid), [
    ...Array(5).fill(asking),
    ...Array(3).fill(monitor),
    person,
  ]);
  assert.match(said(begun, "session-ledger").join("\n"), /^Opened session .* of "alice"$/m);
  await until(() => isThere("in"), () => "alice's session");
  assert.equal(left().length, 1);

  // The code was used: nobody asks about the account.
  const again = await come("echo in", code);
  assert.equal(again.code, 255);
  assert.doesNotMatch(again.stdout, /^in$/m);
  assert.deepEqual(told(await stage().take()), [
    "authenticate totp: auth_err",
    "authenticate credentials: ignore",
  ]);

  stage().write("/run/home/alice/out", "");
  const { code: ended, stdout } = await login;
  assert.equal(ended, 0, stdout);
  assert.match(stdout, /Your password expires in 3 days/);
  const [, token = "", path = "", rest] = /token=(\S+) file=(\S+) (.*)\./.exec(stdout) ?? [];
  assert.equal(rest, "alice 600", stdout);
  assert.ok(path.startsWith(`/run/pam-deno/user/${PEOPLE.alice!.uid}-oauth-`), path);
  assert.equal((await issuer!.introspect(token)).active, true);
  const over = await stage().take((seen) => told(seen).length >= OUT.length);
  assert.deepEqual(told(over), OUT);
  assert.equal(new Set(decisions(over).map(({ pid }) => pid)).size, 1);
  assert.equal(decisions(over)[0]!.pid, monitor);
  assert.deepEqual(left(), []);

  // No secret got to where an administrator reads.
  const log = [...begun.lines, ...over.lines].map(({ text }) => text).join("\n") + stage().served;
  for (const secret of [PASSWORD, code, device.secret, token, issuer!.secret, READER_PASSWORD]) {
    assert.ok(!log.includes(secret), "a secret is in the log");
  }
});

scene("all modules: each account module ends a login with a key for reasons of its own", async () => {
  {
    stage().write("/etc/security/time.conf", "sshd;*;alice;!Al0000-2400\n");
    const { code, stdout } = await comeByKey();
    stage().write("/etc/security/time.conf", OPEN_HOURS);
    assert.equal(code, 255);
    assert.match(stdout, /^Logins are closed for you$/m);
    // All three are required, so that those behind it are asked all the same.
    assert.deepEqual(await decided(3), accounts("perm_denied", "success", "success"));
  }
  {
    using _ = stage().edit("/etc/shadow", (text) => text.replace(/^(alice:[^:]*):.*$/m, "$1:19000:::::1:"));
    const { code, stdout } = await comeByKey();
    assert.equal(code, 255);
    assert.match(stdout, /^Your account has expired: ask the administrator$/m);
    assert.deepEqual(await decided(3), accounts("success", "acct_expired", "success"));
  }
  const { code, stdout } = await comeByKey("bob");
  assert.equal(code, 255);
  assert.match(stdout, /^You are not in a group that may log in here$/m);
  assert.deepEqual(await decided(3), accounts("success", "success", "perm_denied"));
  assert.deepEqual(left(), []);
});

scene("all modules: who has too many sessions gets no token", async () => {
  const stay = (n: number) => `touch in-${n}; until test -e out-${n}; do sleep 0.02; done`;
  const stays = [1, 2].map((n) => comeByKey("alice", stay(n)));
  await until(async () => await isThere("in-1") && await isThere("in-2"), () => "two sessions");
  await decided(2 * (IN.length - 2));
  const before = left().sort();
  assert.equal(before.length, LIMIT);

  const { code, stdout } = await comeByKey();
  assert.equal(code, 254);
  assert.match(stdout, /^You may have 2 sessions open, and have 2: close one and try again$/m);
  const seen = await decided(7);
  assert.deepEqual(seen.slice(0, 5), [
    ...accounts("success", "success", "success"),
    "setCredentials credentials: success",
    "openSession session-ledger: perm_denied",
  ]);
  // What setCredentials had fetched before is gone; those of the others are there.
  assert.deepEqual(seen.slice(5), Array(2).fill("setCredentials credentials: success"));
  assert.deepEqual(left().sort(), before);
  for (const n of [1, 2]) stage().write(`/run/home/alice/out-${n}`, "");
  await Promise.all(stays);
  await decided(2 * OUT.length);
  assert.deepEqual(left(), []);
});

scene(
  "all modules: a session ends as it should though all that serves was started anew meanwhile",
  async () => {
    const login = comeByKey("alice", "touch in-anew; until test -e out-anew; do sleep 0.02; done");
    await until(() => isThere("in-anew"), () => "alice's session");
    await decided(IN.length - 2);
    await stage().stop();
    await stage().serve();
    assert.equal(left().length, 1);
    stage().write("/run/home/alice/out-anew", "");
    assert.equal((await login).code, 0);
    const seen = await stage().take((seen) => told(seen).length >= OUT.length);
    assert.deepEqual(told(seen), OUT);
    assert.match(said(seen, "session-ledger").join("\n"), /^Closed session \S+ of "alice" after \d+ s$/m);
    assert.deepEqual(left(), []);
  },
);

scene(
  "all modules: without a token there is no session, and its place in the ledger is free again",
  async () => {
    await issuer!.stop();
    // Once more often than there are places.
    for (let i = 0; i <= LIMIT; i++) {
      const { code, stdout } = await comeByKey();
      assert.equal(code, 254, stdout);
      assert.match(
        stdout,
        /^There is no token for this session: try again later, or ask the administrator$/m,
      );
      const seen = await decided(8);
      assert.deepEqual(seen, [
        ...accounts("success", "success", "success"),
        "setCredentials credentials: cred_unavail",
        "openSession session-ledger: success",
        "openSession credentials: perm_denied",
        "setCredentials credentials: cred_unavail",
        "setCredentials credentials: success",
      ]);
    }
    assert.deepEqual(left(), []);
  },
);
