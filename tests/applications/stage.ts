// SPDX-License-Identifier: MIT
/**
 * A stage for real programs: namespaces for mounts and processes with an /etc, a /run, a system log and people of their own, and
 * `pam-deno serve` in it, at the usual places. Nothing of the machine is touched, and all ends with the test.
 *
 * ```ts
 * await using stage = await Stage.open();
 * stage.module("recorder", RECORDER);
 * stage.pam("su", ["account required pam_deno.so recorder", "auth required pam_permit.so", …]);
 * await stage.serve();
 * const { code, stdout } = await stage.run(["su", "alice", "-c", "id -un"]);
 * const { hooks } = await stage.take();
 * ```
 *
 * @module
 */

import { join } from "node:path";
import { Background, childOf, type Output, PATIENCE_MS, until } from "./process.ts";
import { parseLog, type Seen } from "./recorded.ts";
import { makeView, PEOPLE, PLACES } from "./view.ts";

/** The project's folder. */
export const ROOT: string = join(import.meta.dirname!, "..", "..");

/** The shim. */
export const SHIM: string = join(ROOT, "build", "pam_deno.so");

/** The module that writes down what it sees. */
export const RECORDER: string = join(import.meta.dirname!, "modules", "recorder.ts");

/** The module that asks for a word. */
export const ASKER: string = join(import.meta.dirname!, "modules", "asker.ts");

/** The module that reads the password. */
export const READER: string = join(import.meta.dirname!, "modules", "reader.ts");

/** Whether a stage cannot be had: only root may make one. */
export const NEEDS_ROOT: boolean = Deno.uid() !== 0;

const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** How a command is run. */
export interface RunOptions {
  /** Who runs it; root if left out. No PAM is involved. */
  readonly as?: string;
  /** What it reads; nothing if left out. */
  readonly stdin?: string;
  /** Variables beside PATH, HOME, USER, LOGNAME, TERM and LANG. */
  readonly env?: Readonly<Record<string, string>>;
  /** How long it may take, in milliseconds. */
  readonly ms?: number;
}

/** What a person waits for, and what they type then, with the key Return unless it ends with a control character. */
export type Step = readonly [text: string, answer: string];

/** A stage. */
export class Stage implements AsyncDisposable {
  readonly #folder: string;
  readonly #init: Background;
  readonly #pid: number;
  readonly #modules: string[] = [];
  #serve: Background | undefined;
  #steps = 0;
  #taken = 0;

  private constructor(folder: string, init: Background, pid: number) {
    this.#folder = folder;
    this.#init = init;
    this.#pid = pid;
  }

  /**
   * Makes the namespaces, with nothing served and nobody let in.
   *
   * @throws {Error} if the shim was not built, or the namespaces cannot be made
   */
  static async open(): Promise<Stage> {
    if (!await Deno.stat(SHIM).catch(() => undefined)) {
      throw new Error(`${SHIM} is not there: run 'deno task build'`);
    }
    const folder = await Deno.makeTempDir({ prefix: "pam-deno-stage-" });
    // Workers have users of their own, and must get to their files.
    await Deno.chmod(folder, 0o755);
    await makeView(folder);
    await compile("init", join(folder, "bin", "init"));
    const entry = join(import.meta.dirname!, "enter.sh");
    const init = new Background(
      ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", entry, folder, ...PLACES],
      { stdin: "piped", cwd: "/" },
    );
    try {
      await init.says(/^ready$/m);
      return new Stage(folder, init, childOf(init.pid)!);
    } catch (error) {
      await init[Symbol.asyncDispose]();
      await Deno.remove(folder, { recursive: true });
      throw error;
    }
  }

