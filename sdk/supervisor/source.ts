// SPDX-License-Identifier: MIT
/**
 * What a module's workers are made from: its configuration, and the bundle that was installed for it and is still the same.
 *
 * @module
 */

import { dirname, join } from "node:path";
import { ConfigError, type ModuleConfig } from "../config/config.ts";
import { dangers } from "../config/dangers.ts";
import type { Layout } from "../config/layout.ts";
import { missingPermissions, resolvePermissions } from "../config/permissions.ts";
import { stat } from "../config/place.ts";
import type { ErrorCode } from "../error_codes.ts";
import { bundleFile, readRecord, recordFile } from "../install/record.ts";
import type { Declaration } from "./probe.ts";

/** A bundle, and what it declares. */
export interface ModuleSource {
  /** The bundle's file. */
  readonly file: string;
  /** Its bytes, as they were hashed. */
  readonly bytes: Uint8Array;
  /** Its SHA-256 in hexadecimal. */
  readonly sha256: string;
  /** What it declares. */
  readonly declaration: Declaration;
}

/** A bundle that cannot be served. The message names the file and the remedy. */
export class SourceError extends Error {
  override name = "SourceError";
  /** The stable code of what is wrong. */
  readonly errorCode: ErrorCode;

  constructor(message: string, errorCode: ErrorCode = "bundle-changed") {
    super(message);
    this.errorCode = errorCode;
  }
}

/**
 * The bundle that is installed for the module `name`; `undefined` if nothing is.
 *
 * @throws {SourceError} if it is not what was installed.
 * @throws {RecordError} if the record is damaged.
 */
export async function installedSource(layout: Layout, name: string): Promise<ModuleSource | undefined> {
  const record = readRecord(layout, name);
  if (!record) return undefined;
  const { sha256, declaration } = record.current;
  const file = bundleFile(layout, name, sha256);
  let bytes;
  try {
    bytes = Deno.readFileSync(file);
  } catch (error) {
    throw new SourceError(
      `${file}: cannot be read (${(error as Error).message}), and ${
        recordFile(layout, name)
      } names it: run \`pam-deno add\` again, or \`pam-deno rollback ${name}\``,
    );
  }
  const found = await digest(bytes);
  if (found !== sha256) {
    throw new SourceError(
      `${file}: its SHA-256 is ${found}: it is not the file that was installed; find out who changed it, then run \`pam-deno add\` again, or \`pam-deno rollback ${name}\``,
    );
  }
  return { file, bytes, sha256, declaration };
}

async function digest(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

/** The source map of a bundle, if it names one beside it. */
export function sourceMapOf({ file, bytes }: Pick<ModuleSource, "file" | "bytes">): string | undefined {
  const end = new TextDecoder().decode(bytes.subarray(-200));
  const name = /^\/\/# sourceMappingURL=([0-9a-f]{64}\.js\.map)$/m.exec(end)?.[1];
  const path = name && join(dirname(file), name);
  return path && stat(path)?.isFile ? path : undefined;
}

/**
 * The administrator grants, the module declares: what is not granted would only fail at a login.
 *
 * @throws {ConfigError} naming what to add.
 */
export function refuseMissing(config: ModuleConfig, declaration: Declaration): void {
  const { permissions, problems } = resolvePermissions(declaration.permissions, config.options);
  const [problem] = problems;
  if (problem) {
    throw new ConfigError(
      `${config.file}: the module asks for a permission that cannot be granted: ${problem.problem}`,
    );
  }
  const missing = missingPermissions(permissions, config.permissions);
  if (missing.length === 0) return;
  throw new ConfigError(
    `${config.file}: the module needs permissions that it is not granted: look at them, and add to "permissions": ${
      missing.join(", ")
    }`,
  );
}

/** What is to be warned of at every start. */
export function startWarnings(config: ModuleConfig): string[] {
  return dangers(config);
}
