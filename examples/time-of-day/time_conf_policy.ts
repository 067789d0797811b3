// SPDX-License-Identifier: MIT
/**
 * What the rules of a time.conf(5) come to for a service, a terminal, a user and an instant: a pure function that gives the
 * answer of pam_time(8).
 *
 * A login is refused if any rule is for it and its times are not now. Rules that are for others do not count, and a file
 * without rules refuses nobody.
 *
 * @module
 */

import type { Hours, Logic, TimeConf, TimeRule } from "./time_conf.ts";

/** Who asks, and when. */
export interface TimeQuestion {
  /** PAM_SERVICE. */
  readonly service: string;
  /** PAM_TTY; `undefined` if the application has not set it, which is taken for an empty one. */
  readonly tty: string | undefined;
  /** PAM_USER, as it was typed: pam_time does not look it up. */
  readonly user: string;
  /** When. */
  readonly at: Temporal.Instant;
  /** IANA name of the time zone that the times are meant in. */
  readonly timeZone: string;
}

/** The answer, with the reason that belongs into the log. */
export interface TimeDecision {
  /** Whether the user may log in. */
  readonly allow: boolean;
  /** One sentence without a period: which rule decided; empty if none did. */
  readonly reason: string;
}

/** How many days ahead {@linkcode nextTime} looks: times repeat every week. */
const SEARCH_DAYS = 8;
/** How many questions {@linkcode nextTime} asks before it gives up: somebody waits for the answer. */
const SEARCH_STEPS_MAX = 20_000;

const DAY_NAMES = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"] as const;

/** What pam_time looks at of a moment. */
interface Clock {
  /** The day's bit in {@linkcode Hours.days}. */
  readonly day: number;
  /** The minute as four digits. */
  readonly minute: number;
}

/**
 * The rules that close logins for who asks, whoever is in which netgroup: service and terminal fit, and the times do not.
 *
 * @param question Who asks, and when.
 * @param conf The rules.
 * @returns Them in the order of the file.
 */
export function closedRules(question: TimeQuestion, conf: TimeConf): readonly TimeRule[] {
  const clock = clockOf(question.at.toZonedDateTimeISO(question.timeZone));
  return rulesFor(question, conf).filter(({ times }) => !holds(times, (hours) => includes(hours, clock)));
}

/**
 * Decides whether a user may log in.
 *
 * @param question Who asks, and when.
 * @param conf The rules.
 * @param netgroups The netgroups that the user is in; those of {@linkcode closedRules}, up to the first that
 *   {@linkcode concerns} the user, are enough.
 * @returns The decision with its reason.
 *
 * @example Nobody but root in the night
 * ```ts
 * import { decideTimeConf } from "./time_conf_policy.ts";
 * import { parseTimeConf } from "./time_conf.ts";
 * import assert from "node:assert/strict";
 *
 * const conf = parseTimeConf(new TextEncoder().encode("*;*;!root;Al0600-2200\n"), "time.conf");
 * const night = { service: "login", tty: "/dev/tty1", at: Temporal.Instant.from("2026-08-08T22:00:00Z"), timeZone: "UTC" };
 * assert.equal(decideTimeConf({ ...night, user: "root" }, conf).allow, true);
 * assert.deepEqual(decideTimeConf({ ...night, user: "alice" }, conf), {
 *   allow: false,
 *   reason: "time.conf:1: Closed on Saturday 2026-08-08 22:00 (UTC)",
 * });
 * ```
 */
export function decideTimeConf(
  question: TimeQuestion,
  conf: TimeConf,
  netgroups: ReadonlySet<string> = new Set(),
): TimeDecision {
  const rule = closedRules(question, conf).find((rule) => concerns(rule, question, netgroups));
  if (rule === undefined) return { allow: true, reason: "" };
  const local = question.at.toZonedDateTimeISO(question.timeZone);
  const time = local.toPlainTime().toString({ smallestUnit: "minute" });
  const day = DAY_NAMES[local.dayOfWeek % 7];
  const when = `${day} ${local.toPlainDate()} ${time} (${question.timeZone})`;
  return { allow: false, reason: `${conf.file}:${rule.line}: Closed on ${when}` };
}

/**
 * Finds the next moment at which {@linkcode decideTimeConf} would allow what it refuses at `question.at`.
 *
 * @param question Who asks, and when.
 * @param conf The rules.
 * @param netgroups The netgroups that the user is in: every one that a rule for this service and terminal names.
 * @returns The moment; `undefined` if there is none within a week, or it takes too long to find.
 */
