// SPDX-License-Identifier: MIT
/**
 * Keeps one module served: starts its workers, replaces those that end, takes new ones when it is reloaded, and stops them.
 *
 * @module
 */

import { getLogger, type Logger } from "@logtape/logtape";
import { withCode } from "../coded.ts";
import { Door } from "./door.ts";
import type { Launch } from "./launch.ts";
import { Pace } from "./pace.ts";
import { type Candidate, Slot, type WorkerPlan } from "./slot.ts";
import type { ModuleSocket } from "./socket.ts";
import { Statistics } from "./statistics.ts";
import type { ModuleStatus, WorkerStatus } from "./status_file.ts";
import { endStrays, type OwnUser } from "./strays.ts";
import { lineAllowance, type WorkerProcess } from "./worker_process.ts";

/** How long workers may take to finish when the supervisor stops. */
export const STOP_MAX_MS = 10_000;
/** How long old workers are waited for to take nothing more, so that a reload that is done is one that callers can see. */
const DEAF_MAX_MS = 1_000;
/** How long there may be no worker that serves for this to count as being alive: what is in the way may be in the machine. */
export const BARREN_MAX_MS = 30_000;

/** The workers of a module are not fit to serve. The message says why. */
export class WorkersError extends Error {
  override name = "WorkersError";
}

