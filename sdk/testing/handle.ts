// SPDX-License-Identifier: MIT
/**
 * What survives from hook to hook: the PAM handle of a transaction.
 *
 * @module
 */

import { splitCode, typeError } from "../coded.ts";
import { type DataKey, DataStore } from "../data.ts";
import { validate } from "../standard_schema.ts";
import { ITEMS, type PamCode, type PamItem, type PamToken, TOKENS } from "../tokens.ts";
import type { MessageOf } from "../wire/types.ts";
import type { FakeTransactionOptions } from "./options.ts";

/** The handle. */
export class Handle {
  /** Items that are set. */
  readonly items = new Map<PamItem, string>();
  /** The PAM environment. */
  readonly environment: Map<string, string>;
  /** Tokens that are set. */
  readonly tokens = new Map<PamToken, Uint8Array>();
  /**
   * Whether the service function that the tokens were for has ended: libpam wipes them when the last module of the stack has answered,
   * here they can be looked at until the next hook.
   */
  tokensAreSpent = false;
  /** The module data as they travel. */
  data: Uint8Array | undefined;
  /** What authenticate has returned on it, by which libpam chooses what becomes of setCredentials. */
  authenticated: PamCode | undefined;

  /** The handle of an application that has started a transaction. */
  constructor(options: FakeTransactionOptions) {
    const { items = {}, environment = {}, tokens = {}, service = "test" } = options;
    this.setItem("service", service);
    this.setItem("user", "user" in options ? options.user : "alice");
    for (const [item, value] of Object.entries(items)) this.setItem(item as PamItem, value);
    this.environment = new Map(Object.entries(environment));
    for (const [token, value] of Object.entries(tokens)) {
      if (!Object.hasOwn(TOKENS, token)) {
        throw typeError(
          "kit-misused",
          `Cannot set the token "${token}": write one of ${Object.keys(TOKENS).join(", ")}`,
        );
      }
      this.tokens.set(
        token as PamToken,
        typeof value === "string" ? new TextEncoder().encode(value) : value.slice(),
      );
    }
  }

  /** The handle as a process has it that was forked from this one. */
  copy(): Handle {
    const copy = new Handle({ items: Object.fromEntries(this.items) });
    if (!this.items.has("user")) copy.items.delete("user");
    for (const [name, value] of this.environment) copy.environment.set(name, value);
    for (const [token, value] of this.tokens) copy.tokens.set(token, value.slice());
    copy.tokensAreSpent = this.tokensAreSpent;
    copy.data = this.data?.slice();
    copy.authenticated = this.authenticated;
    return copy;
  }

  /** A hook begins. */
  begin(): void {
    if (this.tokensAreSpent) this.tokens.clear();
    this.tokensAreSpent = false;
  }

  /** Sets an item, or takes it away. */
  setItem(item: PamItem, value: string | undefined): void {
    if (!Object.hasOwn(ITEMS, item)) {
      throw typeError(
        "kit-misused",
        `Cannot set the item "${item}": write one of ${Object.keys(ITEMS).join(", ")}`,
      );
    }
    if (value === undefined) this.items.delete(item);
    else this.items.set(item, value);
  }

  /** Sets a variable, or deletes it. */
  setVariable(name: string, value: string | undefined): void {
    if (value === undefined) this.environment.delete(name);
    else this.environment.set(name, value);
  }

  /** Carries out the effects of a result that has been checked. */
  apply({ items, environment, tokens, data_action, data }: MessageOf<"result">): void {
    for (const { item, value } of items) this.setItem(item, value);
    for (const { name, value } of environment) this.setVariable(name, value);
    for (const { token, value } of tokens) this.tokens.set(token, value);
    if (data_action === "set") this.data = data;
    if (data_action === "delete") this.data = undefined;
  }

  /** Reads a value of the module data. */
  getData<T>(key: DataKey<T>): T | undefined {
    const stored = this.#store().get(key.name);
    if (stored === undefined) return undefined;
    const result = validate(key.schema, stored);
    if (result.issues === undefined) return result.value;
    throw typeError(
      "kit-misused",
      `The module data "${key.name}" do not fit their key: ${result.issues[0]?.message}`,
    );
  }

  /** Writes a value of the module data. */
  setData<T>(key: DataKey<T>, value: T): void {
    const store = this.#store();
    store.put(key.name, JSON.parse(JSON.stringify(value)));
    this.data = store.effect.data;
  }

  #store(): DataStore {
    return new DataStore(this.data, (problem) => {
      throw typeError("kit-misused", `Cannot read the module data: ${splitCode(problem).text}`);
    });
  }
}
