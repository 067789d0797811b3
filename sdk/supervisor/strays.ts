// SPDX-License-Identifier: MIT
/**
 * Ends what a module's workers started and left behind: a process that outlives its worker keeps the module's user, its socket and its
 * place among the processes that this user may have.
 *
 * Only users that belong to one module alone are looked at, never one that somebody named with `run_as`; and of their processes only
 * those that come from here: not what another supervisor, a container or a service manager started.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { withCode } from "../coded.ts";
import { endProcess, listProcesses } from "./libc.ts";
import { ownerOf, parentOf, startTime } from "./proc.ts";
import { type Identity, isTakenHere, UID_FIRST, UID_LAST } from "./uid.ts";

/** How long processes may go on making others while they are killed one by one, and how long all of it may take. */
const ONE_BY_ONE_MS = 2_000;
const ALL_MS = 5_000;
/** How long processes that were killed are given to go: twice as long each time. */
const PAUSE_MIN_MS = 5;
const PAUSE_MAX_MS = 200;

const logger = getLogger(["pam-deno", "supervisor"]);

/** A user that one module has alone, and how all its processes are killed at once. */
export interface OwnUser {
  /** User id. */
  readonly uid: number;
  /** A command that does it as this user. */
  readonly endAll: readonly string[];
}

/** Whether a user is one that was given to a module, and to nobody else. */
export function isOwn({ uid, gid, groups }: Partial<Identity>): boolean {
  return uid !== undefined && uid >= UID_FIRST && uid <= UID_LAST && gid === uid && groups?.length === 0;
}

/** What kills all processes of the user that it is run as but itself, in one step that no new process escapes. */
export const END_ALL: readonly string[] = ["/bin/sh", "-c", "kill -s KILL -- -1"];

/** What there is of a user's processes. */
interface Sight {
  /** Those that belong to no worker. */
  readonly strays: readonly { readonly pid: number; readonly started: string }[];
  /** Whether there are some that have ended, and take a place until somebody has waited for them. */
  readonly hasEnded: boolean;
  /** Whether there are others that do not come from here. */
  readonly hasForeign: boolean;
}

/**
 * Kills the processes of a module's own user that none of its workers `known` has started, or whose parents have left them behind.
 * What makes new ones faster than they can be killed one by one takes the workers with it.
 * `name` says in the log whose they were.
 */
export async function endStrays(
  user: OwnUser,
  name: string,
  known: () => readonly number[] = () => [],
): Promise<void> {
  try {
    const count = await endAllStrays(user, known);
    if (count > 0) {
      logger.warn("{count} processes that workers of {name} had left behind were killed", { count, name });
    }
  } catch (error) {
    const text = withCode(
      "system-refused",
      "What workers of {name} left behind could not be killed: {error}",
    );
    logger.error(text, { name, error });
  }
}

async function endAllStrays({ uid, endAll }: OwnUser, known: () => readonly number[]): Promise<number> {
  const killed = new Set<string>();
  const began = performance.now();
  for (let pauseMs = PAUSE_MIN_MS;; pauseMs = Math.min(2 * pauseMs, PAUSE_MAX_MS)) {
    const workers = known();
    const { strays, hasEnded, hasForeign } = look(uid, workers);
    const took = performance.now() - began;
    const isOver = strays.length === 0 && (killed.size === 0 || !hasEnded);
    if (isOver || took > ALL_MS) return killed.size;
    // A service manager, which is asked by nobody, may have given it to a service since.
    if (killed.size === 0 && isTakenHere(uid)) return 0;
    for (const { pid, started } of strays) killed.add(`${pid} ${started}`);
    if (strays.length > 0 && !hasForeign && (workers.length === 0 || took > ONE_BY_ONE_MS)) {
      runEndAll(uid, endAll);
    } else for (const { pid, started } of strays) endProcess(pid, () => startTime(pid) === started);
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  }
}

function runEndAll(uid: number, [command, ...args]: readonly string[]): void {
  // It must never be run as anybody else.
  if (!args.includes(`--reuid=${uid}`) || uid < UID_FIRST || uid > UID_LAST) {
    throw new Error(`Not a module's own user: ${uid}`);
  }
  new Deno.Command(command!, {
    args,
    clearEnv: true,
    cwd: "/",
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).outputSync();
}

function look(uid: number, workers: readonly number[]): Sight {
  const known = new Set(workers);
  const here = ancestors();
  const strays: { pid: number; started: string }[] = [];
  let [hasForeign, hasEnded] = [false, false];
  for (const pid of listProcesses()) {
    const owner = ownerOf(pid);
    if (owner?.uid !== uid) continue;
    const from = originOf(pid, uid, known);
    if (from === "worker") continue;
    if (owner.hasEnded) {
      hasEnded ||= here.has(from) && from !== Deno.pid;
      continue;
    }
    const started = startTime(pid);
    if (started === undefined) continue;
    if (here.has(from)) strays.push({ pid, started });
    else hasForeign = true;
  }
  return { strays, hasEnded, hasForeign };
}

/** Whether one of the workers started a process; else the nearest process above it that is another user's. */
function originOf(pid: number, uid: number, known: ReadonlySet<number>): "worker" | number {
  for (let at = pid;;) {
    if (known.has(at)) return "worker";
    const parent = parentOf(at);
    // It ended meanwhile: the next look shows where it went.
    if (parent === undefined || parent === at) return "worker";
    if (parent === 0 || ownerOf(parent)?.uid !== uid) return parent;
    at = parent;
  }
}

/** This process, those above it, and the first of all: one of them gets what has lost its parent. */
function ancestors(): ReadonlySet<number> {
  const found = new Set<number>([0, 1]);
  for (let at: number | undefined = Deno.pid; at !== undefined && !found.has(at); at = parentOf(at)) {
    found.add(at);
  }
  return found;
}
