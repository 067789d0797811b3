// SPDX-License-Identifier: MIT
/**
 * Module data: the module's own state on the PAM handle.
 *
 * @module
 */

import { rangeError, typeError, withCode } from "./coded.ts";
import type { HookState } from "./hook_state.ts";
import { isSecret } from "./secret.ts";
import { isStandardSchema, issuePath, type StandardSchema, validate } from "./standard_schema.ts";
import { byteLength } from "./text.ts";
import { LIMITS } from "./wire/schema.ts";

/**
 * A typed key of module data; made by {@linkcode dataKey}.
 *
 * @example
 * ```ts
 * import { type DataKey, dataKey } from "@pam-deno/sdk";
 * import assert from "node:assert/strict";
 * import * as v from "valibot";
 *
 * const failures: DataKey<number> = dataKey("failures", v.number());
 * assert.equal(failures.name, "failures");
 * // @ts-expect-error the validator makes a number
 * const wrong: DataKey<string> = failures;
 * ```
 */
export interface DataKey<T> {
  /** The name under which the value is stored. */
  readonly name: string;
  /** Validates what is read. */
  readonly schema: StandardSchema<unknown, T>;
}

/** The longest name of a key, in bytes of UTF-8. */
export const KEY_MAX = 64;

/**
 * Makes a typed key of module data. The value is stored as JSON and validated when it is read, so that what
 * another version of the module left behind is not mistaken.
 *
 * @param name The name under which the value is stored: 1 to 64 bytes of UTF-8.
 * @param schema Validates what is read. Its output must read back from its own JSON.
 * @throws {RangeError} if the name is empty or too long.
 * @throws {TypeError} if `schema` does not follow Standard Schema.
 *
 * @example
 * ```ts
 * import { dataKey } from "@pam-deno/sdk";
 * import assert from "node:assert/strict";
 * import * as v from "valibot";
 *
 * const reason = dataKey("reason", v.picklist(["expired", "weak"]));
 * assert.equal(reason.name, "reason");
 * ```
 */
export function dataKey<T>(name: string, schema: StandardSchema<unknown, T>): DataKey<T> {
  if (typeof name !== "string" || name === "" || name.length > KEY_MAX || byteLength(name) > KEY_MAX) {
    throw rangeError("data-key-invalid", `dataKey() takes a name of 1 to ${KEY_MAX} bytes`);
  }
  if (!isStandardSchema(schema)) {
    throw typeError(
      "data-key-invalid",
      "dataKey() takes a validator that follows Standard Schema: one of valibot, zod or arktype",
    );
  }
  return Object.freeze({ name, schema });
}

/**
 * The module's own state on the PAM handle, shared by its auth, account, session and password lines; see
 * pam_set_data(3). All values together are at most 4096 bytes of JSON (DATA_MAX). Changes take effect
 * whatever code the hook ends with, unless it throws.
 *
 * It does not last longer than the process, but for one case: sshd's keyboard-interactive authenticates in a
 * child and opens the session in the parent. What the child's `authenticate`, `account` and `changePassword`
 * stored there when they let the person pass is carried over to the parent's `setCredentials` and `openSession`,
 * for two minutes and one session, and is on the parent's handle from then on. Only root's processes have that,
 * and no set-uid program; nothing is carried over by another worker, as after a reload or with several `workers`.
 * `passwd` after expiry is a new transaction. Every handler must work without the data; `continuity` says whether
 * any came.
 *
 * It is the handle's, not the user's: an application may change PAM_USER between hooks, as sudo does, so what is
 * true of one user only is stored with the name and compared. And it is there whatever the other modules of the
 * stack said: that this module let somebody pass is not that somebody got in.
 *
 * @example
 * ```ts
 * import { dataKey, defineModule } from "@pam-deno/sdk";
 * import { assertShown, FakeTransaction } from "@pam-deno/sdk/testing";
 * import * as v from "valibot";
 *
 * const reason = dataKey("reason", v.string());
 *
 * const module = defineModule({
 *   account({ data }) {
 *     data.set(reason, "Your password is older than a year");
 *     return "new_authtok_reqd";
 *   },
 *   changePassword: {
 *     update({ data, conversation }) {
 *       conversation.info(data.get(reason) ?? "Your password must be changed");
 *       return "ignore";
 *     },
 *   },
 * });
 *
 * using transaction = new FakeTransaction(module);
 * await transaction.run("account");
 * assertShown(await transaction.run("update"), "Your password is older than a year");
 * ```
 */
