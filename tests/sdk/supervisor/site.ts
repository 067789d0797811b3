// SPDX-License-Identifier: MIT
/**
 * `scripts/pam-deno` on a configuration of its own.
 *
 * @module
 */

import { join } from "node:path";
import { buildBundle } from "../../../scripts/build_bundle.ts";
import { buildRuntime } from "../../../scripts/build_runtime.ts";
import { removeCache } from "../../../sdk/supervisor/cache.ts";
import { within } from "../worker/client.ts";
import { makeFolder, ROOT, writeModule } from "../worker/harness.ts";

const PATIENCE_MS = 15_000;
/** A module that always says yes. */
export const MODULE = `export default defineModule({ account: () => "success" });`;

await Deno.mkdir(join(ROOT, "build"), { recursive: true });
await buildRuntime(join(ROOT, "build"));
await buildBundle(join(ROOT, "build"), "bundler", "sdk/install/bundler.ts");

/** A folder for configuration and runtime, with modules in it. */
export class Site implements Disposable {
  readonly #folder = makeFolder();
  readonly config = join(this.#folder.path, "config");
  readonly run = join(this.#folder.path, "run");

  constructor() {
    // Workers have users of their own, and must get to their files.
    Deno.chmodSync(this.#folder.path, 0o755);
    Deno.mkdirSync(join(this.config, "modules"), { recursive: true });
  }

  /** Configures a module with this source. */
  add(name: string, source: string = MODULE, config: Record<string, unknown> = {}): void {
    const folder = join(this.#folder.path, `src-${name}`);
    Deno.mkdirSync(folder, { recursive: true });
    const module = writeModule(folder, source);
    Deno.writeTextFileSync(
      join(this.config, "modules", `${name}.jsonc`),
      JSON.stringify({ module, ...config }),
    );
  }

  get args(): string[] {
    return ["serve", "--config-dir", this.config, "--runtime-dir", this.run];
  }

  socket(name: string): string {
    return join(this.run, `${name}.sock`);
  }

  [Symbol.dispose](): void {
    // A supervisor that was killed left its cache behind, which is only read.
    removeCache(join(this.run, "workers"));
    this.#folder[Symbol.dispose]();
  }
}

/** `scripts/pam-deno`, running. */
export class Command implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #done: Promise<unknown>;
  stdout = "";
  stderr = "";
  #look = () => {};

  constructor(args: readonly string[], env: Record<string, string> = {}) {
    this.#child = new Deno.Command(join(ROOT, "scripts", "pam-deno"), {
      args: [...args],
      env,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#done = Promise.all([
      this.#collect(this.#child.stdout, (text) => this.stdout += text),
      this.#collect(this.#child.stderr, (text) => this.stderr += text),
    ]);
  }

  async #collect(stream: ReadableStream<Uint8Array>, add: (text: string) => void): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of stream) {
      add(decoder.decode(chunk, { stream: true }));
      this.#look();
    }
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Waits until what was printed matches; the error shows all of it. */
  async printed(pattern: RegExp): Promise<RegExpMatchArray> {
    const found = Promise.withResolvers<RegExpMatchArray>();
    this.#look = () => {
      const match = (this.stdout + this.stderr).match(pattern);
      if (match) found.resolve(match);
    };
    this.#look();
    try {
      return await within(PATIENCE_MS, found.promise, `something like ${pattern}`);
    } catch (error) {
      throw new Error(`${(error as Error).message}; printed was:\n${this.stdout}${this.stderr}`);
    }
  }

  /** Sends a signal and waits for the end. */
  async end(signal?: Deno.Signal): Promise<Deno.CommandStatus> {
    if (signal) this.#child.kill(signal);
    return await within(PATIENCE_MS, this.#child.status, "the end of pam-deno");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGTERM");
    } catch {
      // It has ended.
    }
    await this.end();
    await this.#done;
  }
}

/** The processes whose arguments name this site's workers. */
export function workers(site: Site): number[] {
  return [...Deno.readDirSync("/proc")].flatMap(({ name }) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      return Deno.readTextFileSync(`/proc/${name}/cmdline`).startsWith(join(site.run, "workers"))
        ? [Number(name)]
        : [];
    } catch {
      return [];
    }
  });
}

/** Waits until there are no such processes. */
export async function gone(pids: readonly number[]): Promise<void> {
  for (let i = 0; i < 200; i++) {
    if (!pids.some((pid) => isThere(pid))) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`still there: ${pids.filter(isThere).join(" ")}`);
}

/** Whether there is such a process, zombies left out. */
export function isThere(pid: number): boolean {
  try {
    return !/^State:\tZ/m.test(Deno.readTextFileSync(`/proc/${pid}/status`));
  } catch {
    return false;
  }
}
