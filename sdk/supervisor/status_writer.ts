// SPDX-License-Identifier: MIT
/**
 * Writes what `pam-deno status` shows, once a second for as long as a module is served, and when it has changed.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { join } from "node:path";
import { STATUS_EVERY_MS, writeStatus } from "./status_file.ts";
import type { Supervision } from "./supervise.ts";

/** The name of the file in the folder of a module's files. */
export const STATUS_FILE = "status.json";

/** The least time from one writing to the next that a change asks for, in ms: a worker that ends all the time asks often. */
const CHANGE_EVERY_MS = 50;

/** What is said about a module. */
export interface StatusOptions {
  /** The module's name. */
  readonly name: string;
  /** The folder of its files. */
  readonly folder: string;
  /** Its workers. */
  readonly supervision: Supervision;
  /** The SHA-256 of the bundle that is served now. */
  readonly bundle: () => string;
}

/** Writes it until it is disposed. */
export class StatusWriter implements Disposable {
  readonly #options: StatusOptions;
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #since = new Date().toISOString();
  #failed = false;
  #soon: ReturnType<typeof setTimeout> | undefined;
  #writtenAt = -Infinity;
  #disposed = false;

  /** Begins. */
  constructor(options: StatusOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.write(), STATUS_EVERY_MS);
    this.write();
  }

  /** Writes it at once, or as soon as it may be written again. */
  changed(): void {
    if (this.#disposed || this.#soon !== undefined) return;
    const wait = this.#writtenAt + CHANGE_EVERY_MS - performance.now();
    if (wait <= 0) this.write();
    else this.#soon = setTimeout(() => this.write(), wait);
  }

  /** Writes it now. */
  write(): void {
    clearTimeout(this.#soon);
    this.#soon = undefined;
    this.#writtenAt = performance.now();
    const { name, folder, supervision, bundle } = this.#options;
    try {
      writeStatus(join(folder, STATUS_FILE), {
        name,
        supervisor: Deno.pid,
        since: this.#since,
        written: new Date().toISOString(),
        bundle: bundle(),
        ...supervision.status,
      });
      this.#failed = false;
    } catch (error) {
      // Nothing depends on it but what people are shown.
      if (!this.#failed) {
        const logger = getLogger(["pam-deno", "supervisor"]);
        logger.warn("{folder}: its status cannot be written: {error}", { folder, error: String(error) });
      }
      this.#failed = true;
    }
  }

  /** Stops, and leaves the file: it is old from now on. */
  [Symbol.dispose](): void {
    this.#disposed = true;
    clearInterval(this.#timer);
    clearTimeout(this.#soon);
  }
}
