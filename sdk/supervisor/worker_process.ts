// SPDX-License-Identifier: MIT
/**
 * One worker process: started, verified, listened to, and ended for certain.
 *
 * Whatever comes out of it is hostile: standard output counts only as far as it is one of the words that a worker has, standard error
 * only as lines for the log, and neither may come without end.
 *
 * @module
 */

import { getLogger, type Logger } from "@logtape/logtape";
import { handingOn } from "./descriptors.ts";
import type { Launch } from "./launch.ts";
import { Allowance, LineReader, printable } from "./lines.ts";
import { Liveness } from "./liveness.ts";
import { mistrust, mistrustSoon, ownMemoryMib, startTime, type Verdict } from "./proc.ts";
import { STATS_LINE_MAX } from "./statistics.ts";

/** How long a worker may take from its start to `ready`. */
export const START_MAX_MS = 10_000;
/** How often a worker's beat, its memory and what it printed are looked at. */
const CHECK_MS = 250;
/** How long what is left in a worker's pipes is waited for when it has ended. */
const CLOSE_MAX_MS = 500;
/** What a process waits for on standard input before it runs the module's code. */
export const GO = "go\n";
/** A word on standard output. */
const WORD_MAX = STATS_LINE_MAX;
/** Words between two looks at its beat: a budget changes with every hook at most. */
const WORDS_PER_CHECK = 20_000;
/** A line on standard error. */
const LINE_MAX = 2_048;
/**
 * Lines on standard error between two looks, of all workers of a module; what is over is counted. It is less than what a service
 * manager writes down of one service (`LogRateLimitBurst=`): its supervisor has something to say too.
 */
const LINES_PER_CHECK = 20;
/** Lines that are looked at between two looks at the beat, wanted or not: what is over waits in the pipe. */
const LINES_SEEN_PER_CHECK = 4_000;
/** How often it is said how many lines were dropped. */
const DROPPED_EVERY_MS = 2_000;
/** Bytes that are read from either between two looks at its beat: what is over waits in the pipe. */
const BYTES_PER_CHECK = 4_194_304;
/** Bytes on standard output that are none of the words, in a worker's life. */
const NOISE_MAX = 65_536;

/** How long ago the last word of a worker is at most that is not held up: it beats once a second. */
const PROMPT_MS = 2_000;

type Timer = ReturnType<typeof setTimeout>;

/** What whoever started a worker wants to hear. */
export interface WorkerEvents {
  /** It accepts, and was found to be what was started. */
  onReady(worker: WorkerProcess): void;
  /** It does not accept any more and is about to end: a replacement is wanted at once. */
  onLeaving(worker: WorkerProcess): void;
  /** It is gone. */
  onExit(worker: WorkerProcess, cause: string): void;
  /** It counted something: a line that begins with `stats `. Gives whether it is one. */
  onStatistics?(line: string): boolean;
}

/** How a worker process is started. */
export interface WorkerOptions extends WorkerEvents {
  /** The module's name, for the log. */
  readonly name: string;
  /** What to start. */
  readonly launch: Launch;
  /** The listening descriptor, which the worker has under the same number. */
  readonly fd: number;
  /** What it may have of memory of its own, in MiB, if there is a limit. */
  readonly memoryMib?: number | undefined;
  /** The lines that it may log, if it shares them with others. */
  readonly lines?: Allowance | undefined;
  /** The budget of hooks and what may come beyond it, for tests without patience. */
  readonly patience?: { readonly beyondMs: number; readonly budgetMs: number };
}

/** A running worker. */
export class WorkerProcess {
  /** Its process id. */
  readonly pid: number;
  /** When it started, as {@linkcode startTime} says it. */
  readonly started: string | undefined;
  /** When it was started. */
  readonly since = new Date();
  /** Whether it was ready, and verified. */
  ready = false;
  /** Whether it takes no new hooks. */
  leaving = false;
  /** Hooks in flight, at its last beat. */
  inFlight = 0;
  /** Why it will not be started again, if it was found not to be what was started. */
  distrusted: string | undefined;
  readonly #child: Deno.ChildProcess | undefined;
  readonly #options: WorkerOptions;
  readonly #logger: Logger;
  readonly #began = performance.now();
  readonly #liveness: Liveness;
  readonly #deaf = Promise.withResolvers<void>();
  readonly #lines: Allowance;
  readonly #throttles: PromiseWithResolvers<void>[] = [];
  readonly #readers: ReadableStreamDefaultReader<Uint8Array>[] = [];
  readonly #check: Timer;
  #verified = false;
  #saidLeaving = false;
  #gone = false;
  #ended = false;
  #cause: string | undefined;
  #lastCheck = performance.now();
  #noise = 0;
  #words = 0;
  #dropped = 0;
  #droppedTold = -Infinity;
  #deadline: Timer | undefined;
  #lastMoment = Infinity;

