// SPDX-License-Identifier: MIT
import { assert, assertEquals, assertMatch } from "@std/assert";
import { duration, greeting, idleSeconds } from "./policy.ts";

const HERE = { user: "alice", rhost: undefined };
const THERE = { user: "alice", rhost: "203.0.113.9" };

for (
  const [visit, local, remote, seconds] of [
    [HERE, 0, 15, undefined],
    [HERE, 60, 15, 3600],
    [THERE, 0, 15, 900],
    [THERE, 60, 0, undefined],
  ] as const
) {
  const from = visit.rhost ?? "the machine";
  Deno.test(`from ${from}, with ${local} and ${remote} minutes, a shell may idle for ${seconds} s`, () => {
    assertEquals(idleSeconds(visit, { local, remote }), seconds);
  });
}

Deno.test("the limit that is set is the one that the greeting speaks of", () => {
  for (let minutes = 1; minutes <= 1440; minutes++) {
    const seconds = idleSeconds(THERE, { local: 0, remote: minutes });
    assert(seconds !== undefined);
    assertMatch(greeting(THERE, seconds), new RegExp(` ${minutes} min `));
  }
  assertEquals(greeting(HERE, undefined), "Welcome, alice.");
});

Deno.test("a session whose beginning is not known has no duration", () => {
  const now = Temporal.Instant.from("2026-01-05T17:30:00Z");
  assertEquals(duration(Temporal.Instant.from("2026-01-05T08:00:00Z"), now), "PT9H30M");
  assertEquals(duration(undefined, now), undefined);
});
