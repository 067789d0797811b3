// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import { ROOT } from "../../integration/harness.ts";
import type { Caller } from "./callers.ts";
import type { FullDiskSeen } from "./full_disk_program.ts";
import { NAME, Scene } from "./scene.ts";

const NOT_ROOT = Deno.uid() !== 0;

/** The service budget of a line: no answer may take longer. */
const BUDGET_MS = 5_000;

function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name: `${name} (needs root)`, ignore: NOT_ROOT, fn });
}

async function timed(caller: Caller): Promise<{ code: string; ms: number }> {
  const began = performance.now();
  const code = await caller.open();
  return { code, ms: performance.now() - began };
}

function assertLog(scene: Scene, expected: RegExp): void {
  const log = scene.log.join("\n");
  assert.match(log, expected);
  if (scene.redis !== undefined) assert.ok(!log.includes(scene.redis.password), "the password is in the log");
}

test("a wrong password for Redis refuses, with a log line that says what to mend", async () => {
  await using scene = await Scene.start({ kind: "redis" });
  const { redis } = scene;
  assert.ok(redis !== undefined);
  await redis.ask("CONFIG", "SET", "requirepass", "another");
  const [caller] = scene.callers(1);
  assert.equal(await caller?.open(), "perm_denied");
  assertLog(
    scene,
    /err pam_deno\(ledger:session\): .*Refused a session of "nobody": "redis:\/\/127\.0\.0\.1:\d+: WRONGPASS .*mend \\"username\\" and the file \\"password_file\\", then reload/,
  );
});

test("Redis that goes away between open and close does not hold up the logout, and is told later", async () => {
  await using scene = await Scene.start({ kind: "redis", options: { limit: 1 } });
  const { redis } = scene;
  assert.ok(redis !== undefined);
  const [one, two, probe] = scene.callers(3);
  assert.ok(one && two && probe);
  assert.equal(await one.open(), "success");
  await redis.kill();
  assert.equal(await one.close(), "success");
  assertLog(
    scene,
    /err .*The end of a session of "nobody" is not in the ledger yet: "redis:.*look whether Redis is there/,
  );
  const { code, ms } = await timed(two);
  assert.equal(code, "perm_denied");
  assert.ok(ms < BUDGET_MS, `${ms} ms`);
  await redis.run();
  assert.deepEqual(await scene.pids(), [one.pid], "from its append-only file");
  assert.equal(await two.open(), "success", "the worker tells it first what it missed");
  assert.deepEqual(await scene.pids(), [two.pid]);
});

test("a close that nobody could be told of is made up for when its process is gone", async () => {
  await using scene = await Scene.start({ kind: "redis", options: { limit: 1 } });
  const { redis, harness } = scene;
  assert.ok(redis !== undefined);
  const [one, two] = scene.callers(2);
  assert.ok(one && two);
  assert.equal(await one.open(), "success");
  await redis.kill();
  assert.equal(await one.close(), "success");
  // The worker that remembers it goes, too.
  const before = await harness.worker(NAME);
  Deno.kill(before, "SIGKILL");
  await harness.worker(NAME, [before], 10_000);
  await redis.run();
  assert.equal(await two.open(), "perm_denied", "it counts as long as its process is there");
  await one.kill();
  assert.equal(await two.open(), "success");
  assert.deepEqual(await scene.pids(), [two.pid]);
});

test("Redis that does not answer refuses within the budget, root and others who are let in excepted", async () => {
  await using scene = await Scene.start({ kind: "redis", options: { limit: 1 } });
  const { redis, harness } = scene;
  assert.ok(redis !== undefined);
  harness.stack("allowed", [{ type: "session", module: NAME, args: ["unavailable=allow"] }]);
  const [one, refused] = scene.callers(2);
  const [allowed] = scene.callers(1, "nobody", "allowed");
  const [root] = scene.callers(1, "root");
  assert.ok(one && refused && allowed && root);
  assert.equal(await one.open(), "success");
  assert.equal(await one.close(), "success");
  redis.signal("SIGSTOP");
  const answers = await Promise.all([refused, allowed, root].map(timed));
  assert.deepEqual(answers.map(({ code }) => code), ["perm_denied", "success", "success"]);
  for (const { ms } of answers) assert.ok(ms < BUDGET_MS, `${ms} ms`);
  assertLog(scene, /err .*Session "[0-9a-f]{32}" of "nobody" is open and not in the ledger: /);
  redis.signal("SIGCONT");
  const [next] = scene.callers(1);
  assert.equal(await next?.open(), "perm_denied", "whoever was let in is recorded late, and counts");
  assert.deepEqual(await scene.pids(), [allowed.pid, root.pid].sort((a, b) => a - b));
});

