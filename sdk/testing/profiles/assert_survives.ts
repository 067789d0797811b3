// SPDX-License-Identifier: MIT
/**
 * The assertion that a module is up to the applications that will ask it.
 *
 * @module
 */

import { AssertionError } from "node:assert";
import type { ProfileOptions, TestedModule } from "./options.ts";
import { PROFILE_DATA, type ProfileName } from "./profiles.ts";
import { formatProfile, type ProfileResult } from "./result.ts";
import { runProfile } from "./run_profile.ts";

/**
 * What assertSurvives() is told beside the scene.
 *
 * @example
 * ```ts
 * import { defineModule } from "@pam-deno/sdk";
 * import { assertSurvives, type SurvivalOptions } from "@pam-deno/sdk/testing";
 *
 * // Jobs of cron are none of this policy's users.
 * const module = defineModule({ account: ({ service }) => service === "cron" ? "perm_denied" : "success" });
 * const options: SurvivalOptions = { refused: ["cron"] };
 * await assertSurvives(module, ["cron", "login"], options);
 * ```
 */
export interface SurvivalOptions extends ProfileOptions {
  /** The profiles in which the person is to be refused. Default: none. */
  readonly refused?: readonly ProfileName[];
}

/**
 * Asserts that a module survives applications: no hook fails (a handler that throws, a question without its grant, a result that the
 * shim refuses), setCredentials may be called twice, and the person gets in where they should, also where module data are lost between
 * processes, nobody can be asked, or every hidden question is answered with the password.
 *
 * @param module What `defineModule` made, or the namespace of the module's file.
 * @param profiles The applications. Default: all of them.
 * @param options What surrounds it, and where the person is to be refused.
 * @returns What was seen of each, in order.
 * @throws {AssertionError} if it does not, with all that was seen of every application that it does not survive.
 * @throws {TypeError} if there is no such profile, or the module or an option is not what it should be.
 *
 * @example A module that asks where nobody can answer
 * ```ts
 * import { defineModule } from "@pam-deno/sdk";
 * import { assertSurvives } from "@pam-deno/sdk/testing";
 * import assert from "node:assert/strict";
 *
 * const module = defineModule({
 *   grants: { account: ["prompt"] },
 *   async account({ conversation }) {
 *     return await conversation.prompt("Ticket: ") === "" ? "perm_denied" : "success";
 *   },
 * });
 * await assertSurvives(module, ["login", "su"]);
 * await assert.rejects(assertSurvives(module, ["sshd-publickey"]), /account did not catch a PamError/);
 * ```
 */
export async function assertSurvives(
  module: TestedModule,
  profiles: readonly ProfileName[] = Object.keys(PROFILE_DATA) as ProfileName[],
  options: SurvivalOptions = {},
): Promise<readonly ProfileResult[]> {
  const { refused = [], ...scene } = options;
  const seen: ProfileResult[] = [];
  for (const name of profiles) seen.push(await runProfile(module, name, scene));
  const expected = ({ profile }: ProfileResult) => refused.includes(profile) ? "refused" : "passed";
  const wrong = seen.filter((one) => one.problems.length > 0 || one.outcome !== expected(one));
  if (wrong.length === 0) return seen;
  const told = wrong.map((one) =>
    one.outcome === expected(one)
      ? formatProfile(one)
      : `${formatProfile(one)}\nproblem: it should be ${expected(one)}`
  );
  throw new AssertionError({
    message: `The module does not survive ${wrong.map(({ profile }) => profile).join(", ")}\n${
      told.join("\n\n")
    }`,
    expected: wrong.map((one) => `${one.profile}: ${expected(one)}`),
    actual: wrong.map(({ profile, outcome }) => `${profile}: ${outcome}`),
  });
}
