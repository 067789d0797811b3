// SPDX-License-Identifier: MIT
/**
 * What is said when a command cannot do what it was asked to.
 *
 * @module
 */

import { codeIn, docsLink, see } from "../coded.ts";
import type { ErrorCode } from "../error_codes.ts";
import { codeOf } from "../failure_codes.ts";
import { line } from "../text.ts";
import { EXIT } from "./exit_code.ts";
import type { Output } from "./output.ts";

/** What an error of a command may have besides its message. */
export interface CommandErrorOptions extends ErrorOptions {
  /** The stable code, if there is one that says more than that the command failed. */
  readonly code?: ErrorCode;
}

/** An error with the stable code that its page is under. */
class CodedError extends Error {
  /** The stable code; without one, that of the kind of error. */
  readonly errorCode: ErrorCode | undefined;

  constructor(message: string, { code, ...options }: CommandErrorOptions = {}) {
    super(message, options);
    this.errorCode = code;
  }
}

/** The command line is wrong. */
export class UsageError extends CodedError {
  override name = "UsageError";
}

/** The person said no, or nobody could be asked. Nothing was changed. */
export class DeclinedError extends CodedError {
  override name = "DeclinedError";
}

/** A command cannot do what it was asked to. The message says why, and the remedy. */
export class CommandError extends CodedError {
  override name = "CommandError";
}

/** The kind of a failure, as `--json` says it. */
export type FailureKind = "failed" | "misused" | "declined" | "unexpected";

/** How a failure is to be reported. */
export interface FailureOptions {
  /** Whether stdout must get one JSON document, and whether that is to be one line. */
  readonly json: boolean | "line";
  /** Whether to show where an unexpected error came from. */
  readonly debug: boolean;
}

/** Errors of the system that say what and where well enough for a person. */
const SYSTEM_ERRORS = [
  Deno.errors.PermissionDenied,
  Deno.errors.NotFound,
  Deno.errors.AlreadyExists,
  Deno.errors.IsADirectory,
  Deno.errors.NotADirectory,
];
const SYSTEM_CODES = ["ENOSPC", "EROFS", "EDQUOT", "EIO", "EMFILE", "ENFILE"];

/** The longest line that is shown of a message, in bytes. */
const LINE_MAX = 4_096;

const REPORT = "this is a mistake in pam-deno: please report it where you have pam-deno from";

/** Reports `error`, and returns the status to end with. */
export function reportFailure(error: unknown, output: Output, { json, debug }: FailureOptions): number {
  const kind = kindOf(error);
  const message = clean(
    kind === "unexpected" ? unexpected(error, debug) : (error as Error).message + remedyOf(error),
  );
  const code = codeOfFailure(error, kind);
  const document = { error: { kind, code, message, docs: docsLink(code) } };
  if (json === "line") output.jsonLine(document);
  else if (json) output.json(document);
  for (const part of message.split("\n")) output.note(`pam-deno: ${part}`);
  // A page about any failure says less than the message; and one that came with a code has it already.
  if (!GENERAL.has(code) && codeIn(message) === undefined) output.note(`pam-deno: ${see(code)}`);
  if (debug && error instanceof Error && error.stack) output.note(clean(error.stack));
  return kind === "misused" ? EXIT.misused : kind === "declined" ? EXIT.declined : EXIT.failed;
}

/** Codes that say no more than how the command ended. */
const GENERAL: ReadonlySet<ErrorCode> = new Set([
  "failed",
  "misused",
  "declined",
  "unexpected",
  "system-refused",
]);

function codeOfFailure(error: unknown, kind: FailureKind): ErrorCode {
  const code = codeOf(error);
  if (code !== undefined) return code;
  const said = (error as { readonly code?: unknown } | null)?.code;
  const system = SYSTEM_ERRORS.some((known) => error instanceof known) ||
    (typeof said === "string" && SYSTEM_CODES.includes(said));
  return system ? "system-refused" : kind;
}

/** A message, of which a module may have written a part: nothing in it moves the cursor or turns the direction of what is read. */
function clean(message: string): string {
  return message.split("\n").map((text) => {
    const [blank] = /^ */.exec(text)!;
    return blank + line(text.slice(blank.length).replaceAll("\t", " "), LINE_MAX);
  }).join("\n");
}

/** Errors with a name of their own were written for a person; those of the language were not. */
function kindOf(error: unknown): FailureKind {
  if (error instanceof UsageError) return "misused";
  if (error instanceof DeclinedError) return "declined";
  if (!(error instanceof Error)) return "unexpected";
  if (SYSTEM_ERRORS.some((known) => error instanceof known)) return "failed";
  if (SYSTEM_CODES.includes((error as { code?: string }).code ?? "")) return "failed";
  return OURS.test(error.name) && !LANGUAGE.has(error.name) ? "failed" : "unexpected";
}

const OURS = /^[A-Z][a-z]+(?:[A-Z][a-z]+)*Error$/;
const LANGUAGE = new Set([
  "AggregateError",
  "DOMException",
  "EvalError",
  "RangeError",
  "ReferenceError",
  "SuppressedError",
  "SyntaxError",
  "TypeError",
  "URIError",
]);

/** What the system says of a file has no remedy in it. */
function remedyOf(error: unknown): string {
  return error instanceof Deno.errors.PermissionDenied && Deno.uid() !== 0 ? "\nrun this as root" : "";
}

function unexpected(error: unknown, debug: boolean): string {
  const what = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  const first = what.split("\n", 1)[0]!;
  return `${first}\n${REPORT}${debug ? "" : ", with what the same command says with --debug"}`;
}
