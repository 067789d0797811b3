// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { Statistics } from "../../../sdk/supervisor/statistics.ts";
import { decide, PATIENCE_MS } from "./client.ts";
import { startWorker } from "./harness.ts";
import { delay } from "./modules.ts";

const CALLERS = 8;
const CALLS = 200;
/** An accept that failed is tried again after a second: a caller must never depend on that. */
const LATEST_MS = 900;

Deno.test("workers that share a socket share its callers, keep nobody waiting, and count each of them once", async () => {
  const statistics = new Statistics();
  const total = () =>
    Object.values(statistics.hooks()["account"]?.codes ?? {}).reduce((sum, count) => sum + count, 0);
  await using worker = await startWorker(
    `export default defineModule({ account: ({ deny }) => deny("perm_denied", String(Deno.pid)) });`,
    { onStatistics: (line) => statistics.take(line) },
  );
  await worker.ready;
  const second = worker.another();
  const byProcess = new Map<string, number>();
  let latest = 0;
  const call = async () => {
    const begin = performance.now();
    const answer = await decide(worker.path);
    latest = Math.max(latest, performance.now() - begin);
    assert.equal(answer?.type, "result");
    byProcess.set(answer.message!, (byProcess.get(answer.message!) ?? 0) + 1);
  };
  // The second is there when it has answered for the first time.
  let before = 0;
  while (!byProcess.has(String(second.pid))) {
    await Promise.all(Array.from({ length: 4 }, call));
    before += 4;
  }
  latest = 0;
  await Promise.all(Array.from({ length: CALLERS }, async () => {
    for (let i = 0; i < CALLS; i++) await call();
  }));
  const all = before + CALLERS * CALLS;
  assert.ok(latest < LATEST_MS, `a caller waited for ${latest} ms`);
  assert.deepEqual(new Set(byProcess.keys()), new Set([worker.process.pid, second.pid].map(String)));
  for (const [pid, count] of byProcess) assert.ok(count > CALLS / 10, `${pid} decided ${count} of ${all}`);
  for (const process of [worker.process, second]) process.drain(PATIENCE_MS);
  for (const end = performance.now() + PATIENCE_MS; total() < all && performance.now() < end;) {
    await delay(10);
  }
  assert.deepEqual(statistics.hooks()["account"]?.codes, { perm_denied: all });
});
