// SPDX-License-Identifier: MIT
/**
 * What the kernel says about a process, which the process itself cannot make up.
 *
 * @module
 */

import { Errno, LibcError, readProc, readProcLink } from "./libc.ts";

/** Runs `look`, or gives `undefined` if the process is gone. Whatever else is in the way must not look like that. */
function whileThere<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (error instanceof LibcError && [Errno.noEntry, Errno.noProcess].includes(error.errno as 2 | 3)) {
      return undefined;
    }
    throw error;
  }
}

/** Reads a file of proc(5). */
function read(pid: number, name: string): string | undefined {
  return whileThere(() => readProc(`/proc/${pid}/${name}`));
}

/** The argument list of a process. */
export function commandLine(pid: number): string[] | undefined {
  return read(pid, "cmdline")?.split("\0").slice(0, -1);
}

/** What stands for a file that this process may not look at. */
const HIDDEN = "";

/**
 * The file that a process executes. Without CAP_SYS_PTRACE, as in many containers, root is not told of other users' processes: then
 * it is `""`.
 */
function executable(pid: number): string | undefined {
  try {
    return whileThere(() => readProcLink(`/proc/${pid}/exe`));
  } catch (error) {
    if (error instanceof LibcError && error.errno === Errno.access) return HIDDEN;
    throw error;
  }
}

/** When a process started, in clock ticks since boot: with its id it names a process for good. */
export function startTime(pid: number): string | undefined {
  // The command's name, in parentheses, may hold spaces and parentheses itself.
  return read(pid, "stat")?.replace(/^.*\) /s, "").split(" ")[19];
}

/** A field of `/proc/PID/status`. */
export function statusField(pid: number, field: string): string | undefined {
  return read(pid, "status")?.match(new RegExp(`^${field}:\\s*(.*)$`, "m"))?.[1];
}

/** Whose a process is. */
export interface Owner {
  /** Real user id. */
  readonly uid: number;
  /** Whether it has ended, and nobody has waited for it yet: until then it counts as one of its user's. */
  readonly hasEnded: boolean;
}

/** Whose a process is. */
export function ownerOf(pid: number): Owner | undefined {
  const [, state, uid] = read(pid, "status")?.match(/^State:\s*(\w)[^]*^Uid:\s*(\d+)/m) ?? [];
  return state === undefined ? undefined : { uid: Number(uid), hasEnded: "ZX".includes(state) };
}

/** The id of the process that started another, or took it over. */
export function parentOf(pid: number): number | undefined {
  const parent = statusField(pid, "PPid");
  return parent === undefined ? undefined : Number(parent);
}

/** The size of a page of /proc/PID/statm: the same on every machine that Deno runs on with 4 KiB pages. */
const PAGE_KIB = 4;

/** The memory of a process that is its own and in the machine, in MiB; files that others map too are left out. */
export function ownMemoryMib(pid: number): number | undefined {
  const [, resident, shared] = read(pid, "statm")?.split(" ").map(Number) ?? [];
  return resident === undefined ? undefined : (resident - shared!) * PAGE_KIB / 1024;
}

/** Names the time since the machine was started: process ids and start times mean nothing in another. */
export function bootId(): string {
  return readProc("/proc/sys/kernel/random/boot_id").trim();
}

/** What a process must be to be trusted with a module. */
export interface Expectation {
  /** Its argument list. It says something only until the process runs code of others: `process.title = …` changes it. */
  readonly commandLine: readonly string[];
  /** The file it executes. */
  readonly executable: string;
  /** Its real, effective, saved and file-system user id. */
  readonly uid: number;
  /** Its real, effective, saved and file-system group id, where it matters. */
  readonly gid?: number;
  /** Its other groups, where they matter. */
  readonly groups?: readonly number[];
  /** Whether it must have given up gaining privileges. */
  readonly noNewPrivs: boolean;
  /** Whether it must have no capabilities at all. */
  readonly noCapabilities: boolean;
}

