// SPDX-License-Identifier: MIT
/**
 * One hook of a module in one call.
 *
 * @module
 */

import type { Hook } from "../hooks.ts";
import type { PamModule } from "../module.ts";
import { FakeTransaction } from "./fake_transaction.ts";
import type { HookResult } from "./hook_result.ts";
import type { FakeTransactionOptions, RunOptions } from "./options.ts";

/**
 * Runs one hook of a module in a transaction of its own, and checks that the script of the conversation was used up.
 *
 * @param module What `defineModule` made, or the namespace of the module's file.
 * @param hook Which hook.
 * @param options What surrounds it, and how it is called.
 * @returns What was seen of it.
 * @throws {AssertionError} if the person was asked something that the script does not expect, or steps of it were not used.
 * @throws {TypeError} if the module or an option is not what it should be.
 *
 * @example
 * ```ts
 * import { defineModule } from "@pam-deno/sdk";
 * import { assertCode, assertShown, runHook } from "@pam-deno/sdk/testing";
 *
 * const module = defineModule({
 *   async account({ lookup, deny }) {
 *     const groups = await lookup.groups();
 *     return groups.includes("operators") ? "success" : deny("perm_denied", "Only for operators");
 *   },
 * });
 *
 * const users = { alice: { groups: ["operators"] }, bob: {} };
 * assertCode(await runHook(module, "account", { user: "alice", users }), "success");
 * const refused = await runHook(module, "account", { user: "bob", users });
 * assertCode(refused, "perm_denied");
 * assertShown(refused, "Only for operators");
 * ```
 */
export async function runHook<H extends Hook>(
  module: PamModule | { readonly default: PamModule },
  hook: H,
  options: FakeTransactionOptions & RunOptions<H> = {},
): Promise<HookResult<H>> {
  using transaction = new FakeTransaction(module, options);
  return await transaction.run(hook, options);
}
