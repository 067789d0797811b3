// SPDX-License-Identifier: MIT
/**
 * What a worker says to its supervisor while it serves: that it is alive, how long the hook that begins may take, and what became of
 * the hooks that have ended.
 *
 * All of it is said in lines of standard output, at the pace of the beat; a hook that has the usual budget says nothing, and costs no
 * more than a few numbers that are counted up after its answer was sent.
 *
 * @module
 */

import { type Hook, HOOKS } from "../hooks.ts";
import { CODES, type PamCode } from "../tokens.ts";
import { spanOf, SPANS } from "./latency.ts";

/** The budget that a supervisor assumes until it is told of another, in milliseconds: the shim's default `timeout=`. */
export const USUAL_BUDGET_MS = 5_000;
/** Budgets are said as the next multiple of this: what is left of the same `timeout=` differs from hook to hook. */
export const BUDGET_STEP_MS = 250;
/** The longest budget that is said: the shim's longest `timeout=`. */
const BUDGET_MAX_MS = 600_000;
/** A `stats` line, in bytes; what does not fit stays for the next one. One hook always fits. */
export const STATS_MAX = 4_096;

const CODE_NAMES = Object.keys(CODES) as PamCode[];
const HOOK_NAMES = Object.keys(HOOKS) as Hook[];

/** What was counted of one hook since it was last said. */
class Counts {
  readonly codes = new Uint32Array(CODE_NAMES.length);
  readonly times = new Uint32Array(SPANS);

  /** As it stands in a `stats` line. */
  toJSON(): unknown {
    const codes: Partial<Record<PamCode, number>> = {};
    for (const [number, count] of this.codes.entries()) if (count > 0) codes[CODE_NAMES[number]!] = count;
    const times: number[] = [];
    for (const [span, count] of this.times.entries()) if (count > 0) times.push(span, count);
    return { codes, times };
  }
}

/** The worker's word to its supervisor. */
export class Report {
  readonly #say: (words: string) => void;
  #budgetMs = USUAL_BUDGET_MS;
  /** By the number of the hook. */
  readonly #counts: (Counts | undefined)[] = new Array(HOOK_NAMES.length + 1).fill(undefined);
  /** The hook that a line begins with, so that each comes into one in its turn. */
  #first = 0;
  #changed = false;

  /** Hands whole lines, without the end of the last, to `say`. */
  constructor(say: (words: string) => void) {
    this.#say = say;
  }

  /**
   * A hook begins that may take `budgetMs`, while `others` are in flight. Says so if the supervisor assumes something else: nothing
   * shorter while a hook may be at work that was given longer.
   */
  begins(budgetMs: number, others = 0): void {
    const rounded = Math.min(Math.ceil(budgetMs / BUDGET_STEP_MS) * BUDGET_STEP_MS, BUDGET_MAX_MS);
    const whole = others > 0 ? Math.max(rounded, this.#budgetMs) : rounded;
    if (whole === this.#budgetMs) return;
    this.#budgetMs = whole;
    this.#say(`budget ${whole}`);
  }

  /** A hook has ended with `code`, after `ms` of its own time if it was ever begun. */
  ended(hook: Hook, code: PamCode, ms?: number): void {
    const number = HOOKS[hook];
    const counts = this.#counts[number] ??= new Counts();
    counts.codes[CODES[code]]!++;
    if (ms !== undefined) counts.times[spanOf(ms)]!++;
    this.#changed = true;
  }

  /** Says that the worker is alive, and what was counted. */
  beat(inFlight: number): void {
    const stats = this.#stats();
    this.#say(stats === undefined ? `beat ${inFlight}` : `beat ${inFlight}\n${stats}`);
  }

  /** Says what was counted, for the last time. */
  last(): void {
    const stats = this.#stats();
    if (stats !== undefined) this.#say(stats);
  }

  /** A line with what was counted and fits, which is forgotten by that; `undefined` if there is nothing. */
  #stats(): string | undefined {
    if (!this.#changed) return undefined;
    this.#changed = false;
    let line = "stats {";
    for (let i = 0; i < HOOK_NAMES.length; i++) {
      const at = (this.#first + i) % HOOK_NAMES.length;
      const hook = HOOK_NAMES[at]!;
      const counts = this.#counts[HOOKS[hook]];
      if (counts === undefined) continue;
      const part = `${line.endsWith("{") ? "" : ","}"${hook}":${JSON.stringify(counts)}`;
      if (line.length + part.length >= STATS_MAX) {
        this.#first = at;
        this.#changed = true;
        break;
      }
      line += part;
      this.#counts[HOOKS[hook]] = undefined;
    }
    return `${line}}`;
  }
}
