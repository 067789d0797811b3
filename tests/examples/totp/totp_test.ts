// SPDX-License-Identifier: MIT
// The module totp through the real libpam, the shim and workers of its own uid: codes are taken once, whoever asks at once and
// whatever becomes of the worker.
import { type Answer, type Conversation, passwordOnly } from "@pam-deno/sdk/libpam";
import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Harness, ROOT } from "../../integration/harness.ts";
import { newService, watch } from "../../integration/scene.ts";
import type { PamCode } from "../../../sdk/tokens.ts";
import { shimLine } from "../readme.ts";
import { enrolled } from "./authenticator.ts";

const MODULE = join(ROOT, "examples", "totp", "module.ts");
const USER = "nobody";
const AT_ONCE = 50;
const LIMIT = 5;
const LATER = "error_msg Codes cannot be checked now; the administrator finds the reason in the system log";
/** Users with an authenticator each. */
const USERS = ["nobody", "daemon", "bin", "sys", "games", "man", "lp", "mail"];

/** A private pam-deno with the module, for users with an authenticator each. */
async function serve(config: Readonly<Record<string, unknown>> = {}, users: readonly string[] = [USER]) {
  const harness = new Harness();
  const enrolments = await Promise.all(users.map(enrolled));
  const secrets = join(harness.configDir, "totp-secrets");
  Deno.writeTextFileSync(secrets, enrolments.map(({ line }) => `${line}\n`).join(""), { mode: 0o600 });
  harness.configure("totp", MODULE, {
    state: true,
    limits: { waiting_per_person: AT_ONCE },
    credentials: { "totp-secrets": secrets },
    options: { secrets: { credential: "totp-secrets" }, database: { state: "totp.db" } },
    ...config,
  });
  await harness.serve();
  const devices = enrolments.map(({ device }) => device);
  const device = devices[0]!;
  return { harness, device, devices, [Symbol.asyncDispose]: () => harness[Symbol.asyncDispose]() };
}

/** A person who types this whatever is asked, and counts how often that is. */
function types(answer: Answer): Conversation {
  return (messages) => messages.map(({ style }) => style.startsWith("prompt") ? answer : undefined);
}

/** The stack of a service with the module on its one line. */
function stack(harness: Harness, args: readonly string[] = []): string {
  const service = newService();
  harness.stack(service, [{ ...shimLine("totp", "auth"), args }]);
  return service;
}

async function login(harness: Harness, service: string, conversation: Conversation, user = USER) {
  await using transaction = harness.start(service, { user, conversation });
  const seen = await watch(harness, service, transaction, ({ background }) => background.authenticate());
  return { ...seen, delays: [...transaction.delays] };
}

/** Asserts a delay of two seconds, which libpam varies by up to half. */
function assertDelayed(delays: Awaited<ReturnType<typeof login>>["delays"], expected: PamCode): void {
  assert.deepEqual(delays.map(({ code }) => code), [expected]);
  for (const { microseconds } of delays) {
    assert.ok(microseconds >= 1e6 && microseconds <= 3e6, `${microseconds}`);
  }
}

/** Logs in `AT_ONCE` times at once with one answer, and counts the codes. */
async function atOnce(harness: Harness, service: string, user: string, answer: string) {
  const conversation = types(answer);
  const transactions = Array.from({ length: AT_ONCE }, () => harness.start(service, { user, conversation }));
  const codes = await Promise.all(transactions.map((transaction) => transaction.background.authenticate()));
  for (const transaction of transactions) transaction.end();
  const counted: Partial<Record<PamCode, number>> = {};
  for (const code of codes) counted[code] = (counted[code] ?? 0) + 1;
  return counted;
}

Deno.test("a code of the enrolled device is taken once, also by another worker after kill -9", async () => {
  await using served = await serve();
  const { harness, device } = served;
  const service = stack(harness);
  const code = await device.fresh();
  const first = await login(harness, service, types(code));
  assert.equal(first.code, "success");
  assert.deepEqual(first.shown, ["prompt_echo_on One-time code: "]);

  const [worker] = harness.pids("totp").workers;
  assert.ok(worker !== undefined);
  Deno.kill(worker, "SIGKILL");
  await harness.worker("totp", [worker]);
  const again = await login(harness, service, types(code));
  assert.equal(again.code, "auth_err");
  assertDelayed(again.delays, "auth_err");
  assert.ok(again.log.some(({ text }) => text.includes("was used")), JSON.stringify(again.log));

  await harness.stop();
  await harness.serve();
  assert.equal((await login(harness, service, types(code))).code, "auth_err");
  const told = JSON.stringify(harness.syslog) + harness.output;
  for (const secret of [code, device.secret]) assert.ok(!told.includes(secret), "a secret is in the log");
});

