// SPDX-License-Identifier: MIT
/**
 * What a change of options, or of the module, would change: two simulations of the same cells, laid beside each other.
 *
 * @module
 */

import { goesOn, kindOf, type Outcome } from "./outcome.ts";
import { type Run, zipRuns } from "./runs.ts";
import type { Simulation } from "./simulation.ts";

/** What becomes of a cell: the login goes on that did not, is refused that was not, has another code, or only another text. */
export const CHANGES = ["allowed", "refused", "code", "text"] as const;

/** What becomes of a cell that changes. */
export type Change = typeof CHANGES[number];

/** An outcome before and after. */
export interface Pair {
  /** The number of the outcome before. */
  readonly before: number;
  /** The number of the outcome after. */
  readonly after: number;
  /** What that is; `undefined` if nothing changes. */
  readonly change: Change | undefined;
}

/** Two simulations. */
export interface Comparison {
  /** What is. */
  readonly before: Simulation;
  /** What would be. */
  readonly after: Simulation;
  /** The pairs that there are. */
  readonly pairs: readonly Pair[];
  /** For each row its runs: the numbers of pairs. */
  readonly runs: readonly (readonly Run[])[];
}

/** Lays two simulations of the same cells beside each other. */
export function compare(before: Simulation, after: Simulation): Comparison {
  const pairs: Pair[] = [];
  const numbers = new Map<string, number>();
  const numberOf = (one: number, other: number) => {
    const key = `${one} ${other}`;
    const known = numbers.get(key);
    if (known !== undefined) return known;
    numbers.set(key, pairs.length);
    const change = changeOf(before.outcomes[one]!, after.outcomes[other]!);
    return pairs.push({ before: one, after: other, change }) - 1;
  };
  const runs = before.runs.map((row, i) =>
    zipRuns(row, after.runs[i]!).map(({ value: [one, other], ...run }) => ({
      ...run,
      value: numberOf(one, other),
    }))
  );
  return { before, after, pairs, runs };
}

/** What becomes of a cell; `undefined` if nothing does. */
export function changeOf(before: Outcome, after: Outcome): Change | undefined {
  if (!goesOn(before) && goesOn(after)) return "allowed";
  if (!isNo(before) && isNo(after)) return "refused";
  if (before.code !== after.code || before.failure !== after.failure) return "code";
  return saidBy(before) === saidBy(after) ? undefined : "text";
}

function isNo(outcome: Outcome): boolean {
  const kind = kindOf(outcome);
  return kind === "refused" || kind === "failed";
}

function saidBy({ texts, cause, asked }: Outcome): string {
  return JSON.stringify([texts, cause ?? "", asked ?? false]);
}

/** How many cells become what; `same` are those that do not change. */
export function countChanges({ pairs, runs }: Comparison): Record<Change | "same", number> {
  const counts = { allowed: 0, refused: 0, code: 0, text: 0, same: 0 };
  for (const { cells, value } of runs.flat()) counts[pairs[value]!.change ?? "same"] += cells;
  return counts;
}
