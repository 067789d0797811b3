// SPDX-License-Identifier: MIT
/**
 * Keeps one module served: starts its worker, replaces it when it ends, and stops it.
 *
 * @module
 */

import { getLogger, type Logger } from "@logtape/logtape";
import type { Launch } from "./launch.ts";
import { WorkerProcess } from "./worker_process.ts";

/** The pause before a worker is started again: none if it had been well, then doubled with each failure, never over a second. */
const BACKOFF_MIN_MS = 25;
const BACKOFF_MAX_MS = 1_000;
/** How long a worker must have been ready to count as well. */
const WELL_MS = 10_000;
/** How long a worker that was replaced may take to finish: it may hold a hook that waits for a person. */
const LEAVE_MAX_MS = 130_000;
/** How long workers may take to finish when the supervisor stops. */
export const STOP_MAX_MS = 10_000;

/** What is served. */
export interface ModuleService {
  /** The module's name. */
  readonly name: string;
  /** How its worker is started. */
  readonly launch: Launch;
  /** Its listening descriptor. */
  readonly fd: number;
  /** Told of every change in which processes there are. */
  readonly onProcesses: () => void;
  /** Told that no worker will be started any more. */
  readonly onGivenUp: () => void;
}

/** A module that is being served. */
export class Supervision {
  readonly #service: ModuleService;
  readonly #logger: Logger;
  readonly #first = Promise.withResolvers<void>();
  readonly #stopped = Promise.withResolvers<void>();
  #current: WorkerProcess | undefined;
  #old: WorkerProcess | undefined;
  #readyAt = 0;
  #failures = 0;
  #stopping = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Starts the first worker. */
  constructor(service: ModuleService) {
    this.#service = service;
    this.#logger = getLogger(["pam-deno", "module", service.name]);
    this.#first.promise.catch(() => {});
    this.#start();
  }

  /** Resolves when the first worker is ready; rejects if it will never be. */
  get ready(): Promise<void> {
    return this.#first.promise;
  }

  /** The processes that there are now. */
  get processes(): readonly WorkerProcess[] {
    return [this.#current, this.#old].filter((worker) => worker !== undefined);
  }

  /** Lets the workers finish, kills what has not left after {@linkcode STOP_MAX_MS}, and resolves when all are gone. */
  async stop(graceMs: number = STOP_MAX_MS): Promise<void> {
    this.#stopping = true;
    clearTimeout(this.#timer);
    this.#first.reject(new Error(`${this.#service.name} was stopped before it was ready`));
    for (const worker of this.processes) worker.drain(graceMs);
    if (this.processes.length > 0) await this.#stopped.promise;
  }

  #start(): void {
    const started = performance.now();
    this.#current = new WorkerProcess({
      name: this.#service.name,
      launch: this.#service.launch,
      fd: this.#service.fd,
      onReady: () => {
        this.#readyAt = performance.now();
        this.#first.resolve();
        const ms = Math.round(this.#readyAt - started);
        if (this.#failures > 0) this.#logger.info("A new worker is ready after {ms} ms", { ms });
      },
      onLeaving: (worker) => this.#leaving(worker),
      onExit: (worker, cause) => this.#exited(worker, cause),
    });
    this.#service.onProcesses();
  }

  /** Replaces a worker that says it does not accept any more, and gives it time to finish what it has. */
  #leaving(worker: WorkerProcess): void {
    if (worker !== this.#current || this.#stopping) return;
    // One may be leaving at a time, or a module that only says so could fill the machine.
    this.#old?.kill("was still finishing when its replacement left too");
    this.#old = worker;
    this.#current = undefined;
    worker.drain(LEAVE_MAX_MS);
    this.#startAfterFailure();
  }

  #exited(worker: WorkerProcess, cause: string): void {
    const { name } = this.#service;
    const wasCurrent = worker === this.#current;
    if (wasCurrent) this.#current = undefined;
    else if (worker === this.#old) this.#old = undefined;
    this.#service.onProcesses();
    if (this.#stopping) {
      this.#logger.info("Worker {pid} of {name} {cause}", { pid: worker.pid, name, cause });
      if (this.processes.length === 0) this.#stopped.resolve();
      return;
    }
    this.#logger.error("Worker {pid} of {name} {cause}", { pid: worker.pid, name, cause });
    if (!wasCurrent) return;
    if (worker.distrusted) {
      this.#logger.error("{name} is not served any more: its worker was not what was started", { name });
      this.#first.reject(new Error(`the worker ${cause}`));
      this.#service.onGivenUp();
      return;
    }
    if (!worker.ready) this.#first.reject(new Error(`the worker ${cause}`));
    this.#startAfterFailure();
  }

  #startAfterFailure(): void {
    const well = this.#readyAt > 0 && performance.now() - this.#readyAt > WELL_MS;
    this.#failures = well ? 1 : this.#failures + 1;
    this.#readyAt = 0;
    const pause = this.#failures === 1
      ? 0
      : Math.min(BACKOFF_MIN_MS * 2 ** (this.#failures - 2), BACKOFF_MAX_MS);
    this.#timer = setTimeout(() => this.#start(), pause);
  }
}
