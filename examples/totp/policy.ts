// SPDX-License-Identifier: MIT
/**
 * Whether a code is right: a pure function of code, secret, time and what was used before.
 *
 * @module
 */

import { HOTP, type Secret } from "otpauth";

/** How the codes of one user are made; see RFC 6238. */
export interface Generator {
  /** The secret that the user's device knows too. */
  readonly secret: Secret;
  /** How many digits a code has. */
  readonly digits: number;
  /** How long a code is shown, in seconds. */
  readonly period: number;
  /** The hash function. */
  readonly algorithm: string;
}

/** A code, and all that decides about it. */
export interface Question {
  /** What was typed. */
  readonly answer: string;
  /** How the user's codes are made. */
  readonly generator: Generator;
  /** When it was typed, in seconds since 1970. */
  readonly at: number;
  /** How many steps before and behind the present one are taken. */
  readonly window: number;
  /** The end of the last step whose code was taken, in seconds since 1970; 0 if there was none. */
  readonly usedUntil: number;
}

/** What was found out about a code. */
export type Verdict =
  | {
    /** It is right and was not used. */
    readonly right: true;
    /** The end of its step, in seconds since 1970: from now on no code of an earlier step is taken. */
    readonly usedUntil: number;
  }
  | {
    /** It is not taken. */
    readonly right: false;
    /** Why, for the log only. */
    readonly reason: "shape" | "wrong" | "used";
  };

/**
 * The digits of a code as typed: authenticators show them in groups, so spaces do not count.
 *
 * @returns `undefined` if it is not `digits` digits.
 */
export function digitsOf(answer: string, digits: number): string | undefined {
  const code = answer.replaceAll(" ", "");
  return code.length === digits && /^[0-9]+$/.test(code) ? code : undefined;
}

/** What sshd answers, over and over to the length of what was typed, for who may not come in; `fake_password()` in its auth-pam.c. */
const FEIGNED = "\b\n\r\x7fINCORRECT";

/**
 * Whether sshd gave this answer in place of the person's: the user does not exist, or sshd's configuration keeps them out, as
 * `PermitRootLogin` does root. No code looks like that.
 *
 * @example
 * ```ts
 * import { isFeigned } from "./policy.ts";
 * import assert from "node:assert/strict";
 *
 * assert.equal(isFeigned("\b\n\r\x7fIN"), true);
 * assert.equal(isFeigned("123456"), false);
 * ```
 */
export function isFeigned(answer: string): boolean {
  return answer !== "" && FEIGNED.repeat(Math.ceil(answer.length / FEIGNED.length)).startsWith(answer);
}

/**
 * Decides about a code. All steps of the window are tried, whatever the first ones say, and each comparison takes a time that does not
 * depend on the digits. If the codes of several steps are the same, the latest one counts: that uses up the others too.
 *
 * @example
 * ```ts
 * import { HOTP, Secret } from "otpauth";
 * import { judge } from "./policy.ts";
 * import assert from "node:assert/strict";
 *
 * const generator = { secret: new Secret({ size: 20 }), digits: 6, period: 30, algorithm: "SHA1" };
 * const answer = HOTP.generate({ ...generator, counter: 100 });
 * const question = { answer, generator, at: 3010, window: 1, usedUntil: 0 };
 * assert.deepEqual(judge(question), { right: true, usedUntil: 3030 });
 * assert.deepEqual(judge({ ...question, usedUntil: 3030 }), { right: false, reason: "used" });
 * ```
 */
export function judge({ answer, generator, at, window, usedUntil }: Question): Verdict {
  const { period, digits, secret, algorithm } = generator;
  const token = digitsOf(answer, digits);
  if (token === undefined) return { right: false, reason: "shape" };
  const present = Math.floor(at / period);
  let latest: number | undefined;
  for (let counter = Math.max(0, present - window); counter <= present + window; counter++) {
    const delta = HOTP.validate({ token, secret, algorithm, digits, counter, window: 0 });
    if (delta !== null) latest = counter;
  }
  if (latest === undefined) return { right: false, reason: "wrong" };
  // In seconds, not in steps: a period that is changed must not make old steps new.
  if (latest * period < usedUntil) return { right: false, reason: "used" };
  return { right: true, usedUntil: (latest + 1) * period };
}
