// SPDX-License-Identifier: MIT
/**
 * Why a code is not the module's: the class of the failure, its cause and place, and what to do.
 *
 * @module
 */

import { docsLink, splitCode } from "../../coded.ts";
import type { ErrorCode } from "../../error_codes.ts";
import { CLASS_CODES } from "../../faults.ts";
import { type FailureClass, FAILURES } from "../../hooks.ts";
import type { Place, Places } from "./places.ts";
import type { Seen } from "./trial.ts";

/** A failure. */
export interface Failure {
  /** Its class; PROTOCOL.md says which code each has in which hook. */
  readonly class: FailureClass;
  /** What happened. */
  readonly cause: string;
  /** The stable code of it. */
  readonly error_code: ErrorCode;
  /** The page about it. */
  readonly docs: string;
  /** Where in the author's sources, if that is known. */
  readonly place: Place | null;
  /** What to do about it. */
  readonly remedy: string;
}

const CLASSES = Object.keys(FAILURES) as FailureClass[];

/** What the shim logs of a failure: its class, the code, how long it took, for whom, and why. */
const LOGGED = new RegExp(`: (${CLASSES.join("|")}), \\w+ in [0-9]+ ms[^:]*: (.*)$`, "s");

const REMEDIES: Readonly<Record<FailureClass, string>> = {
  unreachable: "look at the log: the worker was not there when the hook was called",
  broken_off: "await nothing without an end, or give more time with --timeout",
  threw:
    "mend the handler, or catch what it throws and return a code: a handler that throws counts as broken",
  protocol: "return only what the hook may return, and do only what its grants give",
  misconfigured: "mend the line: --option and --grant are what stands on it",
  starved: "close what is open, or raise the limit of descriptors",
};

const HELD_UP = "the handler does not give up the turn, as an endless loop does";

/** The failure of a call; `undefined` if there was none. */
export function failureOf({ systemLog, log, sightings, trouble }: Seen, places: Places): Failure | undefined {
  const found = systemLog.map((line) => LOGGED.exec(line)).findLast((match) => match !== null);
  if (!found) return undefined;
  const [, name, said] = found;
  const kind = name as FailureClass;
  const message = sightings.findLast(({ fault }) => fault !== undefined)?.fault?.message ?? said!;
  const stack = log.find(({ text }) => isStack(text))?.text;
  // Behind the cause stand its code and the address of its page.
  const { text, code = CLASS_CODES[kind] } = splitCode(message);
  const cause = places.clean(text);
  const isHeldUp = kind === "broken_off" && trouble !== undefined;
  return {
    class: kind,
    cause: isHeldUp ? `${cause}; ${trouble}` : cause,
    error_code: code,
    docs: docsLink(code),
    place: (stack === undefined ? undefined : places.find(stack)) ?? null,
    remedy: isHeldUp ? HELD_UP : REMEDIES[kind],
  };
}

/** Whether a line of the log is the stack of what a handler threw. */
export function isStack(text: string): boolean {
  return /^[A-Za-z]+ threw: /.test(text);
}
