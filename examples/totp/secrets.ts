// SPDX-License-Identifier: MIT
/**
 * The file of secrets: a line for each user, `NAME SECRET [digits=6] [period=30] [algorithm=SHA1]`.
 *
 * @module
 */

import { Secret } from "otpauth";
import type { Generator } from "./policy.ts";

/** The largest file that is read, in bytes. */
export const SECRETS_FILE_MAX: number = 1024 * 1024;
/** The shortest secret: RFC 4226 asks for 128 bits. */
export const SECRET_BYTES_MIN = 16;
/** The longest secret, in bytes. */
export const SECRET_BYTES_MAX = 128;
/** The hash functions that authenticators know. */
export const ALGORITHMS = ["SHA1", "SHA256", "SHA512"] as const;
/** How many digits a code can have. */
export const DIGITS: { readonly min: number; readonly max: number } = { min: 6, max: 8 };
/** How long a code can be shown, in seconds. */
export const PERIOD_S: { readonly min: number; readonly max: number } = { min: 15, max: 120 };

/**
 * What can be the name of a user: letters and digits of ASCII, and `.`, `_`, `@`, `+`, `\` and `-` behind the first, also a `$` at the end.
 */
export const USER_NAME = /^[A-Za-z0-9_][A-Za-z0-9._@+\\-]{0,254}\$?$/;

/** Bits of a mode: what others may do, and writing and running by the group. A credential's copy is read through its group. */
const OPEN_TO_OTHERS = 0o037;

/** How each user's codes are made, by the name of the user. */
export type Generators = ReadonlyMap<string, Generator>;

/**
 * Parses the file. Nothing of a line gets into a message.
 *
 * @param text What the file holds.
 * @param file Its path, for the messages.
 * @throws {SyntaxError} for a line that is not understood: whoever is meant by it must not count as somebody without a secret. And for
 * a secret that stands twice: the code of one user would be a code of the other's, and used up for one of them only.
 *
 * @example
 * ```ts
 * import { parseSecrets } from "./secrets.ts";
 * import assert from "node:assert/strict";
 *
 * const generators = parseSecrets("# phones\nalice GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ digits=8\n", "secrets");
 * assert.equal(generators.get("alice")?.digits, 8);
 * ```
 */
export function parseSecrets(text: string, file: string): Generators {
  const generators = new Map<string, Generator>();
  const lines = new Map<string, number>();
  for (const [index, line] of text.split("\n").entries()) {
    const [name = "", ...words] = line.trim().split(/[ \t]+/);
    if (name === "" || name.startsWith("#")) continue;
    try {
      if (generators.has(name)) throw new SyntaxError("This user has a line already: take one of them out");
      if (!USER_NAME.test(name)) {
        throw new SyntaxError("Cannot read the user's name: write it first, as the user database has it");
      }
      const generator = parseGenerator(words);
      const same = lines.get(keyOf(generator));
      if (same !== undefined) {
        throw new SyntaxError(`Line ${same} has the same secret: make a new one for one of the users`);
      }
      lines.set(keyOf(generator), index + 1);
      generators.set(name, generator);
    } catch (error) {
      throw new SyntaxError(`${file}:${index + 1}: ${(error as Error).message}`);
    }
  }
  return generators;
}

/** What makes two secrets the same: HMAC fills a short one up with zeros, so that those at its end do not count. */
function keyOf({ secret }: Generator): string {
  return secret.hex.replace(/(?:00)+$/, "");
}

