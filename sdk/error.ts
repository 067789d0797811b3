// SPDX-License-Identifier: MIT
/**
 * The error that a question ends with when libpam could not carry it out.
 *
 * @module
 */

import { docsLink } from "./coded.ts";
import type { PamCode } from "./tokens.ts";

const BRAND = Symbol.for("pam-deno.error");

/**
 * A question that libpam, or the person, did not answer: `conversation.prompt()`, `authtok()` and the
 * look-ups reject with it.
 *
 * A handler that does not catch it has thrown, and the hook ends with `service_err`; one that catches it
 * returns what it means here, often the same code. `instanceof` works on the errors of the installed runtime
 * too, although a module's bundle has its own copy of this class. See pam_conv(3), pam_get_authtok(3).
 *
 * @example
 * ```ts
 * import { defineModule, PamError } from "@pam-deno/sdk";
 * import { assertCode, runHook } from "@pam-deno/sdk/testing";
 * import assert from "node:assert/strict";
 *
 * const error = new PamError("conv_err", "nobody is there");
 * assert.ok(error instanceof PamError);
 * assert.equal(error.code, "conv_err");
 *
 * const module = defineModule({
 *   async account({ lookup }) {
 *     try {
 *       return (await lookup.passwd()) === undefined ? "user_unknown" : "success";
 *     } catch (error) {
 *       return error instanceof PamError ? "authinfo_unavail" : "system_err";
 *     }
 *   },
 * });
 * assertCode(await runHook(module, "account", { user: "alice", users: { alice: {} } }), "success");
 * ```
 */
export class PamError extends Error {
  /** The code that libpam gave, by its token. */
  readonly code: PamCode;
  /** The address of the page about what becomes of a handler that does not catch it. */
  get docs(): string {
    return docsLink("pam-error-not-caught");
  }

  /**
   * Makes the error.
   *
   * @param code The code that libpam gave.
   * @param message What could not be done.
   */
  constructor(code: PamCode, message: string) {
    super(`${message}: ${code}`);
    this.name = "PamError";
    this.code = code;
    Object.defineProperty(this, BRAND, { value: true });
  }

  /** Recognizes the errors of any copy of this class: module and runtime are two bundles. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === "object" && value !== null && BRAND in value;
  }
}
