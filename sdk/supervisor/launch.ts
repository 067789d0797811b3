// SPDX-License-Identifier: MIT
/**
 * How a worker is started: which program, with which arguments, in which environment, and what the kernel must say of it then.
 *
 * @module
 */

import { join } from "node:path";
import { permissionFlags, type ScopedPermissions, scopesOf, usesNetwork } from "../config/permissions.ts";
import { stat } from "../config/place.ts";
import { replaceLink } from "./libc.ts";
import { type Expectation, statusField } from "./proc.ts";
import { END_ALL, isOwn, type OwnUser } from "./strays.ts";
import { prlimitOptions, type ProcessLimits } from "./process_limits.ts";
import type { Identity } from "./uid.ts";

/**
 * The name under which workers run Deno. It must not be `deno`: `node:child_process` adds the permissions of who uses it to the
 * arguments of what it takes for a `deno run`, even behind setpriv. Nothing here uses it; the name stands for the day somebody does.
 */
export const WORKER_PROGRAM = "pam-deno-worker";

/**
 * Where new objects are made, in MiB. What a hook leaves behind dies young; V8's own choice lets a worker grow from 20 to 126 MiB
 * under load and stay there, with this it stays below 50 and is as fast.
 */
const YOUNG_MIB = 2;

/** Where setpriv(1), unshare(1) and prlimit(1) may be. */
const SETPRIV = ["/usr/bin/setpriv", "/bin/setpriv"];
const UNSHARE = ["/usr/bin/unshare", "/bin/unshare"];
const PRLIMIT = ["/usr/bin/prlimit", "/bin/prlimit"];
const TRUE = ["/usr/bin/true", "/bin/true"];

/** CAP_SYS_PTRACE, as a bit of `CapEff`. */
const CAP_SYS_PTRACE = 19n;

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
  /** prlimit, or nothing where it is not usable or somebody else sets limits. */
  readonly prlimit: string | undefined;
  /** What is not there, for the log. */
  readonly warnings: readonly string[];
}

/**
 * Takes variables that the loader of programs listens to out of this process's environment: nobody who is started is to have them, and
 * Deno starts nothing with them for a process whose permissions have a scope.
 */
export function dropLoaderVariables(): void {
  for (const name of Object.keys(Deno.env.toObject())) if (name.startsWith("LD_")) Deno.env.delete(name);
}

/** Makes the link, and finds out what setpriv(1) and others can take away here. */
export function makeLauncher(folder: string): Launcher {
  const program = linkProgram(folder);
  const setpriv = SETPRIV.find((path) => stat(path));
  const basic = ["--pdeathsig", "TERM", "--no-new-privs"];
  const isolation = findIsolation();
  const root = Deno.uid() === 0;
  const warnings: string[] = [];
  if (root && isolation.length === 0) {
    warnings.push(
      "unshare --net is not usable here: a module can listen on the network without a permission; give CAP_SYS_ADMIN, or no network",
    );
  }
  const prlimit = PRLIMIT.find((path) => stat(path) && works([path, "--core=0:0"]));
  if (!prlimit) {
    warnings.push("prlimit (util-linux) is not usable here: descriptors and processes have no limit");
  }
  if (root && !hasCapability(CAP_SYS_PTRACE)) {
    warnings.push(
      "Without CAP_SYS_PTRACE it cannot be seen which file a worker executes: its arguments are compared",
    );
  }
  const all = root ? [...basic, "--inh-caps=-all", "--ambient-caps=-all", "--bounding-set=-all"] : basic;
  if (setpriv) {
    for (const options of [all, basic]) {
      if (!works([setpriv, ...options, "--"])) continue;
      if (options !== all) warnings.push("setpriv cannot drop capabilities here: workers keep those of root");
      return { program, prefix: [setpriv, ...options, "--"], isolation, prlimit, warnings };
    }
  }
  warnings.push(
    "setpriv (util-linux) is not usable here: workers may gain privileges, and outlive a supervisor that is killed",
  );
  return { program, prefix: [], isolation, prlimit, warnings };
}

