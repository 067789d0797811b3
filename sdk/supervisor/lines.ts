// SPDX-License-Identifier: MIT
/**
 * Cuts what a worker prints into lines without ever keeping more of it than one line may have.
 *
 * @module
 */

import { UNPRINTABLE } from "../text.ts";

const NEWLINE = 10;

/** What a {@linkcode LineReader} tells. */
export interface LineEvents {
  /** A line that is not empty, and how many bytes were cut off. */
  onLine(line: string, lost: number): void;
  /** So many lines with nothing in them. */
  onEmpty?(count: number): void;
  /** Asked before each line is decoded: one that is not wanted costs no more than finding its end. */
  isWanted?(): boolean;
}

/** Collects chunks and hands on whole lines. What is over the limit is cut off and counted, not kept. */
export class LineReader {
  readonly #max: number;
  readonly #events: LineEvents;
  readonly #buffer: Uint8Array<ArrayBuffer>;
  readonly #decoder = new TextDecoder();
  #length = 0;
  #lost = 0;

  /** Cuts lines to `max` bytes. */
  constructor(max: number, events: LineEvents) {
    this.#max = max;
    this.#events = events;
    this.#buffer = new Uint8Array(max);
  }

  /** Takes what was printed, and gives how many lines ended in it. */
  push(chunk: Uint8Array): number {
    let lines = 0;
    let empty = 0;
    for (let from = 0; from < chunk.length; lines++) {
      if (this.#length === 0 && chunk[from] === NEWLINE) {
        empty++;
        from++;
        continue;
      }
      const end = chunk.indexOf(NEWLINE, from);
      const part = chunk.subarray(from, end < 0 ? chunk.length : end);
      const kept = part.subarray(0, this.#max - this.#length);
      this.#buffer.set(kept, this.#length);
      this.#length += kept.length;
      this.#lost += part.length - kept.length;
      if (end < 0) break;
      this.end();
      from = end + 1;
    }
    if (empty > 0) this.#events.onEmpty?.(empty);
    return lines;
  }

  /** Hands on what is left of a last line without a newline. */
  end(): void {
    if (this.#length > 0 && (this.#events.isWanted?.() ?? true)) {
      this.#events.onLine(this.#decoder.decode(this.#buffer.subarray(0, this.#length)), this.#lost);
    }
    this.#length = 0;
    this.#lost = 0;
  }
}

/** Replaces what is not to be printed: a worker must not be able to forge a line of the log or to move a terminal's cursor. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (c) => c === "\t" ? " " : "\ufffd");
}

/** So many of something in each span of time, for all who share it. */
export class Allowance {
  readonly #count: number;
  readonly #spanMs: number;
  #span = 0;
  #taken = 0;

  /** Allows `count` in each `spanMs`. */
  constructor(count: number, spanMs: number) {
    this.#count = count;
    this.#spanMs = spanMs;
  }

  /** Takes one; `false` if there is none left in this span. */
  take(now: number): boolean {
    const span = Math.floor(now / this.#spanMs);
    if (span !== this.#span) this.#taken = 0;
    this.#span = span;
    return ++this.#taken <= this.#count;
  }
}
