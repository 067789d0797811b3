// SPDX-License-Identifier: MIT
/**
 * Serves every configured module: those that were installed, and those that are being developed.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { join } from "node:path";
import { withCode } from "../coded.ts";
import { ConfigError, listModules } from "../config/config.ts";
import { hookLink, journalFile, type Layout } from "../config/layout.ts";
import { checkPlace, lockRuntimeDir, makeRuntimeDir, stat } from "../config/place.ts";
import { makeCache, removeCache } from "./cache.ts";
import { closeOnExec } from "./descriptors.ts";
import { STAGE_PREFIX } from "./from_sources.ts";
import { dropLoaderVariables, makeLauncher, ownUser } from "./launch.ts";
import { killLeftovers, noteProcesses } from "./leftover.ts";
import type { Machinery } from "./module_files.ts";
import { problemLines } from "./problem.ts";
import { type Served, ServedModule } from "./served_module.ts";
import { endStrays } from "./strays.ts";
import { Users } from "./uid.ts";

export type { ServedModule };

/** What {@linkcode serve} is told on the way. */
export interface ServeEvents {
  /** Stops it while modules are being started. */
  readonly signal?: AbortSignal;
  /** Told of each module as soon as it is served. */
  readonly onServed?: (module: ServedModule) => void;
}

/** What {@linkcode serve} started. */
export interface Serving {
  /** The modules that are served, in the order of their names. */
  readonly modules: readonly ServedModule[];
  /** How many could not be. */
  readonly failed: number;
  /**
   * Reads the configuration again: takes what has changed, adds modules that are new and drops those that are gone. Resolves when all
   * that is done; a module that cannot be reloaded is served as it was, and logged.
   */
  reload(): Promise<void>;
  /** Removes the sockets and lets workers finish for at most `graceMs`. May be called again with less patience. */
  stop(graceMs?: number): Promise<void>;
}

const logger = getLogger(["pam-deno", "supervisor"]);

/**
 * Serves all modules configured in the layout's folder. One that cannot be served is logged and leaves the others alone. If `signal`
 * is aborted while they are being started, what there is by then is returned, to be stopped.
 *
 * @throws {PlaceError} if a folder is not fit, or another supervisor serves the runtime directory.
 * @throws {ConfigError} if there is nothing to serve.
 */
export async function serve(layout: Layout, { signal, onServed }: ServeEvents = {}): Promise<Serving> {
  dropLoaderVariables();
  const runtime = join(layout.libDir, "worker.js");
  if (!stat(runtime)) throw new ConfigError(`${runtime}: the runtime was not built: run \`deno task build\``);
  const names = configured(layout);
  if (names.length === 0) {
    throw new ConfigError(
      `${join(layout.configDir, "modules")}: there is no NAME.jsonc in it: nothing to serve`,
    );
  }
  checkPlace(join(layout.configDir, "modules"));
  makeRuntimeDir(layout.runtimeDir);
  const server = new Server(layout, runtime, lockRuntimeDir(layout.runtimeDir), onServed);
  warnOfPending(layout);
  try {
    server.prepare(names);
    const aborted = new Promise((resolve) => signal?.addEventListener("abort", resolve, { once: true }));
    await Promise.race([Promise.all(names.map((name) => server.add(name))), aborted]);
  } catch (error) {
    await server.stop(0);
    throw error;
  }
  const { modules } = server;
  return {
    modules,
    failed: names.length - modules.length,
    reload: () => server.reload(),
    stop: (graceMs) => server.stop(graceMs),
  };
}

/** Whoever was interrupted cannot say it any more. */
function warnOfPending(layout: Layout): void {
  const file = journalFile(layout);
  if (!isThere(file)) return;
  logger.warn(
    "{file}: a command that installs is at work, or was interrupted: what is served may be half-changed; if nobody is at work, run `pam-deno reload`",
    { file },
  );
}

/** Whether a file is there that may be in a folder which this process may not look into. */
function isThere(file: string): boolean {
  try {
    return stat(file) !== undefined;
  } catch {
    return false;
  }
}

function configured({ configDir }: Layout): string[] {
  const { names, strange } = listModules(configDir);
  for (const file of strange) {
    logger.warn(
      "{file} is not NAME.jsonc with a NAME of a-z, 0-9, _ and -, other than pam-deno: it is not used",
      { file },
    );
  }
  return names;
}

class Server {
  readonly #layout: Layout;
  readonly #folder: string;
  readonly #runtime: string;
  readonly #lock: Deno.FsFile;
  readonly #onServed: ((module: ServedModule) => void) | undefined;
  readonly #all = new Map<string, ServedModule>();
  readonly #ready = new Set<ServedModule>();
  /** Users that modules have, or had, alone. */
  readonly #uids = new Set<number>();
  #served: Served | undefined;
  #reloading: Promise<void> = Promise.resolve();
  #waiting: Promise<void> | undefined;
  #stopping = false;
  #closed = false;

  constructor(
    layout: Layout,
    runtime: string,
    lock: Deno.FsFile,
    onServed: ((module: ServedModule) => void) | undefined,
  ) {
    this.#layout = layout;
    this.#folder = join(layout.runtimeDir, "workers");
    this.#runtime = runtime;
    this.#lock = lock;
    this.#onServed = onServed;
  }

