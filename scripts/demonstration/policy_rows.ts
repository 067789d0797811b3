// SPDX-License-Identifier: MIT
/**
 * Rows of examples/time-of-day: several users, times, and lines with a mistake. The module's clock is the real one, so that the
 * zones are chosen by it: one where it is day, one where it is night.
 *
 * @module
 */

import type { Expectation, Row, Section } from "./row.ts";
import { perform } from "./row.ts";
import type { Stage } from "./stage.ts";

const ZONES = [
  "Pacific/Honolulu",
  "America/Tijuana",
  "America/New_York",
  "America/Bahia",
  "Europe/London",
  "Europe/Athens",
  "Asia/Dubai",
  "Asia/Dhaka",
  "Asia/Singapore",
  "Asia/Tokyo",
  "Australia/Sydney",
  "Pacific/Auckland",
];
/** No module of this name: whatever the line says, that is not `ignore`. */
const MISSPELT = "time-of-dya";
const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/** The time in the zone in which it is nearest to `hour` o'clock. */
export function nearestZone(now: Temporal.Instant, hour: number): Temporal.ZonedDateTime {
  const distance = (time: Temporal.ZonedDateTime) => {
    const apart = Math.abs(time.hour + time.minute / 60 - hour);
    return Math.min(apart, 24 - apart);
  };
  return ZONES.map((zone) => now.toZonedDateTimeISO(zone)).reduce((best, time) =>
    distance(time) < distance(best) ? time : best
  );
}

/** The section. */
export function policyRows(stage: Stage, now: Temporal.Instant = Temporal.Now.instant()): Section {
  const [day, night] = [nearestZone(now, 12), nearestZone(now, 0)];
  const today = day.toPlainDate().toString();
  // All days of the week but this one.
  const otherDays = `${DAYS[day.dayOfWeek % 7]}-${DAYS[(day.dayOfWeek + 5) % 7]}`;
  const until = (from: Temporal.ZonedDateTime) =>
    new RegExp(`^Logins are closed for you until \\d{4}-\\d\\d-\\d\\d \\d\\d:00 \\(${from.timeZoneId}\\)$`);
  const never = "Logins are closed for you";
  const row = (user: string, at: Temporal.ZonedDateTime, line: string, expect: Expectation): Row => ({
    user,
    scene: sceneOf(at),
    hook: "account",
    line,
    expect,
    run() {
      const words = line.includes(MISSPELT) ? line : `time-of-day tz=${at.timeZoneId} ${line}`;
      using transaction = stage.start([{ type: "account", words }], { user });
      return perform(transaction, (t) => t.account(), () => stage.takeLog());
    },
  });
  return {
    title: "Who may log in when: account required pam_deno.so time-of-day tz=ZONE …",
    rows: [
      row("nobody", day, "hours=06:00-18:00", { code: "success" }),
      row("nobody", night, "hours=06:00-18:00", { code: "perm_denied", shown: [until(night)] }),
      row("nobody", night, "hours=18:00-06:00", { code: "success" }),
      row("nobody", day, `hours=00:00-24:00 days=${otherDays}`, { code: "perm_denied", shown: [until(day)] }),
      row("nobody", day, `hours=00:00-24:00 closed=${today}`, { code: "perm_denied", shown: [until(day)] }),
      row("nobody", day, "hours=06:00-18:00 for=@root", { code: "perm_denied", shown: [never] }),
      row("root", day, "hours=06:00-18:00 for=@root", { code: "success" }),
      row("root", night, "hours=06:00-18:00 except=root otherwise=allow", { code: "success" }),
      row("nosuchuser", day, "hours=06:00-18:00 for=@root", {
        code: "user_unknown",
        logged: /^account time-of-day: user_unknown in \d+ ms for an unknown user$/,
      }),
      row("nobody", day, "hour=06:00-18:00", {
        code: "service_err",
        logged: /^account time-of-day: misconfigured, service_err .*option "hour"/,
      }),
      row("nobody", day, `on_unreachable=ignore ${MISSPELT}`, {
        code: "service_err",
        logged: /^account time-of-dya: misconfigured, service_err .*time-of-day/,
      }),
    ],
  };
}

function sceneOf(time: Temporal.ZonedDateTime): string {
  const weekday = time.toLocaleString("en", { weekday: "short" });
  return `${weekday} ${time.toPlainTime().toString({ smallestUnit: "minute" })} ${time.timeZoneId}`;
}
