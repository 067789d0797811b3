// SPDX-License-Identifier: MIT
/**
 * A private pam-deno for the demonstration: modules, supervisor and stacks in a temporary folder, and what libpam and the shim
 * write to the system log. It needs no root.
 *
 * @module
 */

import { type LineType, ServiceDirectory, Transaction, type TransactionOptions } from "@pam-deno/sdk/libpam";
import { join } from "node:path";

/** The project's folder. */
export const ROOT: string = join(import.meta.dirname!, "..", "..");

const SHIM = join(ROOT, "build", "pam_deno.so");
const CAPTURE = join(ROOT, "build", "tests", "syslog_capture.so");
const CAPTURE_VARIABLE = "PAM_DENO_TEST_SYSLOG";

/** How long the supervisor may take until all are ready, until it leaves when asked, and when asked again. */
const READY_MS_MAX = 30_000;
const LEAVE_MS = 300;
const STOP_MS_MAX = 5_000;

/** A line with the shim on it. */
export interface StackLine {
  /** Its type. */
  readonly type: LineType;
  /** What stands behind the places: shim options, the module, its options. */
  readonly words: string;
}

/** Everything that the rows need. */
export class Stage implements AsyncDisposable {
  readonly #folder: string;
  readonly #log: string;
  readonly #services: ServiceDirectory;
  readonly #names: string[] = [];
  readonly #transactions: Transaction[] = [];
  #logRead = 0;
  #supervisor: Deno.ChildProcess | undefined;
  #ended: Promise<unknown> = Promise.resolve();
  #output = "";

