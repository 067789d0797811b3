// SPDX-License-Identifier: MIT
/**
 * What tests of this repository find for `jsr:@std/assert`, which templates of `pam-deno new` import: JSR cannot be reached from everywhere.
 * It has what the templates use, on `node:assert`.
 *
 * @module
 */

import strict from "node:assert/strict";

/** Asserts that a condition holds. */
export function assert(condition: unknown, message?: string): asserts condition {
  strict.ok(condition, message ?? "");
}

/** Asserts that two values are equal, however deep. */
export function assertEquals<T>(actual: T, expected: T, message?: string): void {
  strict.deepEqual(actual, expected, message);
}

/** Asserts that a text matches a pattern. */
export function assertMatch(actual: string, expected: RegExp, message?: string): void {
  strict.match(actual, expected, message);
}

/** Asserts that a function throws an error of a class, with a text in its message. */
export function assertThrows(
  run: () => unknown,
  // deno-lint-ignore no-explicit-any -- an error's class may take anything
  Class: new (...args: any[]) => Error = Error,
  includes = "",
): void {
  strict.throws(run, (error) => error instanceof Class && error.message.includes(includes));
}
