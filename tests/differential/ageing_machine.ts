// SPDX-License-Identifier: MIT
/**
 * A machine for the differential test of account-ageing: a mount namespace with /etc and /run of its own, in which a program
 * asks the modules of Linux-PAM and ours, and writes down what each of them said.
 *
 * @module
 */

import type { SeenMessage } from "@pam-deno/sdk/testing";
import { join } from "node:path";
import type { PamCode } from "../../sdk/tokens.ts";
import { ROOT } from "../integration/harness.ts";
import type { Case } from "./ageing_entries.ts";

/** What a module said to one call. */
export interface Said {
  /** The code. */
  readonly code: PamCode;
  /** What was shown. */
  readonly shown: readonly SeenMessage[];
}

/** What account-ageing said when it was told to be stricter, or silent. */
export interface Stricter {
  /** Under PAM_SILENT. */
  readonly silent: Said;
  /** Under PAM_DISALLOW_NULL_AUTHTOK. */
  readonly noNull: Said;
  /** With `locked=refuse`. */
  readonly locked: Said;
}

/** What was said about one user. */
export interface Compared extends Case {
  /** By pam_unix. */
  readonly unix: Said;
  /** By account-ageing. */
  readonly ours: Said;
  /** By account-ageing in other ways; for some users. */
  readonly stricter?: Stricter;
}

/** What stands in the place of a nologin file. */
export interface NologinFile {
  /** What it is. */
  readonly is: "absent" | "text" | "folder" | "dangling" | "device" | "unreadable" | "loop";
  /** What stands in it. */
  readonly text: string;
}

/** What was said while logins are closed, or open. */
export interface ComparedNologin {
  /** The files by their paths. */
  readonly files: Readonly<Record<string, NologinFile>>;
  /** The user. */
  readonly user: string;
  /** The user's id; `undefined` for a user that does not exist. */
  readonly uid: number | undefined;
  /** The words of the pam.d line for both. */
  readonly words: readonly string[];
  /** By pam_nologin. */
  readonly nologin: Said;
  /** By account-ageing. */
  readonly ours: Said;
  /** By account-ageing under PAM_SILENT. */
  readonly silent: Said;
}

/** All that was said. */
export interface Report {
  /** About shadow entries. */
  readonly entries: readonly Compared[];
  /** How often a file of entries was asked about again because the day changed meanwhile. */
  readonly repeated: number;
  /** About nologin. */
  readonly nologin: readonly ComparedNologin[];
  /** Seconds for the entries, and for nologin. */
  readonly seconds: readonly [number, number];
}

/** Makes /etc a copy and /run an empty folder, for this and what it starts alone. */
const ENTER = `set -eu
cp -a /etc "$1/etc"
mount --bind "$1/etc" /etc
mount -t tmpfs -o mode=0755 tmpfs /run
printf 'passwd: files\\ngroup: files\\nshadow: files\\n' >/etc/nsswitch.conf
rm -f /etc/nologin
shift
exec "$@"`;

/**
 * Runs a program in such a namespace, and returns what it wrote to the file that is its first argument.
 *
 * @throws {Error} with all that it printed, if it fails
 */
export async function runInMachine(program: string): Promise<string> {
  const folder = Deno.makeTempDirSync({ prefix: "pam-deno-ageing-" });
  try {
    const report = join(folder, "report.json");
    const { success, stdout, stderr } = await new Deno.Command("unshare", {
      args: ["--mount", "--propagation", "private", "bash", "-c", ENTER, "enter", folder]
        .concat(Deno.execPath(), "run", "-A", program, report),
      stdin: "null",
    }).output();
    const told = [stdout, stderr].map((output) => new TextDecoder().decode(output)).join("");
    if (!success) throw new Error(`${program} failed:\n${told}`);
    return Deno.readTextFileSync(report);
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

/** Asks all modules, with the program `ageing_run.ts`. */
export async function compare(): Promise<Report> {
  return JSON.parse(await runInMachine(join(ROOT, "tests/differential/ageing_run.ts")));
}
