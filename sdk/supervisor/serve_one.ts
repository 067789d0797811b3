// SPDX-License-Identifier: MIT
/**
 * Serves one module for a service manager.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { join } from "node:path";
import { withCode } from "../coded.ts";
import { ConfigError, type ModuleConfig, readModuleConfig } from "../config/config.ts";
import { type Layout, servicePlaces } from "../config/layout.ts";
import { lockRuntimeDir, makeRuntimeDir, PlaceError, stat } from "../config/place.ts";
import { RecordError } from "../install/record.ts";
import { makeCache } from "./cache.ts";
import { closeOnExec, handedOver, HandedOverError } from "./descriptors.ts";
import { dropLoaderVariables, unitLauncher, WORKER_PROGRAM } from "./launch.ts";
import { type Machinery, ModuleFiles } from "./module_files.ts";
import { Notifier } from "./notify.ts";
import { describeProblem, problemLines } from "./problem.ts";
import { bindModuleSocket } from "./socket.ts";
import { installedSource, type ModuleSource, refuseMissing, SourceError, startWarnings } from "./source.ts";
import { StatusWriter } from "./status_writer.ts";
import { type Service, Supervision } from "./supervise.ts";

/** What is served, and from where. */
export interface ServeOneOptions {
  /** The module's name. */
  readonly name: string;
  /** The folders. */
  readonly layout: Layout;
  /** The folder of the module's files, for this process alone. */
  readonly folder: string;
  /** What the service manager says. */
  readonly env: { get(name: string): string | undefined };
  /** The id of this process. */
  readonly pid: number;
}

/** How it ended. */
export const ENDED = { stopped: 0, failed: 1, misconfigured: 78 } as const;

/** How long its workers may take to finish when the service stops: the unit's TimeoutStopSec= is a second more. */
const STOP_MAX_MS = 2_000;
/** How long it waits before it ends because of a failure: a service manager that starts it again at once must not be kept busy. */
const FAILED_PAUSE_MS = 500;

const logger = getLogger(["pam-deno", "supervisor"]);

/** What the administrator, not the module, has to mend. */
const MISTAKES = [ConfigError, HandedOverError, PlaceError, RecordError, SourceError];

/** What is served by now. */
interface Fit {
  readonly config: ModuleConfig;
  readonly source: ModuleSource;
  readonly service: Service & { readonly files: ReadonlySet<string> };
}

/** Serves a module until it is told to stop, and gives the status to end with. */
export async function serveOne(options: ServeOneOptions): Promise<number> {
  dropLoaderVariables();
  const notifier = new Notifier(options.env, options.pid);
  try {
    const one = new One(options, notifier);
    Deno.addSignalListener("SIGHUP", () => one.reload());
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      Deno.addSignalListener(signal, () => one.stop());
    }
    return await one.run();
  } catch (error) {
    const [first] = logProblem(options.name, error);
    notifier.status(first!);
    await new Promise((resolve) => setTimeout(resolve, FAILED_PAUSE_MS));
    return MISTAKES.some((kind) => error instanceof kind) ? ENDED.misconfigured : ENDED.failed;
  }
}

function logProblem(name: string, error: unknown): string[] {
  for (const line of problemLines(name, error)) logger.error("{line}", { line });
  return describeProblem(name, error);
}

class One {
  readonly #options: ServeOneOptions;
  readonly #notifier: Notifier;
  readonly #files: ModuleFiles;
  readonly #ended = Promise.withResolvers<number>();
  #machinery: Machinery | undefined;
  #fd = -1;
  #supervision: Supervision | undefined;
  #status: StatusWriter | undefined;
  #bundle = "";
  #reloading: Promise<void> | undefined;
  #reloadAgain = false;
  #stopping = false;

  constructor(options: ServeOneOptions, notifier: Notifier) {
    this.#options = options;
    this.#notifier = notifier;
    Deno.mkdirSync(options.folder, { recursive: true, mode: 0o700 });
    this.#files = new ModuleFiles(options.folder);
  }

