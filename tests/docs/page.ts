// SPDX-License-Identifier: MIT
/**
 * A page of Markdown whose blocks are files, commands, and what the commands print: tests do what it tells people to do.
 *
 * @module
 */

import assert from "node:assert/strict";
import { join } from "node:path";

/** The top of the tree, where the reader of a page stands. */
export const ROOT: string = join(import.meta.dirname!, "..", "..");

/** How long `serve` may take to be ready. */
const START_MAX_MS = 60_000;

/** What stands between two fences. */
export interface Block {
  /** The word behind the first fence; empty for what a command prints. */
  readonly language: string;
  /** The text. */
  readonly text: string;
  /** The path in the first line, which is no part of the file; `undefined` if the block is none. */
  readonly file: string | undefined;
}

/** What stands below one heading of the second level. */
export interface Section {
  /** The heading. */
  readonly title: string;
  /** The blocks, in order. */
  readonly blocks: readonly Block[];
}

function blocksOf(text: string): Block[] {
  return [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(([, language, text]) => {
    const [, file, rest] = /^\/\/ (\S+\.\w+)\n([\s\S]*)$/.exec(text!) ?? [];
    return { language: language!, text: rest ?? text!, file };
  });
}

/** A page. */
export class Page {
  /** The file, from the top of the tree. */
  readonly path: string;
  /** All of it. */
  readonly text: string;
  /** All blocks. */
  readonly blocks: readonly Block[];

  /** Reads the file `path`, from the top of the tree. */
  constructor(path: string) {
    this.path = path;
    this.text = Deno.readTextFileSync(join(ROOT, path));
    this.blocks = blocksOf(this.text);
  }

  /** Its sections, without what stands above the first heading of the second level. */
  get sections(): Section[] {
    const [, ...parts] = this.text.split(/^## /m);
    return parts.map((part) => ({ title: part.slice(0, part.indexOf("\n")), blocks: blocksOf(part) }));
  }

  /** The text of the file that the page calls `file`, the first time. */
  file(file: string): string {
    const found = this.blocks.find((block) => block.file === file);
    assert.ok(found, `${this.path} has no block for ${file}`);
    return found.text;
  }

  /** The one command with `word` in it. */
  command(word: string): string {
    const found = this.blocks.filter(({ language, text }) => language === "sh" && text.includes(word));
    assert.equal(found.length, 1, `${this.path} has ${found.length} commands with ${word}`);
    return found[0]!.text;
  }
}

/** What a command printed. */
export interface Printed {
  /** On stdout. */
  readonly out: string;
  /** On stderr. */
  readonly err: string;
}

/** Runs a command of the shell as the reader does, without a terminal; it must succeed. */
export async function shell(command: string): Promise<Printed> {
  const { code, stdout, stderr } = await new Deno.Command("setsid", {
    args: ["--wait", "sh", "-c", command],
    cwd: ROOT,
    env: { NO_COLOR: "1", COLUMNS: "" },
    stdin: "null",
  }).output();
  const [out, err] = [stdout, stderr].map((octets) => new TextDecoder().decode(octets));
  assert.equal(code, 0, `${command}\n${out}${err}`);
  return { out: out!, err: err! };
}

/** A command that goes on until it is stopped. */
export class Serving implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #late: ReturnType<typeof setTimeout>;

  /** Starts `command`, which must be one program. */
  constructor(command: string) {
    this.#child = new Deno.Command("sh", {
      args: ["-c", `exec ${command}`],
      cwd: ROOT,
      env: { NO_COLOR: "1" },
      stdin: "null",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    this.#late = setTimeout(() => this.#child.kill("SIGTERM"), START_MAX_MS);
  }

  /** What it printed on stdout until a module was ready, with that module's first line for pam.d; may be called once. */
  async ready(): Promise<string> {
    const reader = this.#child.stdout.getReader();
    const decoder = new TextDecoder();
    let said = "";
    for (let read; !(/^ready .*\n.*\n/m.test(said)) && !(read = await reader.read()).done;) {
      said += decoder.decode(read.value, { stream: true });
    }
    await reader.cancel();
    clearTimeout(this.#late);
    return said;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#late);
    try {
      this.#child.kill("SIGTERM");
    } catch {
      // It has ended.
    }
    await this.#child.status;
  }
}
