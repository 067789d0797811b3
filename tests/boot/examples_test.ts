// SPDX-License-Identifier: MIT
/**
 * The modules of `examples/` in the units that the package has: their secrets come by LoadCredential=, what they keep is in a
 * StateDirectory=, they ask servers through the filter of the unit, and people log in with su, runuser and sshd.
 *
 * @module
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { READER_PASSWORD } from "../examples/ldap-account/slapd.ts";
import { enrolled } from "../examples/totp/authenticator.ts";
import { debianPackage } from "../packaging/built.ts";
import { ROOT } from "./debian.ts";
import {
  addAsInReadme,
  configure,
  dialogue,
  installProgram,
  linesOf,
  seenBy,
  su,
  unitOf,
  wired,
} from "./examples.ts";
import { Machine } from "./machine.ts";
import { Neighbours } from "./neighbours.ts";
import { addModule, ALICE, installPackage, makeUsers, PASSWORD, ssh } from "./site.ts";

const BOB = "bob";
const CAROL = "carol";
/** Whom the directory does not have. */
const DAVE = "dave";

/** A program that says that it runs, and goes on until it is killed. */
const STAY = "echo in; exec sleep 600";
/** What a session does with its token: shows it, where it is, and whose. */
const LOOK = 'echo "token=$(cat "$OAUTH_TOKEN_FILE") file=$(stat -c "%n %U %a" "$OAUTH_TOKEN_FILE")."';

const SECRETS = "/etc/pam-deno/totp-secrets";
const CA = "/etc/pam-deno/ldap-ca.pem";
const LEDGER = "/var/lib/pam-deno-state/session-ledger/sessions.db";

/** The copy of a secret may be read by its owner, and through its group by the module. */
const COPY = /^\d+ \d+ 4[04]0 regular file$/;

Deno.test({
  name: "the examples under systemd: secrets, state and servers as their READMEs say (needs root)",
  ignore: Deno.uid() !== 0,
  async fn(t) {
    await using machine = await Machine.boot();
    await installPackage(machine, await debianPackage());
    await makeUsers(machine, [ALICE, BOB, CAROL, DAVE]);
    // su(1) lets whoever was refused wait.
    await machine.must("echo FAIL_DELAY 0 >>/etc/login.defs");
    const host = await machine.must(["uname", "-n"]);
    await using neighbours = await Neighbours.start(machine, host);

    const devices = await enrolledPair();
    await t.step("totp: each code once, also for another service and after a restart", async () => {
      await totp(machine, devices);
    });
    await t.step("credentials: a session has its token, and leaves nothing", async () => {
      await credentials(machine, neighbours);
    });
    await t.step("session-ledger: holds the limit, and reaps who was killed", async () => {
      await sessionLedger(machine);
    });
    await t.step("ldap-account: asks the directory, and remembers what it said", async () => {
      await ldapAccount(machine, neighbours);
    });
    await t.step("time-of-day: su asks by time.conf, which is replaced", async () => {
      await timeOfDay(machine);
    });
    await t.step("continuity: sshd's session finds what its child stored", async () => {
      await continuity(machine);
    });
    await t.step("all of them on the lines of one service", async () => {
      await together(machine, neighbours, devices);
    });
    await t.step("credentials: no session without a token where one is required", async () => {
      await withoutEndpoint(machine, neighbours);
    });
  },
});

type Devices = Awaited<ReturnType<typeof enrolledPair>>;

async function enrolledPair() {
  const [alice, bob] = await Promise.all([enrolled(ALICE), enrolled(BOB)]);
  return { alice, bob };
}

