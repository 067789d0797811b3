// SPDX-License-Identifier: MIT
/**
 * Tells a simulation to programs, as one JSON document.
 *
 * @module
 */

import { line } from "../../text.ts";
import { cellsOf, Clock } from "./calendar.ts";
import { type Comparison, countChanges } from "./comparison.ts";
import { kindOf, type Outcome } from "./outcome.ts";
import type { Run } from "./runs.ts";
import { countCells, type Simulation } from "./simulation.ts";

/** The format of the document: it grows when a key changes its meaning or goes, not when one is added. */
export const SIMULATION_FORMAT = 1;

/** The longest text of a module, in bytes. */
const TEXT_MAX = 4_096;

/** A simulation. Times are ISO 8601 with the offset of the time zone; what there is not is `null`. */
export function simulationDocument(simulation: Simulation): Record<string, unknown> {
  const { runs } = simulation;
  return {
    ...askedOf(simulation),
    ...sideOf(simulation),
    rows: rowsOf(simulation, runs, (value) => ({ outcome: value })),
  };
}

/**
 * A comparison. A run has an outcome on either side and what that changes; runs that do not change are there, too.
 */
export function comparisonDocument(comparison: Comparison): Record<string, unknown> {
  const { before, after, pairs, runs } = comparison;
  return {
    ...askedOf(before),
    before: sideOf(before),
    after: sideOf(after),
    changes: countChanges(comparison),
    rows: rowsOf(before, runs, (value) => {
      const { before, after, change } = pairs[value]!;
      return { before, after, change: change ?? null };
    }),
  };
}

function askedOf({ hook, calendar, rows }: Simulation) {
  const clock = new Clock(calendar);
  return {
    format: SIMULATION_FORMAT,
    hook,
    from: clock.stamp(0),
    to: clock.stamp(cellsOf(calendar)),
    time_zone: calendar.zone,
    step_minutes: calendar.stepMin,
    cells: rows.length * cellsOf(calendar),
  };
}

function sideOf({ module, options, outcomes, runs }: Simulation) {
  const counts = countCells(runs, outcomes.length);
  return { module, options, outcomes: outcomes.map((outcome, i) => outcomeDocument(outcome, counts[i]!)) };
}

function outcomeDocument(outcome: Outcome, cells: number) {
  const { code, failure, cause, texts, asked } = outcome;
  return {
    code,
    kind: kindOf(outcome),
    failure: failure ?? null,
    cause: cause === undefined ? null : line(cause, TEXT_MAX),
    texts: texts.map((text) => line(text, TEXT_MAX)),
    asked: asked ?? false,
    cells,
  };
}

function rowsOf(
  { rows, calendar }: Simulation,
  runs: readonly (readonly Run[])[],
  valueOf: (value: number) => Record<string, unknown>,
) {
  const clock = new Clock(calendar);
  return rows.map(({ user, service, rhost }, i) => ({
    user,
    service,
    rhost: rhost ?? null,
    runs: runs[i]!.map(({ first, cells, value }) => ({
      from: clock.stamp(first),
      to: clock.stamp(first + cells),
      cells,
      ...valueOf(value),
    })),
  }));
}
