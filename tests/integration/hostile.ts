// SPDX-License-Identifier: MIT
/**
 * A worker that does what a test says, octet by octet, in a process of its own. It is no worker of ours: it knows frames only as
 * far as it has to wait for one.
 *
 * @module
 */

import { join } from "node:path";
import { encode } from "../../sdk/wire/codec.ts";
import { FrameReader } from "../../sdk/wire/frame.ts";
import type { MessageFrom } from "../../sdk/wire/types.ts";
import type { Harness } from "./harness.ts";

/** How long a test waits for a word of the worker. */
const SAY_MS_MAX = 10_000;

/** One step on a connection. */
export type Step =
  /** Sends octets, in hexadecimal. */
  | { readonly send: string }
  /** Sends octets one by one, each so many milliseconds after the one before. */
  | { readonly drip: string; readonly everyMs: number }
  /** Waits for so many frames. */
  | { readonly read: number }
  /** Waits. */
  | { readonly pause: number }
  /** Says so on standard output, for the test to wait for. */
  | { readonly say: string }
  /** Closes the connection. Left out, it stays open until the shim closes. */
  | { readonly close: true }
  /** Waits for ever. */
  | { readonly hang: true };

/** Octets as a step sends them. */
export function hex(bytes: Uint8Array): string {
  return bytes.toHex();
}

/** The step that sends messages in one piece. */
export function send(...messages: readonly MessageFrom<"worker">[]): Step {
  return { send: messages.map((message) => hex(encode(message))).join("") };
}

/** A result without effects. */
export function result(
  code: string,
  rest: Partial<Extract<MessageFrom<"worker">, { type: "result" }>> = {},
): MessageFrom<"worker"> {
  return {
    type: "result",
    code: code as "success",
    data_action: "keep",
    data: new Uint8Array(0),
    fail_delay_us: 0,
    items: [],
    environment: [],
    tokens: [],
    user_files: [],
    ...rest,
  };
}

/** A running hostile worker. */
export class Hostile implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #lines: ReadableStreamDefaultReader<string>;
  readonly #path: string;
  #rest = "";

  private constructor(path: string, backlog: number) {
    this.#path = path;
    this.#process = new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "-A", "--no-check", import.meta.filename!, path, `${backlog}`],
      env: { LD_PRELOAD: "", NO_COLOR: "1" },
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#writer = this.#process.stdin.getWriter();
    this.#lines = this.#process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  /**
   * Starts one in place of the worker of `name`, which need not be configured.
   *
   * @param hooks the list of hooks that the module defines
   * @param options `backlog`, how many may wait to be accepted
   */
  static async start(
    harness: Harness,
    name: string,
    hooks: string,
    { backlog = 128 }: { readonly backlog?: number } = {},
  ): Promise<Hostile> {
    Deno.mkdirSync(join(harness.configDir, "hooks"), { recursive: true, mode: 0o755 });
    Deno.mkdirSync(harness.runtimeDir, { recursive: true, mode: 0o755 });
    const link = join(harness.configDir, "hooks", name);
    try {
      Deno.symlinkSync(hooks, link);
    } catch (error) {
      if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    }
    const hostile = new Hostile(harness.socket(name), backlog);
    await hostile.said("listening");
    return hostile;
  }

  /** Its process id. */
  get pid(): number {
    return this.#process.pid;
  }

  /** What it does with the next connection. */
  async plan(steps: readonly Step[]): Promise<void> {
    await this.#writer.write(new TextEncoder().encode(`${JSON.stringify(steps)}\n`));
    await this.said("planned");
  }

  /**
   * Waits until it has printed a line that begins with `word`, and gives the rest of the line.
   *
   * @throws {Error} if it does not in time; it is killed then, as nothing can be done with it any more
   */
  async said(word: string): Promise<string> {
    const timer = setTimeout(() => this.kill(), SAY_MS_MAX);
    try {
      return await this.#said(word);
    } finally {
      clearTimeout(timer);
    }
  }

  async #said(word: string): Promise<string> {
    while (true) {
      const end = this.#rest.indexOf("\n");
      if (end >= 0) {
        const line = this.#rest.slice(0, end);
        this.#rest = this.#rest.slice(end + 1);
        if (line.startsWith(word)) return line.slice(word.length + 1);
        continue;
      }
      const { value, done } = await this.#lines.read();
      if (done) throw new Error(`The hostile worker ended before it said '${word}'`);
      this.#rest += value;
    }
  }

  /** Kills it at once. */
  kill(): void {
    this.#process.kill("SIGKILL");
  }

  /** Ends it, and removes its socket. */
  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.kill();
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
    }
    await this.#process.status;
    await this.#writer.abort().catch(() => {});
    await this.#lines.cancel();
    Deno.removeSync(this.#path);
  }
}

