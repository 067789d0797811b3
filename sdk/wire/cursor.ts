// SPDX-License-Identifier: MIT
/**
 * A bounds-checked reader and writer of the kinds of field, the TypeScript half of `shim/wire.c`: same checks, same order.
 *
 * @module
 */

import { WireError } from "./errors.ts";

/** Octets of a frame's length word. */
export const LENGTH_SIZE = 4;

/** Up to this many octets, making a string of ASCII by hand beats TextDecoder (measured: 60–400 ns against 400). */
const BY_HAND_MAX = 128;

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const encoder = new TextEncoder();
const fromCodes = String.fromCharCode;

/** What a string may hold: `line` refuses control characters, `text` only U+0000. */
export type StringKind = "line" | "text";

// deno-lint-ignore no-control-regex -- these are what is looked for
const CONTROL = { line: /[\u0000-\u001f\u007f]/, text: /\u0000/ } as const;

/** Makes a string of ASCII octets, eight at a time. */
function ascii(bytes: Uint8Array, start: number, end: number): string {
  let text = "";
  let i = start;
  for (; i + 8 <= end; i += 8) {
    text += fromCodes(
      bytes[i]!,
      bytes[i + 1]!,
      bytes[i + 2]!,
      bytes[i + 3]!,
      bytes[i + 4]!,
      bytes[i + 5]!,
      bytes[i + 6]!,
      bytes[i + 7]!,
    );
  }
  if (i + 4 <= end) {
    text += fromCodes(bytes[i]!, bytes[i + 1]!, bytes[i + 2]!, bytes[i + 3]!);
    i += 4;
  }
  for (; i < end; i++) text += fromCodes(bytes[i]!);
  return text;
}

/** Whether all octets are printable ASCII: such a string needs no further check, whatever its kind. */
function plain(bytes: Uint8Array, start: number, end: number): boolean {
  for (let i = start; i < end; i++) {
    const octet = bytes[i]!;
    if (octet < 0x20 || octet > 0x7e) return false;
  }
  return true;
}

function tooLong(found: number, max: number, unit: string): WireError {
  return new WireError("too_long", `${found} ${unit} are more than ${max}`);
}

/** Reads the fields of one message from the octets between `at` and the end. A failed read throws and does not move. */
export class Reader {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  #at: number;

  /** Reads `bytes` from `at` on. */
  constructor(bytes: Uint8Array, at = 0) {
    this.#bytes = bytes;
    this.#end = bytes.length;
    this.#at = at;
  }

  /** How many octets are left. */
  get left(): number {
    return this.#end - this.#at;
  }

