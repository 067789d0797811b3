// SPDX-License-Identifier: MIT
/**
 * Serves every configured module: bundles it, reads what it declares, and starts a worker behind its socket.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { join, resolve } from "node:path";
import { bundleModule } from "../install/bundle.ts";
import { makeCache, removeCache } from "./cache.ts";
import { ConfigError, listModules, type ModuleConfig, readModuleConfig } from "../config/config.ts";
import { writeEntries } from "./entry.ts";
import { type Launcher, makeLauncher, planLaunch } from "./launch.ts";
import { killLeftovers, noteProcesses } from "./leftover.ts";
import { closeOnExec, type Libc, openLibc } from "./libc.ts";
import { missingPermissions, resolvePermissions } from "../config/permissions.ts";
import { checkPlace, isForeign, lockRuntimeDir, makeRuntimeDir, replaceLink, stat } from "../config/place.ts";
import { type Declaration, probe } from "./probe.ts";
import { bindModuleSocket, type ModuleSocket } from "./socket.ts";
import { Supervision } from "./supervise.ts";

/** Where everything is. */
export interface ServeOptions {
  /** The administrator's folder, with `modules/` in it; the hook links are left in `hooks/`. */
  readonly configDir: string;
  /** The folder of the sockets. */
  readonly runtimeDir: string;
  /** The installed runtime: `build/worker.js`. */
  readonly runtime: string;
  /** The folder of the SDK's `mod.ts`. */
  readonly sdk: string;
}

/** What {@linkcode serve} is told on the way. */
export interface ServeEvents {
  /** Stops it while modules are being started. */
  readonly signal?: AbortSignal;
  /** Told of each module as soon as it is served. */
  readonly onServed?: (module: ServedModule) => void;
}

/** A module that is served. */
export interface ServedModule {
  /** Its configuration. */
  readonly config: ModuleConfig;
  /** What it declares. */
  readonly declaration: Declaration;
  /** Its socket. */
  readonly socket: ModuleSocket;
  /** Its workers. */
  readonly supervision: Supervision;
  /** From the start of its bundling until its first worker was ready. */
  readonly startMs: number;
}

/** What {@linkcode serve} started. */
export interface Serving {
  /** The modules that are served, in the order of their names. */
  readonly modules: readonly ServedModule[];
  /** How many could not be. */
  readonly failed: number;
  /** Removes the sockets and lets workers finish for at most `graceMs`. May be called again with less patience. */
  stop(graceMs?: number): Promise<void>;
}

const logger = getLogger(["pam-deno", "supervisor"]);

/**
 * Serves all modules configured in `configDir`. One that cannot be served is logged and leaves the others alone. If
 * `signal` is aborted while they are being started, what there is by then is returned, to be stopped.
 *
 * @throws {PlaceError} if a folder is not fit, or another supervisor serves `runtimeDir`.
 * @throws {ConfigError} if there is nothing to serve.
 */
export async function serve(options: ServeOptions, { signal, onServed }: ServeEvents = {}): Promise<Serving> {
  const configDir = resolve(options.configDir);
  const runtimeDir = resolve(options.runtimeDir);
  if (!stat(options.runtime)) {
    throw new ConfigError(`${options.runtime}: the runtime was not built: run \`deno task build\``);
  }
  const { names, strange } = listModules(configDir);
  for (const file of strange) {
    logger.warn("{file} is not NAME.jsonc with a NAME of a-z, 0-9, _ and -: it is not used", { file });
  }
  if (names.length === 0) {
    throw new ConfigError(`${join(configDir, "modules")}: there is no NAME.jsonc in it: nothing to serve`);
  }
  checkPlace(join(configDir, "modules"));
  makeRuntimeDir(runtimeDir);
  const server = new Server({ ...options, configDir, runtimeDir }, lockRuntimeDir(runtimeDir));
  try {
    server.prepare(names);
    const aborted = new Promise((resolve) => signal?.addEventListener("abort", resolve, { once: true }));
    await Promise.race([Promise.all(names.map((name) => server.add(name, onServed))), aborted]);
  } catch (error) {
    await server.stop(0);
    throw error;
  }
  return {
    modules: server.modules,
    failed: names.length - server.modules.length,
    stop: (graceMs) => server.stop(graceMs),
  };
}

class Server {
  readonly #options: ServeOptions;
  readonly #folder: string;
  readonly #libc: Libc = openLibc();
  readonly #lock: Deno.FsFile;
  readonly #supervisions: Supervision[] = [];
  readonly #sockets: ModuleSocket[] = [];
  readonly #modules: ServedModule[] = [];
  #launcher: Launcher | undefined;
  #cache: Promise<string> | undefined;
  #stopping = false;
  #closed = false;

  constructor(options: ServeOptions, lock: Deno.FsFile) {
    this.#options = options;
    this.#lock = lock;
    this.#folder = join(options.runtimeDir, "workers");
  }

  get modules(): ServedModule[] {
    return this.#modules.sort((a, b) => a.config.name < b.config.name ? -1 : 1);
  }

