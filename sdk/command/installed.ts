// SPDX-License-Identifier: MIT
/**
 * Says what came of `add` and `rollback`: the pam.d lines are the result, all else is a note.
 *
 * @module
 */

import type { AddResult } from "../install/events.ts";
import type { Output } from "./output.ts";

/** Digits of a hash that are enough to tell bundles apart. */
const HASH_DIGITS = 12;

/** Says what came of it. */
export function showInstalled(result: AddResult, output: Output): void {
  const { name, sha256, started, selfTest, pamLines, breakGlass, advice } = result;
  const served = started ? "served" : "not started";
  output.note(`${name} is installed (${sha256.slice(0, HASH_DIGITS)}) and ${served}.`);
  if (selfTest) {
    output.note(`Tried through its socket: ${selfTest.answer}, after ${selfTest.ms.toFixed(1)} ms.`);
  }
  for (const text of advice) output.note(output.wrapped(text));
  output.note(output.wrapped(
    "\nLines for a file of /etc/pam.d. The first of each pair lets root in whatever happens to the second. " +
      "Account lines go in front of `@include common-account`, password lines in front of pam_unix.\n\n",
  ));
  pamLines.forEach((line, index) => output.result([breakGlass[index], line].filter(Boolean).join("\n")));
}
