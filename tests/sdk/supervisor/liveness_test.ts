// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import fc from "fast-check";
import { BEYOND_BUDGET_MS, Liveness, USUAL_BUDGET_MS } from "../../../sdk/supervisor/liveness.ts";

Deno.test("Liveness lets a worker be silent for the usual budget and a little more", () => {
  const liveness = new Liveness(1_000);
  assert.equal(liveness.isOverdue(1_000 + USUAL_BUDGET_MS + BEYOND_BUDGET_MS), false);
  assert.equal(liveness.isOverdue(1_001 + USUAL_BUDGET_MS + BEYOND_BUDGET_MS), true);
  liveness.beat(2_000);
  assert.equal(liveness.silentMs(2_500), 500);
  assert.equal(liveness.isOverdue(1_001 + USUAL_BUDGET_MS + BEYOND_BUDGET_MS), false);
});

Deno.test("Liveness takes a budget for a word, and for what may be silent from then on", () => {
  const liveness = new Liveness(0);
  liveness.budget(4_000, 250);
  assert.equal(liveness.isOverdue(4_250 + BEYOND_BUDGET_MS), false);
  assert.equal(liveness.isOverdue(4_251 + BEYOND_BUDGET_MS), true);
  liveness.budget(4_300, 60_000);
  assert.equal(liveness.isOverdue(64_300), false);
});

Deno.test("Liveness believes no budget beyond a minute: no handler needs that without once giving up the turn", () => {
  const liveness = new Liveness(0);
  liveness.budget(0, 999_999);
  assert.equal(liveness.isOverdue(60_000 + BEYOND_BUDGET_MS), false);
  assert.equal(liveness.isOverdue(60_001 + BEYOND_BUDGET_MS), true);
});

Deno.test("Liveness never calls a worker overdue before the budget that was said last is over", () => {
  const word = fc.record({
    after: fc.integer({ min: 0, max: 5_000 }),
    ms: fc.option(fc.integer({ min: 0, max: 60_000 })),
  });
  fc.assert(fc.property(fc.array(word), fc.integer({ min: 0, max: 70_000 }), (words, later) => {
    const liveness = new Liveness(0);
    let [now, budget] = [0, USUAL_BUDGET_MS];
    for (const { after, ms } of words) {
      now += after;
      if (ms === null) liveness.beat(now);
      else liveness.budget(now, budget = ms);
    }
    assert.equal(liveness.isOverdue(now + later), later > budget + BEYOND_BUDGET_MS);
  }));
});
