// SPDX-License-Identifier: MIT
// The module credentials through the real libpam, the shim and a worker of its own uid, with tokens of a real OAuth 2.0 server.
import type { Transaction } from "@pam-deno/sdk/libpam";
import assert from "node:assert/strict";
import { basename, dirname, join } from "node:path";
import { Harness, ROOT } from "../../integration/harness.ts";
import { newService, type Seen, tell, watch } from "../../integration/scene.ts";
import { shimLine } from "../readme.ts";
import { Authority } from "./authority.ts";
import { CLIENT, Issuer } from "./issuer.ts";

const NAME = "credentials";
const MODULE = join(ROOT, "examples", NAME, "module.ts");
const USER = "nobody";
const UID = 65534;
const SESSIONS = 20;
const NO_TOKEN = "error_msg There is no token for this session: try again later, or ask the administrator";

/** A test that makes files for another user. */
function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name: `${name} (needs root)`, ignore: Deno.uid() !== 0, fn });
}

interface Given {
  readonly secret?: string;
  readonly server: string;
  readonly options?: Readonly<Record<string, unknown>>;
}

/** A private pam-deno with the module as a client of a server. */
async function serve({ server, secret = "", options = { loopback_http: "yes" } }: Given): Promise<Harness> {
  const harness = new Harness();
  try {
    const file = join(harness.configDir, "client-secret");
    Deno.writeTextFileSync(file, `${secret}\n`, { mode: 0o600 });
    harness.configure(NAME, MODULE, {
      credentials: { "client-secret": file },
      permissions: { net: [{ option: "server" }], read: "ca" in options ? [{ option: "ca" }] : [] },
      options: {
        server,
        path: "/token",
        client_id: CLIENT,
        client_secret: { credential: "client-secret" },
        ...options,
      },
    });
    await harness.serve();
    return harness;
  } catch (error) {
    await harness[Symbol.asyncDispose]();
    throw error;
  }
}

/** The stack of a service as the README has it, under a module that lets everybody in. */
function stack(
  harness: Harness,
  args: readonly string[] = [],
  control?: "required",
): string {
  const service = newService();
  harness.stack(service, [
    { type: "auth", control: "required", module: "pam_permit.so" },
    { ...shimLine(NAME, "auth"), ...control && { control }, args },
    { ...shimLine(NAME, "session"), args },
  ]);
  return service;
}

