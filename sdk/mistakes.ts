// SPDX-License-Identifier: MIT
/**
 * What goes wrong in handlers, and the words for it: each names the mistake, the hook and the remedy.
 *
 * @module
 */

import { splitCode } from "./coded.ts";
import { PamError } from "./error.ts";
import type { ErrorCode } from "./error_codes.ts";
import { type Hook, HOOK_CODES } from "./hooks.ts";
import { isDenial, isLegal, legalCodes } from "./result.ts";

/** What a handler did wrong: the class of the failure and the message for the log. */
export interface Mistake {
  /** `threw` and `misconfigured` end the hook with `service_err`, `protocol` with `system_err`. */
  readonly fault: "threw" | "protocol" | "misconfigured";
  /** The stable code. */
  readonly code: ErrorCode;
  /** For the log, where the code and the link to its page are put behind it. */
  readonly message: string;
}

const threw = (code: ErrorCode, message: string): Mistake => ({ fault: "threw", code, message });

/** A value in a message: short, and never what an object holds. */
function name(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.slice(0, 40));
  if (typeof value === "object" && value !== null) return Array.isArray(value) ? "a list" : "an object";
  return typeof value === "function" ? "a function" : String(value).slice(0, 40);
}

/** The handler returned a string that is not a code of its hook. */
export function wrongCode(hook: Hook, code: string): Mistake {
  const owners = (Object.keys(HOOK_CODES) as Hook[]).filter((other) => isLegal(other, code));
  const whose = owners.length === 0
    ? "which is no code of any hook"
    : `which is a code of ${owners.join(" and ")}`;
  const message = `${hook} returned ${name(code)}, ${whose}: it may return ${legalCodes(hook).join(", ")}`;
  return { fault: "protocol", code: "wrong-code", message };
}

/** The handler returned something that is neither a code nor a denial. */
export function noResult(hook: Hook, value: unknown): Mistake {
  if (value === undefined) {
    return threw(
      "nothing-returned",
      `${hook} returned nothing: every way through it must return a code, such as "ignore", or deny(…)`,
    );
  }
  if (typeof value === "boolean") {
    return threw(
      "boolean-returned",
      `${hook} returned ${value}: return "success" or deny("perm_denied", "…"), not a boolean`,
    );
  }
  if (typeof value === "object" && value !== null && isDenial(value)) {
    return threw(
      "deny-of-another-hook",
      `${hook} returned what the deny() of another hook made: call the deny() of its own context`,
    );
  }
  return threw(
    "no-code-returned",
    `${hook} returned ${name(value)}: return a code, such as "success", or deny(…)`,
  );
}

/** The handler called `deny` and returned something else. */
export function denyNotReturned(hook: Hook): Mistake {
  return threw(
    "deny-not-returned",
    `${hook} called deny() and returned something else: deny() must be returned, write "return deny(…)"`,
  );
}

/** The handler threw what `deny` made. */
export function denyThrown(hook: Hook): Mistake {
  return threw(
    "deny-thrown",
    `${hook} threw what deny() made: deny() must be returned, write "return deny(…)"`,
  );
}

/** The handler returned while a question had no answer yet. */
export function notAwaited(hook: Hook, question: string): Mistake {
  return threw(
    "not-awaited",
    `${hook} returned before ${question} had an answer: a question was asked but not awaited, write "await"`,
  );
}

/** What Deno refused has a remedy of its own. */
function codeByName({ name }: Error): ErrorCode {
  return name === "NotCapable" ? "permission-missing" : "handler-threw";
}

/** The handler threw, or its promise was rejected. */
export function thrown(hook: Hook, error: unknown): Mistake {
  if (error instanceof PamError) {
    return threw(
      "pam-error-not-caught",
      `${hook} did not catch a PamError, "${error.message}": catch it and return a code`,
    );
  }
  if (!(error instanceof Error)) {
    return threw("no-error-thrown", `${hook} threw ${name(error)}, which is no Error`);
  }
  // What the SDK threw has a code of its own, which says more.
  const { text, code = codeByName(error) } = splitCode(String(error.message));
  return threw(code, `${hook} threw ${error.name}: ${text}`);
}
