// SPDX-License-Identifier: MIT
/**
 * A simulation of a module that a test wrote itself, in the test's own process.
 *
 * @module
 */

import assert from "node:assert/strict";
import { calendarOf } from "../../../sdk/author/simulate/calendar.ts";
import type { Simulation } from "../../../sdk/author/simulate/simulation.ts";
import { type Row, type SimulateAnswer, simulateTask } from "../../../sdk/author/simulate/task.ts";
import type { PamModule } from "../../../sdk/module.ts";
import type { TestUser } from "../../../sdk/testing/mod.ts";

/** What is asked; the rest is as a test wants it. */
export interface Scene {
  readonly users?: Readonly<Record<string, TestUser>>;
  readonly rows?: readonly Row[];
  readonly options?: readonly string[];
  readonly from?: string;
  readonly days?: number;
  readonly step?: string;
  readonly tz?: string;
}

/** Asks `module`. */
export async function asking(module: PamModule, scene: Scene = {}): Promise<SimulateAnswer> {
  const { users, rows, options, calendar } = planOf(scene);
  return await simulateTask(
    { hook: "account", options, rows, users, instants: calendar.starts.slice(0, -1) },
    { module: { default: module }, name: "module", configured: {}, progress: () => {} },
  );
}

/** Asks `module`, which must answer. */
export async function simulating(module: PamModule, scene: Scene = {}): Promise<Simulation> {
  const answer = await asking(module, scene);
  assert.ok("rows" in answer, JSON.stringify(answer));
  const { rows, options, calendar } = planOf(scene);
  const runs = answer.rows.map((row) => {
    let first = 0;
    return row.flatMap((cells, i) => {
      if (i % 2 === 1) return [];
      first += cells;
      return [{ first: first - cells, cells, value: row[i + 1]! }];
    });
  });
  return { module: "module", hook: "account", options, calendar, rows, outcomes: answer.outcomes, runs };
}

function planOf(
  { users = { alice: {} }, rows, options = [], from = "2026-08-03", days = 1, step = "1h", tz = "UTC" }:
    Scene,
) {
  const here = { now: Temporal.Now.instant(), zone: "UTC" };
  return {
    users,
    rows: rows ?? Object.keys(users).map((user) => ({ user, service: "sshd" })),
    options,
    calendar: calendarOf({ from, days, step, tz }, here),
  };
}
