// SPDX-License-Identifier: MIT
/**
 * A PAM transaction in memory: libpam, the application, the person and the machine around one module.
 *
 * @module
 */

import { AssertionError } from "node:assert";
import { typeError } from "../coded.ts";
import type { DataKey } from "../data.ts";
import { grantProblem, LINES } from "../grants.ts";
import { type Hook, HOOKS, LINE_TYPES, type LineType } from "../hooks.ts";
import { type LoadedModule, loadModule } from "../load.ts";
import type { PamModule } from "../module.ts";
import type { PamItem, PamToken } from "../tokens.ts";
import { Handle } from "./handle.ts";
import { HookCall } from "./hook_call.ts";
import { formatResult, type HookResult, noteOwner } from "./hook_result.ts";
import { DEFAULT_NOW, type FakeTransactionOptions, type RunOptions } from "./options.ts";
import { Person } from "./person.ts";
import { type UserEntry, usersOf } from "./users.ts";

/**
 * A PAM transaction in memory, on which the hooks of one module are run one after the other: items, environment, tokens and module data
 * survive from hook to hook as they do on a PAM handle, and the shim's rules hold.
 *
 * Nothing here needs libpam, a permission, the network or time. When it is disposed of, the script of the conversation must have been
 * used up: write `using`.
 *
 * @example A password that has expired, over three hooks
 * ```ts
 * import { dataKey, defineModule } from "@pam-deno/sdk";
 * import { assertCode, assertShown, FakeTransaction } from "@pam-deno/sdk/testing";
 * import * as v from "valibot";
 *
 * const reason = dataKey("reason", v.string());
 * const module = defineModule({
 *   grants: { password: ["authtok"] },
 *   account({ data, now }) {
 *     if (Temporal.Instant.compare(now, "2026-02-01T00:00:00Z") < 0) return "success";
 *     data.set(reason, "The password is from last year");
 *     return "new_authtok_reqd";
 *   },
 *   changePassword: {
 *     async update({ authtok, conversation, data, deny }) {
 *       conversation.info(data.get(reason) ?? "You may choose a new password");
 *       using password = await authtok();
 *       return password.use((octets) => octets.length) < 12 ? deny("authtok_err", "Too short") : "ignore";
 *     },
 *   },
 * });
 *
 * using transaction = new FakeTransaction(module, {
 *   now: "2026-01-31T23:00:00Z",
 *   conversation: [
 *     { prompt: "New password: ", echo: false, answer: "short" },
 *     { prompt: "Retype new password: ", echo: false, answer: "short" },
 *   ],
 * });
 * assertCode(await transaction.run("account"), "success");
 * transaction.advance({ hours: 1 });
 * assertCode(await transaction.run("account"), "new_authtok_reqd");
 * assertCode(await transaction.run("preliminary"), "success");
 * const result = await transaction.run("update");
 * assertCode(result, "authtok_err");
 * assertShown(result, "The password is from last year");
 * assertShown(result, "Too short", "error_msg");
 * ```
 */
export class FakeTransaction implements Disposable {
  readonly #module: LoadedModule;
  readonly #options: FakeTransactionOptions;
  readonly #grants: Readonly<Record<LineType, readonly string[]>>;
  readonly #handle: Handle;
  readonly #users: ReadonlyMap<string, UserEntry>;
  readonly #person: Person;
  #now: Temporal.Instant;
  #running: Hook | undefined;
  #failed = false;
  #ended = false;

  /**
   * Starts a transaction.
   *
   * @param module What `defineModule` made, or the namespace of the module's file.
   * @param options What surrounds it.
   * @throws {TypeError} if the module or an option is not what it should be.
   * @throws {RangeError} if `now` is no instant.
   */
  constructor(module: PamModule | { readonly default: PamModule }, options: FakeTransactionOptions = {}) {
    const { name = "module", configured = {}, now = DEFAULT_NOW } = options;
    this.#module = loadModule(module, { name, configured });
    this.#options = options;
    this.#grants = grantsOf(this.#module, options.grants);
    this.#handle = new Handle(options);
    this.#users = usersOf(options, this.#handle.items.get("user"));
    this.#person = new Person(options.conversation);
    this.#now = Temporal.Instant.from(now);
  }

  /** The time, which stands still; set it to whatever a test is about. */
  get now(): Temporal.Instant {
    return this.#now;
  }

  set now(now: Temporal.Instant | string) {
    this.#now = Temporal.Instant.from(now);
  }

