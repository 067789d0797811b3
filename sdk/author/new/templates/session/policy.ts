// SPDX-License-Identifier: MIT
/**
 * What a session gets: a greeting, and how long its shell may idle. It knows no clock, no file and no PAM, so that a test is a line.
 *
 * @module
 */

/** Where a session comes from. */
export interface Visit {
  /** Whose it is. */
  readonly user: string;
  /** The host that it comes from; `undefined` for one at the machine. */
  readonly rhost: string | undefined;
}

/** How long a shell may idle, in minutes; 0 is as long as it likes. */
export interface Limits {
  /** At the machine. */
  readonly local: number;
  /** From elsewhere. */
  readonly remote: number;
}

/** The value of TMOUT for a session, in seconds; see bash(1). `undefined` if it is to have none. */
export function idleSeconds({ rhost }: Visit, { local, remote }: Limits): number | undefined {
  const minutes = rhost === undefined ? local : remote;
  return minutes === 0 ? undefined : minutes * 60;
}

/** What the person reads. */
export function greeting({ user, rhost }: Visit, seconds: number | undefined): string {
  const from = rhost === undefined ? "" : ` from ${rhost}`;
  const limit = seconds === undefined ? "" : ` A shell that idles for ${seconds / 60} min is closed.`;
  return `Welcome, ${user}${from}.${limit}`;
}

/** How long a session was open, for the log; `undefined` if nobody knows when it began. */
export function duration(opened: Temporal.Instant | undefined, now: Temporal.Instant): string | undefined {
  if (opened === undefined) return undefined;
  return now.since(opened, { largestUnit: "hours", smallestUnit: "seconds" }).toString();
}
