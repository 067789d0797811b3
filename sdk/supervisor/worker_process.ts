// SPDX-License-Identifier: MIT
/**
 * One worker process: started, verified, listened to, and ended for certain.
 *
 * Whatever comes out of it is hostile: standard output counts only as far as it is one of three words, standard error only as
 * lines for the log, and neither may come without end.
 *
 * @module
 */

import { getLogger, type Logger } from "@logtape/logtape";
import { type ChildProcess, spawn } from "node:child_process";
import { LineReader, printable } from "./lines.ts";
import type { Launch } from "./launch.ts";
import { mistrust, mistrustSoon, startTime, type Verdict } from "./proc.ts";

/** How long a worker may take from its start to `ready`. */
export const START_MAX_MS = 10_000;
/** How long a worker may go without a beat: the usual service budget of a hook, and two seconds. */
export const HANG_MAX_MS = 5_000 + 2_000;
/** How often a worker's beat is looked for. */
const CHECK_MS = 500;
/** What a process waits for on standard input before it runs the module's code. */
export const GO = "go\n";
/** A word on standard output. */
const WORD_MAX = 32;
/** A line on standard error. */
const LINE_MAX = 2_048;
/** Lines on standard error between two looks at its beat; what is over is counted. */
const LINES_PER_CHECK = 100;
/** Bytes on standard output that are none of the words, in a worker's life. */
const NOISE_MAX = 65_536;

type Timer = ReturnType<typeof setTimeout>;

/** What whoever started a worker wants to hear. */
export interface WorkerEvents {
  /** It accepts, and was found to be what was started. */
  onReady(worker: WorkerProcess): void;
  /** It does not accept any more and is about to end: a replacement is wanted at once. */
  onLeaving(worker: WorkerProcess): void;
  /** It is gone. */
  onExit(worker: WorkerProcess, cause: string): void;
}

/** How a worker process is started. */
export interface WorkerOptions extends WorkerEvents {
  /** The module's name, for the log. */
  readonly name: string;
  /** What to start. */
  readonly launch: Launch;
  /** The listening descriptor, which becomes the worker's descriptor 3. */
  readonly fd: number;
  /** How long it may go without a beat. Default {@linkcode HANG_MAX_MS}. */
  readonly hangMaxMs?: number;
}

/** A running worker. */
export class WorkerProcess {
  /** Its process id. */
  readonly pid: number;
  /** When it started, as {@linkcode startTime} says it. */
  readonly started: string | undefined;
  /** Whether it was ready, and verified. */
  ready = false;
  /** Why it will not be started again, if it was found not to be what was started. */
  distrusted: string | undefined;
  readonly #child: ChildProcess;
  readonly #options: WorkerOptions;
  readonly #logger: Logger;
  #verified = false;
  #saidLeaving = false;
  #leaving = false;
  #ended = false;
  #cause: string | undefined;
  readonly #began = performance.now();
  #lastBeat = this.#began;
  #lastCheck = performance.now();
  #inFlight = 0;
  #noise = 0;
  #lines = 0;
  #dropped = 0;
  readonly #check: Timer;
  #deadline: Timer | undefined;
  #closing: Timer | undefined;