  /** Makes the folders. Throws an `Error` if something was not built or the system log is not captured. */
  constructor() {
    for (const built of [SHIM, CAPTURE]) {
      if (!exists(built)) throw new Error(`${built} was not built: run scripts/demo`);
    }
    if (!Deno.readTextFileSync("/proc/self/maps").includes(Deno.realPathSync(CAPTURE))) {
      throw new Error(
        "The system log would not be seen: run scripts/demo, which starts this with build/tests/syslog_capture.so",
      );
    }
    this.#folder = Deno.makeTempDirSync({ prefix: "pam-deno-demo-" });
    // As root, workers have users of their own, and must get to their bundles.
    Deno.chmodSync(this.#folder, 0o755);
    this.#log = join(this.#folder, "log");
    Deno.writeTextFileSync(this.#log, "", { mode: 0o600 });
    Deno.env.set(CAPTURE_VARIABLE, this.#log);
    Deno.mkdirSync(join(this.#folder, "config", "modules"), { recursive: true, mode: 0o755 });
    this.#services = ServiceDirectory.create({ dir: this.#folder });
  }

  /** Configures a module without any permission. `path` begins at the top of the project. */
  configure(name: string, path: string): void {
    const file = join(this.#folder, "config", "modules", `${name}.jsonc`);
    Deno.writeTextFileSync(file, JSON.stringify({ module: join(ROOT, path) }));
    this.#names.push(name);
  }

  /**
   * Starts `pam-deno serve` and waits until all modules are ready; `onReady` hears of each.
   *
   * @throws {Error} with all that it printed, if that fails
   */
  async serve(onReady: (name: string) => void, signal: AbortSignal): Promise<void> {
    const supervisor = new Deno.Command(join(ROOT, "scripts", "pam-deno"), {
      args: ["serve", "--config-dir", join(this.#folder, "config"), "--runtime-dir", this.#runtimeDir],
      // What captures our log is not for the supervisor.
      env: { LD_PRELOAD: "", NO_COLOR: "1" },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#supervisor = supervisor;
    const waiting = new Set(this.#names);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const fail = (why: string) => reject(new Error(`pam-deno serve ${why}:\n${this.#output}`));
    const read = async (stream: ReadableStream<Uint8Array>) => {
      for await (const chunk of stream.pipeThrough(new TextDecoderStream())) {
        this.#output += chunk;
        for (const name of [...waiting].filter((name) => this.#output.includes(`ready ${name} (`))) {
          waiting.delete(name);
          onReady(name);
        }
        if (waiting.size === 0) resolve();
      }
    };
    this.#ended = Promise.all([supervisor.status, read(supervisor.stdout), read(supervisor.stderr)])
      .then(([{ code }]) => fail(`ended with status ${code}`));
    const timer = setTimeout(() => fail(`took over ${READY_MS_MAX} ms`), READY_MS_MAX);
    const aborted = () => reject(signal.reason);
    signal.addEventListener("abort", aborted);
    try {
      await promise;
    } finally {
      clearTimeout(timer);
      signal.removeEventListener("abort", aborted);
    }
  }

  get #runtimeDir(): string {
    return join(this.#folder, "run");
  }

  /** All that the supervisor and its workers printed. */
  get output(): string {
    return this.#output;
  }

  /** The worker of a module, by the argument that only it has. */
  worker(name: string): number {
    const pid = this.#supervisor!.pid;
    const entry = join(this.#runtimeDir, "workers", name, "worker.js");
    const children = Deno.readTextFileSync(`/proc/${pid}/task/${pid}/children`).match(/\d+/g) ?? [];
    const found = children.find((child) =>
      Deno.readTextFileSync(`/proc/${child}/cmdline`).split("\0").includes(entry)
    );
    if (found === undefined) throw new Error(`There is no worker of ${name}:\n${this.#output}`);
    return Number(found);
  }

  /** Writes a stack and starts a transaction of libpam with it. */
  start(lines: readonly StackLine[], options: Omit<TransactionOptions, "service" | "confdir">): Transaction {
    const service = `demo${this.#transactions.length}`;
    const places = [`runtime_dir=${this.#runtimeDir}`, `config_dir=${join(this.#folder, "config")}`];
    this.#services.write(
      service,
      lines.map(({ type, words }) => ({
        type,
        control: "required",
        module: SHIM,
        args: [...places, ...words.split(" ")],
      })),
    );
    const confdir = this.#services.path;
    const transaction = Transaction.start({ service, confdir, failDelay: "record", ...options });
    this.#transactions.push(transaction);
    return transaction;
  }

  /** The lines of the system log since the last call, without their level, and without the name of service and type. */
  takeLog(): string[] {
    const text = Deno.readTextFileSync(this.#log);
    const lines = text.slice(this.#logRead).split("\n").filter((line) => line !== "");
    this.#logRead = text.length;
    return lines.map((line) => line.replace(/^\d (?:\S*\(\S+\): )?/, ""));
  }

  /** Ends the transactions that are left, stops the supervisor and its workers, also those that do not listen, and removes the folder. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const transaction of this.#transactions) transaction[Symbol.dispose]();
    if (this.#supervisor !== undefined) {
      this.#send("SIGTERM");
      // The second one means: at once.
      const timers = [
        setTimeout(() => this.#send("SIGTERM"), LEAVE_MS),
        setTimeout(() => this.#send("SIGKILL"), STOP_MS_MAX),
      ];
      await this.#ended;
      timers.forEach(clearTimeout);
    }
    makeWritable(this.#folder);
    Deno.removeSync(this.#folder, { recursive: true });
  }

  #send(signal: Deno.Signal): void {
    try {
      this.#supervisor!.kill(signal);
    } catch (error) {
      // It has ended meanwhile.
      if (!(error instanceof TypeError || error instanceof Deno.errors.NotFound)) throw error;
    }
  }
}

/** The supervisor keeps a cache that nobody may write to: without root, neither may we remove what is in it. */
function makeWritable(folder: string): void {
  Deno.chmodSync(folder, 0o700);
  for (const { name, isDirectory } of Deno.readDirSync(folder)) {
    if (isDirectory) makeWritable(join(folder, name));
  }
}

function exists(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
