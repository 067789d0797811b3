// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { calendarOf, type CalendarWords, cellsOf, Clock } from "../../../sdk/author/simulate/calendar.ts";

const HERE = { now: Temporal.Instant.from("2026-08-05T22:30:00Z"), zone: "Europe/Berlin" };
const of = (words: CalendarWords) => calendarOf(words, HERE);

Deno.test("calendarOf() begins today in its time zone, and takes a week of quarter hours", () => {
  const { zone, stepMin, days, starts } = of({});
  assert.equal(zone, "Europe/Berlin");
  assert.equal(stepMin, 15);
  assert.deepEqual(days.map(({ weekday, date }) => `${weekday} ${date}`), [
    "Thu 2026-08-06",
    "Fri 2026-08-07",
    "Sat 2026-08-08",
    "Sun 2026-08-09",
    "Mon 2026-08-10",
    "Tue 2026-08-11",
    "Wed 2026-08-12",
  ]);
  assert.equal(starts.length, 7 * 96 + 1);
  assert.equal(starts[0], Date.parse("2026-08-06T00:00:00+02:00"));
  assert.equal(of({ tz: "UTC" }).days[0]!.date, "2026-08-05");
});

Deno.test("calendarOf() takes the last day as one of the days", () => {
  assert.equal(of({ from: "2026-08-03", to: "2026-08-09" }).days.length, 7);
  assert.equal(of({ from: "2026-08-03", to: "2026-08-03" }).days.length, 1);
  assert.equal(of({ from: "2026-02-01", to: "2026-03-01" }).days.length, 29);
});

Deno.test("calendarOf() gives a day on which clocks change the hours that it has", () => {
  const spring = of({ from: "2026-03-28", days: 3 });
  assert.deepEqual(spring.days.map(({ minutes, cells, changes }) => [minutes / 60, cells, changes]), [
    [24, 96, false],
    [23, 92, true],
    [24, 96, false],
  ]);
  const clock = new Clock(spring);
  const second = spring.days[1]!;
  assert.equal(clock.time(second.first + 7), "01:45+01:00");
  assert.equal(clock.time(second.first + 8), "03:00+02:00");
  const autumn = of({ from: "2026-10-25", days: 1 });
  assert.equal(cellsOf(autumn), 100);
  const twice = new Clock(autumn);
  assert.deepEqual([8, 12].map((cell) => twice.time(cell)), ["02:00+02:00", "02:00+01:00"]);
  assert.deepEqual([8, 12].map((cell) => twice.stamp(cell)), [
    "2026-10-25T02:00:00+02:00",
    "2026-10-25T02:00:00+01:00",
  ]);
});

Deno.test("calendarOf() knows days that are half an hour longer, and that have no midnight", () => {
  const howe = of({ from: "2026-04-05", days: 1, tz: "Australia/Lord_Howe", step: "1h" });
  assert.deepEqual([howe.days[0]!.minutes, howe.days[0]!.cells], [24.5 * 60, 25]);
  assert.equal(howe.starts[25]! - howe.starts[24]!, 30 * 60_000);
  const beirut = of({ from: "2026-03-29", days: 1, tz: "Asia/Beirut" });
  assert.equal(new Clock(beirut).time(0), "01:00+03:00");
  assert.equal(beirut.days[0]!.minutes, 23 * 60);
});

Deno.test("a Clock calls the end of a day 24:00", () => {
  const clock = new Clock(of({ from: "2026-08-03", days: 2 }));
  assert.equal(clock.end(72), "18:00");
  assert.equal(clock.end(96), "24:00");
  assert.equal(clock.end(2 * 96), "24:00");
  assert.equal(clock.dayOf(95).date, "2026-08-03");
  assert.equal(clock.dayOf(96).date, "2026-08-04");
});

const WRONG: readonly [CalendarWords, RegExp][] = [
  [{ from: "2026-02-30" }, /^--from 2026-02-30: there is no such day: write it as YYYY-MM-DD/],
  [{ from: "today" }, /^--from today: there is no such day/],
  [{ to: "3.8.2026" }, /^--to 3\.8\.2026: there is no such day/],
  [{ from: "2026-08-03", to: "2026-08-02" }, /^--to 2026-08-02: it is before the first day, 2026-08-03$/],
  [{ from: "2026-08-03", to: "2027-08-05" }, /that would be 368 days: at most 366$/],
  [{ to: "2026-08-09", days: 3 }, /^--to and --days both say how long: write one of them$/],
  [{ days: 0 }, /^--days 0: write a number from 1 to 366$/],
  [{ days: 367 }, /^--days 367:/],
  [{ step: "7m" }, /^--step 7m: write minutes or hours of which a day is a multiple/],
  [{ step: "0m" }, /^--step 0m:/],
  [{ step: "15" }, /^--step 15:/],
  [{ step: "48h" }, /^--step 48h:/],
  [{ tz: "Berlin" }, /^--tz Berlin: there is no such time zone: write an IANA name/],
];

for (const [words, says] of WRONG) {
  Deno.test(`calendarOf() refuses ${JSON.stringify(words)}`, () => {
    assert.throws(() => of(words), { name: "CalendarError", message: says });
  });
}