test("Redis with a certificate of somebody else refuses", async () => {
  await using scene = await Scene.start({ kind: "redis", tls: true });
  await using other = await Scene.start({ kind: "redis", tls: true, options: { limit: 1 } });
  assert.ok(scene.redis !== undefined && other.redis !== undefined);
  // The CA that signed the one is not that of the other.
  Deno.copyFileSync(other.redis.ca, scene.redis.ca);
  const [caller, well] = [...scene.callers(1), ...other.callers(1)];
  assert.equal(await caller?.open(), "perm_denied");
  assertLog(
    scene,
    /err .*Refused a session of "nobody": "rediss:.*certificate.*name those who signed it with \\"ca\\"/,
  );
  assert.equal(await well?.open(), "success");
});

test("Redis that speaks no TLS refuses where TLS is asked for", async () => {
  await using scene = await Scene.start({ kind: "redis" });
  const store = `rediss://127.0.0.1:${scene.redis?.port}`;
  scene.harness.stack("encrypted", [{ type: "session", module: NAME, args: [`store=${store}`] }]);
  const [caller] = scene.callers(1, "nobody", "encrypted");
  assert.ok(caller);
  const { code, ms } = await timed(caller);
  assert.equal(code, "perm_denied");
  assert.ok(ms < BUDGET_MS, `${ms} ms`);
  assertLog(scene, /err .*Refused a session of "nobody": "rediss:/);
});

test("a database that is damaged refuses, and says so; one that takes its place works", async () => {
  await using scene = await Scene.start({ kind: "sqlite" });
  const folder = join(scene.harness.keepDir, NAME);
  Deno.writeTextFileSync(join(folder, "sessions.db"), "This is no database at all. ".repeat(400));
  const { uid, gid } = Deno.statSync(folder);
  Deno.chownSync(join(folder, "sessions.db"), uid, gid);
  const [caller] = scene.callers(1);
  assert.equal(await caller?.open(), "perm_denied");
  assertLog(scene, /err .*sessions\.db: Cannot keep sessions: .*not a database: it is damaged: move it away/);
  Deno.removeSync(join(folder, "sessions.db"));
  assert.equal(await caller?.open(), "success");
});

test("a database that somebody else holds locked refuses within the budget", async () => {
  await using scene = await Scene.start({ kind: "sqlite" });
  const [one, two] = scene.callers(2);
  assert.ok(one && two);
  assert.equal(await one.open(), "success");
  const database = new DatabaseSync(join(scene.harness.keepDir, NAME, "sessions.db"));
  database.exec("BEGIN IMMEDIATE");
  // Many at once, and one after the other: all are answered, and the worker stays alive.
  const others = scene.callers(40);
  for (const { code, ms } of await Promise.all([two, ...others].map(timed))) {
    assert.equal(code, "perm_denied");
    assert.ok(ms < BUDGET_MS, `${ms} ms`);
  }
  assertLog(scene, /err .*sessions\.db: It was locked, or busy, for too long/);
  database.exec("ROLLBACK");
  database.close();
  assert.equal(await two.open(), "success");
  assert.deepEqual(await scene.pids(), [one.pid, two.pid].sort((a, b) => a - b));
});

test("a full disk under SQLite refuses, loses nothing, and is got over", async () => {
  const program = join(import.meta.dirname!, "full_disk_program.ts");
  const config = join(ROOT, "deno.json");
  const deno = [Deno.execPath(), "run", "--quiet", "--no-check", "-A", "--config", config, program];
  const { success, stdout, stderr } = await new Deno.Command("unshare", {
    args: ["--mount", "--propagation", "private", "--", ...deno],
    stdin: "null",
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  const seen = JSON.parse(new TextDecoder().decode(stdout)) as FullDiskSeen;
  assert.equal(seen.before, "success");
  assert.equal(seen.full.at(-1), "perm_denied");
  assert.ok(seen.full.slice(0, -1).every((code) => code === "success"));
  assert.equal(seen.closed, "success");
  assert.equal(seen.after, "success");
  assert.equal(seen.integrity, "ok");
  assert.ok(seen.isRight, "the ledger has what applications were told");
  assert.match(
    seen.log.join("\n"),
    /err .*sessions\.db: Cannot keep sessions: .*make room on its file system/,
  );
});
