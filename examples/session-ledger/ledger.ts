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
/** The most sessions of which the store is told later that they are open, and the most of which that they have ended. */
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

/** A ledger. */
export class Ledger {
  readonly #store: Store;
  /** Sessions of which the store is still to be told that they are open, by their ids. */
  readonly #opens: Map<string, Session> = new Map();
  /** When sessions have ended of which the store is still to be told that, by their ids, in ms since 1970. */
  readonly #ends: Map<string, number> = new Map();
  #telling: Promise<void> | undefined;
  /** The session of which the store is being told that it is open. */
  #beingTold: string | undefined;

  /** A ledger that is kept in `store`. */
  constructor(store: Store) {
    this.#store = store;
  }

  /** Opens a session, unless a limit is reached. Rejects with a StoreError if the store cannot be asked. */
  async open({ session, limits, running, signal }: OpenRequest): Promise<Opened> {
    await this.#tell(running, signal);
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
      this.endLater(id, now);
      const session = await this.#store.end(id, "closed", now, signal);
      // The store may hear only now that it was open: then it is told again that it has ended.
      if (this.#beingTold !== id) this.#ends.delete(id);
      return session;
    }
    return await this.#endUnknown(closer, { now, running, signal });
  }

  /** Remembers a session that is open and of which the store could not be told, until it can. */
  openLater(session: Session): void {
    this.#ends.delete(session.id);
    remember(this.#opens, session.id, session);
  }

  /** Remembers that a session has ended, of which the store could not be told, until it can; and no more that it was open. */
  endLater(id: string, endedAt: number): void {
    this.#opens.delete(id);
    // What is forgotten here is found without its process later.
    remember(this.#ends, id, endedAt);
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
  async #tell(running: AskRunning, signal: AbortSignal): Promise<void> {
    while (this.#telling !== undefined) {
      await this.#telling.catch(() => {});
      if (signal.aborted) throw new StoreError("The ledger could not be told in time what it has missed");
    }
    if (this.#opens.size + this.#ends.size === 0) return;
    this.#telling = this.#tellAll(running, signal).finally(() => this.#telling = undefined);
    await this.#telling;
  }

  async #tellAll(running: AskRunning, signal: AbortSignal): Promise<void> {
    for (const [id, endedAt] of [...this.#ends]) {
      await this.#store.end(id, "closed", endedAt, signal);
      if (this.#ends.get(id) === endedAt) this.#ends.delete(id);
    }
    const opens = [...this.#opens.values()];
    // Another worker may have closed one that this one could not tell of; its process has mostly gone by now.
    const dead = await deadOf(opens, running);
    for (const { id } of opens.filter(({ id }) => dead.includes(id))) this.#opens.delete(id);
    for (const session of opens) await this.#tellOpen(session, signal);
  }

  async #tellOpen(session: Session, signal: AbortSignal): Promise<void> {
    const { id } = session;
    // It may have ended while others were told.
    if (this.#opens.get(id) !== session) return;
    this.#beingTold = id;
    try {
      await this.#store.admit({ session, limits: [], dead: [] }, signal);
    } finally {
      this.#beingTold = undefined;
    }
    if (this.#opens.get(id) === session) this.#opens.delete(id);
  }
}

/** Keeps the last UNTOLD_MAX entries that were made. */
function remember<Value>(untold: Map<string, Value>, id: string, value: Value): void {
  untold.delete(id);
  untold.set(id, value);
  if (untold.size > UNTOLD_MAX) untold.delete(untold.keys().next().value!);
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
