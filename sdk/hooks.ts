// SPDX-License-Identifier: MIT
/**
 * The hooks, what each may return, what a module that leaves one undefined answers, and the code of each class of failure.
 * The shim's tables are generated from these.
 *
 * @module
 */

import type { PamCode } from "./tokens.ts";

/**
 * The hooks, numbered as on the wire. `pam_sm_chauthtok(3)` is two hooks: its preliminary pass and its update.
 *
 * @example
 * ```ts
 * import { defineModule, type Hook, HOOKS } from "@pam-deno/sdk";
 * import { runHook } from "@pam-deno/sdk/testing";
 * import assert from "node:assert/strict";
 *
 * const module = defineModule({ account: () => "success" });
 * for (const hook of Object.keys(HOOKS) as Hook[]) {
 *   assert.equal((await runHook(module, hook)).handled, hook === "account");
 * }
 * ```
 */
export const HOOKS = {
  authenticate: 1,
  setCredentials: 2,
  account: 3,
  openSession: 4,
  closeSession: 5,
  preliminary: 6,
  update: 7,
} as const;

/**
 * One forwarded call of a service function of PAM; see pam(3).
 *
 * @example
 * ```ts
 * import { type Hook, HOOKS, LINE_TYPES } from "@pam-deno/sdk";
 * import assert from "node:assert/strict";
 *
 * const hooks = Object.keys(HOOKS) as Hook[];
 * const ofSession = hooks.filter((hook) => LINE_TYPES[hook] === "session");
 * assert.deepEqual(ofSession, ["openSession", "closeSession"]);
 * ```
 */
export type Hook = keyof typeof HOOKS;

/**
 * The type of a pam.d line: the first word of pam.conf(5).
 *
 * @example
 * ```ts
 * import { LINE_TYPES, type LineType } from "@pam-deno/sdk";
 * import assert from "node:assert/strict";
 *
 * const line: LineType = LINE_TYPES.openSession;
 * assert.equal(`${line} required pam_deno.so tickets`, "session required pam_deno.so tickets");
 * ```
 */
export type LineType = "auth" | "account" | "session" | "password";

/**
 * The type of the pam.d line on which each hook is called; see pam.conf(5).
 *
 * @example
 * ```ts
 * import { defineModule, type Hook, LINE_TYPES } from "@pam-deno/sdk";
 * import assert from "node:assert/strict";
 *
 * const module = defineModule({ account: () => "ignore", openSession: () => "success" });
 * const lines = (Object.keys(module.handlers) as Hook[]).map((hook) => LINE_TYPES[hook]);
 * assert.deepEqual(lines, ["account", "session"]); // the lines that the module needs in pam.d
 * ```
 */
export const LINE_TYPES = {
  authenticate: "auth",
  setCredentials: "auth",
  account: "account",
  openSession: "session",
  closeSession: "session",
  preliminary: "password",
  update: "password",
} as const satisfies Record<Hook, LineType>;

/**
 * Codes that any hook may return, by their tokens in pam.conf(5). {@linkcode HOOK_CODES} has those of one hook.
 *
 * @example
 * ```ts
 * import { type Code, COMMON_CODES } from "@pam-deno/sdk";
 * import assert from "node:assert/strict";
 *
 * const unsure: Code<"closeSession"> = "ignore"; // legal everywhere
 * assert.ok(COMMON_CODES.includes(unsure));
 * ```
 */
export const COMMON_CODES = [
  "success",
  "ignore",
  "perm_denied",
  "user_unknown",
  "authinfo_unavail",
  "conv_err",
  "service_err",
  "system_err",
  "buf_err",
] as const satisfies readonly PamCode[];

/**
 * Codes that a hook may return beside the common ones.
 *
 * @example
 * ```ts
 * import { COMMON_CODES, HOOK_CODES } from "@pam-deno/sdk";
 * import assert from "node:assert/strict";
 *
 * const codes: readonly string[] = [...COMMON_CODES, ...HOOK_CODES.account];
 * assert.ok(codes.includes("acct_expired"));
 * assert.ok(!codes.includes("session_err"));
 * ```
 */
