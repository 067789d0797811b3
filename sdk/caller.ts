// SPDX-License-Identifier: MIT
/**
 * What a hook may ask of the shim while its handler runs: the one way from the SDK to the outside. The worker
 * implements it over a connection, the test kit in memory.
 *
 * @module
 */

import type { PamStyle, PamToken } from "./tokens.ts";
import type { MessageOf } from "./wire/types.ts";

/** The passwd entry of the hook's user, as it travels. */
export type PasswdEntry = Omit<MessageOf<"passwd">, "type">;

/** One group of the hook's user, as it travels. */
export type GroupEntry = MessageOf<"groups">["groups"][number];

/** The ageing fields of the hook's user, as they travel: days, -1 for an empty field. */
export type AgeingEntry = Omit<MessageOf<"ageing">, "type">;

/** One process, as it travels: by its id and when it started. */
export type ProcessEntry = MessageOf<"lookup_processes">["processes"][number];

/** The level of a log line. */
export type LogLevel = MessageOf<"log">["level"];

/** The style of a text that needs no answer. */
export type TextStyle = Extract<PamStyle, "error_msg" | "text_info">;

/** One message of a conversation, as it travels. */
export interface CallerMessage {
  /** How to show it. */
  readonly style: PamStyle;
  /** What to show: at most TEXT_MAX bytes of UTF-8, no U+0000. */
  readonly text: string;
}

/**
 * Requests and one-way messages of one hook. Everything handed to it is already within the limits of the
 * protocol.
 *
 * Requests reject with {@linkcode PamError} when the shim answers `failed`, and with any other error when the
 * connection is gone. They are answered in order; the implementation may get the next one before the last is
 * answered. After dispatch() has given its outcome nothing is called any more.
 */
export interface Caller {
  /** Calls the application's conversation once; a position is `undefined` for a text or a missing answer. */
  converse(messages: readonly CallerMessage[]): Promise<readonly (Uint8Array | undefined)[]>;
  /** Calls pam_get_authtok(3). The receiver owns, and wipes, the bytes. */
  getToken(token: PamToken, prompt?: string): Promise<Uint8Array>;
  /** Looks up the passwd entry of the user; `undefined` if there is none. */
  lookupPasswd(): Promise<PasswdEntry | undefined>;
  /** Looks up the groups of the user; `undefined` if there is no such user. */
  lookupGroups(): Promise<readonly GroupEntry[] | undefined>;
  /** Looks up the ageing fields of the user's shadow entry; `undefined` if there is none. */
  lookupAgeing(): Promise<AgeingEntry | undefined>;
  /** Looks up whether the user is in a netgroup. */
  lookupNetgroup(netgroup: string): Promise<boolean>;
  /** Looks up which of `processes` still run, position by position. */
  lookupProcesses(processes: readonly ProcessEntry[]): Promise<readonly boolean[]>;
  /** Shows a text at once. */
  text(style: TextStyle, text: string): void;
  /** Writes a line, at most LOG_MAX bytes of UTF-8 without control characters, to the system log. */
  log(level: LogLevel, text: string): void;
}
