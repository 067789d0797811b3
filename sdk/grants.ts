// SPDX-License-Identifier: MIT
/**
 * Grants: what a module may do to the login. The module declares what it needs, the pam.d line gives it, the
 * shim enforces it.
 *
 * @module
 */

import type { LineType } from "./hooks.ts";
import { REFUSED_VARIABLES } from "./refused_variables.ts";
import { ITEMS, type PamItem } from "./tokens.ts";
import { LIMITS } from "./wire/schema.ts";

/**
 * An item that a module may set for later modules: any but PAM_SERVICE; see pam_set_item(3).
 *
 * @example
 * ```ts
 * import type { SettableItem } from "@pam-deno/sdk";
 *
 * const items: SettableItem[] = ["user", "rhost", "authtok_type"];
 * // @ts-expect-error PAM_SERVICE is the application's
 * const wrong: SettableItem = "service";
 * ```
 */
export type SettableItem = Exclude<PamItem, "service">;

/**
 * What a module may ask the administrator for, by the words that stand behind `grant=` on the pam.d line.
 *
 * - `prompt`: ask the person a question; see pam_conv(3)
 * - `authtok`: read the password of this transaction; `auth` and `password` lines only; see
 *   pam_get_authtok(3)
 * - `set_authtok`: set it for later modules; `auth` and `password` lines only
 * - `get_env`: read the PAM environment; see pam_getenv(3)
 * - `shadow`: read the ageing fields of shadow(5), never the hash
 * - `set_item:NAME`: set an item; see pam_set_item(3)
 * - `env:NAME`: set or delete one variable of the PAM environment, or all that start with NAME in
 *   `env:NAME*`; see pam_putenv(3)
 * - `user_file:NAME`: write or delete the file NAME of the user's own, or all that start with NAME in
 *   `user_file:NAME*`; `auth` and `session` lines only
 *
 * A grant is at most 80 bytes long (GRANT_MAX), and a line has at most 32 (GRANTS_MAX).
 *
 * @example
 * ```ts
 * import { defineModule, type Grant } from "@pam-deno/sdk";
 * import assert from "node:assert/strict";
 *
 * const words = ["prompt", "set_item:user", "env:APP_*"] as const satisfies readonly Grant[];
 * const module = defineModule({ grants: { auth: words }, authenticate: () => "ignore" });
 * assert.deepEqual(module.grants.auth, words); // grant=prompt,set_item:user,env:APP_*
 * ```
 */
export type Grant =
  | "prompt"
  | "authtok"
  | "set_authtok"
  | "get_env"
  | "shadow"
  | `set_item:${SettableItem}`
  | `env:${string}`
  | `user_file:${string}`;

/**
 * A grant that makes sense on a pam.d line of type `L`: tokens exist only while libpam runs `auth` and
 * `password` lines, and files of the user are made where a login is: on `auth` and `session` lines.
 *
 * @example
 * ```ts
 * import type { GrantOn } from "@pam-deno/sdk";
 *
 * const onPassword: GrantOn<"password">[] = ["authtok", "set_authtok", "prompt"];
 * // @ts-expect-error a session has no password
 * const onSession: GrantOn<"session"> = "authtok";
 * // @ts-expect-error account decides, and makes nothing
 * const onAccount: GrantOn<"account"> = "user_file:token";
 * ```
 */
export type GrantOn<L extends LineType> = L extends "auth" ? Grant
  : L extends "session" ? Exclude<Grant, "authtok" | "set_authtok">
  : L extends "password" ? Exclude<Grant, `user_file:${string}`>
  : Exclude<Grant, "authtok" | "set_authtok" | `user_file:${string}`>;

/**
 * The grants that a module declares, by the type of the pam.d line on which it needs them. A handler's
 * context has only what stands here, and a line that gives less makes its hooks misconfigured.
 *
 * @example
 * ```ts
 * import { defineModule, type Grants } from "@pam-deno/sdk";
 * import assert from "node:assert/strict";
 *
 * const grants = { session: ["env:KRB5CCNAME"] } as const satisfies Grants;
 * const module = defineModule({
 *   grants,
 *   openSession({ environment, user }) {
 *     environment.set("KRB5CCNAME", `FILE:/run/krb5/${user}`);
 *     return "success";
 *   },
 * });
 * assert.deepEqual(module.grants, grants);
 * ```
 */
export interface Grants {
  /** For `auth` lines: authenticate, setCredentials. */
  readonly auth?: readonly GrantOn<"auth">[];
  /** For `account` lines. */
  readonly account?: readonly GrantOn<"account">[];
  /** For `session` lines: openSession, closeSession. */
  readonly session?: readonly GrantOn<"session">[];
  /** For `password` lines: both passes of changePassword. */
  readonly password?: readonly GrantOn<"password">[];
}

/**
 * The grants of a module that declares none.
 *
 * @example
 * ```ts
 * import { defineModule, type Handler, type NoGrants, type NoOptions } from "@pam-deno/sdk";
 * import assert from "node:assert/strict";
 *
 * const account: Handler<"account", NoOptions, NoGrants> = ({ user }) => user === "root" ? "ignore" : "success";
 * assert.deepEqual(defineModule({ account }).grants, {});
 * ```
 */
export interface NoGrants extends Grants {
  /** Never there. */
  readonly "no grants"?: never;
}

