// SPDX-License-Identifier: MIT
/**
 * Says why a module cannot be served, in lines for the log.
 *
 * @module
 */

import { codeIn, withCode } from "../coded.ts";
import { ConfigError } from "../config/config.ts";
import { codeOf } from "../failure_codes.ts";

/** The lines about `error`, each naming the module or its file. */
export function describeProblem(name: string, error: unknown): string[] {
  const message = error instanceof Error && error.name !== "Error" ? error.message : String(error);
  const where = error instanceof ConfigError ? "" : `${name}: `;
  return `${where}${message}`.split("\n");
}

/** The same for the log: with the code and the link behind the last line, unless one of them has a code already. */
export function problemLines(name: string, error: unknown): string[] {
  const lines = describeProblem(name, error);
  if (lines.some((line) => codeIn(line) !== undefined)) return lines;
  return lines.with(-1, withCode(codeOf(error) ?? "unexpected", lines.at(-1)!));
}
