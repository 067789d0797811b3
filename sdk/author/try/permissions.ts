// SPDX-License-Identifier: MIT
/**
 * What a module that is tried may do to the machine: what it declares, with the values of its options, and what was allowed besides.
 *
 * @module
 */

import {
  type OpenPermissions,
  resolvePermissions,
  type Scope,
  type ScopedPermissions,
} from "../../config/permissions.ts";
import { AttemptError } from "./attempt_worker.ts";

/** What it may do to the machine. */
export function resolveDeclared(
  declared: OpenPermissions,
  { allowed, words }: {
    readonly allowed: Readonly<Record<string, readonly string[]>>;
    /** The words behind the module's name on the pam.d line. */
    readonly words: readonly string[];
  },
): ScopedPermissions {
  const open: Record<string, Scope[]> = {};
  for (const from of [declared, allowed]) {
    for (const [kind, scopes] of Object.entries(from)) (open[kind] ??= []).push(...scopes);
  }
  const { permissions, problems } = resolvePermissions(open, valuesOf(words));
  const [problem] = problems;
  if (problem === undefined) return permissions;
  throw new AttemptError(
    `a permission that it asks for cannot be granted: ${problem.kind}: ${problem.problem}`,
  );
}

/** The words of a line as values: `name=value`, each name with all that it was given. */
function valuesOf(words: readonly string[]): Record<string, string[]> {
  const values: Record<string, string[]> = {};
  for (const word of words) {
    const at = word.indexOf("=");
    if (at > 0) (values[word.slice(0, at)] ??= []).push(word.slice(at + 1));
  }
  return values;
}