export interface Data {
  /**
   * Reads a value: `undefined` if it was never set, was lost, or is not valid any more (then the log says
   * so).
   */
  get<T>(key: DataKey<T>): T | undefined;
  /**
   * Writes a value. Throws a TypeError if it cannot be stored as JSON or holds a Secret, and a RangeError if
   * all values together are over 4096 bytes (DATA_MAX).
   */
  set<T>(key: DataKey<T>, value: NoInfer<T>): void;
  /** Deletes a value; a key that is not set is left alone. */
  delete<T>(key: DataKey<T>): void;
}

const EMPTY = new Uint8Array(0);

/** The values of one hook, by key, and whether they have to travel back. */
export class DataStore {
  readonly #values: Map<string, unknown>;
  #changed = false;

  /** Reads the blob; one that is not an object in JSON counts as empty, and `complain` is told. */
  constructor(blob: Uint8Array | undefined, complain: (problem: string) => void) {
    this.#values = new Map();
    if (blob === undefined) return;
    try {
      const parsed: unknown = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(blob));
      if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) {
        throw new Error("no object");
      }
      for (const [key, value] of Object.entries(parsed)) this.#values.set(key, value);
    } catch {
      complain(withCode("data-unreadable", "the module data is not an object in JSON: it reads as empty"));
    }
  }

  /** The stored value of `name`. */
  get(name: string): unknown {
    return this.#values.get(name);
  }

  /** Whether there is a value of `name`. */
  has(name: string): boolean {
    return this.#values.has(name);
  }

  /**
   * Stores `value`, a value out of JSON, or nothing. Throws a RangeError above DATA_MAX and leaves everything
   * as it was.
   */
  put(name: string, value: unknown): void {
    const had = this.#values.has(name);
    const before = this.#values.get(name);
    if (value === undefined) this.#values.delete(name);
    else this.#values.set(name, value);
    const { length } = this.#bytes();
    if (length > LIMITS.DATA_MAX) {
      if (had) this.#values.set(name, before);
      else this.#values.delete(name);
      throw rangeError(
        "data-too-large",
        `module data would be ${length} bytes of JSON: at most ${LIMITS.DATA_MAX} (DATA_MAX)`,
      );
    }
    this.#changed = true;
  }

  #bytes(): Uint8Array {
    return new TextEncoder().encode(JSON.stringify(Object.fromEntries(this.#values)));
  }

  /** What is to be done with the module data, and the blob. */
  get effect(): { readonly data_action: "keep" | "set" | "delete"; readonly data: Uint8Array } {
    if (!this.#changed) return { data_action: "keep", data: EMPTY };
    if (this.#values.size === 0) return { data_action: "delete", data: EMPTY };
    return { data_action: "set", data: this.#bytes() };
  }
}

/** `value` through JSON and back, so that what is read in this hook is what is read in the next. */
function asJson(name: string, value: unknown): unknown {
  const text = JSON.stringify(value, function (this: Record<string, unknown>, key: string, item: unknown) {
    // toJSON() has already made a word of it: look at what stood there.
    if (isSecret(this[key])) {
      throw typeError(
        "data-holds-secret",
        `data.set("${name}") holds a Secret: module data outlives its hook`,
      );
    }
    return item;
  });
  if (text === undefined) {
    throw typeError(
      "argument-refused",
      `data.set("${name}") takes a value that JSON has: use delete() for undefined`,
    );
  }
  return JSON.parse(text);
}

function getValue<T>(state: HookState, key: DataKey<T>): T | undefined {
  const stored = state.data.get(key.name);
  if (stored === undefined) return undefined;
  const result = validate(key.schema, stored);
  if (result.issues === undefined) return result.value;
  const [issue] = result.issues;
  const where = issue === undefined ? "" : issuePath(issue);
  // The message of the validator may quote the value: it stays out of the log.
  state.log(
    "warning",
    withCode("data-outdated", "module data {key} is not valid any more and reads as undefined"),
    {
      key: where === "" ? key.name : `${key.name}.${where}`,
    },
  );
  return undefined;
}

/** Makes the module data of one hook. */
export function makeData(state: HookState): Data {
  return Object.freeze({
    get: <T>(key: DataKey<T>) => getValue(state, key),
    set<T>(key: DataKey<T>, value: NoInfer<T>) {
      if (state.isLate(`data.set("${key.name}")`)) return;
      state.data.put(key.name, asJson(key.name, value));
    },
    delete<T>(key: DataKey<T>) {
      if (state.isLate(`data.delete("${key.name}")`) || !state.data.has(key.name)) return;
      state.data.put(key.name, undefined);
    },
  });
}
