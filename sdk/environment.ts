// SPDX-License-Identifier: MIT
/**
 * The PAM environment.
 *
 * @module
 */

import { rangeError, typeError } from "./coded.ts";
import { type Grant, type Granted, isRefusedVariable, type NotGranted } from "./grants.ts";
import type { HookState } from "./hook_state.ts";
import type { LineType } from "./hooks.ts";
import { byteLength } from "./text.ts";
import { LIMITS } from "./wire/schema.ts";

/**
 * The variables of the PAM environment that the grants `G` let a module set: `NAME` for `env:NAME`, every name
 * with that beginning for `env:NAME*`.
 *
 * @example
 * ```ts
 * import type { VariableName } from "@pam-deno/sdk";
 *
 * type Granted = VariableName<"env:KRB5CCNAME" | "env:APP_*" | "prompt">;
 * const names: Granted[] = ["KRB5CCNAME", "APP_LANGUAGE"];
 * // @ts-expect-error no grant covers it
 * const other: Granted = "LANG";
 * ```
 */
export type VariableName<G extends Grant> = G extends `env:${infer P}*` ? `${P}${string}`
  : G extends `env:${infer N}` ? N
  : never;

/**
 * `N` if `G` lets it be set, else a type that names the remedy.
 *
 * @example
 * ```ts
 * import type { GrantedVariable } from "@pam-deno/sdk";
 *
 * const fine: GrantedVariable<"APP_LANGUAGE", "env:APP_*", "session"> = "APP_LANGUAGE";
 * const remedy: GrantedVariable<"LANG", "env:APP_*", "session"> = {
 *   "not granted": "add 'env:LANG' to grants.session in defineModule()",
 * };
 * ```
 */
export type GrantedVariable<N extends string, G extends Grant, L extends LineType> = N extends VariableName<G>
  ? N
  : NotGranted<`add 'env:${N}' to grants.${L} in defineModule()`>;

/**
 * The PAM environment: the variables that the application hands to the session; see pam_getenvlist(3). Users
 * can plant variables in it (pam_env(8), `user_readenv`), and it ends in their shell: never take it for
 * proof, never put a secret in it.
 *
 * @example
 * ```ts
 * import { defineModule } from "@pam-deno/sdk";
 * import { FakeTransaction } from "@pam-deno/sdk/testing";
 * import assert from "node:assert/strict";
 *
 * const module = defineModule({
 *   grants: { session: ["get_env", "env:APP_*"] },
 *   openSession({ environment }) {
 *     environment.set("APP_LANGUAGE", environment.get("LANG") ?? "C");
 *     environment.delete("APP_OLD");
 *     return "success";
 *   },
 * });
 *
 * using transaction = new FakeTransaction(module, { environment: { LANG: "de", APP_OLD: "1" } });
 * await transaction.run("openSession");
 * assert.deepEqual(transaction.environment, { LANG: "de", APP_LANGUAGE: "de" });
 * ```
 */
export interface Environment<G extends Grant = never, L extends LineType = LineType> {
  /**
   * Reads a variable, also one that this handler has just set; `undefined` if it is not set. Needs the grant
   * `get_env`.
   */
  readonly get: Granted<"get_env", G, L, (name: string) => string | undefined>;
  /**
   * Sets a variable, also to the empty string; see pam_putenv(3). It takes effect if the hook ends with
   * `success` or
   * `new_authtok_reqd`. Needs the grant `env:NAME`.
   *
   * Throws a TypeError without the grant or for a variable that is always refused (`LD_PRELOAD`, `PATH`),
   * and a RangeError for a name over 64 bytes (ENV_NAME_MAX), a value over 4096 (ENV_VALUE_MAX) or with
   * U+0000, or for more than 64 variables (ENV_MAX).
   */
  readonly set: [VariableName<G>] extends [never]
    ? NotGranted<`add 'env:NAME' to grants.${L} in defineModule()`>
    : <const N extends string>(name: GrantedVariable<N, G, L>, value: string) => void;
  /** Deletes a variable, which is not the same as setting it to the empty string. Otherwise like `set`. */
  readonly delete: [VariableName<G>] extends [never]
    ? NotGranted<`add 'env:NAME' to grants.${L} in defineModule()`>
    : <const N extends string>(name: GrantedVariable<N, G, L>) => void;
}

/** The runtime's view: every grant there is. */
type AllEnvironment = Environment<Grant>;

const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

function change(state: HookState, what: string, name: string, value: string | undefined): void {
  if (typeof name !== "string" || name.length > LIMITS.ENV_NAME_MAX || !NAME.test(name)) {
    throw rangeError(
      "argument-refused",
      `${what} takes a name of letters, digits and _, at most ${LIMITS.ENV_NAME_MAX} (ENV_NAME_MAX)`,
    );
  }
  const named = what.replace("()", `("${name}")`);
  if (state.isLate(named)) return;
  if (isRefusedVariable(name)) {
    throw typeError("variable-refused", `${named}: this variable is refused whatever the grant`);
  }
  state.needs(`env:${name}`, named);
  const changes = state.environment ??= new Map();
  if (changes.size >= LIMITS.ENV_MAX && !changes.has(name)) {
    throw rangeError(
      "limit-exceeded",
      `${named}: a hook changes at most ${LIMITS.ENV_MAX} variables (ENV_MAX)`,
    );
  }
  changes.set(name, value);
}

function setVariable(state: HookState, name: string, value: string): void {
  if (typeof value !== "string") {
    throw typeError("argument-refused", `environment.set() takes a string as the value, not ${typeof value}`);
  }
  if (value.length > LIMITS.ENV_VALUE_MAX || byteLength(value) > LIMITS.ENV_VALUE_MAX) {
    throw rangeError(
      "limit-exceeded",
      `environment.set() takes a value of at most ${LIMITS.ENV_VALUE_MAX} bytes (ENV_VALUE_MAX)`,
    );
  }
  if (!value.isWellFormed() || value.includes("\0")) {
    throw rangeError("argument-refused", "environment.set() takes a well-formed value without U+0000");
  }
  change(state, "environment.set()", name, value);
}

function getVariable(state: HookState, name: string): string | undefined {
  state.needs("get_env", "environment.get()");
  if (state.environment?.has(name)) return state.environment.get(name);
  return state.message.environment.find((variable) => variable.name === name)?.value;
}

/** Makes the environment of one hook. */
export function makeEnvironment(state: HookState): AllEnvironment {
  return Object.freeze({
    get: (name: string) => getVariable(state, name),
    set: ((name: string, value: string) => setVariable(state, name, value)) as AllEnvironment["set"],
    delete: ((name: string) =>
      change(state, "environment.delete()", name, undefined)) as AllEnvironment["delete"],
  });
}
