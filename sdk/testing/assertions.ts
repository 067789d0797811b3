// SPDX-License-Identifier: MIT
/**
 * Assertions about what was seen of a hook. When one fails, its message says what was expected and ends with all that was seen.
 *
 * @module
 */

import { AssertionError } from "node:assert";
import type { FailureClass } from "../hooks.ts";
import type { PamCode } from "../tokens.ts";
import {
  formatResult,
  type HookResult,
  noteFailure,
  type SeenLine,
  type SeenMessage,
} from "./hook_result.ts";

/**
 * What a text must be: all of it, or a pattern found in it.
 *
 * @example
 * ```ts
 * import { defineModule } from "@pam-deno/sdk";
 * import { assertShown, type Expected, runHook } from "@pam-deno/sdk/testing";
 *
 * const expected: Expected[] = ["Open from 08:00 to 18:00", /08:00/];
 * const module = defineModule({ account: ({ deny }) => deny("perm_denied", "Open from 08:00 to 18:00") });
 * const seen = await runHook(module, "account");
 * for (const text of expected) assertShown(seen, text);
 * ```
 */
export type Expected = string | RegExp;

function matches(expected: Expected, text: string): boolean {
  // A pattern with the flag g or y would go on where it stopped.
  return typeof expected === "string"
    ? expected === text
    : new RegExp(expected, expected.flags.replace(/[gy]/g, "")).test(text);
}

function say(kind: string, expected: Expected): string {
  return typeof expected === "string"
    ? `${kind} ${JSON.stringify(expected)}`
    : `${kind} that matches ${expected}`;
}

function fail(result: HookResult, problem: string, expected: unknown, actual: unknown): never {
  noteFailure(result);
  throw new AssertionError({
    message: `${problem}\nAll that was seen:\n${formatResult(result)}`,
    expected,
    actual,
  });
}

/**
 * Asserts what libpam got.
 *
 * @param result What was seen of the hook.
 * @param code The code, by its token.
 * @throws {AssertionError} if it is another one.
 *
 * @example
 * ```ts
 * import { defineModule } from "@pam-deno/sdk";
 * import { assertCode, runHook } from "@pam-deno/sdk/testing";
 *
 * const module = defineModule({ account: () => "success" });
 * assertCode(await runHook(module, "account"), "success");
 * ```
 */
export function assertCode(result: HookResult, code: PamCode): void {
  if (result.code !== code) fail(result, `Expected the code ${code}, got ${result.code}`, code, result.code);
}

/**
 * Asserts that a hook failed, that is, that the code is not the module's.
 *
 * @param result What was seen of the hook.
 * @param failure The class of failure.
 * @param cause What the log says about it; anything if left out.
 * @throws {AssertionError} if the module answered, or the class or the cause is another one.
 *
 * @example
 * ```ts
 * import { defineModule } from "@pam-deno/sdk";
 * import { assertFailure, runHook } from "@pam-deno/sdk/testing";
 *
 * const module = defineModule({
 *   account() {
 *     throw new Error("The database is away");
 *   },
 * });
 * assertFailure(await runHook(module, "account"), "threw", /The database is away/);
 * ```
 */
export function assertFailure(result: HookResult, failure: FailureClass, cause?: Expected): void {
  const got = result.failure ?? "no failure";
  if (result.failure !== failure) fail(result, `Expected the failure ${failure}, got ${got}`, failure, got);
  if (cause !== undefined && !matches(cause, result.cause ?? "")) {
    fail(result, `Expected the failure ${failure} with ${say("a cause", cause)}`, cause, result.cause);
  }
}

/**
 * Asserts that a text reached the person.
 *
 * @param result What was seen of the hook.
 * @param expected The whole text, or a pattern.
 * @param style The style; any if left out. The text of `deny` is an `error_msg`.
 * @throws {AssertionError} if no such text was shown.
 *
 * @example
 * ```ts
 * import { defineModule } from "@pam-deno/sdk";
 * import { assertShown, runHook } from "@pam-deno/sdk/testing";
 *
 * const module = defineModule({ account: ({ deny }) => deny("acct_expired", "Your contract has ended") });
 * assertShown(await runHook(module, "account"), /contract/, "error_msg");
 * ```
 */
export function assertShown(result: HookResult, expected: Expected, style?: "error_msg" | "text_info"): void {
  const found = (message: SeenMessage) =>
    matches(expected, message.text) && (style === undefined || style === message.style);
  if (!result.shown.some(found)) {
    fail(result, `Expected ${say(style ?? "a text", expected)} to be shown`, expected, result.shown);
  }
}

