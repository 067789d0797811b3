// SPDX-License-Identifier: MIT
/**
 * Where the shim and libpam are on this machine, if they are.
 *
 * @module
 */

import { join } from "node:path";
import type { Layout } from "../../config/layout.ts";
import { isForeign } from "../../config/place.ts";

/** The folders where libpam looks for modules, on different systems; `MULTIARCH` is Debian's name of the machine. */
const SECURITY_DIRS = [
  "/lib/MULTIARCH/security",
  "/usr/lib/MULTIARCH/security",
  "/lib64/security",
  "/usr/lib64/security",
  "/lib/security",
  "/usr/lib/security",
  "/usr/lib/pam",
];

/** Where the shim was looked for, and where it is. */
export interface ShimPlace {
  /** The shim, if there is one. */
  readonly file: string | undefined;
  /** All files that would have been it, in this order. */
  readonly looked: readonly string[];
  /** Why a file that is there is not taken. */
  readonly problem?: string;
}

/** Looks for the shim: that of a checkout before those that are installed. As root one that others could change is not taken. */
export function findShim({ libDir }: Pick<Layout, "libDir">): ShimPlace {
  const multiarch = `${Deno.build.arch}-linux-gnu`;
  const looked = [
    join(libDir, "pam_deno.so"),
    join(libDir, "shim", "pam_deno.so"),
    ...SECURITY_DIRS.map((folder) => join(folder.replace("MULTIARCH", multiarch), "pam_deno.so")),
  ];
  if (Deno.build.os !== "linux") return { file: undefined, looked: [], problem: "libpam is Linux-PAM's" };
  const file = looked.find(isFile);
  if (file !== undefined && Deno.uid() === 0 && isForeign(file)) {
    return { file: undefined, looked, problem: `${file} can be changed by others than root` };
  }
  return { file, looked };
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    return false;
  }
}
