// SPDX-License-Identifier: MIT
/**
 * Which new passwords are good enough. It knows no clock, no file and no PAM, so that a test is a line.
 *
 * It works on octets, which are wiped after use, as far as it can: a text of JavaScript cannot be wiped.
 *
 * @module
 */

/** What is demanded of a password. */
export interface Demands {
  /** The fewest characters. */
  readonly length: number;
  /** The fewest different characters. */
  readonly different: number;
}

/** What is wrong with a password: what the person reads, with nothing of the password in it. */
export type Fault = `Your new password ${string}`;

/** The octets of a character of UTF-8 behind its first begin with the bits 10. */
const isFirst = (octet: number) => (octet & 0xc0) !== 0x80;

/** The octet of a letter of ASCII in lower case; others as they are. */
const lower = (octet: number) => octet >= 0x41 && octet <= 0x5a ? octet | 0x20 : octet;

/** Whether `part` is in `whole`, whatever the case of the letters; an empty part is in nothing. */
export function contains(whole: Uint8Array, part: Uint8Array): boolean {
  if (part.length === 0) return false;
  for (let start = 0; start + part.length <= whole.length; start++) {
    if (part.every((octet, i) => lower(octet) === lower(whole[start + i] ?? 0))) return true;
  }
  return false;
}

/** What is wrong with a new password; `undefined` if it is good enough. */
export function faultOf(
  password: Uint8Array,
  { user, demands }: { readonly user: string; readonly demands: Demands },
): Fault | undefined {
  const characters = password.reduce((count, octet) => count + (isFirst(octet) ? 1 : 0), 0);
  if (characters < demands.length) return `Your new password needs at least ${demands.length} characters`;
  if (new Set(password).size < demands.different) {
    return `Your new password needs at least ${demands.different} different characters`;
  }
  if (contains(password, new TextEncoder().encode(user))) return "Your new password has your name in it";
  return undefined;
}
