// SPDX-License-Identifier: MIT
/**
 * What a module is entrusted with where no service manager does it: a folder to keep things in, and copies of its credentials.
 *
 * @module
 */

import { dirname, join } from "node:path";
import { ConfigError, type ModuleConfig } from "../config/config.ts";
import { isForeign, PlaceError, stat } from "../config/place.ts";
import { writeForGroup } from "./entry.ts";
import type { Identity } from "./uid.ts";

const OWN_FOLDER = 0o700;
const GROUP_FOLDER = 0o710;

/** The folder of the copies, in that of a module's files. */
export const CREDENTIALS = "credentials";

/** The longest credential, in bytes, as for systemd's LoadCredential=. */
export const CREDENTIAL_MAX = 1_048_576;

/**
 * Makes the folder that a module keeps things in, and gives it to the module's user.
 *
 * @throws {PlaceError} if it belongs to somebody else: nothing in it is given away, since it may hold links.
 */
export function giveState(folder: string, identity: Identity | undefined): void {
  const found = stat(folder);
  if (!found) {
    // The folder of all of them is there to be walked through.
    Deno.mkdirSync(dirname(folder), { recursive: true, mode: 0o755 });
    Deno.mkdirSync(folder, { mode: OWN_FOLDER });
    if (identity) Deno.chownSync(folder, identity.uid, identity.gid);
    return;
  }
  const uid = identity?.uid ?? Deno.uid()!;
  if (!found.isDirectory) throw new PlaceError(`${folder} is in the way: it is not a folder; remove it`);
  if (found.uid === uid) return;
  throw new PlaceError(
    `${folder} belongs to uid ${found.uid}, and the module runs as ${uid}: look at it, then chown -R ${uid} ${folder}, or name its user with "run_as"`,
  );
}

/**
 * Copies what a module is entrusted with to where it may read it, in place of older copies.
 *
 * @throws {ConfigError} if one of them cannot be copied.
 */
export function giveCredentials(config: ModuleConfig, folder: string, identity: Identity | undefined): void {
  const place = join(folder, CREDENTIALS);
  if (config.credentials.length === 0) return;
  const group = identity?.groups[0] ?? identity?.gid;
  if (!stat(place)) Deno.mkdirSync(place, { mode: OWN_FOLDER });
  if (group !== undefined) {
    Deno.chownSync(place, null, group);
    Deno.chmodSync(place, GROUP_FOLDER);
  }
  for (const { name, source } of config.credentials) {
    writeForGroup(join(place, name), readCredential(config.file, name, source), group);
  }
}

/** Takes away what a module is not entrusted with any more. */
export function takeCredentials(config: ModuleConfig, folder: string): void {
  const place = join(folder, CREDENTIALS);
  if (!stat(place)) return;
  for (const { name } of [...Deno.readDirSync(place)]) {
    if (!config.credentials.some((one) => one.name === name)) Deno.removeSync(join(place, name));
  }
}

function readCredential(file: string, name: string, source: string): Uint8Array {
  try {
    if (isForeign(source)) throw new Error("others can change it: chown it to root, and chmod go-w");
    if (Deno.statSync(source).size > CREDENTIAL_MAX) {
      throw new Error(`it has more than ${CREDENTIAL_MAX} bytes`);
    }
    return Deno.readFileSync(source);
  } catch (error) {
    throw new ConfigError(
      `${file}: the credential ${JSON.stringify(name)}, ${source}: ${(error as Error).message}`,
    );
  }
}