function parseGenerator([secret = "", ...settings]: readonly string[]): Generator {
  const generator = { secret: parseSecret(secret), digits: 6, period: 30, algorithm: "SHA1" };
  const seen = new Set<string>();
  for (const word of settings) {
    const at = word.indexOf("=");
    const [key, value] = [word.slice(0, at), word.slice(at + 1)];
    if (seen.has(key)) throw new SyntaxError(`Cannot take "${key}=" twice`);
    seen.add(key);
    switch (key) {
      case "digits":
        generator.digits = parseNumber(key, value, DIGITS);
        break;
      case "period":
        generator.period = parseNumber(key, value, PERIOD_S);
        break;
      case "algorithm":
        generator.algorithm = ALGORITHMS.find((name) => name === value) ??
          fail(`Cannot read "algorithm=": write ${ALGORITHMS.join(", ")}`);
        break;
      default:
        fail("Cannot read what stands behind the secret: write digits=, period= or algorithm=");
    }
  }
  return generator;
}

function parseSecret(text: string): Secret {
  const base32 = text.toUpperCase().replace(/=*$/, "");
  if (!/^[A-Z2-7]+$/.test(base32)) fail("Cannot read the secret: write it in base32, without spaces");
  const secret = Secret.fromBase32(base32);
  const { length } = secret.bytes;
  if (length < SECRET_BYTES_MIN || length > SECRET_BYTES_MAX) {
    fail(`Cannot take a secret of ${length} bytes: it must have ${SECRET_BYTES_MIN} to ${SECRET_BYTES_MAX}`);
  }
  return secret;
}

function parseNumber(key: string, value: string, { min, max }: { min: number; max: number }): number {
  const number = /^\d{1,3}$/.test(value) ? Number(value) : NaN;
  return number >= min && number <= max
    ? number
    : fail(`Cannot read "${key}=": write a whole number from ${min} to ${max}`);
}

function fail(message: string): never {
  throw new SyntaxError(message);
}

const files: Map<string, { readonly stamp: string; readonly generators: Generators }> = new Map();

/**
 * The secrets in a file; it is read again when it has changed.
 *
 * @throws {Error} with the path and the remedy, if it cannot be read, or others can.
 */
export function secretsIn(path: string): Generators {
  try {
    using file = Deno.openSync(path);
    const { isFile, mode, mtime, ctime, size, ino, dev } = file.statSync();
    if (!isFile) throw new Error("Cannot read the secrets: it must be a file");
    if (((mode ?? 0) & OPEN_TO_OTHERS) !== 0) {
      throw new Error(`Cannot trust the secrets: they are open to others; run chmod go-rwx ${path}`);
    }
    if (size > SECRETS_FILE_MAX) {
      throw new Error(`Cannot read the secrets: at most ${SECRETS_FILE_MAX} bytes are read`);
    }
    const stamp = [mtime?.getTime(), ctime?.getTime(), size, ino, dev].join();
    const known = files.get(path);
    if (known?.stamp === stamp) return known.generators;
    const generators = parseSecrets(readAll(file, size), path);
    files.set(path, { stamp, generators });
    return generators;
  } catch (error) {
    if (error instanceof SyntaxError) throw error;
    throw new Error(`${path}: ${problemOf(error, path)}`);
  }
}

/** What an open file holds, which is wiped where that is possible. */
function readAll(file: Deno.FsFile, size: number): string {
  const bytes = new Uint8Array(size);
  let length = 0;
  for (let n: number | null = 0; length < size && n !== null; length += n ?? 0) {
    n = file.readSync(bytes.subarray(length));
  }
  const text = new TextDecoder().decode(bytes.subarray(0, length));
  bytes.fill(0);
  return text;
}

function problemOf(error: unknown, path: string): string {
  if (error instanceof Deno.errors.NotFound) {
    return 'Cannot find the secrets: write the file, or correct "secrets="';
  }
  if (error instanceof Deno.errors.NotCapable) {
    return `Cannot read the secrets: grant it under "permissions": { "read": ["${path}"] } in the module's configuration, or make it a credential`;
  }
  if (error instanceof Deno.errors.PermissionDenied) {
    return "Cannot read the secrets: the file must belong to the user that the module runs as, or be a credential";
  }
  return error instanceof Error ? error.message : String(error);
}
