// SPDX-License-Identifier: MIT
/**
 * Puts the code and the link to its page behind the text of an error: ` [CODE] LINK`, the same form everywhere.
 *
 * @module
 */

import type { ErrorCode } from "./error_codes.ts";
import { line } from "./text.ts";
import { PAM_DENO_VERSION } from "./version.ts";

/** Where JSR shows the files of the published package, each version for itself. */
const PAGES = `https://jsr.io/@pam-deno/sdk/${PAM_DENO_VERSION}/docs/errors/`;

/** The address of the page of a code. */
export function docsLink(code: ErrorCode): string {
  return `${PAGES}${code}.md`;
}

/** `[CODE] LINK`. */
export function see(code: ErrorCode): string {
  return `[${code}] ${docsLink(code)}`;
}

/** `text` with its code and link behind it. With `max`, a line of at most so many bytes, of which the text is cut, not the code. */
export function withCode(code: ErrorCode, text: string, max?: number): string {
  const behind = ` ${see(code)}`;
  return (max === undefined ? text : line(text, max - behind.length)) + behind;
}

/** A text that was taken apart. */
export interface SplitText {
  /** What stands in front of the code. */
  readonly text: string;
  /** The code; `undefined` if there is none. */
  readonly code: ErrorCode | undefined;
  /** The link as it stood there, which may be of another version. */
  readonly docs: string | undefined;
}

/** What {@linkcode withCode} puts behind a text. Another copy of the SDK, of another version, may have done so. */
const BEHIND =
  / \[([a-z]+(?:-[a-z]+)*)\] (https:\/\/jsr\.io\/@pam-deno\/sdk\/[^\s/]{1,40}\/docs\/errors\/\1\.md)/;
const AT_END = new RegExp(`${BEHIND.source}$`);

/** Takes the code and the link off the end of a text. */
export function splitCode(text: string): SplitText {
  const found = AT_END.exec(text);
  if (found === null) return { text, code: undefined, docs: undefined };
  return { text: text.slice(0, found.index), code: found[1] as ErrorCode, docs: found[2] };
}

/** The code that stands somewhere in `text`, the first of several. */
export function codeIn(text: string): ErrorCode | undefined {
  return BEHIND.exec(text)?.[1] as ErrorCode | undefined;
}

/** What every error of the SDK has besides its message, which ends with both. */
export interface Coded {
  /** The stable code of what went wrong. */
  readonly errorCode: ErrorCode;
  /** The address of the page about it. */
  readonly docs: string;
}

function coded<E extends Error>(error: E, code: ErrorCode): E & Coded {
  // Not enumerable: whoever prints the error has read both in its message.
  return Object.defineProperties(error, { errorCode: { value: code }, docs: { value: docsLink(code) } }) as
    & E
    & Coded;
}

/** An error about a value of the wrong kind, or a thing that is not to be done. */
export function typeError(code: ErrorCode, message: string): TypeError & Coded {
  return coded(new TypeError(withCode(code, message)), code);
}

/** An error about a value out of its range. */
export function rangeError(code: ErrorCode, message: string): RangeError & Coded {
  return coded(new RangeError(withCode(code, message)), code);
}

/** An error about anything else. */
export function plainError(code: ErrorCode, message: string, options?: ErrorOptions): Error & Coded {
  return coded(new Error(withCode(code, message), options), code);
}
