// SPDX-License-Identifier: MIT
/**
 * libpam, called from TypeScript: transactions with typed flags, items, environment and conversation, and service files of
 * one's own. It needs `--allow-ffi`, Linux-PAM, and no root.
 *
 * @example A conversation that follows a script
 * ```ts
 * import { script, ServiceDirectory, Transaction } from "@pam-deno/sdk/libpam";
 * import assert from "node:assert/strict";
 *
 * using services = ServiceDirectory.create();
 * services.write("demo", [
 *   { type: "auth", control: "required", module: "pam_unix.so", args: ["nodelay"] },
 *   { type: "account", control: "required", module: "pam_permit.so" },
 * ]);
 *
 * using transaction = Transaction.start({
 *   service: "demo",
 *   user: "nobody-of-this-name",
 *   confdir: services.path,
 *   conversation: script([{ prompt: "Password: ", echo: false, answer: "wrong" }]),
 * });
 * assert.equal(transaction.authenticate(), "user_unknown");
 * assert.equal(transaction.account(), "success");
 * assert.deepEqual(transaction.messages, [{ style: "prompt_echo_off", text: "Password: " }]);
 * ```
 *
 * @example Without blocking the event loop
 * ```ts
 * import { ServiceDirectory, Transaction } from "@pam-deno/sdk/libpam";
 * import assert from "node:assert/strict";
 *
 * using services = ServiceDirectory.create();
 * services.write("demo", [{ type: "session", control: "required", module: "pam_permit.so" }]);
 * await using transaction = Transaction.start({ service: "demo", user: "nobody", confdir: services.path });
 * assert.equal(await transaction.background.openSession(), "success");
 * ```
 *
 * @module
 */

import "./needs_deno.ts";

export type { LineType } from "../hooks.ts";
export type { ERROR_CODES, ErrorCode } from "../error_codes.ts";
export { CODES, ITEMS, type PamCode, type PamItem, type PamStyle, STYLES } from "../tokens.ts";
export {
  type Answer,
  type Conversation,
  type ConversationMessage,
  passwordOnly,
  refuse,
  textsOnly,
} from "./conversation.ts";
export { codeToken, LibpamError } from "./errors.ts";
export {
  type AuthenticateFlags,
  type CallFlags,
  type ChangePasswordFlags,
  type CredentialsVerb,
  type ServiceFunction,
  ServiceFunctions,
} from "./functions.ts";
export { type Explanation, openLibpam, strerror } from "./library.ts";
export { type PromptStep, script, type ScriptStep, type TextStep } from "./script.ts";
export {
  type Control,
  type ControlAction,
  formatServiceLine,
  ServiceDirectory,
  type ServiceLine,
} from "./service_directory.ts";
export type { EndOptions, FailDelay, TransactionOptions } from "./options.ts";
export { terminal } from "./terminal.ts";
export { Transaction } from "./transaction.ts";