/**
 * Asserts that nothing, or nothing of a kind, was shown to the person. Questions do not count.
 *
 * @param result What was seen of the hook.
 * @param unexpected The whole text, or a pattern; any text if left out.
 * @throws {AssertionError} if such a text was shown.
 *
 * @example PAM_SILENT
 * ```ts
 * import { defineModule } from "@pam-deno/sdk";
 * import { assertNotShown, runHook } from "@pam-deno/sdk/testing";
 *
 * const module = defineModule({ account: ({ deny }) => deny("acct_expired", "Your contract has ended") });
 * assertNotShown(await runHook(module, "account", { flags: ["silent"] }));
 * ```
 */
export function assertNotShown(result: HookResult, unexpected: Expected = /^/): void {
  const found = result.shown.find(({ text }) => matches(unexpected, text));
  if (found !== undefined) {
    fail(result, `Expected ${JSON.stringify(found.text)} not to be shown`, [], result.shown);
  }
}

/**
 * Asserts that the person was asked.
 *
 * @param result What was seen of the hook.
 * @param expected The whole question, or a pattern.
 * @param style Whether the answer shows while it is typed; either if left out.
 * @throws {AssertionError} if there was no such question.
 *
 * @example
 * ```ts
 * import { defineModule } from "@pam-deno/sdk";
 * import { assertPrompted, runHook } from "@pam-deno/sdk/testing";
 *
 * const module = defineModule({
 *   grants: { auth: ["prompt"] },
 *   async authenticate({ conversation, deny }) {
 *     return await conversation.prompt("Colour? ") === "blue" ? "success" : deny("auth_err", "Wrong");
 *   },
 * });
 * const conversation = [{ prompt: "Colour? ", answer: "blue" }];
 * assertPrompted(await runHook(module, "authenticate", { conversation }), /^Colour/, "prompt_echo_on");
 * ```
 */
export function assertPrompted(
  result: HookResult,
  expected: Expected,
  style?: "prompt_echo_off" | "prompt_echo_on",
): void {
  const found = (message: SeenMessage) =>
    matches(expected, message.text) && (style === undefined || style === message.style);
  if (!result.prompted.some(found)) {
    fail(result, `Expected ${say(style ?? "a question", expected)} to be asked`, expected, result.prompted);
  }
}

/**
 * Asserts that the module wrote a line to the log.
 *
 * @param result What was seen of the hook.
 * @param expected The whole line, or a pattern.
 * @param level The level; any if left out.
 * @throws {AssertionError} if there was no such line.
 *
 * @example
 * ```ts
 * import { defineModule } from "@pam-deno/sdk";
 * import { assertLogged, runHook } from "@pam-deno/sdk/testing";
 *
 * const module = defineModule({
 *   account({ log }) {
 *     log.warn("The table is from {day}", { day: "Monday" });
 *     return "ignore";
 *   },
 * });
 * assertLogged(await runHook(module, "account"), /Monday/, "warning");
 * ```
 */
export function assertLogged(result: HookResult, expected: Expected, level?: SeenLine["level"]): void {
  const found = (line: SeenLine) =>
    matches(expected, line.text) && (level === undefined || level === line.level);
  if (!result.log.some(found)) {
    fail(
      result,
      `Expected ${say(level === undefined ? "a line" : `a line at level ${level}`, expected)} in the log`,
      expected,
      result.log,
    );
  }
}

/**
 * Asserts that nothing, or nothing of a kind, was written to the log.
 *
 * @param result What was seen of the hook.
 * @param unexpected The whole line, or a pattern; any line if left out.
 * @throws {AssertionError} if there was such a line.
 *
 * @example
 * ```ts
 * import { defineModule } from "@pam-deno/sdk";
 * import { assertNotLogged, runHook } from "@pam-deno/sdk/testing";
 *
 * const module = defineModule({ account: () => "success" });
 * assertNotLogged(await runHook(module, "account"));
 * ```
 */
export function assertNotLogged(result: HookResult, unexpected: Expected = /^/): void {
  const found = result.log.find(({ text }) => matches(unexpected, text));
  if (found !== undefined) {
    fail(result, `Expected ${JSON.stringify(found.text)} not to be in the log`, [], result.log);
  }
}