  /** The items as they are. */
  get items(): Readonly<Partial<Record<PamItem, string>>> {
    return Object.fromEntries(this.#handle.items);
  }

  /** The PAM environment as it is. */
  get environment(): Readonly<Record<string, string>> {
    return Object.fromEntries(this.#handle.environment);
  }

  /**
   * Lets time pass.
   *
   * @param duration Hours, minutes, seconds and what is shorter; days have no fixed length. May be negative.
   * @throws {RangeError} if it has days or longer units.
   */
  advance(duration: Temporal.DurationLike): void {
    this.#now = this.#now.add(duration);
  }

  /**
   * Sets an item, as the application or another module does between hooks: sudo changes PAM_USER before it opens the session.
   *
   * @param item Which.
   * @param value Its value; `undefined` takes it away.
   * @throws {TypeError} if there is no such item.
   */
  setItem(item: PamItem, value: string | undefined): void {
    this.#handle.setItem(item, value);
  }

  /**
   * Sets a variable of the PAM environment, as the application or another module does between hooks.
   *
   * @param name Which.
   * @param value Its value, which may be empty; `undefined` deletes it.
   */
  setVariable(name: string, value: string | undefined): void {
    this.#handle.setVariable(name, value);
  }

  /**
   * Reads a token as the modules behind this one would.
   *
   * @param token Which.
   * @returns A copy of its octets; `undefined` if there is none. libpam wipes tokens after authenticate and update; here they can be
   * looked at until the next hook.
   */
  token(token: PamToken): Uint8Array | undefined {
    return this.#handle.tokens.get(token)?.slice();
  }

  /**
   * Reads a value of the module data.
   *
   * @param key Its key.
   * @returns The value; `undefined` if it is not there.
   * @throws {TypeError} if what is there does not fit the key.
   */
  getData<T>(key: DataKey<T>): T | undefined {
    return this.#handle.getData(key);
  }

  /**
   * Puts a value into the module data, as an earlier hook would have.
   *
   * @param key Its key.
   * @param value The value, which must go through JSON.
   * @throws {RangeError} if all values together are over 4096 bytes (DATA_MAX).
   */
  setData<T>(key: DataKey<T>, value: NoInfer<T>): void {
    this.#handle.setData(key, value);
  }

  /** Loses the module data and the tokens, as when sshd goes on in another process. */
  forget(): void {
    this.#handle.data = undefined;
    this.#handle.tokens.clear();
  }

  /**
   * Runs one hook.
   *
   * @param hook Which.
   * @param options How it is called.
   * @returns What was seen of it.
   * @throws {AssertionError} if the person was asked something that the script does not expect, with all that was seen.
   * @throws {TypeError} if a hook is running, the transaction has ended, or a flag is not one of the hook's.
   */
  async run<H extends Hook>(hook: H, options: RunOptions<H> = {}): Promise<HookResult<H>> {
    if (this.#ended) throw typeError("kit-misused", `Cannot run ${hook}: the transaction has ended`);
    if (this.#running !== undefined) {
      throw typeError("kit-misused", `Cannot run ${hook}: ${this.#running} is still running`);
    }
    if (!Object.hasOwn(HOOKS, hook)) {
      throw typeError("kit-misused", `Cannot run "${hook}": write one of ${Object.keys(HOOKS).join(", ")}`);
    }
    const call = new HookCall(hook, {
      module: this.#module,
      handle: this.#handle,
      person: this.#person,
      users: this.#users,
      grants: this.#grants[LINE_TYPES[hook]],
      options: this.#options,
      now: () => this.#now,
    }, options);
    this.#running = hook;
    try {
      const result = await call.make();
      noteOwner(result, () => this.#failed = true);
      this.#verifyPerson(result);
      return result;
    } finally {
      this.#running = undefined;
    }
  }

  #verifyPerson(result: HookResult): void {
    const { problem } = this.#person;
    if (problem === undefined) return;
    this.#failed = true;
    const error = new AssertionError({
      message: `${problem.message}\nAll that was seen:\n${formatResult(result)}`,
    });
    error.cause = problem;
    throw error;
  }

  /**
   * Ends the transaction. A test that has failed already, in a hook or in an assertion of this kit, is not failed a second time.
   *
   * @throws {AssertionError} if steps of the script were not used.
   */
  [Symbol.dispose](): void {
    if (this.#ended) return;
    this.#ended = true;
    if (this.#failed) return;
    try {
      this.#person.verify();
    } catch (error) {
      throw new AssertionError({ message: error instanceof Error ? error.message : String(error) });
    }
  }
}

/** Grants of lines as a test writes them. */
export type Grants = NonNullable<FakeTransactionOptions["grants"]>;

/** The grants of each type of line, checked. */
export function grantsOf(
  module: LoadedModule,
  grants: Grants = {},
): Record<LineType, readonly string[]> {
  const all = LINES.map((line): [LineType, readonly string[]] => {
    const words: readonly string[] = grants[line] ?? module.grants[line] ?? [];
    const problem = words.map((word) => grantProblem(word, line)).find((problem) => problem !== undefined);
    if (problem !== undefined) throw typeError("kit-misused", `Cannot use the grants: ${problem}`);
    return [line, words];
  });
  return Object.fromEntries(all) as Record<LineType, readonly string[]>;
}
