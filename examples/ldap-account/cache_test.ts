// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { Cache, type Subject } from "./cache.ts";
import { STRANGERS_MAX } from "./cache_file.ts";
import { type Decision, type Reason, REASONS } from "./policy.ts";

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
  for (const reason of REASONS) {
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

/** One entry under several names and rules, and another one. */
const ENTRY = "uid=alice";
const SAME: Readonly<Record<string, Subject>> = {
  itself: { rules: "r", user: "alice", entry: ENTRY },
  spelled: { rules: "r", user: "ALICE ", entry: ENTRY },
  alias: { rules: "r", user: "a.liddell", entry: ENTRY },
  elsewhere: { rules: "s", user: "alice", entry: ENTRY },
  other: { rules: "r", user: "bob", entry: "uid=bob" },
};

Deno.test("Cache takes back what a denial says of the same person under other names and rules", () => {
  const person = ["other"];
  const rules = ["elsewhere", "other"];
  const left: Readonly<Record<Reason, readonly string[]>> = {
    unknown: person,
    locked: person,
    expired: person,
    unclear: person,
    host: rules,
    service: rules,
    group: rules,
    misspelt: ["spelled", "alias", "elsewhere", "other"],
  };
  for (const reason of REASONS) {
    for (const entry of reason === "unknown" ? [undefined] : [undefined, ENTRY]) {
      using scene = new Scene();
      for (const subject of Object.values(SAME)) scene.remember(subject, ALLOW);
      scene.remember({ ...ALICE, entry }, deny(reason), 1);
      scene.reopen();
      const allowed = Object.keys(SAME).filter((name) => scene.recall(SAME[name]!, 1) === "allow");
      assert.deepEqual(allowed, left[reason], reason);
      assert.equal(scene.recall(ALICE, 1), reason);
    }
  }
});

Deno.test("Cache takes back what came between two denials that are the same", () => {
  using scene = new Scene();
  scene.remember(SAME.itself!, deny("locked"));
  scene.remember(SAME.alias!, ALLOW, 0.001);
  assert.equal(scene.recall(SAME.alias!, 0.001), "allow");
  scene.remember(SAME.itself!, deny("locked"), 0.003);
  assert.equal(scene.recall(SAME.alias!, 0.003), undefined);
  // It was asked between the two.
  scene.remember(SAME.alias!, ALLOW, 0.002);
  assert.equal(scene.recall(SAME.alias!, 0.003), undefined);
});

Deno.test("Cache lets no allowance that comes late stand beside the denial of the same person", () => {
  for (const reason of ["locked", "unknown", "group"] as const) {
    using scene = new Scene();
    scene.remember(SAME.itself!, ALLOW);
    scene.remember({ ...ALICE, entry: reason === "unknown" ? undefined : ENTRY }, deny(reason), 1);
    for (const name of ["spelled", "alias", "elsewhere"]) {
      scene.remember(SAME[name]!, ALLOW, 0.999);
      const isAllowed = reason === "group" && name === "elsewhere";
      assert.equal(scene.recall(SAME[name]!, 1), isAllowed ? "allow" : undefined, `${reason}, ${name}`);
      scene.remember(SAME[name]!, ALLOW, 1.001);
      assert.equal(scene.recall(SAME[name]!, 1.001), "allow", `${reason}, ${name}`);
    }
  }
});

/** Another worker, in the middle of writing that everybody is locked. */
const DENYING = `
  import { DatabaseSync } from "node:sqlite";
  const [file, decided] = Deno.args;
  const database = new DatabaseSync(file);
  database.exec("BEGIN IMMEDIATE");
  database.prepare("UPDATE decision SET answer = 'locked', decided = ?").run(Number(decided));
  console.log("writing");
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 60);
  database.exec("COMMIT");
  database.close();
`;

Deno.test("Cache lets no allowance take the place of a newer denial that another worker is writing", async () => {
  using scene = new Scene();
  scene.remember(ALICE, ALLOW);
  const script = join(scene.folder, "denying.ts");
  Deno.writeTextFileSync(script, DENYING);
  const args = ["run", "-A", "--no-config", script, scene.file, `${later(1.0001).epochMilliseconds}`];
  const other = new Deno.Command(Deno.execPath(), { args, stdin: "null", stdout: "piped" }).spawn();
  const reader = other.stdout.getReader();
  assert.match(new TextDecoder().decode((await reader.read()).value), /writing/);
  scene.remember(ALICE, ALLOW, 1);
  await reader.cancel();
  assert.equal((await other.status).code, 0);
  assert.equal(scene.recall(ALICE, 1.001), "locked");
});

Deno.test("Cache keeps the answers on people, however many names strangers make up", () => {
  using scene = new Scene();
  scene.remember(SAME.itself!, ALLOW);
  scene.cache[Symbol.dispose]();
  using raw = new DatabaseSync(scene.file);
  const [decided, stale] = [later(0.1).epochMilliseconds, later(8).epochMilliseconds];
  raw.prepare(
    `WITH RECURSIVE number(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM number WHERE n < 60000)
     INSERT INTO decision SELECT randomblob(32), x'00', randomblob(32), NULL,
       iif(n % 2 = 0, 'unknown', 'misspelt'), ?, ?, NULL FROM number`,
  ).run(decided, stale);
  // A process deletes what is too much at its first write.
  scene.reopen();
  scene.remember(BOB, deny("unknown"), 0.2);
  assert.equal(raw.prepare("SELECT count(*) AS count FROM decision").get()?.count, STRANGERS_MAX + 1);
  assert.equal(scene.recall(SAME.itself!, 0.2), "allow");
  assert.equal(scene.recall(BOB, 0.2), "unknown");
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
