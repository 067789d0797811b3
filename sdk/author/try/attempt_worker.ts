// SPDX-License-Identifier: MIT
/**
 * The worker of a module that is tried: started like any other worker, under observation, and ended for certain. Whatever comes out of
 * it is only shown.
 *
 * @module
 */

import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import * as v from "valibot";
import type { ScopedPermissions } from "../../config/permissions.ts";
import { SCHEMA } from "../../config/schema.ts";
import { stat } from "../../config/place.ts";
import { handingOn } from "../../supervisor/descriptors.ts";
import { writeForGroup } from "../../supervisor/entry.ts";
import { type Launch, type Launcher, planLaunch } from "../../supervisor/launch.ts";
import { LineReader, printable } from "../../supervisor/lines.ts";
import { mistrustSoon } from "../../supervisor/proc.ts";
import { processLimits } from "../../supervisor/process_limits.ts";
import { sourceMapOf } from "../../supervisor/source.ts";
import type { Identity } from "../../supervisor/uid.ts";
import { GO, START_MAX_MS } from "../../supervisor/worker_process.ts";
import type { SubjectBundle } from "../bundle.ts";
import type { AttemptOptions } from "./runtime.ts";
import type { Scene } from "./scene.ts";
import { type Declared, readDeclared, readSighting, type Sighting, WORDS } from "./sighting.ts";

/** A line of standard output, in bytes: what a hook sets fits into a frame. */
const WORD_MAX = 524_288;
/** A line of standard error, in bytes, and how many are kept. */
const LOG_LINE_MAX = 8_192;
const LOG_LINES_MAX = 500;
/** How many hooks are remembered: an application calls two at most before it is looked at them. */
const SIGHTINGS_MAX = 32;
/** How long a worker may take to say something back that does not look held up, in ms. */
const SYNC_MAX_MS = 1_000;
/** What it may write to files, in bytes, where its permissions give it none: Deno's notes of its permissions. */
const AUDIT_MAX = 16 * 1024 ** 2;

/** A module that could not be served. The message says why, in the module's own words where it has some. */
export class AttemptError extends Error {
  override name = "AttemptError";
}

/** A line of the log. */
export interface LogLine {
  /** Its level. */
  readonly level: "error" | "warning" | "info" | "debug";
  /** Its text. */
  readonly text: string;
}

/** How a worker is started. */
export interface AttemptWorkerOptions {
  readonly scene: Scene;
  readonly launcher: Launcher;
  /** The runtime: `try_worker.js`. */
  readonly runtime: string;
  /** Deno's cache folder. */
  readonly cache: string;
  readonly bundle: SubjectBundle;
  readonly permissions: ScopedPermissions;
  /** The listening descriptor. */
  readonly fd: number;
  /** Who it runs as, if not as the command. */
  readonly identity: Identity | undefined;
  /** What the runtime is told besides. */
  readonly told: Pick<AttemptOptions, "name" | "words" | "now">;
}

let started = 0;

/** A running worker. */
export class AttemptWorker {
  readonly #child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #audit: string;
  readonly #ended: Promise<void>;
  readonly #declared = Promise.withResolvers<Declared>();
  readonly #ready = Promise.withResolvers<void>();
  readonly #echoes = new Map<string, { missing: number; readonly resolve: () => void }>();
  #log: LogLine[] = [];
  #sightings: Sighting[] = [];
  #syncs = 0;
  #isReady = false;
  /** Why it was ended from here. */
  #cause: string | undefined;
  /** How it ended, if it has. */
  ending: string | undefined;

  /** Starts it. */
  constructor(options: AttemptWorkerOptions) {
    const { scene, fd } = options;
    const number = started++;
    this.#audit = join(scene.audits, `${number}.jsonl`);
    const launch = plan(options, number);
    this.#child = handingOn(fd, () =>
      new Deno.Command(launch.command, {
        args: [...launch.args],
        env: { ...launch.env, DENO_AUDIT_PERMISSIONS: this.#audit, DENO_TRACE_PERMISSIONS: "1" },
        clearEnv: true,
        cwd: "/",
        stdin: "piped",
        stdout: "piped",
        stderr: "piped",
      }).spawn());
    this.#writer = this.#child.stdin.getWriter();
    this.#declared.promise.catch(() => {});
    this.#ready.promise.catch(() => {});
    this.#ended = this.#follow();
    const timer = setTimeout(() => {
      if (!this.#isReady) {
        this.#kill(`did not load within ${START_MAX_MS} ms: a module must not wait or loop at its top level`);
      }
    }, START_MAX_MS);
    this.#ended.then(() => clearTimeout(timer));
    this.#ready.promise.then(() => clearTimeout(timer), () => {});
    void this.#letGo(launch);
  }

  /** What the module declares. Rejects with an {@linkcode AttemptError} if it does not load. */
  get declared(): Promise<Declared> {
    return this.#declared.promise;
  }

