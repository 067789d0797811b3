// SPDX-License-Identifier: MIT
/**
 * What a supervisor says about a module that it serves, as a file that `pam-deno status` reads: `WORKERS_DIR/NAME/status.json`.
 *
 * Under systemd the file belongs to the module's own user, and the counts are the worker's word wherever it is written: whoever
 * reads it shows it, and decides nothing by it.
 *
 * @module
 */

import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import * as v from "valibot";
import { HOOKS } from "../hooks.ts";
import { CODES } from "../tokens.ts";

/** How often a supervisor writes the file, in milliseconds, changed or not: an older one is nobody's any more. */
export const STATUS_EVERY_MS = 1_000;
/** The longest file that is read, in bytes. */
export const STATUS_BYTES_MAX = 65_536;
/** Workers in it. */
const WORKERS_MAX = 128;
/** A text in it, in characters. */
const TEXT_MAX = 1_024;

/** Counts of one hook. */
export interface HookStatistics {
  /** How often it ended with each code; keys are libpam's tokens. */
  readonly codes: Readonly<Record<string, number>>;
  /** The median time of a hook in the worker, without what a person took, in ms, over the last 5,000 or more; absent before the first. */
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

/** A file that is not what a supervisor wrote. The message names the file, and quotes nothing of it. */
export class StatusError extends Error {
  override name = "StatusError";
}

const COUNT = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const PID = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(2 ** 31 - 1));
const TIME = v.pipe(v.string(), v.maxLength(40), v.isoTimestamp());
const MS = v.optional(v.pipe(v.number(), v.finite(), v.minValue(0)));

const WORKER = v.object({
  pid: PID,
  state: v.picklist(["starting", "ready", "leaving"]),
  started: TIME,
  inFlight: COUNT,
});

const HOOK = v.object({
  codes: v.record(v.picklist(Object.keys(CODES)), COUNT),
  p50Ms: MS,
  p99Ms: MS,
});

// What a newer supervisor says besides is left out.
const STATUS = v.object({
  name: v.pipe(v.string(), v.maxLength(64)),
  supervisor: PID,
  since: TIME,
  written: TIME,
  bundle: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
  workers: v.pipe(v.array(WORKER), v.maxLength(WORKERS_MAX)),
  restarts: COUNT,
  reloads: COUNT,
  lastFailure: v.optional(v.pipe(v.string(), v.maxLength(TEXT_MAX))),
  hooks: v.record(v.picklist(Object.keys(HOOKS)), HOOK),
});

/**
 * Writes the file in one step, so that whoever reads it finds the old one or the new one; everybody may read it who may enter its
 * folder. A link in its place is replaced, not followed. Texts are cut.
 *
 * @throws {Error} if the folder is not there, or the disk is full: nothing else is lost by it.
 */
export function writeStatus(path: string, status: ModuleStatus): void {
  const { lastFailure } = status;
  const text = JSON.stringify({
    ...status,
    ...lastFailure === undefined ? {} : { lastFailure: lastFailure.slice(0, TEXT_MAX) },
  });
  const temporary = `${path}.new`;
  try {
    Deno.removeSync(temporary);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  Deno.writeTextFileSync(temporary, `${text}\n`, { createNew: true, mode: 0o644 });
  Deno.renameSync(temporary, path);
}

/**
 * Reads the file; `undefined` if there is none. It belongs to whom it describes: a link is not followed, nothing is waited for, and
 * only so much is read.
 *
 * @throws {StatusError} if it is not what a supervisor writes.
 * @throws {Deno.errors.PermissionDenied} if it may not be read.
 */
export function readStatus(path: string): ModuleStatus | undefined {
  const text = readRegularFile(path);
  if (text === undefined) return undefined;
  try {
    return v.parse(STATUS, JSON.parse(text)) as ModuleStatus;
  } catch {
    throw new StatusError(`${path}: not what a supervisor writes: it is not used`);
  }
}

/** The text of a regular file that may be anything else, and be changed at any time. */
function readRegularFile(path: string): string | undefined {
  let fd;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === "ENOENT") return undefined;
    if (code === "EACCES") {
      throw new Deno.errors.PermissionDenied(`${path}: only its user and root may read it`);
    }
    if (code === "ELOOP") throw new StatusError(`${path}: a symbolic link: it is not followed`);
    throw new StatusError(`${path}: cannot be opened (${code ?? "no reason is known"})`);
  }
  try {
    if (!fstatSync(fd).isFile()) throw new StatusError(`${path}: not a regular file`);
    const bytes = new Uint8Array(STATUS_BYTES_MAX + 1);
    let length = 0;
    for (let read = 1; read > 0 && length < bytes.length; length += read) {
      read = readSync(fd, bytes, { offset: length });
    }
    if (length > STATUS_BYTES_MAX) throw new StatusError(`${path}: more than ${STATUS_BYTES_MAX} bytes`);
    return new TextDecoder().decode(bytes.subarray(0, length));
  } finally {
    closeSync(fd);
  }
}
