// SPDX-License-Identifier: MIT
/**
 * Asks the person at the terminal, without keeping the rest of the program from going on.
 *
 * @module
 */

import { printable } from "../../supervisor/lines.ts";
import type { Asker } from "./person.ts";

const INTERRUPT = 0x03;
const END_OF_FILE = 0x04;
const BACKSPACE = 0x08;
const NEWLINE = 0x0a;
const RETURN = 0x0d;
const ERASE_LINE = 0x15;
const DELETE = 0x7f;
/** The longest answer, in bytes: `PAM_MAX_RESP_SIZE` less the terminator. */
const ANSWER_MAX = 511;
/** What a question is asked on. */
interface Terminal {
  read(bytes: Uint8Array): Promise<number | null>;
  setRaw(raw: boolean): void;
}

/** The terminal on standard input. What is typed while nothing is asked is not an answer to what is asked later. */
export class Keyboard implements Asker, Disposable {
  readonly #terminal: Terminal;
  readonly #write: (text: string) => void;
  #isRaw = false;
  /** Who waits for octets. */
  #wanted: ((chunk: Uint8Array | undefined) => void) | undefined;
  #reading = false;

  /** Reads from `terminal` and writes with `write`. */
  constructor(write: (text: string) => void, terminal: Terminal = Deno.stdin) {
    this.#write = write;
    this.#terminal = terminal;
  }

  /** Shows a text, of which nothing controls the terminal. */
  show(text: string): void {
    this.#write(`${harmless(text)}\n`);
  }

  /** Asks. A hidden answer is not echoed. */
  async ask(
    { text, hidden }: { readonly text: string; readonly hidden: boolean },
  ): Promise<string | undefined> {
    // Before the question is shown, or a quick answer is.
    if (hidden) this.#setRaw(true);
    try {
      this.#write(harmless(text));
      return await this.#readAnswer(hidden);
    } finally {
      if (hidden) {
        this.#setRaw(false);
        this.#write("\n");
      }
    }
  }

  /** Gives up a question that waits: it has no answer. */
  giveUp(): void {
    this.#wanted?.(undefined);
  }

  /** Leaves the terminal as it was. */
  [Symbol.dispose](): void {
    if (this.#isRaw) this.#setRaw(false);
  }

  #setRaw(raw: boolean): void {
    this.#isRaw = raw;
    this.#terminal.setRaw(raw);
  }

  async #readAnswer(hidden: boolean): Promise<string | undefined> {
    const typed: number[] = [];
    try {
      for (;;) {
        const chunk = await this.#read();
        if (chunk === undefined) return typed.length > 0 ? decode(typed) : undefined;
        for (const octet of chunk) {
          if (octet === NEWLINE || (hidden && octet === RETURN)) return decode(typed);
          if (hidden && (octet === INTERRUPT || (octet === END_OF_FILE && typed.length === 0))) {
            return undefined;
          }
          if (hidden && (octet === DELETE || octet === BACKSPACE)) eraseCharacter(typed);
          else if (hidden && octet === ERASE_LINE) typed.length = 0;
          else if (typed.length < ANSWER_MAX) typed.push(octet);
        }
        chunk.fill(0);
      }
    } finally {
      typed.fill(0);
    }
  }

  /** A read that was begun goes on when nobody asks any more: what comes of it then is dropped. */
  #read(): Promise<Uint8Array | undefined> {
    const wanted = Promise.withResolvers<Uint8Array | undefined>();
    this.#wanted = wanted.resolve;
    if (!this.#reading) void this.#readOnce();
    return wanted.promise;
  }

  async #readOnce(): Promise<void> {
    this.#reading = true;
    const bytes = new Uint8Array(ANSWER_MAX + 1);
    const length = await this.#terminal.read(bytes).catch(() => null);
    this.#reading = false;
    const wanted = this.#wanted;
    this.#wanted = undefined;
    wanted?.(length === null ? undefined : bytes.subarray(0, length));
  }
}

/** A text whose lines are shown and that does nothing else to the terminal. */
function harmless(text: string): string {
  return text.split("\n").map(printable).join("\n");
}

function decode(octets: readonly number[]): string {
  return new TextDecoder().decode(new Uint8Array(octets));
}

/** Takes the last character, of one to four octets, off. */
function eraseCharacter(typed: number[]): void {
  do if (typed.length === 0) return; while ((typed.pop()! & 0xc0) === 0x80);
}
