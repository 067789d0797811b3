// SPDX-License-Identifier: MIT
/**
 * Cuts what a worker prints into lines without ever keeping more of it than one line may have.
 *
 * @module
 */

const NEWLINE = 10;

/** Collects chunks and hands on whole lines. What is over the limit is cut off and counted, not kept. */
export class LineReader {
  readonly #max: number;
  readonly #onLine: (line: string, lost: number) => void;
  readonly #isWanted: () => boolean;
  readonly #buffer: Uint8Array<ArrayBuffer>;
  readonly #decoder = new TextDecoder();
  #length = 0;
  #lost = 0;

  /**
   * Calls `onLine` with each line, cut to `max` bytes, and with how many bytes were cut off. `isWanted` is asked before each line is
   * decoded: one that is not wanted costs no more than finding its end.
   */
  constructor(
    max: number,
    onLine: (line: string, lost: number) => void,
    isWanted: () => boolean = () => true,
  ) {
    this.#max = max;
    this.#onLine = onLine;
    this.#isWanted = isWanted;
    this.#buffer = new Uint8Array(max);
  }

  /** Takes what was printed. */
  push(chunk: Uint8Array): void {
    let from = 0;
    while (from < chunk.length) {
      const end = chunk.indexOf(NEWLINE, from);
      const part = chunk.subarray(from, end < 0 ? chunk.length : end);
      const kept = part.subarray(0, this.#max - this.#length);
      this.#buffer.set(kept, this.#length);
      this.#length += kept.length;
      this.#lost += part.length - kept.length;
      if (end < 0) return;
      this.end();
      from = end + 1;
    }
  }

  /** Hands on what is left of a last line without a newline. */
  end(): void {
    if (this.#length > 0 && this.#isWanted()) {
      this.#onLine(this.#decoder.decode(this.#buffer.subarray(0, this.#length)), this.#lost);
    }
    this.#length = 0;
    this.#lost = 0;
  }
}

/** Replaces control characters: a worker must not be able to forge a line of the log or to move a terminal's cursor. */
export function printable(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, (c) => c === "\t" ? " " : "\ufffd");
}