export function nextTime(
  question: TimeQuestion,
  conf: TimeConf,
  netgroups: ReadonlySet<string> = new Set(),
): Temporal.ZonedDateTime | undefined {
  const { timeZone } = question;
  const rules = rulesFor(question, conf).filter((rule) => concerns(rule, question, netgroups));
  const now = question.at.toZonedDateTimeISO(timeZone);
  const minutes = [...new Set(rules.flatMap(({ times }) => times.flatMap(({ value }) => changesOf(value))))];
  const steps = minutes.length * SEARCH_DAYS * rules.reduce((sum, { times }) => sum + times.length, 0);
  if (steps > SEARCH_STEPS_MAX) return undefined;
  const isOpen = (moment: Temporal.ZonedDateTime) =>
    rules.every(({ times }) => holds(times, (hours) => includes(hours, clockOf(moment))));
  for (let ahead = 0; ahead <= SEARCH_DAYS; ahead++) {
    const date = now.toPlainDate().add({ days: ahead });
    const found = [
      ...minutes.flatMap((minute) => momentsOf(date, minute, timeZone)),
      ...changeOn(date, timeZone),
    ]
      .filter((moment) => Temporal.ZonedDateTime.compare(moment, now) > 0)
      .sort(Temporal.ZonedDateTime.compare)
      .find(isOpen);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** The rules for the service and the terminal. */
export function rulesFor({ service, tty = "" }: TimeQuestion, { rules }: TimeConf): readonly TimeRule[] {
  const name = ttyName(tty);
  return rules.filter(({ services, ttys }) =>
    holds(services, (pattern) => fits(pattern, service)) && holds(ttys, (pattern) => fits(pattern, name, tty))
  );
}

/** Whether a rule is for the user, who is in these `netgroups`. */
export function concerns(
  { users }: TimeRule,
  { user }: TimeQuestion,
  netgroups: ReadonlySet<string>,
): boolean {
  return "netgroup" in users ? netgroups.has(users.netgroup) : holds(users, (pattern) => fits(pattern, user));
}

/** Works a logic list off from left to right. */
function holds<Value>(logic: Logic<Value>, agrees: (value: Value) => boolean): boolean {
  return logic.reduce((left, { join, negated, value }) => {
    const right = negated !== agrees(value);
    return join === "and" ? left && right : left || right;
  }, false);
}

/** A terminal without its first folder: `/dev/pts/0` is `pts/0`, and `/tty1` is `tty1`. */
function ttyName(tty: string): string {
  return tty.startsWith("/") ? tty.replace(/^\/(?:[^/]*\/)?/, "") : tty;
}

/**
 * Whether a pattern fits a name. The first `*` that is not in the name itself stands for any text; what follows it is compared
 * with the end of `whole`, as pam_time does: both may lie over each other, and of a terminal `/dev/` is still there.
 */
function fits(pattern: string, name: string, whole = name): boolean {
  for (let i = 0; i < pattern.length; i++) {
    if (pattern[i] !== name[i]) return pattern[i] === "*" && whole.endsWith(pattern.slice(i + 1));
  }
  return pattern.length === name.length;
}

function clockOf({ dayOfWeek, hour, minute }: Temporal.ZonedDateTime): Clock {
  return { day: 1 << (dayOfWeek % 7), minute: hour * 100 + minute };
}

/** Whether a moment is in the hours. Over midnight, the last minute is in; on one day, it is not. */
function includes({ days, start, end }: Hours, { day, minute }: Clock): boolean {
  if (start < end) return (days & day) !== 0 && minute >= start && minute < end;
  const dayBefore = day === 1 ? 1 << 6 : day >> 1;
  return ((days & day) !== 0 && minute >= start) || ((days & dayBefore) !== 0 && minute <= end);
}

/** The minutes of a day at which hours can begin or be over, counted from midnight. */
function changesOf({ start, end }: Hours): number[] {
  // The minutes that no clock shows, as in 0875, come with the next hour.
  const count = (minute: number) => Math.floor(minute / 100) * 60 + Math.min(minute % 100, 60);
  return [0, count(start), count(end), count(end) + 1].filter((minute) => minute < 24 * 60);
}

/** The moments at which a clock shows a minute: two when it is put back. */
function momentsOf(date: Temporal.PlainDate, minute: number, timeZone: string): Temporal.ZonedDateTime[] {
  const local = date.toPlainDateTime(new Temporal.PlainTime(Math.floor(minute / 60), minute % 60));
  return (["earlier", "later"] as const).map((disambiguation) =>
    local.toZonedDateTime(timeZone, { disambiguation })
  );
}

/** The moment of a day at which the clock is changed, if there is one. */
function changeOn(date: Temporal.PlainDate, timeZone: string): Temporal.ZonedDateTime[] {
  const change = date.toZonedDateTime(timeZone).subtract({ nanoseconds: 1 }).getTimeZoneTransition("next");
  return change?.toPlainDate().equals(date) ? [change] : [];
}
