// SPDX-License-Identifier: MIT
/**
 * Looks at the users that modules are told to run as: that there are such users, that none is root, and that no two modules share one.
 *
 * @module
 */

import { findUser, findUserByNumber, IdentityError } from "../supervisor/uid.ts";
import { type Finding, finding } from "./finding.ts";
import type { KnownModule } from "./modules.ts";

/** Looks at `run_as` of each module. */
export function checkAccounts(modules: Iterable<KnownModule>): Finding[] {
  const findings: Finding[] = [];
  const users = new Map<number, string>();
  for (const { name, config } of modules) {
    if (config?.run_as === undefined) continue;
    const uid = uidOf(config.run_as);
    if (uid instanceof Error) {
      findings.push(
        finding("error", "account-missing", config.file, uid.message, 'make the user, or mend "run_as"'),
      );
      continue;
    }
    if (uid === 0 && !config.dangerous.includes("root")) {
      const what = `"run_as": ${config.run_as} is root by another name`;
      findings.push(
        finding("error", "account-is-root", config.file, what, "name a user of the module's own"),
      );
    }
    const other = users.get(uid);
    if (other !== undefined) {
      const what =
        `"run_as": ${config.run_as} is the user of the module ${other} too: each can read and stop what is the other's`;
      findings.push(
        finding(
          "error",
          "account-shared",
          config.file,
          what,
          'give each a user of its own, or leave "run_as" out',
        ),
      );
    }
    users.set(uid, name);
  }
  return findings;
}

function uidOf(user: string | number): number | Error {
  try {
    return (typeof user === "number" ? findUserByNumber(user, 0) : findUser(user, 0)).uid;
  } catch (error) {
    if (error instanceof IdentityError) return error;
    throw error;
  }
}
