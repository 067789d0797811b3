// SPDX-License-Identifier: MIT
/**
 * The authentication tokens of the transaction: passwords.
 *
 * @module
 */

import { rangeError, typeError } from "./coded.ts";
import type { Grant, Granted } from "./grants.ts";
import type { HookState } from "./hook_state.ts";
import type { LineType } from "./hooks.ts";
import { isSecret, type Secret } from "./secret.ts";
import { clip } from "./text.ts";
import type { PamToken } from "./tokens.ts";
import { LIMITS } from "./wire/schema.ts";

/**
 * The password of the transaction; see pam_get_authtok(3).
 *
 * @example
 * ```ts
 * import { defineModule } from "@pam-deno/sdk";
 * import { assertCode, runHook } from "@pam-deno/sdk/testing";
 *
 * const module = defineModule({
 *   grants: { auth: ["authtok"] },
 *   async authenticate({ authtok, deny }) {
 *     using password = await authtok();
 *     const empty = password.use((bytes) => bytes.length === 0);
 *     return empty ? deny("auth_err", "An empty password is not enough here") : "ignore";
 *   },
 * });
 *
 * const conversation = [{ prompt: "Password: ", answer: "" }];
 * assertCode(await runHook(module, "authenticate", { conversation }), "auth_err");
 * ```
 */
export interface Authtok<G extends Grant = never, L extends LineType = LineType> {
  /**
   * Reads PAM_AUTHTOK: the password, in `changePassword` the new one. If no module before has asked for it,
   * libpam asks the person, with `prompt` (cut to 511 bytes, TEXT_MAX) or its own words. Needs the grant
   * `authtok`.
   *
   * Rejects with {@linkcode PamError} if there is none, and with a RangeError for the 65th question of a hook
   * (REQUESTS_MAX). Throws a TypeError without the grant.
   */
  readonly authtok: Granted<"authtok", G, L, (prompt?: string) => Promise<Secret>>;
  /**
   * Sets PAM_AUTHTOK for the modules behind this one, 1 to 511 octets (TOKEN_MAX) without 0; see
   * pam_set_item(3). It takes effect if the hook ends with `success` or `new_authtok_reqd`. The octets are
   * copied. Needs the grant `set_authtok`.
   *
   * Throws a TypeError without the grant, and a RangeError for a value that does not fit.
   */
  readonly setAuthtok: Granted<"set_authtok", G, L, (value: Secret | Uint8Array) => void>;
}

/**
 * The password that is to be replaced; see pam_get_authtok(3).
 *
 * @example
 * ```ts
 * import { defineModule } from "@pam-deno/sdk";
 * import { assertCode, runHook } from "@pam-deno/sdk/testing";
 *
 * const module = defineModule({
 *   grants: { password: ["authtok"] },
 *   changePassword: {
 *     async update({ authtok, oldAuthtok, deny }) {
 *       using before = await oldAuthtok();
 *       using after = await authtok();
 *       return after.equals(before) ? deny("authtok_err", "That is the old password") : "ignore";
 *     },
 *   },
 * });
 *
 * const tokens = { oldauthtok: "blue", authtok: "blue" };
 * assertCode(await runHook(module, "update", { tokens }), "authtok_err");
 * ```
 */
export interface OldAuthtok<G extends Grant = never, L extends LineType = LineType> {
  /** Reads PAM_OLDAUTHTOK: the password that is to be replaced. Otherwise like `authtok`. */
  readonly oldAuthtok: Granted<"authtok", G, L, (prompt?: string) => Promise<Secret>>;
  /** Sets PAM_OLDAUTHTOK for the modules behind this one. Otherwise like `setAuthtok`. */
  readonly setOldAuthtok: Granted<"set_authtok", G, L, (value: Secret | Uint8Array) => void>;
}

/** Makes `authtok` or `oldAuthtok` of one hook. */
export function makeGetToken(
  state: HookState,
  token: PamToken,
  what: string,
): (prompt?: string) => Promise<Secret> {
  return (prompt) => {
    state.needs("authtok", what);
    const text = prompt === undefined ? undefined : clip(String(prompt), LIMITS.TEXT_MAX);
    return state.ask(what, async () => state.secret(await state.host.caller.getToken(token, text)));
  };
}

/** Makes `setAuthtok` or `setOldAuthtok` of one hook. */
export function makeSetToken(
  state: HookState,
  token: PamToken,
  what: string,
): (value: Secret | Uint8Array) => void {
  const set = (bytes: Uint8Array): void => {
    if (bytes.length === 0 || bytes.length > LIMITS.TOKEN_MAX || bytes.includes(0)) {
      throw rangeError(
        "argument-refused",
        `${what} takes 1 to ${LIMITS.TOKEN_MAX} octets (TOKEN_MAX), none of them 0`,
      );
    }
    const tokens = state.tokens ??= new Map();
    tokens.get(token)?.fill(0);
    tokens.set(token, bytes.slice());
  };
  return (value) => {
    if (state.isLate(what)) return;
    state.needs("set_authtok", what);
    if (isSecret(value)) return value.use(set);
    if (!(value instanceof Uint8Array)) {
      throw typeError("argument-refused", `${what} takes a Secret or a Uint8Array`);
    }
    set(value);
  };
}
