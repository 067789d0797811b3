// SPDX-License-Identifier: MIT
/**
 * What was seen of one hook, and how it is told.
 *
 * @module
 */

import { see } from "../coded.ts";
import type { ErrorCode } from "../error_codes.ts";
import type { FailureClass, Hook } from "../hooks.ts";
import type { PamCode, PamItem, PamStyle, PamToken } from "../tokens.ts";

/**
 * A text or a question that reached the person; see pam_conv(3).
 *
 * @example
 * ```ts
 * import { defineModule } from "@pam-deno/sdk";
 * import { runHook, type SeenMessage } from "@pam-deno/sdk/testing";
 * import assert from "node:assert/strict";
 *
 * const module = defineModule({
 *   openSession({ conversation }) {
 *     conversation.info("Backups run from 02:00");
 *     return "success";
 *   },
 * });
 * const expected: SeenMessage[] = [{ style: "text_info", text: "Backups run from 02:00" }];
 * assert.deepEqual((await runHook(module, "openSession")).shown, expected);
 * ```
 */
export interface SeenMessage {
  /** How it was shown. */
  readonly style: PamStyle;
  /** What was shown, without control characters. */
  readonly text: string;
}

/**
 * A line that the module wrote to the system log; see pam_syslog(3).
 *
 * @example
 * ```ts
 * import { defineModule } from "@pam-deno/sdk";
 * import { runHook, type SeenLine } from "@pam-deno/sdk/testing";
 * import assert from "node:assert/strict";
 *
 * const module = defineModule({
 *   account({ log }) {
 *     log.warn("the list is old");
 *     return "ignore";
 *   },
 * });
 * const [line]: readonly SeenLine[] = (await runHook(module, "account")).log;
 * assert.deepEqual(line, { level: "warning", text: "the list is old" });
 * ```
 */
export interface SeenLine {
  /** Its level. */
  readonly level: "error" | "warning" | "info" | "debug";
  /** The line. */
  readonly text: string;
}

/**
 * What one hook did to the login, as the application and the administrator see it.
 *
 * @example
 * ```ts
 * import { defineModule } from "@pam-deno/sdk";
 * import { type HookResult, runHook } from "@pam-deno/sdk/testing";
 * import assert from "node:assert/strict";
 *
 * const module = defineModule({
 *   authenticate({ failDelay, deny }) {
 *     failDelay(Temporal.Duration.from({ seconds: 2 }));
 *     return deny("auth_err", "No");
 *   },
 * });
 * const result: HookResult<"authenticate"> = await runHook(module, "authenticate");
 * assert.equal(result.code, "auth_err");
 * assert.equal(result.failDelay?.total("seconds"), 2);
 * ```
 */
export interface HookResult<H extends Hook = Hook> {
  /** The hook. */
  readonly hook: H;
  /** What libpam gets. */
  readonly code: PamCode;
  /** Whether the module defines the hook; one that it does not define is answered by the shim. */
  readonly handled: boolean;
  /** The class of failure, if the code is not the module's. */
  readonly failure: FailureClass | undefined;
  /** What the log says about the failure, in front of its code and the link to the page about it. */
  readonly cause: string | undefined;
  /** The stable code of the failure: `pam-deno explain CODE` says what to do. */
  readonly errorCode: ErrorCode | undefined;
  /** The text that `deny` gave, also if PAM_SILENT kept it from the person. */
  readonly message: string | undefined;
  /** Texts that reached the person, in order; the text of `deny` last. */
  readonly shown: readonly SeenMessage[];
  /** Questions that reached the person, in order. Answers are nowhere. */
  readonly prompted: readonly SeenMessage[];
  /** Lines of the log, in order; those above LOG_LINES_MAX are missing, as they are in the system log. */
  readonly log: readonly SeenLine[];
  /** Items that were set. */
  readonly items: Readonly<Partial<Record<PamItem, string>>>;
  /** Variables that were set, or, with `undefined`, deleted. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Tokens that were set, by name only. */
  readonly tokens: readonly PamToken[];
  /** User files that were written, by name, or, with `undefined`, deleted. */
  readonly userFiles: Readonly<Record<string, Uint8Array | undefined>>;
  /** What became of the module data. */
  readonly data: "kept" | "set" | "deleted";
  /** The delay after failure that was asked for. */
  readonly failDelay: Temporal.Duration | undefined;
}

function list(lines: readonly string[], none = "nothing"): string {
  return lines.length === 0 ? none : lines.join("\n               ");
}

function message({ style, text }: SeenMessage): string {
  return `${style} ${JSON.stringify(text)}`;
}

/**
 * Tells all that was seen of a hook, over several lines; the assertions end with it. There is no token and no answer in it.
 *
 * @param result What was seen.
 * @returns The lines.
 *
 * @example
 * ```ts
 * import { defineModule } from "@pam-deno/sdk";
 * import { formatResult, runHook } from "@pam-deno/sdk/testing";
 * import assert from "node:assert/strict";
 *
 * const module = defineModule({ account: ({ deny }) => deny("perm_denied", "Not today") });
 * const text = formatResult(await runHook(module, "account"));
 * assert.match(text, /code: {8}perm_denied\n {2}shown: {7}error_msg "Not today"/);
 * ```
 */
export function formatResult(result: HookResult): string {
  const {
    hook,
    code,
    handled,
    failure,
    cause,
    errorCode,
    shown,
    prompted,
    log,
    items,
    environment,
    tokens,
    data,
  } = result;
  const files = Object.entries(result.userFiles).map(([name, content]) =>
    content === undefined ? `${name} deleted` : `${name}, ${content.length} octets`
  );
  const set = Object.entries({ ...items, ...environment }).map(([name, value]) =>
    value === undefined ? `${name} deleted` : `${name}=${JSON.stringify(value)}`
  );
  return `  hook:        ${hook}${handled ? "" : ", which the module does not define"}
  code:        ${code}${failure === undefined ? "" : ` (${failure}: ${cause} ${see(errorCode!)})`}
  shown:       ${list(shown.map(message))}
  prompted:    ${list(prompted.map(message))}
  logged:      ${list(log.map(({ level, text }) => `${level} ${JSON.stringify(text)}`))}
  items:       ${list(Object.entries(items).map(([name, value]) => `${name}=${JSON.stringify(value)}`))}
  environment: ${list(set.slice(Object.keys(items).length))}
  tokens:      ${list(tokens)}
  user files:  ${list(files)}
  module data: ${data}
  fail delay:  ${result.failDelay ?? "none"}`;
}

const owners = new WeakMap<HookResult, () => void>();

/** Notes whom to tell when an assertion about `result` fails. */
export function noteOwner(result: HookResult, failed: () => void): void {
  owners.set(result, failed);
}

/** Tells the transaction of `result` that the test has failed. */
export function noteFailure(result: HookResult): void {
  owners.get(result)?.();
}
