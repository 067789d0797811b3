// SPDX-License-Identifier: MIT
/**
 * What `pam-deno try` and the application that it plays say to each other: a line of JSON each way.
 *
 * @module
 */

import type { ConversationMessage, FailDelay, PamCode, PamItem } from "../../libpam/mod.ts";

/** The service functions of PAM, by the names of the hooks behind them. */
export const CALLS = [
  "authenticate",
  "setCredentials",
  "account",
  "openSession",
  "closeSession",
  "changePassword",
] as const;

/** A service function of PAM. */
export type Call = typeof CALLS[number];

/** Flags of an application, by their tokens. */
export const CALL_FLAGS = [
  "silent",
  "disallow_null_authtok",
  "change_expired_authtok",
  "establish_cred",
  "delete_cred",
  "reinitialize_cred",
  "refresh_cred",
] as const;

/** A flag of an application. */
export type CallFlag = typeof CALL_FLAGS[number];

/** Items by name. */
export type Items = Readonly<Partial<Record<PamItem, string>>>;

/** How a transaction starts. */
export interface StartRequest {
  readonly do: "start";
  readonly service: string;
  /** The user; libpam asks for it if it is left out. */
  readonly user?: string | undefined;
  /** The folder of the service file. */
  readonly confdir: string;
  readonly items: Items;
  readonly environment: Readonly<Record<string, string>>;
}

/** What an application is asked to do. */
export type ApplicationRequest =
  | StartRequest
  /** Sets items and variables of its own accord. */
  | { readonly do: "set"; readonly items: Items; readonly environment: Readonly<Record<string, string>> }
  | { readonly do: "call"; readonly call: Call; readonly flags: readonly CallFlag[] }
  /** Answers of the conversation; `null` as a whole if the application refuses. */
  | { readonly do: "answer"; readonly answers: readonly (string | null)[] | null }
  /** Ends the transaction; `silent` tells the modules that another process goes on with it. */
  | { readonly do: "end"; readonly silent: boolean }
  /** Starts a process below this one, which takes its place until that leaves. */
  | { readonly do: "fork" }
  | { readonly do: "leave" };

/** What a call came to, as the application sees it. */
export interface CallOutcome {
  /** What libpam returned. */
  readonly code: PamCode;
  /** How long it took, in milliseconds. */
  readonly totalMs: number;
  /** How much of that the application's conversation took, in milliseconds. */
  readonly conversationMs: number;
  /** The items afterwards. */
  readonly items: Items;
  /** The PAM environment afterwards. */
  readonly environment: Readonly<Record<string, string>>;
  /** The delays after failure that libpam would have made, so far. */
  readonly delays: readonly FailDelay[];
}

/** What an application says. */
export type ApplicationWord =
  /** It is there, or what was asked of it is done. */
  | { readonly said: "done"; readonly pid: number }
  | { readonly said: "code"; readonly outcome: CallOutcome }
  /** Its conversation was called: an `answer` is waited for. */
  | { readonly said: "ask"; readonly messages: readonly ConversationMessage[] }
  | { readonly said: "failed"; readonly message: string };

/** A line on standard error: all that libpam and the shim have written to the log until then has arrived. */
export const LOG_MARK = "-- end of the log --";
