// SPDX-License-Identifier: MIT
/**
 * Bundles a module that was not installed, as `pam-deno add` does it: as a throwaway user, who can read nothing but the module and its
 * packages. Another program does that, since this process may not.
 *
 * @module
 */

import { join } from "node:path";
import { ConfigError } from "../config/config.ts";
import type { Layout } from "../config/layout.ts";
import { stat } from "../config/place.ts";
import { FROM_SOURCES, type SourcesAnswer, type SourcesRequest } from "../install/bundler_words.ts";
import { printable } from "./lines.ts";
import { ProbeError } from "./probe.ts";

const SETPRIV = ["/usr/bin/setpriv", "/bin/setpriv"];

/** Lines of a complaint that are handed on. */
const COMPLAINT_LINES = 12;

/** What is in the name of a folder that a module is bundled in. */
export const STAGE_PREFIX = ".stage-";

/** A bundle of a module's sources, in files. */
export interface BundledSources {
  /** The bundle: `SHA256.js`. */
  readonly file: string;
  /** Its bytes. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Its SHA-256 in hexadecimal. */
  readonly sha256: string;
  /** What is to be logged. */
  readonly warnings: readonly string[];
}

/** Where things come from, and go. */
export interface FromSourcesOptions {
  /** The folders. */
  readonly layout: Layout;
  /** The module's main file, or its folder. */
  readonly path: string;
  /** A folder that others may pass through: a folder to work in is made there, and removed. */
  readonly parent: string;
  /** The folder in which the bundle and its source map are left, for nobody else to read. */
  readonly into: string;
  /** User ids that nobody else has. */
  readonly uids: readonly number[];
}

/**
 * Bundles a module from its sources.
 *
 * @throws {ConfigError} if the program that does it is not there.
 * @throws {ProbeError} if the module cannot be bundled.
 */
export async function bundleFromSources(
  { layout: { libDir, sdkDir }, path, parent, into, uids }: FromSourcesOptions,
): Promise<BundledSources> {
  const program = join(libDir, "bundler.js");
  if (!stat(program)) throw new ConfigError(`${program}: it was not built: run \`deno task build\``);
  const stage = Deno.makeTempDirSync({ dir: parent, prefix: STAGE_PREFIX });
  try {
    Deno.chmodSync(stage, 0o711);
    const answer = await ask(program, { path, libDir, sdkDir, stage: Deno.realPathSync(stage), uids });
    if ("error" in answer) throw new ProbeError(answer.error);
    const { code, sha256, map, warnings } = answer;
    const bytes = new TextEncoder().encode(code);
    const file = join(into, `${sha256}.js`);
    if (map) Deno.writeTextFileSync(join(into, map.name), map.text, { mode: 0o600 });
    Deno.writeFileSync(file, bytes, { mode: 0o600 });
    return { file, bytes, sha256, warnings };
  } finally {
    Deno.removeSync(stage, { recursive: true });
  }
}

/** Runs the program, which ends with this process. */
async function ask(program: string, request: SourcesRequest): Promise<SourcesAnswer> {
  const setpriv = SETPRIV.find((path) => stat(path));
  const deno = [Deno.execPath(), "run", "--quiet", "--no-prompt", "--no-config", "--no-lock"];
  const [command, ...args] = [
    ...setpriv ? [setpriv, "--pdeathsig", "KILL", "--"] : [],
    ...[...deno, "--no-remote", "--no-npm", "--allow-all", program, FROM_SOURCES],
  ] as [string, ...string[]];
  const child = new Deno.Command(command, {
    args,
    cwd: "/",
    env: { NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  // If it has ended already, its status says why.
  const written = writer.write(new TextEncoder().encode(JSON.stringify(request)))
    .then(() => writer.close()).catch(() => {});
  const { success, stdout, stderr } = await child.output();
  await written;
  const decoder = new TextDecoder();
  if (success) return JSON.parse(decoder.decode(stdout));
  const complaint = decoder.decode(stderr).trim().split("\n").slice(0, COMPLAINT_LINES).map(printable);
  return { error: `the bundler failed: ${complaint.join("\n  ") || "it ended without a word"}` };
}