  /** Where a file of the stage is outside of it: below /etc, /run, /var/log, /var/mail and /var/spool/cron only. */
  outside(path: string): string {
    return join(this.#folder, path);
  }

  /** Writes a file of the stage. */
  write(path: string, text: string, mode = 0o644): void {
    const file = this.outside(path);
    Deno.mkdirSync(join(file, ".."), { recursive: true });
    Deno.writeTextFileSync(file, text);
    Deno.chmodSync(file, mode);
  }

  /** The text of a file of the stage. */
  read(path: string): string {
    return Deno.readTextFileSync(this.outside(path));
  }

  /**
   * Changes a file of the stage; its mode and owner stay.
   *
   * @returns puts back what was there
   */
  edit(path: string, change: (text: string) => string): Disposable {
    const before = this.read(path);
    Deno.writeTextFileSync(this.outside(path), change(before));
    return { [Symbol.dispose]: () => Deno.writeTextFileSync(this.outside(path), before) };
  }

  /**
   * Configures a module; it is served from the next `serve()` on.
   *
   * @param main the absolute path of its main file
   * @param config further keys of its configuration
   */
  module(name: string, main: string, config: Readonly<Record<string, unknown>> = {}): void {
    this.write(`/etc/pam-deno/modules/${name}.jsonc`, JSON.stringify({ module: main, ...config }));
    if (!this.#modules.includes(name)) this.#modules.push(name);
  }

  /** Writes the stack of a service. Lines are as an administrator writes them, with `pam_deno.so` for the shim. */
  pam(service: string, lines: readonly string[]): void {
    const text = lines.map((line) => `${line.replace(/(?<=\s)pam_deno\.so(?=\s)/, SHIM)}\n`).join("");
    this.write(`/etc/pam.d/${service}`, text);
  }

  /** Starts `pam-deno serve` and waits until every module that was configured is ready. */
  async serve(): Promise<void> {
    if (this.#serve !== undefined) throw new Error("Cannot serve twice: stop() it first");
    const { HOME = "/root", DENO_DIR } = Deno.env.toObject();
    const folders = ["state", "keep", "cache"].flatMap((name) => [`--${name}-dir`, `/run/pam-deno.${name}`]);
    for (const name of ["state", "keep", "cache"]) {
      Deno.mkdirSync(this.outside(`/run/pam-deno.${name}`), { recursive: true });
    }
    const env = { HOME, NO_COLOR: "1", ...DENO_DIR === undefined ? {} : { DENO_DIR } };
    this.#serve = this.start([join(ROOT, "scripts", "pam-deno"), "serve", ...folders], {
      env: { ...env, PATH: Deno.env.get("PATH") ?? PATH },
    });
    for (const name of this.#modules) await this.#serve.says(new RegExp(`ready ${name} \\(`));
  }

  /** All that the supervisor and its workers printed. */
  get served(): string {
    return this.#serve?.printed ?? "";
  }

  /** Ends `pam-deno serve`, and waits for it. */
  async stop(): Promise<void> {
    const serve = this.#serve;
    this.#serve = undefined;
    if (serve === undefined) return;
    serve.kill("SIGTERM");
    await serve.end();
  }

  /** Starts a command on the stage. It ends with the stage if not before. */
  start(
    command: readonly string[],
    { as, env = {} }: RunOptions = {},
    stdin: "null" | "piped" = "null",
  ): Background {
    const person = PEOPLE[as ?? ""];
    const user = as ?? "root";
    const drop = person === undefined
      ? []
      : ["setpriv", "--reuid", user, "--regid", `${person.uid}`, "--init-groups", "--"];
    const home = person === undefined ? "/root" : `/run/home/${user}`;
    const namespaces = ["--target", `${this.#pid}`, "--mount", "--pid"];
    return new Background(["nsenter", ...namespaces, "--", ...drop, ...command], {
      clearEnv: true,
      env: { PATH, HOME: home, USER: user, LOGNAME: user, TERM: "dumb", LANG: "C.UTF-8", ...env },
      stdin,
    });
  }

  /** Runs a command on the stage, and waits for its end. */
  async run(command: readonly string[], options: RunOptions = {}): Promise<Output> {
    const { stdin, ms } = options;
    await using child = this.start(command, options, stdin === undefined ? "null" : "piped");
    if (stdin !== undefined) {
      const writer = child.stdin.getWriter();
      // Whoever does not read to the end is no failure of the test.
      await writer.write(new TextEncoder().encode(stdin)).catch(() => {});
      await writer.close().catch(() => {});
    }
    return await child.end(ms);
  }

  /**
   * Runs a command on a terminal of its own, as a person does.
   *
   * @param steps what they wait for, and type then
   * @returns its code, 124 or 125 if a text did not come, and as `stdout` all that the terminal showed
   */
  async dialogue(
    command: readonly string[],
    steps: readonly Step[] = [],
    options: RunOptions = {},
  ): Promise<Output> {
    const file = `/run/steps/${this.#steps++}`;
    const typed = (answer: string) =>
      answer !== "" && answer.charCodeAt(answer.length - 1) < 0x20 ? answer : `${answer}\r`;
    const encode = (text: string) => new TextEncoder().encode(text).toBase64();
    this.write(file, steps.map(([text, answer]) => `${encode(text)}\n${encode(typed(answer))}\n`).join(""));
    const seconds = Math.ceil((options.ms ?? PATIENCE_MS) / 1000);
    const script = join(import.meta.dirname!, "dialogue.exp");
    const words = ["expect", "-f", script, "--", `${seconds}`, file, ...command];
    const output = await this.run(words, { ...options, ms: (seconds + 5) * 1000 });
    return { ...output, stdout: output.stdout.replaceAll("\r\n", "\n") };
  }

  /** Compiles a program of `programs/` and gives its path on the stage. */
  async program(name: string, ...flags: string[]): Promise<string> {
    const file = `/run/programs/${name}`;
    Deno.mkdirSync(this.outside("/run/programs"), { recursive: true });
    await compile(name, this.outside(file), flags);
    return file;
  }

  async #log(): Promise<string> {
    const asked = this.#init.stdout.match(/^written$/gm)?.length ?? 0;
    const writer = this.#init.stdin.getWriter();
    await writer.write(new TextEncoder().encode("?\n"));
    writer.releaseLock();
    const answered = () => (this.#init.stdout.match(/^written$/gm)?.length ?? 0) > asked;
    await until(answered, () => `an answer of the first process:\n${this.#init.printed}`);
    return await Deno.readTextFile(join(this.#folder, "syslog"));
  }

  /**
   * What was written to the system log since the last time.
   *
   * @param complete whether all is there: what a program does behind the test's back takes its time
   * @throws {Error} with all that is there, if it does not get complete
   */
  async take(complete: (seen: Seen) => boolean = () => true, ms = PATIENCE_MS): Promise<Seen> {
    let text = "";
    let seen = parseLog("");
    await until(
      async () => {
        text = (await this.#log()).slice(this.#taken);
        return complete(seen = parseLog(text));
      },
      () => `all of the log, only:\n${text}`,
      ms,
    );
    this.#taken += text.length;
    return seen;
  }

  /** Ends everything on the stage and removes its folders. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#init.stdin.close().catch(() => {});
    await this.#init.end().catch(() => {});
    await this.#init[Symbol.asyncDispose]();
    await this.#serve?.[Symbol.asyncDispose]();
    await Deno.remove(this.#folder, { recursive: true }).catch((error) => {
      // The test has ended it before.
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    });
  }
}

async function compile(name: string, to: string, flags: readonly string[] = []): Promise<void> {
  const source = join(import.meta.dirname!, "programs", `${name}.c`);
  const { success, stderr } = await new Deno.Command("gcc", {
    args: ["-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror", "-o", to, source, ...flags],
  }).output();
  if (!success) throw new Error(`${source} does not compile:\n${new TextDecoder().decode(stderr)}`);
}

/**
 * Gives the tests of the calling file one stage, which `prepare` configures and then is served.
 *
 * @param prepare configures modules and services, and starts what else it takes
 */
export function shareStage(prepare: (stage: Stage) => void | Promise<void>): () => Stage {
  let stage: Stage | undefined;
  Deno.test.beforeAll(async () => {
    if (NEEDS_ROOT) return;
    stage = await Stage.open();
    await prepare(stage);
    await stage.serve();
  });
  Deno.test.afterAll(async () => {
    await stage?.[Symbol.asyncDispose]();
    stage = undefined;
  });
  return () => {
    if (stage === undefined) throw new Error("The stage of this file could not be made");
    return stage;
  };
}

/** A test on a stage; only root can make one. */
export function scene(name: string, fn: (t: Deno.TestContext) => Promise<void>): void {
  Deno.test({ name: `${name} (needs root)`, ignore: NEEDS_ROOT, fn });
}
