// SPDX-License-Identifier: MIT
/**
 * What the ledger keeps, and what a store of it must be able to do, whatever it is made of.
 *
 * @module
 */

/** A session that is open. */
export interface Session {
  /** Its name: 32 hexadecimal digits, random. */
  readonly id: string;
  /** The machine it is on. */
  readonly host: string;
  /** PAM_SERVICE. */
  readonly service: string;
  /** The user, as the user database spells the name. */
  readonly user: string;
  /** PAM_TTY; not there if the application named none. */
  readonly tty?: string;
  /** PAM_RHOST; not there if the application named none. */
  readonly rhost?: string;
  /** PAM_RUSER; not there if the application named none. */
  readonly ruser?: string;
  /** The process that opened it. */
  readonly pid: number;
  /** When that process started, in clock ticks since boot; not there if the application is not privileged. */
  readonly started?: number;
  /** When it was opened, in ms since 1970 by the clock of its host. */
  readonly opened: number;
  /** What it counts against, `user:alice` and `group:staff`; nothing if it only stands in the ledger. */
  readonly scopes: readonly string[];
}

/** How a session ended: by closeSession, because its process was gone, or by the administrator's hand. */
export type Ending = "closed" | "reaped" | "removed";

/** A session that was open. */
export interface EndedSession extends Session {
  /** When, in ms since 1970; of a session that was reaped, when that was found. */
  readonly ended: number;
  /** How. */
  readonly how: Ending;
}

/** How many sessions may count against a scope at once. */
export interface Limit {
  /** The scope. */
  readonly scope: string;
  /** The limit, 1 or more. */
  readonly max: number;
}

/** A limit that is reached. */
export interface Reached extends Limit {
  /** How many sessions count against it. */
  readonly open: number;
}

/** What became of a session that asked to be let in. */
export interface Admission {
  /** The limit that keeps it out; `undefined` if it is in the ledger now, or was before. */
  readonly reached: Reached | undefined;
  /** Sessions that were found without a process, and are ended now. */
  readonly reaped: readonly string[];
}

/** What admits a session. */
export interface AdmitRequest {
  /** The session. */
  readonly session: Session;
  /** What keeps it out; nothing to record it whatever else is open. */
  readonly limits: readonly Limit[];
  /** Sessions of this host whose processes are gone. */
  readonly dead: readonly string[];
}

/** Keeps sessions. Every method rejects with a {@linkcode StoreError} if it cannot, and when `signal` fires. */
export interface Store {
  /**
   * Sessions of this host whose processes are worth asking about: all that count against `scopes`, at most
   * CANDIDATES_MAX, and up to OTHERS_MAX others; in no order.
   */
  candidates(scopes: readonly string[], signal: AbortSignal): Promise<readonly Session[]>;
  /** In one step: ends what is dead, counts, and records the session if no limit is reached. Asked twice with the same id, it records once. */
  admit(request: AdmitRequest, signal: AbortSignal): Promise<Admission>;
  /** Ends a session; `undefined` if it is not open. */
  end(id: string, how: Ending, at: number, signal: AbortSignal): Promise<Session | undefined>;
  /** The open sessions of this host. */
  ofHost(signal: AbortSignal): Promise<readonly Session[]>;
  /** All open sessions, the oldest first. */
  all(signal: AbortSignal): Promise<readonly Session[]>;
  /** Sessions that have ended, the last one first, at most `count`. */
  history(count: number, signal: AbortSignal): Promise<readonly EndedSession[]>;
  /** Lets go of what it holds open. */
  close(): void;
}

/** The most sessions that are asked about before one is opened, of those that count against the same limits. */
export const CANDIDATES_MAX = 2048;
/** The most others that are asked about on that occasion, so that the ledger gets rid of all that is dead by and by. */
export const OTHERS_MAX = 64;
/** Ended sessions that are kept. */
export const HISTORY_MAX = 10_000;

/** A store that cannot be asked, or cannot do what it is asked; the message says what to do. */
export class StoreError extends Error {
  override readonly name = "StoreError";
}
