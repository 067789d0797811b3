// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Cache, type Subject } from "./cache.ts";
import type { Decision, Reason } from "./policy.ts";

const HOUR = 3_600_000;
const NOW = Temporal.Instant.from("2026-08-03T12:00:00Z");
const later = (hours: number) => NOW.add({ milliseconds: Math.round(hours * HOUR) });
const ALLOW: Decision = { allow: true };
const deny = (reason: Reason): Decision => ({ allow: false, reason, detail: "it is so" });
const ALICE: Subject = { rules: "r", user: "alice" };
const BOB: Subject = { rules: "r", user: "bob" };

/** A cache in a folder of its own, with what it logs. */
class Scene implements Disposable {
  readonly folder = Deno.makeTempDirSync();
  readonly file = join(this.folder, "cache.db");
  readonly logged: string[] = [];
  readonly log = {
    error: (message: string, properties: Readonly<Record<string, unknown>> = {}) =>
      void this.logged.push(message.replaceAll(/\{(\w+)\}/g, (_, name) => String(properties[name]))),
  };
  cache: Cache;

  constructor(options: { readonly pagesMax?: number } = {}) {
    this.cache = new Cache(this.file, options);
  }

  remember(subject: Subject, decision: Decision, hours = 0): void {
    this.cache.remember(subject, decision, later(hours), 8 * HOUR, this.log);
  }

  /** What is recalled, as a word. */
  recall(subject: Subject, hours: number, limit = 8): string | undefined {
    const found = this.cache.recall(subject, later(hours), limit * HOUR, this.log)?.decision;
    return found === undefined ? undefined : found.allow ? "allow" : found.reason;
  }

  /** Goes on as another process would. */
  reopen(options: { readonly pagesMax?: number } = {}): void {
    this.cache[Symbol.dispose]();
    this.cache = new Cache(this.file, options);
  }

  [Symbol.dispose](): void {
    this.cache[Symbol.dispose]();
    Deno.removeSync(this.folder, { recursive: true });
  }
}

Deno.test("Cache recalls the last decision, for as long as it is told", () => {
  using scene = new Scene();
  assert.equal(scene.recall(ALICE, 0), undefined);
  scene.remember(ALICE, ALLOW);
  scene.remember(BOB, deny("unknown"));
  scene.reopen();
  assert.equal(scene.recall(ALICE, 7.9), "allow");
  assert.equal(scene.recall(BOB, 7.9), "unknown");
  assert.equal(scene.recall({ ...ALICE, rules: "s" }, 7.9), undefined);
  assert.equal(scene.recall(ALICE, 7.9, 1), undefined);
  assert.equal(scene.recall(ALICE, 8.1), undefined);
  assert.equal(scene.recall(ALICE, 8.1, 24), undefined);
  assert.deepEqual(scene.logged, []);
});

Deno.test("Cache puts a denial in the place of an allowance, and the other way round", () => {
  using scene = new Scene();
  let hours = 0;
  for (const reason of ["unknown", "locked", "expired", "host", "service", "group", "unclear"] as const) {
    scene.remember(ALICE, ALLOW, hours++);
    scene.remember(ALICE, deny(reason), hours);
    assert.equal(scene.recall(ALICE, hours++), reason);
  }
  scene.remember(ALICE, ALLOW, hours);
  assert.equal(scene.recall(ALICE, hours), "allow");
});

Deno.test("Cache keeps a denial when an allowance comes late that is older, or as old", () => {
  using scene = new Scene();
  scene.remember(ALICE, deny("locked"), 1);
  for (const hours of [0.999, 1]) {
    scene.remember(ALICE, ALLOW, hours);
    assert.equal(scene.recall(ALICE, 1), "locked");
  }
  scene.remember(ALICE, ALLOW, 1.001);
  assert.equal(scene.recall(ALICE, 1.001), "allow");
});

Deno.test("Cache lets an allowance end when the account does", () => {
  using scene = new Scene();
  scene.remember(ALICE, { allow: true, until: later(2) });
  assert.equal(scene.recall(ALICE, 1.99), "allow");
  assert.equal(scene.recall(ALICE, 2), "expired");
});

Deno.test("Cache does not write again what is the same a moment later", () => {
  using scene = new Scene();
  scene.remember(ALICE, ALLOW);
  scene.remember(ALICE, ALLOW, 0.01);
  assert.equal(scene.cache.recall(ALICE, later(0.01), HOUR, scene.log)?.ageMs, 36_000);
  scene.remember(ALICE, ALLOW, 0.02);
  assert.equal(scene.cache.recall(ALICE, later(0.02), HOUR, scene.log)?.ageMs, 0);
});

