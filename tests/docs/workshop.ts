// SPDX-License-Identifier: MIT
/**
 * Where the reader of docs/writing_a_module.md works, in a folder of its own, and how what is printed there is compared.
 *
 * @module
 */

import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import type { PamModule } from "@pam-deno/sdk";
import { type Block, Page, ROOT, Serving, shell } from "./page.ts";

/** The page. */
export const PAGE = new Page("docs/writing_a_module.md");

/** The reader's folder, with the module's and the one to try it in, and the reader's checkout. */
const FOLDER = "/tmp/ageing";
const CHECKOUT = "/home/you/pam-deno";

/** The folders that `pam-deno` has on a machine. */
const PLACES = ["config", "runtime", "state", "keep", "cache", "unit", "pam"] as const;

/** Without what differs from run to run: times, where things are, and what programs say on stderr of work that takes them long. */
function plain(text: string): string {
  return text.replaceAll("\r", "")
    .replaceAll(/^(?:Check|Download|Initialize) .*\n/gm, "")
    .replaceAll(/^pam-deno: [a-z ]+\n/gm, "")
    .replaceAll(/\(\d+(?:ms|s|m)(?:\d+m?s)?\)/g, "(TIME)")
    .replaceAll(/\bin \d+ ms\b/g, "in TIME")
    .replaceAll(/\bfrom \S+\/(?=\w+\.ts$)/gm, "from FOLDER/")
    .replaceAll(/\S+\/pam_deno\.so/g, "pam_deno.so")
    .replaceAll(/ (?:runtime|config)_dir=\S+/g, "")
    .trimEnd();
}

/** Asserts that `printed` is what the page shows, in which a line `…` stands for any lines or none. */
function assertPrinted(printed: string, shown: string): void {
  const [pattern, text] = [plain(shown), plain(printed)];
  const lines = pattern.split("\n").map((line) => line === "…" ? "(?:.*\\n)*?" : `${RegExp.escape(line)}\\n`);
  assert.match(
    `${text}\n`,
    new RegExp(`^${lines.join("")}$`),
    `The page shows:\n${pattern}\nprinted was:\n${text}`,
  );
}

/** A folder in which the steps of the page are taken. */
export class Workshop implements Disposable {
  readonly #root = Deno.makeTempDirSync({ prefix: "pam-deno-page-" });

  constructor() {
    // Workers have users of their own, and must get to their module.
    Deno.chmodSync(this.#root, 0o755);
  }

  /** A path below the folder. */
  at(...parts: string[]): string {
    return join(this.#root, ...parts);
  }

  /** A text of the page, with this folder in place of the reader's. */
  here(text: string): string {
    return text.replaceAll(FOLDER, this.at("ageing")).replaceAll(CHECKOUT, ROOT);
  }

  /** Writes a file of the page. */
  write({ file, text }: Block): void {
    const path = this.here(file!);
    assert.ok(path.startsWith(this.#root), `${file}: the page writes outside ${FOLDER}`);
    Deno.mkdirSync(dirname(path), { recursive: true });
    Deno.writeTextFileSync(path, this.here(text));
  }

  /** Writes all files of the page: at the end they are those of its last step. */
  writeAll(): void {
    for (const block of PAGE.blocks) if (block.file !== undefined) this.write(block);
  }

  /** The module as it is in the folder, with this program's SDK. */
  async module(): Promise<PamModule> {
    return (await import(pathToFileURL(this.at("ageing", "module.ts")).href)).default;
  }

  /** How many tests the files in the module's folder have. */
  get tests(): number {
    const files = [...Deno.readDirSync(this.at("ageing"))].filter(({ name }) => name.endsWith("_test.ts"));
    const texts = files.map(({ name }) => Deno.readTextFileSync(this.at("ageing", name)));
    return texts.join("").split("Deno.test(").length - 1;
  }

  /** Runs a command of the page, and compares what it printed. */
  async run(command: string, shown: string | undefined): Promise<void> {
    const { out, err } = await shell(this.here(command));
    if (shown !== undefined) this.compare(err + out, shown);
  }

  /** Asserts that `printed` is what the page shows, but for times and places. */
  compare(printed: string, shown: string): void {
    assertPrinted(printed, this.here(shown));
  }

  /** Starts the page's `serve`, and compares what it printed. */
  async serve(command: string, shown: string): Promise<Serving> {
    const serving = new Serving(this.here(command));
    try {
      this.compare(await serving.ready(), shown);
      return serving;
    } catch (error) {
      await serving[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** Options for `pam-deno` that put all of a machine's folders below this one; made if they are not there. */
  get places(): string {
    return PLACES.map((name) => {
      Deno.mkdirSync(this.at("machine", name), { recursive: true });
      return `--${name}-dir ${this.at("machine", name)}`;
    }).join(" ");
  }

  /** A command of an installed `pam-deno`, as one for the folders of {@linkcode places}. */
  onMachine(command: string): string {
    assert.match(command, /^pam-deno \w+/);
    // What captures the log of these tests is not for the programs that `pam-deno` starts: Deno refuses to hand it on.
    const words = this.here(command).trim().replace(/^pam-deno/, "LD_PRELOAD= scripts/pam-deno");
    return `${words} ${this.places}`;
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.#root, { recursive: true });
  }
}