  /** Resolves when it accepts hooks. Rejects with an {@linkcode AttemptError} if it does not. */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  /**
   * Waits until all that it has said so far has arrived, and gives whether it has answered: one that is held up, as by an endless loop,
   * does not.
   */
  async sync(): Promise<boolean> {
    if (this.ending !== undefined) return false;
    const number = String(++this.#syncs);
    const echoed = Promise.withResolvers<void>();
    this.#echoes.set(number, { missing: 2, resolve: echoed.resolve });
    await this.#write(`sync ${number}\n`);
    let timer;
    const late = new Promise<false>((resolve) => timer = setTimeout(() => resolve(false), SYNC_MAX_MS));
    const answered = echoed.promise.then(() => this.ending === undefined);
    const ended = this.#ended.then(() => false);
    const said = await Promise.race([answered, ended, late]);
    clearTimeout(timer);
    this.#echoes.delete(number);
    return said;
  }

  /** What was seen of hooks since this was last called. */
  takeSightings(): readonly Sighting[] {
    const sightings = this.#sightings;
    this.#sightings = [];
    return sightings;
  }

  /** What was logged since this was last called. */
  takeLog(): readonly LogLine[] {
    const log = this.#log;
    this.#log = [];
    return log;
  }

  /** What Deno has noted of its permissions so far, a line of JSON for each. */
  readAudit(): string {
    return stat(this.#audit) ? Deno.readTextFileSync(this.#audit) : "";
  }

  /** Ends it. */
  async end(): Promise<void> {
    this.#kill("was ended");
    await this.#ended;
    await this.#writer.abort().catch(() => {});
  }

  #kill(cause: string): void {
    if (this.ending !== undefined) return;
    this.#cause ??= cause;
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended, and its status is on its way.
    }
  }

  async #write(text: string): Promise<void> {
    await this.#writer.write(new TextEncoder().encode(text)).catch(() => {});
  }

  async #letGo({ expected }: Launch): Promise<void> {
    const verdict = await mistrustSoon(this.#child.pid, expected);
    if (verdict?.problem) return this.#kill(`is not what was started: ${verdict.problem}`);
    await this.#write(GO);
  }

  async #follow(): Promise<void> {
    const words = new LineReader(WORD_MAX, { onLine: (line) => this.#heard(line) });
    const log = new LineReader(LOG_LINE_MAX, { onLine: (line) => this.#wrote(line) });
    const read = async (stream: ReadableStream<Uint8Array>, lines: LineReader) => {
      for await (const chunk of stream) lines.push(chunk);
      lines.end();
    };
    const [, , { code, signal }] = await Promise.all([
      read(this.#child.stdout, words),
      read(this.#child.stderr, log),
      this.#child.status,
    ]);
    this.ending = this.#cause ?? (signal ? `was ended by ${signal}` : `ended with status ${code}`);
    const said = this.#log.filter(({ level }) => level === "error" || level === "warning")
      .map(({ text }) => text).join("\n");
    const error = new AttemptError(said || `its worker ${this.ending}`);
    this.#declared.reject(error);
    this.#ready.reject(error);
    for (const { resolve } of this.#echoes.values()) resolve();
  }

  #heard(line: string): void {
    if (line === "ready") {
      this.#isReady = true;
      this.#ready.resolve();
    } else if (line.startsWith(WORDS.declared)) {
      const declared = readDeclared(line.slice(WORDS.declared.length));
      if (declared) this.#declared.resolve(declared);
    } else if (line.startsWith(WORDS.ended)) {
      if (this.#sightings.length === SIGHTINGS_MAX) return;
      const sighting = readSighting(line.slice(WORDS.ended.length));
      if (sighting) this.#sightings.push(sighting);
    } else if (line.startsWith(WORDS.synced)) this.#echo(line.slice(WORDS.synced.length));
  }

  #wrote(line: string): void {
    if (line.startsWith(WORDS.synced)) return this.#echo(line.slice(WORDS.synced.length));
    if (this.#log.length === LOG_LINES_MAX) return;
    const [, level, text] = /^(?:<([3-7])>)?(.*)$/s.exec(line)!;
    this.#log.push({ level: LEVELS[level ?? "4"] ?? "info", text: printable(text!) });
  }

  #echo(number: string): void {
    const echo = this.#echoes.get(number);
    if (echo && --echo.missing === 0) echo.resolve();
  }
}

const LEVELS: Readonly<Record<string, LogLine["level"]>> = {
  3: "error",
  4: "warning",
  5: "info",
  6: "info",
  7: "debug",
};

/** Writes what the worker starts from, and says how to start it. */
function plan(
  { scene, launcher, runtime, cache, bundle, permissions, fd, identity, told }: AttemptWorkerOptions,
  number: number,
): Launch {
  const write = (file: string, content: string | Uint8Array) => {
    writeForGroup(join(scene.files, file), content, identity?.gid);
    return join(scene.files, file);
  };
  const bytes = Deno.readFileSync(bundle.file);
  const map = sourceMapOf({ file: bundle.file, bytes });
  write(basename(bundle.file), bytes);
  if (map) write(basename(map), Deno.readFileSync(map));
  const { limits } = v.parse(SCHEMA, { module: "/" });
  const { hooks, waiting, waiting_per_person } = limits;
  const serve: AttemptOptions = {
    ...told,
    configured: {},
    fd,
    limits: { hooks, waiting, waiting_per_person },
  };
  const from = JSON.stringify(pathToFileURL(runtime).href);
  const literal = (value: unknown) => `JSON.parse(${JSON.stringify(JSON.stringify(value))})`;
  write(
    `prepare.${number}.js`,
    `import { prepare } from ${from};\nprepare(${literal(permissions)});\n`,
  );
  const entry = write(
    `worker.${number}.js`,
    `import { attempt } from ${from};
import "./prepare.${number}.js";
import * as module from ${JSON.stringify(`./${basename(bundle.file)}`)};
attempt(module, ${literal(serve)});
`,
  );
  const bound = { workers: 1, limits, permissions, dangerous: [] };
  const held = processLimits(bound, identity !== undefined);
  return planLaunch(launcher, {
    entry,
    permissions,
    cache,
    heapMib: limits.heap_mib,
    identity,
    limits: held.fileBytes === undefined ? held : { ...held, fileBytes: AUDIT_MAX },
  });
}
