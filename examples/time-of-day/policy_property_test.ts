// SPDX-License-Identifier: MIT
// The policy against an oracle that shares no idea with it: whole minutes in a set instead of ranges, day numbers instead of
// calendar dates, and the wall clock from Intl instead of Temporal.
import assert from "node:assert/strict";
import fc from "fast-check";
import { decide, nextOpening, type Policy, type Weekday } from "./policy.ts";

const ZONES = [
  "UTC",
  "Europe/Berlin",
  "America/New_York",
  "America/Havana",
  "America/Santiago",
  "America/St_Johns",
  "Asia/Kathmandu",
  "Australia/Lord_Howe",
  "Pacific/Kiritimati",
];
const MINUTES = 1440;
const DAY_MS = 86_400_000;
const [FIRST_MS, LAST_MS] = [Date.UTC(2024, 0, 1), Date.UTC(2029, 0, 1)];

/** Hours as minutes: from 0..1439, 1 to 1440 of them. */
type Minutes = readonly [from: number, length: number];
/** An exception as numbers: days since 1970 or, with `yearly`, month times 100 plus day. */
interface Exception {
  readonly yearly: boolean;
  readonly first: number;
  readonly last: number;
  readonly hours: readonly Minutes[];
}
interface Case {
  readonly zone: string;
  readonly week: readonly (readonly Minutes[])[];
  readonly exceptions: readonly Exception[];
  readonly ms: number;
}

function arbitraryCase(step: number): fc.Arbitrary<Case> {
  const minutes = fc.tuple(
    fc.integer({ min: 0, max: MINUTES / step - 1 }).map((n) => n * step),
    fc.integer({ min: 1, max: MINUTES / step }).map((n) => n * step),
  );
  const hours = fc.array(minutes, { maxLength: 3 });
  const once = fc.tuple(fc.integer({ min: FIRST_MS / DAY_MS, max: LAST_MS / DAY_MS }), fc.nat(20), hours)
    .map(([first, length, hours]) => ({ yearly: false, first, last: first + length, hours }));
  const monthDay = fc.integer({ min: 0, max: 365 }).map((day) =>
    monthAndDay(Date.UTC(2024, 0, 1) / DAY_MS + day)
  );
  const yearly = fc.tuple(monthDay, monthDay, hours)
    .map(([first, last, hours]) => ({ yearly: true, first, last, hours }));
  const anywhen = fc.integer({ min: FIRST_MS / 1000, max: LAST_MS / 1000 }).map((seconds) => seconds * 1000);
  return fc.record({
    zone: fc.constantFrom(...ZONES),
    week: fc.array(hours, { minLength: 7, maxLength: 7 }),
    exceptions: fc.array(fc.oneof(once, yearly), { maxLength: 2 }),
    ms: anywhen,
  }).chain((some) =>
    // Half of the questions fall within three hours of a change of the clock.
    fc.tuple(fc.boolean(), fc.integer({ min: -10_800, max: 10_800 })).map(([near, seconds]) => {
      const change = Temporal.Instant.fromEpochMilliseconds(some.ms).toZonedDateTimeISO(some.zone)
        .getTimeZoneTransition("next");
      return near && change !== null ? { ...some, ms: change.epochMilliseconds + seconds * 1000 } : some;
    })
  );
}

function monthAndDay(dayNumber: number): number {
  const date = new Date(dayNumber * DAY_MS);
  return (date.getUTCMonth() + 1) * 100 + date.getUTCDate();
}

const formats = new Map(ZONES.map((timeZone) => [
  timeZone,
  new Intl.DateTimeFormat("en-US", {
    timeZone,
    hourCycle: "h23",
    year: "numeric",
    month: "numeric",
    day: "numeric",
    hour: "numeric",
    minute: "numeric",
  }),
]));

/** The oracle. */
function naive({ zone, week, exceptions }: Case, ms: number): boolean {
  const parts = formats.get(zone)?.formatToParts(ms) ?? [];
  const part = (type: string) => Number(parts.find((part) => part.type === type)?.value);
  const wall = Date.UTC(part("year"), part("month") - 1, part("day"), part("hour"), part("minute")) / 60_000;
  const open = new Set<number>();
  for (const day of [Math.floor(wall / MINUTES) - 1, Math.floor(wall / MINUTES)]) {
    const exception = exceptions.find(({ yearly, first, last }) => {
      if (!yearly) return first <= day && day <= last;
      const here = monthAndDay(day);
      return first <= last ? here >= first && here <= last : here >= first || here <= last;
    });
    // 1970-01-01 was a Thursday.
    for (const [from, length] of exception?.hours ?? week[(day + 3) % 7] ?? []) {
      const until = Math.min(length, MINUTES);
      for (let minute = 0; minute < until; minute++) open.add(day * MINUTES + from + minute);
    }
  }
  return open.has(wall);
}

/** The same case as a policy. */
function policyOf({ zone, week, exceptions }: Case): Policy {
  const time = (minute: number) => new Temporal.PlainTime(Math.floor(minute / 60) % 24, minute % 60);
  const spans = (hours: readonly Minutes[]) =>
    hours.map(([from, length]) => ({ start: time(from), end: time(from + length) }));
  const everybody = { for: ["*"], except: [] };
  const open = week.map((hours, day) => ({ days: [day + 1 as Weekday], spans: spans(hours) }));
  const date = (day: number) => new Temporal.PlainDate(1970, 1, 1).add({ days: day });
  const monthDay = (number: number) => new Temporal.PlainMonthDay(Math.floor(number / 100), number % 100);
  return {
    timeZone: zone,
    otherwise: "deny",
    rules: [{ name: "hours", ...everybody, open }],
    exceptions: exceptions.map(({ yearly, first, last, hours }) => ({
      name: "exception",
      ...everybody,
      spans: spans(hours),
      dates: [
        yearly
          ? { every: "year", first: monthDay(first), last: monthDay(last) }
          : { every: "once", first: date(first), last: date(last) },
      ],
    })),
  };
}

const question = (ms: number) => ({
  at: Temporal.Instant.fromEpochMilliseconds(ms),
  user: "alice",
  groups: [],
});

Deno.test("decide() agrees with a minute-by-minute oracle", () => {
  fc.assert(
    fc.property(arbitraryCase(1), (some) => {
      assert.equal(decide(question(some.ms), policyOf(some)).allow, naive(some, some.ms));
    }),
    { numRuns: 2000 },
  );
});

Deno.test("nextOpening() agrees with trying every quarter of an hour for three days", () => {
  const QUARTER_MS = 900_000;
  fc.assert(
    fc.property(arbitraryCase(15), (some) => {
      const start = Math.floor(some.ms / QUARTER_MS) * QUARTER_MS;
      const found = nextOpening(question(start), policyOf(some))?.epochMilliseconds;
      if (naive(some, start)) return assert.equal(found, undefined);
      for (let ms = start + QUARTER_MS; ms <= start + 3 * DAY_MS; ms += QUARTER_MS) {
        if (naive(some, ms)) return assert.equal(found, ms);
      }
      assert.ok(found === undefined || found > start + 3 * DAY_MS);
    }),
    { numRuns: 200 },
  );
});