  /** Starts it. The events come later, never from within. */
  constructor(options: WorkerOptions) {
    this.#options = options;
    this.#logger = getLogger(["pam-deno", "worker", options.name]);
    this.#liveness = new Liveness(this.#began, options.patience);
    this.#lines = options.lines ?? lineAllowance();
    this.#check = setInterval(() => this.#look(), CHECK_MS);
    try {
      this.#child = start(options);
    } catch (error) {
      queueMicrotask(() => this.#end(`could not be started: ${(error as Error).message}`));
    }
    this.pid = this.#child?.pid ?? 0;
    this.started = this.pid ? startTime(this.pid) : undefined;
    if (this.#child) this.#follow(this.#child);
  }

  /** Asks it to stop accepting, to finish what is in flight and to leave; kills it after `graceMs`, or what an earlier call said. */
  drain(graceMs: number): void {
    if (this.#ended) return;
    this.leaving = true;
    this.#signal("SIGTERM");
    // Asked again, it does not get more time.
    const last = performance.now() + graceMs;
    if (last >= this.#lastMoment) return;
    this.#lastMoment = last;
    clearTimeout(this.#deadline);
    this.#deadline = setTimeout(() => this.kill(`did not leave within ${graceMs} ms`), graceMs);
  }

  /** Ends it at once. `cause` is for the log. */
  kill(cause: string): void {
    if (this.#ended) return;
    this.#cause ??= cause;
    this.#signal("SIGKILL");
  }

  /** Whether its word was heard as late as it should have been. */
  get isAlive(): boolean {
    return !this.#ended && !this.#liveness.isOverdue(performance.now());
  }

  /** Resolves when it takes no new hooks any more, by its own word, or has ended. */
  get deaf(): Promise<void> {
    return this.#deaf.promise;
  }

  /** Whether it serves, and has said so in the last moments. */
  get isPrompt(): boolean {
    return this.ready && !this.leaving && !this.#ended &&
      this.#liveness.silentMs(performance.now()) < PROMPT_MS;
  }

  #signal(signal: Deno.Signal): void {
    if (this.#gone || !this.#child) return;
    try {
      this.#child.kill(signal);
    } catch (error) {
      // It has ended, and its status is on its way.
      if (!(error instanceof Deno.errors.NotFound || error instanceof TypeError)) throw error;
    }
  }

  /** Verifies it, listens to it, and tells when it is gone. */
  async #follow(child: Deno.ChildProcess): Promise<void> {
    const words = new LineReader(WORD_MAX, {
      onLine: (line, lost) => this.#heard(line, lost),
      onEmpty: (count) => this.#isNoise(count),
    });
    const lines = new LineReader(LINE_MAX, {
      onLine: (line, lost) => this.#wrote(line, lost),
      onEmpty: (count) => void (this.#dropped += count),
      isWanted: () => this.#mayWrite(),
    });
    const output = Promise.all([
      this.#read(child.stdout, words, Infinity),
      this.#read(child.stderr, lines, LINES_SEEN_PER_CHECK),
    ]);
    this.#verify(child);
    const { code, signal } = await child.status;
    this.#gone = true;
    this.#release();
    // A child of its own could hold the pipes open.
    let timer: Timer | undefined;
    await Promise.race([output, new Promise((resolve) => timer = setTimeout(resolve, CLOSE_MAX_MS))]);
    clearTimeout(timer);
    for (const reader of this.#readers) reader.cancel().catch(() => {});
    const how = signal ? `ended by ${signal}` : code === 0 ? "left" : `ended with status ${code}`;
    this.#end(this.#cause ? `${how}: it ${this.#cause}` : how);
  }

  /** Verifies it while it waits, before a line of the module has run, and lets it go on. */
  async #verify(child: Deno.ChildProcess): Promise<void> {
    if (!this.#isTrusted(await mistrustSoon(this.pid, this.#options.launch.expected))) return;
    this.#verified = true;
    await letGo(child.stdin);
  }

  #becomeReady(): void {
    if (!this.#verified || this.ready || this.leaving) return;
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

  /** Reads a stream to its end, but not faster than so much for each look at the worker. */
  async #read(stream: ReadableStream<Uint8Array>, lines: LineReader, linesMax: number): Promise<void> {
    const reader = stream.getReader();
    this.#readers.push(reader);
    let [bytes, count] = [0, 0];
    let since = this.#lastCheck;
    try {
      for (;;) {
        const { value: chunk, done } = await reader.read();
        if (this.#ended) return;
        if (done) break;
        if (since !== this.#lastCheck) [bytes, count, since] = [0, 0, this.#lastCheck];
        bytes += chunk.length;
        count += lines.push(chunk);
        if ((bytes > BYTES_PER_CHECK || count > linesMax) && !this.#gone) await this.#untilNextLook();
      }
      lines.end();
    } catch {
      // The pipe is broken: its status says why.
    }
  }

  #untilNextLook(): Promise<void> {
    const throttle = Promise.withResolvers<void>();
    this.#throttles.push(throttle);
    return throttle.promise;
  }

  #release(): void {
    for (const { resolve } of this.#throttles.splice(0)) resolve();
  }

  #heard(line: string, lost: number): void {
    const now = performance.now();
    const [, beat, budget] = /^(?:beat ([0-9]{1,6})|budget ([0-9]{1,6}))$/.exec(line) ?? [];
    if (lost > 0 || ++this.#words > WORDS_PER_CHECK) this.#isNoise(line.length + lost + 1);
    else if (beat !== undefined) {
      this.inFlight = Number(beat);
      this.#liveness.beat(now);
    } else if (budget !== undefined) this.#liveness.budget(now, Number(budget));
    else if (line === "ready") {
      this.#liveness.beat(now);
      this.#becomeReady();
    } else if (line === "leaving") {
      if (this.#saidLeaving) return;
      this.#saidLeaving = this.leaving = true;
      this.#deaf.resolve();
      this.#options.onLeaving(this);
    } else if (!line.startsWith("stats ") || !this.#options.onStatistics?.(line)) {
      this.#isNoise(line.length + 1);
    }
  }

  #isNoise(bytes: number): void {
    if (this.#noise === 0) {
      this.#logger.warn(
        "Standard output is for the worker's own words: what the module prints there is dropped",
      );
    }
    this.#noise += bytes;
    if (this.#noise > NOISE_MAX) this.kill(`printed more than ${NOISE_MAX} bytes on standard output`);
  }

  #mayWrite(): boolean {
    if (this.#lines.take(performance.now())) return true;
    this.#dropped++;
    return false;
  }

  #wrote(line: string, lost: number): void {
    const [, level, text] = /^(?:<([3-7])>)?(.*)$/s.exec(line)!;
    const shown = printable(text!) + (lost ? ` … (${lost} bytes more)` : "");
    if (level === "3") this.#logger.error("{shown}", { shown });
    else if (level === "4" || level === undefined) this.#logger.warn("{shown}", { shown });
    else if (level === "7") this.#logger.debug("{shown}", { shown });
    else this.#logger.info("{shown}", { shown });
  }

  #look(): void {
    const now = performance.now();
    const late = now - this.#lastCheck > 2 * CHECK_MS;
    this.#lastCheck = now;
    this.#words = 0;
    if (now - this.#droppedTold > DROPPED_EVERY_MS) this.#tellDropped(now);
    this.#release();
    this.#checkMemory();
    // If this process itself was held up, beats may wait to be read.
    if (late) return;
    if (!this.ready && !this.leaving && now - this.#began > START_MAX_MS) {
      this.kill(`was not ready within ${START_MAX_MS} ms`);
    }
    if (this.ready && this.#liveness.isOverdue(now)) {
      const silent = Math.round(this.#liveness.silentMs(now));
      this.kill(
        `stopped beating for ${silent} ms, as a handler in an endless loop does; hooks in flight at its last beat: ${this.inFlight}`,
      );
    }
  }

  #tellDropped(now: number): void {
    if (this.#dropped === 0) return;
    this.#logger.warn("{dropped} lines on standard error were dropped", { dropped: this.#dropped });
    this.#dropped = 0;
    this.#droppedTold = now;
  }

  /** Not all memory is in the heap, which V8 limits. */
  #checkMemory(): void {
    const { memoryMib } = this.#options;
    if (memoryMib === undefined || !this.pid || this.#gone) return;
    const used = ownMemoryMib(this.pid) ?? 0;
    if (used > memoryMib) {
      this.kill(`used ${Math.round(used)} MiB of memory, and "memory_mib" under "limits" is ${memoryMib}`);
    }
  }

  #end(cause: string): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#deaf.resolve();
    this.#tellDropped(performance.now());
    clearInterval(this.#check);
    clearTimeout(this.#deadline);
    this.#release();
    this.#options.onExit(this, cause);
  }
}

function start({ launch, fd }: WorkerOptions): Deno.ChildProcess {
  const command = new Deno.Command(launch.command, {
    args: [...launch.args],
    env: { ...launch.env },
    clearEnv: true,
    cwd: "/",
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  });
  return handingOn(fd, () => command.spawn());
}

/** What the workers of one module may log together. */
export function lineAllowance(): Allowance {
  return new Allowance(LINES_PER_CHECK, CHECK_MS);
}

/** Tells a process that it may run the module's code. */
export async function letGo(stdin: WritableStream<Uint8Array>): Promise<void> {
  try {
    const writer = stdin.getWriter();
    await writer.write(new TextEncoder().encode(GO));
    await writer.close();
  } catch {
    // It has ended already: its status says why.
  }
}
