// SPDX-License-Identifier: MIT
/**
 * What is seen of passwords that are changed, or not.
 *
 * @module
 */

/** One call of libpam. */
export interface Call {
  /** Which. */
  readonly call: string;
  /** What it returned. */
  readonly code: string;
  /** Texts and questions, `STYLE TEXT`. */
  readonly shown: readonly string[];
  /** Days since the password was changed, afterwards. */
  readonly age: number;
}

/** One run of passwd(1). */
export interface Passwd {
  /** Its exit code. */
  readonly code: number;
  /** What it printed. */
  readonly printed: string;
  /** Days since the password was changed, afterwards. */
  readonly age: number;
}

/** All of it. */
export interface Report {
  /** A login with a password that is too old. */
  readonly aged: readonly Call[];
  /** A login with a password that must be changed. */
  readonly demanded: readonly Call[];
  /** A login during which the first change fails. */
  readonly cancelled: readonly Call[];
  /** A login with a password that is much too old. */
  readonly inactive: readonly Call[];
  /** passwd(1). */
  readonly passwd: Readonly<Record<"late" | "early" | "earlyByRoot" | "expired" | "aged", Passwd>>;
}
