// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { percentile, spanOf, SPANS } from "../../../sdk/worker/latency.ts";
import { Statistics } from "../../../sdk/supervisor/statistics.ts";

function line(value: unknown): string {
  return `stats ${JSON.stringify(value)}`;
}

Deno.test("Statistics.take() adds up the lines of several workers by hook and code", () => {
  const statistics = new Statistics();
  assert.deepEqual(statistics.hooks(), {});
  assert.ok(statistics.take(line({
    openSession: { codes: { success: 1 }, times: [] },
    account: { codes: { success: 3, perm_denied: 1 }, times: [20, 4] },
  })));
  assert.ok(statistics.take(line({ account: { codes: { success: 2, service_err: 1 }, times: [24, 3] } })));
  const hooks = statistics.hooks();
  assert.deepEqual(Object.keys(hooks), ["account", "openSession"]);
  assert.deepEqual(hooks["account"]?.codes, { success: 5, perm_denied: 1, service_err: 1 });
  assert.deepEqual(hooks["openSession"], { codes: { success: 1 } });
});

Deno.test("Statistics.hooks() has percentiles within the span that was counted", () => {
  const statistics = new Statistics();
  for (const [ms, count] of [[0.2, 90], [1, 9], [40, 1]] as const) {
    assert.ok(statistics.take(line({ account: { codes: { success: count }, times: [spanOf(ms), count] } })));
  }
  const { p50Ms, p99Ms } = statistics.hooks()["account"]!;
  assert.ok(p50Ms! > 0.2 * 0.8 && p50Ms! < 0.2 * 1.25, `p50 ${p50Ms}`);
  assert.ok(p99Ms! > 1 * 0.8 && p99Ms! < 1 * 1.25, `p99 ${p99Ms}`);
});

Deno.test("Statistics.hooks() forgets times when many came after them, and never a count", () => {
  const statistics = new Statistics();
  const say = (ms: number, count: number) =>
    assert.ok(statistics.take(line({ account: { codes: { success: count }, times: [spanOf(ms), count] } })));
  say(100, 4_000);
  say(100, 4_000);
  assert.ok(statistics.hooks()["account"]!.p50Ms! > 75);
  for (let i = 0; i < 3; i++) say(1, 5_000);
  const { codes, p50Ms, p99Ms } = statistics.hooks()["account"]!;
  assert.equal(codes["success"], 23_000);
  assert.ok(p50Ms! < 2 && p99Ms! < 2, `${p50Ms} ${p99Ms}`);
});

Deno.test("Statistics.take() refuses a line that holds anything else, as a whole", () => {
  const statistics = new Statistics();
  const good = { codes: { success: 1 }, times: [1, 1] };
  const bad: Record<string, string> = {
    "another word": "beat 1",
    "no JSON": "stats {",
    "a list": line([]),
    "null": "stats null",
    "an unknown hook": line({ account: good, greet: good }),
    "a name of the prototype": line({ account: good, constructor: good }),
    "__proto__": 'stats {"__proto__":{"codes":{},"times":[]}}',
    "an unknown code": line({ account: { codes: { success: 1, root: 1 }, times: [] } }),
    "a code of the prototype": line({ account: { codes: { toString: 1 }, times: [] } }),
    "no codes": line({ account: { times: [] } }),
    "no times": line({ account: { codes: {} } }),
    "more": line({ account: { ...good, more: 1 } }),
    "a count of 0": line({ account: { codes: { success: 0 }, times: [] } }),
    "a negative count": line({ account: { codes: { success: -1 }, times: [] } }),
    "a fraction": line({ account: { codes: { success: 1.5 }, times: [] } }),
    "a huge count": line({ account: { codes: { success: 10_000_001 }, times: [] } }),
    "1e400": 'stats {"account":{"codes":{"success":1e400},"times":[]}}',
    "a count in words": line({ account: { codes: { success: "1" }, times: [] } }),
    "half a pair": line({ account: { codes: {}, times: [1] } }),
    "a span that there is not": line({ account: { codes: {}, times: [SPANS, 1] } }),
    "a negative span": line({ account: { codes: {}, times: [-1, 1] } }),
    "a time of 0 hooks": line({ account: { codes: {}, times: [1, 0] } }),
    "too many times": line({ account: { codes: {}, times: Array(2 * SPANS + 2).fill(1) } }),
    "a line that is too long": `${line({ account: good })}${" ".repeat(4_096)}`,
  };
  for (const [what, text] of Object.entries(bad)) assert.equal(statistics.take(text), false, what);
  assert.deepEqual(statistics.hooks(), {});
});

Deno.test("Statistics.take() takes only so many lines in a second", () => {
  const statistics = new Statistics();
  let taken = 0;
  // More than two whole seconds could ever hold.
  for (let i = 0; i < 1_000; i++) {
    taken += Number(statistics.take(line({ account: { codes: { success: 1 }, times: [] } })));
  }
  assert.ok(taken >= 64 && taken <= 3 * 64, `${taken}`);
  assert.equal(statistics.hooks()["account"]?.codes["success"], taken);
});

Deno.test("spanOf() and percentile() know a time to an eighth, from a microsecond to minutes", () => {
  let before = 0;
  for (let ms = 0.001; ms < 600_000; ms *= 1.07) {
    const span = spanOf(ms);
    assert.ok(span >= before && span < SPANS, `${ms} ms is in span ${span}, after ${before}`);
    before = span;
    const counts = new Uint32Array(SPANS);
    counts[span] = 1;
    const found = percentile(counts, 0.5)!;
    // Below 4 µs a span is a whole microsecond.
    assert.ok(Math.abs(found - ms) <= Math.max(ms / 8 * 1.01, 0.001), `${ms} ms came back as ${found}`);
  }
  assert.equal(spanOf(-1), 0);
  assert.equal(spanOf(1e12), SPANS - 1);
  assert.equal(percentile(new Uint32Array(SPANS), 0.5), undefined);
});

Deno.test("percentile() is never shorter for a higher rank", () => {
  const counts = new Uint32Array(SPANS);
  for (let span = 0; span < SPANS; span++) counts[span] = (span * 7_919) % 13;
  let before = 0;
  for (let rank = 0.01; rank <= 1; rank += 0.01) {
    const found = percentile(counts, rank)!;
    assert.ok(found >= before, `${rank}: ${found} after ${before}`);
    before = found;
  }
});
