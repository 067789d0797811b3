// SPDX-License-Identifier: MIT
/**
 * Write PAM policy in TypeScript: a module is an object of typed handlers, one per hook of PAM.
 *
 * @example
 * ```ts
 * import { defineModule, type PamModule } from "@pam-deno/sdk";
 *
 * export default defineModule({
 *   account({ now, deny }) {
 *     const { dayOfWeek } = now.toZonedDateTimeISO("Europe/Berlin");
 *     return dayOfWeek <= 5 ? "success" : deny("perm_denied", "Closed at the weekend");
 *   },
 * }) as PamModule;
 * ```
 *
 * ```text
 * account required pam_deno.so weekdays
 * ```
 *
 * @module
 */

export type { Authtok, OldAuthtok } from "./sdk/authtok.ts";
export type {
  AccountContext,
  AuthenticateContext,
  CallerProcess,
  ChangePasswordContext,
  CloseSessionContext,
  Context,
  ContextOf,
  OpenSessionContext,
  PreliminaryContext,
  SetCredentialsContext,
  UpdateContext,
  Verb,
} from "./sdk/context.ts";
export type { Answers, Conversation, ConversationMessage } from "./sdk/conversation.ts";
export { type Data, type DataKey, dataKey } from "./sdk/data.ts";
export type { Environment, GrantedVariable, VariableName } from "./sdk/environment.ts";
export { PamError } from "./sdk/error.ts";
export type { ERROR_CODES, ErrorCode } from "./sdk/error_codes.ts";
export type {
  Grant,
  Granted,
  GrantOn,
  Grants,
  GrantsOn,
  NoGrants,
  NotGranted,
  SettableItem,
} from "./sdk/grants.ts";
export type { Code, Hook, LineType } from "./sdk/hooks.ts";
export { COMMON_CODES, HOOK_CODES, HOOKS, LINE_TYPES } from "./sdk/hooks.ts";
export type { GrantedItem, ItemName, Items } from "./sdk/items.ts";
export type { Log, LogProperties } from "./sdk/log.ts";
export type { Ageing, AgeingFields, Lookup, Passwd, ProcessStart } from "./sdk/lookup.ts";
export {
  type ChangePassword,
  defineModule,
  type Definition,
  type Handler,
  type MODULE_FORMAT,
  type PamModule,
} from "./sdk/module.ts";
export type { NoOptions, NotAWord, OptionsAreWords, UnreachableOption } from "./sdk/options.ts";
export type { OptionName, PermissionName, Permissions, PermissionValue } from "./sdk/permissions.ts";
export type { Denial, Deny, RefusalCode, Result } from "./sdk/result.ts";
export { Secret } from "./sdk/secret.ts";
export type { SchemaIssue, SchemaResult, StandardSchema } from "./sdk/standard_schema.ts";
export { CODES, FLAGS, ITEMS, type PamCode, type PamItem, STYLES, TOKENS } from "./sdk/tokens.ts";
export type { GrantedUserFile, UserFileName, UserFiles } from "./sdk/user_files.ts";