Deno.test(`one code by ${AT_ONCE} logins at once and two workers lets exactly one in`, async () => {
  const users = ["nobody", "daemon", "bin", "sys"];
  await using served = await serve({ workers: 2 }, users);
  const { harness, devices } = served;
  const service = stack(harness, ["failures=100"]);
  const first = await harness.worker("totp");
  await harness.worker("totp", [first]);
  for (const [i, user] of users.entries()) {
    const codes = await atOnce(harness, service, user, await devices[i]!.fresh());
    assert.deepEqual(codes, { success: 1, auth_err: AT_ONCE - 1 }, user);
  }
});

Deno.test(`${AT_ONCE} wrong codes at once and two workers are ${LIMIT} failures, and then no code is looked at`, async () => {
  await using served = await serve({ workers: 2 });
  const { harness, device } = served;
  const service = stack(harness, [`failures=${LIMIT}`]);
  const wrong = device.wrong();
  const codes = await atOnce(harness, service, USER, wrong);
  assert.deepEqual(codes, { auth_err: LIMIT, maxtries: AT_ONCE - LIMIT });

  const workers = harness.pids("totp").workers;
  for (const worker of workers) Deno.kill(worker, "SIGKILL");
  await harness.worker("totp", workers);
  const right = await login(harness, service, types(await device.fresh()));
  const false_ = await login(harness, service, types(wrong));
  for (const { code, shown, delays } of [right, false_]) {
    assert.equal(code, "maxtries");
    assert.deepEqual(shown, [
      "prompt_echo_on One-time code: ",
      "error_msg Too many codes that were not right: try again later",
    ]);
    assertDelayed(delays, "maxtries");
  }
});

Deno.test(`${USERS.length} logins wait for a database that is locked, and take no worker with them`, async () => {
  await using served = await serve({}, USERS);
  const { harness, devices } = served;
  const service = stack(harness);
  const codes = await Promise.all(devices.map((device) => device.fresh()));
  const [worker] = harness.pids("totp").workers;
  const logins = () => Promise.all(USERS.map((user, i) => login(harness, service, types(codes[i]!), user)));
  assert.equal((await login(harness, service, types(devices[0]!.wrong()))).code, "auth_err");
  const holder = new DatabaseSync(join(harness.keepDir, "totp", "totp.db"));
  try {
    holder.exec("BEGIN IMMEDIATE");
    for (const { code, shown, log } of await logins()) {
      assert.equal(code, "service_err");
      assert.equal(shown.at(-1), LATER);
      assert.match(JSON.stringify(log), /totp\.db: it was locked, or busy, for too long/);
    }
  } finally {
    holder.close();
  }
  assert.deepEqual((await logins()).map(({ code }) => code), USERS.map(() => "success"));
  assert.deepEqual(harness.pids("totp").workers, [worker]);
});

Deno.test("sshd's password method is refused at once, with the remedy in the log, and counts as nothing", async () => {
  await using served = await serve();
  const { harness, device } = served;
  const service = stack(harness, ["failures=1"]);
  for (let i = 0; i < 3; i++) {
    const seen = await login(harness, service, passwordOnly("correct horse"));
    assert.equal(seen.code, "conv_err");
    const remedy = /^warning .*No code was given.*KbdInteractiveAuthentication yes/;
    assert.ok(seen.log.some(({ level, text }) => remedy.test(`${level} ${text}`)), JSON.stringify(seen.log));
  }
  assert.equal((await login(harness, service, types(await device.fresh()))).code, "success");
});

Deno.test("a line without the grant is misconfigured, and nobody is asked", async () => {
  await using served = await serve();
  const { harness } = served;
  const service = newService();
  harness.stack(service, [{ type: "auth", module: "totp" }]);
  const seen = await login(harness, service, () => "conv_err");
  assert.equal(seen.code, "service_err");
  assert.ok(seen.log.some(({ text }) => /prompt/.test(text)), JSON.stringify(seen.log));
});
