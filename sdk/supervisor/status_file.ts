// SPDX-License-Identifier: MIT
/**
 * What a supervisor says about a module that it serves, as a file that `pam-deno status` reads: `WORKERS_DIR/NAME/status.json`.
 *
 * Under systemd the file belongs to the module's own user, and the counts are the worker's word wherever it is written: whoever
 * reads it shows it, and decides nothing by it.
 *
 * @module
 */

/** Counts of one hook. */
export interface HookStatistics {
  /** How often it ended with each code; keys are libpam's tokens. */
  readonly codes: Readonly<Record<string, number>>;
  /** The median time of a hook in the worker, without what a person took, in ms, over the last hooks; absent before the first. */
  readonly p50Ms?: number;
  /** The 99th percentile of the same. */
  readonly p99Ms?: number;
}

/** A worker as the supervisor sees it. */
export interface WorkerStatus {
  /** Its process id. */
  readonly pid: number;
  /** `"starting"`, `"ready"`, or `"leaving"` while it finishes what is in flight. */
  readonly state: "starting" | "ready" | "leaving";
  /** When it was started, in ISO 8601 with UTC. */
  readonly started: string;
  /** Hooks in flight at its last beat. */
  readonly inFlight: number;
}

/** What a supervisor says about a module. */
export interface ModuleStatus {
  /** The module's name. */
  readonly name: string;
  /** The process id of the supervisor. */
  readonly supervisor: number;
  /** When the supervisor began to serve it, in ISO 8601 with UTC. */
  readonly since: string;
  /** When this was written, in ISO 8601 with UTC. */
  readonly written: string;
  /** The SHA-256 of the bundle that is served. */
  readonly bundle: string;
  /** Its workers. */
  readonly workers: readonly WorkerStatus[];
  /** How often a worker had to be started again since `since`, reloads left out. */
  readonly restarts: number;
  /** How often it was reloaded since `since`. */
  readonly reloads: number;
  /** Why the last worker ended that was not asked to, if one did. */
  readonly lastFailure?: string;
  /** Counts since `since`, over all its workers, by hook. */
  readonly hooks: Readonly<Record<string, HookStatistics>>;
}
