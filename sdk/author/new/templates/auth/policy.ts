// SPDX-License-Identifier: MIT
/**
 * Which PIN is whose. It knows no clock, no file and no PAM, so that a test is a line.
 *
 * A line of the file of PINs is `USER SALT HASH`, salt and hash in hexadecimal digits. The hash is PBKDF2 with SHA-256. PINs are short:
 * whoever has the file finds them out, however long a guess takes. The file is for root alone.
 *
 * @module
 */

/** How often PBKDF2 goes round: about 0.1 s. */
const ROUNDS = 300_000;
/** The octets of a salt. */
export const SALT_BYTES = 16;
const HASH_BYTES = 32;

/** What is kept of a PIN. */
export interface Kept {
  /** Random octets, other ones for each user. */
  readonly salt: Uint8Array<ArrayBuffer>;
  /** What comes of the PIN and the salt. */
  readonly hash: Uint8Array;
}

/** What stands in for users that have no PIN: nothing is right, and it takes as long to find out. */
export const NOBODYS: Kept = { salt: new Uint8Array(SALT_BYTES), hash: new Uint8Array(HASH_BYTES) };

const LINE = new RegExp(`^(\\S+)\\s+([0-9a-f]{${SALT_BYTES * 2}})\\s+([0-9a-f]{${HASH_BYTES * 2}})$`);

/**
 * Reads a file of PINs. Empty lines and those that begin with `#` count for nothing.
 *
 * @throws {SyntaxError} For the first line that is anything else, or names a user again.
 */
export function parsePins(text: string): Map<string, Kept> {
  const pins = new Map<string, Kept>();
  for (const [index, line] of text.split("\n").map((line) => line.trim()).entries()) {
    if (line === "" || line.startsWith("#")) continue;
    const [, user = "", salt = "", hash = ""] = LINE.exec(line) ?? [];
    if (user === "") throw new SyntaxError(`line ${index + 1}: write USER SALT HASH, as enroll.ts prints it`);
    if (pins.has(user)) throw new SyntaxError(`line ${index + 1}: the user has a PIN already`);
    pins.set(user, { salt: Uint8Array.fromHex(salt), hash: Uint8Array.fromHex(hash) });
  }
  return pins;
}

/** What is kept of a PIN; its octets may be wiped as soon as this has given its promise. */
export async function hashOf(pin: Uint8Array, salt: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const copy = new Uint8Array(pin);
  const imported = crypto.subtle.importKey("raw", copy, "PBKDF2", false, ["deriveBits"]);
  // The key has a copy of its own by now.
  copy.fill(0);
  const key = await imported;
  const how = { name: "PBKDF2", hash: "SHA-256", salt, iterations: ROUNDS };
  return new Uint8Array(await crypto.subtle.deriveBits(how, key, HASH_BYTES * 8));
}

/** Whether two hashes are the same, in a time that does not tell where they differ. */
export function isSame(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length && one.reduce((all, octet, i) => all | octet ^ (other[i] ?? 0), 0) === 0;
}
