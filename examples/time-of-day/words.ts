// SPDX-License-Identifier: MIT
/**
 * The small texts that rules are written in, on the pam.d line and in the rules file alike: hours, days, dates, time zones, names.
 *
 * @module
 */

import * as v from "valibot";
import type { Dates, Span, Weekday } from "./policy.ts";

const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const TIME = /^(?:[01]\d|2[0-3]):[0-5]\d$/;

/** A word of the pam.d line or a text of the rules file, or several. */
export type Word = string | readonly string[];

/**
 * Parses hours: `08:00-18:00`, `22:00-06:00` over midnight, `00:00-24:00` for the whole day.
 *
 * @throws {SyntaxError} If the text is anything else.
 */
export function parseSpan(text: string): Span {
  const [from = "", to = "", ...more] = text.trim().split("-");
  if (!TIME.test(from) || !(TIME.test(to) || to === "24:00") || more.length > 0) {
    throw new SyntaxError(`Cannot read the hours "${text}": write HH:MM-HH:MM, as in "08:00-18:00"`);
  }
  if (from === to) {
    throw new SyntaxError(`Cannot tell what "${text}" means: write "00:00-24:00" for a whole day`);
  }
  // An end at 24:00 is midnight, which is not behind any start and so lies on the following day.
  return {
    start: Temporal.PlainTime.from(from),
    end: Temporal.PlainTime.from(to === "24:00" ? "00:00" : to),
  };
}

/**
 * Parses days of the week: `mon`, `mon-fri`, `sat-mon` over the end of the week, `mon,wed,fri`, `daily`.
 *
 * @throws {SyntaxError} If a word is not a day.
 */
export function parseDays(text: string): Weekday[] {
  const days = new Set<number>();
  for (const part of text.split(",")) {
    const [first = "", last = first, ...more] = part.trim() === "daily"
      ? ["mon", "sun"]
      : part.trim().split("-");
    const [from, to] = [DAYS.indexOf(first), DAYS.indexOf(last)];
    if (from < 0 || to < 0 || more.length > 0) {
      throw new SyntaxError(
        `Cannot read the days "${text}": write ${DAYS.join(", ")}, "mon-fri", or "daily"`,
      );
    }
    for (let behind = (to - from + 7) % 7; behind >= 0; behind--) days.add((from + behind) % 7 + 1);
  }
  return [...days].sort() as Weekday[];
}

/**
 * Parses days of the calendar: `2026-12-24`, `2026-12-24..2027-01-06`, and without a year for every year: `12-25`, `12-24..01-02`.
 *
 * @throws {SyntaxError} If the text is anything else, or the last day is before the first.
 */
export function parseDates(text: string): Dates {
  const [from = "", to = from, ...more] = text.trim().split("..");
  try {
    if (more.length === 0 && [from, to].every((day) => /^\d{4}-\d\d-\d\d$/.test(day))) {
      const [first, last] = [Temporal.PlainDate.from(from), Temporal.PlainDate.from(to)];
      if (Temporal.PlainDate.compare(first, last) <= 0) return { every: "once", first, last };
    } else if (more.length === 0 && [from, to].every((day) => /^\d\d-\d\d$/.test(day))) {
      return {
        every: "year",
        first: Temporal.PlainMonthDay.from(from),
        last: Temporal.PlainMonthDay.from(to),
      };
    }
  } catch {
    // A day that no calendar has, such as 02-30: the same remedy.
  }
  throw new SyntaxError(
    `Cannot read the dates "${text}": write YYYY-MM-DD, or MM-DD for every year, and "first..last" for several days`,
  );
}

/**
 * Checks the name of a time zone.
 *
 * @throws {SyntaxError} If the machine does not know it.
 */
export function parseTimeZone(text: string): string {
  try {
    return new Temporal.ZonedDateTime(0n, text).timeZoneId;
  } catch {
    throw new SyntaxError(`Cannot find the time zone "${text}": write its IANA name, as in "Europe/Berlin"`);
  }
}

/**
 * Checks the name of a user, a group (`@name`) or everybody (`*`).
 *
 * @throws {SyntaxError} If it can be none of them.
 */
export function parseWho(text: string): string {
  if (/^(?:\*|@?[^@*!,\s][^,\s]*)$/.test(text)) return text;
  throw new SyntaxError(`Cannot read the name "${text}": write a user, "@group", or "*" for everybody`);
}

/** A pipe action from a function that throws a SyntaxError. */
export function parsed<Input, Output>(parse: (input: Input) => Output): v.RawTransformAction<Input, Output> {
  return v.rawTransform<Input, Output>(({ dataset, addIssue, NEVER }) => {
    try {
      return parse(dataset.value);
    } catch (error) {
      addIssue({ message: (error as SyntaxError).message });
      return NEVER;
    }
  });
}

/** A word or a list of words, each of which may be a comma list. */
export function words<Output>(
  what: string,
  parse: (word: string) => Output,
): v.GenericSchema<Word, readonly Output[]> {
  return v.pipe(
    v.union(
      [v.string(), v.pipe(v.array(v.string()), v.readonly())],
      `Cannot read ${what}: write a text or a list of texts`,
    ),
    parsed((given: Word): readonly Output[] => [given].flat().flatMap((word) => word.split(",")).map(parse)),
  );
}
