// SPDX-License-Identifier: MIT
/**
 * Says why a module cannot be served, in lines for the log.
 *
 * @module
 */

import { ConfigError } from "../config/config.ts";

/** The lines about `error`, each naming the module or its file. */
export function describeProblem(name: string, error: unknown): string[] {
  const message = error instanceof Error && error.name !== "Error" ? error.message : String(error);
  const where = error instanceof ConfigError ? "" : `${name}: `;
  return `${where}${message}`.split("\n");
}
