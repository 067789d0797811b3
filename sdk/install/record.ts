// SPDX-License-Identifier: MIT
/**
 * The record of what was installed for a module: `STATE_DIR/modules/NAME/installed.json`, beside the bundles that it names.
 *
 * Replacing this one file is what makes an `add`, an upgrade or a rollback true. Bundles are named by their SHA-256 and are never
 * changed, so that whatever the record names is there before the record is.
 *
 * @module
 */

import { join } from "node:path";
import * as v from "valibot";
import { type Layout, moduleStateDir } from "../config/layout.ts";
import { DECLARATION, type Declaration } from "../supervisor/probe.ts";

/** One bundle that was installed. */
export interface InstalledBundle {
  /** What was asked for: an absolute path, or a `jsr:` or `npm:` specifier with an exact version. */
  readonly specifier: string;
  /** The SHA-256 of the bundle in hexadecimal: its file is `SHA256.js`, whose last line names the source map beside it. */
  readonly sha256: string;
  /** What it declared when it was installed, and the administrator saw. */
  readonly declaration: Declaration;
  /** The text of its configuration file then, so that a rollback restores both. */
  readonly configuration: string;
  /** The version of pam-deno that bundled it. */
  readonly runtime: string;
  /** When, in ISO 8601 with UTC. */
  readonly installed: string;
}

/** What is installed for a module. */
export interface InstallRecord {
  /** What is served. */
  readonly current: InstalledBundle;
  /** What was served before, the newest first; at most {@linkcode PREVIOUS_MAX}. */
  readonly previous: readonly InstalledBundle[];
}

/** How many earlier bundles are kept to go back to. */
export const PREVIOUS_MAX = 5;

/** A record that cannot be read. The message names the file and the remedy. */
export class RecordError extends Error {
  override name = "RecordError";
}

const RECORD_BYTES_MAX = 4_194_304;

const BUNDLE = v.strictObject({
  specifier: v.string(),
  sha256: v.pipe(v.string(), v.regex(/^[0-9a-f]{64}$/)),
  declaration: DECLARATION,
  configuration: v.string(),
  runtime: v.string(),
  installed: v.pipe(v.string(), v.isoTimestamp()),
});

const RECORD = v.strictObject({
  current: BUNDLE,
  previous: v.pipe(v.array(BUNDLE), v.maxLength(PREVIOUS_MAX)),
});

/** Where the record of a module is. */
export function recordFile(layout: Layout, name: string): string {
  return join(moduleStateDir(layout, name), "installed.json");
}

/** Where a bundle of a module is. */
export function bundleFile(layout: Layout, name: string, sha256: string): string {
  return join(moduleStateDir(layout, name), `${sha256}.js`);
}

/**
 * Reads what is installed for a module; `undefined` if nothing is.
 *
 * @throws {RecordError} if the file is damaged.
 */
export function readRecord(layout: Layout, name: string): InstallRecord | undefined {
  const file = recordFile(layout, name);
  let text;
  try {
    if (Deno.statSync(file).size > RECORD_BYTES_MAX) {
      throw new RecordError(`${file}: more than ${RECORD_BYTES_MAX} bytes`);
    }
    text = Deno.readTextFileSync(file);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
  try {
    return v.parse(RECORD, JSON.parse(text)) as InstallRecord;
  } catch (error) {
    throw new RecordError(
      `${file}: damaged (${
        (error as Error).message
      }): run \`pam-deno add\` again, or \`pam-deno remove ${name}\``,
    );
  }
}
