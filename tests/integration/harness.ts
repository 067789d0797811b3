// SPDX-License-Identifier: MIT
/**
 * A private pam-deno for a test: configuration, sockets, stacks and supervisor of its own, transactions through the real libpam
 * and our shim, and what the shim wrote to the system log. It needs no root and touches nothing outside its temporary folder.
 *
 * @module
 */

import {
  type LineType,
  ServiceDirectory,
  type ServiceLine,
  Transaction,
  type TransactionOptions,
} from "@pam-deno/sdk/libpam";
import { join } from "node:path";

/** The project's folder. */
export const ROOT: string = join(import.meta.dirname!, "..", "..");

/** The shim. */
export const SHIM: string = join(ROOT, "build", "pam_deno.so");

const CAPTURE = join(ROOT, "build", "tests", "syslog_capture.so");
const CAPTURE_VARIABLE = "PAM_DENO_TEST_SYSLOG";

/** How long the supervisor may take to be ready, and to stop. */
const READY_MS_MAX = 30_000;
const STOP_MS_MAX = 10_000;

const LEVELS = ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"] as const;

/** The level of a log line; see syslog(3). */
export type SyslogLevel = typeof LEVELS[number];

/** A line that libpam, the shim or another module wrote to the system log. */
export interface SyslogLine {
  /** Its level. */
  readonly level: SyslogLevel;
  /** Its text. */
  readonly text: string;
}

/** A line of a stack with the shim on it. */
export interface ShimLine {
  /** Its type. */
  readonly type: LineType;
  /** Its control; `required` if left out. */
  readonly control?: ServiceLine["control"];
  /** Shim options beside the two directories: `timeout=100ms`, `grant=prompt`. */
  readonly options?: readonly string[];
  /** What stands in the module's place. */
  readonly module: string;
  /** The module's options. */
  readonly args?: readonly string[];
}

/** One private pam-deno. */
export class Harness implements AsyncDisposable {
  readonly #folder: string;
  readonly #names: string[] = [];
  readonly #logFile: string;
  readonly #logStart: number;
  #supervisor: Deno.ChildProcess | undefined;
  #output = "";
  #outputChanged = Promise.withResolvers<void>();
  #ended: Promise<Deno.CommandStatus> | undefined;
  #reading: Promise<void> = Promise.resolve();
  /** The directory of the service files. */
  readonly services: ServiceDirectory;