async function totp(machine: Machine, { alice, bob }: Devices): Promise<void> {
  await machine.write(SECRETS, `${alice.line}\n`, 0o600);
  await addAsInReadme(machine, "totp");
  const unit = unitOf("totp");
  const seen = await seenBy(machine, unit, `/run/credentials/${unit}/totp-secrets`);
  console.log(`the copy of the secrets: ${seen}`);
  assert.match(seen, COPY);
  await machine.write(
    "/etc/ssh/sshd_config.d/codes.conf",
    "KbdInteractiveAuthentication yes\nPasswordAuthentication no\n",
  );
  await machine.must(["systemctl", "reload", "ssh"]);
  await using _ = await wired(machine, ["sshd", "su"], { auth: linesOf("totp", "auth") });

  const code = await alice.device.fresh();
  const typed = (code: string) => [["Password: ", PASSWORD], ["One-time code: ", code]] as const;
  const first = await dialogue(machine, ALICE, "id -un", typed(code));
  assert.equal(first.code, 0, first.stdout + first.stderr);
  assert.match(first.stdout, /\nalice\n$/);
  const refusals =
    async () => (await machine.must("journalctl --boot -o cat -g 'pam_deno.*was used' | wc -l"));
  const before = Number(await refusals());
  const again = [await su(machine, DAVE, ALICE, "id -un", code)];
  await machine.must(["systemctl", "restart", unit]);
  again.push(await su(machine, DAVE, ALICE, "id -un", code));
  for (const { code, stdout } of again) assert.deepEqual({ code, stdout }, { code: 1, stdout: "" });
  assert.equal(Number(await refusals()), before + again.length);
  const next = await su(machine, DAVE, ALICE, "id -un", alice.device.next());
  assert.equal(next.stdout, `${ALICE}\n`, next.stderr);

  // As the README says, a change of the secrets counts after a reload.
  const come = async () => await su(machine, DAVE, BOB, "id -un", await bob.device.fresh());
  assert.notEqual((await come()).code, 0);
  await machine.write(SECRETS, `${alice.line}\n${bob.line}\n`, 0o600);
  await machine.must(["pam-deno", "reload", "totp"]);
  const pid = await machine.property(unit, "MainPID");
  await machine.must(["pam-deno", "reload", "totp"]);
  assert.equal(await machine.property(unit, "MainPID"), pid, "the same secrets need no restart");
  const enrolledNow = await come();
  assert.equal(enrolledNow.stdout, `${BOB}\n`, enrolledNow.stderr);
  // Without the file the unit would not start again.
  await machine.must(["mv", SECRETS, `${SECRETS}.away`]);
  const refused = await machine.run(["pam-deno", "reload", "totp"]);
  assert.equal(refused.code, 1);
  assert.match(refused.stderr, /the credential "totp-secrets", .*: No such file .*the old worker goes on/);
  assert.equal(await machine.property(unit, "MainPID"), pid);
  await machine.must(["mv", `${SECRETS}.away`, SECRETS]);
  const told = await machine.must("journalctl --boot -o cat");
  for (const { device } of [alice, bob]) {
    assert.ok(!told.includes(device.secret), "a secret is in the journal");
  }
}

async function credentials(machine: Machine, neighbours: Neighbours): Promise<void> {
  const { endpoint, secret } = neighbours.addresses;
  await machine.write("/etc/pam-deno/client-secret", `${secret}\n`, 0o600);
  await addAsInReadme(machine, "credentials", {
    server: endpoint,
    path: "/token",
    loopback_http: "yes",
  });
  const unit = unitOf("credentials");
  const seen = await seenBy(machine, unit, `/run/credentials/${unit}/client-secret`);
  assert.match(seen, COPY);
  await using _ = await wired(machine, ["su", "runuser", "sshd"], {
    auth: linesOf("credentials", "auth"),
    session: linesOf("credentials", "session"),
  });
  const uid = await machine.must(["id", "-u", ALICE]);
  const left = async () => await machine.must(["ls", "-A", "/run/pam-deno/user"]);
  const sessions = {
    su: () => su(machine, DAVE, ALICE, LOOK),
    "su of root": () => machine.run(["su", ALICE, "-c", LOOK]),
    runuser: () => machine.run(["runuser", ALICE, "-c", LOOK]),
    sshd: () => ssh(machine, ALICE, LOOK),
  };
  let granted = 0;
  for (const [name, enter] of Object.entries(sessions)) {
    const { stdout, stderr } = await enter();
    const [, token = "", file = "", rest] = /token=(\S+) file=(\S+) (.*)\./.exec(stdout) ?? [];
    assert.equal(rest, `${ALICE} 600`, `${name}: ${stdout}${stderr}`);
    assert.match(file, new RegExp(`^/run/pam-deno/user/${uid}-oauth-[0-9a-f]{16}$`));
    const { active } = await neighbours.ask("introspect", token) as { active: boolean };
    assert.ok(active, `${name}: the endpoint does not know the token`);
    assert.equal(await neighbours.ask("granted"), ++granted, name);
    await machine.until(`${name} leaves no file`, async () => await left() === "");
  }
  // Who knows a name gets through, and nobody sees the names of others.
  assert.equal(await machine.must("stat -c '%U %a' /run/pam-deno/user"), "root 711");
  assert.notEqual(
    (await machine.run(["setpriv", "--reuid", BOB, "--clear-groups", "ls", "/run/pam-deno/user"])).code,
    0,
  );
}

