// SPDX-License-Identifier: MIT
/**
 * Applications with a session each, every one a process of its own: what a ledger is about.
 *
 * @module
 */

import { join } from "node:path";
import { CODES, type PamCode } from "../../../sdk/tokens.ts";

const SOURCE = join(import.meta.dirname!, "caller.c");

/** The longest that one call of libpam may take, in ms: `timeout=` is 5 s. */
const CALL_MS_MAX = 20_000;

/** What the module itself says. */
export const ANSWERS: ReadonlySet<PamCode> = new Set(["success", "perm_denied"]);

/** Compiles the application into `folder`, and gives its path. */
export async function buildCaller(folder: string): Promise<string> {
  const program = join(folder, "caller");
  const { success, stderr } = await new Deno.Command("gcc", {
    args: ["-std=c11", "-Wall", "-Wextra", "-Werror", "-O1", "-o", program, SOURCE, "-lpam"],
    env: { LD_PRELOAD: "" },
  }).output();
  if (!success) throw new Error(`gcc: ${new TextDecoder().decode(stderr)}`);
  return program;
}

/** What an application is started with. */
export interface CallerOptions {
  /** The compiled program. */
  readonly program: string;
  /** The folder of the service files. */
  readonly confdir: string;
  /** The service. */
  readonly service: string;
  /** The user. */
  readonly user: string;
  /** The terminal. */
  readonly tty: string;
}

/** One application. */
export class Caller implements AsyncDisposable {
  readonly #process: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array>;
  readonly #output: ReadableStreamDefaultReader<string>;
  #rest = "";
  #hasEnded = false;
  /** Whether it was told that its session is open, and has not begun to close it. */
  isOpen = false;
  /** Whether a call of it failed on the way, so that it cannot know whether it counts. */
  wasBrokenOff = false;
  /** The codes that it got for opening, in order. */
  readonly codes: PamCode[] = [];

  /** Starts one. */
  constructor({ program, confdir, service, user, tty }: CallerOptions) {
    this.#process = new Deno.Command(program, {
      args: [confdir, service, user, tty],
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    this.#input = this.#process.stdin.getWriter();
    this.#output = this.#process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** Its process id. */
  get pid(): number {
    return this.#process.pid;
  }

  /** Opens its session. */
  async open(): Promise<PamCode> {
    const code = await this.#call("o");
    this.codes.push(code);
    this.isOpen = code === "success";
    return code;
  }

  /** Closes its session. */
  async close(): Promise<PamCode> {
    this.isOpen = false;
    return await this.#call("c");
  }

  /** Opens or closes its session in a child, which ends at once. */
  async inChild(what: "open" | "close"): Promise<PamCode> {
    return await this.#call(what === "open" ? "fo" : "fc");
  }

  async #call(letters: string): Promise<PamCode> {
    await this.#input.write(new TextEncoder().encode(`${letters}\n`));
    const timer = setTimeout(() => this.#process.kill("SIGKILL"), CALL_MS_MAX);
    try {
      while (!this.#rest.includes("\n")) {
        const { value, done } = await this.#output.read();
        if (done) throw new Error(`The application ended, or did not answer within ${CALL_MS_MAX} ms`);
        this.#rest += value;
      }
    } finally {
      clearTimeout(timer);
    }
    const [number = "", ...more] = this.#rest.split("\n");
    this.#rest = more.join("\n");
    const [code] = Object.entries(CODES).find(([, value]) => String(value) === number) ?? [];
    if (code === undefined) throw new Error(`Not a code: ${number}`);
    if (!ANSWERS.has(code as PamCode)) this.wasBrokenOff = true;
    return code as PamCode;
  }

  /** Ends it as a crash does, and waits until it is gone. */
  async kill(): Promise<void> {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.isOpen = false;
    this.#process.kill("SIGKILL");
    await this.#process.status;
    await this.#input.abort().catch(() => {});
    await this.#output.cancel().catch(() => {});
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.kill();
  }
}
