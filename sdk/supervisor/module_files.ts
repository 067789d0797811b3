// SPDX-License-Identifier: MIT
/**
 * The folder of one module's files: what its workers start from, and what its supervisor says of it.
 *
 * Where workers have a user of their own, the folder and all in it belong to root, and the module's group may read what it was told
 * the names of: a module can change nothing here, and see nothing of another's.
 *
 * @module
 */

import { basename, join } from "node:path";
import type { ModuleConfig } from "../config/config.ts";
import { stat } from "../config/place.ts";
import { writeEntries, writeForGroup } from "./entry.ts";
import { type Launch, type Launcher, planLaunch } from "./launch.ts";
import { processLimits } from "./process_limits.ts";
import { type ModuleSource, sourceMapOf } from "./source.ts";
import type { Service } from "./supervise.ts";
import type { Identity } from "./uid.ts";

/** What all workers of a supervisor share. */
export interface Machinery {
  /** How they are started. */
  readonly launcher: Launcher;
  /** The installed runtime: `worker.js`. */
  readonly runtime: string;
  /** The folder of its compiled code, only read. */
  readonly cache: string;
}

/** What the workers of a module are made from. */
export interface ServiceOptions {
  /** Its configuration. */
  readonly config: ModuleConfig;
  /** Its bundle. */
  readonly source: ModuleSource;
  /** Its listening descriptor. */
  readonly fd: number;
  /** Who they run as, if not as their supervisor. */
  readonly identity?: Identity | undefined;
}

const OWN_FOLDER = 0o700;
const GROUP_FOLDER = 0o710;
const STARTS_FROM = /^(?:(?:worker|probe)(?:\.[0-9]+)?(?:_prepare)?\.js|[0-9a-f]{64}\.js(?:\.map)?)$/;

/** The files of one module. */
export class ModuleFiles {
  /** The folder. */
  readonly folder: string;
  #generation = -1;

  /** Makes the folder, if it is not there. */
  constructor(folder: string) {
    this.folder = folder;
    if (!stat(folder)) Deno.mkdirSync(folder, { mode: OWN_FOLDER });
  }

  /** Lets the group of `identity` into the folder, but not list it. */
  openFor(identity: Identity | undefined): void {
    const group = groupOf(identity);
    if (group === undefined) return;
    Deno.chownSync(this.folder, null, group);
    Deno.chmodSync(this.folder, GROUP_FOLDER);
  }

  /** Writes what a probe of a bundle starts from, and says how to start it: as `prober`, who shares nothing but the group. */
  planProbe(
    { launcher, runtime, cache }: Machinery,
    { config, source, identity, prober }: Omit<ServiceOptions, "fd" | "source"> & {
      readonly source: Omit<ModuleSource, "declaration">;
      readonly prober?: Identity | undefined;
    },
  ): Launch {
    const group = groupOf(identity);
    const bundle = group === undefined ? source.file : this.#copy(source, group);
    const generation = this.#generation + 1;
    const entries = writeEntries({ folder: this.folder, runtime, bundle, config, fd: 0, generation, group });
    const heapMib = config.limits.heap_mib;
    const limits = processLimits(config, prober !== undefined);
    return planLaunch(launcher, {
      entry: entries.probe,
      permissions: {},
      cache,
      heapMib,
      identity: prober,
      limits,
    });
  }

  /** Writes what workers start from, apart from what others may be starting from now, and says how to start them. */
  plan(
    { launcher, runtime, cache }: Machinery,
    { config, source, fd, identity }: ServiceOptions,
  ): Service & { readonly files: ReadonlySet<string> } {
    const group = groupOf(identity);
    const bundle = group === undefined ? source.file : this.#copy(source, group);
    const map = sourceMapOf(source);
    const entries = writeEntries({
      folder: this.folder,
      runtime,
      bundle,
      config,
      fd,
      expected: source.declaration,
      generation: ++this.#generation,
      group,
    });
    const prepared = entries.worker.replace(/\.js$/, "_prepare.js");
    return {
      bundle: source.sha256,
      launch: planLaunch(launcher, {
        entry: entries.worker,
        permissions: config.permissions,
        cache,
        heapMib: config.limits.heap_mib,
        identity,
        limits: processLimits(config, identity !== undefined),
      }),
      workers: config.workers,
      memoryMib: config.limits.memory_mib,
      files: new Set([entries.worker, prepared, bundle, ...map ? [map] : []].map((path) => basename(path))),
    };
  }

  /** Removes what no worker will start from any more. */
  sweep(files: ReadonlySet<string>): void {
    for (const { name, isFile } of [...Deno.readDirSync(this.folder)]) {
      if (isFile && STARTS_FROM.test(name) && !files.has(name)) Deno.removeSync(join(this.folder, name));
    }
  }

  /** Says how the last reload went, for whoever asked for it: a line that no earlier one equals. */
  noteReload(problem: string | undefined): void {
    const said = problem === undefined ? "ok" : `failed: ${problem.split("\n")[0]}`;
    writeForGroup(join(this.folder, RELOAD_FILE), `${said} at ${new Date().toISOString()}\n`, undefined);
  }

  /** The bytes that were hashed, where the module's group can read them. */
  #copy(source: Omit<ModuleSource, "declaration">, group: number): string {
    const file = join(this.folder, basename(source.file));
    if (file === source.file) {
      Deno.chownSync(file, null, group);
      Deno.chmodSync(file, 0o640);
    } else writeForGroup(file, source.bytes, group);
    const map = sourceMapOf(source);
    if (map) writeForGroup(join(this.folder, basename(map)), Deno.readFileSync(map), group);
    return file;
  }
}

/** The file that says how the last reload went: `ok …`, or `failed: …`. */
export const RELOAD_FILE = "reload";

/** The group that is the module's alone. */
function groupOf(identity: Identity | undefined): number | undefined {
  return identity?.groups[0] ?? identity?.gid;
}
