// SPDX-License-Identifier: MIT
/**
 * How a worker is started: which program, with which arguments, in which environment, and what the kernel must say of it then.
 *
 * @module
 */

import { join } from "node:path";
import { permissionFlags, type ScopedPermissions } from "../config/permissions.ts";
import { replaceLink, stat } from "../config/place.ts";
import type { Expectation } from "./proc.ts";

/**
 * The name under which workers run Deno. It must not be `deno`: `node:child_process` adds the supervisor's own permissions to the
 * arguments of what it takes for a `deno run`, even behind setpriv.
 */
export const WORKER_PROGRAM = "pam-deno-worker";

/**
 * Where new objects are made, in MiB. What a hook leaves behind dies young; V8's own choice lets a worker grow from 20 to 126 MiB
 * under load and stay there, with this it stays below 50 and is as fast.
 */
const YOUNG_MIB = 2;

/** Where setpriv(1) may be. */
const SETPRIV = ["/usr/bin/setpriv", "/bin/setpriv", "/sbin/setpriv", "/usr/sbin/setpriv"];

/** Where unshare(1) may be. */
const UNSHARE = ["/usr/bin/unshare", "/bin/unshare"];

/** What workers of this supervisor are started with. */
export interface Launcher {
  /** The program: a link to Deno under another name. */
  readonly program: string;
  /** setpriv and its options, or nothing where there is none. */
  readonly prefix: readonly string[];
  /**
   * unshare and its options, or nothing where it is not usable; for workers without `net`. Deno lets any program listen on a port
   * that the kernel picks, on all addresses, and so hand out what it knows: in a network of its own there is nobody to call.
   */
  readonly isolation: readonly string[];
  /** What is not there, for the log. */
  readonly warnings: readonly string[];
}

/** Makes the link, and finds out what setpriv(1) can take away here. */
export function makeLauncher(folder: string): Launcher {
  const program = join(folder, WORKER_PROGRAM);
  replaceLink(Deno.realPathSync(Deno.execPath()), program);
  const setpriv = SETPRIV.find((path) => stat(path));
  const basic = ["--pdeathsig", "TERM", "--no-new-privs"];
  const isolation = findIsolation();
  const warnings: string[] = [];
  if (Deno.uid() === 0 && isolation.length === 0) {
    warnings.push(
      "unshare --net is not usable here: a module can listen on the network without a permission; give CAP_SYS_ADMIN, or no network",
    );
  }
  const all = Deno.uid() === 0
    ? [...basic, "--inh-caps=-all", "--ambient-caps=-all", "--bounding-set=-all"]
    : basic;
  if (setpriv) {
    for (const options of [all, basic]) {
      if (!works([setpriv, ...options, "--"])) continue;
      if (options !== all) warnings.push("setpriv cannot drop capabilities here: workers keep those of root");
      return { program, prefix: [setpriv, ...options, "--"], isolation, warnings };
    }
  }
  warnings.push(
    "setpriv (util-linux) is not usable here: workers may gain privileges, and outlive a supervisor that is killed",
  );
  return { program, prefix: [], isolation, warnings };
}

/** A network namespace takes root's privileges; whoever serves as an ordinary user tries things out, and is not warned each time. */
function findIsolation(): readonly string[] {
  const unshare = UNSHARE.find((path) => stat(path));
  const command = unshare === undefined || Deno.uid() !== 0 ? [] : [unshare, "--net", "--"];
  return command.length > 0 && works(command) ? command : [];
}

/** Whether a program can be started behind `command`. */
function works([program, ...args]: readonly string[]): boolean {
  const run = new Deno.Command(program!, { args: [...args, "/bin/true"], stdout: "null", stderr: "null" });
  return run.outputSync().success;
}

/** One start of a worker, or of a probe. */
export interface Launch {
  /** The program to start. */
  readonly command: string;
  /** Its arguments. */
  readonly args: readonly string[];
  /** Its whole environment. */
  readonly env: Readonly<Record<string, string>>;
  /** What the process must be once it runs. */
  readonly expected: Expectation;
}

/** What differs between workers. */
export interface LaunchOptions {
  /** The file to run. */
  readonly entry: string;
  /** What it may do to the machine. */
  readonly permissions: ScopedPermissions;
  /** Deno's cache folder: compiled code is kept there. */
  readonly cache: string;
  /** The heap, in MiB. */
  readonly heapMib: number;
}

/** Puts the command together. The argument list is complete: nothing is taken from a configuration file or the environment. */
export function planLaunch(
  launcher: Launcher,
  { entry, permissions, cache, heapMib }: LaunchOptions,
): Launch {
  const commandLine = [
    launcher.program,
    "run",
    "--quiet",
    "--no-prompt",
    "--no-remote",
    "--no-npm",
    "--no-config",
    "--no-lock",
    `--v8-flags=--max-old-space-size=${heapMib},--max-semi-space-size=${YOUNG_MIB}`,
    ...permissionFlags(permissions),
    entry,
  ];
  const isolation = permissions.net?.length ? [] : launcher.isolation;
  const [command, ...args] = [...isolation, ...launcher.prefix, ...commandLine] as [string, ...string[]];
  const handedOn = (permissions.env ?? []).flatMap((name) => {
    const value = Deno.env.get(name);
    return value === undefined ? [] : [[name, value]];
  });
  return {
    command,
    args,
    env: { ...Object.fromEntries(handedOn), DENO_DIR: cache, DENO_NO_UPDATE_CHECK: "1", NO_COLOR: "1" },
    expected: {
      commandLine,
      executable: Deno.realPathSync(launcher.program),
      uid: Deno.uid()!,
      noNewPrivs: launcher.prefix.includes("--no-new-privs"),
      noCapabilities: launcher.prefix.includes("--bounding-set=-all"),
    },
  };
}
