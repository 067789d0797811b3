// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { Pace } from "../../../sdk/supervisor/pace.ts";

Deno.test("Pace doubles the pause with each failure, and never makes one worker wait for more than a second", () => {
  const pace = new Pace();
  let now = 0;
  const pauses = Array.from({ length: 9 }, () => {
    const pause = pace.pause(now);
    now += pause;
    return pause;
  });
  assert.deepEqual(pauses, [25, 50, 100, 200, 400, 800, 1_000, 1_000, 1_000]);
  assert.equal(pace.pause(now + 20_000), 25, "it was well in between");
});

Deno.test("Pace starts one worker a second however many of a module fail", () => {
  const pace = new Pace();
  const due = Array.from({ length: 16 }, () => pace.pause(0));
  const starts: number[] = [];
  while (due.length > 0) {
    due.sort((a, b) => a - b);
    const now = due.shift()!;
    if (now > 10_000) break;
    starts.push(now);
    due.push(now + pace.pause(now));
  }
  assert.ok(starts.length <= 16, `${starts.length} starts in ten seconds`);
});
