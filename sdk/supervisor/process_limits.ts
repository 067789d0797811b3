// SPDX-License-Identifier: MIT
/**
 * What the kernel holds a worker to, whatever runs in it; see setrlimit(2). Under a service manager the unit says it instead.
 *
 * @module
 */

import type { ModuleConfig } from "../config/config.ts";
import { mayWrite } from "../config/permissions.ts";

/** Limits of one process, or of one user's. */
export interface ProcessLimits {
  /** Descriptors that may be open at once. */
  readonly descriptors: number;
  /** Threads and processes of its user, all together; left out where others share the user. */
  readonly tasks?: number;
  /** Private memory that may be mapped, used or not, in MiB. */
  readonly dataMib: number;
  /** The longest file that may be written, in bytes; left out where that is not bounded. */
  readonly fileBytes?: number;
}

/** Of every worker there may be two, while a reload lets the old one finish. */
const GENERATIONS = 2;

/** Tasks beside the workers': what starts them. */
const TASKS_SPARE = 64;

/** What V8 and threads map without using it, in MiB. */
const DATA_SPARE_MIB = 1024;

/**
 * The limits of a module's workers, who have a user of their own or do not. Without a grant to write, a user of its own has no reason to
 * fill a file anywhere, whichever of its programs tries; where whoever starts it shares the user, and as root, Deno writes its cache.
 */
export function processLimits(
  { workers, limits, permissions, dangerous }: Pick<
    ModuleConfig,
    "workers" | "limits" | "permissions" | "dangerous"
  >,
  ownUser: boolean,
): ProcessLimits {
  const { descriptors, tasks, memory_mib } = limits;
  return {
    descriptors,
    ...ownUser ? { tasks: GENERATIONS * workers * tasks + TASKS_SPARE } : {},
    dataMib: GENERATIONS * memory_mib + DATA_SPARE_MIB,
    ...ownUser && !mayWrite(permissions) && !dangerous.includes("root") ? { fileBytes: 0 } : {},
  };
}

/** The options of prlimit(1). No core is left behind: it would hold what users typed. */
export function prlimitOptions({ descriptors, tasks, dataMib, fileBytes }: ProcessLimits): string[] {
  const bytes = dataMib * 1024 * 1024;
  return [
    "--core=0:0",
    `--nofile=${descriptors}:${descriptors}`,
    ...tasks === undefined ? [] : [`--nproc=${tasks}:${tasks}`],
    `--data=${bytes}:${bytes}`,
    ...fileBytes === undefined ? [] : [`--fsize=${fileBytes}:${fileBytes}`],
  ];
}
