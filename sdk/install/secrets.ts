// SPDX-License-Identifier: MIT
/**
 * The copies of a module's credentials: systemd makes them when the unit starts, and not when it is reloaded.
 *
 * @module
 */

import type { ModuleConfig } from "../config/config.ts";
import { CREDENTIAL_MAX } from "../supervisor/entrusted.ts";
import { InstallError } from "./events.ts";

/**
 * Whether a module's credentials are others than the copies that its unit has.
 *
 * @throws {InstallError} if one of them cannot be copied: the unit would not start again.
 */
export function haveSecretsChanged({ file, credentials }: ModuleConfig): boolean {
  const changed = credentials.filter(({ name, source, path }) => {
    const now = readSecret(file, name, source);
    const copy = readCopy(path);
    return copy === undefined || now.length !== copy.length || now.some((octet, i) => octet !== copy[i]);
  });
  return changed.length > 0;
}

function readSecret(file: string, name: string, source: string): Uint8Array {
  try {
    const { isFile, size } = Deno.statSync(source);
    if (!isFile) throw new Error("it is not a file");
    if (size > CREDENTIAL_MAX) throw new Error(`it has more than ${CREDENTIAL_MAX} bytes`);
    return Deno.readFileSync(source);
  } catch (error) {
    throw new InstallError(
      `${file}: the credential ${JSON.stringify(name)}, ${source}: ${
        (error as Error).message
      }; not reloaded, the old worker goes on`,
    );
  }
}

function readCopy(path: string): Uint8Array | undefined {
  try {
    return Deno.readFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