export const HOOK_CODES = {
  /** pam_sm_authenticate(3) */
  authenticate: ["auth_err", "cred_insufficient", "maxtries"],
  /** pam_sm_setcred(3) */
  setCredentials: ["cred_unavail", "cred_expired", "cred_err"],
  /** pam_sm_acct_mgmt(3) */
  account: ["acct_expired", "auth_err", "new_authtok_reqd"],
  /** pam_sm_open_session(3) */
  openSession: ["session_err"],
  /** pam_sm_close_session(3) */
  closeSession: ["session_err"],
  /** pam_sm_chauthtok(3) with PAM_PRELIM_CHECK */
  preliminary: ["try_again", "authtok_lock_busy", "authtok_err"],
  /** pam_sm_chauthtok(3) with PAM_UPDATE_AUTHTOK */
  update: ["authtok_err", "authtok_recover_err", "authtok_lock_busy", "authtok_disable_aging"],
} as const satisfies Record<Hook, readonly PamCode[]>;

/**
 * Every code that is legal for hook `H`. What each means stands in the man page of the hook's service function,
 * pam_sm_acct_mgmt(3) for `account`.
 *
 * @example
 * ```ts
 * import type { Code } from "@pam-deno/sdk";
 *
 * const answers: Code<"account">[] = ["success", "perm_denied", "acct_expired"];
 * // @ts-expect-error it belongs to openSession and closeSession
 * const wrong: Code<"account"> = "session_err";
 * ```
 */
export type Code<H extends Hook = Hook> = typeof COMMON_CODES[number] | typeof HOOK_CODES[H][number];

/** What a hook that the module does not define answers: `then` if the module defines `with`, else `ignore`. */
export const UNDEFINED_HOOKS = {
  setCredentials: { with: "authenticate", then: "success" },
  closeSession: { with: "openSession", then: "success" },
  preliminary: { with: "update", then: "success" },
} as const satisfies Partial<Record<Hook, { readonly with: Hook; readonly then: PamCode }>>;

const SAME = (code: PamCode): Record<Hook, PamCode> => ({
  authenticate: code,
  setCredentials: code,
  account: code,
  openSession: code,
  closeSession: code,
  preliminary: code,
  update: code,
});

/**
 * A class of failure: why a hook ended with a code that is not the module's. The system log has the class, and
 * PROTOCOL.md the code of each class in each hook.
 *
 * @example
 * ```ts
 * import { defineModule } from "@pam-deno/sdk";
 * import { type FailureClass, runHook } from "@pam-deno/sdk/testing";
 * import assert from "node:assert/strict";
 *
 * const expected: FailureClass = "misconfigured";
 * const module = defineModule({ grants: { account: ["shadow"] }, account: () => "ignore" });
 * const seen = await runHook(module, "account", { grants: { account: [] } });
 * assert.equal(seen.failure, expected); // the pam.d line lacks grant=shadow
 * ```
 */
export type FailureClass = "unreachable" | "broken_off" | "threw" | "protocol" | "misconfigured" | "starved";

/**
 * The code of each class of failure for each hook. `authinfo_unavail` never means overload, and none is
 * `session_err`: sudo runs the command after it.
 */
export const FAILURES: Readonly<Record<FailureClass, Readonly<Record<Hook, PamCode>>>> = {
  /** No connection could be made. */
  unreachable: {
    authenticate: "authinfo_unavail",
    setCredentials: "cred_unavail",
    account: "authinfo_unavail",
    openSession: "authinfo_unavail",
    closeSession: "authinfo_unavail",
    preliminary: "try_again",
    update: "authtok_err",
  },
  /** EOF, reset, deadline, busy, or no common version. */
  broken_off: {
    authenticate: "service_err",
    setCredentials: "cred_err",
    account: "service_err",
    openSession: "service_err",
    closeSession: "service_err",
    preliminary: "try_again",
    update: "authtok_err",
  },
  /** The handler threw, rejected, or returned nothing. */
  threw: SAME("service_err"),
  /** Malformed, over a limit, an illegal code, or beyond the grants. */
  protocol: SAME("system_err"),
  /** The pam.d line, an unknown module, grants, the module's options, or a place with the wrong owner. */
  misconfigured: SAME("service_err"),
  /** EMFILE, ENFILE or ENOMEM in the application. */
  starved: SAME("buf_err"),
};
