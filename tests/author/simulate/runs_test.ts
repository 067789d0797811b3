// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import fc from "fast-check";
import { cellsOfRuns, RunBuilder, runsOfDay, zipRuns } from "../../../sdk/author/simulate/runs.ts";

const cells = fc.array(fc.nat(3), { minLength: 1, maxLength: 60 });

function runsOf(values: readonly number[]) {
  const builder = new RunBuilder();
  values.forEach((value) => builder.push(value));
  return builder.runs;
}

Deno.test("runs are the cells that they were made of, and no two neighbours are equal", () => {
  fc.assert(
    fc.property(cells, (values) => {
      const runs = runsOf(values);
      assert.deepEqual(cellsOfRuns(runs), values);
      assert.ok(runs.every(({ value }, i) => value !== runs[i - 1]?.value));
    }),
    { seed: 5, numRuns: 500 },
  );
});

Deno.test("runsOfDay() has the cells of the day, wherever it begins", () => {
  fc.assert(
    fc.property(cells, fc.nat(59), fc.nat(59), (values, a, b) => {
      const first = a % values.length;
      const length = 1 + b % (values.length - first);
      const day = { date: "", weekday: "", first, cells: length, minutes: 0, changes: false };
      const runs = runsOfDay(runsOf(values), day);
      assert.deepEqual(cellsOfRuns(runs), values.slice(first, first + length));
      assert.equal(runs[0]!.first, first);
    }),
    { seed: 5, numRuns: 500 },
  );
});

Deno.test("zipRuns() lays cells beside each other", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(2), fc.nat(2)), { minLength: 1, maxLength: 60 }), (pairs) => {
      const zipped = zipRuns(runsOf(pairs.map(([a]) => a)), runsOf(pairs.map(([, b]) => b)));
      assert.deepEqual(cellsOfRuns(zipped), pairs);
      assert.ok(zipped.length <= pairs.length);
    }),
    { seed: 5, numRuns: 500 },
  );
});
