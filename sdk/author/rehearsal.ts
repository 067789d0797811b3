// SPDX-License-Identifier: MIT
/**
 * Rehearses a module: loads its bundle in a process of its own and lets that run tasks with the test kit. The module is a stranger's: it
 * is never loaded in the command's own process.
 *
 * The process is started like a worker: with the permissions that were given and no others, without capabilities, as root as a user that
 * nobody is and, unless it may use the network, in a network of its own.
 *
 * @module
 */

import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import * as v from "valibot";
import type { Layout } from "../config/layout.ts";
import type { ScopedPermissions } from "../config/permissions.ts";
import { stat } from "../config/place.ts";
import { writeForGroup } from "../supervisor/entry.ts";
import { PrivateFolder } from "./private_folder.ts";
import { type Launch, makeLauncher, planLaunch } from "../supervisor/launch.ts";
import { loadComplaint } from "../supervisor/load_complaint.ts";
import { LineReader, printable } from "../supervisor/lines.ts";
import { DECLARATION, type Declaration, PROBE_MAX_MS } from "../supervisor/probe.ts";
import { mistrustSoon } from "../supervisor/proc.ts";
import { type Identity, pickThrowawayUid } from "../supervisor/uid.ts";
import { sourceMapOf } from "../supervisor/source.ts";
import { GO } from "../supervisor/worker_process.ts";
import type { SubjectBundle } from "./bundle.ts";
import type { RehearsalAnswer } from "./rehearse.ts";
import type { TaskName, TaskRequest, TaskResult } from "./tasks.ts";

/** The heap, in MiB: more than a worker's, since a task may keep what it has seen. */
const HEAP_MIB = 512;
/** The longest answer, in bytes. */
const ANSWER_MAX = 64 * 1024 ** 2;
/** The longest line of the log that is kept, in bytes, and how many. */
const LOG_LINE_MAX = 4_096;
const LOG_LINES_MAX = 200;

/** A module that cannot be rehearsed. The message says why, in the module's own words where it has some. */
export class RehearsalError extends Error {
  override name = "RehearsalError";
}

/** What {@linkcode Rehearsal.start} takes. */
export interface RehearsalOptions {
  /** The folders of the program. */
  readonly layout: Pick<Layout, "libDir" | "cacheDir">;
  /** The module's bundle. */
  readonly bundle: SubjectBundle;
  /** What people call the module. */
  readonly word: string;
  /** What the kit is to call it. */
  readonly name: string;
  /** What it may do to the machine. */
  readonly permissions: ScopedPermissions;
  /** Its configured options; none by default. */
  readonly configured?: Readonly<Record<string, unknown>>;
  /** Variables of Deno's own that the process gets, such as `DENO_AUDIT_PERMISSIONS`. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A module in a process of its own. Disposing ends that. */
export class Rehearsal implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #folder: PrivateFolder;
  readonly #word: string;
  readonly #log: string[] = [];
  readonly #answers: RehearsalAnswer[] = [];
  readonly #ended: Promise<void>;
  #wake = Promise.withResolvers<void>();
  #isOver = false;
  #declaration: Declaration | undefined;

  private constructor(child: Deno.ChildProcess, { folder, word }: { folder: PrivateFolder; word: string }) {
    this.#child = child;
    this.#writer = child.stdin.getWriter();
    this.#folder = folder;
    this.#word = word;
    this.#ended = this.#listen();
  }

  /**
   * Starts a process and loads the module in it.
   *
   * @throws {RehearsalError} if it does not load within {@linkcode PROBE_MAX_MS}, or is no module.
   */
  static async start(options: RehearsalOptions): Promise<Rehearsal> {
    const folder = new PrivateFolder("pam-deno-rehearsal-");
    try {
      const launch = plan(options, folder.path);
      const child = new Deno.Command(launch.command, {
        args: [...launch.args],
        env: { ...launch.env, ...options.env },
        clearEnv: true,
        cwd: "/",
        stdin: "piped",
        stdout: "piped",
        stderr: "piped",
      }).spawn();
      const rehearsal = new Rehearsal(child, { folder, word: options.word });
      try {
        await rehearsal.#load(launch);
        return rehearsal;
      } catch (error) {
        await rehearsal[Symbol.asyncDispose]();
        throw error;
      }
    } catch (error) {
      folder[Symbol.dispose]();
      throw error;
    }
  }

  /** What the module declares. It is the module's word. */
  get declaration(): Declaration {
    return this.#declaration!;
  }

  /** What the process has written to its log, in lines that are fit for a terminal. */
  get log(): readonly string[] {
    return this.#log;
  }

  /**
   * Lets the process do a task.
   *
   * @throws {RehearsalError} if it cannot, or if the process ends before it has.
   */
  async run<N extends TaskName>(
    task: N,
    request: TaskRequest<N>,
    onProgress: (value: unknown) => void = () => {},
  ): Promise<TaskResult<N>> {
    const asked = new TextEncoder().encode(`${JSON.stringify({ task, request })}\n`);
    await this.#writer.write(asked).catch(() => {});
    for (;;) {
      const answer = await this.#next();
      if ("progress" in answer) onProgress(answer.progress);
      else if ("result" in answer) return answer.result as TaskResult<N>;
      else if ("error" in answer) throw new RehearsalError(`${this.#word}: ${printable(answer.error)}`);
    }
  }

