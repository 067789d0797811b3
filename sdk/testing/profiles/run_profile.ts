// SPDX-License-Identifier: MIT
/**
 * A module under an application, in one call.
 *
 * @module
 */

import { loadModule } from "../../load.ts";
import type { ProfileOptions, TestedModule } from "./options.ts";
import { type ProfileName, profileOf } from "./profiles.ts";
import { Replay } from "./replay.ts";
import type { ProfileResult } from "./result.ts";

/**
 * Replays how an application uses PAM around one module, in memory: its calls in their order, processes that do not share module data,
 * flags, items, and who answers questions. All other modules of the stack are taken to say success.
 *
 * @param module What `defineModule` made, or the namespace of the module's file.
 * @param name The application; see {@linkcode PROFILES}.
 * @param options What surrounds it.
 * @returns What was seen.
 * @throws {TypeError} if there is no such profile, or the module or an option is not what it should be.
 * @throws {AssertionError} if the person was asked something that the script does not expect.
 *
 * @example A module that keeps something for the session, under sshd and under cron
 * ```ts
 * import { dataKey, defineModule } from "@pam-deno/sdk";
 * import { runProfile } from "@pam-deno/sdk/testing";
 * import assert from "node:assert/strict";
 * import * as v from "valibot";
 *
 * const method = dataKey("method", v.string());
 * const module = defineModule({
 *   authenticate({ data }) {
 *     data.set(method, "token");
 *     return "success";
 *   },
 *   openSession({ data, log }) {
 *     log.info("came by {method}", { method: data.get(method) ?? "something else" });
 *     return "success";
 *   },
 * });
 *
 * const sshd = await runProfile(module, "sshd-keyboard-interactive");
 * assert.equal(sshd.outcome, "passed");
 * assert.equal(sshd.log[0]?.text, 'came by "token"');
 * const cron = await runProfile(module, "cron");
 * assert.equal(cron.log[0]?.text, 'came by "something else"');
 * ```
 */
export async function runProfile(
  module: TestedModule,
  name: ProfileName,
  options: ProfileOptions = {},
): Promise<ProfileResult> {
  const profile = profileOf(name);
  const { name: module_name = "module", configured = {} } = options;
  return await new Replay(name, profile, loadModule(module, { name: module_name, configured }), options)
    .run();
}
