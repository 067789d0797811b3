// SPDX-License-Identifier: MIT
/**
 * Cells one after the other, of which equal neighbours are one run.
 *
 * @module
 */

import type { Day } from "./calendar.ts";

/** Neighbouring cells with the same value. */
export interface Run<T = number> {
  /** The first cell. */
  readonly first: number;
  /** How many. */
  readonly cells: number;
  /** What all of them have. */
  readonly value: T;
}

/** Collects the values of cells. */
export class RunBuilder {
  readonly #runs: { first: number; cells: number; readonly value: number }[] = [];
  #last: { first: number; cells: number; readonly value: number } | undefined;
  #cells = 0;

  /** The value of the next cell. */
  push(value: number): void {
    if (this.#last?.value === value) this.#last.cells++;
    else this.#runs.push(this.#last = { first: this.#cells, cells: 1, value });
    this.#cells++;
  }

  /** All of them. */
  get runs(): readonly Run[] {
    return this.#runs;
  }
}

/** The runs of one day. */
export function runsOfDay<T>(runs: readonly Run<T>[], { first, cells }: Day): Run<T>[] {
  const end = first + cells;
  const found: Run<T>[] = [];
  for (let i = indexOf(runs, first); i < runs.length && runs[i]!.first < end; i++) {
    const run = runs[i]!;
    const from = Math.max(run.first, first);
    found.push({ first: from, cells: Math.min(run.first + run.cells, end) - from, value: run.value });
  }
  return found;
}

/** Which of the runs a cell is in. */
function indexOf(runs: readonly Run<unknown>[], cell: number): number {
  let [low, high] = [0, runs.length - 1];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (runs[middle]!.first <= cell) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** The value of each cell. */
export function cellsOfRuns<T>(runs: readonly Run<T>[]): T[] {
  return runs.flatMap(({ cells, value }) => Array<T>(cells).fill(value));
}

/** What two rows of the same cells have, pair by pair: each pair that is the same in neighbours is one run. */
export function zipRuns<A, B>(before: readonly Run<A>[], after: readonly Run<B>[]): Run<readonly [A, B]>[] {
  const zipped: Run<readonly [A, B]>[] = [];
  let [i, j, first] = [0, 0, 0];
  while (i < before.length && j < after.length) {
    const [a, b] = [before[i]!, after[j]!];
    const end = Math.min(a.first + a.cells, b.first + b.cells);
    zipped.push({ first, cells: end - first, value: [a.value, b.value] });
    if (a.first + a.cells === end) i++;
    if (b.first + b.cells === end) j++;
    first = end;
  }
  return zipped;
}