  /** Makes the folder of the workers' files, and ends and removes what an earlier supervisor left. */
  prepare(names: readonly string[]): void {
    Deno.mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    checkPlace(this.#folder);
    for (const pid of killLeftovers(this.#folder)) {
      logger.warn("Worker {pid} was left behind by a supervisor that was killed: killed", { pid });
    }
    this.#tidy(names);
    if (!closeOnExec(this.#libc)) {
      logger.warn("close_range(2) is not usable here: workers inherit what this process was started with");
    }
    this.#launcher = makeLauncher(this.#folder);
    this.#cache = makeCache(this.#folder, this.#launcher, this.#options.runtime);
    for (const warning of this.#launcher.warnings) logger.warn("{warning}", { warning });
    if (Deno.uid() === 0) {
      logger.warn("Workers run as root: this version starts them as the user who runs it");
    }
  }

  /** Removes what belongs to modules that are not configured any more, so that the shim does not take them for known. */
  #tidy(names: readonly string[]): void {
    const { configDir, runtimeDir } = this.#options;
    const hooks = join(configDir, "hooks");
    Deno.mkdirSync(hooks, { recursive: true, mode: 0o755 });
    checkPlace(hooks);
    for (const { name, isSymlink } of [...Deno.readDirSync(hooks)]) {
      if (isSymlink && !names.includes(name)) Deno.removeSync(join(hooks, name));
    }
    for (const { name } of [...Deno.readDirSync(runtimeDir)]) {
      const path = join(runtimeDir, name);
      if (/\.sock~?$/.test(name) && stat(path)?.isSocket) Deno.removeSync(path);
    }
    for (const { name, isDirectory } of [...Deno.readDirSync(this.#folder)]) {
      if (isDirectory && !name.startsWith(".")) {
        Deno.removeSync(join(this.#folder, name), { recursive: true });
      }
    }
  }

  /** Starts to serve a module, or logs why it cannot be served. */
  async add(name: string, onServed?: (module: ServedModule) => void): Promise<void> {
    try {
      const module = await this.#add(name);
      if (this.#stopping || !module) return;
      this.#modules.push(module);
      onServed?.(module);
    } catch (error) {
      if (this.#stopping) return;
      const message = error instanceof Error && error.name !== "Error" ? error.message : String(error);
      const where = error instanceof ConfigError ? "" : `${name}: `;
      for (const line of `${where}${message}`.split("\n")) logger.error("{line}", { line });
    }
  }

  async #add(name: string): Promise<ServedModule | undefined> {
    const begin = performance.now();
    const { configDir, runtimeDir, runtime, sdk } = this.#options;
    const config = readModuleConfig(configDir, name);
    const folder = join(this.#folder, name);
    Deno.mkdirSync(folder, { mode: 0o700 });
    const { file, inputs } = await bundleModule({ entry: config.module, sdk, into: folder });
    const foreign = inputs.find(isForeign);
    if (foreign) logger.warn("{name}: others can change {foreign}, and so what decides", { name, foreign });
    const entries = writeEntries({ folder, runtime, bundle: file, config });
    const common = { cache: await this.#cache!, heapMib: config.limits.heap_mib };
    const declaration = await probe(
      planLaunch(this.#launcher!, { ...common, entry: entries.probe, permissions: {} }),
    );
    this.#refuseMissing(config, declaration);
    if (this.#stopping) return;
    replaceLink(declaration.hooks.join(","), join(configDir, "hooks", name));
    const socket = bindModuleSocket(this.#libc, runtimeDir, name);
    this.#sockets.push(socket);
    const supervision = new Supervision({
      name,
      fd: socket.fd,
      launch: planLaunch(this.#launcher!, {
        ...common,
        entry: entries.worker,
        permissions: config.permissions,
      }),
      onProcesses: () => this.#note(),
      // Callers must not wait in a backlog that nobody will ever empty.
      onGivenUp: () => socket[Symbol.dispose](),
    });
    this.#supervisions.push(supervision);
    this.#note();
    await supervision.ready;
    return { config, declaration, socket, supervision, startMs: performance.now() - begin };
  }

  /** The administrator grants, the module declares: what is not granted would only fail at a login. */
  #refuseMissing(config: ModuleConfig, declaration: Declaration): void {
    const { permissions, problems } = resolvePermissions(declaration.permissions, config.options);
    const [problem] = problems;
    if (problem) {
      throw new ConfigError(
        `${config.file}: the module asks for a permission that cannot be granted: ${problem.problem}`,
      );
    }
    const missing = missingPermissions(permissions, config.permissions);
    if (missing.length === 0) return;
    throw new ConfigError(
      `${config.file}: the module needs permissions that it is not granted: look at them, and add to "permissions": ${
        missing.join(", ")
      }`,
    );
  }

  #note(): void {
    noteProcesses(this.#folder, this.#supervisions.flatMap(({ processes }) => processes));
  }

  async stop(graceMs?: number): Promise<void> {
    this.#stopping = true;
    // The sockets first: who comes now is told at once that nobody serves, and may go to another line of the stack.
    for (const socket of this.#sockets) socket[Symbol.dispose]();
    await Promise.all(this.#supervisions.map((supervision) => supervision.stop(graceMs)));
    if (this.#closed) return;
    this.#closed = true;
    await this.#cache?.then(() => removeCache(this.#folder), () => {});
    this.#libc.close();
    this.#lock.close();
  }
}
