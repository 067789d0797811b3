// SPDX-License-Identifier: MIT
/**
 * The application that a module is tried with, from the side of the command: started, asked, and ended for certain.
 *
 * @module
 */

import { LineReader, printable } from "../../supervisor/lines.ts";
import {
  type ApplicationRequest,
  type ApplicationWord,
  type Call,
  type CallFlag,
  type CallOutcome,
  type Items,
  LOG_MARK,
  type StartRequest,
} from "./application_words.ts";
import type { Person } from "./person.ts";

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

/** How an application is started. */
export interface ApplicationOptions {
  /** The program: `try_application.js`. */
  readonly program: string;
  /** Who answers. */
  readonly person: Person;
}

/** An application in a process of its own. */
export class Application implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #person: Person;
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

  /** Starts it. */
  constructor({ program, person }: ApplicationOptions) {
    this.#person = person;
    this.#child = new Deno.Command(Deno.execPath(), {
      args: [
        ...["run", "--quiet", "--no-prompt", "--no-config", "--no-remote", "--no-npm", "--no-lock"],
        ...["--allow-ffi", `--allow-run=${Deno.execPath()}`, program],
      ],
      cwd: "/",
      env: { DENO_NO_UPDATE_CHECK: "1", NO_COLOR: "1" },
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
  start(options: Omit<StartRequest, "do">): Promise<void> {
    return this.#do({ do: "start", ...options });
  }

  /** Sets items and variables of its own accord. */
  set(items: Items, environment: Readonly<Record<string, string>> = {}): Promise<void> {
    return this.#do({ do: "set", items, environment });
  }

  /** Calls a service function. */
  async call(call: Call, flags: readonly CallFlag[] = []): Promise<CallOutcome> {
    const word = await this.#ask({ do: "call", call, flags });
    if (word.said !== "code") throw new ApplicationError(`it said ${word.said} and no code`);
    return word.outcome;
  }

  /** Ends the transaction. */
  end(silent = false): Promise<void> {
    return this.#do({ do: "end", silent });
  }

  /** From now on a process below the last one is asked, until {@linkcode leave}. */
  fork(): Promise<void> {
    return this.#do({ do: "fork" });
  }

  /** Ends the process that {@linkcode fork} started; the one above it is asked again. */
  leave(): Promise<void> {
    return this.#do({ do: "leave" });
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

  async #do(request: ApplicationRequest): Promise<void> {
    const word = await this.#ask(request);
    if (word.said !== "done") throw new ApplicationError(`it said ${word.said} to ${request.do}`);
    this.pid = word.pid;
  }

  async #ask(request: ApplicationRequest): Promise<ApplicationWord> {
    await this.#send(request);
    return await this.#reply();
  }

  async #reply(): Promise<ApplicationWord> {
    for (;;) {
      const word = await this.#next();
      if (word.said === "failed") throw new ApplicationError(printable(word.message));
      if (word.said !== "ask") return word;
      await this.#send({ do: "answer", answers: await this.#person.answer(word.messages) });
    }
  }

  async #send(request: ApplicationRequest): Promise<void> {
    // If it has ended, the next word says so.
    await this.#writer.write(new TextEncoder().encode(`${JSON.stringify(request)}\n`)).catch(() => {});
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
    const words = new LineReader(WORD_MAX, { onLine: (line) => this.#words.push(JSON.parse(line)) });
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
