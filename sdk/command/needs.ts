// SPDX-License-Identifier: MIT
/**
 * `pam-deno needs`: runs a module's tests, and says which permissions and grants it needed.
 *
 * @module
 */

import { object } from "@optique/core/constructs";
import { message } from "@optique/core/message";
import { multiple, withDefault } from "@optique/core/modifiers";
import type { InferValue } from "@optique/core/parser";
import { argument, command, constant, flag, option } from "@optique/core/primitives";
import { string } from "@optique/core/valueparser";
import type { Context } from "./context.ts";
import { EXIT } from "./exit_code.ts";
import { UsageError } from "./failure.ts";
import { pathWord } from "./path_word.ts";

/** Its words. */
export const NEEDS = command(
  "needs",
  object({
    command: constant("needs"),
    module: argument(pathWord("MODULE", "any"), {
      description: message`The module's main file, or its folder.`,
    }),
    options: multiple(option("--option", string({ metavar: "WORD" }), {
      description: message`A word of the pam.d line that the profiles are run with; may be repeated.`,
    })),
    strict: withDefault(
      flag("--strict", { description: message`End with 1 also if what is declared is unused or too wide.` }),
      false,
    ),
    json: withDefault(flag("--json", { description: message`Print one JSON document.` }), false),
  }),
  {
    brief: message`Tell what a module under development needs.`,
    description:
      message`Runs the module's tests and the profiles of applications, and lays the permissions and grants that they needed beside those that it declares. Tests are programs: they run as you, and as root as a user that nobody is.`,
  },
);

/** The format of what `--json` says: it grows when a key changes its meaning or goes, not when one is added. */
const NEEDS_FORMAT = 1;

/** Runs the tests and says what they needed. */
export async function runNeeds(
  { module, options, strict, json }: InferValue<typeof NEEDS>,
  { layout, output, progress }: Context,
): Promise<number> {
  const { findSubject } = await import("../author/subject.ts");
  const { OptionError } = await import("../author/options.ts");
  const { findNeeds } = await import("../author/needs/needs.ts");
  const { isEnough } = await import("../author/needs/compare.ts");
  const { formatNeeds } = await import("../author/needs/report.ts");
  const subject = findSubject(module);
  const onStep = (text: string) => progress.step(text);
  const needs = await findNeeds(subject, { layout, options, onStep }).catch((error) => {
    throw error instanceof OptionError ? new UsageError(error.message, { code: error.errorCode }) : error;
  });
  progress.clear();
  const enough = isEnough(needs, strict);
  for (const warning of needs.warnings) output.note(output.wrapped(`pam-deno: ${warning}`));
  if (json) output.json({ format: NEEDS_FORMAT, module: subject.file, enough, ...needs });
  else {
    const { tests, profiles } = needs;
    const ran = `${tests} ${tests === 1 ? "test" : "tests"} and ${profiles} profiles of ${module}`;
    output.result(`${formatNeeds(needs, output.width)}\n`);
    const said = enough
      ? `${ran} needed nothing that it does not declare`
      : `${ran}: what it declares is not what they needed`;
    output.note(output.wrapped(`pam-deno: ${said}`));
  }
  return enough ? EXIT.done : EXIT.failed;
}
