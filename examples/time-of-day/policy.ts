// SPDX-License-Identifier: MIT
/**
 * Who may log in when: a pure function of an instant, a user and a policy. There is no clock here, no file and no PAM, so that a
 * test, a simulation or a calendar view can ask the same question as the login does.
 *
 * Three rules decide every doubtful case:
 *
 * - **The clock on the wall counts.** Opening hours are compared with the local date and time of the policy's time zone. Hours
 *   that the clock leaps over in spring never come; hours that it shows twice in autumn are open (or closed) both times.
 * - **Hours are half open.** `08:00-18:00` has its first second at 08:00:00 and its last at 17:59:59.
 * - **Hours over midnight belong to the day on which they start.** `fri 22:00-06:00` ends on Saturday at 06:00, whatever is said
 *   about Saturday, and an exception for Saturday does not shorten it.
 *
 * @module
 */

/** Days of the week as ISO 8601 numbers them: 1 is Monday, 7 is Sunday. */
export type Weekday = 1 | 2 | 3 | 4 | 5 | 6 | 7;

/** Hours from `start` up to, but without, `end`. An end that is not behind the start lies on the following day. */
export interface Span {
  /** The first moment. */
  readonly start: Temporal.PlainTime;
  /** The moment behind the last one. */
  readonly end: Temporal.PlainTime;
}

/** The hours of some days of the week. */
export interface Opening {
  /** The days on which the hours start. */
  readonly days: readonly Weekday[];
  /** The hours; none is closed all day. */
  readonly spans: readonly Span[];
}

/** Whom something is for. A name is a user, `@name` a group, `*` everybody. */
export interface Concerned {
  /** The users and groups that are meant. */
  readonly for: readonly string[];
  /** Users and groups that are left out again. */
  readonly except: readonly string[];
}

/** Opening hours for some users. The first rule of a policy that is for a user decides. */
export interface Rule extends Concerned {
  /** What the log calls it. */
  readonly name: string;
  /** `always` and `never` know no calendar: exceptions do not touch them. */
  readonly open: "always" | "never" | readonly Opening[];
  /** IANA name of a time zone; the policy's if absent. */
  readonly timeZone?: string;
}

/** Days in a row, both ends included: of one calendar, or of every year (`12-24` to `01-02` passes the end of the year). */
export type Dates =
  | { readonly every: "once"; readonly first: Temporal.PlainDate; readonly last: Temporal.PlainDate }
  | { readonly every: "year"; readonly first: Temporal.PlainMonthDay; readonly last: Temporal.PlainMonthDay };

/** Days with hours of their own, which take the place of the weekday's. The first that fits day and user counts. */
export interface DatedException extends Concerned {
  /** What the log calls it. */
  readonly name: string;
  /** The days. */
  readonly dates: readonly Dates[];
  /** The hours that start on these days; none is closed all day. */
  readonly spans: readonly Span[];
}

/** Everything that decides. */
export interface Policy {
  /** IANA name of the time zone that hours and dates are written in. */
  readonly timeZone: string;
  /** In the order in which they are tried. */
  readonly rules: readonly Rule[];
  /** In the order in which they are tried. */
  readonly exceptions: readonly DatedException[];
  /** What happens to a user whom no rule is for. */
  readonly otherwise: "allow" | "deny";
}

/** The question. */
export interface Question {
  /** When. */
  readonly at: Temporal.Instant;
  /** The login name, as the user database spells it. */
  readonly user: string;
  /** Names of the user's groups. */
  readonly groups: readonly string[];
}

/** The answer, with the reason that belongs into the log. */
export interface Decision {
  /** Whether the user may log in. */
  readonly allow: boolean;
  /** The rule that decided; absent if no rule is for the user. */
  readonly rule: Rule | undefined;
  /** One sentence without a period: which rule, which day, which hours. */
  readonly reason: string;
}

/** How many days ahead {@linkcode nextOpening} looks. */
export const SEARCH_DAYS = 31;

const DAY_NAMES = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"] as const;

/**
 * Decides whether a user may log in.
 *
 * @param question Who asks, and when.
 * @param policy The rules.
 * @returns The decision with its reason; never throws for a policy that `rules.ts` has parsed.
 *
 * @example Fridays over midnight
 * ```ts
 * import { decide } from "./policy.ts";
 * import { parsePolicy } from "./rules.ts";
 * import assert from "node:assert/strict";
 *
 * const policy = parsePolicy(
 *   `{ "timeZone": "Europe/Berlin", "rules": [{ "for": ["*"], "open": { "fri": "22:00-06:00" } }] }`,
 *   "rules.jsonc",
 * );
 * const at = Temporal.Instant.from("2026-08-08T05:59:59+02:00");
 * assert.equal(decide({ at, user: "alice", groups: [] }, policy).allow, true);
 * assert.equal(decide({ at: at.add({ seconds: 1 }), user: "alice", groups: [] }, policy).allow, false);
 * ```
 */
export function decide(question: Question, policy: Policy): Decision {
  const rule = policy.rules.find((rule) => concerns(rule, question));
  if (rule === undefined) {
    const allow = policy.otherwise === "allow";
    return { allow, rule, reason: `No rule is for this user, and "otherwise" is "${policy.otherwise}"` };
  }
  if (rule.open === "always" || rule.open === "never") {
    return { allow: rule.open === "always", rule, reason: `Rule "${rule.name}" is ${rule.open} open` };
  }
  const hours = new Calendar(rule, rule.open, question, policy);
  const local = question.at.toZonedDateTimeISO(hours.timeZone).toPlainDateTime();
  const found = hours.openAt(local);
  return {
    allow: found !== undefined,
    rule,
    reason: found === undefined
      ? `Rule "${rule.name}" is closed on ${show(local)} (${hours.timeZone})${
        hours.because(local.toPlainDate())
      }`
      : `Rule "${rule.name}" is open from ${show(found.start)} to ${show(found.end)} (${hours.timeZone})`,
  };
}

