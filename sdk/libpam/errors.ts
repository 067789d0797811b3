// SPDX-License-Identifier: MIT
/**
 * Codes as numbers and as tokens, and the error of a call that cannot answer with a code.
 *
 * @module
 */

import { docsLink, rangeError, withCode } from "../coded.ts";
import type { ErrorCode } from "../error_codes.ts";
import { CODES, type PamCode } from "../tokens.ts";

const TOKEN_OF: readonly PamCode[] = Object.entries(CODES).reduce((tokens: PamCode[], [token, code]) => {
  tokens[code] = token as PamCode;
  return tokens;
}, []);

/**
 * The token of a number that libpam returned.
 *
 * @param code the number, 0 to 31
 * @returns the token of pam.conf(5)
 * @throws {RangeError} for a number that Linux-PAM does not define
 *
 * @example
 * ```ts
 * import { codeToken } from "@pam-deno/sdk/libpam";
 * import assert from "node:assert/strict";
 *
 * assert.equal(codeToken(6), "perm_denied");
 * assert.throws(() => codeToken(99), RangeError);
 * ```
 */
export function codeToken(code: number): PamCode {
  const token = TOKEN_OF[code];
  if (token === undefined) {
    throw rangeError(
      "libpam-misused",
      `Cannot name a return code of libpam: ${code} is not one of 0 to ${TOKEN_OF.length - 1}`,
    );
  }
  return token;
}

/**
 * A call that libpam refused and whose answer is not a code: the start of a transaction, an item, a variable.
 *
 * The service functions never throw it: what they return is their answer.
 *
 * @example
 * ```ts
 * import { LibpamError, ServiceDirectory, Transaction } from "@pam-deno/sdk/libpam";
 * import assert from "node:assert/strict";
 *
 * using services = ServiceDirectory.create();
 * assert.throws(
 *   () => Transaction.start({ service: "not-there", user: "nobody", confdir: services.path }),
 *   (error) => error instanceof LibpamError && error.code === "abort",
 * );
 * ```
 */
export class LibpamError extends Error {
  /** The name of the class. */
  override readonly name: string = "LibpamError";
  /** What libpam returned. */
  readonly code: PamCode;
  /** The function of libpam that was called, `pam_set_item`. */
  readonly call: string;
  /** The stable code of this error: `libpam-refused`. What libpam returned is in `code`. */
  readonly errorCode: ErrorCode = "libpam-refused";
  /** The address of the page about it. */
  readonly docs: string = docsLink("libpam-refused");

  /**
   * Says what was called, what came of it, and what to do.
   *
   * @param call the function of libpam
   * @param code what it returned
   * @param remedy what was asked of it, and what to do about it
   */
  constructor(call: string, code: PamCode, remedy: string) {
    super(withCode("libpam-refused", `${call}() returned '${code}': ${remedy}`));
    this.call = call;
    this.code = code;
  }
}
