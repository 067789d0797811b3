// SPDX-License-Identifier: MIT
/**
 * What `pam-deno try` and the application that it plays say to each other. How that stands in lines is told in
 * `application/application.c`.
 *
 * @module
 */

import { codeToken, type ConversationMessage, ITEMS, STYLES } from "../../libpam/mod.ts";
import type { PamCode, PamItem, PamStyle } from "../../libpam/mod.ts";
import { FLAGS } from "../../tokens.ts";

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

/** What a call came to, as the application sees it. */
export interface CallOutcome {
  /** What libpam returned. */
  readonly code: PamCode;
  /** How long libpam, the shim and the module took, in milliseconds. */
  readonly serviceMs: number;
  /** How long the person took to answer, in milliseconds. */
  readonly humanMs: number;
  /** The items afterwards. */
  readonly items: Items;
  /** The PAM environment afterwards. */
  readonly environment: Readonly<Record<string, string>>;
  /** How long libpam would have waited after the failure, in milliseconds. */
  readonly delayMs: number;
}

/** What an application says. */
export type ApplicationWord =
  /** It is there, or what was asked of it is done. */
  | { readonly said: "done"; readonly pid: number }
  | { readonly said: "code"; readonly outcome: CallOutcome }
  /** Its conversation was called: an answer is waited for. */
  | { readonly said: "ask"; readonly messages: readonly ConversationMessage[] }
  | { readonly said: "failed"; readonly message: string };

/** A line on standard error: all that libpam and the shim have written to the log until then has arrived. */
export const LOG_MARK = "-- end of the log --";

/** A line for the application: words that may hold anything but NUL. */
export function formatRequest(words: readonly string[]): string {
  return `${words.map(encodeURIComponent).join(" ")}\n`;
}

/** A value that may be missing, as a word. */
export function optionalWord(value: string | null | undefined): string {
  return value === undefined || value === null ? "-" : `=${value}`;
}

/** The bits of flags. */
export function flagBits(flags: readonly CallFlag[]): number {
  return flags.reduce((bits, flag) => bits | FLAGS[flag], 0);
}

/** Reads a line of the application. */
export function readWord(line: string): ApplicationWord {
  const [said, ...words] = line.split(" ").map(decode);
  switch (said) {
    case "done":
      return { said, pid: Number(words[0]) };
    case "failed":
      return { said, message: words[0] ?? "" };
    case "ask": {
      const messages = [];
      for (let i = 0; i + 1 < words.length; i += 2) {
        messages.push({ style: styleOf(Number(words[i])), text: words[i + 1]!.slice(1) });
      }
      return { said, messages };
    }
    case "code":
      return { said, outcome: readOutcome(words) };
    default:
      throw new TypeError(`The application said something unknown: ${said}`);
  }
}

/** Octets that are no UTF-8 are U+FFFD. */
function decode(word: string): string {
  const octets = new TextEncoder().encode(word);
  const bytes: number[] = [];
  for (let i = 0; i < octets.length; i++) {
    const isEscaped = octets[i] === 0x25 && i + 2 < octets.length;
    bytes.push(isEscaped ? Number.parseInt(word.slice(i + 1, i + 3), 16) : octets[i]!);
    if (isEscaped) i += 2;
  }
  return new TextDecoder().decode(new Uint8Array(bytes));
}

function styleOf(number: number): PamStyle {
  const found = (Object.entries(STYLES) as [PamStyle, number][]).find(([, value]) => value === number);
  if (!found) throw new TypeError(`The application was asked in a style that is unknown: ${number}`);
  return found[0];
}

function readOutcome([code, total, human, shown, ...rest]: readonly string[]): CallOutcome {
  const items: Partial<Record<PamItem, string>> = {};
  const environment: Record<string, string> = {};
  let delayMs = 0;
  for (const word of rest) {
    const at = word.indexOf("=");
    const [name, value] = [word.slice(1, at), word.slice(at + 1)];
    if (word.startsWith("i")) items[itemOf(Number(name))] = value;
    else if (word.startsWith("e")) environment[name] = value;
    else delayMs = Number(word.slice(1)) / 1000;
  }
  const serviceMs = (Number(total) - Number(human) - Number(shown)) / 1000;
  return {
    code: codeToken(Number(code)),
    serviceMs,
    humanMs: Number(human) / 1000,
    items,
    environment,
    delayMs,
  };
}

function itemOf(number: number): PamItem {
  return (Object.keys(ITEMS) as PamItem[]).find((name) => ITEMS[name] === number)!;
}
