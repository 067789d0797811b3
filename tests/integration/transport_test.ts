// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import type { PamCode } from "../../sdk/tokens.ts";
import type { Harness } from "./harness.ts";
import { fixture, linesOf, shareHarness } from "./scene.ts";

const GATE = `
import { defineModule, type PamModule } from "@pam-deno/sdk";
export default defineModule({
  account: async ({ user, deny }) => {
    await new Promise((resolve) => setTimeout(resolve, 2));
    return user === "root" ? deny("acct_expired", "Not root") : "success";
  },
}) as PamModule;
`;

const shared = shareHarness((harness) => {
  for (const name of ["killed", "drained"]) harness.configure(name, GATE);
  harness.configure("patient", fixture("patient"));
});

const CALLERS = 8;
const TRANSACTIONS = 200;
/** No transaction may take longer: the budget of its line and what a machine at work adds. */
const TRANSACTION_MS_MAX = 12_000;

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** One whole transaction: who asked, what came of it, and how long it took. */
interface Done {
  readonly user: string;
  readonly code: PamCode;
  readonly ms: number;
}

async function transact(harness: Harness, service: string, user: string): Promise<Done> {
  const began = performance.now();
  await using transaction = harness.start(service, { user });
  const code = await transaction.background.account();
  return { user, code, ms: performance.now() - began };
}

/** Runs all transactions, {@linkcode CALLERS} at a time, and signals the worker ten times meanwhile. */
async function underFire(name: string, signal: Deno.Signal): Promise<readonly Done[]> {
  const harness = shared();
  harness.lines(name, name, { account: ["timeout=10s"] });
  const done: Done[] = [];
  let started = 0;
  const caller = async () => {
    while (started < TRANSACTIONS) {
      const user = started++ % 2 === 0 ? "nobody" : "root";
      done.push(await transact(harness, name, user));
    }
  };
  const fire = async () => {
    let hit = 0;
    for (let i = 1; i <= 10; i++) {
      while (done.length < i * TRANSACTIONS / 11) await sleep(1);
      hit = await harness.worker(name, [hit]);
      Deno.kill(hit, signal);
    }
  };
  await Promise.all([fire(), ...Array.from({ length: CALLERS }, caller)]);
  return done;
}

const answerFor = (user: string): PamCode => user === "root" ? "acct_expired" : "success";

Deno.test("a worker that is killed ten times loses only what it had begun, with the documented code", async () => {
  const done = await underFire("killed", "SIGKILL");
  assert.equal(done.length, TRANSACTIONS);
  const lost = done.filter(({ user, code }) => code !== answerFor(user));
  assert.deepEqual(lost.filter(({ code }) => code !== "service_err"), []);
  // Each kill can hit what every caller has under way, and no more.
  assert.ok(lost.length <= 10 * CALLERS, `${lost.length} of ${TRANSACTIONS} lost`);
  const logged = linesOf(shared(), "killed").filter(({ text }) => text.includes("broken_off, service_err"));
  assert.equal(logged.length, lost.length);
  assert.ok(done.every(({ ms }) => ms < TRANSACTION_MS_MAX), `${Math.max(...done.map(({ ms }) => ms))} ms`);
});

Deno.test("a worker that is told to leave ten times loses nothing", async () => {
  const done = await underFire("drained", "SIGTERM");
  assert.equal(done.length, TRANSACTIONS);
  assert.deepEqual(done.filter(({ user, code }) => code !== answerFor(user)), []);
  assert.deepEqual(linesOf(shared(), "drained").filter(({ level }) => level === "err"), []);
});

Deno.test("a worker that is told to leave finishes what it has begun", async () => {
  const harness = shared();
  harness.stack("slow", [{ type: "account", module: "patient", options: ["timeout=10s"], args: ["ms=300"] }]);
  const worker = await harness.worker("patient");
  const called = Array.from({ length: CALLERS }, () => transact(harness, "slow", "nobody"));
  await sleep(100);
  Deno.kill(worker, "SIGTERM");
  const done = await Promise.all(called);
  assert.deepEqual(done.map(({ code }) => code), Array(CALLERS).fill("success"));
  assert.ok(done.every(({ ms }) => ms < 2000));
});

Deno.test("many callers at once are all answered, each with its own answer", async () => {
  const harness = shared();
  harness.lines("crowd", "drained", { account: ["timeout=20s"] });
  const users = Array.from({ length: 100 }, (_, i) => i % 3 === 0 ? "root" : "nobody");
  const done = await Promise.all(users.map((user) => transact(harness, "crowd", user)));
  assert.deepEqual(done.map(({ code }) => code), users.map(answerFor));
});

Deno.test("a supervisor that is told to stop lets hooks finish, and the next one is unreachable at once", async () => {
  const harness = shared();
  harness.stack("last", [{ type: "account", module: "patient", options: ["timeout=10s"], args: ["ms=400"] }]);
  const called = Array.from({ length: CALLERS }, () => transact(harness, "last", "nobody"));
  await sleep(150);
  const stopped = harness.stop();
  assert.deepEqual((await Promise.all(called)).map(({ code }) => code), Array(CALLERS).fill("success"));
  await stopped;
  const { code, ms } = await transact(harness, "last", "nobody");
  assert.equal(code, "authinfo_unavail");
  assert.ok(ms < 700, `${ms} ms`);
  await harness.serve();
  assert.equal((await transact(harness, "last", "nobody")).code, "success");
});