  /**
   * Makes the folders; nothing is served yet.
   *
   * @throws {Error} if the shim was not built, or the system log is not captured
   */
  constructor() {
    if (!exists(SHIM)) throw new Error(`${SHIM} is not there: run 'deno task build'`);
    this.#logFile = capturedLog();
    this.#logStart = sizeOf(this.#logFile);
    this.#folder = Deno.makeTempDirSync({ prefix: "pam-deno-test-" });
    // Workers have users of their own, and must get to their bundles.
    Deno.chmodSync(this.#folder, 0o755);
    Deno.mkdirSync(join(this.configDir, "modules"), { recursive: true, mode: 0o755 });
    this.services = ServiceDirectory.create({ dir: this.#folder });
  }

  /** The configuration directory. */
  get configDir(): string {
    return join(this.#folder, "config");
  }

  /** The runtime directory; it is made by the supervisor. */
  get runtimeDir(): string {
    return join(this.#folder, "run");
  }

  /** What modules keep: a folder for each that has `state`. */
  get keepDir(): string {
    return join(this.#folder, "keep");
  }

  /** The socket of a module. */
  socket(name: string): string {
    return join(this.runtimeDir, `${name}.sock`);
  }

  /**
   * Configures a module.
   *
   * @param source its TypeScript, or the absolute path of its main file
   * @param config further keys of its configuration
   */
  configure(name: string, source: string, config: Readonly<Record<string, unknown>> = {}): void {
    let main = source;
    if (!source.startsWith("/")) {
      main = join(this.configDir, name, "module.ts");
      Deno.mkdirSync(join(this.configDir, name), { recursive: true });
      Deno.writeTextFileSync(main, source);
    }
    Deno.writeTextFileSync(
      join(this.configDir, "modules", `${name}.jsonc`),
      JSON.stringify({ module: main, ...config }),
    );
    if (!this.#names.includes(name)) this.#names.push(name);
  }

  /**
   * Starts `pam-deno serve` and waits until every configured module is ready.
   *
   * @throws {Error} with all that it printed, if it ends or one is not ready in time
   */
  async serve(): Promise<void> {
    if (this.#supervisor !== undefined) throw new Error("Cannot serve twice: stop() it first");
    this.#output = "";
    const supervisor = new Deno.Command(join(ROOT, "scripts", "pam-deno"), {
      args: [
        ...["serve", "--config-dir", this.configDir, "--runtime-dir", this.runtimeDir],
        ...["--keep-dir", this.keepDir],
      ],
      // What captures our log is not for the supervisor.
      env: { LD_PRELOAD: "", NO_COLOR: "1" },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#supervisor = supervisor;
    this.#reading = Promise.all([this.#read(supervisor.stdout), this.#read(supervisor.stderr)]).then(
      () => {},
    );
    let ended: Deno.CommandStatus | undefined;
    this.#ended = supervisor.status.then((status) => ended = status);
    const deadline = performance.now() + READY_MS_MAX;
    while (!this.#names.every((name) => this.#output.includes(`ready ${name} (`))) {
      if (ended !== undefined) {
        await this.#reading;
        await this.stop();
        throw new Error(`The supervisor ended with ${ended.signal ?? ended.code}:\n${this.#output}`);
      }
      const failed = this.#names.find((name) => this.#output.includes(`error pam-deno: ${name}: `));
      if (failed !== undefined) {
        await this.stop();
        throw new Error(`The module ${failed} cannot be served:\n${this.#output}`);
      }
      if (performance.now() > deadline) {
        await this.stop();
        throw new Error(`Not ready after ${READY_MS_MAX} ms: ${this.#names.join(" ")}:\n${this.#output}`);
      }
      await within(this.#outputChanged.promise, 100);
    }
  }

  async #read(stream: ReadableStream<Uint8Array>): Promise<void> {
    for await (const chunk of stream.pipeThrough(new TextDecoderStream())) {
      this.#output += chunk;
      this.#tellChange();
    }
    this.#tellChange();
  }

  /** Wakes who waits. Always with a new promise: one that stays resolved would make them spin. */
  #tellChange(): void {
    this.#outputChanged.resolve();
    this.#outputChanged = Promise.withResolvers();
  }

  /** All that the supervisor and its workers printed since it was started last. */
  get output(): string {
    return this.#output;
  }

  /**
   * Waits until the supervisor has printed a line that `pattern` matches.
   *
   * @throws {Error} with all that it printed, if it does not within `timeoutMs`
   */
  async printed(pattern: RegExp, timeoutMs = 5000): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    while (!pattern.test(this.#output)) {
      if (performance.now() > deadline) throw new Error(`Not printed: ${pattern}; only:\n${this.#output}`);
      await within(this.#outputChanged.promise, 50);
    }
  }

  /** The process ids of the supervisor and of a module's workers. */
  pids(name: string): { readonly supervisor: number; readonly workers: readonly number[] } {
    if (this.#supervisor === undefined) throw new Error("Nothing is served");
    const supervisor = this.#supervisor.pid;
    const entry = join(this.runtimeDir, "workers", name, "worker.js");
    const children = Deno.readTextFileSync(`/proc/${supervisor}/task/${supervisor}/children`);
    const workers = [...children.matchAll(/\d+/g)].map(Number)
      .filter((pid) => readIfThere(`/proc/${pid}/cmdline`).split("\0").includes(entry));
    return { supervisor, workers };
  }

  /**
   * Waits for a worker of a module that is not one of `others`, and returns its process id.
   *
   * @throws {Error} with all that was printed, if there is none within `timeoutMs`
   */
  async worker(name: string, others: readonly number[] = [], timeoutMs = 5000): Promise<number> {
    const deadline = performance.now() + timeoutMs;
    while (true) {
      const found = this.pids(name).workers.find((pid) => !others.includes(pid));
      if (found !== undefined) return found;
      if (performance.now() > deadline) throw new Error(`There is no worker of ${name}:\n${this.#output}`);
      await within(this.#outputChanged.promise, 10);
    }
  }

  /** Stops the supervisor and waits for it; it is killed if it takes too long. */
  async stop(signal: Deno.Signal = "SIGTERM"): Promise<void> {
    const supervisor = this.#supervisor;
    if (supervisor === undefined) return;
    this.#supervisor = undefined;
    const kill = (with_: Deno.Signal) => {
      try {
        supervisor.kill(with_);
      } catch (error) {
        if (!(error instanceof TypeError || error instanceof Deno.errors.NotFound)) throw error;
      }
    };
    kill(signal);
    const timer = setTimeout(kill, STOP_MS_MAX, "SIGKILL");
    await this.#ended;
    clearTimeout(timer);
    await this.#reading;
  }

  /** A line of a stack with the shim on it, looking for module and socket here. */
  line({ type, control = "required", options = [], module, args = [] }: ShimLine): ServiceLine {
    const places = [`runtime_dir=${this.runtimeDir}`, `config_dir=${this.configDir}`];
    return { type, control, module: SHIM, args: [...places, ...options, module, ...args] };
  }

  /** Writes the stack of a service: lines with the shim as {@linkcode ShimLine}, others as they are. */
  stack(service: string, lines: readonly (ShimLine | ServiceLine)[]): void {
    const isShimLine = (line: ShimLine | ServiceLine): line is ShimLine => !/\.so$/.test(line.module);
    this.services.write(service, lines.map((line) => isShimLine(line) ? this.line(line) : line));
  }

  /** Writes a stack with `module` on a line of each type that is given, with its shim options. */
  lines(
    service: string,
    module: string,
    options: Readonly<Partial<Record<LineType, readonly string[]>>>,
  ): void {
    const types = Object.entries(options) as [LineType, readonly string[]][];
    this.stack(service, types.map(([type, options]) => ({ type, module, options })));
  }

  /** Starts a transaction, for `nobody` unless it is told otherwise. Delays are recorded, not waited for. */
  start(service: string, options: Partial<TransactionOptions> = {}): Transaction {
    return Transaction.start({
      service,
      user: "nobody",
      confdir: this.services.path,
      failDelay: "record",
      ...options,
    });
  }

  /** What this process wrote to the system log since the harness was made. Lines are there when the call that wrote them is back. */
  get syslog(): readonly SyslogLine[] {
    const lines = readFrom(this.#logFile, this.#logStart).split("\n").filter((line) => line !== "");
    return lines.map((line) => {
      const [, level, text] = /^([0-7]) (.*)$/s.exec(line) ?? [];
      if (level === undefined || text === undefined) throw new Error(`Not a line of the system log: ${line}`);
      return { level: LEVELS[Number(level)]!, text };
    });
  }

  /** Stops the supervisor and removes all folders. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    removeTree(this.#folder);
  }
}

/** Removes a folder with all that is in it. A worker's cache is read-only, which stops everybody but root. */
function removeTree(folder: string): void {
  Deno.chmodSync(folder, 0o700);
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    if (isDirectory) removeTree(join(folder, name));
  }
  Deno.removeSync(folder, { recursive: true });
}

/** The file that this process writes to in place of the system log. */
function capturedLog(): string {
  const file = Deno.env.get(CAPTURE_VARIABLE);
  if (file && Deno.readTextFileSync("/proc/self/maps").includes(CAPTURE)) return file;
  throw new Error(
    `The system log is not captured: run 'scripts/test deno', or put ` +
      `'LD_PRELOAD=${CAPTURE} ${CAPTURE_VARIABLE}=FILE' in front of 'deno test'`,
  );
}

function sizeOf(file: string): number {
  try {
    return Deno.statSync(file).size;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return 0;
    throw error;
  }
}

/** The end of a file, from an offset in bytes: what earlier tests wrote can be long. */
function readFrom(path: string, offset: number): string {
  const size = sizeOf(path) - offset;
  if (size <= 0) return "";
  using file = Deno.openSync(path);
  file.seekSync(offset, Deno.SeekMode.Start);
  const bytes = new Uint8Array(size);
  let filled = 0;
  for (let read; filled < size && (read = file.readSync(bytes.subarray(filled))) !== null;) filled += read;
  return new TextDecoder().decode(bytes.subarray(0, filled));
}

function readIfThere(file: string): string {
  try {
    return Deno.readTextFileSync(file);
  } catch (error) {
    // A process can go while its file in /proc is being read.
    if (error instanceof Deno.errors.NotFound || (error as { code?: string }).code === "ESRCH") return "";
    throw error;
  }
}

function exists(file: string): boolean {
  try {
    return Deno.statSync(file).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Waits for `promise`, for at most `ms`. */
async function within(promise: Promise<unknown>, ms: number): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  await Promise.race([promise, new Promise((resolve) => timer = setTimeout(resolve, ms))]);
  clearTimeout(timer);
}
