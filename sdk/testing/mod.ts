// SPDX-License-Identifier: MIT
/**
 * The test kit: runs hooks of a module against a PAM transaction in memory, through the real codec and under the shim's rules. It needs
 * no libpam, no root and no permission.
 *
 * @example A hook in one call
 * ```ts
 * import { defineModule } from "@pam-deno/sdk";
 * import { assertCode, assertShown, runHook } from "@pam-deno/sdk/testing";
 *
 * const module = defineModule({
 *   account({ now, user, deny }) {
 *     const { hour } = now.toZonedDateTimeISO("UTC");
 *     return hour >= 22 ? deny("perm_denied", `Good night, ${user}`) : "success";
 *   },
 * });
 *
 * assertCode(await runHook(module, "account", { now: "2026-01-01T21:59:59Z" }), "success");
 * const late = await runHook(module, "account", { user: "bob", now: "2026-01-01T22:00:00Z" });
 * assertCode(late, "perm_denied");
 * assertShown(late, "Good night, bob");
 * ```
 *
 * @example Several hooks, and a person who follows a script
 * ```ts
 * import { defineModule } from "@pam-deno/sdk";
 * import { assertCode, FakeTransaction } from "@pam-deno/sdk/testing";
 * import assert from "node:assert/strict";
 *
 * const module = defineModule({
 *   grants: { auth: ["prompt"], session: ["env:TICKET"] },
 *   async authenticate({ conversation, deny }) {
 *     const ticket = await conversation.prompt("Ticket: ");
 *     return /^OPS-\d+$/.test(ticket) ? "success" : deny("auth_err", "No such ticket");
 *   },
 *   openSession({ environment }) {
 *     environment.set("TICKET", "checked");
 *     return "success";
 *   },
 * });
 *
 * using transaction = new FakeTransaction(module, { conversation: [{ prompt: "Ticket: ", answer: "OPS-7" }] });
 * assertCode(await transaction.run("authenticate"), "success");
 * assertCode(await transaction.run("setCredentials"), "success"); // left undefined: the shim answers
 * assertCode(await transaction.run("openSession"), "success");
 * assert.deepEqual(transaction.environment, { TICKET: "checked" });
 * ```
 *
 * @example Under the applications that will ask it
 * ```ts
 * import { defineModule } from "@pam-deno/sdk";
 * import { assertSurvives } from "@pam-deno/sdk/testing";
 *
 * const module = defineModule({
 *   account: ({ items, deny }) => items.rhost === undefined ? "success" : deny("perm_denied", "Only from here"),
 * });
 *
 * await assertSurvives(module, ["sudo", "su", "cron"]);
 * await assertSurvives(module, ["sshd-publickey"], { refused: ["sshd-publickey"] });
 * ```
 *
 * @module
 */

export type { DataKey } from "../data.ts";
export type { ERROR_CODES, ErrorCode } from "../error_codes.ts";
export type { Grant, GrantOn, Grants, SettableItem } from "../grants.ts";
export type { FailureClass, Hook, HOOKS, LineType } from "../hooks.ts";
export type { Answer, Conversation, ConversationMessage } from "../libpam/conversation.ts";
export { passwordOnly, refuse, textsOnly } from "../libpam/conversation.ts";
export type { PromptStep, ScriptStep, TextStep } from "../libpam/script.ts";
export type { ProcessStart } from "../lookup.ts";
export type { MODULE_FORMAT, PamModule } from "../module.ts";
export type { OptionName, PermissionName, Permissions, PermissionValue } from "../permissions.ts";
export type { SchemaIssue, SchemaResult, StandardSchema } from "../standard_schema.ts";
export type { CODES, ITEMS, PamCode, PamItem, PamStyle, PamToken, STYLES, TOKENS } from "../tokens.ts";
export {
  assertCode,
  assertFailure,
  assertLogged,
  assertNotLogged,
  assertNotShown,
  assertPrompted,
  assertShown,
  type Expected,
} from "./assertions.ts";
export { FakeTransaction } from "./fake_transaction.ts";
export { formatResult, type HookResult, type SeenLine, type SeenMessage } from "./hook_result.ts";
export {
  DEFAULT_NOW,
  type FakeTransactionOptions,
  type FlagOf,
  type RunOptions,
  type TestAgeing,
  type TestUser,
} from "./options.ts";
export { runHook } from "./run_hook.ts";
export { assertSurvives, type SurvivalOptions } from "./profiles/assert_survives.ts";
export { profileConversation, type ProfileConversationOptions } from "./profiles/conversation.ts";
export { ProfileCourse } from "./profiles/course.ts";
export type { ProfileOptions, TestedModule } from "./profiles/options.ts";
export {
  HOOKS_OF_CALLS,
  type Profile,
  type ProfileCall,
  type ProfileConversation,
  type ProfileHandle,
  type ProfileLimits,
  type ProfileProcess,
  type ProfileScene,
  type ProfileStep,
  type ProfileText,
} from "./profiles/profile.ts";
export { PROFILE_DATA, type ProfileName, profileOf, PROFILES } from "./profiles/profiles.ts";
export { formatProfile, type ProfileResult, type StepResult } from "./profiles/result.ts";
export { runProfile } from "./profiles/run_profile.ts";
export { PROFILE_SCENE, profileText } from "./profiles/scene.ts";
