// SPDX-License-Identifier: MIT
/**
 * The definition of a module: its options, what it needs, and its handlers.
 *
 * @module
 */

import { typeError } from "./coded.ts";
import type { ContextOf } from "./context.ts";
import type { ErrorCode } from "./error_codes.ts";
import { grantProblem, type Grants, type GrantsOn, LINES, type NoGrants } from "./grants.ts";
import { type Hook, HOOKS, type LINE_TYPES } from "./hooks.ts";
import { suggestion } from "./nearest.ts";
import type { NoOptions, OptionsAreWords } from "./options.ts";
import { type Permissions, permissionsProblem } from "./permissions.ts";
import type { Result } from "./result.ts";
import { isStandardSchema, type StandardSchema } from "./standard_schema.ts";

/**
 * The handler of hook `H` in a module with options `O` and grants `G`: takes the hook's context and returns a
 * code or a denial, or a promise of one. A handler throws only when it is broken: then the hook ends with
 * `service_err` and has no effect.
 *
 * @example
 * ```ts
 * import { defineModule, type Handler } from "@pam-deno/sdk";
 *
 * const account: Handler<"account"> = ({ user }) => user === "root" ? "ignore" : "success";
 * export default defineModule({ account });
 * ```
 */
export type Handler<H extends Hook, O = NoOptions, G extends Grants = NoGrants, L extends string = never> = (
  context: ContextOf<O, GrantsOn<G, typeof LINE_TYPES[H]>>[H],
) => Result<H> | Promise<Result<H>> | NoInfer<L>;

/**
 * The two handlers of pam_sm_chauthtok(3). A `password` line should stand before pam_unix's: behind it, the
 * password has changed.
 *
 * @example
 * ```ts
 * import { type ChangePassword, defineModule, type NoGrants, type NoOptions } from "@pam-deno/sdk";
 * import { assertCode, runHook } from "@pam-deno/sdk/testing";
 *
 * const changePassword: ChangePassword<NoOptions, NoGrants> = {
 *   update: ({ privileged, deny }) => privileged ? "ignore" : deny("authtok_err", "Ask the help desk"),
 * };
 * const module = defineModule({ changePassword });
 * assertCode(await runHook(module, "update", { uid: 1000 }), "authtok_err");
 * ```
 */
export interface ChangePassword<O, G extends Grants, L extends string = never> {
  /**
   * The first pass, PAM_PRELIM_CHECK: whether the change can be made. Must change and consume nothing. Left
   * out, it succeeds.
   */
  readonly preliminary?: Handler<"preliminary", O, G, L>;
  /** The second pass, PAM_UPDATE_AUTHTOK: makes the change. */
  readonly update: Handler<"update", O, G, L>;
}

/**
 * What defineModule() takes: `O` are the options as handlers see them, `I` as the validator takes them, `G`
 * the grants.
 *
 * @example
 * ```ts
 * import { type Definition, defineModule, type NoGrants, type NoOptions, type PamModule } from "@pam-deno/sdk";
 * import { assertCode, runHook } from "@pam-deno/sdk/testing";
 *
 * // Makes a module that lets in whom `admits` names.
 * function gate(admits: (user: string) => boolean): PamModule {
 *   const definition: Definition<NoOptions, unknown, NoGrants> = {
 *     account: ({ user }) => admits(user) ? "success" : "perm_denied",
 *   };
 *   return defineModule(definition);
 * }
 * assertCode(await runHook(gate((user) => user === "alice"), "account", { user: "bob" }), "perm_denied");
 * ```
 */
export interface Definition<O, I, G extends Grants, L extends string = never> {
  /** Validates the options: any validator that follows Standard Schema. Left out, the module takes none. */
  readonly options?: StandardSchema<I, O>;
  /** What it needs from the login, by the type of the pam.d line. */
  readonly grants?: G;
  /** What it needs from the machine. */
  readonly permissions?: Permissions<NoInfer<I>>;
  /** Authenticates the user; see pam_sm_authenticate(3). */
  readonly authenticate?: Handler<"authenticate", O, G, L>;
  /** Sets the user's credentials; see pam_sm_setcred(3). Left out, it succeeds if there is `authenticate`. */
  readonly setCredentials?: Handler<"setCredentials", O, G, L>;
  /** Decides whether the user may log in here and now; see pam_sm_acct_mgmt(3). */
  readonly account?: Handler<"account", O, G, L>;
  /** Opens a session; see pam_sm_open_session(3). */
  readonly openSession?: Handler<"openSession", O, G, L>;
  /** Closes a session; see pam_sm_close_session(3). Left out, it succeeds if there is `openSession`. */
  readonly closeSession?: Handler<"closeSession", O, G, L>;
  /** Changes the password; see pam_sm_chauthtok(3). */
  readonly changePassword?: ChangePassword<O, G, L>;
}

/**
 * The format of {@linkcode PamModule}: a runtime that does not know it says so.
 *
 * @example
 * ```ts
 * import { defineModule, type MODULE_FORMAT } from "@pam-deno/sdk";
 * import assert from "node:assert/strict";
 *
 * const format: typeof MODULE_FORMAT = 1;
 * assert.equal(defineModule({ account: () => "ignore" }).pamModule, format);
 * ```
 */
export const MODULE_FORMAT = 1;

/**
 * A module as defineModule() makes it: a frozen, plain object, the default export of the module's file. It
 * has no name: the name is the administrator's.
 *
 * @example
 * ```ts
 * import { defineModule, type PamModule } from "@pam-deno/sdk";
 * import assert from "node:assert/strict";
 *
 * const module: PamModule = defineModule({ account: () => "ignore" });
 * assert.deepEqual(Object.keys(module.handlers), ["account"]);
 * ```
 */
