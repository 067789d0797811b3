// SPDX-License-Identifier: MIT
/**
 * Remembers which workers there are, and which users they have alone, so that the next supervisor can end what a killed one left behind.
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

/** Notes the workers that there are, and the users that belong to them alone. */
export function noteProcesses(
  folder: string,
  processes: readonly ProcessName[],
  uids: Iterable<number> = [],
): void {
  const file = join(folder, FILE);
  const boot = bootId();
  const lines = [
    ...processes.map(({ pid, started }) => `${boot} ${pid} ${started}\n`),
    ...[...uids].map((uid) => `${boot} uid ${uid}\n`),
  ];
  Deno.writeTextFileSync(`${file}.new`, lines.join(""), { mode: 0o600 });
  Deno.renameSync(`${file}.new`, file);
}

/** What an earlier supervisor left. */
export interface Leftovers {
  /** The workers that were still there. */
  readonly killed: readonly number[];
  /** The users that its workers had alone: more processes may be theirs. */
  readonly uids: readonly number[];
}

/** Kills the workers that were noted and are still there. A module can ignore SIGTERM, this it cannot. */
export function killLeftovers(folder: string): Leftovers {
  const killed: number[] = [];
  const uids: number[] = [];
  let noted = "";
  try {
    noted = Deno.readTextFileSync(join(folder, FILE));
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  for (const line of noted.split("\n")) {
    const [booted, pid, started] = line.split(" ");
    if (booted === bootId() && pid === "uid") uids.push(Number(started));
    if (booted !== bootId() || !started || !Number(pid) || startTime(Number(pid)) !== started) continue;
    sendSignal(Number(pid), "SIGKILL");
    killed.push(Number(pid));
  }
  return { killed, uids };
}