Deno.test("Cache believes nothing when the clock was set back, until a directory answers", () => {
  using scene = new Scene();
  scene.remember(ALICE, ALLOW);
  assert.equal(scene.recall(ALICE, 5), "allow");
  assert.equal(scene.recall(ALICE, 1), undefined);
  assert.match(scene.logged.join(), /is not used: the clock was set back/);
  scene.reopen();
  assert.equal(scene.recall(ALICE, 1), undefined);
  // The directory answers for somebody else: the clock is right again, and what lies ahead of it is from the future.
  scene.remember(BOB, ALLOW, -3);
  assert.equal(scene.recall(BOB, -3), "allow");
  assert.equal(scene.recall(ALICE, -3), undefined);
});

Deno.test("Cache keeps no allowance when a denial does not fit on the disk", () => {
  using scene = new Scene();
  scene.remember(ALICE, ALLOW);
  // From here on SQLite has not one page more: a row that is longer does not fit, but what gets shorter does.
  scene.reopen({ pagesMax: 1 });
  let users = 0;
  while (scene.logged.length === 0 && users < 5000) {
    scene.remember({ rules: "r", user: `user${users++}` }, ALLOW);
  }
  assert.match(scene.logged[0] ?? "", /cannot be written to the cache .*full/);
  assert.equal(scene.recall(ALICE, 0), "allow");
  scene.remember(ALICE, deny("locked"));
  assert.notEqual(scene.recall(ALICE, 0), "allow");
  scene.reopen();
  assert.notEqual(scene.recall(ALICE, 0), "allow");
});

Deno.test("Cache deletes its file when it can be told neither of a denial nor to forget", () => {
  using scene = new Scene();
  scene.remember(ALICE, ALLOW);
  scene.remember(BOB, ALLOW);
  using other = new DatabaseSync(scene.file);
  other.exec("BEGIN EXCLUSIVE");
  scene.remember(ALICE, deny("locked"));
  assert.match(
    scene.logged.join("\n"),
    /cannot be written to the cache .*locked\n.*was deleted: it could not be told of a denial/,
  );
  assert.equal(scene.recall(ALICE, 0), undefined);
  assert.equal(scene.recall(BOB, 0), undefined);
  other.exec("ROLLBACK");
  scene.remember(ALICE, ALLOW);
  assert.equal(scene.recall(ALICE, 0), "allow");
});

Deno.test("Cache notices that another process has deleted the file", () => {
  using scene = new Scene();
  scene.remember(ALICE, ALLOW);
  using other = new Scene();
  Deno.removeSync(scene.file);
  assert.equal(scene.recall(ALICE, 0), undefined);
  scene.remember(ALICE, deny("group"));
  scene.reopen();
  assert.equal(scene.recall(ALICE, 0), "group");
  assert.deepEqual(other.logged, []);
});

Deno.test("Cache shares its file with that of another worker", () => {
  using scene = new Scene();
  using other = new Cache(scene.file);
  scene.remember(ALICE, ALLOW);
  other.remember(ALICE, deny("locked"), later(1), 8 * HOUR, scene.log);
  assert.equal(scene.recall(ALICE, 1), "locked");
  scene.remember(BOB, ALLOW, 1);
  assert.equal(other.recall(BOB, later(1), HOUR, scene.log)?.decision.allow, true);
  assert.deepEqual(scene.logged, []);
});

Deno.test("Cache throws away a file that is no database, or of another form", () => {
  using scene = new Scene();
  Deno.writeTextFileSync(scene.file, "this is no database".repeat(1000));
  assert.equal(scene.recall(ALICE, 0), undefined);
  scene.remember(ALICE, ALLOW);
  assert.equal(scene.recall(ALICE, 0), "allow");
  scene.cache[Symbol.dispose]();
  using other = new DatabaseSync(scene.file);
  other.exec("PRAGMA user_version = 99");
  other.close();
  scene.reopen();
  assert.equal(scene.recall(ALICE, 0), undefined);
});

Deno.test("Cache has no names in its file, which is its owner's alone", () => {
  using scene = new Scene();
  scene.remember({ rules: "r", user: "my-password-by-mistake" }, deny("unknown"));
  scene.reopen();
  const text = new TextDecoder("latin1").decode(Deno.readFileSync(scene.file));
  assert.ok(text.includes("unknown") && !text.includes("my-password"));
  assert.equal((Deno.statSync(scene.file).mode ?? 0) & 0o777, 0o600);
});

Deno.test("Cache logs and goes on where it cannot have a file", () => {
  using scene = new Scene();
  const logged: string[] = [];
  const log = { error: (message: string) => void logged.push(message) };
  const cache = new Cache(join(scene.folder, "missing", "cache.db"));
  cache.remember(ALICE, deny("locked"), NOW, HOUR, log);
  assert.equal(cache.recall(ALICE, NOW, HOUR, log), undefined);
  assert.ok(logged.length >= 2);
});
