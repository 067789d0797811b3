// SPDX-License-Identifier: MIT
/**
 * Knocks at a module's socket from time to time, as a caller would: workers can be alive, and nobody get in. A module can close its
 * ears by using up its descriptors, and one that may run programs can shut the socket itself, which is the same for all that hold it.
 *
 * @module
 */

import type { Logger } from "@logtape/logtape";
import { withCode } from "../coded.ts";
import { knock, KNOCK_MAX_MS, KnockError } from "./knock.ts";
import type { ModuleSocket } from "./socket.ts";
import { connectUnix } from "./unix_client.ts";

/** How often somebody knocks. */
const EVERY_MS = 10_000;
/** How often nobody must have answered for workers to be replaced. */
const MISSES_MAX = 2;

/** Whose door it is. */
export interface Household {
  /** Whether all workers serve, and are not held up: then a knock is to be answered. */
  readonly isPrompt: boolean;
  /** Puts new workers in the place of all there are, which are killed: `cause` says why. */
  replaceAll(cause: string): void;
}

/** How a {@linkcode Door} differs from the usual, for tests without patience. */
export interface DoorOptions {
  /** How often somebody knocks, in ms. */
  readonly everyMs?: number;
  /** How long an answer may take, in ms. */
  readonly answerMs?: number;
}

/** A module's socket, and somebody who knocks there until it is disposed. */
export class Door implements Disposable {
  readonly #socket: ModuleSocket;
  readonly #household: Household;
  readonly #logger: Logger;
  readonly #answerMs: number;
  readonly #timer: ReturnType<typeof setInterval>;
  #knocking: Promise<void> | undefined;
  #misses = 0;
  #replaced = false;
  #closed = false;

  /** Begins to knock. */
  constructor(
    socket: ModuleSocket,
    household: Household,
    logger: Logger,
    { everyMs = EVERY_MS, answerMs = KNOCK_MAX_MS }: DoorOptions = {},
  ) {
    this.#socket = socket;
    this.#household = household;
    this.#logger = logger;
    this.#answerMs = answerMs;
    this.#timer = setInterval(() => this.knock(), everyMs);
  }

  /** Knocks now, and does what is to be done if nobody can get in. */
  knock(): Promise<void> {
    return this.#knocking ??= this.#knock().finally(() => this.#knocking = undefined);
  }

  async #knock(): Promise<void> {
    if (this.#closed || !this.#household.isPrompt) return;
    try {
      await knock(this.#socket.path, this.#answerMs, connectUnix);
      this.#misses = 0;
      this.#replaced = false;
    } catch (error) {
      if (this.#closed) return;
      if (!(error instanceof KnockError)) {
        this.#logger.warn("Nobody could knock at {path}: {error}", { path: this.#socket.path, error });
        return;
      }
      this.#missed(error);
    }
  }

  #missed({ isRefused, message }: KnockError): void {
    // Whoever was held up meanwhile has an excuse.
    if (!isRefused && !this.#household.isPrompt) return;
    if (!isRefused && ++this.#misses < MISSES_MAX) return;
    this.#misses = 0;
    if (isRefused || this.#replaced) {
      this.#socket.renew();
      this.#logger.error(withCode("socket-silent", "{path} let nobody in: made a new one"), {
        path: this.#socket.path,
      });
    }
    this.#replaced = true;
    this.#household.replaceAll(`was alive and answered nobody at its socket: ${message}`);
  }

  [Symbol.dispose](): void {
    this.#closed = true;
    clearInterval(this.#timer);
  }
}
