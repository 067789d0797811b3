// SPDX-License-Identifier: MIT
/**
 * What a module was asked and what it answered, cell by cell.
 *
 * @module
 */

import type { Hook } from "../../hooks.ts";
import type { Calendar } from "./calendar.ts";
import type { Outcome } from "./outcome.ts";
import type { Run } from "./runs.ts";
import type { Row } from "./task.ts";

/** What was asked. */
export interface Asked {
  /** What people call the module: the word of the command line. */
  readonly module: string;
  /** The hook. */
  readonly hook: Hook;
  /** The words of the pam.d line. */
  readonly options: readonly string[];
  /** When. */
  readonly calendar: Calendar;
  /** Who. */
  readonly rows: readonly Row[];
}

/** What was asked and answered. */
export interface Simulation extends Asked {
  /** The outcomes that there were. */
  readonly outcomes: readonly Outcome[];
  /** For each row its runs: the numbers of outcomes. */
  readonly runs: readonly (readonly Run[])[];
}

/** How many cells there are of each value, by its number. */
export function countCells(runs: readonly (readonly Run[])[], values: number): number[] {
  const counts = Array<number>(values).fill(0);
  for (const { cells, value } of runs.flat()) counts[value]! += cells;
  return counts;
}
