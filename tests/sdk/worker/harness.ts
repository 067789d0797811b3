// SPDX-License-Identifier: MIT
/**
 * Starts real workers on real sockets: in this process to look at one exchange, or as the supervisor does.
 *
 * @module
 */

import { join } from "node:path";
import { buildRuntime } from "../../../scripts/build_runtime.ts";
import { loadModule } from "../../../sdk/load.ts";
import { bundleModule } from "../../../sdk/install/bundle.ts";
import { type ModuleConfig, parseModuleConfig } from "../../../sdk/config/config.ts";
import { writeEntries } from "../../../sdk/supervisor/entry.ts";
import { type Launch, makeLauncher, planLaunch } from "../../../sdk/supervisor/launch.ts";
import type { Declaration } from "../../../sdk/supervisor/probe.ts";
import { bindModuleSocket } from "../../../sdk/supervisor/socket.ts";
import { WorkerProcess } from "../../../sdk/supervisor/worker_process.ts";
import { Exchange, type ExchangeContext } from "../../../sdk/worker/exchange.ts";
import { listen } from "../../../sdk/worker/listen.ts";
import { Mirror } from "../../../sdk/worker/mirror.ts";
import { Report } from "../../../sdk/worker/report.ts";
import { Traffic, type TrafficLimits } from "../../../sdk/worker/traffic.ts";
import { within } from "./client.ts";

/** The project's folder. */
export const ROOT = join(import.meta.dirname!, "..", "..", "..");

const LIMITS: TrafficLimits = { hooks: 256, waiting: 1024, waiting_per_person: 16 };

/** A temporary folder that is removed again. */
export function makeFolder(): Disposable & { readonly path: string } {
  const path = Deno.makeTempDirSync({ prefix: "pam-deno-test-" });
  return { path, [Symbol.dispose]: () => Deno.removeSync(path, { recursive: true }) };
}

/** A module served by this process. */
export interface InProcess extends AsyncDisposable {
  /** Its socket. */
  readonly path: string;
  /** What its exchanges share. */
  readonly context: ExchangeContext;
  /** What a supervisor would have been told. */
  readonly words: string[];
}

/** Serves what defineModule() made, in this process. */
export function serveHere(module: unknown, limits: Partial<TrafficLimits> = {}): InProcess {
  const folder = makeFolder();
  const socket = bindModuleSocket(folder.path, "test");
  const words: string[] = [];
  const context: ExchangeContext = {
    module: loadModule(module, { name: "test" }),
    traffic: new Traffic({ ...LIMITS, ...limits }),
    report: new Report((said) => void words.push(...said.split("\n"))),
    open: new Set(),
    mirror: new Mirror(),
    strangerLogged: false,
  };
  const listener = listen({
    fd: socket.fd,
    onConnection: (connection) => void new Exchange(context, connection),
  });
  return {
    path: socket.path,
    context,
    words,
    async [Symbol.asyncDispose]() {
      listener.stop();
      await within(5_000, listener.finished, "the end of the listener");
      context.mirror.clear();
      Deno.removeSync(socket.path);
      folder[Symbol.dispose]();
    },
  };
}

/** How {@linkcode startWorker} differs from the usual. */
export interface StartOptions {
  /** Keys of the configuration file, beside `module`. */
  readonly config?: Record<string, unknown>;
  /** Changes the command line before it is used. */
  readonly change?: (launch: Launch) => Launch;
  /** How long it may go without a beat, as its {@linkcode WorkerProcess} is told. */
  readonly patience?: { readonly beyondMs: number; readonly budgetMs: number };
  /** What it may have of memory of its own, in MiB. */
  readonly memoryMib?: number;
  /** Told of a line that begins with `stats `. */
  readonly onStatistics?: (line: string) => boolean;
  /** What the module is said to have declared. */
  readonly expected?: Declaration;
}

/** A worker process. */
export interface StartedWorker extends AsyncDisposable {
  /** Its socket. */
  readonly path: string;
  /** The process. */
  readonly process: WorkerProcess;
  /** Resolves when it is ready, rejects when it ends before. */
  readonly ready: Promise<void>;
  /** Resolves when it says that it is leaving. */
  readonly leaving: Promise<void>;
  /** Resolves with the cause when it has ended. */
  readonly exit: Promise<string>;
  /** Starts another worker on the same socket. */
  another(): WorkerProcess;
}

let runtime: Promise<string> | undefined;

/** The runtime, built once for all tests of a file. */
export function builtRuntime(): Promise<string> {
  return runtime ??= (async () => {
    const folder = Deno.makeTempDirSync({ prefix: "pam-deno-runtime-" });
    globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
    await buildRuntime(folder);
    return join(folder, "worker.js");
  })();
}

/** Writes the files of a module to `folder`: `module.ts` imports the SDK by its name. */
export function writeModule(folder: string, source: string): string {
  const path = join(folder, "module.ts");
  Deno.writeTextFileSync(path, `import { defineModule } from "@pam-deno/sdk";\n${source}`);
  Deno.writeTextFileSync(join(folder, "deno.json"), `{ "imports": { "valibot": "npm:valibot@^1.5.0" } }`);
  return path;
}

/** Starts a worker for a module with this source, as the supervisor does. */
export async function startWorker(source: string, options: StartOptions = {}): Promise<StartedWorker> {
  const folder = makeFolder();
  const module = writeModule(folder.path, source);
  const config: ModuleConfig = parseModuleConfig(
    JSON.stringify({ module, ...options.config }),
    "test",
    "test.jsonc",
  );
  const { file } = await bundleModule({ entry: module, sdk: ROOT, into: folder.path });
  const socket = bindModuleSocket(folder.path, "test");
  const entries = writeEntries({
    folder: folder.path,
    runtime: await builtRuntime(),
    bundle: file,
    config,
    fd: socket.fd,
    ...options.expected ? { expected: options.expected } : {},
  });
  const planned = planLaunch(makeLauncher(folder.path), {
    entry: entries.worker,
    permissions: config.permissions,
    cache: join(folder.path, "cache"),
    heapMib: config.limits.heap_mib,
  });
  const launch = options.change?.(planned) ?? planned;
  const [ready, leaving, exit] = [
    Promise.withResolvers<void>(),
    Promise.withResolvers<void>(),
    Promise.withResolvers<string>(),
  ];
  ready.promise.catch(() => {});
  const ends: Promise<string>[] = [];
  const processes: WorkerProcess[] = [];
  const start = (first: boolean) => {
    const end = first ? exit : Promise.withResolvers<string>();
    ends.push(end.promise);
    const process = new WorkerProcess({
      name: "test",
      launch,
      fd: socket.fd,
      ...options.patience ? { patience: options.patience } : {},
      memoryMib: options.memoryMib,
      onStatistics: options.onStatistics ?? (() => true),
      onReady: () => first && ready.resolve(),
      onLeaving: () => first && leaving.resolve(),
      onExit: (_, cause) => {
        if (first) ready.reject(new Error(`the worker ${cause}`));
        end.resolve(cause);
      },
    });
    processes.push(process);
    return process;
  };
  return {
    path: socket.path,
    process: start(true),
    ready: ready.promise,
    leaving: leaving.promise,
    exit: exit.promise,
    another: () => start(false),
    async [Symbol.asyncDispose]() {
      for (const process of processes) process.kill("was no longer needed by a test");
      await Promise.all(ends);
      socket[Symbol.dispose]();
      folder[Symbol.dispose]();
    },
  };
}
