// SPDX-License-Identifier: MIT
/**
 * What breaks the sandbox: it must be said in so many words before it is granted, and is told again at every start.
 *
 * @module
 */

import type { DANGEROUS_WORDS } from "./schema.ts";
import { GRANTABLE, isHeld, type ScopedPermissions, scopesOf } from "./permissions.ts";

/** A word of `dangerous`. */
export type DangerousWord = typeof DANGEROUS_WORDS[number];

/** What is granted, as far as it may be dangerous. */
export interface Granted {
  /** The permissions. */
  readonly permissions: ScopedPermissions;
  /** Whose the processes are, if not a user of their own. */
  readonly run_as?: string | number | undefined;
}

/** What each word means for the machine: how the sentence "This module …" goes on. */
export const DANGER_MEANINGS: { readonly [K in DangerousWord]: string } = {
  run: "may start programs, which do whatever its user can, out of its permissions",
  ffi: "may call into C, which does whatever its user can, out of its permissions",
  read: "may read every file that its user can read",
  write: "may write every file that its user can write",
  net: "may connect to every host, and so may tell everything it knows to anybody",
  env: "may read and set every variable of its process, those that Deno itself reads included",
  sys: "may ask for everything that Deno tells about the machine",
  root: "runs as root: a mistake of its author, or of Deno, is root's",
};

/** The dangerous things that are granted, each by its word, in one order, and what each means for the machine. */
export function dangersOf({ permissions, run_as }: Granted): ReadonlyMap<DangerousWord, string> {
  const found = new Map<DangerousWord, string>();
  for (const kind of GRANTABLE) {
    if (permissions[kind] === true) found.set(kind, DANGER_MEANINGS[kind]);
    else if ((kind === "run" || kind === "ffi") && isHeld(permissions, kind)) {
      found.set(kind, `${DANGER_MEANINGS[kind]}: ${scopesOf(permissions, kind).join(", ")}`);
    }
  }
  if (isRoot(run_as)) found.set("root", DANGER_MEANINGS.root);
  return found;
}

/** Whether `run_as` is root by its usual names. Whoever looks a name up must refuse a uid of 0 besides. */
function isRoot(run_as: string | number | undefined): boolean {
  return run_as === "root" || run_as === 0;
}

/** A warning for each dangerous thing that is granted, for the log of every start and for whoever looks at the configuration. */
export function dangers(granted: Granted): string[] {
  return [...dangersOf(granted)].map(([word, meaning]) => `Dangerous (${word}): this module ${meaning}`);
}
