// SPDX-License-Identifier: MIT
/**
 * The place of one worker: there is always one in it, or one on its way, and those that it replaced finish what they have.
 *
 * @module
 */

import type { Logger } from "@logtape/logtape";
import { withCode } from "../coded.ts";
import type { Pace } from "./pace.ts";
import { START_MAX_MS, type WorkerOptions, WorkerProcess } from "./worker_process.ts";

/** How long a worker must have been ready to count as well. */
const WELL_MS = 10_000;
/** How long a worker that was replaced may take to finish: it may hold a hook that waits for a person. */
const LEAVE_MAX_MS = 130_000;
/** The same if it runs another bundle than is to be served from now on: that may be there because of a mistake in the old one. */
const OUTDATED_MAX_MS = 10_000;
/** Workers that may be finishing at once: with more reloads in that time the oldest is killed. */
const LEAVING_MAX = 4;

/** How a worker is started, by whoever starts it. */
export interface WorkerPlan extends Omit<WorkerOptions, "onReady" | "onLeaving" | "onExit"> {
  /** The SHA-256 of its bundle. */
  readonly bundle?: string | undefined;
  /** How fast it is started again when it keeps failing. */
  readonly pace: Pace;
}

/** What a slot tells. */
export interface SlotEvents {
  /** Which processes there are has changed. */
  onProcesses(): void;
  /** One of them has ended. */
  onExited(): void;
  /** Its worker is ready. */
  onReady(): void;
  /** A worker ended that was not asked to. */
  onFailure(cause: string): void;
  /** A worker was not what was started. */
  onDistrust(cause: string): void;
}

/** A worker that was started beside the one in a slot, to take its place if it is fit. */
export interface Candidate {
  /** Its process. */
  readonly process: WorkerProcess;
  /** Resolves when it is ready, rejects with the cause if it ends before. */
  readonly ready: Promise<void>;
}

/** A candidate that ended before it was ready. The message says how. */
class CandidateError extends Error {
  override name = "CandidateError";
}

/** The place of one worker. */
export class Slot {
  readonly #logger: Logger;
  readonly #events: SlotEvents;
  #plan: WorkerPlan;
  #current: WorkerProcess | undefined;
  #candidate: WorkerProcess | undefined;
  readonly #leaving: WorkerProcess[] = [];
  #readyAt = 0;
  #failures = 0;
  #closed = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #emptied = Promise.withResolvers<void>();

  /** Starts its worker. */
  constructor(plan: WorkerPlan, logger: Logger, events: SlotEvents) {
    this.#plan = plan;
    this.#logger = logger;
    this.#events = events;
    this.#start();
  }

  /** The processes that there are now. */
  get processes(): readonly WorkerProcess[] {
    return [this.#current, this.#candidate, ...this.#leaving].filter((worker) => worker !== undefined);
  }

  /** Whether its worker speaks, or will be there in a moment. */
  get isAlive(): boolean {
    const current = this.#current;
    if (!current) return this.#timer !== undefined;
    return current.ready ? current.isAlive : Date.now() - current.since.getTime() < 2 * START_MAX_MS;
  }

  /** Whether its worker serves, and is not held up. */
  get isPrompt(): boolean {
    return this.#current?.isPrompt ?? false;
  }

  /** Kills its worker, which another one replaces at once. */
  replace(cause: string): void {
    this.#current?.kill(cause);
  }

  /** Starts a worker beside the current one. */
  try(plan: WorkerPlan): Candidate {
    const ready = Promise.withResolvers<void>();
    ready.promise.catch(() => {});
    const process = this.#candidate = new WorkerProcess({
      ...plan,
      onReady: () => ready.resolve(),
      onLeaving: (worker) => {
        if (worker === this.#candidate) worker.kill("said that it leaves before it had begun");
        else this.#replace(worker);
      },
      onExit: (worker, cause) => {
        if (worker === this.#candidate) {
          this.#candidate = undefined;
          ready.reject(new CandidateError(`the new worker ${cause}`));
          if (!this.#closed) {
            const text = withCode("workers-not-ready", "The new worker {pid} {cause}");
            this.#logger.error(text, { pid: worker.pid, cause });
          }
          this.#changed();
        } else this.#exited(worker, cause);
      },
    });
    this.#events.onProcesses();
    return { process, ready: ready.promise };
  }

