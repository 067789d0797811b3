// SPDX-License-Identifier: MIT
/**
 * Decides what the fields of a shadow entry mean today: pure, without a clock, in the order of pam_unix(8) of
 * Linux-PAM 1.5.2.
 *
 * @module
 */

import type { AgeingFields } from "@pam-deno/sdk";

/** What an empty field of shadow(5) is. */
const EMPTY = -1;
const MILLISECONDS_A_DAY = 86_400_000;

/** What the fields of a shadow entry say on a day. */
export type Verdict =
  | {
    /** The account has expired; or the password so long ago that it cannot be changed any more. */
    readonly is: "account_expired" | "inactive";
  }
  | {
    /** The administrator demands a new password; or the password is older than it may get. */
    readonly is: "must_change" | "aged";
  }
  | {
    /** Nothing has expired. */
    readonly is: "valid";
    /** Days for which the password is still good, 0 on the last one; only in the time of warning. */
    readonly daysLeft: number | undefined;
    /** The password was changed too lately to be changed again. */
    readonly tooEarly: boolean;
  };

/** Why an account check demands a new password. */
export const REASONS = ["must_change", "aged", "empty"] as const;

/** One of {@linkcode REASONS}. */
export type Reason = typeof REASONS[number];

/** What the account check knows beside the verdict. */
export interface AccountFacts {
  /** What the fields say. */
  readonly verdict: Verdict;
  /** No password fits. */
  readonly locked: boolean;
  /** The password is empty. */
  readonly empty: boolean;
}

/** How strict the account check is beyond pam_unix(8). */
export interface AccountRules {
  /** Whoever is locked is refused. */
  readonly refuseLocked: boolean;
  /** Whoever has an empty password needs another one: PAM_DISALLOW_NULL_AUTHTOK. */
  readonly disallowEmpty: boolean;
}

/** What the account check answers: a code of pam_sm_acct_mgmt(3), and the text for the person. */
export type AccountAnswer =
  | { readonly code: "acct_expired" | "perm_denied"; readonly text: string }
  | { readonly code: "new_authtok_reqd"; readonly text: string; readonly reason: Reason }
  | { readonly code: "success"; readonly warning: string | undefined };

/** How the change of a password was asked for. */
export interface ChangeRequest {
  /** PAM_CHANGE_EXPIRED_AUTHTOK. */
  readonly onlyIfExpired: boolean;
  /** The caller is root. */
  readonly privileged: boolean;
}

/** What the first pass of a change answers: a code of pam_sm_chauthtok(3), and the text for the person. */
export type ChangeAnswer =
  | { readonly code: "success" | "ignore" }
  | { readonly code: "perm_denied" | "authtok_err"; readonly text: string };

const DEMANDS: Readonly<Record<Reason, string>> = {
  must_change: "You must choose a new password now: the administrator demands it",
  aged: "Your password has expired: choose a new one now",
  empty: "Your account has no password: choose one now",
};

const REFUSALS = {
  account_expired: "Your account has expired: ask the administrator",
  inactive: "Your password expired too long ago: ask the administrator",
  locked: "Your account is locked: ask the administrator",
  tooEarly: "It is too early to change your password again",
} as const;

/**
 * The day of a moment, as shadow(5) counts days: in UTC, from 1970-01-01.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { dayOf } from "./policy.ts";
 *
 * assert.equal(dayOf(Temporal.Instant.from("2026-01-01T23:59:59Z")), 20454);
 * ```
 */
export function dayOf(now: Temporal.Instant): number {
  return Math.floor(now.epochMilliseconds / MILLISECONDS_A_DAY);
}

/**
 * What the fields of a shadow entry say.
 *
 * A number that means nothing counts as it is, because it does in pam_unix: an account with the expiry day -2
 * has expired, and a password whose last change is not known was changed on day -1.
 *
 * @param fields The numbers of the entry.
 * @param today The day.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { judge } from "./policy.ts";
 *
 * const fields = { lastChange: 20000, min: 0, max: 90, warn: 7, inactive: 30, expire: -1 };
 * assert.deepEqual(judge(fields, 20087), { is: "valid", daysLeft: 3, tooEarly: false });
 * assert.equal(judge(fields, 20091).is, "aged");
 * assert.equal(judge(fields, 20121).is, "inactive");
 * ```
 */
export function judge(fields: AgeingFields, today: number): Verdict {
  const { lastChange, min, max, warn, inactive, expire } = fields;
  if (expire !== EMPTY && expire <= today) return { is: "account_expired" };
  if (lastChange === 0) return { is: "must_change" };
  if (lastChange > today) return { is: "valid", daysLeft: undefined, tooEarly: false };
  const age = today - lastChange;
  if (max !== EMPTY && age > max) {
    // All three: with a negative number each of them can be the one that holds.
    const over = inactive !== EMPTY && age > inactive && age > max + inactive;
    return { is: over ? "inactive" : "aged" };
  }
  const warned = max !== EMPTY && warn !== EMPTY && age > max - warn;
  return { is: "valid", daysLeft: warned ? max - age : undefined, tooEarly: min !== EMPTY && age < min };
}

/**
 * What the account check answers.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { answerAccount } from "./policy.ts";
 *
 * const verdict = { is: "valid", daysLeft: 1, tooEarly: true } as const;
 * assert.deepEqual(
 *   answerAccount({ verdict, locked: true, empty: false }, { refuseLocked: false, disallowEmpty: true }),
 *   { code: "success", warning: "Your password expires in 1 day" },
 * );
 * ```
 */
export function answerAccount(
  { verdict, locked, empty }: AccountFacts,
  { refuseLocked, disallowEmpty }: AccountRules,
): AccountAnswer {
  if (verdict.is === "account_expired" || verdict.is === "inactive") {
    return { code: "acct_expired", text: REFUSALS[verdict.is] };
  }
  if (refuseLocked && locked) return { code: "perm_denied", text: REFUSALS.locked };
  if (verdict.is !== "valid") return demand(verdict.is);
  if (disallowEmpty && empty) return demand("empty");
  return { code: "success", warning: warning(verdict.daysLeft) };
}

/**
 * What the first pass of a change answers.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { answerChange } from "./policy.ts";
 *
 * const request = { onlyIfExpired: true, privileged: true };
 * assert.equal(answerChange({ is: "valid", daysLeft: 3, tooEarly: true }, request).code, "ignore");
 * assert.equal(answerChange({ is: "aged" }, request).code, "success");
 * ```
 */
export function answerChange(verdict: Verdict, { onlyIfExpired, privileged }: ChangeRequest): ChangeAnswer {
  // A login runs as root: that it may do everything is nothing that the person may.
  const asRoot = privileged && !onlyIfExpired;
  switch (verdict.is) {
    case "account_expired":
    case "inactive":
      return asRoot ? { code: "success" } : { code: "perm_denied", text: REFUSALS[verdict.is] };
    case "must_change":
    case "aged":
      return { code: "success" };
    case "valid":
      if (onlyIfExpired) return { code: "ignore" };
      return verdict.tooEarly && !asRoot
        ? { code: "authtok_err", text: REFUSALS.tooEarly }
        : { code: "success" };
  }
}

function demand(reason: Reason): AccountAnswer {
  return { code: "new_authtok_reqd", text: DEMANDS[reason], reason };
}

function warning(daysLeft: number | undefined): string | undefined {
  if (daysLeft === undefined) return undefined;
  if (daysLeft === 0) return "Your password expires today";
  return `Your password expires in ${daysLeft} ${daysLeft === 1 ? "day" : "days"}`;
}
