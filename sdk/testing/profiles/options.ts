// SPDX-License-Identifier: MIT
/**
 * What surrounds a module in the replay of an application.
 *
 * @module
 */

import type { PamModule } from "../../module.ts";
import type { FakeTransactionOptions } from "../options.ts";
import type { ProfileScene } from "./profile.ts";

/**
 * A module, as the test kit takes it: what `defineModule` made, or the namespace of its file.
 *
 * @example
 * ```ts
 * import { defineModule } from "@pam-deno/sdk";
 * import type { TestedModule } from "@pam-deno/sdk/testing";
 *
 * const module: TestedModule = defineModule({ account: () => "success" });
 * console.assert("handlers" in module);
 * ```
 */
export type TestedModule = PamModule | { readonly default: PamModule };

/**
 * What a replay starts with. Everything has a default.
 *
 * @example
 * ```ts
 * import { defineModule } from "@pam-deno/sdk";
 * import { type ProfileOptions, runProfile } from "@pam-deno/sdk/testing";
 * import assert from "node:assert/strict";
 *
 * const module = defineModule({ account: ({ user }) => user === "carol" ? "success" : "perm_denied" });
 * const options: ProfileOptions = { user: "carol", rhost: "198.51.100.9" };
 * assert.equal((await runProfile(module, "sshd-publickey", options)).outcome, "passed");
 * ```
 */
export interface ProfileOptions extends
  Partial<ProfileScene>,
  Pick<
    FakeTransactionOptions,
    "name" | "options" | "configured" | "grants" | "now" | "random" | "running" | "environment" | "tokens"
  > {
  /**
   * The users of the machine, by name, as in {@linkcode FakeTransactionOptions}. Default: the scene's, with the user ids 1000 and 1001. root
   * and whoever runs su are there in any case.
   */
  readonly users?: NonNullable<FakeTransactionOptions["users"]>;
  /** The password of everybody, which the person types at every question, and which sshd's password method has. Default: `correct horse`. */
  readonly password?: string;
  /**
   * The person, where the application asks one: a function, or a script. A question that the script does not expect next fails the test;
   * steps that are left are no failure, as not every application asks. Default: types the password whatever is asked.
   */
  readonly conversation?: NonNullable<FakeTransactionOptions["conversation"]>;
  /** Whether another module of the account stack says that the password has expired. Default: what the profile says. */
  readonly expired?: boolean;
}