  /**
   * Puts the candidate, which is ready, in the place of the current worker, which finishes what it has.
   *
   * @returns whom it replaced.
   */
  adopt(plan: WorkerPlan): WorkerProcess | undefined {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const graceMs = plan.bundle === this.#plan.bundle ? LEAVE_MAX_MS : OUTDATED_MAX_MS;
    this.#plan = plan;
    const old = this.#current;
    this.#current = this.#candidate;
    this.#candidate = undefined;
    this.#readyAt = performance.now();
    this.#failures = 0;
    if (graceMs < LEAVE_MAX_MS) { for (const worker of this.#leaving) worker.drain(graceMs); }
    if (old) this.#letLeave(old, graceMs);
    // It may have ended between being ready and now.
    if (!this.#current && !this.#closed) this.#start();
    this.#events.onProcesses();
    return old;
  }

  /** Ends the candidate. */
  async discard(cause: string): Promise<void> {
    this.#candidate?.kill(cause);
    while (this.#candidate) await this.#emptied.promise;
  }

  /** Lets the workers finish, kills what has not left after `graceMs`, and resolves when all are gone. */
  async close(graceMs: number): Promise<void> {
    this.#closed = true;
    clearTimeout(this.#timer);
    for (const worker of this.processes) worker.drain(graceMs);
    while (this.processes.length > 0) await this.#emptied.promise;
  }

  #start(): void {
    const started = performance.now();
    this.#timer = undefined;
    this.#current = new WorkerProcess({
      ...this.#plan,
      onReady: () => {
        this.#readyAt = performance.now();
        const ms = Math.round(this.#readyAt - started);
        if (this.#failures > 0) this.#logger.info("A new worker is ready after {ms} ms", { ms });
        this.#events.onReady();
      },
      onLeaving: (worker) => this.#replace(worker),
      onExit: (worker, cause) => this.#exited(worker, cause),
    });
    this.#events.onProcesses();
  }

  /** Replaces a worker that says it does not accept any more. */
  #replace(worker: WorkerProcess): void {
    if (worker !== this.#current || this.#closed) return;
    this.#current = undefined;
    // One may be leaving of its own accord at a time, or a module that only says so could fill the machine.
    for (const other of this.#leaving) other.kill("was still finishing when its replacement left too");
    this.#letLeave(worker);
    this.#events.onFailure("left of its own accord: what it logged before says why");
    this.#startAfterFailure();
  }

  #letLeave(worker: WorkerProcess, graceMs = LEAVE_MAX_MS): void {
    if (this.#leaving.length >= LEAVING_MAX) {
      this.#leaving[0]!.kill("was still finishing when there were too many like it");
    }
    this.#leaving.push(worker);
    worker.drain(graceMs);
  }

  #exited(worker: WorkerProcess, cause: string): void {
    const { pid } = worker;
    const { name } = this.#plan;
    const index = this.#leaving.indexOf(worker);
    if (index >= 0) this.#leaving.splice(index, 1);
    const wasCurrent = worker === this.#current;
    if (wasCurrent) this.#current = undefined;
    this.#changed();
    if (this.#closed || cause === "left") {
      this.#logger.info("Worker {pid} of {name} {cause}", { pid, name, cause });
    } else {this.#logger.error(withCode("worker-ended", "Worker {pid} of {name} {cause}"), {
        pid,
        name,
        cause,
      });}
    if (this.#closed || !wasCurrent) return;
    if (worker.distrusted) return this.#events.onDistrust(cause);
    this.#events.onFailure(cause);
    this.#startAfterFailure();
  }

  #changed(): void {
    this.#emptied.resolve();
    this.#emptied = Promise.withResolvers();
    this.#events.onProcesses();
    this.#events.onExited();
  }

  #startAfterFailure(): void {
    if (this.#closed) return;
    const well = this.#readyAt > 0 && performance.now() - this.#readyAt > WELL_MS;
    this.#failures = well ? 1 : this.#failures + 1;
    this.#readyAt = 0;
    const pause = this.#failures === 1 ? 0 : this.#plan.pace.pause(performance.now());
    this.#timer = setTimeout(() => this.#start(), pause);
  }
}
