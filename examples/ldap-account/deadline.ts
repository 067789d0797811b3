// SPDX-License-Identifier: MIT
// deno-lint-ignore-file pam-deno/context-clock -- how long is left
/**
 * Time that runs out.
 *
 * @module
 */

import { Unavailable } from "./problems.ts";

/** A time limit that also ends when the hook does. */
export class Deadline implements Disposable {
  readonly #controller = new AbortController();
  readonly #timer: ReturnType<typeof setTimeout>;
  readonly #over: () => void;
  readonly #signals: readonly AbortSignal[];
  readonly #end: number;
  #hasRunOut = false;

  /** Starts a limit of `ms`, which ends earlier when one of `signals` fires. */
  constructor(ms: number, signals: readonly AbortSignal[] = []) {
    this.#end = performance.now() + ms;
    this.#signals = signals;
    this.#over = () => this.#controller.abort(new Unavailable("The hook has ended"));
    this.#timer = setTimeout(() => {
      this.#hasRunOut = true;
      this.#controller.abort(new Unavailable(`No answer within ${Math.round(ms)} ms`));
    }, ms);
    for (const signal of signals) {
      if (signal.aborted) this.#over();
      signal.addEventListener("abort", this.#over);
    }
  }

  /** Fires when it is over, with an {@linkcode Unavailable}. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Whether the time has run out, rather than that the hook has ended. */
  get hasRunOut(): boolean {
    return this.#hasRunOut;
  }

  /** What is left, in ms. */
  get restMs(): number {
    return Math.max(0, this.#end - performance.now());
  }

  /** Waits for `promise`, until it is over. */
  async race<T>(promise: Promise<T>): Promise<T> {
    const { signal } = this;
    let stop = () => {};
    const over = new Promise<never>((_, reject) => {
      stop = () => reject(signal.reason);
      if (signal.aborted) stop();
      else signal.addEventListener("abort", stop, { once: true });
    });
    try {
      return await Promise.race([promise, over]);
    } finally {
      signal.removeEventListener("abort", stop);
    }
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    for (const signal of this.#signals) signal.removeEventListener("abort", this.#over);
  }
}
