// SPDX-License-Identifier: MIT
/**
 * The statuses that `pam-deno` ends with. They mean the same for every command.
 *
 * @module
 */

/** What the status of the process says. A process that a signal ended has no status of these. */
export const EXIT = {
  /** What was asked for is done, and nothing is wrong. */
  done: 0,
  /** It could not be done, or what was looked at is not in order. What was there before is as it was. */
  failed: 1,
  /** The command line is wrong. Nothing was done. */
  misused: 2,
  /** The question was answered with no, or there was nobody to ask. Nothing was changed. */
  declined: 3,
} as const;