/**
 * The launcher of a service manager's unit, which has set user, capabilities, limits and network already, for itself and what it
 * starts. Nothing is tried: it is on the way to the first answer.
 *
 * @param folder where the link is made if `program` is not there
 * @param program the installed link to Deno
 */
export function unitLauncher(folder: string, program: string): Launcher {
  const setpriv = SETPRIV.find((path) => stat(path)) ?? SETPRIV[0]!;
  return {
    program: stat(program) ? program : linkProgram(folder),
    prefix: [setpriv, "--pdeathsig", "TERM", "--no-new-privs", "--"],
    isolation: [],
    prlimit: undefined,
    warnings: [],
  };
}

function linkProgram(folder: string): string {
  const program = join(folder, WORKER_PROGRAM);
  replaceLink(Deno.realPathSync(Deno.execPath()), program);
  return program;
}

function hasCapability(bit: bigint): boolean {
  return (BigInt(`0x${statusField(Deno.pid, "CapEff") ?? "0"}`) >> bit & 1n) === 1n;
}

/** A network namespace takes root's privileges; whoever serves as an ordinary user tries things out, and is not warned each time. */
function findIsolation(): readonly string[] {
  const unshare = UNSHARE.find((path) => stat(path));
  const command = unshare === undefined || Deno.uid() !== 0 ? [] : [unshare, "--net", "--"];
  return command.length > 0 && works(command) ? command : [];
}

/** Whether a program can be started behind `command`. */
function works([program, ...args]: readonly string[]): boolean {
  const nothing = TRUE.find((path) => stat(path)) ?? TRUE[0]!;
  const run = new Deno.Command(program!, {
    args: [...args, nothing],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  });
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
  /** The user it runs as, if that is nobody else's. */
  readonly own?: OwnUser | undefined;
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
  /** Who it runs as, if not as who starts it. */
  readonly identity?: Identity | undefined;
  /** What the kernel holds it to, beside what it holds who starts it to. */
  readonly limits?: ProcessLimits | undefined;
}

/** Puts the command together. The argument list is complete: nothing is taken from a configuration file or the environment. */
export function planLaunch(
  launcher: Launcher,
  { entry, permissions, cache, heapMib, identity, limits }: LaunchOptions,
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
  const isolation = usesNetwork(permissions) ? [] : launcher.isolation;
  const limit = launcher.prlimit && limits ? [launcher.prlimit, ...prlimitOptions(limits), "--"] : [];
  const [setpriv, ...options] = launcher.prefix;
  if (identity && !setpriv) {
    throw new Error("Cannot start a worker as another user: setpriv (util-linux) is missing");
  }
  const drop = setpriv ? [setpriv, ...identity ? identityOptions(identity) : [], ...options] : [];
  const [command, ...args] = [...isolation, ...limit, ...drop, ...commandLine] as [string, ...string[]];
  const handedOn = scopesOf(permissions, "env").flatMap((name) => {
    const value = Deno.env.get(name);
    return value === undefined ? [] : [[name, value]];
  });
  return {
    command,
    args,
    own: identity && ownUser(launcher, identity),
    env: { ...Object.fromEntries(handedOn), DENO_DIR: cache, DENO_NO_UPDATE_CHECK: "1", NO_COLOR: "1" },
    expected: {
      commandLine,
      executable: Deno.realPathSync(launcher.program),
      noNewPrivs: launcher.prefix.includes("--no-new-privs"),
      noCapabilities: launcher.prefix.includes("--bounding-set=-all"),
      ...identity ?? { uid: Deno.uid()! },
    },
  };
}

/** A user that one module has alone, with what is taken from its workers too: they could get hold of what runs as them. */
export function ownUser({ isolation, prefix }: Launcher, identity: Identity): OwnUser | undefined {
  const [setpriv, ...options] = prefix;
  if (!setpriv || !isOwn(identity)) return undefined;
  const { uid } = identity;
  return { uid, endAll: [...isolation, setpriv, ...identityOptions(identity), ...options, ...END_ALL] };
}

function identityOptions({ uid, gid, groups }: Identity): string[] {
  const others = groups.length > 0 ? `--groups=${groups.join(",")}` : "--clear-groups";
  return [`--reuid=${uid}`, `--regid=${gid}`, others];
}