/** How the workers of a module are started; a reload may change all of it. */
export interface Service {
  /** How each is started. */
  readonly launch: Launch;
  /** The SHA-256 of their bundle. */
  readonly bundle?: string;
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
  /** Its socket, where this process made it itself: then it sees to it that callers get in. */
  readonly socket?: ModuleSocket;
  /** Told of every change in which processes there are. */
  readonly onProcesses: () => void;
  /** Told that no worker will be started any more. */
  readonly onGivenUp: () => void;
  /** Told of every change of its status but the counts. */
  readonly onStatus?: () => void;
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
  readonly #pace = new Pace();
  readonly #lines = lineAllowance();
  /** The users that its workers have had. */
  readonly #users = new Map<number, OwnUser>();
  readonly #door: Door | undefined;
  #sweeping: Promise<void> | undefined;
  #sweepAgain = false;
  #servedAt = performance.now();
  #closingSlots: Slot[] = [];
  #stopping = false;
  #reloading = false;
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
    if (service.socket) this.#door = new Door(service.socket, this, this.#logger);
  }

  /** Resolves when a first worker is ready; rejects if the first that was started ends before. */
  get ready(): Promise<void> {
    return this.#first.promise;
  }

  /** The users that its workers have had, and nobody else has. */
  get ownUsers(): readonly OwnUser[] {
    return [...this.#users.values()];
  }

  /** The processes that there are now. */
  get processes(): readonly WorkerProcess[] {
    return [...this.#slots, ...this.#closingSlots].flatMap(({ processes }) => processes);
  }

  /** Whether a worker speaks, or one will be there in a moment. */
  get isAlive(): boolean {
    const now = performance.now();
    if (this.processes.some(({ ready, leaving }) => ready && !leaving)) this.#servedAt = now;
    return !this.#givenUp && now - this.#servedAt < BARREN_MAX_MS && this.#slots.some((slot) => slot.isAlive);
  }

  /** Whether all of its workers serve, and none is held up or about to be replaced. */
  get isPrompt(): boolean {
    return !this.#stopping && !this.#reloading && this.#slots.length > 0 &&
      this.#slots.every(({ isPrompt }) => isPrompt);
  }

  /** Kills all workers, in whose places others come at once. */
  replaceAll(cause: string): void {
    for (const slot of this.#slots) slot.replace(cause);
  }

  /**
   * Starts new workers, and lets the old ones finish as soon as all of the new ones are ready.
   *
   * @throws {WorkersError} with the cause, if one of them is not: then the old ones stay.
   */
  async reload(service: Service): Promise<void> {
    this.#reloading = true;
    try {
      // What was left behind may be in the way of new ones.
      await this.#endStrays();
      await this.#reload(service);
      await this.#endStrays();
    } finally {
      this.#reloading = false;
    }
    await this.#door?.knock();
  }

  async #reload(service: Service): Promise<void> {
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
    const old = candidates.flatMap(([slot]) => slot.adopt(plan) ?? []);
    while (this.#slots.length < wanted) this.#slots.push(this.#slot(plan));
    for (const slot of this.#slots.splice(wanted)) this.#close(slot, STOP_MAX_MS);
    this.#reloads++;
    this.#changed();
    await within(DEAF_MAX_MS, Promise.all(old.map(({ deaf }) => deaf)));
    this.#logger.info("The new workers serve: {count}", { count: wanted });
  }

  /** Lets the workers finish, kills what has not left after {@linkcode STOP_MAX_MS}, and resolves when all are gone. */
  async stop(graceMs: number = STOP_MAX_MS): Promise<void> {
    this.#stopping = true;
    this.#door?.[Symbol.dispose]();
    this.#first.reject(new WorkersError(`${this.#name} was stopped before it was ready`));
    for (const slot of [...this.#closingSlots, ...this.#slots.splice(0)]) this.#close(slot, graceMs);
    await Promise.all(this.#closing);
    await this.#endStrays();
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

  #plan({ launch, memoryMib, bundle }: Service): WorkerPlan {
    const onStatistics = (line: string) => this.#statistics.take(line);
    if (launch.own) this.#users.set(launch.own.uid, launch.own);
    const shared = { name: this.#name, fd: this.#service.fd, pace: this.#pace, lines: this.#lines };
    return { ...shared, launch, memoryMib, bundle, onStatistics };
  }

  /** Ends what workers left behind, one look after the other. */
  #endStrays(): Promise<void> {
    this.#sweepAgain = true;
    return this.#sweeping ??= this.#sweep().finally(() => this.#sweeping = undefined);
  }

  async #sweep(): Promise<void> {
    while (this.#sweepAgain) {
      this.#sweepAgain = false;
      for (const user of this.#users.values()) {
        await endStrays(user, this.#name, () => this.processes.map(({ pid }) => pid));
      }
    }
  }

  #slot(plan: WorkerPlan): Slot {
    return new Slot(plan, this.#logger, {
      onProcesses: () => {
        this.#service.onProcesses();
        this.#changed();
      },
      onExited: () => void this.#endStrays(),
      onReady: () => {
        this.#servedAt = performance.now();
        this.#changed();
        this.#first.resolve();
      },
      onFailure: (cause) => {
        this.#first.reject(new WorkersError(`the worker ${cause}`));
        this.#restarts++;
        this.#lastFailure = cause;
        this.#changed();
      },
      onDistrust: (cause) => this.#giveUp(cause),
    });
  }

  /** Whatever starts another program once would do it again. */
  #giveUp(cause: string): void {
    if (this.#givenUp) return;
    this.#givenUp = true;
    this.#door?.[Symbol.dispose]();
    this.#lastFailure = cause;
    const text = "{name} is not served any more: its worker was not what was started";
    this.#logger.error(withCode("worker-distrusted", text), { name: this.#name });
    this.#first.reject(new WorkersError(`the worker ${cause}`));
    for (const slot of this.#slots.splice(0)) this.#close(slot, 0);
    this.#service.onGivenUp();
    this.#changed();
  }

  #changed(): void {
    this.#service.onStatus?.();
  }

  #close(slot: Slot, graceMs: number): void {
    if (!this.#closingSlots.includes(slot)) this.#closingSlots.push(slot);
    const closed = slot.close(graceMs);
    this.#closing.push(closed);
    closed.then(() => this.#closingSlots = this.#closingSlots.filter((other) => other !== slot));
  }
}

/** Waits for a promise, but not for long. */
async function within(ms: number, promise: Promise<unknown>): Promise<void> {
  let timer;
  await Promise.race([promise, new Promise((resolve) => timer = setTimeout(resolve, ms))]);
  clearTimeout(timer);
}

function workerStatus({ pid, since, ready, leaving, inFlight }: WorkerProcess): WorkerStatus {
  const state = leaving ? "leaving" : ready ? "ready" : "starting";
  return { pid, state, started: since.toISOString(), inFlight };
}
