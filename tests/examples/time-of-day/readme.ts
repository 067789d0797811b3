// SPDX-License-Identifier: MIT
/**
 * What the README of time-of-day tells an administrator to write.
 *
 * @module
 */

import { parse } from "jsonc-parser";
import assert from "node:assert/strict";
import { join } from "node:path";
import { ROOT } from "../../integration/harness.ts";

const README = Deno.readTextFileSync(join(ROOT, "examples", "time-of-day", "README.md"));

function block(language: string): string {
  const found = [...README.matchAll(new RegExp(`^\`\`\`${language}\n([\\s\\S]*?)^\`\`\`$`, "gm"))];
  assert.equal(found.length, 1, `the README has ${found.length} blocks of ${language}`);
  return found[0]![1]!;
}

/** The configuration, with other paths in place of its own. */
export function readmeConfiguration(paths: Readonly<Record<string, string>>): Record<string, unknown> {
  let text = block("jsonc");
  for (const [path, other] of Object.entries(paths)) {
    assert.ok(text.includes(JSON.stringify(path)), `the configuration of the README has no ${path}`);
    text = text.replaceAll(JSON.stringify(path), JSON.stringify(other));
  }
  return parse(text, [], { allowTrailingComma: true });
}

/** The words behind `pam_deno.so` on the one line for pam.d. */
export function readmeLine(): { type: string; control: string; words: string[] } {
  const [line = "", ...more] = block("pam").trim().split("\n");
  assert.deepEqual(more, []);
  const [type = "", control = "", shim, ...words] = line.split(/\s+/);
  assert.equal(shim, "pam_deno.so");
  return { type, control, words };
}

/** The command that installs it. */
export function readmeCommand(): string {
  return block("sh").trim();
}
