// SPDX-License-Identifier: MIT
/**
 * What the README of a module in `examples/` tells an administrator to type, so that tests use the same.
 *
 * @module
 */

import { join } from "node:path";
import { parse, type ParseError } from "jsonc-parser";
import { ROOT } from "../integration/harness.ts";

/** The modules that are meant to be published. */
export const MODULES = [
  "account-ageing",
  "credentials",
  "ldap-account",
  "session-ledger",
  "time-of-day",
  "totp",
] as const;

/** The name of one of them. */
export type ExampleName = typeof MODULES[number];

/** The text of a module's README. */
export function readme(name: ExampleName): string {
  return Deno.readTextFileSync(join(ROOT, "examples", name, "README.md"));
}

/** The blocks of a language, without their fences. */
function blocks(name: ExampleName, language: string): string[] {
  const pattern = new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, "gm");
  return [...readme(name).matchAll(pattern)].map(([, text]) => text!);
}

/** The words of the one `pam-deno add` that the README has, without `pam-deno`. */
export function addWords(name: ExampleName): string[] {
  const commands = blocks(name, "sh").join("").replaceAll("\\\n", " ").split("\n")
    .filter((line) => line.startsWith("pam-deno add "));
  if (commands.length !== 1) {
    throw new Error(`examples/${name}/README.md has ${commands.length} times 'pam-deno add', not once`);
  }
  return commands[0]!.trim().split(/\s+/).slice(1);
}

/** The pam.d lines of the README. */
export function pamLines(name: ExampleName): string[] {
  const lines = blocks(name, "pam").join("").split("\n").filter((line) =>
    line !== "" && !line.startsWith("#")
  );
  if (lines.length === 0) throw new Error(`examples/${name}/README.md has no block of pam.d lines`);
  return lines;
}

/** The module's configuration in the README; nothing if it needs none. */
export function configuration(name: ExampleName): Record<string, unknown> | undefined {
  const found = blocks(name, "jsonc").find((text) => text.includes(`/etc/pam-deno/modules/${name}.jsonc`));
  if (found === undefined) return undefined;
  const errors: ParseError[] = [];
  const value = parse(found, errors, { allowTrailingComma: true });
  if (errors.length > 0) throw new Error(`examples/${name}/README.md: the configuration does not parse`);
  return value;
}