async function sessionLedger(machine: Machine): Promise<void> {
  const report = await installProgram(machine, join(ROOT, "examples/session-ledger/report.ts"));
  const show = async (...words: string[]): Promise<Record<string, unknown>[]> =>
    JSON.parse(
      await machine.must([
        "env",
        "DENO_DIR=/run/report",
        "/usr/lib/pam-deno/deno",
        ...["run", "-A", "--no-remote", report, "--json", ...words, LEDGER],
      ]),
    );
  await addAsInReadme(machine, "session-ledger", { limit: 1 });
  await using _ = await wired(machine, ["su", "sshd"], {
    before: linesOf("session-ledger", "session"),
  });
  const come = async () => await machine.run(["su", ALICE, "-c", "echo in"]);
  const assertFull = async () => {
    const { code, stdout, stderr } = await come();
    assert.notEqual(code, 0);
    assert.doesNotMatch(stdout, /^in$/m);
    assert.match(stdout + stderr, /You may have 1 sessions? open, and have 1: close one and try again/);
  };

  assert.equal((await come()).code, 0);
  const child = machine.spawn(["su", ALICE, "-c", STAY]);
  const shown = child.stdout.getReader();
  assert.equal(new TextDecoder().decode((await shown.read()).value), "in\n");
  await assertFull();
  assert.doesNotMatch((await ssh(machine, ALICE, "echo in")).stdout, /^in$/m);
  const open = await show();
  assert.deepEqual(open.map(({ user, service }) => [user, service]), [[ALICE, "su"]]);
  const pid = String(open[0]!["pid"]);
  assert.equal(await machine.must(["ps", "-o", "comm=", "-p", pid]), "su");

  // Who reports while nobody serves leaves files that are still the module's.
  await machine.must(["systemctl", "stop", unitOf("session-ledger")]);
  assert.equal((await show()).length, 1);
  await assertFull();

  await machine.must(["kill", "-KILL", pid]);
  await machine.until(
    "the killed session is gone",
    async () => (await machine.run(["kill", "-0", pid])).code !== 0,
  );
  const next = await come();
  assert.match(next.stdout, /^in$/m, next.stderr);
  assert.deepEqual(await show(), []);
  const ended = await show("--ended");
  assert.deepEqual(ended.map(({ how }) => how).sort(), ["closed", "closed", "reaped"]);
  await shown.cancel();
  await child.stderr.cancel();
  await child.stdin.close();
  await child.status;
}

