// SPDX-License-Identifier: MIT
/**
 * Remembers which workers there are, so that the next supervisor can end those that a killed one left behind.
 *
 * @module
 */

import { join } from "node:path";
import { sendSignal } from "./libc.ts";
import { bootId, startTime } from "./proc.ts";

/** A process, named for good by its id and the time of its start. */
export interface ProcessName {
  /** Its id. */
  readonly pid: number;
  /** When it started. */
  readonly started: string | undefined;
}

const FILE = "processes";

/** Notes the workers that there are. */
export function noteProcesses(folder: string, processes: readonly ProcessName[]): void {
  const file = join(folder, FILE);
  const lines = processes.map(({ pid, started }) => `${bootId()} ${pid} ${started}\n`);
  Deno.writeTextFileSync(`${file}.new`, lines.join(""), { mode: 0o600 });
  Deno.renameSync(`${file}.new`, file);
}

/** Kills the workers that were noted and are still there, and gives their ids. A module can ignore SIGTERM, this it cannot. */
export function killLeftovers(folder: string): number[] {
  const killed: number[] = [];
  let noted = "";
  try {
    noted = Deno.readTextFileSync(join(folder, FILE));
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  for (const line of noted.split("\n")) {
    const [booted, pid, started] = line.split(" ");
    if (booted !== bootId() || !started || !Number(pid) || startTime(Number(pid)) !== started) continue;
    sendSignal(Number(pid), "SIGKILL");
    killed.push(Number(pid));
  }
  return killed;
}
