// SPDX-License-Identifier: MIT
/**
 * What can go wrong with a server, in two classes that end with different codes.
 *
 * What somebody on the wire could bring about as well is {@linkcode Unavailable}: nobody answers, in time, who proves to be the server. What
 * the server itself says, what the administrator got wrong, and every error that is not known is {@linkcode Unusable}: the cache does not
 * stand in for it, and neither does a pam.d line that ignores `authinfo_unavail`.
 *
 * @module
 */

import { ResultCodeError } from "ldapts";
import { Broken, NotLdap } from "./frames.ts";

/** A server cannot be asked now. */
export class Unavailable extends Error {
  override readonly name = "Unavailable";
}

/** A server that answers cannot be used, or the module cannot ask it as it was told to. */
export class Unusable extends Error {
  override readonly name = "Unusable";
}

/** Result codes by which a server says that it cannot answer now: operationsError, timeLimitExceeded, busy, unavailable, other. */
const BUSY: ReadonlySet<number> = new Set([1, 3, 51, 52, 80]);
const REFERRAL = 10;
const SIZE_LIMIT = 4;
/** The result code for a name that the directory does not have. */
export const NO_SUCH_OBJECT = 32;
/** The longest text of a server or a system that is logged, in characters. */
const TEXT_MAX = 200;

/** How Deno says that an address, or the name of a host, is not granted. */
const NOT_GRANTED = /Requires net access|getaddrinfo EPERM/;
/** What does not belong into a line of the log. */
const UNREADABLE = /[\s\p{Cc}\p{Cf}]+/gu;

/** Text for the log in which braces are no placeholders. */
export function literally(text: string): string {
  return text.replaceAll(/[{}]/g, "$&$&");
}

/** An error of ldapts, of a socket or of the system, as one of the two classes. */
export function asProblem(error: unknown, doing: string): Unavailable | Unusable {
  if (error instanceof Unavailable || error instanceof Unusable) return error;
  const text = (error instanceof Error ? error.message : String(error)).replace(UNREADABLE, " ").slice(
    0,
    TEXT_MAX,
  );
  if (error instanceof ResultCodeError) {
    if (error.code === REFERRAL) {
      return new Unusable(`${doing}: it refers to another server, which is not asked`);
    }
    if (error.code === SIZE_LIMIT) {
      return new Unusable(`${doing}: its size limit cut the answer short`, { cause: error });
    }
    const Problem = BUSY.has(error.code) ? Unavailable : Unusable;
    return new Problem(`${doing}: it says ${JSON.stringify(text)}`, { cause: error });
  }
  if (error instanceof Deno.errors.NotCapable || NOT_GRANTED.test(text)) {
    return new Unusable(
      `${doing}: it is not granted: write the server under "permissions", "net" in the module's configuration`,
    );
  }
  const Problem = error instanceof Broken || error instanceof NotLdap ? Unavailable : Unusable;
  return new Problem(`${doing}: ${text}`, { cause: error });
}
