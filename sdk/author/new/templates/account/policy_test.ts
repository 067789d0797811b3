// SPDX-License-Identifier: MIT
import { assert, assertEquals } from "@std/assert";
import { isOpen, nextOpening, refusal } from "./policy.ts";

const HOURS = { open: Temporal.PlainTime.from("08:00"), close: Temporal.PlainTime.from("18:00") };
const at = (text: string) => Temporal.PlainDateTime.from(text).toZonedDateTime("Europe/Berlin");

// 2026-01-05 is a Monday.
for (
  const [moment, open] of [
    ["2026-01-05T07:59:59", false],
    ["2026-01-05T08:00:00", true],
    ["2026-01-05T17:59:59", true],
    ["2026-01-05T18:00:00", false],
    ["2026-01-11T12:00:00", false],
  ] as const
) {
  Deno.test(`logins are ${open ? "open" : "closed"} at ${moment}`, () => {
    assertEquals(isOpen(HOURS, at(moment)), open);
  });
}

Deno.test("whenever logins are closed they open at the next opening, and not a second before", () => {
  const start = at("2026-03-23T00:00:00");
  // Two weeks, with the night in which the clock is put forward, in steps that meet every minute of the hour.
  for (let minutes = 0; minutes < 14 * 24 * 60; minutes += 7) {
    const moment = start.add({ minutes });
    if (isOpen(HOURS, moment)) continue;
    const opening = nextOpening(HOURS, moment);
    assert(opening !== undefined, moment.toString());
    assert(isOpen(HOURS, opening), moment.toString());
    assert(!isOpen(HOURS, opening.subtract({ seconds: 1 })), moment.toString());
  }
});

Deno.test("the refusal says when to come back", () => {
  assertEquals(
    refusal(nextOpening(HOURS, at("2026-01-11T20:00:00"))),
    "Logins are closed until 2026-01-12 08:00 (Europe/Berlin)",
  );
  assertEquals(refusal(undefined), "Logins are closed");
});
