// SPDX-License-Identifier: MIT
// deno-lint-ignore-file pam-deno/context-clock -- how long servers take
/**
 * Several servers that hold the same directory: asked in order, over connections that are kept, with a short memory of which is down.
 *
 * @module
 */

import type { Entry, SearchOptions } from "ldapts";
import { Connection, nameOf } from "./connection.ts";
import { Deadline } from "./deadline.ts";
import { asProblem, literally, Unavailable, Unusable } from "./problems.ts";
import type { Access, Server } from "./settings.ts";

/** How long a server that was down is asked last, in ms. */
const DOWN_MS = 30_000;

/** What a search found. */
export interface Found {
  /** The entries. */
  readonly entries: readonly Entry[];
  /** How many places were named that were not looked into. */
  readonly references: number;
}

/** One server, for one hook. */
export interface Session {
  /** Searches. Throws one of the problems of problems.ts. */
  search(base: string, options: SearchOptions): Promise<Found>;
}

/** Where failures are told. */
export interface Log {
  /** LOG_WARNING; see the SDK's log. */
  warn(message: string): void;
}

interface Slot {
  /** The connection, or one that is being opened. */
  opening: Promise<Connection>;
  /** The connection, once it is open. */
  open?: Connection;
}

/** Connections by what they were made from, shared by all hooks of this process. */
export class Directory {
  readonly #slots: Map<string, Slot> = new Map();
  readonly #downUntil: Map<string, number> = new Map();

  /**
   * Asks the first server that answers. Every server is asked from the start: answers of two are never mixed.
   *
   * @param ask What is asked.
   * @param hook Fires when the hook ends.
   * @throws {Unusable} if no server answered, and one of them cannot be used.
   * @throws {Unavailable} if no server answered.
   */
  async consult<T>(
    access: Access,
    hook: AbortSignal,
    log: Log,
    ask: (session: Session) => Promise<T>,
  ): Promise<T> {
    const end = performance.now() + access.totalMs;
    let unusable: Unusable | undefined;
    for (const server of this.#inOrder(access)) {
      const ms = Math.min(access.limitMs, end - performance.now());
      if (ms <= 0) break;
      try {
        return await this.#askOne(server, access, ms, hook, ask);
      } catch (error) {
        const problem = asProblem(error, "Cannot ask");
        if (hook.aborted) throw problem;
        log.warn(literally(`The directory server ${nameOf(server)} is of no use: ${problem.message}`));
        if (problem instanceof Unusable) unusable ??= problem;
        else this.#downUntil.set(keyOf(server, access), performance.now() + DOWN_MS);
      }
    }
    throw unusable ?? new Unavailable("No directory server can be asked");
  }

  /** Servers that were down a moment ago come last: they are asked if there is nobody else. */
  #inOrder(access: Access): readonly Server[] {
    const now = performance.now();
    const isDown = (server: Server) => (this.#downUntil.get(keyOf(server, access)) ?? 0) > now;
    return [...access.servers.filter((server) => !isDown(server)), ...access.servers.filter(isDown)];
  }

  async #askOne<T>(
    server: Server,
    access: Access,
    ms: number,
    hook: AbortSignal,
    ask: (session: Session) => Promise<T>,
  ): Promise<T> {
    using deadline = new Deadline(ms, [hook]);
    const key = keyOf(server, access);
    for (let isRetry = false;; isRetry = true) {
      const wasKept = this.#slots.get(key)?.open?.isOpen === true;
      let answered = false;
      try {
        const connection = await deadline.race(this.#connection(key, server, access));
        const value = await ask({
          async search(base, options) {
            const found = await connection.search(base, options, deadline);
            answered = true;
            return found;
          },
        });
        this.#downUntil.delete(key);
        return value;
      } catch (error) {
        // A connection that was kept may have died unseen. A new one, or one over which something was answered, did not.
        const mayRetry = wasKept && !isRetry && !answered && !deadline.signal.aborted;
        if (!mayRetry || asProblem(error, "") instanceof Unusable) throw error;
        this.#drop(key);
      }
    }
  }

  /** The connection to a server; one is opened if there is none. Whoever comes meanwhile waits for the same one. */
  #connection(key: string, server: Server, access: Access): Promise<Connection> {
    const kept = this.#slots.get(key);
    if (kept !== undefined && (kept.open === undefined || kept.open.isOpen)) return kept.opening;
    this.#drop(key);
    const slot: Slot = { opening: this.#open(server, access) };
    this.#slots.set(key, slot);
    slot.opening.then(
      (connection) => slot.open = connection,
      () => this.#slots.get(key) === slot && this.#slots.delete(key),
    );
    return slot.opening;
  }

  /** Opens a connection in a time of its own: the hook that asked for it first may end before others do. */
  async #open(server: Server, access: Access): Promise<Connection> {
    using deadline = new Deadline(access.limitMs);
    return await Connection.open(server, access, deadline);
  }

  /** Forgets a connection, and closes it. */
  #drop(key: string): void {
    this.#slots.get(key)?.open?.close();
    this.#slots.delete(key);
  }

  /** Closes all connections and forgets who was down. */
  close(): void {
    for (const key of [...this.#slots.keys()]) this.#drop(key);
    this.#downUntil.clear();
  }
}

function keyOf(server: Server, { tls, ca, bind }: Access): string {
  return JSON.stringify([nameOf(server), tls, ca, bind]);
}
