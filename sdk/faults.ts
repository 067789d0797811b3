// SPDX-License-Identifier: MIT
/**
 * What a fault of a worker means to the application.
 *
 * @module
 */

import type { ErrorCode } from "./error_codes.ts";
import { type FailureClass, FAILURES, type Hook } from "./hooks.ts";
import type { PamCode } from "./tokens.ts";
import type { MessageOf } from "./wire/types.ts";

/** The class of failure that each fault of a worker is. */
export const FAULT_CLASSES: Readonly<Record<MessageOf<"fault">["fault"], FailureClass>> = {
  busy: "broken_off",
  no_common_version: "broken_off",
  threw: "threw",
  protocol: "protocol",
  misconfigured: "misconfigured",
};

/** The stable code of each class of failure, where the worker gives none. The shim makes the same of the class. */
export const CLASS_CODES: Readonly<Record<FailureClass, ErrorCode>> = {
  unreachable: "unreachable",
  broken_off: "broken-off",
  threw: "threw",
  protocol: "protocol",
  misconfigured: "misconfigured",
  starved: "starved",
};

/** The code that libpam gets of `hook` for what ends it. */
export function codeOf(hook: Hook, outcome: MessageOf<"result" | "fault">): PamCode {
  return outcome.type === "result" ? outcome.code : FAILURES[FAULT_CLASSES[outcome.fault]][hook];
}
