// SPDX-License-Identifier: MIT
/**
 * The days that are asked about, cut into cells. A cell is an instant and what follows it: a day on which clocks are put forward has
 * fewer of them, one on which they are put back has more.
 *
 * @module
 */

/** Minutes of a day of 24 hours. */
const DAY_MIN = 1440;
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** The most days. */
export const DAYS_MAX = 366;
/** The days where nothing else is said. */
export const DAYS_DEFAULT = 7;
/** The words of `--step` where nothing else is said. */
export const STEP_DEFAULT = "15m";

/** Words that make no calendar. The message says which, and the remedy. */
export class CalendarError extends Error {
  override name = "CalendarError";
}

/** One day. */
export interface Day {
  /** Its date, such as `2026-08-03`. */
  readonly date: string;
  /** Its weekday, such as `Mon`. */
  readonly weekday: string;
  /** Its first cell. */
  readonly first: number;
  /** How many cells it has. */
  readonly cells: number;
  /** How long it is, in minutes: 1440 on most days. */
  readonly minutes: number;
  /** Whether clocks change on it: then a time alone does not say which instant is meant. */
  readonly changes: boolean;
}

/** The days and their cells. */
export interface Calendar {
  /** The time zone that the days are of, by its IANA name. */
  readonly zone: string;
  /** How long a cell is, in minutes; the last one of a day may be shorter. */
  readonly stepMin: number;
  /** The days, one after the other. */
  readonly days: readonly Day[];
  /** When each cell begins, in ms since 1970; the end of the last day stands behind the last one. */
  readonly starts: readonly number[];
}

/** What the command line says of the days. */
export interface CalendarWords {
  /** The first day; today if left out. */
  readonly from?: string | undefined;
  /** The last day; `days` from the first if left out. */
  readonly to?: string | undefined;
  /** How many days; {@linkcode DAYS_DEFAULT} if left out. */
  readonly days?: number | undefined;
  /** The length of a cell; {@linkcode STEP_DEFAULT} if left out. */
  readonly step?: string | undefined;
  /** The time zone; `ownZone` if left out. */
  readonly tz?: string | undefined;
}

/** Where and when the command is run. */
export interface Here {
  /** The time. */
  readonly now: Temporal.Instant;
  /** The machine's time zone. */
  readonly zone: string;
}

const WEEKDAYS = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];

/**
 * The days that the words name.
 *
 * @throws {CalendarError} if they name none.
 */
export function calendarOf(words: CalendarWords, here: Here): Calendar {
  const stepMin = stepOf(words.step ?? STEP_DEFAULT);
  const zone = zoneOf(words.tz ?? here.zone);
  const first = words.from === undefined
    ? here.now.toZonedDateTimeISO(zone).toPlainDate()
    : dateOf("--from", words.from);
  const count = daysFrom(first, words);
  const days: Day[] = [];
  const starts: number[] = [];
  let [date, start] = [first, first.toZonedDateTime(zone)];
  while (days.length < count) {
    const next = date.add({ days: 1 });
    const end = next.toZonedDateTime(zone);
    const minutes = (end.epochMilliseconds - start.epochMilliseconds) / MINUTE_MS;
    const cells = Math.ceil(minutes / stepMin);
    days.push({
      date: date.toString(),
      weekday: WEEKDAYS[date.dayOfWeek - 1]!,
      first: starts.length,
      cells,
      minutes,
      changes: minutes !== DAY_MIN || start.offsetNanoseconds !== end.offsetNanoseconds,
    });
    for (let i = 0; i < cells; i++) starts.push(start.epochMilliseconds + i * stepMin * MINUTE_MS);
    [date, start] = [next, end];
  }
  starts.push(start.epochMilliseconds);
  return { zone, stepMin, days, starts };
}

/** How many cells there are. */
export function cellsOf({ starts }: Pick<Calendar, "starts">): number {
  return starts.length - 1;
}

