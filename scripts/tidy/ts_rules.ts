// SPDX-License-Identifier: MIT
/**
 * Rules for TypeScript that the linter does not know.
 *
 * @module
 */

import { blank } from "./blank.ts";
import { filesOf, type Finding, matches, type Tree } from "./tree.ts";

/** Programs whose output is the console. */
const MAY_PRINT =
  /^scripts\/|^sdk\/(supervisor|worker)\/main\.ts$|^sdk\/command\/|^sdk\/author\/new\/templates\/\w+\/enroll\.ts$/;

/** Nothing in the SDK prints: a worker's stdout is the supervisor's, and a module logs through `log`. */
export function* printing(tree: Tree): Iterable<Finding> {
  for (const { path, text } of filesOf(tree, /^(sdk|examples|tests)\/.*\.ts$|^mod\.ts$/)) {
    if (MAY_PRINT.test(path) || path.startsWith("tests/")) continue;
    for (const { line, match } of matches(blank(text, "ts", "comments and texts"), /\bconsole\.\w+/g)) {
      yield { path, line, message: `'${match[0]}' prints: take the log` };
    }
  }
}

const ANY = /\bas\s+any\b|[:<,|&]\s*any\b(?!\s*[:(])/g;
const UNCHECKED = /\/\/\s*@ts-(?:ignore|nocheck)|deno-lint-ignore-file\s*$/gm;

/** The type checker is not talked out of anything. A test may pass what is wrong. */
export function* trustedTypes(tree: Tree): Iterable<Finding> {
  for (const { path, text } of filesOf(tree, /\.ts$/)) {
    const code = path.startsWith("tests/") ? "" : blank(text, "ts", "comments and texts");
    for (const { line, match } of matches(code, ANY)) {
      yield { path, line, message: `'${match[0].trim()}': say the type, or 'unknown' and look at it` };
    }
    for (const { line, match } of matches(text, UNCHECKED)) {
      const message = `'${match[0].trim()}' switches checks off: mend the type, or name the one rule and why`;
      yield { path, line, message };
    }
  }
}

/** Private members are `#private`, and there is no enum. */
export function* language(tree: Tree): Iterable<Finding> {
  for (const { path, text } of filesOf(tree, /\.ts$/)) {
    const code = blank(text, "ts", "comments and texts");
    for (const { line } of matches(code, /^\s*private\s+(?!=|constructor\b)/gm)) {
      yield { path, line, message: "'private' is only a type: take #name" };
    }
    for (const { line } of matches(code, /^\s*(?:export\s+)?(?:const\s+)?enum\s+\w/gm)) {
      yield { path, line, message: "an enum: take an `as const` table and a union of texts" };
    }
  }
}
