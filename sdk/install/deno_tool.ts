// SPDX-License-Identifier: MIT
/**
 * Runs Deno's own tools on a module's files: never the module itself.
 *
 * @module
 */

/** How long `deno info` or `deno bundle` may take; the first run may have to download packages. */
const TOOL_MAX_MS = 120_000;

/** A tool of Deno failed. The message holds what it said. */
export class DenoToolError extends Error {
  override name = "DenoToolError";
}

/** The tools that run now. */
const RUNNING = new Set<Deno.ChildProcess>();

/** Ends all tools that run: they make the folders that they write to anew, also those that somebody has removed. */
export function endDenoTools(): void {
  for (const child of RUNNING) {
    try {
      child.kill("SIGKILL");
    } catch {
      // It has ended.
    }
  }
}

/** Runs `deno ARGS…` in the folder `cwd` with a copy of the environment, and gives what it printed. */
export async function runDenoTool(args: readonly string[], cwd: string): Promise<string> {
  const child = new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd,
    env: { NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1", RUST_BACKTRACE: "0", RUST_LIB_BACKTRACE: "0" },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    signal: AbortSignal.timeout(TOOL_MAX_MS),
  }).spawn();
  RUNNING.add(child);
  const { success, stdout, stderr } = await child.output().finally(() => RUNNING.delete(child));
  const decoder = new TextDecoder();
  if (success) return decoder.decode(stdout);
  throw new DenoToolError(`deno ${args[0]} failed:\n${decoder.decode(stderr).trim()}`);
}

/** One file or package of a module graph, as `deno info --json` lists it. */
export interface GraphModule {
  /** Its URL. */
  readonly specifier: string;
  /** `esm`, `external` (inlined as text or bytes), `node`, `npm`, … */
  readonly kind?: string;
  /** Its file. */
  readonly local?: string;
  /** Why it could not be loaded. */
  readonly error?: string;
  /** What it imports. */
  readonly dependencies?: readonly {
    readonly specifier: string;
    readonly code?: { readonly error?: string };
  }[];
}

/** All that is reachable from `entry` without running it. */
export async function moduleGraph(
  entry: string,
  flags: readonly string[],
  cwd: string,
): Promise<readonly GraphModule[]> {
  const { modules } = JSON.parse(await runDenoTool(["info", "--json", ...flags, entry], cwd));
  return modules;
}