function stepOf(word: string): number {
  const [, number, unit] = /^([1-9][0-9]{0,3})([mh])$/.exec(word) ?? [];
  const minutes = Number(number) * (unit === "h" ? 60 : 1);
  if (DAY_MIN % minutes === 0) return minutes;
  throw new CalendarError(
    `--step ${word}: write minutes or hours of which a day is a multiple, such as 15m, 30m, 1h or 6h`,
  );
}

function zoneOf(name: string): string {
  try {
    return new Temporal.ZonedDateTime(0n, name).timeZoneId;
  } catch {
    throw new CalendarError(
      `--tz ${name}: there is no such time zone: write an IANA name, such as Europe/Berlin`,
    );
  }
}

function dateOf(option: string, word: string): Temporal.PlainDate {
  try {
    if (/^\d{4}-\d\d-\d\d$/.test(word)) return Temporal.PlainDate.from(word);
  } catch {
    // A day that no calendar has.
  }
  throw new CalendarError(
    `${option} ${word}: there is no such day: write it as YYYY-MM-DD, such as 2026-08-03`,
  );
}

function daysFrom(first: Temporal.PlainDate, { to, days }: CalendarWords): number {
  if (to !== undefined && days !== undefined) {
    throw new CalendarError("--to and --days both say how long: write one of them");
  }
  const count = to === undefined ? days ?? DAYS_DEFAULT : first.until(dateOf("--to", to)).days + 1;
  if (count >= 1 && count <= DAYS_MAX) return count;
  throw new CalendarError(
    to === undefined
      ? `--days ${days}: write a number from 1 to ${DAYS_MAX}`
      : count < 1
      ? `--to ${to}: it is before the first day, ${first}`
      : `--to ${to}: that would be ${count} days: at most ${DAYS_MAX}`,
  );
}

/** Tells when cells begin, as the clock on the wall shows it. */
export class Clock {
  readonly #calendar: Calendar;
  readonly #times: string[] = [];

  constructor(calendar: Calendar) {
    this.#calendar = calendar;
    for (const day of calendar.days) {
      for (let cell = day.first; cell < day.first + day.cells; cell++) {
        const at = this.#zoned(cell);
        // On a day on which clocks change, a time may come twice: the offset tells which.
        this.#times.push(
          at.toPlainTime().toString({ smallestUnit: "minute" }) + (day.changes ? at.offset : ""),
        );
      }
    }
  }

  /** The day that a cell is of. */
  dayOf(cell: number): Day {
    const { days } = this.#calendar;
    return days.findLast(({ first }) => first <= cell) ?? days[0]!;
  }

  /** The time at which a cell begins, such as `08:15`, or `02:15+01:00` where that is not enough. */
  time(cell: number): string {
    return this.#times[cell]!;
  }

  /** The hour that clocks show so many hours after the beginning of a day, from 0 to 23. */
  hourAfter({ first, changes }: Day, hours: number): number {
    if (!changes) return hours;
    const { starts, zone } = this.#calendar;
    const ms = starts[first]! + hours * HOUR_MS;
    return Temporal.Instant.fromEpochMilliseconds(ms).toZonedDateTimeISO(zone).hour;
  }

  /** The time at which the run of cells from `from` to before `to` ends: `24:00` at midnight. All of them are of one day. */
  end(to: number): string {
    const day = this.dayOf(to - 1);
    return to < day.first + day.cells ? this.time(to) : "24:00";
  }

  /** When a cell begins, as an instant with the offset of the time zone: `2026-08-03T08:00:00+02:00`. */
  stamp(cell: number): string {
    return this.#zoned(cell).toString({ timeZoneName: "never", smallestUnit: "second" });
  }

  #zoned(cell: number): Temporal.ZonedDateTime {
    const { starts, zone } = this.#calendar;
    return Temporal.Instant.fromEpochMilliseconds(starts[cell]!).toZonedDateTimeISO(zone);
  }
}
