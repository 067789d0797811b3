// SPDX-License-Identifier: MIT
/**
 * Looks at the shim: whether it is where libpam looks, whole, safe, and made together with the runtime.
 *
 * @module
 */

import { dirname, join } from "node:path";
import type { PamLine } from "../config/pam_d.ts";
import { stat } from "../config/place.ts";
import { IDENT } from "../version.ts";
import { ElfError, IDENT_PATTERN, MACHINES, readSharedObject } from "./elf.ts";
import { type Finding, finding } from "./finding.ts";
import { checkFolder, checkOwner, unreadable } from "./places.ts";

/** The file. */
const SHIM = "pam_deno.so";

/** What libpam looks for in it. */
const FUNCTIONS = [
  "pam_sm_acct_mgmt",
  "pam_sm_authenticate",
  "pam_sm_chauthtok",
  "pam_sm_close_session",
  "pam_sm_open_session",
  "pam_sm_setcred",
];

/** The folders that libpam of this machine takes modules from. */
export function securityFolders(arch: string = Deno.build.arch): string[] {
  return ["/lib", "/usr/lib"].flatMap((
    folder,
  ) => [`${folder}/${arch}-linux-gnu/security`, `${folder}/security`])
    .concat("/lib64/security", "/usr/lib64/security");
}

/** Looks at each file that lines of pam.d mean, and at those where libpam looks. */
export function checkShim(lines: readonly PamLine[], folders: readonly string[]): Finding[] {
  const named = new Set(lines.map(({ module }) => module));
  const absolute = [...named].filter((path) => path.startsWith("/"));
  const found = folders.map((folder) => join(folder, SHIM)).filter((path) => stat(path));
  const bare = [...named].some((path) => !path.startsWith("/"));
  const findings: Finding[] = [];
  if (found.length === 0 && (bare || absolute.length === 0)) {
    const what = `the shim is in none of the folders where libpam looks (${folders.join(", ")})` +
      (bare ? ": lines that name it fail for everybody" : "");
    findings.push(finding("error", "shim-missing", SHIM, what, "install the package of pam-deno"));
  }
  for (const path of absolute.filter((path) => !stat(path))) {
    const where = lines.find(({ module }) => module === path)!;
    const what = `${path} is not there: the line fails for everybody`;
    findings.push(
      finding(
        "error",
        "shim-missing",
        `${where.file}:${where.line}`,
        what,
        "write pam_deno.so, without a folder",
      ),
    );
  }
  const files = new Map(
    [...found, ...absolute.filter((path) => stat(path))].map((path) => [real(path), path]),
  );
  for (const [file, path] of files) findings.push(...checkFile(path, file));
  return findings;
}

function real(path: string): string {
  try {
    return Deno.realPathSync(path);
  } catch {
    // A link that leads nowhere is found when the file is read.
    return path;
  }
}

function checkFile(path: string, file: string): Finding[] {
  const places = new Set([dirname(path), dirname(file)]);
  const findings = [
    ...[...places].flatMap((folder) => checkFolder(folder, "")),
    ...checkOwner(file, "the shim, and so what every login runs"),
  ];
  try {
    const { mode } = Deno.statSync(file);
    if ((mode! & 0o444) !== 0o444) {
      const what =
        "not everybody may read it: applications that are not root, such as screen lockers, cannot load it";
      findings.push(finding("warning", "shim-mode", path, what, `chmod 0644 ${path}`));
    }
    return [...findings, ...checkContents(path)];
  } catch (error) {
    return [...findings, broken(path, error)];
  }
}

function broken(path: string, error: unknown): Finding {
  if (!(error instanceof ElfError)) return unreadable(path, error);
  return finding(
    "error",
    "shim-broken",
    path,
    `libpam cannot load it: ${error.message}`,
    "reinstall the package of pam-deno",
  );
}

function checkContents(path: string): Finding[] {
  const { exports, machine, ident } = readSharedObject(path);
  const findings: Finding[] = [];
  const remedy = "reinstall the package of pam-deno";
  if (machine !== MACHINES[Deno.build.arch]) {
    const what =
      `it is for another machine (ELF machine ${machine}) than ${Deno.build.arch}: libpam cannot load it`;
    findings.push(finding("error", "shim-machine", path, what, remedy));
  }
  const missing = FUNCTIONS.filter((name) => !exports.includes(name));
  const strange = exports.filter((name) => !FUNCTIONS.includes(name));
  if (missing.length > 0) {
    const what = `it lacks ${missing.join(", ")}: lines of that type fail for everybody`;
    findings.push(finding("error", "shim-functions", path, what, remedy));
  }
  if (strange.length > 0) {
    const what = `it shows ${
      strange.slice(0, 5).join(", ")
    } besides the six functions of a PAM module: it is not the one that was released`;
    findings.push(finding("warning", "shim-exports", path, what, remedy));
  }
  return [...findings, ...checkIdent(path, ident)];
}

function checkIdent(path: string, ident: string | undefined): Finding[] {
  if (ident === IDENT) return [];
  const remedy =
    "install one version of the package whole, then restart what has the old shim loaded (sshd, display managers)";
  if (ident === undefined) {
    const what = "it does not say what it was made from: it is older than this program, or not ours";
    return [finding("warning", "shim-version", path, what, remedy)];
  }
  const [, version, protocol, fingerprint] = IDENT_PATTERN.exec(ident)!;
  const [, ourVersion, ourProtocol, ourFingerprint] = IDENT_PATTERN.exec(IDENT)!;
  if (protocol !== ourProtocol) {
    const what =
      `it speaks version ${protocol} of the protocol, this program ${ourProtocol}: hooks may end with service_err`;
    return [finding("error", "shim-protocol", path, what, remedy)];
  }
  const what = fingerprint === ourFingerprint
    ? `it is of version ${version}, this program of ${ourVersion}: they work together`
    : `it is of version ${version} and was made from another definition of the protocol than this program, ${ourVersion}`;
  return [finding("warning", "shim-version", path, what, remedy)];
}
