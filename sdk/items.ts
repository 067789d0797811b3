// SPDX-License-Identifier: MIT
/**
 * The items of the transaction.
 *
 * @module
 */

import { rangeError, typeError } from "./coded.ts";
import type { Grant, NotGranted, SettableItem } from "./grants.ts";
import type { HookState } from "./hook_state.ts";
import type { LineType } from "./hooks.ts";
import { byteLength, isLine } from "./text.ts";
import { ITEMS, type PamItem } from "./tokens.ts";
import { LIMITS } from "./wire/schema.ts";

/**
 * The items that the grants `G` let a module set; see pam_set_item(3).
 *
 * @example
 * ```ts
 * import type { ItemName } from "@pam-deno/sdk";
 *
 * const name: ItemName<"set_item:user" | "prompt"> = "user";
 * // @ts-expect-error there is no grant for it
 * const other: ItemName<"set_item:user" | "prompt"> = "rhost";
 * ```
 */
export type ItemName<G extends Grant> = G extends `set_item:${infer N extends SettableItem}` ? N : never;

/**
 * `N` if `G` lets it be set, else a type that names the remedy.
 *
 * @example
 * ```ts
 * import type { GrantedItem } from "@pam-deno/sdk";
 *
 * const fine: GrantedItem<"user", "set_item:user", "auth"> = "user";
 * const remedy: GrantedItem<"rhost", "set_item:user", "auth"> = {
 *   "not granted": "add 'set_item:rhost' to grants.auth in defineModule()",
 * };
 * ```
 */
export type GrantedItem<N extends string, G extends Grant, L extends LineType> = N extends ItemName<G> ? N
  : NotGranted<`add 'set_item:${N}' to grants.${L} in defineModule()`>;

/**
 * The items of the transaction, as libpam has them when the hook starts; see pam_get_item(3). An item that is
 * not set is `undefined`. Each is at most 1024 bytes of UTF-8 (ITEM_MAX) without control characters.
 *
 * Treat all but `service` as chosen by a person: `rhost` and `ruser` come from a network or a user, `tty` is
 * a label in some applications (`ssh`, `cron`).
 *
 * @example
 * ```ts
 * import { defineModule } from "@pam-deno/sdk";
 * import { FakeTransaction } from "@pam-deno/sdk/testing";
 * import assert from "node:assert/strict";
 *
 * const module = defineModule({
 *   grants: { auth: ["set_item:user"] },
 *   authenticate({ items, user }) {
 *     items.set("user", user.toLowerCase());
 *     return "success";
 *   },
 * });
 *
 * using transaction = new FakeTransaction(module, { user: "Alice" });
 * await transaction.run("authenticate");
 * assert.equal(transaction.items.user, "alice");
 * ```
 */
export interface Items<G extends Grant = never, L extends LineType = LineType> {
  /** The application's name for the policy, `sshd`; PAM_SERVICE. */
  readonly service: string;
  /** The user; PAM_USER. */
  readonly user: string | undefined;
  /** Where the person sits; PAM_TTY. */
  readonly tty: string | undefined;
  /** The host that the person comes from; PAM_RHOST. */
  readonly rhost: string | undefined;
  /** The user at that host, or the one who asks; PAM_RUSER. */
  readonly ruser: string | undefined;
  /** What the application asks to learn the user's name; PAM_USER_PROMPT. */
  readonly user_prompt: string | undefined;
  /** The X display; PAM_XDISPLAY. */
  readonly xdisplay: string | undefined;
  /** The word in "New UNIX password"; PAM_AUTHTOK_TYPE. */
  readonly authtok_type: string | undefined;
  /**
   * Sets an item for the modules behind this one; see pam_set_item(3). It takes effect if the hook ends with
   * `success` or
   * `new_authtok_reqd`; reading it back gives the new value at once. Needs the grant `set_item:NAME`.
   *
   * Throws a TypeError without the grant, and a RangeError for a value over 1024 bytes (ITEM_MAX), one with
   * control characters, or one that is not well-formed.
   */
  readonly set: [ItemName<G>] extends [never]
    ? NotGranted<`add 'set_item:NAME' to grants.${L} in defineModule()`>
    : <const N extends string>(name: GrantedItem<N, G, L>, value: string) => void;
}

/** The runtime's view: every grant there is. */
type AllItems = Items<Grant>;

/** The value of item `name`: what the handler set, else what came with the hook. */
export function itemOf(state: HookState, name: PamItem): string | undefined {
  const set = state.items?.get(name as SettableItem);
  if (set !== undefined) return set;
  for (const { item, value } of state.message.items) {
    if (item === name) return value;
  }
  return undefined;
}

function setItem(state: HookState, name: PamItem, value: string): void {
  const what = `items.set("${name}")`;
  if (!Object.hasOwn(ITEMS, name) || name === "service") {
    throw typeError("argument-refused", `items.set() does not know ${JSON.stringify(name)}`);
  }
  if (state.isLate(what)) return;
  state.needs(`set_item:${name}`, what);
  if (typeof value !== "string") {
    throw typeError("argument-refused", `${what} takes a string, not ${typeof value}`);
  }
  if (!isLine(value)) {
    throw rangeError("argument-refused", `${what} takes well-formed text without control characters`);
  }
  if (value.length > LIMITS.ITEM_MAX || byteLength(value) > LIMITS.ITEM_MAX) {
    throw rangeError("limit-exceeded", `${what} takes at most ${LIMITS.ITEM_MAX} bytes (ITEM_MAX)`);
  }
  (state.items ??= new Map()).set(name, value);
}

/** Makes the items of one hook. */
export function makeItems(state: HookState): AllItems {
  return Object.freeze({
    get service() {
      return itemOf(state, "service") ?? "";
    },
    get user() {
      return itemOf(state, "user");
    },
    get tty() {
      return itemOf(state, "tty");
    },
    get rhost() {
      return itemOf(state, "rhost");
    },
    get ruser() {
      return itemOf(state, "ruser");
    },
    get user_prompt() {
      return itemOf(state, "user_prompt");
    },
    get xdisplay() {
      return itemOf(state, "xdisplay");
    },
    get authtok_type() {
      return itemOf(state, "authtok_type");
    },
    set: ((name: PamItem, value: string) => setItem(state, name, value)) as AllItems["set"],
  });
}