// The process itself.

const say = (line: string) => void Deno.stdout.writeSync(new TextEncoder().encode(`${line}\n`));
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function writeAll(connection: Deno.Conn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
}

async function readFrames(connection: Deno.Conn, reader: FrameReader, count: number): Promise<void> {
  const buffer = new Uint8Array(65_536);
  for (let left = count; left > 0;) {
    const frame = reader.next();
    if (frame !== undefined) {
      say(`frame ${hex(frame)}`);
      left--;
      continue;
    }
    const length = await connection.read(buffer);
    if (length === null) throw new Error("the shim hung up");
    reader.push(buffer.slice(0, length));
  }
}

async function perform(connection: Deno.Conn, steps: readonly Step[]): Promise<void> {
  const reader = new FrameReader();
  for (const step of steps) {
    if ("send" in step) await writeAll(connection, Uint8Array.fromHex(step.send));
    else if ("drip" in step) {
      for (const byte of Uint8Array.fromHex(step.drip)) {
        await writeAll(connection, new Uint8Array([byte]));
        await sleep(step.everyMs);
      }
    } else if ("read" in step) await readFrames(connection, reader, step.read);
    else if ("pause" in step) await sleep(step.pause);
    else if ("say" in step) say(step.say);
    else if ("close" in step) return;
    else await new Promise(() => {});
  }
  const rest = new Uint8Array(1024);
  while (await connection.read(rest) !== null);
}

/** listen(2) once more, with another backlog: the last call counts. */
function setBacklog(path: string, backlog: number): void {
  const inode = /^\S+ \S+ \S+ \S+ \S+ \S+ +(\d+) (.*)$/;
  const [, socket] = Deno.readTextFileSync("/proc/net/unix").split("\n").map((line) => inode.exec(line) ?? [])
    .find(([, , name]) => name === path) ?? [];
  const fds = [...Deno.readDirSync("/proc/self/fd")].map(({ name }) => name);
  const link = (fd: string) => {
    try {
      return Deno.readLinkSync(`/proc/self/fd/${fd}`);
    } catch {
      return "";
    }
  };
  const fd = fds.find((fd) => link(fd) === `socket:[${socket}]`);
  const libc = Deno.dlopen("libc.so.6", { listen: { parameters: ["i32", "i32"], result: "i32" } });
  if (fd === undefined || libc.symbols.listen(Number(fd), backlog) !== 0) throw new Error("listen failed");
}

async function serve(path: string, backlog: number): Promise<void> {
  const listener = Deno.listen({ transport: "unix", path });
  setBacklog(path, backlog);
  Deno.chmodSync(path, 0o600);
  say("listening");
  let text = "";
  let busy = Promise.resolve();
  // Reading goes on while a connection hangs: the end of the test is the end of this process.
  for await (const chunk of Deno.stdin.readable.pipeThrough(new TextDecoderStream())) {
    text += chunk;
    for (let end; (end = text.indexOf("\n")) >= 0; text = text.slice(end + 1)) {
      const steps = JSON.parse(text.slice(0, end)) as Step[];
      busy = busy.then(() => take(listener, steps));
    }
  }
  Deno.exit(0);
}

async function take(listener: Deno.UnixListener, steps: readonly Step[]): Promise<void> {
  say("planned");
  const connection = await listener.accept();
  // The shim may hang up at any time; what was still to do is moot then.
  await perform(connection, steps).catch(() => {});
  connection.close();
  say("done");
}

if (import.meta.main) await serve(Deno.args[0]!, Number(Deno.args[1]));
