// SPDX-License-Identifier: MIT
/**
 * How long a worker may be silent. It speaks once a second unless a handler never gives up the turn: then it is to be killed when the
 * budget of its hook is over, but not before, for until then the answer may still come.
 *
 * @module
 */

/** What a hook may take unless the worker says otherwise, in ms. */
export const USUAL_BUDGET_MS = 5_000;
/**
 * The longest silence that is believed, in ms, whatever budget was said: it is a module's word, and a handler that has more time than
 * this does not spend it without once giving up the turn.
 */
const BUDGET_MAX_MS = 60_000;
/** What a worker may be silent beyond the budget of its hooks: it beats once a second, and a machine may be busy. */
export const BEYOND_BUDGET_MS = 1_500;

/** Keeps the time since a worker's last word, and how long it may last. */
export class Liveness {
  #last: number;
  #budgetMs = USUAL_BUDGET_MS;
  readonly #beyondMs: number;

  /** Begins at `now`, of performance.now(). A test may want less patience. */
  constructor(now: number, { beyondMs = BEYOND_BUDGET_MS, budgetMs = USUAL_BUDGET_MS } = {}) {
    this.#last = now;
    this.#beyondMs = beyondMs;
    this.#budgetMs = budgetMs;
  }

  /** It said that it is alive. */
  beat(now: number): void {
    this.#last = now;
  }

  /** It said what the hooks may take that are in flight from now on: the longest of them. */
  budget(now: number, ms: number): void {
    this.#last = now;
    this.#budgetMs = Math.min(ms, BUDGET_MAX_MS);
  }

  /** For how long it has been silent. */
  silentMs(now: number): number {
    return now - this.#last;
  }

  /** Whether it has been silent for longer than any of its hooks may take. */
  isOverdue(now: number): boolean {
    return this.silentMs(now) > this.#budgetMs + this.#beyondMs;
  }
}
