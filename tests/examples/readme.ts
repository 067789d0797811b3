// SPDX-License-Identifier: MIT
/**
 * What the README of a module in `examples/` tells an administrator to type, so that tests use the same.
 *
 * @module
 */

import { join } from "node:path";
import { parse, type ParseError } from "jsonc-parser";
import type { LineType } from "../../sdk/hooks.ts";
import { ROOT, type ShimLine } from "../integration/harness.ts";

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

/** The blocks of a language in a README, without their fences. */
function blocks(text: string, language: string): string[] {
  const pattern = new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\`$`, "gm");
  return [...text.matchAll(pattern)].map(([, block]) => block!);
}

/** Text with other paths, hosts and so on in place of the README's. */
export type Replaced = Readonly<Record<string, string>>;

function replace(text: string, replaced: Replaced): string {
  return Object.entries(replaced).reduce((text, [here, there]) => text.replaceAll(here, there), text);
}

/** The words of the one `pam-deno add` that the README has, without `pam-deno`. */
export function addWords(name: ExampleName, replaced: Replaced = {}): string[] {
  return addWordsIn(replace(readme(name), replaced), `examples/${name}/README.md`);
}

/** The words of the one `pam-deno add` in a README's `text`; `where` it is stands in the error. */
export function addWordsIn(text: string, where: string): string[] {
  const commands = blocks(text, "sh").join("").replaceAll("\\\n", " ").split("\n")
    .filter((line) => line.startsWith("pam-deno add "));
  if (commands.length !== 1) {
    throw new Error(`${where} has ${commands.length} times 'pam-deno add', not once`);
  }
  return commands[0]!.trim().split(/\s+/).slice(1);
}

/** The pam.d lines of the README. */
export function pamLines(name: ExampleName): string[] {
  const lines = blocks(readme(name), "pam").join("").split("\n").filter((line) =>
    line !== "" && !line.startsWith("#")
  );
  if (lines.length === 0) throw new Error(`examples/${name}/README.md has no block of pam.d lines`);
  return lines;
}

/** A line of the README in which `pam_deno.so` stands, in its parts. */
export type ReadmeLine = Required<ShimLine>;

/** The lines of the README that ask the module. */
export function shimLines(name: ExampleName): ReadmeLine[] {
  return pamLines(name).flatMap((line) => {
    const [type, control, shim, ...words] = line.trim().split(/\s+(?![^[]*\])/) as [
      LineType,
      "required",
      ...string[],
    ];
    if (shim !== "pam_deno.so") return [];
    const at = words.findIndex((word) => !word.includes("="));
    return [{ type, control, options: words.slice(0, at), module: words[at]!, args: words.slice(at + 1) }];
  });
}

/** The one line of a type that asks the module. */
export function shimLine(name: ExampleName, type: LineType): ReadmeLine {
  const [line, ...more] = shimLines(name).filter((line) => line.type === type);
  if (line === undefined || more.length > 0) {
    throw new Error(`examples/${name}/README.md does not have one line of type ${type}`);
  }
  return line;
}

/** The module's configurations in the README, as objects: the first is the one that belongs to its `pam-deno add`. */
export function configurations(name: ExampleName, replaced: Replaced = {}): Record<string, unknown>[] {
  const found = blocks(readme(name), "jsonc").filter((text) =>
    text.includes(`/etc/pam-deno/modules/${name}.jsonc`)
  );
  if (found.length === 0) throw new Error(`examples/${name}/README.md has no configuration`);
  return found.map((text) => {
    const errors: ParseError[] = [];
    const value = parse(replace(text, replaced), errors, { allowTrailingComma: true });
    if (errors.length > 0) throw new Error(`examples/${name}/README.md: a configuration does not parse`);
    return value;
  });
}

/** The names of the options in the README's table, sorted. */
export function optionNames(name: ExampleName): string[] {
  const table = /^\| option .*\n\|[-| ]+\n((?:\|.*\n)+)/m.exec(readme(name))?.[1] ?? "";
  const names = table.trim().split("\n").flatMap((row) => {
    const cell = row.split("|")[1]!.trim();
    const valued = [...cell.matchAll(/`([a-z_]+)=/g)].map(([, option]) => option!);
    return valued.length > 0 ? valued : [cell.replaceAll("`", "")];
  });
  return [...new Set(names)].sort();
}