  async run(): Promise<number> {
    const { name, folder } = this.#options;
    if (!closeOnExec()) {
      logger.warn("close_range(2) is not usable here: workers inherit what this process was started with");
    }
    using socket = this.#listen();
    this.#fd = socket.fd;
    this.#machinery = await this.#findMachinery();
    const fit = await this.#look();
    if (this.#stopping) return ENDED.stopped;
    const supervision = this.#supervision = new Supervision({
      name,
      fd: this.#fd,
      ...fit.service,
      onProcesses: () => {},
      onGivenUp: () => this.#end(ENDED.failed),
      onStatus: () => this.#status?.changed(),
    });
    this.#adopted(fit);
    using status = this.#status = new StatusWriter({ name, folder, supervision, bundle: () => this.#bundle });
    try {
      await supervision.ready;
    } catch (error) {
      await supervision.stop(0);
      if (this.#stopping) return ENDED.stopped;
      throw error;
    }
    status.write();
    if (!this.#stopping) this.#notifier.ready(this.#statusText());
    const watchdog = this.#watch(supervision);
    const ended = await this.#ended.promise;
    clearInterval(watchdog);
    return ended;
  }

  /** Reads everything again, and takes it if the new workers are ready. A second wish meanwhile is granted after the first. */
  reload(): void {
    if (this.#stopping || !this.#supervision) return;
    if (this.#reloading) {
      this.#reloadAgain = true;
      return;
    }
    this.#reloading = this.#reload().finally(() => {
      this.#reloading = undefined;
      if (!this.#reloadAgain) return;
      this.#reloadAgain = false;
      this.reload();
    });
  }

  async #reload(): Promise<void> {
    this.#notifier.reloading();
    const { name } = this.#options;
    let problem: string | undefined;
    try {
      const fit = await this.#look();
      await this.#supervision!.reload(fit.service);
      this.#adopted(fit);
      this.#status?.write();
    } catch (error) {
      [problem] = logProblem(name, error);
      if (!this.#stopping) {
        logger.error(withCode("not-reloaded", "{name} was not reloaded: what served it before goes on"), {
          name,
        });
      }
    }
    if (this.#stopping) return;
    this.#files.noteReload(problem);
    this.#notifier.ready(
      problem === undefined ? this.#statusText() : `not reloaded, the old worker goes on: ${problem}`,
    );
  }

  /** Lets workers finish. Asked twice, it does not wait. */
  stop(): void {
    const again = this.#stopping;
    this.#stopping = true;
    if (!again) this.#notifier.stopping();
    const stopped = this.#supervision?.stop(again ? 0 : STOP_MAX_MS) ?? Promise.resolve();
    stopped.then(() => this.#end(ENDED.stopped));
  }

  #end(status: number): void {
    this.#ended.resolve(status);
  }

  #adopted({ config, source, service }: Fit): void {
    const { sha256 } = source;
    this.#bundle = sha256;
    this.#files.sweep(service.files);
    for (const warning of startWarnings(config)) logger.warn("{warning}", { warning });
    const { name } = config;
    logger.info("{name} is served from the bundle {sha256}", { name, sha256 });
  }

  /** The descriptor that was handed over, or a socket of its own. */
  #listen(): Disposable & { readonly fd: number } {
    const { env, pid, name, folder, layout } = this.#options;
    const fd = handedOver(env, pid);
    if (fd !== undefined) return { fd, [Symbol.dispose]: () => {} };
    makeRuntimeDir(layout.runtimeDir);
    const lock = lockRuntimeDir(folder);
    const socket = bindModuleSocket(layout.runtimeDir, name);
    return {
      fd: socket.fd,
      [Symbol.dispose]() {
        socket[Symbol.dispose]();
        lock.close();
      },
    };
  }

  async #findMachinery(): Promise<Machinery> {
    const { folder, layout } = this.#options;
    const runtime = join(layout.libDir, "worker.js");
    if (!stat(runtime)) {
      throw new ConfigError(
        `${runtime}: the runtime is not there: reinstall the package, or run \`deno task build\``,
      );
    }
    const launcher = unitLauncher(folder, join(layout.libDir, WORKER_PROGRAM));
    const installed = join(layout.cacheDir, "runtime");
    const cache = stat(installed)?.isDirectory ? installed : await makeCache(folder, launcher, runtime);
    return { launcher, runtime, cache };
  }

  /** What is to be served now, if it can be. */
  async #look(): Promise<Fit> {
    const { name, layout } = this.#options;
    const config = readModuleConfig(layout.configDir, name, servicePlaces(name));
    if (Deno.uid() === 0 && !config.dangerous.includes("root")) {
      throw new ConfigError(
        `${config.file}: this runs as root: let the unit name a user, serve it with \`pam-deno serve\`, or add "root" to "dangerous"`,
      );
    }
    const source = await installedSource(layout, name);
    if (!source) {
      throw new SourceError(
        `it is not installed: run \`pam-deno add ${config.module} --name ${name}\``,
        "not-installed",
      );
    }
    refuseMissing(config, source.declaration);
    return { config, source, service: this.#files.plan(this.#machinery!, { config, source, fd: this.#fd }) };
  }

  #statusText(): string {
    return `serving with the bundle ${this.#bundle.slice(0, 12)}`;
  }

  /** A sign of life while workers are alive; that this runs at all shows that this process is. */
  #watch(supervision: Supervision): ReturnType<typeof setInterval> | undefined {
    const { watchdogMs } = this.#notifier;
    if (watchdogMs === undefined) return undefined;
    this.#notifier.alive();
    return setInterval(() => {
      if (supervision.isAlive) this.#notifier.alive();
    }, watchdogMs);
  }
}