  #take(count: number): number {
    const at = this.#at;
    if (this.#end - at < count) {
      throw new WireError("truncated", `${count} octets are wanted, ${this.#end - at} are left`);
    }
    this.#at = at + count;
    return at;
  }

  /** An octet. */
  u8(): number {
    return this.#bytes[this.#take(1)]!;
  }

  /** Two octets, unsigned. */
  u16(): number {
    const at = this.#take(2);
    return this.#bytes[at]! << 8 | this.#bytes[at + 1]!;
  }

  /** Four octets, unsigned. */
  u32(): number {
    const at = this.#take(4);
    const bytes = this.#bytes;
    return (bytes[at]! << 24 | bytes[at + 1]! << 16 | bytes[at + 2]! << 8 | bytes[at + 3]!) >>> 0;
  }

  /** Eight octets, signed, within ±(2⁵³ − 1). */
  i64(): number {
    const at = this.#at;
    const high = this.u32() | 0;
    const low = this.left < 4 ? undefined : this.u32();
    const value = low === undefined ? NaN : high * 0x1_0000_0000 + low;
    if (Number.isSafeInteger(value)) return value;
    this.#at = at;
    throw low === undefined
      ? new WireError("truncated", `8 octets are wanted, ${this.left} are left`)
      : new WireError("bad_value", "an integer beyond 2^53 - 1");
  }

  /** An octet, 0 or 1. */
  bool(): boolean {
    const octet = this.u8();
    if (octet > 1) {
      this.#at--;
      throw new WireError("bad_value", `a bool is ${octet}`);
    }
    return octet === 1;
  }

  /** An octet that has a token in `tokens`. */
  enum(tokens: readonly (string | undefined)[]): string {
    const octet = this.u8();
    const token = tokens[octet];
    if (token === undefined) {
      this.#at--;
      throw new WireError("bad_value", `no token has the number ${octet}`);
    }
    return token;
  }

  /** A version that is among `served`. */
  version(served: readonly number[]): number {
    const octet = this.u8();
    if (!served.includes(octet)) {
      this.#at--;
      throw new WireError("bad_version", `version ${octet} is not served, ${served.join(" and ")} are`);
    }
    return octet;
  }

  /** A count of at most `max`. */
  count(max: number): number {
    const count = this.u16();
    if (count > max) {
      this.#at -= 2;
      throw tooLong(count, max, "elements");
    }
    return count;
  }

  /** Moves over a u16 length of at most `max` and as many octets; gives where they end. */
  #lengthed(max: number): number {
    const at = this.#at;
    const length = this.u16();
    if (length > max || length > this.#end - this.#at) {
      const left = this.#end - this.#at;
      this.#at = at;
      throw length > max
        ? tooLong(length, max, "octets")
        : new WireError("truncated", `${length} octets are wanted, ${left} are left`);
    }
    return this.#at += length;
  }

  /** A u16 length of at most `max` octets and a string. */
  string(kind: StringKind, max: number): string {
    const start = this.#at + 2;
    const end = this.#lengthed(max);
    if (end - start <= BY_HAND_MAX && plain(this.#bytes, start, end)) return ascii(this.#bytes, start, end);
    let text: string;
    try {
      text = decoder.decode(this.#bytes.subarray(start, end));
    } catch {
      this.#at = start - 2;
      throw new WireError("bad_utf8", "a string is not well-formed UTF-8");
    }
    if (CONTROL[kind].test(text)) {
      this.#at = start - 2;
      throw new WireError(
        "bad_value",
        `a ${kind} holds ${kind === "line" ? "a control character" : "U+0000"}`,
      );
    }
    return text;
  }

  /** A u16 length of at most `max` and a copy of as many octets. */
  bytes(max: number): Uint8Array {
    const start = this.#at + 2;
    const end = this.#lengthed(max);
    return this.#bytes.slice(start, end);
  }

  /** A copy of exactly `length` octets. */
  fixed(length: number): Uint8Array {
    const at = this.#take(length);
    return this.#bytes.slice(at, at + length);
  }

  /** Throws unless all octets have been read. */
  end(): void {
    if (this.left !== 0) throw new WireError("trailing", `${this.left} octets are left over`);
  }
}

function integer(value: unknown, low: number, high: number): number {
  if (typeof value !== "number" || !Number.isInteger(value) || value < low || value > high) {
    throw new WireError("bad_value", `an integer from ${low} to ${high} is wanted`);
  }
  return value;
}

/** Writes fields into a buffer of its own that is used again and again: a frame is copied out of it, and secrets are wiped. */
export class Writer {
  readonly #bytes: Uint8Array<ArrayBuffer>;
  #at = 0;

  /** Holds frames of up to `max` octets behind the length word. */
  constructor(max: number) {
    this.#bytes = new Uint8Array(LENGTH_SIZE + max);
  }

  /** Begins a frame: leaves room for its length word and writes `tag`. */
  begin(tag: number): void {
    this.#at = LENGTH_SIZE;
    this.u8(tag);
  }

  /** Fills in the length word and gives a copy of the frame. */
  finish(): Uint8Array<ArrayBuffer> {
    const end = this.#at;
    this.#at = 0;
    this.u32(end - LENGTH_SIZE);
    this.#at = end;
    return this.#bytes.slice(0, end);
  }

  /** Overwrites what was written since `begin()`, also after an error. */
  wipe(): void {
    this.#bytes.fill(0, 0, this.#at);
  }

  #room(count: number): number {
    const at = this.#at;
    if (this.#bytes.length - at < count) {
      throw new WireError("too_long", `the frame is over ${this.#bytes.length - LENGTH_SIZE} octets`);
    }
    this.#at = at + count;
    return at;
  }

  /** An octet. */
  u8(value: unknown): void {
    const octet = integer(value, 0, 0xff);
    this.#bytes[this.#room(1)] = octet;
  }

  /** Two octets, unsigned. */
  u16(value: unknown): void {
    const number = integer(value, 0, 0xffff);
    const at = this.#room(2);
    this.#bytes[at] = number >>> 8;
    this.#bytes[at + 1] = number;
  }

  /** Four octets, unsigned. */
  u32(value: unknown): void {
    const number = integer(value, 0, 0xffff_ffff);
    const at = this.#room(4);
    const bytes = this.#bytes;
    bytes[at] = number >>> 24;
    bytes[at + 1] = number >>> 16;
    bytes[at + 2] = number >>> 8;
    bytes[at + 3] = number;
  }

  /** Eight octets, signed, within ±(2⁵³ − 1). */
  i64(value: unknown): void {
    const number = integer(value, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER);
    const high = Math.floor(number / 0x1_0000_0000);
    this.u32(high >>> 0);
    this.u32(number - high * 0x1_0000_0000);
  }

  /** An octet, 0 or 1. */
  bool(value: unknown): void {
    if (typeof value !== "boolean") throw new WireError("bad_value", "true or false is wanted");
    this.#bytes[this.#room(1)] = value ? 1 : 0;
  }

  /** The number of a token. */
  enum(numbers: ReadonlyMap<unknown, number>, token: unknown): void {
    const number = numbers.get(token);
    if (number === undefined) {
      throw new WireError("bad_value", `one of ${[...numbers.keys()].join(", ")} is wanted`);
    }
    this.#bytes[this.#room(1)] = number;
  }

  /** A version that is among `served`. */
  version(served: readonly number[], value: unknown): void {
    if (!served.includes(value as number)) {
      throw new WireError("bad_version", `one of ${served.join(", ")} is wanted`);
    }
    this.u8(value);
  }

  /** A count of at most `max`. */
  count(count: number, max: number): void {
    if (count > max) throw tooLong(count, max, "elements");
    this.u16(count);
  }

  /** A u16 length of at most `max` octets and a string. */
  string(kind: StringKind, value: unknown, max: number): void {
    if (typeof value !== "string") throw new WireError("bad_value", "a string is wanted");
    if (value.length <= BY_HAND_MAX && this.#plain(value, max)) return;
    // A UTF-16 unit takes at least one octet, so this refuses a long string before it is encoded.
    if (value.length > max) throw tooLong(value.length, max, "octets");
    const octets = encoder.encode(value);
    if (octets.length > max) throw tooLong(octets.length, max, "octets");
    if (!value.isWellFormed()) throw new WireError("bad_utf8", "a string holds half of a surrogate pair");
    if (CONTROL[kind].test(value)) {
      throw new WireError(
        "bad_value",
        `a ${kind} holds ${kind === "line" ? "a control character" : "U+0000"}`,
      );
    }
    this.#octets(octets, max);
  }

  /** Writes `value` if it is printable ASCII within `max`, else leaves no trace. */
  #plain(value: string, max: number): boolean {
    const length = value.length;
    let at = this.#at;
    if (length > max || this.#bytes.length - at < length + 2) return false;
    const bytes = this.#bytes;
    bytes[at++] = length >>> 8;
    bytes[at++] = length;
    for (let i = 0; i < length; i++) {
      const unit = value.charCodeAt(i);
      if (unit < 0x20 || unit > 0x7e) return false;
      bytes[at++] = unit;
    }
    this.#at = at;
    return true;
  }

  /** A u16 length of at most `max` and octets. */
  bytes(value: unknown, max: number): void {
    if (!(value instanceof Uint8Array)) throw new WireError("bad_value", "a Uint8Array is wanted");
    this.#octets(value, max);
  }

  #octets(value: Uint8Array, max: number): void {
    if (value.length > max) throw tooLong(value.length, max, "octets");
    this.u16(value.length);
    this.#bytes.set(value, this.#room(value.length));
  }

  /** Exactly `length` octets. */
  fixed(value: unknown, length: number): void {
    if (!(value instanceof Uint8Array) || value.length !== length) {
      throw new WireError("bad_value", `a Uint8Array of ${length} octets is wanted`);
    }
    this.#bytes.set(value, this.#room(length));
  }
}
