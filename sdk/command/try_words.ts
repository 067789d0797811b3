// SPDX-License-Identifier: MIT
/**
 * The words of `pam-deno try` that mean something of their own.
 *
 * @module
 */

import { type Message, message } from "@optique/core/message";
import type { Suggestion } from "@optique/core/parser";
import type { NonEmptyString } from "@optique/core/nonempty";
import type { ValueParser } from "@optique/core/valueparser";
import { type Call, CALLS } from "../author/try/application_words.ts";
import { GRANTABLE, scopeError } from "../config/permissions.ts";
import { nearest } from "../nearest.ts";
import { ITEMS, type PamItem } from "../tokens.ts";

/** A value in two parts. */
export type Pair = readonly [name: string, value: string];

/** Names of libpam's own, and of the passes, for what an application calls. */
const ALSO: Readonly<Record<string, Call>> = {
  chauthtok: "changePassword",
  preliminary: "changePassword",
  update: "changePassword",
};

/** What the application calls: a hook, or changePassword for both of its passes. */
export function hookWord(): ValueParser<"sync", Call> {
  return {
    mode: "sync",
    metavar: "HOOK",
    placeholder: "account",
    parse(input) {
      const found = CALLS.find((call) => call === input) ?? ALSO[input];
      if (found !== undefined) return { success: true, value: found };
      const near = nearest(input, CALLS);
      return {
        success: false,
        error: near === undefined
          ? message`There is no hook ${input}: there are ${CALLS.join(", ")}.`
          : message`There is no hook ${input}: did you mean ${near}?`,
      };
    },
    format: (call) => call,
    *suggest(prefix): Iterable<Suggestion> {
      for (const text of CALLS) if (text.startsWith(prefix)) yield { kind: "literal", text };
    },
  };
}

/** `NAME=VALUE` with a name that `problem` has nothing to say against. */
function pair(
  metavar: NonEmptyString,
  problem: (name: string, value: string) => Message | undefined,
): ValueParser<"sync", Pair> {
  return {
    mode: "sync",
    metavar,
    placeholder: ["", ""],
    parse(input) {
      const at = input.indexOf("=");
      if (at <= 0) return { success: false, error: message`Expected ${metavar}, not ${input}.` };
      const [name, value] = [input.slice(0, at), input.slice(at + 1)];
      const error = problem(name, value);
      return error === undefined ? { success: true, value: [name, value] } : { success: false, error };
    },
    format: ([name, value]) => `${name}=${value}`,
  };
}

/** An item and its value. */
export function itemWord(): ValueParser<"sync", Pair> {
  const names = Object.keys(ITEMS) as PamItem[];
  return pair("NAME=VALUE", (name) => {
    if ((names as string[]).includes(name)) return undefined;
    const near = nearest(name, names);
    return near === undefined
      ? message`There is no item ${name}: there are ${names.join(", ")}.`
      : message`There is no item ${name}: did you mean ${near}?`;
  });
}

/** A variable and its value. */
export function variableWord(): ValueParser<"sync", Pair> {
  return pair("NAME=VALUE", () => undefined);
}

/** A kind of permission and a scope. */
export function allowWord(): ValueParser<"sync", Pair> {
  // What is dangerous is tried as it is installed, with a configuration that says so.
  const kinds = GRANTABLE.filter((kind) => kind !== "run" && kind !== "ffi");
  return pair("KIND=SCOPE", (name, value) => {
    const kind = kinds.find((kind) => kind === name);
    if (kind === undefined) return message`${name} cannot be allowed here: ${kinds.join(", ")} can.`;
    const wrong = scopeError(kind, value);
    return wrong === undefined ? undefined : message`The scope ${value} ${wrong}.`;
  });
}

/** An instant: with an offset or a zone, so that it is the same everywhere. */
export function clockWord(): ValueParser<"sync", Temporal.Instant> {
  return {
    mode: "sync",
    metavar: "TIME",
    placeholder: Temporal.Instant.fromEpochMilliseconds(0),
    parse(input) {
      try {
        return { success: true, value: Temporal.Instant.from(input) };
      } catch {
        return {
          success: false,
          error:
            message`${input} is no time: write it with its offset, such as 2026-12-24T23:30+01:00, or with Z.`,
        };
      }
    },
    format: (instant) => instant.toString(),
  };
}