/** What is in the folder of user files. */
function files(harness: Harness): string[] {
  try {
    return [...Deno.readDirSync(join(harness.runtimeDir, "user"))].map(({ name }) => name).sort();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/** The token in the file that the environment of a transaction leads to, whose owner and mode are looked at. */
function tokenOf(harness: Harness, transaction: Transaction): string {
  const path = transaction.getEnvironment("OAUTH_TOKEN_FILE") ?? "";
  assert.equal(dirname(path), join(harness.runtimeDir, "user"));
  assert.match(basename(path), new RegExp(`^${UID}-oauth-[0-9a-f]{16}$`));
  const { uid, mode, isFile } = Deno.lstatSync(path);
  assert.deepEqual([uid, (mode ?? 0) & 0o7777, isFile], [UID, 0o600, true]);
  const content = Deno.readTextFileSync(path);
  assert.match(content, /^[\x21-\x7e]+\n$/);
  return content.trimEnd();
}

function assertLogged({ log }: Seen, pattern: RegExp): void {
  assert.ok(log.some((line) => pattern.test(tell(line))), `${pattern}\n${JSON.stringify(log, null, 1)}`);
}

/** Nothing secret is in a log, the supervisor's and the system's. */
function assertNoSecrets(harness: Harness, secrets: readonly string[]): void {
  const told = JSON.stringify(harness.syslog) + harness.output;
  for (const secret of secrets) assert.ok(secret !== "" && !told.includes(secret), "a secret is in the log");
}

test("a session has a good token from establish to delete, as sshd and login call", async () => {
  await using issuer = await Issuer.start();
  await using harness = await serve({ server: issuer.server, secret: issuer.secret });
  const service = stack(harness);
  await using transaction = harness.start(service, { user: USER });
  assert.equal(transaction.authenticate(), "success");
  assert.equal(await transaction.background.setCredentials("establish"), "success");
  const token = tokenOf(harness, transaction);
  const { active, client_id } = await issuer.introspect(token);
  assert.deepEqual({ active, client_id }, { active: true, client_id: CLIENT });
  const [file] = files(harness);

  assert.equal(transaction.openSession(), "success");
  assert.equal(transaction.setCredentials("establish"), "success");
  assert.equal(tokenOf(harness, transaction), token, "fetched again");
  assert.equal(issuer.granted, 1);

  assert.equal(await transaction.background.setCredentials("refresh"), "success");
  const refreshed = tokenOf(harness, transaction);
  assert.notEqual(refreshed, token);
  assert.deepEqual(files(harness), [file]);
  assert.equal((await issuer.introspect(refreshed)).active, true);

  const [worker] = harness.pids(NAME).workers;
  assert.ok(worker !== undefined);
  Deno.kill(worker, "SIGKILL");
  await harness.worker(NAME, [worker]);
  for (let i = 0; i < 2; i++) {
    assert.equal(transaction.closeSession(), "success");
    assert.equal(transaction.setCredentials("delete"), "success");
    assert.deepEqual(files(harness), []);
    assert.equal(transaction.getEnvironment("OAUTH_TOKEN_FILE"), undefined);
  }
  assertNoSecrets(harness, [token, refreshed, issuer.secret]);
});

test("sudo's way: another user, reinitialize without authenticate, an open session, and its end", async () => {
  await using issuer = await Issuer.start();
  await using harness = await serve({ server: issuer.server, secret: issuer.secret });
  await using transaction = harness.start(stack(harness, ["required=yes", "format=json"]), {
    user: "daemon",
  });
  assert.equal(transaction.authenticate(), "success");
  transaction.setItem("user", USER);
  assert.equal(await transaction.background.setCredentials("reinitialize"), "success");
  assert.equal(await transaction.background.openSession(), "success");
  assert.equal(files(harness).length, 1);
  const path = transaction.getEnvironment("OAUTH_TOKEN_FILE") ?? "";
  const { access_token, token_type, expires_at } = JSON.parse(Deno.readTextFileSync(path));
  assert.equal((await issuer.introspect(access_token)).active, true);
  const left = expires_at - Date.now() / 1000;
  assert.ok(token_type === "Bearer" && left > 500 && left <= 600, `${token_type} ${left}`);
  assert.equal(transaction.closeSession(), "success");
  assert.deepEqual(files(harness), []);
});

test("each user of one PAM handle has a file, which goes when the handle is closed in that user's name", async () => {
  await using issuer = await Issuer.start();
  await using harness = await serve({ server: issuer.server, secret: issuer.secret });
  await using transaction = harness.start(stack(harness), { user: "daemon" });
  assert.equal(await transaction.background.setCredentials("establish"), "success");
  const [first] = files(harness);
  transaction.setItem("user", USER);
  assert.equal(await transaction.background.openSession(), "success");
  assert.equal(files(harness).length, 2);
  assert.equal((await issuer.introspect(tokenOf(harness, transaction))).active, true);
  // A file is deleted in its user's name only, and so this one stays for now.
  assert.equal(transaction.closeSession(), "success");
  assert.equal(transaction.setCredentials("delete"), "success");
  assert.deepEqual(files(harness), [first]);
  transaction.setItem("user", "daemon");
  assert.equal(transaction.setCredentials("delete"), "success");
  assert.deepEqual(files(harness), []);
});

test("libpam judges setCredentials by authenticate's answer, so what must refuse refuses in openSession", async () => {
  await using issuer = await Issuer.start();
  await using harness = await serve({ server: issuer.server, secret: "not the secret" });
  const service = stack(harness, ["required=yes"], "required");
  await using here = harness.start(service, { user: USER });
  assert.equal(here.authenticate(), "success");
  const set = await watch(harness, service, here, (transaction) => transaction.background.setCredentials());
  assert.equal(set.code, "success", "libpam counted it");
  assertLogged(set, /^err .*no token from "http:[^ ]+\/token": "it refuses with invalid_client"/);
  const opened = await watch(harness, service, here, (transaction) => transaction.background.openSession());
  assert.equal(opened.code, "perm_denied");
  assert.deepEqual(opened.shown, [NO_TOKEN]);

  // Whoever authenticated in another process, as sshd does, gets the hook's own answer.
  await using elsewhere = harness.start(service, { user: USER });
  assert.equal(await elsewhere.background.setCredentials(), "cred_unavail");
  assert.deepEqual(files(harness), []);

  // Not required: nothing is refused anywhere.
  await using lenient = harness.start(stack(harness, [], "required"), { user: USER });
  for (const call of ["setCredentials", "openSession", "closeSession"] as const) {
    assert.equal(await lenient.background[call](), "success", call);
  }
  assert.equal(lenient.getEnvironment("OAUTH_TOKEN_FILE"), undefined);
  assertNoSecrets(harness, ["not the secret"]);
});

test(`${SESSIONS} sessions at once have as many files, and take them all away`, async () => {
  await using issuer = await Issuer.start();
  await using harness = await serve({ server: issuer.server, secret: issuer.secret });
  const service = stack(harness, ["required=yes"]);
  const sessions = Array.from({ length: SESSIONS }, () => harness.start(service, { user: USER }));
  const opened = await Promise.all(sessions.map((session) => session.background.openSession()));
  assert.deepEqual(opened, Array(SESSIONS).fill("success"));
  assert.equal(files(harness).length, SESSIONS);
  assert.equal(new Set(sessions.map((session) => tokenOf(harness, session))).size, SESSIONS);
  const closed = await Promise.all(sessions.map((session) => session.background.closeSession()));
  assert.deepEqual(closed, Array(SESSIONS).fill("success"));
  assert.deepEqual(files(harness), []);
  for (const session of sessions) session.end();
});

test("an endpoint that goes away takes no session with it", async () => {
  await using issuer = await Issuer.start();
  await using harness = await serve({ server: issuer.server, secret: issuer.secret });
  const service = stack(harness, ["required=yes"]);
  await using old = harness.start(service, { user: USER });
  assert.equal(await old.background.openSession(), "success");
  await issuer.stop();
  assert.equal(await old.background.setCredentials("refresh"), "success");
  await using late = harness.start(service, { user: USER });
  const seen = await watch(harness, service, late, (transaction) => transaction.background.openSession());
  assert.equal(seen.code, "perm_denied");
  assertLogged(seen, /^err .*no token from .*Connection refused/);
  assert.equal(files(harness).length, 1);
  assert.equal(old.closeSession(), "success");
  assert.deepEqual(files(harness), []);
});

test("a certificate must be good: of an authority that is trusted, and not past its time", async () => {
  const folder = await Deno.makeTempDir({ prefix: "pam-deno-ca-" });
  Deno.chmodSync(folder, 0o755);
  try {
    const authority = await Authority.create(folder);
    const other = await Deno.makeTempDir({ dir: folder });
    Deno.chmodSync(other, 0o755);
    const stranger = await Authority.create(other);
    const good = await authority.issue("good");
    const expired = await authority.issue("expired", "2020-01-01 00:00:00");
    for (
      const [certificate, ca, problem] of [
        [good, authority.certificate, undefined],
        [good, stranger.certificate, /invalid peer certificate: (BadSignature|UnknownIssuer)/],
        [good, undefined, /invalid peer certificate: UnknownIssuer/],
        [expired, authority.certificate, /invalid peer certificate: .*[Ee]xpired/],
      ] as const
    ) {
      await using issuer = await Issuer.start(certificate);
      const options = ca === undefined ? {} : { ca };
      await using harness = await serve({ server: issuer.server, secret: issuer.secret, options });
      const service = stack(harness, ["required=yes"]);
      await using transaction = harness.start(service, { user: USER });
      const seen = await watch(
        harness,
        service,
        transaction,
        (transaction) => transaction.background.openSession(),
      );
      assert.equal(seen.code, problem === undefined ? "success" : "perm_denied", JSON.stringify(seen.log));
      if (problem === undefined) assert.notEqual(tokenOf(harness, transaction), "");
      else assertLogged(seen, problem);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
