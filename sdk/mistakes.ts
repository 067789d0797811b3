// SPDX-License-Identifier: MIT
/**
 * What goes wrong in handlers, and the words for it: each names the mistake, the hook and the remedy.
 *
 * @module
 */

import { PamError } from "./error.ts";
import { type Hook, HOOK_CODES } from "./hooks.ts";
import { isDenial, isLegal, legalCodes } from "./result.ts";

/** What a handler did wrong: the class of the failure and the message for the log. */
export interface Mistake {
  /** `threw` and `misconfigured` end the hook with `service_err`, `protocol` with `system_err`. */
  readonly fault: "threw" | "protocol" | "misconfigured";
  /** For the log. */
  readonly message: string;
}

const threw = (message: string): Mistake => ({ fault: "threw", message });

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
  return { fault: "protocol", message };
}

/** The handler returned something that is neither a code nor a denial. */
export function noResult(hook: Hook, value: unknown): Mistake {
  if (value === undefined) {
    return threw(
      `${hook} returned nothing: every way through it must return a code, such as "ignore", or deny(…)`,
    );
  }
  if (typeof value === "boolean") {
    return threw(`${hook} returned ${value}: return "success" or deny("perm_denied", "…"), not a boolean`);
  }
  if (typeof value === "object" && value !== null && isDenial(value)) {
    return threw(`${hook} returned what the deny() of another hook made: call the deny() of its own context`);
  }
  return threw(`${hook} returned ${name(value)}: return a code, such as "success", or deny(…)`);
}

/** The handler called `deny` and returned something else. */
export function denyNotReturned(hook: Hook): Mistake {
  return threw(
    `${hook} called deny() and returned something else: deny() must be returned, write "return deny(…)"`,
  );
}

/** The handler threw what `deny` made. */
export function denyThrown(hook: Hook): Mistake {
  return threw(`${hook} threw what deny() made: deny() must be returned, write "return deny(…)"`);
}

/** The handler returned while a question had no answer yet. */
export function notAwaited(hook: Hook, question: string): Mistake {
  return threw(
    `${hook} returned before ${question} had an answer: a question was asked but not awaited, write "await"`,
  );
}

/** The handler threw, or its promise was rejected. */
export function thrown(hook: Hook, error: unknown): Mistake {
  if (error instanceof PamError) {
    return threw(`${hook} did not catch a PamError, "${error.message}": catch it and return a code`);
  }
  if (!(error instanceof Error)) return threw(`${hook} threw ${name(error)}, which is no Error`);
  return threw(`${hook} threw ${error.name}: ${error.message}`);
}
