// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Attempts, KEEP_S, STRANGERS_MAX, WAIT_MS_MAX } from "./attempts.ts";

const LIMIT = { failures: 2, within: 60 };
const { signal } = new AbortController();
const NOON = Date.parse("2026-08-03T12:00:00Z");

/** A database in a folder of its own, gone at the end. */
class Database implements Disposable {
  readonly #folder = Deno.makeTempDirSync();
  readonly path = join(this.#folder, "totp.db");

  /** How many attempts are kept. */
  count(known: boolean): unknown {
    const database = new DatabaseSync(this.path, { readOnly: true });
    const row = database.prepare("SELECT count(*) AS n FROM attempts WHERE known = ?").get(known ? 1 : 0);
    database.close();
    return row?.["n"];
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.#folder, { recursive: true });
  }
}

const alice = { name: "alice", known: true };

Deno.test("finish() uses up what is right, and keeps what is not as a failure", async () => {
  using database = new Database();
  using attempts = new Attempts(database.path);
  const asked: number[] = [];
  const tryOnce = async (answer: number | undefined) => {
    const attempt = (await attempts.begin(alice, LIMIT, NOON, signal))!;
    return await attempts.finish(attempt, "alice", (until) => (asked.push(until), answer), signal);
  };
  assert.equal(await tryOnce(60), true);
  assert.equal(await tryOnce(90), true);
  assert.equal(database.count(true), 0);
  // Whatever a judge says, the time goes on.
  assert.equal(await tryOnce(90), false);
  assert.equal(await tryOnce(undefined), false);
  assert.deepEqual(asked, [0, 60, 90, 90]);
  assert.equal(database.count(true), 2);
  assert.equal(await attempts.begin(alice, LIMIT, NOON, signal), undefined);
  assert.equal(database.count(true), 2);
});

Deno.test("finish() keeps the attempt if the judge throws", async () => {
  using database = new Database();
  using attempts = new Attempts(database.path);
  const attempt = (await attempts.begin(alice, LIMIT, NOON, signal))!;
  const broken = () => {
    throw new Error("broken");
  };
  await assert.rejects(attempts.finish(attempt, "alice", broken, signal), /broken/);
  assert.equal(database.count(true), 1);
  await attempts.begin(alice, LIMIT, NOON, signal);
  // An attempt is finished where it began, or not at all.
  await assert.rejects(attempts.finish(attempt, "alice", () => 30, signal), /it was opened anew/);
  assert.equal(database.count(true), 2);
});

Deno.test("begin() keeps users and strangers of the same name apart, and forgets what is a day old", async () => {
  using database = new Database();
  using attempts = new Attempts(database.path);
  const stranger = { name: "alice", known: false };
  for (const person of [alice, stranger]) {
    for (let i = 0; i < LIMIT.failures; i++) {
      assert.ok(await attempts.begin(person, LIMIT, NOON, signal) !== undefined);
    }
    assert.equal(await attempts.begin(person, LIMIT, NOON, signal), undefined);
  }
  const bob = { name: "bob", known: true };
  assert.ok(await attempts.begin(bob, LIMIT, NOON + KEEP_S * 1000, signal) !== undefined);
  assert.deepEqual([database.count(true), database.count(false)], [1, 0]);
});

Deno.test("begin() forgets strangers one by one when there are too many, and no user", async () => {
  using database = new Database();
  using attempts = new Attempts(database.path);
  for (let i = 0; i < LIMIT.failures; i++) await attempts.begin(alice, LIMIT, NOON, signal);
  for (let i = 0; i < STRANGERS_MAX + 20; i++) {
    await attempts.begin({ name: `${i}`, known: false }, LIMIT, NOON, signal);
  }
  assert.equal(await attempts.begin(alice, LIMIT, NOON, signal), undefined);
  assert.equal(database.count(true), LIMIT.failures);
  assert.equal(database.count(false), STRANGERS_MAX);
});

Deno.test("a database of another version is refused, and left as it is", async () => {
  using database = new Database();
  const other = new DatabaseSync(database.path);
  other.exec("PRAGMA user_version = 7; CREATE TABLE t (x INTEGER) STRICT");
  other.close();
  using attempts = new Attempts(database.path);
  await assert.rejects(attempts.open(signal), /it has version 7, and this module knows 1/);
  const after = new DatabaseSync(database.path, { readOnly: true });
  assert.deepEqual(after.prepare("SELECT name FROM sqlite_schema").all().map(({ name }) => name), ["t"]);
  after.close();
});

/** The most that the event loop may be held up, in milliseconds: far from what SQLite would wait for one login, let alone for all. */
const SILENT_MS_MAX = 500;
const LOGINS = 8;

/** Runs `work`; its result, and for how long the event loop did nothing else at most. */
async function listening<T>(
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly silent: number }> {
  let last = performance.now();
  let silent = 0;
  const look = () => {
    silent = Math.max(silent, performance.now() - last);
    last = performance.now();
  };
  const timer = setInterval(look, 5);
  try {
    const result = await work();
    look();
    return { result, silent };
  } finally {
    clearInterval(timer);
  }
}

/** The lock of a database, held as by another process. */
function lock(path: string): Disposable {
  const holder = new DatabaseSync(path);
  holder.exec("BEGIN IMMEDIATE");
  return { [Symbol.dispose]: () => holder.close() };
}

Deno.test("while another process has the lock, logins are refused in time and the worker answers others", async () => {
  using database = new Database();
  using attempts = new Attempts(database.path);
  await attempts.open(signal);
  using _held = lock(database.path);
  const began = performance.now();
  const begin = () => attempts.begin(alice, LIMIT, NOON, signal);
  const { result, silent } = await listening(() => Promise.allSettled(Array.from({ length: LOGINS }, begin)));
  const ms = performance.now() - began;
  for (const { status, reason } of result as PromiseRejectedResult[]) {
    assert.equal(status, "rejected");
    assert.match(String(reason), /it was locked, or busy, for too long/);
  }
  assert.ok(silent < SILENT_MS_MAX, `silent for ${silent} ms`);
  assert.ok(ms >= WAIT_MS_MAX && ms < 2 * WAIT_MS_MAX, `${ms} ms for all`);
});

Deno.test("a login gets the lock when it is given back, also of a new database, and gives up with its hook", async () => {
  using database = new Database();
  using attempts = new Attempts(database.path);
  const hook = new AbortController();
  let waiting: Promise<unknown>;
  {
    using _held = lock(database.path);
    const over = attempts.begin(alice, LIMIT, NOON, hook.signal);
    waiting = attempts.begin(alice, LIMIT, NOON, signal);
    hook.abort();
    await assert.rejects(over, /it was locked, or busy, for too long/);
  }
  assert.notEqual(await waiting, undefined);
  assert.equal(database.count(true), 1);
});
