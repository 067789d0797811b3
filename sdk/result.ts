// SPDX-License-Identifier: MIT
/**
 * What a handler answers: a code by libpam's token, or a refusal with a text, made by `deny`.
 *
 * @module
 */

import { typeError } from "./coded.ts";
import { type Code, COMMON_CODES, type Hook, HOOK_CODES, HOOKS } from "./hooks.ts";
import type { HookState } from "./hook_state.ts";
import { clip } from "./text.ts";
import type { PamCode } from "./tokens.ts";
import { LIMITS } from "./wire/schema.ts";

/**
 * A code of hook `H` that refuses: what `deny` takes.
 *
 * @example
 * ```ts
 * import type { RefusalCode } from "@pam-deno/sdk";
 *
 * const codes: RefusalCode<"account">[] = ["perm_denied", "acct_expired"];
 * // @ts-expect-error it refuses nothing
 * const wrong: RefusalCode<"account"> = "success";
 * ```
 */
export type RefusalCode<H extends Hook = Hook> = Exclude<Code<H>, "success" | "ignore" | "new_authtok_reqd">;

/**
 * What `deny` makes. It decides nothing until the handler returns it.
 *
 * @example
 * ```ts
 * import { defineModule, type Denial, type Deny } from "@pam-deno/sdk";
 * import { assertShown, runHook } from "@pam-deno/sdk/testing";
 *
 * const closed = (deny: Deny<"account">): Denial<"account"> => deny("perm_denied", "Closed until 08:00");
 * const module = defineModule({ account: ({ deny }) => closed(deny) });
 * assertShown(await runHook(module, "account"), "Closed until 08:00");
 * ```
 */
export interface Denial<H extends Hook = Hook> {
  /** The code that the hook ends with. */
  readonly code: RefusalCode<H>;
  /** The text for the person. */
  readonly message: string;
}

/**
 * What a handler of hook `H` returns: a code that is legal for the hook, by its token in pam.conf(5), or the
 * value of `deny`.
 *
 * @example
 * ```ts
 * import type { Result } from "@pam-deno/sdk";
 *
 * const results: Result<"account">[] = ["success", "ignore", "acct_expired", "new_authtok_reqd"];
 * ```
 */
export type Result<H extends Hook> = Code<H> | Denial<H>;

/**
 * Refuses with a code and a text for the person, shown as an error message. Must be returned: a handler that
 * called it and returned something else, or threw it, ends with `service_err`.
 *
 * The text is cut to 511 bytes of UTF-8 (TEXT_MAX), is dropped under PAM_SILENT, and may be shown late or
 * never: applications differ.
 *
 * Throws a TypeError if the code is not one that refuses in this hook.
 *
 * @example
 * ```ts
 * import { defineModule } from "@pam-deno/sdk";
 * import { assertCode, assertShown, runHook } from "@pam-deno/sdk/testing";
 *
 * const module = defineModule({
 *   account: ({ user, deny }) => user === "guest" ? deny("perm_denied", "No guests here") : "ignore",
 * });
 *
 * const refused = await runHook(module, "account", { user: "guest" });
 * assertCode(refused, "perm_denied");
 * assertShown(refused, "No guests here");
 * ```
 */
export type Deny<H extends Hook> = (code: RefusalCode<H>, message: string) => Denial<H>;

const LEGAL = Object.fromEntries(
  Object.keys(HOOKS).map((hook) => [hook, new Set<string>([...COMMON_CODES, ...HOOK_CODES[hook as Hook]])]),
) as unknown as Readonly<Record<Hook, ReadonlySet<string>>>;

/** Whether hook `hook` may return `code`. */
export function isLegal(hook: Hook, code: string): code is PamCode {
  return LEGAL[hook].has(code);
}

/** The codes that hook `hook` may return, its own first. */
export function legalCodes(hook: Hook): readonly string[] {
  return [...HOOK_CODES[hook], ...COMMON_CODES];
}

/** Whether `code` refuses: a message may go with it, and items, environment and tokens do not. */
export function isRefusal(code: string): boolean {
  return code !== "success" && code !== "ignore" && code !== "new_authtok_reqd";
}

const denials = new WeakSet<object>();

/** Whether any hook's `deny` made `value`. */
export function isDenial(value: object): boolean {
  return denials.has(value);
}

/** Makes the `deny` of one hook. */
export function makeDeny(state: HookState): Deny<Hook> {
  return (code, message) => {
    const { hook } = state.message;
    if (!isRefusal(code) || !isLegal(hook, code)) {
      const codes = legalCodes(hook).filter(isRefusal).map((legal) => `"${legal}"`).join(", ");
      throw typeError(
        "deny-takes-refusals",
        `deny() does not take ${JSON.stringify(code)} in ${hook}: it takes ${codes}`,
      );
    }
    const denial: Denial = Object.freeze({ code, message: clip(String(message), LIMITS.TEXT_MAX) });
    denials.add(denial);
    state.denials.push(denial);
    return denial;
  };
}
