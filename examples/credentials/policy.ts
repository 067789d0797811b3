// SPDX-License-Identifier: MIT
/**
 * What a session's token needs now: a pure function of what is known about it, and of the time.
 *
 * @module
 */

import type { Verb } from "@pam-deno/sdk";
import * as v from "valibot";

/** A token that has less than this left is fetched anew, in milliseconds. */
export const NEAR_END_MS = 60_000;
/** After a failure the endpoint is left alone for this long, unless there must be a token, in milliseconds. */
export const REST_MS = 30_000;
/** The longest token that fits into a user's file. */
export const TOKEN_MAX = 7000;
/** The longest time that a token is believed to last, in seconds: ten years. */
export const LIFETIME_S_MAX = 315_360_000;

/** The most users of one PAM handle whose files are remembered: most applications have one, and sudo two. */
export const USERS_MAX = 8;

/** What is known about the token of one session; it is in the module data, and the token is not. */
export const TokenRecord = v.object({
  /** Whose session it is: an application may go on with another user, as sudo does. */
  user: v.string(),
  /** The name of the file: `oauth-` and a random part. */
  file: v.custom<`oauth-${string}`>((name) => typeof name === "string" && /^oauth-[0-9a-f]{16}$/.test(name)),
  /** Whether the file holds a token. */
  held: v.boolean(),
  /** When the token ends, in milliseconds since 1970; `null` if nobody said. */
  ends: v.nullable(v.number()),
  /** When the endpoint last gave none, in milliseconds since 1970; `null` if it did not fail. */
  failed: v.nullable(v.number()),
});

/** What is known about the token of one session. */
export type TokenRecord = v.InferOutput<typeof TokenRecord>;

/** What is known about the tokens of one PAM handle: a record for each user that the application went on with, the latest last. */
export const TokenRecords = v.pipe(v.array(TokenRecord), v.maxLength(USERS_MAX));

/**
 * The records with a new one in place of the one of the same user. If there are too many, the oldest is forgotten.
 *
 * @example
 * ```ts
 * import { withRecord } from "./policy.ts";
 * import assert from "node:assert/strict";
 *
 * const record = { user: "alice", file: "oauth-0011223344556677", held: true, ends: null, failed: null } as const;
 * assert.deepEqual(withRecord([record], { ...record, ends: 9 }), [{ ...record, ends: 9 }]);
 * ```
 */
export function withRecord(records: readonly TokenRecord[], record: TokenRecord): TokenRecord[] {
  return [...records.filter(({ user }) => user !== record.user), record].slice(-USERS_MAX);
}

/** Whether there is a token that has not ended. */
export function isGood(record: TokenRecord | undefined, now: number): boolean {
  return record !== undefined && record.held && (record.ends === null || record.ends > now);
}

/**
 * What to do about the token: `fetch` one, `keep` what there is, or `rest` because the endpoint has just failed.
 *
 * @param verb What setCredentials was asked; opening a session establishes.
 * @param record What is known, if anything.
 * @param now The time, in milliseconds since 1970.
 * @param insist Whether to ask an endpoint again that has just failed.
 *
 * @example
 * ```ts
 * import { plan } from "./policy.ts";
 * import assert from "node:assert/strict";
 *
 * const record = { user: "alice", file: "oauth-0011223344556677", held: true, ends: 600_000, failed: null } as const;
 * assert.equal(plan("establish", undefined, 0, false), "fetch");
 * assert.equal(plan("establish", record, 0, false), "keep");
 * assert.equal(plan("establish", record, 599_000, false), "fetch");
 * assert.equal(plan("reinitialize", record, 0, false), "fetch");
 * ```
 */
export function plan(
  verb: Exclude<Verb, "delete">,
  record: TokenRecord | undefined,
  now: number,
  insist: boolean,
): "fetch" | "keep" | "rest" {
  if (record === undefined) return verb === "refresh" ? "keep" : "fetch";
  const fresh = record.held && (record.ends === null || record.ends - now > NEAR_END_MS);
  if (verb === "establish" && fresh) return "keep";
  const resting = record.failed !== null && Math.abs(now - record.failed) < REST_MS;
  return resting && !insist ? "rest" : "fetch";
}

/** A token as the endpoint gave it. */
export interface Token {
  /** The token. */
  readonly value: string;
  /** How long it lasts, in seconds; `undefined` if nobody said. */
  readonly lifetime: number | undefined;
  /** What it is good for; `undefined` if nobody said. */
  readonly scope: string | undefined;
}

/** Why a token cannot stand in a file; `undefined` if it can. */
export function tokenProblem({ value, lifetime }: Token): string | undefined {
  if (lifetime !== undefined && !(lifetime > 0)) return "its token has ended already";
  if (value.length > TOKEN_MAX) return `its token has more than ${TOKEN_MAX} characters`;
  return /^[\x21-\x7e]+$/.test(value) ? undefined : "its token has characters that no token has";
}

/** When a token that was fetched now ends, in milliseconds since 1970. */
export function endOf({ lifetime }: Token, now: number): number | null {
  return lifetime === undefined ? null : Math.round(now + Math.min(lifetime, LIFETIME_S_MAX) * 1000);
}

/** What stands in the file. */
export function contentOf(token: Token, format: "token" | "json", now: number): string {
  if (format === "token") return `${token.value}\n`;
  const ends = endOf(token, now);
  const content = {
    access_token: token.value,
    token_type: "Bearer",
    ...ends === null ? {} : { expires_at: Math.floor(ends / 1000) },
    ...token.scope === undefined ? {} : { scope: token.scope },
  };
  return `${JSON.stringify(content)}\n`;
}
