// SPDX-License-Identifier: MIT
/**
 * The application that a module is tried with, from the side of the command: started, asked, and ended for certain.
 *
 * @module
 */

import { LineReader, printable } from "../../supervisor/lines.ts";
import { ITEMS, type PamItem } from "../../libpam/mod.ts";
import {
  type ApplicationWord,
  type Call,
  type CallFlag,
  type CallOutcome,
  flagBits,
  formatRequest,
  type Items,
  LOG_MARK,
  optionalWord,
  readWord,
} from "./application_words.ts";
import type { ConversationMessage } from "../../libpam/mod.ts";

/** The longest line that it says, in bytes: texts, items and environment together. */
const WORD_MAX = 4 * 1024 ** 2;
/** The longest line of the log that is kept, in bytes, and how many. */
const LOG_LINE_MAX = 8_192;
const LOG_LINES_MAX = 500;
/** What libc writes before each line. */
const IDENT = /^pam-deno-try: /;

/** An application that could not do what it was asked to. The message says why. */
export class ApplicationError extends Error {
  override name = "ApplicationError";
}

/** Who answers what an application passes on: one answer for each message, or `null` if it refuses. */
export type Answerer = (
  messages: readonly ConversationMessage[],
) => Promise<readonly (string | null)[] | null>;

/** How a transaction starts. */
export interface StartOptions {
  /** What the application calls it. */
  readonly handle: string;
  readonly service: string;
  /** The user; libpam asks for it if it is left out. */
  readonly user?: string | undefined;
  /** The folder of the service file. */
  readonly confdir: string;
  readonly items: Items;
  readonly environment: Readonly<Record<string, string>>;
}

/** The handle of an application that has but one. */
export const MAIN = "main";

/** An application in a process of its own. */
export class Application implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #words: ApplicationWord[] = [];
  readonly #ended: Promise<void>;
  /** Of both streams: what was written to the log before a word has arrived when both are through. */
  #marks = 0;
  #heard = 0;
  #wake = Promise.withResolvers<void>();
  #isOver = false;
  #log: string[] = [];
  /** The process that was asked last. */
  pid = 0;

  /** Who answers. */
  answerer: Answerer = () => Promise.resolve(null);

  /** Starts `program`. */
  constructor(program: string) {
    this.#child = new Deno.Command(program, {
      cwd: "/",
      clearEnv: true,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#writer = this.#child.stdin.getWriter();
    this.#ended = this.#listen();
  }

  /** Resolves when it is there. */
  async ready(): Promise<void> {
    await this.#reply();
  }

  /** Starts a transaction. */
  async start({ handle, service, user, confdir, items, environment }: StartOptions): Promise<void> {
    await this.#do(["start", handle, service, optionalWord(user), confdir]);
    await this.set(items, environment, handle);
  }

  /** Sets items and variables of its own accord. */
  async set(
    items: Items,
    environment: Readonly<Record<string, string>> = {},
    handle: string = MAIN,
  ): Promise<void> {
    for (const [name, value] of Object.entries(items)) {
      await this.#do(["item", handle, String(ITEMS[name as PamItem]), optionalWord(value)]);
    }
    for (const [name, value] of Object.entries(environment)) {
      await this.#do(["env", handle, `${name}=${value}`]);
    }
  }

  /** Calls a service function. */
  async call(call: Call, flags: readonly CallFlag[] = [], handle: string = MAIN): Promise<CallOutcome> {
    const word = await this.#ask(["call", handle, call, String(flagBits(flags))]);
    if (word.said !== "code") throw new ApplicationError(`it said ${word.said} and no code`);
    return word.outcome;
  }

  /** Ends a transaction, with the flags of pam_end(3). */
  end(handle: string = MAIN, flags = 0): Promise<void> {
    return this.#do(["end", handle, String(flags)]);
  }

  /** From now on a child of the process that was asked last is asked, until {@linkcode leave}. */
  fork(uid: number = Deno.uid()!, euid: number = uid): Promise<void> {
    return this.#do(["fork", String(uid), String(euid)]);
  }

  /** Ends the process that {@linkcode fork} started; the one above it is asked again. */
  leave(): Promise<void> {
    return this.#do(["leave"]);
  }

  /** What libpam and the shim have logged since this was last called. */
  takeLog(): string[] {
    const log = this.#log;
    this.#log = [];
    return log;
  }

  /** Ends it. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended.
    }
    await this.#ended;
    await this.#writer.abort().catch(() => {});
  }

  async #do(words: readonly string[]): Promise<void> {
    const word = await this.#ask(words);
    if (word.said !== "done") throw new ApplicationError(`it said ${word.said} to ${words[0]}`);
    this.pid = word.pid;
  }

  async #ask(words: readonly string[]): Promise<ApplicationWord> {
    await this.#send(words);
    return await this.#reply();
  }

  async #reply(): Promise<ApplicationWord> {
    for (;;) {
      const word = await this.#next();
      if (word.said === "failed") throw new ApplicationError(`the application: ${printable(word.message)}`);
      if (word.said !== "ask") return word;
      const answers = await this.answerer(word.messages);
      await this.#send(answers === null ? ["refuse"] : ["answer", ...answers.map(optionalWord)]);
    }
  }

  async #send(words: readonly string[]): Promise<void> {
    // If it has ended, the next word says so.
    await this.#writer.write(new TextEncoder().encode(formatRequest(words))).catch(() => {});
  }

  async #next(): Promise<ApplicationWord> {
    for (;;) {
      if (this.#words.length > 0 && this.#marks > this.#heard) {
        this.#heard++;
        return this.#words.shift()!;
      }
      if (this.#isOver) {
        const last = this.#log.at(-1);
        throw new ApplicationError(`the application ended${last === undefined ? "" : `: ${last}`}`);
      }
      await this.#wake.promise;
      this.#wake = Promise.withResolvers();
    }
  }

  async #listen(): Promise<void> {
    const words = new LineReader(WORD_MAX, { onLine: (line) => this.#words.push(readWord(line)) });
    const log = new LineReader(LOG_LINE_MAX, {
      onLine: (line) => {
        if (line === LOG_MARK) this.#marks++;
        else if (this.#log.length < LOG_LINES_MAX) this.#log.push(printable(line.replace(IDENT, "")));
      },
    });
    const read = async (stream: ReadableStream<Uint8Array>, lines: LineReader) => {
      for await (const chunk of stream) {
        lines.push(chunk);
        this.#wake.resolve();
      }
      lines.end();
    };
    await Promise.all([
      read(this.#child.stdout, words),
      read(this.#child.stderr, log),
      this.#child.status,
    ]);
    this.#isOver = true;
    this.#wake.resolve();
  }
}