export interface PamModule {
  /** The format of this object. */
  readonly pamModule: typeof MODULE_FORMAT;
  /** Validates the options. */
  readonly options: StandardSchema | undefined;
  /** What it needs from the login. */
  readonly grants: Grants;
  /** What it needs from the machine. */
  readonly permissions: Permissions;
  /** Its handlers, by hook. */
  readonly handlers: { readonly [H in Hook]?: (context: never) => unknown };
}

const TOP = ["authenticate", "setCredentials", "account", "openSession", "closeSession"] as const;
const KEYS: readonly string[] = ["options", "grants", "permissions", ...TOP, "changePassword"];
const PASSES: readonly string[] = ["preliminary", "update"];

function fail(code: ErrorCode, problem: string): never {
  throw typeError(code, `defineModule(): ${problem}`);
}

function checkKeys(where: string, value: object, known: readonly string[]): void {
  for (const key of Object.keys(value)) {
    if (known.includes(key)) continue;
    const near = suggestion(key, known);
    fail(
      "definition-invalid",
      `${where} has "${key}"${near === "" ? `: it takes ${known.join(", ")}` : near}`,
    );
  }
}

function checkNeeds({ options, grants = {}, permissions = {} }: Partial<PamModule>): void {
  if (options !== undefined && !isStandardSchema(options)) {
    fail(
      "options-schema-invalid",
      "options must be a validator that follows Standard Schema: one of valibot, zod or arktype",
    );
  }
  if (typeof grants !== "object" || grants === null) {
    fail("grants-invalid", 'grants must be an object, such as { auth: ["prompt"] }');
  }
  checkKeys("grants", grants, LINES);
  for (const line of LINES) {
    const list: readonly unknown[] = grants[line] ?? [];
    if (!Array.isArray(list)) fail("grants-invalid", `grants.${line} must be a list`);
    const problem = list.map((grant) => grantProblem(grant, line)).find((found) => found !== undefined);
    if (problem !== undefined) fail("grants-invalid", problem);
  }
  const problem = permissionsProblem(permissions);
  if (problem !== undefined) fail("permissions-invalid", problem);
}

function frozenLists<T extends object>(lists: T): T {
  const entries = Object.entries(lists).map(([key, list]) => [key, Object.freeze([...list as unknown[]])]);
  return Object.freeze(Object.fromEntries(entries)) as T;
}

function handlersOf(definition: Definition<never, never, Grants>): PamModule["handlers"] {
  const { changePassword } = definition;
  if (changePassword !== undefined) {
    if (typeof changePassword !== "object" || changePassword === null) {
      fail("definition-invalid", "changePassword must be an object with the handlers preliminary and update");
    }
    checkKeys("changePassword", changePassword, PASSES);
    if (changePassword.update === undefined) {
      fail("definition-invalid", "changePassword has no update: it is the pass that changes");
    }
  }
  const all = { ...definition, ...changePassword } as unknown as Record<string, unknown>;
  const defined = Object.keys(HOOKS).filter((hook) => all[hook] !== undefined);
  for (const hook of defined) {
    if (typeof all[hook] !== "function") {
      fail("handler-invalid", `${hook} must be a function, not ${typeof all[hook]}`);
    }
  }
  if (defined.length === 0) {
    fail("no-handler", `there is no handler: define at least one of ${TOP.join(", ")}, changePassword`);
  }
  return Object.freeze(Object.fromEntries(defined.map((hook) => [hook, all[hook]]))) as PamModule["handlers"];
}

/**
 * Defines a module. Its handlers are typed by the options and the grants: a misspelt option, a code of
 * another hook, a member whose grant is not declared do not compile.
 *
 * Write `as PamModule` behind it where it is exported, so that `deno publish` knows the type without
 * inference.
 *
 * @param definition Options, needs and handlers.
 * @returns The frozen module, without behaviour of its own: the installed runtime runs it.
 * @throws {TypeError} if the definition has an unknown key, a bad grant or permission, something that is no
 * function in the place of a handler, or no handler at all; the message says how to mend it.
 *
 * @example
 * ```ts
 * import { defineModule, type PamModule } from "@pam-deno/sdk";
 * import * as v from "valibot";
 *
 * const Time = v.pipe(v.string(), v.isoTime(), v.transform((text) => Temporal.PlainTime.from(text)));
 *
 * export default defineModule({
 *   options: v.object({ tz: v.optional(v.string(), "UTC"), open: Time, close: Time }),
 *   account({ now, options, deny }) {
 *     const time = now.toZonedDateTimeISO(options.tz).toPlainTime();
 *     const { compare } = Temporal.PlainTime;
 *     return compare(time, options.open) >= 0 && compare(time, options.close) < 0
 *       ? "success"
 *       : deny("perm_denied", `Logins are open from ${options.open} to ${options.close}`);
 *   },
 * }) as PamModule;
 * ```
 */
export function defineModule<
  O = NoOptions,
  I = unknown,
  const G extends Grants = NoGrants,
  const L extends string = never,
>(
  definition: Definition<O, I, G, L> & OptionsAreWords<I>,
): PamModule {
  if (typeof definition !== "object" || definition === null) fail("definition-invalid", "it takes an object");
  checkKeys("it", definition, KEYS);
  const { options, grants = {}, permissions = {} } = definition as Partial<PamModule>;
  checkNeeds({ options, grants, permissions });
  return Object.freeze({
    pamModule: MODULE_FORMAT,
    options,
    grants: frozenLists(grants),
    permissions: frozenLists(permissions),
    handlers: handlersOf(definition as unknown as Definition<never, never, Grants>),
  });
}
