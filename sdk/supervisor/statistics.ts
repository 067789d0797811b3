// SPDX-License-Identifier: MIT
/**
 * Adds up what the workers of a module count: which hook ended with which code, and how long it took.
 *
 * A worker says it in lines of standard output, `stats {"account":{"codes":{"success":3},"times":[40,2,41,1]}}`: what was counted
 * since its last such line, `times` being pairs of a span's number and a count. A module can print such lines as well: they may hold
 * only what is known, numbers of which there can be so many, and only so many of them may come. Nothing is decided by them.
 *
 * @module
 */

import { type Hook, HOOKS } from "../hooks.ts";
import { CODES, type PamCode } from "../tokens.ts";
import { percentile, SPANS } from "../worker/latency.ts";
import type { HookStatistics } from "./status_file.ts";

/** The longest line, in bytes, without the end of line. */
export const STATS_LINE_MAX = 4_096;
/** The most that one number of one line may say: a worker that was held up for long says it all at once. */
const COUNT_MAX = 10_000_000;
/** Lines of all workers of a module in one second: each says one, and one more when it leaves. */
const LINES_PER_SECOND_MAX = 64;
/** Percentiles are of so many hooks at least, if there were that many, and of twice as many at most. */
const RECENT_HOOKS = 5_000;

const WORD = "stats ";

/** What one line says of one hook. */
interface Delta {
  readonly hook: Hook;
  readonly codes: readonly (readonly [PamCode, number])[];
  readonly times: readonly number[];
}

/** Counts of one hook. */
class HookCounts {
  readonly codes = new Map<PamCode, number>();
  #recent = new Float64Array(SPANS);
  #earlier = new Float64Array(SPANS);
  #timed = 0;

  add({ codes, times }: Delta): void {
    for (const [code, count] of codes) {
      this.codes.set(code, Math.min((this.codes.get(code) ?? 0) + count, Number.MAX_SAFE_INTEGER));
    }
    for (let i = 0; i < times.length; i += 2) {
      this.#recent[times[i]!]! += times[i + 1]!;
      this.#timed += times[i + 1]!;
    }
    if (this.#timed < RECENT_HOOKS) return;
    [this.#earlier, this.#recent] = [this.#recent, this.#earlier.fill(0)];
    this.#timed = 0;
  }

  get summary(): HookStatistics {
    const counts = this.#recent.map((count, span) => count + this.#earlier[span]!);
    const [p50, p99] = [percentile(counts, 0.5), percentile(counts, 0.99)];
    return {
      codes: Object.fromEntries(this.codes),
      ...p50 === undefined || p99 === undefined
        ? {}
        : { p50Ms: toMicroseconds(p50), p99Ms: toMicroseconds(p99) },
    };
  }
}

/** The counts of one module, over all its workers, since its supervisor began to serve it. */
export class Statistics {
  readonly #hooks = new Map<Hook, HookCounts>();
  #second = 0;
  #lines = 0;

  /** Takes a line that a worker printed; `false` if it is no `stats` line, is not what one holds, or is one too many. */
  take(line: string): boolean {
    if (!line.startsWith(WORD) || line.length > STATS_LINE_MAX || !this.#mayTake()) return false;
    const deltas = parse(line.slice(WORD.length));
    for (const delta of deltas ?? []) {
      let counts = this.#hooks.get(delta.hook);
      if (counts === undefined) this.#hooks.set(delta.hook, counts = new HookCounts());
      counts.add(delta);
    }
    return deltas !== undefined;
  }

  #mayTake(): boolean {
    const second = Math.floor(performance.now() / 1_000);
    if (second !== this.#second) this.#lines = 0;
    this.#second = second;
    return ++this.#lines <= LINES_PER_SECOND_MAX;
  }

  /** The counts by hook, in the order of HOOKS; those that never came are left out. */
  hooks(): Record<string, HookStatistics> {
    const known = Object.keys(HOOKS) as Hook[];
    return Object.fromEntries(known.flatMap((hook) => {
      const counts = this.#hooks.get(hook);
      return counts === undefined ? [] : [[hook, counts.summary]];
    }));
  }
}

/** What a line says; `undefined` if anything in it is not what it may be. */
function parse(text: string): Delta[] | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!isObject(value)) return undefined;
  const deltas: Delta[] = [];
  for (const [hook, counted] of Object.entries(value)) {
    if (!Object.hasOwn(HOOKS, hook) || !isObject(counted)) return undefined;
    const { codes, times, ...more } = counted;
    if (!areCodes(codes) || !areTimes(times) || Object.keys(more).length > 0) return undefined;
    deltas.push({ hook: hook as Hook, codes: Object.entries(codes) as [PamCode, number][], times });
  }
  return deltas;
}

function areCodes(value: unknown): value is Record<string, number> {
  return isObject(value) &&
    Object.entries(value).every(([code, count]) => Object.hasOwn(CODES, code) && isCount(count));
}

function areTimes(value: unknown): value is number[] {
  return Array.isArray(value) && value.length % 2 === 0 && value.length <= 2 * SPANS &&
    value.every((number, i) => i % 2 === 1 ? isCount(number) : isInteger(number, 0, SPANS - 1));
}

function isCount(value: unknown): boolean {
  return isInteger(value, 1, COUNT_MAX);
}

function isInteger(value: unknown, least: number, most: number): boolean {
  return Number.isInteger(value) && (value as number) >= least && (value as number) <= most;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Milliseconds without more digits than were measured. */
function toMicroseconds(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}
