// SPDX-License-Identifier: MIT
/**
 * What pam_deno is measured beside: one service each, with a single account line.
 *
 * @module
 */

import { existsSync } from "node:fs";
import { join } from "node:path";

/** Where everything of a run is. */
export interface Stage extends AsyncDisposable {
  /** The project. */
  readonly root: string;
  /** The service files. */
  readonly confdir: string;
  /** Scripts of the peers, and what else is written. */
  readonly folder: string;
  /** The worker that serves `pam_deno`. */
  readonly workerPid: number;
  /** The end of the account line for `pam_deno` and `c_responder`. */
  readonly lines: Readonly<Record<"pam_deno" | "c_responder", string>>;
}

/** A service that is measured. */
export interface Peer {
  /** Its name in the table. */
  readonly name: string;
  /** It is measured in every so many rounds: slow ones seldom. */
  readonly every: number;
  /** Why it cannot be measured. */
  readonly missing: string | undefined;
}

const EVERY_SCRIPT = 10;
const EVERY_PROCESS = 40;

const SETUP = "run scripts/setup --bench";

/** Writes the service of each peer; one whose module is not on this machine says how to get it. */
export function peers(stage: Stage): Peer[] {
  const { root, folder, confdir, lines } = stage;
  const unpacked = (so: string) => join(root, "build/tools/peers", so);
  const script = join(folder, "pam_script_acct");
  Deno.writeTextFileSync(script, "#!/bin/sh\nexit 0\n", { mode: 0o755 });
  const python = join(folder, "account.py");
  Deno.writeTextFileSync(python, "def pam_sm_acct_mgmt(pamh, flags, argv):\n  return pamh.PAM_SUCCESS\n");
  const add = (name: string, every: number, module: string, args = ""): Peer => {
    Deno.writeTextFileSync(join(confdir, name), `account required ${module} ${args}\n`);
    // A bare name is one of Linux-PAM's own modules, which libpam finds by itself.
    const there = !module.includes("/") || existsSync(module);
    return { name, every, missing: there ? undefined : `${module} is not there: ${SETUP}` };
  };
  return [
    add("pam_permit", 1, "pam_permit.so"),
    add("pam_deno", 1, ...split(lines.pam_deno)),
    add("c_responder", 1, ...split(lines.c_responder)),
    add("pam_unix", 1, "pam_unix.so"),
    add("pam_script", EVERY_SCRIPT, unpacked("pam_script.so"), `dir=${folder}`),
    add("pam_exec", EVERY_PROCESS, "pam_exec.so", "quiet /bin/true"),
    add("pam_python", EVERY_PROCESS, unpacked("pam_python.so"), python),
  ];
}

function split(line: string): [string, string] {
  const at = line.indexOf(" ");
  return [line.slice(0, at), line.slice(at + 1)];
}
