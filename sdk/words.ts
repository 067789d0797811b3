// SPDX-License-Identifier: MIT
/**
 * Words: what stands behind a module's name on the pam.d line, and in `options` of its configuration, before
 * validation.
 *
 * @module
 */

import { typeError } from "./coded.ts";

/** A word's value: `name=value` is a string, a bare `name` is true, a repeated `name=value` is a list. */
export type Word = string | true | readonly string[];

/** Words by name. Its prototype is null: a name may be anything. */
export type Words = Readonly<Record<string, Word>>;

/** Names that pam_get_authtok(3) reads from any module's words: libpam's own, never the module's. */
export const RESERVED_NAMES: ReadonlySet<string> = new Set([
  "use_first_pass",
  "try_first_pass",
  "use_authtok",
  "authtok_type",
]);

/** Names that would reach the prototype of a record which a validator builds. */
const UNSAFE_NAMES: ReadonlySet<string> = new Set(["__proto__", "constructor", "prototype"]);

/** Whether `name` can be the name of an option. */
export function canBeOption(name: string): boolean {
  return name !== "" && !UNSAFE_NAMES.has(name);
}

/** The words of a pam.d line. Throws a SyntaxError if a name stands both with and without a value. */
export function wordsOf(list: readonly string[]): Words {
  const words: Record<string, string | true | string[]> = Object.create(null);
  for (const word of list) {
    const at = word.indexOf("=");
    const name = at < 0 ? word : word.slice(0, at);
    const value = at < 0 ? true : word.slice(at + 1);
    const before = words[name];
    if (before === undefined) words[name] = value;
    else if (typeof value === "string" && typeof before === "string") words[name] = [before, value];
    else if (typeof value === "string" && typeof before === "object") before.push(value);
    else if (value !== true || before !== true) {
      throw new SyntaxError(`option "${name}" stands both with and without a value`);
    }
  }
  return words;
}

function configuredWord(name: string, value: unknown): Word | undefined {
  if (value === undefined || value === null || value === false) return undefined;
  if (value === true || typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "bigint") return String(value);
  if (Array.isArray(value) && value.every((one) => typeof one === "string" || typeof one === "number")) {
    return value.map(String);
  }
  throw typeError(
    "configured-option-invalid",
    `the configured option "${name}" is ${
      Array.isArray(value) ? "a list of something else" : "an object"
    }: ` +
      "an option is a string, a number, true, false or a list of strings",
  );
}

/**
 * Configured values as words: a number is its digits, false and null are not there. Throws a TypeError for
 * what cannot be a word.
 */
export function configuredWords(configured: Readonly<Record<string, unknown>>): Words {
  const words: Record<string, Word> = Object.create(null);
  for (const [name, value] of Object.entries(configured)) {
    const word = configuredWord(name, value);
    if (word !== undefined) words[name] = word;
  }
  return words;
}
