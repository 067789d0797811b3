// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Attempts, KEEP_S, STRANGERS_MAX } from "./attempts.ts";

const LIMIT = { failures: 2, within: 60 };
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

Deno.test("finish() uses up what is right, and keeps what is not as a failure", () => {
  using database = new Database();
  using attempts = new Attempts(database.path);
  const asked: number[] = [];
  const judge = (answer: number | undefined) => (usedUntil: number) => (asked.push(usedUntil), answer);
  assert.equal(attempts.finish(attempts.begin(alice, LIMIT, NOON)!, "alice", judge(60)), true);
  assert.equal(attempts.finish(attempts.begin(alice, LIMIT, NOON)!, "alice", judge(90)), true);
  assert.equal(database.count(true), 0);
  // Whatever a judge says, the time goes on.
  assert.equal(attempts.finish(attempts.begin(alice, LIMIT, NOON)!, "alice", judge(90)), false);
  assert.equal(attempts.finish(attempts.begin(alice, LIMIT, NOON)!, "alice", judge(undefined)), false);
  assert.deepEqual(asked, [0, 60, 90, 90]);
  assert.equal(database.count(true), 2);
  assert.equal(attempts.begin(alice, LIMIT, NOON), undefined);
  assert.equal(database.count(true), 2);
});

Deno.test("finish() keeps the attempt if the judge throws", () => {
  using database = new Database();
  using attempts = new Attempts(database.path);
  const attempt = attempts.begin(alice, LIMIT, NOON)!;
  assert.throws(() =>
    attempts.finish(attempt, "alice", () => {
      throw new Error("broken");
    }), /broken/);
  assert.equal(database.count(true), 1);
  assert.equal(attempts.finish(attempt, "alice", () => 30), true);
});

Deno.test("begin() keeps users and strangers of the same name apart, and forgets what is a day old", () => {
  using database = new Database();
  using attempts = new Attempts(database.path);
  const stranger = { name: "alice", known: false };
  for (const person of [alice, stranger]) {
    for (let i = 0; i < LIMIT.failures; i++) assert.ok(attempts.begin(person, LIMIT, NOON) !== undefined);
    assert.equal(attempts.begin(person, LIMIT, NOON), undefined);
  }
  assert.ok(attempts.begin({ name: "bob", known: true }, LIMIT, NOON + KEEP_S * 1000) !== undefined);
  assert.deepEqual([database.count(true), database.count(false)], [1, 0]);
});

Deno.test("begin() forgets strangers one by one when there are too many, and no user", () => {
  using database = new Database();
  using attempts = new Attempts(database.path);
  for (let i = 0; i < LIMIT.failures; i++) attempts.begin(alice, LIMIT, NOON);
  for (let i = 0; i < STRANGERS_MAX + 20; i++) attempts.begin({ name: `${i}`, known: false }, LIMIT, NOON);
  assert.equal(attempts.begin(alice, LIMIT, NOON), undefined);
  assert.equal(database.count(true), LIMIT.failures);
  assert.equal(database.count(false), STRANGERS_MAX);
});

Deno.test("a database of another version is refused, and left as it is", () => {
  using database = new Database();
  const other = new DatabaseSync(database.path);
  other.exec("PRAGMA user_version = 7; CREATE TABLE t (x INTEGER) STRICT");
  other.close();
  assert.throws(() => new Attempts(database.path), /it has version 7, and this module knows 1/);
  const after = new DatabaseSync(database.path, { readOnly: true });
  assert.deepEqual(after.prepare("SELECT name FROM sqlite_schema").all().map(({ name }) => name), ["t"]);
  after.close();
});