/** What a look at a process gives: what is wrong with it, if anything. */
export interface Verdict {
  /** What is wrong. */
  readonly problem: string | undefined;
}

/** How often to look whether a new process executes its program yet. */
const EXEC_POLL_MS = 2;

/** Compares a process with what it should be as soon as it executes its program. `undefined` if it is gone before. */
export async function mistrustSoon(pid: number, expected: Expectation): Promise<Verdict | undefined> {
  for (;;) {
    const file = executable(pid);
    if (file === undefined) return undefined;
    // The kernel shows the file of a new program a moment before its arguments: until then there is no verdict.
    const words = file === HIDDEN ? argumentsOf(pid) : undefined;
    const begun = file === expected.executable || words === TOO_LONG ||
      words?.[0] === expected.commandLine[0];
    const verdict = begun ? mistrust(pid, expected) : undefined;
    if (verdict !== undefined) return verdict;
    await new Promise((resolve) => setTimeout(resolve, EXEC_POLL_MS));
  }
}

/** Compares a process with what it should be. `undefined` if it is gone. */
export function mistrust(
  pid: number,
  expected: Omit<Expectation, "commandLine"> & Partial<Expectation>,
): Verdict | undefined {
  const file = executable(pid);
  const text = read(pid, "status");
  if (file === undefined || text === undefined) return undefined;
  const fields = new Map(text.split("\n").map((line) => line.split(":\t", 2) as [string, string]));
  // A process that has ended but was not waited for still has an id.
  if (/^[ZX]/.test(fields.get("State") ?? "")) return undefined;
  // What a process says of its arguments is as long, and as slow to read, as it likes: nobody looks without a reason.
  const words = expected.commandLine && argumentsOf(pid);
  if (words === TOO_LONG) return { problem: "its argument list was rewritten: it is too long to be read" };
  if (expected.commandLine && !words?.length) return undefined;
  return {
    problem: (words && rewritten(words, expected.commandLine!)) ??
      (file !== expected.executable && file !== HIDDEN
        ? `it executes ${file}, not ${expected.executable}`
        : undefined) ??
      wrongIdentity(fields, expected) ??
      (expected.noNewPrivs && fields.get("NoNewPrivs") !== "1" ? "it may gain privileges" : undefined) ??
      (expected.noCapabilities && CAPABILITIES.some((set) => !/^0+$/.test(fields.get(set) ?? ""))
        ? "it holds capabilities"
        : undefined),
  };
}

/** What stands for an argument list that nobody reads to its end. */
const TOO_LONG = Symbol("too long");

function argumentsOf(pid: number): string[] | undefined | typeof TOO_LONG {
  try {
    return commandLine(pid);
  } catch (error) {
    if (error instanceof LibcError && error.errno === Errno.tooBig) return TOO_LONG;
    throw error;
  }
}

function wrongIdentity(
  fields: ReadonlyMap<string, string>,
  { uid, gid, groups }: Pick<Expectation, "uid" | "gid" | "groups">,
): string | undefined {
  const numbers = (field: string) => (fields.get(field) ?? "").split(/\s+/).filter(Boolean).map(Number);
  const is = (field: string, id: number) => {
    const found = numbers(field);
    return found.length === 4 && found.every((one) => one === id);
  };
  if (!is("Uid", uid)) return `it runs as uid ${fields.get("Uid")}`;
  if (gid !== undefined && !is("Gid", gid)) return `it runs as gid ${fields.get("Gid")}`;
  const others = numbers("Groups");
  return groups && String(others) !== String(groups) ? `it has the groups ${others.join(" ")}` : undefined;
}

const CAPABILITIES = ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"];

function rewritten(found: readonly string[], given: readonly string[]): string | undefined {
  const length = Math.max(found.length, given.length);
  for (let i = 0; i < length; i++) {
    if (found[i] === given[i]) continue;
    return `its argument list was rewritten: argument ${i} is ${found[i] ?? "missing"} instead of ${
      given[i] ?? "nothing"
    }`;
  }
  return undefined;
}
