// SPDX-License-Identifier: MIT
/**
 * Asks a module that is rehearsed what it says of the words of a pam.d line.
 *
 * @module
 */

import * as v from "valibot";
import type { ErrorCode } from "../error_codes.ts";
import { line } from "../text.ts";
import type { Rehearsal } from "./rehearsal.ts";

/** The longest message of a module that is shown, in bytes. */
const MESSAGE_MAX = 4_096;

/** The module refuses an option of the command line, or does not know it. */
export class OptionError extends Error {
  override name = "OptionError";
  /** The stable code: the module's own text cannot say another. */
  readonly errorCode: ErrorCode;

  /** `said` is what the module says of `--option`. */
  constructor(word: string, said: string, code: ErrorCode = "options-refused") {
    super(`${word}: --option: ${line(said, MESSAGE_MAX)}`);
    this.errorCode = code;
  }
}

/** What comes from the process is a stranger's word, whatever types say. */
const ANSWER = v.object({ error: v.optional(v.string()), warnings: v.array(v.string()) });

/**
 * Has the module look at `options`, the words of `--option`. Gives why it refuses a line without any, if it does.
 *
 * @throws {OptionError} if it refuses them, or ignores one.
 */
export async function demandOptions(
  rehearsal: Rehearsal,
  { word, options }: { readonly word: string; readonly options: readonly string[] },
): Promise<string | undefined> {
  const { error, warnings } = v.parse(ANSWER, await rehearsal.run("options", { options }));
  if (options.length === 0) return error === undefined ? undefined : line(error, MESSAGE_MAX);
  if (error !== undefined) throw new OptionError(word, error);
  if (warnings.length > 0) throw new OptionError(word, `${warnings[0]}: take it out`, "option-unknown");
  return undefined;
}
