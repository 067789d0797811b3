// SPDX-License-Identifier: MIT
/**
 * Texts on their way into a page. Whatever a module, a file of users or a command line says is only ever text there.
 *
 * @module
 */

import { clip, UNPRINTABLE } from "../../text.ts";

/** The longest text of somebody else's in a page, in bytes. */
const TEXT_MAX = 4_096;

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** A text without anything that nobody sees or that turns what is read; line ends stay. At most `max` bytes. */
export function visible(text: string, max: number = TEXT_MAX): string {
  return clip(text.replaceAll(/\r\n?/g, "\n"), max).replace(
    UNPRINTABLE,
    (found) => found === "\n" ? "\n" : "\ufffd",
  );
}

/** A text for a page or for a value in quotes. */
export function html(text: string, max?: number): string {
  return visible(text, max).replaceAll(/[&<>"']/g, (found) => ENTITIES[found]!);
}

/** A value for a script of the type `application/json`: nothing in it ends the script. */
export function scriptData(value: unknown): string {
  return JSON.stringify(value).replaceAll(
    /[<>&\u2028\u2029]/g,
    (found) => `\\u${found.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
