// SPDX-License-Identifier: MIT
/**
 * When logins are open. It knows no clock, no file and no PAM, so that a test is a line.
 *
 * @module
 */

/** The days on which logins are open: 1 is Monday, 7 is Sunday. */
export const OPEN_DAYS: readonly number[] = [1, 2, 3, 4, 5];

/** The hours of a day in which logins are open: `close` itself is no longer one of them. */
export interface Hours {
  /** The first moment. */
  readonly open: Temporal.PlainTime;
  /** The first moment that is over. */
  readonly close: Temporal.PlainTime;
}

/** Whether logins are open at a moment, which is in the time zone that counts. */
export function isOpen({ open, close }: Hours, at: Temporal.ZonedDateTime): boolean {
  const { compare } = Temporal.PlainTime;
  const time = at.toPlainTime();
  return OPEN_DAYS.includes(at.dayOfWeek) && compare(time, open) >= 0 && compare(time, close) < 0;
}

/** When logins open next; `undefined` if they do not within a week. */
export function nextOpening(hours: Hours, at: Temporal.ZonedDateTime): Temporal.ZonedDateTime | undefined {
  for (let days = 0; days <= 7; days++) {
    const day = at.toPlainDate().add({ days });
    const opening = day.toZonedDateTime({ timeZone: at.timeZoneId, plainTime: hours.open });
    if (OPEN_DAYS.includes(opening.dayOfWeek) && Temporal.ZonedDateTime.compare(opening, at) > 0) {
      return opening;
    }
  }
  return undefined;
}

/** What the person reads. */
export function refusal(opening: Temporal.ZonedDateTime | undefined): string {
  if (opening === undefined) return "Logins are closed";
  const time = opening.toPlainTime().toString({ smallestUnit: "minute" });
  return `Logins are closed until ${opening.toPlainDate()} ${time} (${opening.timeZoneId})`;
}
