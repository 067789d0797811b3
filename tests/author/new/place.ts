// SPDX-License-Identifier: MIT
/**
 * Folders in which modules are begun, as their authors do it.
 *
 * @module
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { PAM_DENO, ROOT, type Run } from "../../sdk/command/program.ts";

/** What stands in for JSR's `@std/assert`. */
export const STAND_IN: string = join(ROOT, "tests", "stand_ins", "std_assert");

/** Runs a program without a terminal. */
export async function run(command: readonly string[], options: Deno.CommandOptions = {}): Promise<Run> {
  const [program = "", ...args] = command;
  const { code, stdout, stderr } = await new Deno.Command("setsid", {
    ...options,
    args: ["--wait", program, ...args],
    // What captures the log of other tests is not for programs: Deno refuses to hand it on.
    env: { NO_COLOR: "1", COLUMNS: "", LD_PRELOAD: "", ...options.env },
    stdin: "null",
  }).output();
  const [out, err] = [stdout, stderr].map((octets) => new TextDecoder().decode(octets));
  return { status: code, stdout: out!, stderr: err! };
}

/** A folder that is gone with the test. */
export class Place implements Disposable {
  /** Where it is. */
  readonly path: string = Deno.makeTempDirSync({ prefix: "pam-deno-new-" });

  constructor() {
    // Whoever bundles is another user, and must get here.
    Deno.chmodSync(this.path, 0o755);
  }

  /** A path in it. */
  at(...parts: string[]): string {
    return join(this.path, ...parts);
  }

  /** The names of what is in it. */
  get names(): string[] {
    return [...Deno.readDirSync(this.path)].map(({ name }) => name).sort();
  }

  /** `pam-deno new`, called here. */
  begin(...words: string[]): Promise<Run> {
    return run([PAM_DENO, "new", ...words], { cwd: this.path });
  }

  /** Begins a module, for which there must be nothing yet; its folder. */
  async begun(...words: string[]): Promise<string> {
    const { status, stderr } = await this.begin(...words);
    assert.equal(status, 0, stderr);
    return this.at(words[0]!);
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}

/** Has the module in `folder` find the stand-in of `@std/assert` in place of JSR's. */
export function withStandIn(folder: string): void {
  const file = join(folder, "deno.json");
  const text = Deno.readTextFileSync(file).replace('"links": [', `"links": [${JSON.stringify(STAND_IN)}, `);
  assert.ok(text.includes(STAND_IN), `${file} has no links`);
  Deno.writeTextFileSync(file, text);
}