  get modules(): ServedModule[] {
    return [...this.#ready].sort((a, b) => a.name < b.name ? -1 : 1);
  }

  /** Makes the folder of the workers' files, and ends and removes what an earlier supervisor left. */
  prepare(names: readonly string[]): void {
    const ownUsers = Deno.uid() === 0;
    const folder = this.#folder;
    Deno.mkdirSync(folder, { recursive: true, mode: 0o711 });
    checkPlace(folder);
    // Each of the folders in it says who may enter.
    Deno.chmodSync(folder, ownUsers ? 0o711 : 0o700);
    const { killed, uids } = killLeftovers(folder);
    for (const uid of uids) this.#uids.add(uid);
    for (const pid of killed) {
      logger.warn("Worker {pid} was left behind by a supervisor that was killed: killed", { pid });
    }
    this.#tidy(names);
    if (!closeOnExec()) {
      logger.warn("close_range(2) is not usable here: workers inherit what this process was started with");
    }
    this.#served = {
      layout: this.#layout,
      folder,
      machinery: this.#makeMachinery(),
      users: ownUsers ? new Users(this.#layout.keepDir, names) : undefined,
      onProcesses: () => this.#note(),
    };
  }

  async #makeMachinery(): Promise<Machinery> {
    const launcher = makeLauncher(this.#folder);
    for (const warning of launcher.warnings) logger.warn("{warning}", { warning });
    // Before there is a worker again: what is left of an earlier one may take its place.
    for (const uid of this.#uids) {
      const user = ownUser(launcher, { uid, gid: uid, groups: [] });
      if (user) await endStrays(user, `an earlier supervisor (uid ${uid})`);
    }
    const runtime = this.#runtime;
    return { launcher, runtime, cache: await makeCache(this.#folder, launcher, runtime) };
  }

  /** Removes what belongs to modules that are not configured any more, so that the shim does not take them for known. */
  #tidy(names: readonly string[]): void {
    const { configDir, runtimeDir } = this.#layout;
    const hooks = join(configDir, "hooks");
    Deno.mkdirSync(hooks, { recursive: true, mode: 0o755 });
    checkPlace(hooks);
    for (const { name, isSymlink } of [...Deno.readDirSync(hooks)]) {
      if (isSymlink && !names.includes(name)) Deno.removeSync(hookLink(this.#layout, name));
    }
    for (const { name } of [...Deno.readDirSync(runtimeDir)]) {
      const path = join(runtimeDir, name);
      if (/\.sock~?$/.test(name) && stat(path)?.isSocket) Deno.removeSync(path);
    }
    for (const { name, isDirectory } of [...Deno.readDirSync(this.#folder)]) {
      if (isDirectory && (!name.startsWith(".") || name.startsWith(STAGE_PREFIX))) {
        Deno.removeSync(join(this.#folder, name), { recursive: true });
      }
    }
  }

  /** Starts to serve a module, or logs why it cannot be served. */
  async add(name: string): Promise<void> {
    const module = new ServedModule(name, this.#served!);
    this.#all.set(name, module);
    try {
      await module.start();
      if (this.#stopping) return;
      this.#ready.add(module);
      this.#onServed?.(module);
    } catch (error) {
      // One whose worker does not start is tried again; one without workers only when the configuration is read again.
      if (!module.isServed) this.#all.delete(name);
      this.#complain(name, error);
    }
  }

  /** One after the other; all that is asked for meanwhile is done at once when the first is done. */
  reload(): Promise<void> {
    return this.#waiting ??= this.#reloading.then(() => {
      this.#waiting = undefined;
      return this.#reloading = this.#reload();
    });
  }

  async #reload(): Promise<void> {
    if (this.#stopping) return;
    let names: string[];
    try {
      names = configured(this.#layout);
    } catch (error) {
      this.#complain("reload", error);
      return;
    }
    const gone = [...this.#all].filter(([name]) => !names.includes(name));
    await Promise.all([
      ...gone.map(([name, module]) => this.#drop(name, module)),
      ...names.map((name) => {
        const module = this.#all.get(name);
        return module ? this.#reloadOne(module) : this.add(name);
      }),
    ]);
    if (!this.#stopping) {
      logger.info("Read the configuration again: {count} modules are served", { count: this.#all.size });
    }
  }

  async #reloadOne(module: ServedModule): Promise<void> {
    const { name } = module;
    try {
      await module.reload();
      this.#ready.add(module);
      logger.info("{name} was reloaded", { name });
    } catch (error) {
      this.#complain(name, error);
      logger.error(withCode("not-reloaded", "{name} was not reloaded: what served it before goes on"), {
        name,
      });
    }
  }

  /** First the link: whoever comes now is told that there is no such module, and not that it does not answer. */
  async #drop(name: string, module: ServedModule): Promise<void> {
    this.#all.delete(name);
    this.#ready.delete(module);
    module.forget();
    await module.stop();
    Deno.removeSync(join(this.#folder, name), { recursive: true });
    this.#note();
    logger.info("{name} is not configured any more: it is not served", { name });
  }

  #complain(name: string, error: unknown): void {
    if (this.#stopping) return;
    for (const line of problemLines(name, error)) logger.error("{line}", { line });
  }

  #note(): void {
    const modules = [...this.#all.values()];
    for (const { uid } of modules.flatMap(({ ownUsers }) => ownUsers)) this.#uids.add(uid);
    noteProcesses(this.#folder, modules.flatMap(({ processes }) => processes), this.#uids);
  }

  async stop(graceMs?: number): Promise<void> {
    this.#stopping = true;
    const modules = [...this.#all.values()];
    for (const module of modules) module.close();
    await Promise.all(modules.map((module) => module.stop(graceMs)));
    if (this.#closed) return;
    this.#closed = true;
    await this.#served?.machinery.then(() => removeCache(this.#folder), () => {});
    this.#lock.close();
  }
}
