// SPDX-License-Identifier: MIT
/**
 * Opens and ends sessions in a store: looks first which processes are gone, and keeps what could not be told to the store until it can.
 *
 * @module
 */

import { type Closer, isAlike, sessionMeant } from "./policy.ts";
import { type Limit, type Reached, type Session, type Store, StoreError } from "./store.ts";

/** The most processes in one question; PROCESSES_MAX of the shim. */
const PROCESSES_MAX = 512;
/** The most sessions of which the store is told later. */
export const UNTOLD_MAX = 1024;

/** A process, as `lookup.running()` takes it. */
export interface Process {
  /** Its process id. */
  readonly pid: number;
  /** Its start time in clock ticks since boot. */
  readonly started: number;
}

/** Says of processes of this host whether they run. */
export type AskRunning = (processes: readonly Process[]) => Promise<readonly boolean[]>;

/** What opens a session. */
export interface OpenRequest {
  /** The session. */
  readonly session: Session;
  /** What may keep it out. */
  readonly limits: readonly Limit[];
  /** Whom to ask about processes. */
  readonly running: AskRunning;
  /** Bounds it all. */
  readonly signal: AbortSignal;
}

/** What became of it. */
export interface Opened {
  /** The limit that keeps it out; `undefined` if it is open. */
  readonly reached: Reached | undefined;
  /** Sessions whose processes were gone, and which are ended now. */
  readonly reaped: readonly string[];
}

/** What ends a session. */
export interface CloseRequest {
  /** The session, if whoever closes knows it. */
  readonly id: string | undefined;
  /** Who closes. */
  readonly closer: Closer;
  /** The time in ms since 1970. */
  readonly now: number;
  /** Whom to ask about processes. */
  readonly running: AskRunning;
  /** Bounds it all. */
  readonly signal: AbortSignal;
}

/** What the store is still to be told of a session: that it is open, or that it has ended. */
export type Untold = { readonly open: Session } | { readonly endedAt: number };

/** A ledger. */
export class Ledger {
  readonly #store: Store;
  /** What the store is still to be told, by the session's id. */
  readonly #untold: Map<string, Untold> = new Map();
  #telling: Promise<void> | undefined;

  /** A ledger that is kept in `store`. */
  constructor(store: Store) {
    this.#store = store;
  }

  /** Opens a session, unless a limit is reached. Rejects with a StoreError if the store cannot be asked. */
  async open({ session, limits, running, signal }: OpenRequest): Promise<Opened> {
    await this.#tell(signal);
    const candidates = await this.#store.candidates(limits.map(({ scope }) => scope), signal);
    const dead = await deadOf(candidates, running);
    return await this.#store.admit({ session, limits, dead }, signal);
  }

  /**
   * Ends a session, and gives it; `undefined` if there is none. Rejects with a StoreError if the store cannot be asked: it is told
   * later, or the session is found without its process.
   */
  async end({ id, closer, now, running, signal }: CloseRequest): Promise<Session | undefined> {
    if (id !== undefined) {
      this.later(id, { endedAt: now });
      const session = await this.#store.end(id, "closed", now, signal);
      this.#untold.delete(id);
      return session;
    }
    return await this.#endUnknown(closer, { now, running, signal });
  }

  /** Remembers what the store could not be told, until it can. */
  later(id: string, untold: Untold): void {
    this.#untold.delete(id);
    this.#untold.set(id, untold);
    // What is forgotten here is found without its process later.
    if (this.#untold.size > UNTOLD_MAX) this.#untold.delete(this.#untold.keys().next().value!);
  }

  async #endUnknown(
    closer: Closer,
    { now, running, signal }: Pick<CloseRequest, "now" | "running" | "signal">,
  ): Promise<Session | undefined> {
    const alike = (await this.#store.ofHost(signal)).filter((session) => isAlike(session, closer));
    const meant = sessionMeant(alike, closer);
    if (meant !== undefined) return await this.#store.end(meant.id, "closed", now, signal);
    // Opened by a process that has gone: it is ended all the same, with those of its like.
    for (const id of await deadOf(alike.slice(0, PROCESSES_MAX), running)) {
      await this.#store.end(id, "reaped", now, signal);
    }
    return undefined;
  }

  /** Tells the store what it could not be told; one hook does so for all that come meanwhile. */
  async #tell(signal: AbortSignal): Promise<void> {
    while (this.#telling !== undefined) {
      await this.#telling.catch(() => {});
      if (signal.aborted) throw new StoreError("The ledger could not be told in time what it has missed");
    }
    if (this.#untold.size === 0) return;
    this.#telling = this.#tellAll(signal).finally(() => this.#telling = undefined);
    await this.#telling;
  }

  async #tellAll(signal: AbortSignal): Promise<void> {
    for (const [id, untold] of [...this.#untold]) {
      if ("open" in untold) await this.#store.admit({ session: untold.open, limits: [], dead: [] }, signal);
      else await this.#store.end(id, "closed", untold.endedAt, signal);
      if (this.#untold.get(id) === untold) this.#untold.delete(id);
    }
  }
}

/** Which of the sessions have no process any more. One that cannot be asked about is still open. */
async function deadOf(sessions: readonly Session[], running: AskRunning): Promise<readonly string[]> {
  const askable = sessions.filter((session): session is Session & Process => session.started !== undefined);
  const dead: string[] = [];
  for (let i = 0; i < askable.length; i += PROCESSES_MAX) {
    const page = askable.slice(i, i + PROCESSES_MAX);
    const answers = await running(page.map(({ pid, started }) => ({ pid, started })));
    page.forEach(({ id }, i) => {
      if (answers[i] === false) dead.push(id);
    });
  }
  return dead;
}
