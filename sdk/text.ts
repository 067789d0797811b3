// SPDX-License-Identifier: MIT
/**
 * Strings on their way out: cut visibly at a limit in bytes of UTF-8, never inside a character.
 *
 * @module
 */

const ELLIPSIS = "…";
const ELLIPSIS_BYTES = 3;

function byteLengthOf(codePoint: number): number {
  if (codePoint < 0x80) return 1;
  if (codePoint < 0x800) return 2;
  return codePoint < 0x10000 ? 3 : 4;
}

/** The length of `text` in bytes of UTF-8. */
export function byteLength(text: string): number {
  let bytes = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.codePointAt(i)!;
    bytes += byteLengthOf(unit);
    if (unit > 0xffff) i++;
  }
  return bytes;
}

/** `text` well-formed, without U+0000, and in at most `max` bytes; what was cut shows as "…". */
export function clip(text: string, max: number): string {
  // A text of more than max characters has more than max bytes: a huge one is cut before anything walks it.
  const head = (text.length > max ? text.slice(0, max + 1) : text).toWellFormed();
  const clean = head.includes("\0") ? head.replaceAll("\0", "�") : head;
  if (text.length <= max && (clean.length * 3 <= max || byteLength(clean) <= max)) return clean;
  let bytes = 0;
  let end = 0;
  for (const character of clean) {
    bytes += byteLengthOf(character.codePointAt(0)!);
    if (bytes > max - ELLIPSIS_BYTES) break;
    end += character.length;
  }
  return clean.slice(0, end) + ELLIPSIS;
}

/**
 * Controls, line and paragraph separators, and what turns the direction of writing: none may reach a log line or a terminal. For
 * replacing: it finds all of them.
 */
export const UNPRINTABLE: RegExp = /[\p{Cc}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;
// Looks behind, or a long run of blanks without an end of line would be walked from each of them.
const LINE_END = /(?<!\s)\s*[\r\n]\s*/gu;

/** `text` as one line of at most `max` bytes: line ends become " | ", other unprintable characters "?". */
export function line(text: string, max: number): string {
  const head = text.length > max * 2 ? text.slice(0, max * 2) : text;
  return clip(head.trim().replace(LINE_END, " | ").replace(UNPRINTABLE, "?"), max);
}

/** Whether `text` can travel as a `line`: well-formed and without control characters. */
export function isLine(text: string): boolean {
  // deno-lint-ignore no-control-regex
  return text.isWellFormed() && !/[\x00-\x1f\x7f]/u.test(text);
}
