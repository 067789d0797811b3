// SPDX-License-Identifier: MIT
/**
 * Keeps one module served: starts its workers, replaces those that end, takes new ones when it is reloaded, and stops them.
 *
 * @module
 */

import { getLogger, type Logger } from "@logtape/logtape";
import type { Launch } from "./launch.ts";
import { type Candidate, Slot, type WorkerPlan } from "./slot.ts";
import { Statistics } from "./statistics.ts";
import type { ModuleStatus, WorkerStatus } from "./status_file.ts";
import type { WorkerProcess } from "./worker_process.ts";

/** How long workers may take to finish when the supervisor stops. */
export const STOP_MAX_MS = 10_000;

/** The workers of a module are not fit to serve. The message says why. */
export class WorkersError extends Error {
  override name = "WorkersError";
}

/** How the workers of a module are started; a reload may change all of it. */
export interface Service {
  /** How each is started. */
  readonly launch: Launch;
  /** How many share the descriptor. Default 1. */
  readonly workers?: number;
  /** What each may have of memory of its own, in MiB, if there is a limit. */
  readonly memoryMib?: number;
}

/** What is served. */
export interface ModuleService extends Service {
  /** The module's name. */
  readonly name: string;
  /** Its listening descriptor. */
  readonly fd: number;
  /** Told of every change in which processes there are. */
  readonly onProcesses: () => void;
  /** Told that no worker will be started any more. */
  readonly onGivenUp: () => void;
}

/** A module that is being served. */
export class Supervision {
  readonly #name: string;
  readonly #service: ModuleService;
  readonly #logger: Logger;
  readonly #first = Promise.withResolvers<void>();
  readonly #statistics = new Statistics();
  readonly #slots: Slot[] = [];
  readonly #closing: Promise<void>[] = [];
  #closingSlots: Slot[] = [];
  #stopping = false;
  #givenUp = false;
  #restarts = 0;
  #reloads = 0;
  #lastFailure: string | undefined;

  /** Starts the first workers. */
  constructor(service: ModuleService) {
    this.#service = service;
    this.#name = service.name;
    this.#logger = getLogger(["pam-deno", "module", service.name]);
    this.#first.promise.catch(() => {});
    const plan = this.#plan(service);
    for (let i = 0; i < (service.workers ?? 1); i++) this.#slots.push(this.#slot(plan));
  }

  /** Resolves when a first worker is ready; rejects if the first that was started ends before. */
  get ready(): Promise<void> {
    return this.#first.promise;
  }

  /** The processes that there are now. */
  get processes(): readonly WorkerProcess[] {
    return [...this.#slots, ...this.#closingSlots].flatMap(({ processes }) => processes);
  }

  /** Whether a worker speaks, or one will be there in a moment. */
  get isAlive(): boolean {
    return !this.#givenUp && this.#slots.some((slot) => slot.isAlive);
  }

  /**
   * Starts new workers, and lets the old ones finish as soon as all of the new ones are ready.
   *
   * @throws {WorkersError} with the cause, if one of them is not: then the old ones stay.
   */
  async reload(service: Service): Promise<void> {
    if (this.#stopping || this.#givenUp) throw new WorkersError("it is not served any more");
    const plan = this.#plan(service);
    const wanted = service.workers ?? 1;
    const kept = this.#slots.slice(0, wanted);
    const candidates: [Slot, Candidate][] = kept.map((slot) => [slot, slot.try(plan)]);
    try {
      await Promise.all(candidates.map(([, { ready }]) => ready));
      if (this.#stopping) throw new WorkersError("it was stopped meanwhile");
    } catch (error) {
      await Promise.all(candidates.map(([slot]) => slot.discard("is not needed: another one was not fit")));
      throw error;
    }
    for (const [slot] of candidates) slot.adopt(plan);
    while (this.#slots.length < wanted) this.#slots.push(this.#slot(plan));
    for (const slot of this.#slots.splice(wanted)) this.#close(slot, STOP_MAX_MS);
    this.#reloads++;
    this.#logger.info("The new workers serve: {count}", { count: wanted });
  }

  /** Lets the workers finish, kills what has not left after {@linkcode STOP_MAX_MS}, and resolves when all are gone. */
  async stop(graceMs: number = STOP_MAX_MS): Promise<void> {
    this.#stopping = true;
    this.#first.reject(new WorkersError(`${this.#name} was stopped before it was ready`));
    for (const slot of [...this.#closingSlots, ...this.#slots.splice(0)]) this.#close(slot, graceMs);
    await Promise.all(this.#closing);
  }

  /** What is to be said about it, but for what it cannot know. */
  get status(): Pick<ModuleStatus, "workers" | "restarts" | "reloads" | "lastFailure" | "hooks"> {
    return {
      workers: this.processes.filter(({ pid }) => pid > 0).map(workerStatus),
      restarts: this.#restarts,
      reloads: this.#reloads,
      ...this.#lastFailure === undefined ? {} : { lastFailure: this.#lastFailure },
      hooks: this.#statistics.hooks(),
    };
  }

  #plan({ launch, memoryMib }: Service): WorkerPlan {
    const onStatistics = (line: string) => this.#statistics.take(line);
    return { name: this.#name, fd: this.#service.fd, launch, memoryMib, onStatistics };
  }

  #slot(plan: WorkerPlan): Slot {
    return new Slot(plan, this.#logger, {
      onProcesses: this.#service.onProcesses,
      onReady: () => this.#first.resolve(),
      onFailure: (cause) => {
        this.#first.reject(new WorkersError(`the worker ${cause}`));
        this.#restarts++;
        this.#lastFailure = cause;
      },
      onDistrust: (cause) => this.#giveUp(cause),
    });
  }

  /** Whatever starts another program once would do it again. */
  #giveUp(cause: string): void {
    if (this.#givenUp) return;
    this.#givenUp = true;
    this.#lastFailure = cause;
    this.#logger.error("{name} is not served any more: its worker was not what was started", {
      name: this.#name,
    });
    this.#first.reject(new WorkersError(`the worker ${cause}`));
    for (const slot of this.#slots.splice(0)) this.#close(slot, 0);
    this.#service.onGivenUp();
  }

  #close(slot: Slot, graceMs: number): void {
    if (!this.#closingSlots.includes(slot)) this.#closingSlots.push(slot);
    const closed = slot.close(graceMs);
    this.#closing.push(closed);
    closed.then(() => this.#closingSlots = this.#closingSlots.filter((other) => other !== slot));
  }
}

function workerStatus({ pid, since, ready, leaving, inFlight }: WorkerProcess): WorkerStatus {
  const state = leaving ? "leaving" : ready ? "ready" : "starting";
  return { pid, state, started: since.toISOString(), inFlight };
}