async function ldapAccount(machine: Machine, neighbours: Neighbours): Promise<void> {
  const { directory, ca } = neighbours.addresses;
  await machine.copy(ca, CA);
  await machine.write("/etc/pam-deno/secrets/ldap", `${READER_PASSWORD}\n`, 0o600);
  await addAsInReadme(machine, "ldap-account", { server: [directory] });
  const unit = unitOf("ldap-account");
  assert.match(await seenBy(machine, unit, `/run/credentials/${unit}/bind-password`), COPY);
  await using _ = await wired(machine, ["su"], {
    account: linesOf("ldap-account", "account", "check=lock,expire,host"),
  });
  const come = async (user: string) => {
    const { code, stdout, stderr } = await machine.run(["su", user, "-c", "id -un"]);
    assert.equal(stdout === `${user}\n`, code === 0);
    return code === 0 ? "in" : stdout + stderr;
  };
  const log = async () => await machine.journal(unit);
  const assertAnswers = async () => {
    assert.equal(await come(ALICE), "in", await log());
    assert.match(await come(BOB), /You may not log in on this machine/);
    assert.match(await come(CAROL), /Your account has expired/);
    assert.match(await come(DAVE), /User not known/);
  };
  await assertAnswers();

  // The cache is in the state folder, and outlives the worker.
  await neighbours.ask("stop directory");
  await machine.must(["systemctl", "restart", unit]);
  await assertAnswers();
  assert.match(await log(), /Allowed from the cache, \d+ s old/);
  await neighbours.ask("start directory");

  // The module's user must be able to read the authority; a file that root replaces is the new one.
  await machine.must(["chmod", "0600", CA]);
  await machine.must(["systemctl", "restart", unit]);
  assert.match(await come(ALICE), /Logins cannot be checked now/);
  assert.match(await log(), /Cannot read "ca=", \S+: the module's user may not read it/);
  await machine.must(`install -m 0644 ${CA} ${CA}.new && mv ${CA}.new ${CA}`);
  await assertAnswers();

  // A wrong password is refused by the directory, and the right one counts after a reload.
  await machine.write("/etc/pam-deno/secrets/ldap", "not this\n", 0o600);
  await machine.must(["pam-deno", "reload", "ldap-account"]);
  assert.match(await come(ALICE), /Logins cannot be checked now/);
  await machine.write("/etc/pam-deno/secrets/ldap", `${READER_PASSWORD}\n`, 0o600);
  await machine.must(["pam-deno", "reload", "ldap-account"]);
  await assertAnswers();
}

async function timeOfDay(machine: Machine): Promise<void> {
  const conf = "/etc/security/time.conf";
  const write = async (line: string) => {
    await machine.write(`${conf}.new`, `${line}\n`);
    await machine.must(["mv", `${conf}.new`, conf]);
  };
  await addAsInReadme(machine, "time-of-day");
  await using _ = await wired(machine, ["su"], { account: linesOf("time-of-day", "account") });
  const come = async (user: string) => await machine.run(["su", user, "-c", "id -un"]);
  for (let i = 0; i < 2; i++) {
    await write(`su;*;${ALICE};!Al0000-2400`);
    const closed = await come(ALICE);
    assert.equal(closed.stdout, "");
    assert.match(closed.stderr, /Logins are closed for you/);
    assert.equal((await come(BOB)).stdout, `${BOB}\n`);
    await write(`su;*;${ALICE};Al0000-2400`);
    assert.equal((await come(ALICE)).stdout, `${ALICE}\n`);
  }
}

async function continuity(machine: Machine): Promise<void> {
  await addModule(machine, "continuity", join(ROOT, "tests/boot/modules/continuity.ts"));
  const line = "pam_deno.so continuity";
  await using _ = await wired(machine, ["sshd"], {
    auth: [`auth optional ${line}`],
    account: [`account required ${line}`],
    session: [`session required ${line}`],
  });
  const seen = async () =>
    [...(await machine.journal(unitOf("continuity"))).matchAll(/(\w+) found (\w+) of (\S+)/g)]
      .map(([, ...words]) => words.join(" "));
  const { code, stdout, stderr } = await dialogue(machine, ALICE, "id -un", [["Password: ", PASSWORD]]);
  assert.equal(code, 0, stdout + stderr);
  await machine.until("the session is closed", async () => (await seen()).length >= 7);
  assert.deepEqual(await seen(), [
    "authenticate none alice",
    "account same alice",
    "setCredentials resumed alice",
    "openSession resumed alice",
    "setCredentials same alice",
    "closeSession same alice",
    "setCredentials same alice",
  ]);
}

async function together(machine: Machine, neighbours: Neighbours, { bob }: Devices): Promise<void> {
  await configure(machine, "session-ledger");
  await using _ = await wired(machine, ["su"], {
    auth: [...linesOf("totp", "auth"), ...linesOf("credentials", "auth")],
    account: [...linesOf("time-of-day", "account"), ...linesOf("ldap-account", "account")],
    before: linesOf("session-ledger", "session"),
    session: linesOf("credentials", "session"),
  });
  const granted = await neighbours.ask("granted");
  const { stdout, stderr } = await su(machine, DAVE, BOB, LOOK, bob.device.next());
  assert.match(stdout, /^token=\S+ file=\S+ bob 600\.$/m, stderr);
  assert.equal(await neighbours.ask("granted"), Number(granted) + 1);
  // READMEs keep root's way in on lines of their own, and a token is no reason to refuse.
  const check = await machine.run(["pam-deno", "check"]);
  assert.equal(check.code, 0, check.stdout + check.stderr);
  const rules = [...check.stdout.matchAll(/\(([a-z-]+)\)$/gm)].map(([, rule]) => rule);
  assert.deepEqual([...new Set(rules)].sort(), ["no-break-glass", "refusal-ignored"], check.stdout);
  const status = await machine.run(["pam-deno", "status"]);
  assert.match(status.stdout, /All 6 modules are served/);
}

async function withoutEndpoint(machine: Machine, neighbours: Neighbours): Promise<void> {
  await using _ = await wired(machine, ["runuser"], {
    auth: linesOf("credentials", "auth", "required=yes"),
    session: linesOf("credentials", "session", "required=yes"),
  });
  const come = async () => await machine.run(["runuser", ALICE, "-c", "echo in"]);
  assert.equal((await come()).stdout, "in\n");
  await neighbours.ask("stop endpoint");
  const { code, stdout, stderr } = await come();
  assert.notEqual(code, 0);
  assert.doesNotMatch(stdout, /^in$/m);
  assert.match(stdout + stderr, /There is no token for this session/);
}
