// SPDX-License-Identifier: MIT
/**
 * Makes one file of a module, as `pam-deno add` does, for a command that loads it once.
 *
 * @module
 */

import { basename, dirname, join } from "node:path";
import type { Layout } from "../config/layout.ts";
import { bundleModule } from "../install/bundle.ts";
import { bundleSources } from "../install/throwaway.ts";
import { PrivateFolder } from "./private_folder.ts";
import { isStrangers, type Subject } from "./subject.ts";

/** A bundle in a folder. */
export interface SubjectBundle {
  /** Its file, `SHA256.js`; its last line names the source map beside it. */
  readonly file: string;
  /** Its SHA-256 in hexadecimal. */
  readonly sha256: string;
  /** What the author should know. */
  readonly warnings: readonly string[];
  /** The files that it was made of, packages left out; of a stranger's module its main file alone. */
  readonly inputs: readonly string[];
}

/** A module that cannot be bundled. The message says what and where. */
export class SubjectBundleError extends Error {
  override name = "SubjectBundleError";
}

/**
 * Bundles a module into the folder `into`, which must be the caller's own. Nothing of it is run.
 *
 * Root reads the sources of others as a user that nobody is: whoever may change them while they are read could put a link to another
 * file in their place. That takes three times as long.
 *
 * @throws {SubjectBundleError} if it cannot be bundled.
 */
export async function bundleSubject(
  subject: Subject,
  { libDir, sdkDir }: Pick<Layout, "libDir" | "sdkDir">,
  into: string,
): Promise<SubjectBundle> {
  if (Deno.uid() === 0 && isStrangers(subject)) {
    return await bundleStrangers(subject, { libDir, sdkDir }, into);
  }
  try {
    const { file, sha256, inputs } = await bundleModule({
      entry: subject.file,
      root: subject.folder,
      sdk: sdkDir,
      into,
    });
    return { file, sha256, warnings: [], inputs };
  } catch (error) {
    if (!(error instanceof Error) || !OURS.includes(error.name)) throw error;
    throw new SubjectBundleError(`${subject.word}: it cannot be bundled: ${error.message}`);
  }
}

const OURS = ["BundleError", "DenoToolError", "ProjectError"];

async function bundleStrangers(
  { word, file }: Subject,
  { libDir, sdkDir }: Pick<Layout, "libDir" | "sdkDir">,
  into: string,
): Promise<SubjectBundle> {
  if (Deno.permissions.querySync({ name: "run" }).state !== "granted") throw notAsRoot(word, file);
  // The throwaway user has to get to it, so it is not below `into`, which is closed.
  using scratch = new PrivateFolder("pam-deno-stage-");
  const stage = scratch.path;
  Deno.chmodSync(stage, 0o711);
  const answer = await bundleSources({ path: file, libDir, sdkDir, stage, uids: [] });
  if ("error" in answer) throw new SubjectBundleError(`${word}: it cannot be bundled: ${answer.error}`);
  const { code, sha256, map, warnings } = answer;
  if (map) Deno.writeTextFileSync(join(into, basename(map.name)), map.text, { mode: 0o600 });
  const bundle = join(into, `${sha256}.js`);
  Deno.writeTextFileSync(bundle, code, { mode: 0o600 });
  return { file: bundle, sha256, warnings, inputs: [file] };
}

/** A command that may not start all programs cannot put a jail together, and reads no stranger's sources without one. */
function notAsRoot(word: string, file: string): SubjectBundleError {
  return new SubjectBundleError(
    `${word}: it cannot be bundled: ${
      dirname(file)
    } can be changed by others than root, and this command does not read their sources as root: run it as an ordinary user, or copy the module to a folder of root's own`,
  );
}
