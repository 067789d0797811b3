// SPDX-License-Identifier: MIT
/**
 * Where `pam-deno` writes: results to stdout, everything else to stderr.
 *
 * Whoever reads stdout may go away. That loses the results and not the work: an installation that is half done is worse than one that
 * nobody reads about.
 *
 * @module
 */

import process from "node:process";
import { UNPRINTABLE } from "../text.ts";
import { wrap } from "./wrap.ts";

/** A stream to write to: `Deno.stdout` or `Deno.stderr`. */
interface Sink {
  writeSync(bytes: Uint8Array): number;
  isTerminal(): boolean;
}

/** The width when nothing says how wide the terminal is, in columns. */
const WIDTH_DEFAULT = 80;
/** Nothing is made to fit less than this, in columns. */
export const WIDTH_LEAST = 40;
/** Nobody reads longer lines, in columns. */
const WIDTH_MOST = 120;
/** Between two tries to write to a stream that takes no more at the moment, in ms. */
const RETRY_MS = 5;
/** What a pipe takes as a whole or not at all, in bytes: of more than that, Deno does not tell how much was taken before the error. */
const CHUNK_BYTES = 4096;

/** Writes what a command says. */
export class Output {
  readonly #stdout: Sink;
  readonly #stderr: Sink;

  constructor(stdout: Sink = Deno.stdout, stderr: Sink = Deno.stderr) {
    this.#stdout = stdout;
    this.#stderr = stderr;
  }

  /** How wide lines may be, in columns: that of the terminal, else `COLUMNS`, else 80. */
  get width(): number {
    const width = this.#terminalWidth() ?? (Number(process.env["COLUMNS"]) || WIDTH_DEFAULT);
    return Math.min(WIDTH_MOST, Math.max(WIDTH_LEAST, Math.floor(width)));
  }

  #terminalWidth(): number | undefined {
    if (!this.#stdout.isTerminal()) return undefined;
    const { columns } = Deno.consoleSize();
    return columns > 0 ? columns : undefined;
  }

  /** Whether colour may be used as an accent: never without a terminal, nor if `NO_COLOR` is set. */
  get colour(): boolean {
    return this.#stdout.isTerminal() && !process.env["NO_COLOR"] && process.env["TERM"] !== "dumb";
  }

  /** Whether stderr is a terminal on which a line can be written again. */
  get canRewrite(): boolean {
    return this.#stderr.isTerminal() && process.env["TERM"] !== "dumb";
  }

  /** `text` with lines that fit the terminal; as it is where there is none, so that a line stays one for whatever reads it. */
  wrapped(text: string): string {
    return this.#terminalWidth() === undefined ? text : wrap(text, this.width);
  }

  /** Writes a result, and a newline if it has none. */
  result(text: string): void {
    write(this.#stdout, line(text));
  }

  /** Writes a result as the one JSON document of this run. */
  json(value: unknown): void {
    this.result(jsonText(value, 2));
  }

  /** Writes a result as an object of JSON in a line of its own. */
  jsonLine(value: unknown): void {
    this.result(jsonText(value));
  }

  /** Writes anything that is no result. */
  note(text: string): void {
    write(this.#stderr, line(text));
  }

  /** Writes a part of a line to stderr. */
  part(text: string): void {
    write(this.#stderr, text);
  }
}

/** JSON, which lets some controls through as they are: people look at it in terminals, too. */
function jsonText(value: unknown, indent?: number): string {
  return JSON.stringify(value, undefined, indent).replace(
    UNPRINTABLE,
    (found) => found === "\n" ? found : `\\u${found.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function line(text: string): string {
  return text.endsWith("\n") ? text : `${text}\n`;
}

function write(sink: Sink, text: string): void {
  let bytes = new TextEncoder().encode(text);
  while (bytes.length > 0) {
    try {
      bytes = bytes.subarray(sink.writeSync(bytes.subarray(0, CHUNK_BYTES)));
    } catch (error) {
      if (error instanceof Deno.errors.BrokenPipe) return;
      if (!(error instanceof Deno.errors.WouldBlock)) throw error;
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
    }
  }
}