  /** Ends the process and removes its files. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch {
      // It has ended.
    }
    await this.#ended;
    await this.#writer.abort().catch(() => {});
    this.#folder[Symbol.dispose]();
  }

  async #load({ expected }: Launch): Promise<void> {
    let late = false;
    const timer = setTimeout(() => {
      late = true;
      this.#child.kill("SIGKILL");
    }, PROBE_MAX_MS);
    try {
      const distrust = (await mistrustSoon(this.#child.pid, expected))?.problem;
      if (distrust) {
        throw new RehearsalError(`${this.#word}: its process is not what was started: ${distrust}`);
      }
      await this.#writer.write(new TextEncoder().encode(GO)).catch(() => {});
      const answer = await this.#next();
      if (!("declaration" in answer)) throw new TypeError("it does not begin with what it declares");
      this.#declaration = v.parse(DECLARATION, answer.declaration) as Declaration;
    } catch (error) {
      if (late) {
        throw new RehearsalError(
          `${this.#word}: it did not load within ${PROBE_MAX_MS} ms: a module must not wait or loop at its top level`,
        );
      }
      if (error instanceof RehearsalError) throw error;
      throw new RehearsalError(
        `${this.#word}: what it declares cannot be read: its main file must not print or exit when it is loaded`,
      );
    } finally {
      clearTimeout(timer);
    }
  }

  async #next(): Promise<RehearsalAnswer> {
    for (;;) {
      const answer = this.#answers.shift();
      if (answer !== undefined) return answer;
      if (this.#isOver) {
        const said = this.#log.slice(0, 12).join("\n  ") || "it ended without a word";
        throw new RehearsalError(`${this.#word}: ${said}`);
      }
      await this.#wake.promise;
      this.#wake = Promise.withResolvers();
    }
  }

  async #listen(): Promise<void> {
    const answers = new LineReader(ANSWER_MAX, { onLine: (line) => this.#take(line) });
    const log = new LineReader(LOG_LINE_MAX, {
      onLine: (line) => {
        const said = loadComplaint(line.replace(/^<[0-7]>/, ""), { folder: this.#folder.path });
        const text = this.#ofSources(said);
        if (this.#log.length < LOG_LINES_MAX) this.#log.push(printable(text));
      },
    });
    const read = async (stream: ReadableStream<Uint8Array>, lines: LineReader) => {
      for await (const chunk of stream) lines.push(chunk);
      lines.end();
    };
    await Promise.all([
      read(this.#child.stdout, answers),
      read(this.#child.stderr, log),
      this.#child.status,
    ]);
    this.#isOver = true;
    this.#wake.resolve();
  }

  /** Places as the author knows them: where the process was started from is nobody's business. */
  #ofSources(line: string): string {
    const { path } = this.#folder;
    const own = pathToFileURL(`${path}/`).href;
    return [`${own}module/`, own, `${path}/`].reduce((text, from) => text.replaceAll(from, ""), line);
  }

  /** What is no answer was printed by the module. */
  #take(line: string): void {
    try {
      const answer = JSON.parse(this.#ofSources(line));
      if (typeof answer === "object" && answer !== null) this.#answers.push(answer);
    } catch {
      this.#answers.push({ error: "it printed to standard output, which is the rehearsal's own" });
    }
    this.#wake.resolve();
  }
}

/** Writes what the process starts from, and says how to start it. */
function plan(options: RehearsalOptions, folder: string): Launch {
  const { layout, bundle, name, permissions, configured = {} } = options;
  const runtime = join(layout.libDir, "rehearsal.js");
  if (!stat(runtime)) {
    throw new RehearsalError(
      `${runtime}: it is not there: reinstall the package, or run \`deno task build\``,
    );
  }
  const launcher = makeLauncher(folder);
  const identity = throwawayIdentity();
  if (identity) {
    Deno.chownSync(folder, null, identity.gid);
    Deno.chmodSync(folder, 0o710);
  }
  const write = (file: string, content: string | Uint8Array) =>
    writeForGroup(join(folder, file), content, identity?.gid);
  const bytes = Deno.readFileSync(bundle.file);
  const map = sourceMapOf({ file: bundle.file, bytes });
  write(basename(bundle.file), bytes);
  if (map) write(basename(map), Deno.readFileSync(map));
  const from = JSON.stringify(pathToFileURL(Deno.realPathSync(runtime)).href);
  const told = (value: unknown) => `JSON.parse(${JSON.stringify(JSON.stringify(value))})`;
  write("prepare.js", `import { prepare } from ${from};\nprepare(${told(permissions)});\n`);
  write(
    "main.js",
    `import { rehearse } from ${from};
import "./prepare.js";
import * as module from ${JSON.stringify(`./${basename(bundle.file)}`)};
await rehearse(module, ${told({ name, configured })});
`,
  );
  const cache = join(layout.cacheDir, "runtime");
  return planLaunch(launcher, {
    entry: join(folder, "main.js"),
    permissions,
    cache,
    heapMib: HEAP_MIB,
    identity,
  });
}

function throwawayIdentity(): Identity | undefined {
  if (Deno.uid() !== 0) return undefined;
  const uid = pickThrowawayUid();
  return { uid, gid: uid, groups: [] };
}