/**
 * The grants that `G` declares for lines of type `L`: what the context of a helper is made of.
 *
 * @example
 * ```ts
 * import type { AuthenticateContext, Grants, GrantsOn, NoOptions } from "@pam-deno/sdk";
 *
 * const grants = { auth: ["prompt"], session: ["env:TICKET"] } as const satisfies Grants;
 * type OnAuth = GrantsOn<typeof grants, "auth">;
 *
 * function ask({ conversation }: AuthenticateContext<NoOptions, OnAuth>): Promise<string> {
 *   return conversation.prompt("Ticket: ");
 * }
 * ```
 */
export type GrantsOn<G extends Grants, L extends LineType> = G extends
  { readonly [K in L]: readonly (infer N extends Grant)[] } ? N : never;

/**
 * The type of a member whose grant the module does not declare. The argument says how to mend it; at run time
 * the member throws.
 *
 * @example
 * ```ts
 * import { defineModule } from "@pam-deno/sdk";
 * import { assertFailure, runHook } from "@pam-deno/sdk/testing";
 *
 * const module = defineModule({
 *   openSession({ environment }) {
 *     // @ts-expect-error add 'env:NAME' to grants.session in defineModule()
 *     environment.set("TICKET", "checked");
 *     return "success";
 *   },
 * });
 * assertFailure(await runHook(module, "openSession"), "threw");
 * ```
 */
export interface NotGranted<Remedy extends string> {
  /** What to change. */
  readonly "not granted": Remedy;
}

/**
 * `T` if `N` is among the declared grants `G`, else a type that names the remedy for lines of type `L`.
 *
 * @example
 * ```ts
 * import type { Granted } from "@pam-deno/sdk";
 *
 * type Ask = () => Promise<string>;
 * const ask: Granted<"prompt", "prompt" | "shadow", "auth", Ask> = () => Promise.resolve("OPS-7");
 * const remedy: Granted<"prompt", "shadow", "auth", Ask> = {
 *   "not granted": "add 'prompt' to grants.auth in defineModule()",
 * };
 * ```
 */
export type Granted<N extends string, G extends Grant, L extends LineType, T> = [N] extends [G] ? T
  : NotGranted<`add '${N}' to grants.${L} in defineModule()`>;

/** The types of pam.d lines. */
export const LINES: readonly LineType[] = ["auth", "account", "session", "password"];

/** Whether no grant can give variable `name`. */
export function isRefusedVariable(name: string): boolean {
  return REFUSED_VARIABLES.some((refused) => covers(refused, name));
}

/** Whether `pattern`, a name or a prefix with `*`, covers `name`, which may be a prefix itself. */
function covers(pattern: string, name: string): boolean {
  return pattern.endsWith("*") ? name.startsWith(pattern.slice(0, -1)) : name === pattern;
}

/** The grants that take a name with `*` behind it for a prefix. */
const PREFIXED = ["env:", "user_file:"] as const;

/** Whether one of `grants` gives `wanted`: the word itself, or a prefix of the variable or the file. */
export function gives(grants: Iterable<string>, wanted: string): boolean {
  for (const grant of grants) {
    if (grant === wanted) return true;
    if (PREFIXED.some((word) => grant.startsWith(word)) && covers(grant, wanted)) return true;
  }
  return false;
}

const PLAIN: ReadonlySet<string> = new Set(["prompt", "authtok", "set_authtok", "get_env", "shadow"]);
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*\*?$/;
const USER_FILE = /^[A-Za-z0-9][A-Za-z0-9._-]*$/;

/** Whether `name` can be the name of a user file. */
export function isUserFileName(name: string): boolean {
  return name.length <= LIMITS.USER_FILE_NAME_MAX && USER_FILE.test(name);
}

/** What is wrong with grant `grant` on lines of type `line`; `undefined` if nothing is. */
export function grantProblem(grant: unknown, line: LineType): string | undefined {
  if (typeof grant !== "string") return `grants.${line} holds a ${typeof grant}: write grants as strings`;
  const named = `grants.${line} holds "${grant}"`;
  if ((grant === "authtok" || grant === "set_authtok") && line !== "auth" && line !== "password") {
    return `${named}: tokens exist only on auth and password lines`;
  }
  if (PLAIN.has(grant)) return undefined;
  if (grant.startsWith("set_item:")) {
    const item = grant.slice("set_item:".length);
    if (Object.hasOwn(ITEMS, item) && item !== "service") return undefined;
    const names = Object.keys(ITEMS).filter((name) => name !== "service");
    return `${named}: the items that can be set are ${names.join(", ")}`;
  }
  if (grant.startsWith("user_file:")) return userFileProblem(grant.slice("user_file:".length), named, line);
  if (!grant.startsWith("env:")) {
    return `${named}: the grants are ${[...PLAIN].join(", ")}, set_item:NAME, env:NAME and user_file:NAME`;
  }
  const name = grant.slice("env:".length);
  if (!VARIABLE.test(name) || name.length > LIMITS.ENV_NAME_MAX) {
    return `${named}: write the name of a variable, with * behind it for a prefix`;
  }
  return isRefusedVariable(name) ? `${named}: this variable is refused whatever the grant` : undefined;
}

function userFileProblem(name: string, named: string, line: LineType): string | undefined {
  if (line !== "auth" && line !== "session") {
    return `${named}: user files are made on auth and session lines only`;
  }
  if (isUserFileName(name.endsWith("*") ? name.slice(0, -1) : name)) return undefined;
  return `${named}: write the name of a file, at most ${LIMITS.USER_FILE_NAME_MAX} letters, digits, ".", "_" and "-" ` +
    "(USER_FILE_NAME_MAX), the first a letter or a digit, with * behind it for a prefix";
}
