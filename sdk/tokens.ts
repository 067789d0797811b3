// SPDX-License-Identifier: MIT
/**
 * The words of PAM: one table each for return codes, items, flags and message styles, with libpam's own tokens and numbers.
 *
 * The tokens of the codes are those of the `[value=action]` syntax of pam.conf(5), so that a handler returns the word which
 * the administrator writes in pam.d and reads in the log.
 *
 * @module
 */

/**
 * Every return code of Linux-PAM, by its token in pam.conf(5); pam(3) has their meaning. Mind `authtok_recover_err`:
 * the macro is `PAM_AUTHTOK_RECOVERY_ERR`.
 *
 * @example
 * ```ts
 * import { CODES } from "@pam-deno/sdk";
 * import assert from "node:assert/strict";
 *
 * assert.equal(CODES.perm_denied, 6); // what libpam gets for the token that a handler returns
 * assert.equal(Object.keys(CODES).length, 32);
 * ```
 */
export const CODES = {
  success: 0,
  open_err: 1,
  symbol_err: 2,
  service_err: 3,
  system_err: 4,
  buf_err: 5,
  perm_denied: 6,
  auth_err: 7,
  cred_insufficient: 8,
  authinfo_unavail: 9,
  user_unknown: 10,
  maxtries: 11,
  new_authtok_reqd: 12,
  acct_expired: 13,
  session_err: 14,
  cred_unavail: 15,
  cred_expired: 16,
  cred_err: 17,
  no_module_data: 18,
  conv_err: 19,
  authtok_err: 20,
  authtok_recover_err: 21,
  authtok_lock_busy: 22,
  authtok_disable_aging: 23,
  try_again: 24,
  ignore: 25,
  abort: 26,
  authtok_expired: 27,
  module_unknown: 28,
  bad_item: 29,
  conv_again: 30,
  incomplete: 31,
} as const;

/**
 * The token of a return code in pam.conf(5), `"perm_denied"` for `PAM_PERM_DENIED`.
 *
 * @example
 * ```ts
 * import { CODES, type PamCode } from "@pam-deno/sdk";
 * import assert from "node:assert/strict";
 *
 * const code: PamCode = "perm_denied";
 * assert.equal(`PAM_${code.toUpperCase()} = ${CODES[code]}`, "PAM_PERM_DENIED = 6");
 * ```
 */
export type PamCode = keyof typeof CODES;

/**
 * Items that travel as text, with libpam's numbers; see pam_get_item(3). Tokens are in {@linkcode TOKENS}.
 *
 * @example
 * ```ts
 * import { ITEMS } from "@pam-deno/sdk";
 * import assert from "node:assert/strict";
 *
 * assert.equal(ITEMS.rhost, 4); // PAM_RHOST
 * assert.ok(!("authtok" in ITEMS)); // it is in TOKENS
 * ```
 */
export const ITEMS = {
  service: 1,
  user: 2,
  tty: 3,
  rhost: 4,
  ruser: 8,
  user_prompt: 9,
  xdisplay: 11,
  authtok_type: 13,
} as const;

/**
 * The name of an item that travels as text, `"rhost"` for `PAM_RHOST`; see pam_get_item(3).
 *
 * @example
 * ```ts
 * import { defineModule, type PamItem } from "@pam-deno/sdk";
 * import { runHook } from "@pam-deno/sdk/testing";
 * import assert from "node:assert/strict";
 *
 * const items: Partial<Record<PamItem, string>> = { rhost: "203.0.113.7", tty: "ssh" };
 * const module = defineModule({ account: ({ items }) => items.tty === "ssh" ? "success" : "ignore" });
 * assert.equal((await runHook(module, "account", { items })).code, "success");
 * ```
 */
export type PamItem = keyof typeof ITEMS;

/**
 * Authentication tokens, with libpam's item numbers; see pam_get_authtok(3).
 *
 * @example
 * ```ts
 * import { TOKENS } from "@pam-deno/sdk";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(TOKENS, { authtok: 6, oldauthtok: 7 }); // PAM_AUTHTOK, PAM_OLDAUTHTOK
 * ```
 */
export const TOKENS = {
  authtok: 6,
  oldauthtok: 7,
} as const;

/**
 * The name of an authentication token: the new (or only) one, or the one to be replaced; see pam_get_authtok(3).
 *
 * @example
 * ```ts
 * import { defineModule } from "@pam-deno/sdk";
 * import { type PamToken, runHook } from "@pam-deno/sdk/testing";
 * import assert from "node:assert/strict";
 *
 * const octets = new TextEncoder().encode("blue");
 * const module = defineModule({
 *   grants: { auth: ["set_authtok"] },
 *   authenticate({ setAuthtok }) {
 *     setAuthtok(octets);
 *     return "success";
 *   },
 * });
 * const expected: PamToken[] = ["authtok"];
 * assert.deepEqual((await runHook(module, "authenticate")).tokens, expected);
 * ```
 */
export type PamToken = keyof typeof TOKENS;

/**
 * Message styles of a conversation; see pam_conv(3).
 *
 * @example
 * ```ts
 * import { STYLES } from "@pam-deno/sdk";
 * import assert from "node:assert/strict";
 *
 * assert.equal(STYLES.prompt_echo_off, 1); // PAM_PROMPT_ECHO_OFF: the answer is hidden
 * assert.equal(STYLES.text_info, 4); // PAM_TEXT_INFO: nothing is asked
 * ```
 */
export const STYLES = {
  prompt_echo_off: 1,
  prompt_echo_on: 2,
  error_msg: 3,
  text_info: 4,
} as const;

/**
 * The style of a message in a conversation, `"text_info"` for `PAM_TEXT_INFO`; see pam_conv(3).
 *
 * @example
 * ```ts
 * import { defineModule } from "@pam-deno/sdk";
 * import { type PamStyle, runHook } from "@pam-deno/sdk/testing";
 * import assert from "node:assert/strict";
 *
 * const style: PamStyle = "error_msg"; // that of a refusal's text
 * const module = defineModule({ account: ({ deny }) => deny("perm_denied", "Not today") });
 * assert.deepEqual((await runHook(module, "account")).shown, [{ style, text: "Not today" }]);
 * ```
 */
export type PamStyle = keyof typeof STYLES;

/**
 * Flags of the service functions, as the bits that libpam takes. Which mean something differs from hook to hook; see
 * pam_sm_setcred(3), pam_sm_chauthtok(3).
 *
 * @example
 * ```ts
 * import { FLAGS } from "@pam-deno/sdk";
 * import assert from "node:assert/strict";
 *
 * assert.equal(FLAGS.silent, 0x8000); // PAM_SILENT
 * assert.equal(FLAGS.establish_cred | FLAGS.silent, 0x8002); // as an application calls pam_setcred(3)
 * ```
 */
export const FLAGS = {
  silent: 0x8000,
  disallow_null_authtok: 0x1,
  establish_cred: 0x2,
  delete_cred: 0x4,
  reinitialize_cred: 0x8,
  refresh_cred: 0x10,
  change_expired_authtok: 0x20,
  update_authtok: 0x2000,
  prelim_check: 0x4000,
} as const;

/** The name of a flag. */
export type PamFlag = keyof typeof FLAGS;
