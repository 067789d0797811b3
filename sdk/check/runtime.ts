// SPDX-License-Identifier: MIT
/**
 * Looks at the program's own files: that all are there, that only root can change them, and that they were made together.
 *
 * @module
 */

import { join } from "node:path";
import type { Layout } from "../config/layout.ts";
import { DEFAULT_LAYOUT } from "../config/layout.ts";
import { stat } from "../config/place.ts";
import { WORKER_PROGRAM } from "../supervisor/launch.ts";
import { IDENT } from "../version.ts";
import { IDENT_PATTERN } from "./elf.ts";
import { type Finding, finding } from "./finding.ts";
import { checkFolder, checkOwner, unreadable } from "./places.ts";

/** The largest bundle of ours that is read, in bytes. */
const BUNDLE_MAX = 16_777_216;

/** How long a program may take to say its version. */
const VERSION_MAX_MS = 5_000;

const REMEDY = "reinstall the package of pam-deno";

/** What workers start from. */
const RUNTIME = "worker.js";

/** Programs, which a checkout starts from their sources. */
const PROGRAMS = ["supervise.js", "pam-deno.js"];

/** The program that bundles modules as a throwaway user. */
const BUNDLER = "bundler.js";

/** Looks at the files of the program. */
export async function checkRuntime({ libDir, sdkDir, cacheDir }: Layout): Promise<Finding[]> {
  const folder = checkFolder(libDir, "no worker can start");
  if (!stat(libDir)) return folder;
  // A checkout brings no programs: those of the machine are used.
  const packaged = stat(join(libDir, "deno")) !== undefined || libDir === DEFAULT_LAYOUT.libDir;
  const bundles = [RUNTIME, ...PROGRAMS.filter((name) => packaged || stat(join(libDir, name)))];
  return [
    ...folder,
    ...bundles.flatMap((name) => checkBundle(join(libDir, name))),
    ...checkFile(join(sdkDir, "mod.ts"), "what modules are bundled with"),
    ...packaged ? checkFile(join(libDir, BUNDLER), "the program that bundles modules") : [],
    ...packaged ? await checkPrograms(libDir) : [],
    ...packaged ? checkCache(cacheDir) : [],
  ];
}

function checkFile(path: string, what: string): Finding[] {
  if (stat(path)) return checkOwner(path, what);
  return [finding("error", "runtime-missing", path, "there is no such file", REMEDY)];
}

function checkBundle(path: string): Finding[] {
  const findings = checkFile(path, "a program that runs as root, or decides logins");
  if (!stat(path)) return findings;
  try {
    const { size, isFile } = Deno.statSync(path);
    if (!isFile || size > BUNDLE_MAX) {
      const what = `it is not a regular file of at most ${BUNDLE_MAX} bytes: it is not ours`;
      return [...findings, finding("error", "runtime-version", path, what, REMEDY)];
    }
    const ident = IDENT_PATTERN.exec(Deno.readTextFileSync(path))?.[0];
    if (ident === IDENT) return findings;
    const what = ident === undefined
      ? "it does not say which version it is of"
      : `it is ${ident}, this program is ${IDENT}: they were not installed together`;
    return [...findings, finding("error", "runtime-version", path, what, REMEDY)];
  } catch (error) {
    return [...findings, unreadable(path, error)];
  }
}

async function checkPrograms(libDir: string): Promise<Finding[]> {
  const deno = join(libDir, "deno");
  const esbuild = join(libDir, "esbuild");
  const worker = join(libDir, WORKER_PROGRAM);
  const findings = [
    ...checkFile(deno, "the program that workers and root run"),
    ...checkFile(esbuild, "the program that bundles modules"),
  ];
  if (stat(deno)) findings.push(...await checkVersion(deno, `deno ${Deno.version.deno}`));
  if (stat(esbuild)) findings.push(...await checkVersion(esbuild, ""));
  const target = stat(worker) && realPath(worker);
  if (target !== realPath(deno)) {
    const what = `it has to be a link to ${deno}: no worker can be started without it`;
    findings.push(finding("error", "worker-program", worker, what, REMEDY));
  }
  return findings;
}

function realPath(path: string): string | undefined {
  try {
    return Deno.realPathSync(path);
  } catch {
    return undefined;
  }
}

/** Whether a program runs, and says that it is `expected`. */
async function checkVersion(program: string, expected: string): Promise<Finding[]> {
  let said;
  try {
    const { success, stdout } = await new Deno.Command(program, {
      args: ["--version"],
      env: { NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" },
      clearEnv: true,
      cwd: "/",
      stdin: "null",
      stderr: "null",
      signal: AbortSignal.timeout(VERSION_MAX_MS),
    }).output();
    said = new TextDecoder().decode(stdout).split("\n")[0]!;
    if (!success) said = "nothing";
  } catch (error) {
    return [
      finding("error", "program-broken", program, `it cannot be run: ${(error as Error).message}`, REMEDY),
    ];
  }
  if (said && said !== "nothing" && `${said} `.startsWith(`${expected} `.trimStart())) return [];
  const what = `asked for its version it says ${said || "nothing"}` + (expected ? `, not ${expected}` : "");
  return [finding("error", "program-version", program, what, REMEDY)];
}

function checkCache(cacheDir: string): Finding[] {
  const path = join(cacheDir, "runtime");
  if (stat(path)) return checkFolder(path, "");
  const what = "the compiled code of the runtime is not there: workers start more slowly";
  return [finding("warning", "cache-missing", path, what, REMEDY)];
}
