// SPDX-License-Identifier: MIT
/**
 * Octets that must not be printed and are wiped after use.
 *
 * @module
 */

import { typeError } from "./coded.ts";

const BRAND = Symbol.for("pam-deno.secret");
const MASK = "[secret]";
const WIPED = "this Secret has been wiped: it can be used until it is disposed of or its hook ends";

/**
 * What a Secret leaves behind when it is wiped: enough to find its text in a log line, not enough to tell
 * what it was.
 */
export interface SecretTrace {
  /** Its length in octets. */
  readonly length: number;
  /** A checksum of 32 bits. */
  readonly checksum: number;
}

/** FNV-1a over `bytes` from `start`, `length` octets. */
function checksum(bytes: Uint8Array, start: number, length: number): number {
  let hash = 0x811c9dc5;
  for (let i = start; i < start + length; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
  return hash >>> 0;
}

/**
 * A password or another answer that must not be shown: octets that print as `[secret]`, compare in constant
 * time, and are wiped when the Secret is disposed of, at the latest when the hook ends.
 *
 * The octets are UTF-8 as typed, at most 511 of them (TOKEN_MAX), and may be empty. A JavaScript string
 * cannot be wiped: work on the octets where a library lets you. See pam_get_authtok(3) and pam_conv(3).
 *
 * @example
 * ```ts
 * import { Secret } from "@pam-deno/sdk";
 * import assert from "node:assert/strict";
 *
 * using secret = new Secret(new TextEncoder().encode("correct horse"));
 * assert.equal(`${secret}`, "[secret]");
 * assert.equal(JSON.stringify({ secret }), '{"secret":"[secret]"}');
 * assert.equal(secret.use((bytes) => bytes.length), 13);
 * assert.ok(secret.equals(new TextEncoder().encode("correct horse")));
 * ```
 */
export class Secret implements Disposable {
  #bytes: Uint8Array | undefined;
  readonly #trace: SecretTrace;

  /**
   * Takes `bytes` over: they are not copied, and are wiped with the Secret.
   *
   * @param bytes The octets.
   */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    // At once: whoever works on the octets may overwrite them.
    this.#trace = { length: bytes.length, checksum: checksum(bytes, 0, bytes.length) };
    Object.defineProperty(this, BRAND, { value: true });
  }

  /**
   * Hands the octets to `use` and returns what it returns. They are the Secret's own: do not keep them.
   *
   * @param use Works on the octets.
   * @throws {TypeError} if the Secret has been wiped.
   */
  use<T>(use: (bytes: Uint8Array) => T): T {
    if (this.#bytes === undefined) throw typeError("secret-wiped", WIPED);
    return use(this.#bytes);
  }

  /**
   * Compares in a time that depends on the lengths alone.
   *
   * @param other Another Secret, or octets.
   * @throws {TypeError} if one of the two has been wiped.
   */
  equals(other: Secret | Uint8Array): boolean {
    return this.use((own) => {
      const compare = (bytes: Uint8Array): boolean => {
        let different = own.length ^ bytes.length;
        const { length } = bytes;
        for (let i = 0; i < length; i++) different |= bytes[i]! ^ (own[i] ?? 0);
        return different === 0;
      };
      return isSecret(other) ? other.use(compare) : compare(other);
    });
  }

  /** Wipes the octets. Further calls do nothing. */
  [Symbol.dispose](): void {
    this.#bytes?.fill(0);
    this.#bytes = undefined;
  }

  /** Always `[secret]`. */
  toString(): string {
    return MASK;
  }

  /** Always `[secret]`. */
  toJSON(): string {
    return MASK;
  }

  /** Always `[secret]`: `console.log` of Node.js. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return MASK;
  }

  /** Always `[secret]`: `console.log` of Deno. */
  [Symbol.for("Deno.customInspect")](): string {
    return MASK;
  }

  /** Recognizes the Secrets of any copy of this class: module and runtime are two bundles. */
  static [Symbol.hasInstance](value: unknown): boolean {
    return isSecret(value);
  }

  /** What {@linkcode withoutSecrets} knows of `secret`. */
  static traceOf(secret: Secret): SecretTrace {
    return secret.#trace;
  }
}

/** Whether `value` is a Secret of any copy of the class. */
export function isSecret(value: unknown): value is Secret {
  return typeof value === "object" && value !== null && BRAND in value;
}

/**
 * Below this length a secret is a part of too many words to be cut out of a line: the line is withheld as a
 * whole.
 */
const SHORT = 4;

/** The longest text that is searched. */
const SEARCHED_MAX = 8192;

/**
 * `text` with every occurrence of one of `secrets`, wiped or not, replaced by `[secret]`: the last guard of
 * the log. Only the octets as typed are found, not an encoding of them.
 */
export function withoutSecrets(text: string, secrets: readonly Secret[]): string {
  if (secrets.length === 0) return text;
  const head = text.slice(0, SEARCHED_MAX);
  let bytes: Uint8Array = new TextEncoder().encode(head);
  let found = false;
  for (const secret of secrets) {
    const trace = Secret.traceOf(secret);
    if (trace.length === 0) continue;
    const pieces: Uint8Array[] = [];
    let from = 0;
    for (let at = 0; at + trace.length <= bytes.length; at++) {
      if (checksum(bytes, at, trace.length) !== trace.checksum) continue;
      if (trace.length < SHORT) return "[withheld: a token may be in this line]";
      pieces.push(bytes.subarray(from, at), new TextEncoder().encode(MASK));
      from = at + trace.length;
      at = from - 1;
    }
    if (from === 0) continue;
    found = true;
    bytes = concatenate([...pieces, bytes.subarray(from)]);
  }
  return found ? new TextDecoder().decode(bytes) : head;
}

function concatenate(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
