// SPDX-License-Identifier: MIT
/**
 * What booted machines need of the machine around them, and what must be gone after them.
 *
 * @module
 */

import { dirname, join } from "node:path";
import { FOLDER } from "./debian.ts";

/** How long something of the kernel's or of systemd's may take, in ms; it needs a second. */
export const PATIENCE_MS = 60_000;

/** The pause between two looks at something that tells nobody when it changes, in ms. */
const LOOK_MS = 20;

/** Where the system bus has its socket, which systemd-nspawn insists on. */
const BUS = "/run/dbus/system_bus_socket";

/** The hierarchies of control groups in which a machine gets a group of its own. */
const HIERARCHIES = ["", "systemd", "unified", "memory", "pids"].map((name) => join("/sys/fs/cgroup", name));

/** How machines are called; the id of the process that boots them follows. */
export const PREFIX = "pam-deno-test-";

/**
 * Arguments of setpriv(1) before a command that ends with this process, however that ends, and with it all that it started and
 * mounted: the first process of a process namespace takes the others along, and a mount namespace its mounts.
 */
export const WITH_US = [
  ...["--pdeathsig", "KILL", "--", "unshare", "--mount", "--propagation", "private"],
  ...["--pid", "--fork", "--kill-child=KILL", "--mount-proc", "--"],
];

/** The system bus of this machine: the one that runs, or one that lives as long as the machine that needs it. */
export class Bus {
  readonly #child: Deno.ChildProcess | undefined;

  private constructor(child: Deno.ChildProcess | undefined) {
    this.#child = child;
  }

  static async find(): Promise<Bus> {
    if (await answers(BUS)) return new Bus(undefined);
    Deno.mkdirSync(dirname(BUS), { recursive: true });
    const child = new Deno.Command("setpriv", {
      args: [...WITH_US, "sh", "-c", "dbus-daemon --system --nofork --nopidfile & wait"],
      clearEnv: true,
      env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" },
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    const bus = new Bus(child);
    const end = performance.now() + PATIENCE_MS;
    while (!await answers(BUS)) {
      if (performance.now() > end) {
        throw new Error("dbus-daemon does not start: is the package dbus installed?");
      }
      await pause();
    }
    return bus;
  }

  async stop(): Promise<void> {
    if (!this.#child) return;
    this.#child.kill("SIGKILL");
    await this.#child.status;
    remove(BUS);
  }
}

async function answers(path: string): Promise<boolean> {
  try {
    (await Deno.connect({ transport: "unix", path })).close();
    return true;
  } catch {
    return false;
  }
}

/** What is left of machines whose test was killed: empty folders and groups. */
export async function removeLeftovers(): Promise<void> {
  for (const parent of [FOLDER, ...HIERARCHIES].filter(isThere)) {
    for (const { name } of [...Deno.readDirSync(parent)]) {
      const pid = name.startsWith(PREFIX) && name.slice(PREFIX.length).split("-")[0];
      if (!pid || isThere(`/proc/${pid}`)) continue;
      if (parent === FOLDER) remove(join(parent, name));
      else await removeGroup(join(parent, name));
    }
  }
}

/** Makes control groups for a machine, one in each hierarchy, and gives their folders. */
export function makeGroups(name: string): string[] {
  return HIERARCHIES.filter((path) => isThere(join(path, "cgroup.procs"))).map((hierarchy) => {
    const group = join(hierarchy, name);
    Deno.mkdirSync(group);
    return group;
  });
}

/** A control group can be removed when its last process has been waited for. */
export async function removeGroup(path: string): Promise<void> {
  const end = performance.now() + PATIENCE_MS;
  while (true) {
    try {
      for (const { name, isDirectory } of [...Deno.readDirSync(path)]) {
        if (isDirectory) await removeGroup(join(path, name));
      }
      return Deno.removeSync(path);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return;
      if (performance.now() > end) throw error;
    }
    await pause();
  }
}

/** Waits a moment. */
export function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, LOOK_MS));
}

/** Whether something is at a path. */
export function isThere(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
}

/** Removes a file or an empty folder, if it is there. */
export function remove(path: string): void {
  try {
    Deno.removeSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
