// SPDX-License-Identifier: MIT
/**
 * The words of `pam-deno`: its commands, and what it says of itself.
 *
 * @module
 */

import { bash, fish, zsh } from "@optique/core/completion";
import { merge, or } from "@optique/core/constructs";
import { type RunOptions, runParser } from "@optique/core/facade";
import { formatMessage, message } from "@optique/core/message";
import type { InferValue } from "@optique/core/parser";
import type { Usage } from "@optique/core/usage";
import { PAM_DENO_VERSION } from "../version.ts";
import { ADD } from "./add.ts";
import { CHECK } from "./check.ts";
import { EXPLAIN } from "./explain.ts";
import { UsageError } from "./failure.ts";
import { LINES } from "./lines.ts";
import { NEW } from "./new.ts";
import { NEEDS } from "./needs.ts";
import type { Output } from "./output.ts";
import { PLACES } from "./places.ts";
import { RELOAD } from "./reload.ts";
import { REMOVE } from "./remove.ts";
import { ROLLBACK } from "./rollback.ts";
import { SERVE } from "./serve.ts";
import { SIMULATE } from "./simulate.ts";
import { STATUS } from "./status.ts";
import { TRY } from "./try.ts";

/** The commands, in the order in which they are usually needed. */
const AUTHORS = or(NEW, TRY, NEEDS, SIMULATE);
const ADMINISTRATORS = or(ADD, CHECK, STATUS, LINES, RELOAD, ROLLBACK, REMOVE, SERVE);
const PROGRAM = merge(or(AUTHORS, ADMINISTRATORS, EXPLAIN), PLACES);

/** What a command line says. */
export type Words = InferValue<typeof PROGRAM>;

const USAGE: Usage = [
  { type: "argument", metavar: "COMMAND" },
  { type: "multiple", terms: [{ type: "argument", metavar: "WORD" }], min: 0 },
];

/** The command line asked for something that is already said: help, the version, completion. */
class AllSaid extends Error {}

/** Below this a description starts behind a short column, so that paths fit; in columns. */
const ROOMY = 60;
const TERM_WIDTH = 10;

const NAME = "pam-deno";
const HINT = `\`${NAME} help\` tells what there is`;

/**
 * Understands a command line. `undefined` if it asked for help, for the version or for completion, which is printed.
 *
 * @throws {UsageError} if it is wrong.
 */
export function parseWords(args: readonly string[], output: Output): Words | undefined {
  const onShow = () => {
    throw new AllSaid();
  };
  const options: RunOptions<never, never> = {
    brief: message`Login policy in TypeScript, for PAM.`,
    description: message`Adds, serves and looks after the modules that pam_deno.so asks.`,
    footer:
      message`The status is 0 if all is well, 1 if something failed or is not in order, 2 if the command line is wrong, 3 if nobody agreed. See pam-deno(8), pam_deno(8) and pam-deno.conf(5).`,
    help: { command: true, option: { names: ["-h", "--help"] }, onShow },
    version: { value: PAM_DENO_VERSION, option: true, onShow },
    completion: { command: true, shells: { bash, fish, zsh }, onShow },
    usageLine: USAGE,
    termWidth: output.width < ROOMY ? TERM_WIDTH : "auto",
    maxWidth: output.width,
    colors: output.colour,
    aboveError: "none",
    stdout: (text) => output.result(text),
    stderr: () => {},
    onError(_status, error): never {
      throw new UsageError(`${oneLine(formatMessage(error, { quotes: true }))}\n${HINT}`);
    },
  };
  try {
    return runParser(PROGRAM, NAME, args.length === 0 ? ["help"] : args, options);
  } catch (error) {
    if (error instanceof AllSaid) return undefined;
    throw error;
  }
}

function oneLine(text: string): string {
  return text.replace(/\s*\n\s*/g, " ");
}
