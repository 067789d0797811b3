// SPDX-License-Identifier: MIT
/**
 * What the kernel says about a process, which the process itself cannot make up.
 *
 * @module
 */

/** Runs `look`, or gives `undefined` if the process is gone. Whatever else is in the way must not look like that. */
function whileThere<T>(look: () => T): T | undefined {
  try {
    return look();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || (error as { code?: string }).code === "ESRCH") {
      return undefined;
    }
    throw error;
  }
}

/** Reads a file of proc(5). */
function read(pid: number, name: string): string | undefined {
  return whileThere(() => Deno.readTextFileSync(`/proc/${pid}/${name}`));
}

/** The argument list of a process. */
export function commandLine(pid: number): string[] | undefined {
  return read(pid, "cmdline")?.split("\0").slice(0, -1);
}

/** The file that a process executes. */
export function executable(pid: number): string | undefined {
  return whileThere(() => Deno.readLinkSync(`/proc/${pid}/exe`));
}

/** When a process started, in clock ticks since boot: with its id it names a process for good. */
export function startTime(pid: number): string | undefined {
  // The command's name, in parentheses, may hold spaces and parentheses itself.
  return read(pid, "stat")?.replace(/^.*\) /s, "").split(" ")[19];
}

/** A field of `/proc/PID/status`. */
function status(pid: number, field: string): string | undefined {
  return read(pid, "status")?.match(new RegExp(`^${field}:\\s*(.*)$`, "m"))?.[1];
}

/** What a process must be to be trusted with a module. */
export interface Expectation {
  /** Its argument list. It says something only until the process runs code of others: `process.title = …` changes it. */
  readonly commandLine: readonly string[];
  /** The file it executes. */
  readonly executable: string;
  /** Its real, effective, saved and file-system user id. */
  readonly uid: number;
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
    const verdict = file === expected.executable ? mistrust(pid, expected) : undefined;
    if (verdict !== undefined) return verdict;
    await new Promise((resolve) => setTimeout(resolve, EXEC_POLL_MS));
  }
}

/** Compares a process with what it should be. `undefined` if it is gone. */
export function mistrust(
  pid: number,
  expected: Omit<Expectation, "commandLine"> & Partial<Expectation>,
): Verdict | undefined {
  const words = commandLine(pid);
  const file = executable(pid);
  const fields = ["Uid", "NoNewPrivs", ...CAPABILITIES].map((field) => status(pid, field));
  // A process that has ended but was not waited for still has an id, but neither file nor arguments.
  if (!words?.length || file === undefined || fields.includes(undefined)) return undefined;
  const [uids, noNewPrivs, ...capabilities] = fields as [string, string, ...string[]];
  return {
    problem: rewritten(words, expected.commandLine ?? words) ??
      (file !== expected.executable ? `it executes ${file}, not ${expected.executable}` : undefined) ??
      (uids.split(/\s+/).some((uid) => uid !== String(expected.uid))
        ? `it runs as uid ${uids}`
        : undefined) ??
      (expected.noNewPrivs && noNewPrivs !== "1" ? "it may gain privileges" : undefined) ??
      (expected.noCapabilities && capabilities.some((set) => !/^0+$/.test(set))
        ? "it holds capabilities"
        : undefined),
  };
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
