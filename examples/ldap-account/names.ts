// SPDX-License-Identifier: MIT
/**
 * Names in a directory: how what a person typed is put into filters (RFC 4515) and distinguished names (RFC 4514), and when two
 * names are the same.
 *
 * @module
 */

import { Filter } from "ldapts";

/** What stands in a template for the name that the person typed. */
export const USER = "{user}";

const PLAIN = /^[A-Za-z0-9._-]$/;

/** The filter of a template: every `{user}` is the name, escaped. */
export function filterFor(template: string, user: string): string {
  return template.replaceAll(USER, () => Filter.escape(user));
}

/** A value as it stands in a distinguished name: all but plain letters, digits and `._-` as `\XX`, which is legal for every octet. */
export function escapeDnValue(value: string): string {
  return [...new TextEncoder().encode(value)].map((octet) => {
    const character = String.fromCharCode(octet);
    return PLAIN.test(character) ? character : `\\${octet.toString(16).padStart(2, "0")}`;
  }).join("");
}

/** The distinguished name of a template: every `{user}` is the name, escaped. */
export function dnFor(template: string, user: string): string {
  return template.replaceAll(USER, () => escapeDnValue(user));
}

/** A value without what does not count when a directory compares it: case, and blanks at its ends or several in a row. */
export function folded(value: string): string {
  return value.normalize("NFKC").toLowerCase().replace(/\s+/g, " ").trim();
}

/** One part of a distinguished name: its types and values, in an order and a spelling of their own. */
type Rdn = string;

/**
 * Parses a distinguished name.
 *
 * @returns Its parts, the most special first; `undefined` if it is none. Texts that name the same entry give the same parts, but for
 * types that have several names.
 */
export function parseDn(text: string): readonly Rdn[] | undefined {
  if (text.trim() === "") return [];
  const parts: Rdn[] = [];
  for (const rdn of split(text, ",")) {
    const pairs: string[] = [];
    for (const pair of split(rdn, "+")) {
      const [, type, value] = /^\s*([A-Za-z][A-Za-z0-9-]*|[0-9]+(?:\.[0-9]+)*)\s*=(.*)$/s.exec(pair) ?? [];
      const plain = value === undefined ? undefined : unescapeDnValue(value);
      if (type === undefined || plain === undefined || plain === "") return undefined;
      pairs.push(JSON.stringify([type.toLowerCase(), folded(plain)]));
    }
    parts.push(pairs.sort().join("+"));
  }
  return parts;
}

/** Splits where `separator` stands without a backslash in front of it. */
function split(text: string, separator: string): string[] {
  const parts = [""];
  for (const [piece] of text.matchAll(/\\.|[^]/gs)) {
    if (piece === separator) parts.push("");
    else parts[parts.length - 1] += piece;
  }
  return parts;
}

/** The value that an escaped one stands for, without blanks around it; `undefined` if it is malformed. */
function unescapeDnValue(value: string): string | undefined {
  const octets: number[] = [];
  const encoder = new TextEncoder();
  // A blank that counts is escaped, the last one too.
  const trimmed = value.replace(/^[ \n]+/, "").replace(/((?:^|[^\\])(?:\\\\)*(?:\\ )?)[ \n]+$/, "$1");
  for (const [piece, hex, special] of trimmed.matchAll(/\\(?:([0-9A-Fa-f]{2})|([^]))|[^]/gsu)) {
    if (hex !== undefined) octets.push(Number.parseInt(hex, 16));
    else if (special !== undefined && ' "#+,;<=>\\'.includes(special)) {
      octets.push(...encoder.encode(special));
    } else if (piece.startsWith("\\") || piece === '"' || piece === ";") return undefined;
    else octets.push(...encoder.encode(piece));
  }
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(Uint8Array.from(octets));
  } catch {
    return undefined;
  }
}

/** Whether two distinguished names mean one entry. What is no name is the same as nothing. */
export function isSameDn(one: string, other: string): boolean {
  const [left, right] = [parseDn(one), parseDn(other)];
  return left !== undefined && right !== undefined && left.length === right.length &&
    left.every((rdn, index) => rdn === right[index]);
}

/** Whether `dn` is `base` or lies below it. */
export function isWithin(dn: string, base: string): boolean {
  const [inner, outer] = [parseDn(dn), parseDn(base)];
  if (inner === undefined || outer === undefined || inner.length < outer.length) return false;
  const from = inner.length - outer.length;
  return outer.every((rdn, index) => rdn === inner[from + index]);
}

/** An attribute that has to have the user's name, with what stands around the name in its value. */
export interface Naming {
  /** The attribute. */
  readonly attribute: string;
  /** What stands in front of the name. */
  readonly before: string;
  /** What stands behind it. */
  readonly after: string;
}

/**
 * The attributes whose values a template compares with the user's name: `uid` for `(uid={user})`.
 *
 * @throws {SyntaxError} if `{user}` is missing, or stands elsewhere than in the value of an equality.
 */
export function namingsOf(template: string, kind: "filter" | "dn"): readonly Naming[] {
  const [pattern, example] = kind === "filter"
    ? [/\(([A-Za-z][\w-]*)=([^(){}*\\=]*)\{user\}([^(){}*\\=]*)(?=\))/g, "(uid={user})"]
    : [
      /(?:^|[,+])\s*([A-Za-z][\w-]*)=([^,+{}\\="]*)\{user\}([^,+{}\\="]*)(?=$|[,+])/g,
      "uid={user},ou=people",
    ];
  const namings = [...template.matchAll(pattern)].map(([, attribute = "", before = "", after = ""]) => ({
    attribute,
    before,
    after,
  }));
  if (namings.length === 0 || namings.length !== template.split(USER).length - 1) {
    throw new SyntaxError(`Cannot tell whose entry it is: write {user} as a value, as in "${example}"`);
  }
  return namings;
}