/**
 * Finds the next moment at which {@linkcode decide} would allow what it refuses at `question.at`.
 *
 * @param question Who asks, and when.
 * @param policy The rules.
 * @returns The moment in the time zone of the rule; `undefined` if the user is never let in, or not within
 * {@linkcode SEARCH_DAYS} days, or may log in already.
 */
export function nextOpening(question: Question, policy: Policy): Temporal.ZonedDateTime | undefined {
  const rule = policy.rules.find((rule) => concerns(rule, question));
  if (rule === undefined || typeof rule.open === "string") return undefined;
  const hours = new Calendar(rule, rule.open, question, policy);
  const now = question.at.toZonedDateTimeISO(hours.timeZone);
  if (hours.openAt(now.toPlainDateTime()) !== undefined) return undefined;
  for (let ahead = 0; ahead <= SEARCH_DAYS; ahead++) {
    const next = hours.changesOn(now.toPlainDate().add({ days: ahead }))
      .filter((moment) => Temporal.ZonedDateTime.compare(moment, now) > 0)
      .sort(Temporal.ZonedDateTime.compare)
      .find((moment) => hours.openAt(moment.toPlainDateTime()) !== undefined);
    if (next !== undefined) return next;
  }
  return undefined;
}

/** The hours of one rule for one user, day by day, exceptions included. */
class Calendar {
  readonly timeZone: string;
  readonly #openings: readonly Opening[];
  readonly #exceptions: readonly DatedException[];

  constructor(rule: Rule, openings: readonly Opening[], question: Question, policy: Policy) {
    this.timeZone = rule.timeZone ?? policy.timeZone;
    this.#openings = openings;
    this.#exceptions = policy.exceptions.filter((exception) => concerns(exception, question));
  }

  /** The hours around a local time; those that started the day before count too. */
  openAt(
    local: Temporal.PlainDateTime,
  ): { start: Temporal.PlainDateTime; end: Temporal.PlainDateTime } | undefined {
    const { compare } = Temporal.PlainDateTime;
    const today = local.toPlainDate();
    for (const date of [today, today.subtract({ days: 1 })]) {
      for (const span of this.#spansOf(date)) {
        const start = date.toPlainDateTime(span.start);
        const ends = Temporal.PlainTime.compare(span.end, span.start) > 0 ? date : date.add({ days: 1 });
        const end = ends.toPlainDateTime(span.end);
        if (compare(start, local) <= 0 && compare(local, end) < 0) return { start, end };
      }
    }
    return undefined;
  }

  /** Every moment of a day at which closed can become open: where hours start, and where the clock is changed. */
  changesOn(date: Temporal.PlainDate): Temporal.ZonedDateTime[] {
    const changed = date.toZonedDateTime(this.timeZone).subtract({ nanoseconds: 1 }).getTimeZoneTransition(
      "next",
    );
    const starts = this.#spansOf(date).flatMap(({ start }) =>
      (["earlier", "later"] as const).map((disambiguation) =>
        date.toPlainDateTime(start).toZonedDateTime(this.timeZone, { disambiguation })
      )
    );
    return changed?.toPlainDate().equals(date) ? [...starts, changed] : starts;
  }

  /** The exception of a day, as the end of a sentence. */
  because(date: Temporal.PlainDate): string {
    const exception = this.#exceptionOf(date);
    return exception === undefined ? "" : ` because of "${exception.name}"`;
  }

  #spansOf(date: Temporal.PlainDate): readonly Span[] {
    return this.#exceptionOf(date)?.spans ??
      this.#openings.filter(({ days }) => days.includes(date.dayOfWeek as Weekday)).flatMap(({ spans }) =>
        spans
      );
  }

  #exceptionOf(date: Temporal.PlainDate): DatedException | undefined {
    return this.#exceptions.find(({ dates }) => dates.some((days) => includes(days, date)));
  }
}

/** Whether something is for the user who asks. */
function concerns(who: Concerned, { user, groups }: Question): boolean {
  const named = (name: string) =>
    name === "*" || (name.startsWith("@") ? groups.includes(name.slice(1)) : name === user);
  return who.for.some(named) && !who.except.some(named);
}

/** Whether a day is among `dates`. In every year, `02-29` is a leap day and nothing else. */
function includes(dates: Dates, date: Temporal.PlainDate): boolean {
  if (dates.every === "once") {
    const { compare } = Temporal.PlainDate;
    return compare(dates.first, date) <= 0 && compare(date, dates.last) <= 0;
  }
  // Month and day in ISO form have the order of the calendar, and PlainMonthDay has no compare().
  const [first, last, day] = [dates.first, dates.last, date.toPlainMonthDay()].map(String) as [
    string,
    string,
    string,
  ];
  return first <= last ? first <= day && day <= last : first <= day || day <= last;
}

/** `Friday 2026-08-07 22:00`. */
function show(local: Temporal.PlainDateTime): string {
  const time = local.toPlainTime().toString({ smallestUnit: "minute" });
  return `${DAY_NAMES[local.dayOfWeek - 1]} ${local.toPlainDate()} ${time}`;
}
