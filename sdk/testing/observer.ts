// SPDX-License-Identifier: MIT
/**
 * Whoever wants to know what hooks needed while tests run: `pam-deno needs`. It loads a file of its own before the tests, which puts an
 * observer where this one looks for it. Without it nothing here does anything; the worker knows nothing of it.
 *
 * The kit may be another copy than the command's, or older: the two share the name of a symbol and the shape of what stands there.
 *
 * @module
 */

import type { FailureClass, Hook } from "../hooks.ts";
import type { LoadedHandler } from "../load.ts";
import { configuredWords, type Words, wordsOf } from "../words.ts";

/** A hook that is about to run. */
export interface ObservedCall {
  /** Which. */
  readonly hook: Hook;
  /** Its handler, by which the observer knows whose hook it is. */
  readonly handler: LoadedHandler | undefined;
  /** The configured options with those of the line over them, as words. */
  readonly words: Words;
}

/** Takes down what one hook needs. */
export interface ObservedHook {
  /** The handler used something that needs this grant, whether it has it or not. */
  needed(grant: string): void;
  /** The hook is over; `misconfigured` if the handler was not reached, because of the options. */
  end(failure: FailureClass | undefined): void;
}

/** Who wants to know. */
export interface Observer {
  /** A hook begins; `undefined` if it is nobody's business. */
  begin(call: ObservedCall): ObservedHook | undefined;
}

/** The name of the symbol under which an observer stands. */
export const OBSERVER_NAME = "@pam-deno/sdk/testing observer";

const OBSERVER = Symbol.for(OBSERVER_NAME);

/** Tells the observer, if there is one, that a hook begins. */
export function observe(
  hook: Hook,
  handler: LoadedHandler | undefined,
  configured: Readonly<Record<string, unknown>>,
  line: readonly string[],
): ObservedHook | undefined {
  const observer = (globalThis as unknown as Record<symbol, Observer | undefined>)[OBSERVER];
  return observer?.begin({ hook, handler, words: { ...configuredWords(configured), ...wordsOf(line) } });
}