  /** Starts it. The events come later, never from within. */
  constructor(options: WorkerOptions) {
    const { launch, fd, name } = options;
    this.#options = options;
    this.#logger = getLogger(["pam-deno", "worker", name]);
    this.#child = spawn(launch.command, launch.args, {
      stdio: ["pipe", "pipe", "pipe", fd],
      env: { ...launch.env },
      cwd: "/",
    });
    this.pid = this.#child.pid ?? 0;
    this.started = this.pid ? startTime(this.pid) : undefined;
    const words = new LineReader(WORD_MAX, (line, lost) => this.#heard(line, lost));
    this.#child.stdout?.on("data", (chunk: Uint8Array) => words.push(chunk));
    const lines = new LineReader(LINE_MAX, (line, lost) => this.#wrote(line, lost));
    this.#child.stderr?.on("data", (chunk: Uint8Array) => lines.push(chunk));
    this.#child.stderr?.on("end", () => lines.end());
    this.#child.on("error", (error) => this.#end(`could not be started: ${error.message}`));
    // "close" comes after the last of the output; a child of its own could hold that open, so "exit" has the last word.
    this.#child.on("close", (code, signal) => this.#exited(code, signal));
    this.#child.on("exit", (code, signal) => {
      this.#closing = setTimeout(() => this.#exited(code, signal), CHECK_MS);
    });
    this.#check = setInterval(() => this.#checkBeat(), CHECK_MS);
    this.#child.stdin?.on("error", () => {});
    this.#verify();
  }

  /** Asks it to stop accepting, to finish what is in flight and to leave; kills it after `graceMs`. */
  drain(graceMs: number): void {
    if (this.#ended) return;
    this.#leaving = true;
    this.#signal("SIGTERM");
    this.#killAfter(graceMs, `did not leave within ${graceMs} ms`);
  }

  /** Ends it at once. `cause` is for the log. */
  kill(cause: string): void {
    if (this.#ended) return;
    this.#cause ??= cause;
    this.#signal("SIGKILL");
  }

  /** Not the child's own kill(): after that it claims to have died of the signal, whatever it did. */
  #signal(signal: Deno.Signal): void {
    // Until it has been waited for, nobody else can have its id.
    if (!this.pid || this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    try {
      Deno.kill(this.pid, signal);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }

  #killAfter(ms: number, cause: string): void {
    clearTimeout(this.#deadline);
    this.#deadline = setTimeout(() => this.kill(cause), ms);
  }

  /** Verifies it while it waits, before a line of the module has run, and lets it go on. */
  async #verify(): Promise<void> {
    if (!this.pid || !this.#isTrusted(await mistrustSoon(this.pid, this.#options.launch.expected))) return;
    this.#verified = true;
    this.#child.stdin?.end(GO);
  }

  #becomeReady(): void {
    if (!this.#verified || this.ready || this.#leaving) return;
    // Once more, now that the module's code has run; its arguments are now whatever that made of them.
    const { commandLine: _, ...lasting } = this.#options.launch.expected;
    if (!this.#isTrusted(mistrust(this.pid, lasting))) return;
    this.ready = true;
    this.#options.onReady(this);
  }

  /** Whether the kernel says that the process is what was started; it is killed if not. */
  #isTrusted(found: Verdict | undefined): boolean {
    if (found?.problem) {
      this.distrusted = found.problem;
      this.kill(`is not what was started: ${found.problem}`);
    }
    return found !== undefined && found.problem === undefined;
  }

  #heard(line: string, lost: number): void {
    const beat = /^beat ([0-9]{1,6})$/.exec(line);
    if (lost === 0 && line === "ready") {
      this.#lastBeat = performance.now();
      this.#becomeReady();
    } else if (lost === 0 && beat) {
      this.#lastBeat = performance.now();
      this.#inFlight = Number(beat[1]);
    } else if (lost === 0 && line === "leaving") {
      if (this.#saidLeaving) return;
      this.#saidLeaving = this.#leaving = true;
      this.#options.onLeaving(this);
    } else {
      if (this.#noise === 0) {
        this.#logger.warn(
          "Standard output is for the worker's own words: what the module prints there is dropped",
        );
      }
      this.#noise += line.length + lost + 1;
      if (this.#noise > NOISE_MAX) this.kill(`printed more than ${NOISE_MAX} bytes on standard output`);
    }
  }

  #wrote(line: string, lost: number): void {
    if (++this.#lines > LINES_PER_CHECK) return void this.#dropped++;
    const [, level, text] = /^(?:<([3-7])>)?(.*)$/s.exec(line)!;
    const shown = printable(text!) + (lost ? ` … (${lost} bytes more)` : "");
    if (level === "3") this.#logger.error("{shown}", { shown });
    else if (level === "4" || level === undefined) this.#logger.warn("{shown}", { shown });
    else if (level === "7") this.#logger.debug("{shown}", { shown });
    else this.#logger.info("{shown}", { shown });
  }

  #checkBeat(): void {
    const now = performance.now();
    const late = now - this.#lastCheck > 2 * CHECK_MS;
    this.#lastCheck = now;
    this.#lines = 0;
    if (this.#dropped) {
      this.#logger.warn("{dropped} lines on standard error were dropped", { dropped: this.#dropped });
    }
    this.#dropped = 0;
    // If this process itself was held up, beats may wait to be read.
    if (late) return;
    const silent = now - this.#lastBeat;
    if (!this.ready && now - this.#began > START_MAX_MS) {
      this.kill(`was not ready within ${START_MAX_MS} ms`);
    }
    if (this.ready && silent > (this.#options.hangMaxMs ?? HANG_MAX_MS)) {
      this.kill(
        `stopped beating for ${
          Math.round(silent)
        } ms, as a handler in an endless loop does; hooks in flight at its last beat: ${this.#inFlight}`,
      );
    }
  }

  #exited(code: number | null, signal: string | null): void {
    const how = signal ? `ended by ${signal}` : code === 0 ? "left" : `ended with status ${code}`;
    this.#end(this.#cause ? `${how}: it ${this.#cause}` : how);
  }

  #end(cause: string): void {
    if (this.#ended) return;
    this.#ended = true;
    clearInterval(this.#check);
    clearTimeout(this.#deadline);
    clearTimeout(this.#closing);
    this.#options.onExit(this, cause);
  }
}
