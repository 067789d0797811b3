// SPDX-License-Identifier: MIT
/**
 * Says on stderr what is being done. On a terminal one line is written again and again; elsewhere each step is a line of its own, if all
 * of them take longer than a second.
 *
 * @module
 */

import type { Output } from "./output.ts";

/** After this long a step on a terminal says how long it has taken, and again whenever this has passed, in ms. */
const TICK_MS = 1000;
/** What is over sooner needs no lines in a log, in ms. */
const QUIET_MS = 1000;

const CLEAR_LINE = "\r\x1b[K";

/** The steps of one command. */
export class Progress implements Disposable {
  readonly #output: Output;
  #text = "";
  #began = 0;
  readonly #start = performance.now();
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(output: Output) {
    this.#output = output;
  }

  /** Says that a step begins, such as `bundling npm:example@1.0.0`. */
  step(text: string): void {
    this.clear();
    this.#text = text;
    if (!this.#output.canRewrite) return this.#log();
    this.#began = performance.now();
    this.#draw();
    this.#timer = setInterval(() => this.#draw(), TICK_MS);
    Deno.unrefTimer(this.#timer as unknown as number);
  }

  /** Writes the step as a line, as soon as all of it has taken some time. */
  #log(): void {
    const wait = this.#start + QUIET_MS - performance.now();
    if (wait <= 0) return this.#output.note(`pam-deno: ${this.#text}`);
    this.#timer = setTimeout(() => this.#log(), wait);
    Deno.unrefTimer(this.#timer as unknown as number);
  }

  #draw(): void {
    const seconds = Math.floor((performance.now() - this.#began) / 1000);
    const time = seconds > 0 ? ` ${seconds} s` : "";
    // A line that is too long for the terminal cannot be written again.
    const room = this.#output.width - time.length - 1;
    this.#output.part(`${CLEAR_LINE}${cut(`${this.#text} …`, room)}${time}`);
  }

  /** Takes the line away, so that something else can be written. */
  clear(): void {
    clearInterval(this.#timer);
    if (this.#timer !== undefined && this.#output.canRewrite) this.#output.part(CLEAR_LINE);
    this.#timer = undefined;
  }

  [Symbol.dispose](): void {
    this.clear();
  }
}

function cut(text: string, room: number): string {
  return text.length <= room ? text : `${text.slice(0, room - 1)}…`;
}
