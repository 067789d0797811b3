// SPDX-License-Identifier: MIT
/**
 * What the README tells an administrator to type.
 *
 * @module
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { ROOT } from "./debian.ts";

/** The commands between the README's two marks: one each, which may go over several lines that end with `\`. */
export function fiveCommands(): string[] {
  const text = Deno.readTextFileSync(join(ROOT, "README.md"));
  const part = /<!-- begin five commands -->\n([\s\S]*?)<!-- end five commands -->/.exec(text)?.[1];
  assert.ok(part !== undefined, "README.md has no '<!-- begin five commands -->'");
  const code = [...part.matchAll(/^```sh\n([\s\S]*?)^```$/gm)].map(([, lines]) => lines).join("");
  const commands = code.replaceAll("\\\n", " ").split("\n");
  return commands.map((line) => line.replace(/\s+#.*$/, "").trim()).filter((line) =>
    line && !line.startsWith("#")
  );
}
