// SPDX-License-Identifier: MIT
/**
 * What a hook was answered in a cell, in the words that are told of it.
 *
 * @module
 */

import type { FailureClass } from "../../hooks.ts";
import type { PamCode } from "../../tokens.ts";

/** What one question came to. Cells with the same outcome are not told apart. */
export interface Outcome {
  /** What libpam gets. */
  readonly code: PamCode;
  /** The class of failure, if the code is not the module's. */
  readonly failure?: FailureClass;
  /** What the log says about the failure. */
  readonly cause?: string;
  /** What the person is shown, in order. */
  readonly texts: readonly string[];
  /** Whether the person was asked something. Nobody answers in a simulation. */
  readonly asked?: true;
}

/** What a login makes of an outcome. */
export const KINDS = ["allowed", "renews", "ignores", "refused", "failed"] as const;

/** What a login makes of an outcome: it goes on, goes on to a new password, is left to others, is refused; or the module broke. */
export type Kind = typeof KINDS[number];

/** What each kind means, for people. */
export const KIND_WORDS: Readonly<Record<Kind, string>> = {
  allowed: "the login goes on",
  renews: "the login goes on, with a new password first",
  ignores: "left to the other lines of the stack",
  refused: "refused",
  failed: "the module failed, and the code is not its own",
};

/** What a login makes of an outcome. */
export function kindOf({ code, failure }: Pick<Outcome, "code" | "failure">): Kind {
  if (failure !== undefined) return "failed";
  if (code === "success") return "allowed";
  if (code === "new_authtok_reqd") return "renews";
  return code === "ignore" ? "ignores" : "refused";
}

/** Whether a login goes on. */
export function goesOn(outcome: Pick<Outcome, "code" | "failure">): boolean {
  const kind = kindOf(outcome);
  return kind === "allowed" || kind === "renews";
}

/** What an outcome is called: its code, and with a failure its class. */
export function nameOf({ code, failure }: Pick<Outcome, "code" | "failure">): string {
  return failure === undefined ? code : `${code} (${failure})`;
}

/** The most outcomes that are told apart. A module that says something else in every cell would else fill the memory. */
export const OUTCOMES_MAX = 5_000;

/** The text in place of those that are not told apart any more. */
export const MORE_TEXTS = "(one of too many different texts to tell them apart)";

/** Gives each outcome a number, equal ones the same. */
export class OutcomeTable {
  readonly #numbers = new Map<string, number>();
  readonly #outcomes: Outcome[] = [];

  /** The outcomes, by their numbers. */
  get outcomes(): readonly Outcome[] {
    return this.#outcomes;
  }

  /** The number of an outcome. */
  numberOf(outcome: Outcome): number {
    const { code, failure = "", cause = "", texts, asked = false } = outcome;
    const key = [code, failure, asked, cause, ...texts].join("\0");
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    if (this.#outcomes.length >= OUTCOMES_MAX && !texts.includes(MORE_TEXTS)) {
      const { cause: _, ...bare } = outcome;
      return this.numberOf({ ...bare, texts: [MORE_TEXTS] });
    }
    this.#numbers.set(key, this.#outcomes.length);
    return this.#outcomes.push(outcome) - 1;
  }
}
