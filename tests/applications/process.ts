// SPDX-License-Identifier: MIT
/**
 * Processes with all that they print, and waiting with a bound.
 *
 * @module
 */

/** What came of a command. */
export interface Output {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** How often is looked whether what is waited for has come. */
const LOOK_MS = 20;

/** How long programs in tests may take unless they say otherwise. */
export const PATIENCE_MS = 30_000;

/** A process that runs beside the test. */
export class Background implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #readers: readonly ReadableStreamDefaultReader<Uint8Array>[];
  readonly #reading: Promise<unknown>;
  readonly #waits: boolean;
  #stdout = "";
  #stderr = "";
  #status: Deno.CommandStatus | undefined;

  constructor(command: readonly string[], options: Deno.CommandOptions = {}) {
    const [program, ...args] = command;
    this.#child = new Deno.Command(program!, {
      stdin: "null",
      ...options,
      args,
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#waits = program === "nsenter";
    this.#readers = [this.#child.stdout.getReader(), this.#child.stderr.getReader()];
    this.#reading = Promise.all([
      collect(this.#readers[0]!, (text) => this.#stdout += text),
      collect(this.#readers[1]!, (text) => this.#stderr += text),
      this.#child.status.then((status) => this.#status = status),
    ]);
  }

  /** Its process id. */
  get pid(): number {
    return this.#child.pid;
  }

  /** All that it has printed. */
  get printed(): string {
    return this.#stdout + this.#stderr;
  }

  /** What it has printed to standard output. */
  get stdout(): string {
    return this.#stdout;
  }

  /** Its standard input, if it was asked to be piped. */
  get stdin(): WritableStream<Uint8Array<ArrayBuffer>> {
    return this.#child.stdin;
  }

  /** Whether it has ended. */
  get ended(): boolean {
    return this.#status !== undefined;
  }

  /**
   * Waits until it has printed what `pattern` matches.
   *
   * @throws {Error} with all that it printed, if it ends before or takes too long
   */
  async says(pattern: RegExp, ms = PATIENCE_MS): Promise<void> {
    const said = () => pattern.test(this.printed);
    await until(() => said() || this.ended, () => `${pattern}, only:\n${this.printed}`, ms);
    if (!said()) throw new Error(`Ended before ${pattern}:\n${this.printed}`);
  }

  /**
   * Waits for its end.
   *
   * @throws {Error} with all that it printed, if it takes too long; it is killed
   */
  async end(ms = PATIENCE_MS): Promise<Output> {
    try {
      await until(() => this.ended, () => `the end of the command, only:\n${this.printed}`, ms);
    } catch (error) {
      this.kill("SIGKILL");
      throw error;
    }
    await this.#reading;
    return { code: this.#status!.code, stdout: this.#stdout, stderr: this.#stderr };
  }

  /** Sends a signal, if it is still there: to its child, if it only waits for one, which then ends it. */
  kill(signal: Deno.Signal): void {
    if (this.ended) return;
    const child = this.#waits ? childOf(this.pid) : undefined;
    Deno.kill(child ?? this.pid, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill("SIGKILL");
    await this.#child.status;
    // What it started may still hold the other end.
    await Promise.all(this.#readers.map((reader) => reader.cancel()));
    await this.#reading;
  }
}

async function collect(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  add: (text: string) => void,
): Promise<void> {
  const decoder = new TextDecoder();
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    add(decoder.decode(read.value, { stream: true }));
  }
}

/** The first child of a process, if it has one. */
export function childOf(pid: number): number | undefined {
  try {
    const children = Deno.readTextFileSync(`/proc/${pid}/task/${pid}/children`);
    return children === "" ? undefined : Number.parseInt(children);
  } catch {
    return undefined;
  }
}

/**
 * Waits until something is so.
 *
 * @param what what to say did not come
 * @throws {Error} if it takes longer than `ms`
 */
export async function until(
  is: () => boolean | Promise<boolean>,
  what: () => string,
  ms = PATIENCE_MS,
): Promise<void> {
  for (const end = performance.now() + ms; !await is();) {
    if (performance.now() > end) throw new Error(`Not within ${ms} ms: ${what()}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}
