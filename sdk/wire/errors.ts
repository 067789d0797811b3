// SPDX-License-Identifier: MIT
/**
 * What can be wrong with a message.
 *
 * @module
 */

/**
 * The kinds of error, the same words in C (`wire_error_name()`), in the vectors (`expect`) and in the log.
 *
 * - `truncated`: the octets end inside a field, or a frame has no tag
 * - `trailing`: octets are left behind the last field
 * - `too_long`: a length, a count or the frame is over its limit
 * - `bad_utf8`: a string is not well-formed UTF-8
 * - `bad_tag`: no message of this version and direction has the tag
 * - `bad_value`: a value that its kind does not admit
 * - `bad_version`: the message is written in a version that is not served
 */
export const WIRE_ERROR_KINDS = [
  "truncated",
  "trailing",
  "too_long",
  "bad_utf8",
  "bad_tag",
  "bad_value",
  "bad_version",
] as const;

/** One of {@linkcode WIRE_ERROR_KINDS}. */
export type WireErrorKind = typeof WIRE_ERROR_KINDS[number];

/** A message or frame that was refused. It names the field, never the value: a value may be a secret. */
export class WireError extends Error {
  /** What is wrong, in the word that C and the vectors use. */
  readonly kind: WireErrorKind;
  readonly #detail: string;
  #path = "";

  /** Makes an error of `kind`; `detail` says what was found and what would have been right. */
  constructor(kind: WireErrorKind, detail: string) {
    super(`${kind}: ${detail}`);
    this.name = "WireError";
    this.kind = kind;
    this.#detail = detail;
  }

  /** The field in which it happened, `hook.items[2].value`; empty if the frame itself is at fault. */
  get path(): string {
    return this.#path;
  }

  /** Puts `part` in front of the path while the error travels outwards. */
  within(part: string): this {
    this.#path = this.#path === "" || this.#path.startsWith("[")
      ? part + this.#path
      : `${part}.${this.#path}`;
    this.message = `${this.kind}: ${this.#path}: ${this.#detail}`;
    return this;
  }
}
