// SPDX-License-Identifier: MIT
/**
 * The files that the administrator gives: the client's secret, and certificates.
 *
 * @module
 */

/** The largest client secret, in bytes. */
export const SECRET_MAX = 4096;
/** The largest file of certificates, in bytes. */
export const CERTIFICATES_MAX: number = 1024 * 1024;

/** Bits of a mode: what others may do, and writing and running by the group. A credential's copy is read through its group. */
const OPEN_TO_OTHERS = 0o037;
/** Bits of a mode that let others than the owner write. */
const WRITABLE_BY_OTHERS = 0o022;

function readFile(path: string, option: string, max: number, closed: number, remedy: string): Uint8Array {
  try {
    using file = Deno.openSync(path);
    const { isFile, mode, size } = file.statSync();
    if (!isFile) throw new Error("it must be a file");
    if (((mode ?? 0) & closed) !== 0) throw new Error(`others can get at it: run chmod ${remedy} ${path}`);
    if (size > max) throw new Error(`at most ${max} bytes are read`);
    const bytes = new Uint8Array(size);
    let length = 0;
    for (let n: number | null = 0; length < size && n !== null; length += n ?? 0) {
      n = file.readSync(bytes.subarray(length));
    }
    return bytes.subarray(0, length);
  } catch (error) {
    throw new Error(`${path}: Cannot read "${option}=": ${problemOf(error, path)}`);
  }
}

function problemOf(error: unknown, path: string): string {
  if (error instanceof Deno.errors.NotFound) return "there is no such file: write it, or correct the path";
  if (error instanceof Deno.errors.NotCapable) {
    return `grant it under "permissions": { "read": ["${path}"] } in the module's configuration, or make it a credential`;
  }
  if (error instanceof Deno.errors.PermissionDenied) {
    return "it must belong to the user that the module runs as, or be a credential";
  }
  return error instanceof Error ? error.message : String(error);
}

/**
 * The client's secret: one line.
 *
 * @throws {Error} with the path and the remedy, if it cannot be read, or others can.
 */
export function clientSecretIn(path: string): string {
  const bytes = readFile(path, "client_secret", SECRET_MAX, OPEN_TO_OTHERS, "go-rwx");
  const secret = new TextDecoder().decode(bytes).replace(/\r?\n$/, "");
  bytes.fill(0);
  if (!/^[\x20-\x7e]+$/.test(secret)) {
    throw new Error(`${path}: Cannot use "client_secret=": write the secret alone, on one line, in ASCII`);
  }
  return secret;
}

/**
 * Certificates in PEM.
 *
 * @throws {Error} with the path and the remedy, if they cannot be read, or others could have written them.
 */
export function certificatesIn(path: string): string {
  const text = new TextDecoder().decode(readFile(path, "ca", CERTIFICATES_MAX, WRITABLE_BY_OTHERS, "go-w"));
  if (!text.includes("-----BEGIN CERTIFICATE-----")) {
    throw new Error(`${path}: Cannot use "ca=": there is no certificate in PEM in it`);
  }
  return text;
}
