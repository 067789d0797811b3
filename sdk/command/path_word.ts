// SPDX-License-Identifier: MIT
/**
 * A word that may be a path: the shell completes it from the file system.
 *
 * @module
 */

import type { NonEmptyString } from "@optique/core/nonempty";
import { string, type ValueParser } from "@optique/core/valueparser";

/** Takes any word; files, folders or both are suggested. */
export function pathWord(
  metavar: NonEmptyString,
  type: "any" | "directory" | "file",
): ValueParser<"sync", string> {
  return {
    ...string({ metavar }),
    *suggest(pattern) {
      yield { kind: "file", pattern, type };
    },
  };
}
