// SPDX-License-Identifier: MIT
/**
 * What the module's README tells an administrator to type.
 *
 * @module
 */

import { parse } from "jsonc-parser";
import { join } from "node:path";
import { ROOT } from "../../integration/harness.ts";
import type { ShimLine } from "../../integration/harness.ts";

/** The blocks of a language in the README, in order. */
function blocks(language: string): readonly string[] {
  const text = Deno.readTextFileSync(join(ROOT, "examples", "session-ledger", "README.md"));
  return [...text.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, "gm"))].map((
    [, block = ""],
  ) => block);
}

/** The pam.d line. */
export function readmeLine(): ShimLine {
  const [block = "", ...more] = blocks("pam");
  const [type, control, shim, module, ...args] = block.trim().split(/\s+/);
  if (
    more.length > 0 || block.trim().includes("\n") || type !== "session" || shim !== "pam_deno.so" || !module
  ) {
    throw new Error(`The README has another line than this can read:\n${block}`);
  }
  return { type, control: control as "requisite", module, args };
}

/** The configuration files, without `module`: the one of a machine, and the one of a fleet. */
export function readmeConfigurations(): readonly Readonly<Record<string, unknown>>[] {
  return blocks("jsonc").map((block) => {
    const { module: _module, ...keys } = parse(block) as Record<string, unknown>;
    return keys;
  });
}
