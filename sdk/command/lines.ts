// SPDX-License-Identifier: MIT
/**
 * `pam-deno lines`: prints a module's pam.d lines, ready to be put into a file.
 *
 * @module
 */

import { object } from "@optique/core/constructs";
import { message } from "@optique/core/message";
import { multiple } from "@optique/core/modifiers";
import type { InferValue } from "@optique/core/parser";
import { argument, command, constant } from "@optique/core/primitives";
import { string } from "@optique/core/valueparser";
import type { Layout } from "../config/layout.ts";
import { breakGlassLines, pamLines, type PamLinesOptions, shimWords } from "../install/pam_lines.ts";
import type { Context } from "./context.ts";
import { EXIT } from "./exit_code.ts";
import { CommandError, UsageError } from "./failure.ts";
import { moduleName } from "./module_name.ts";

/** Its words. */
export const LINES = command(
  "lines",
  object({
    command: constant("lines"),
    name: argument(moduleName(), { description: message`The module.` }),
    options: multiple(argument(string({ metavar: "OPTION" }), {
      description: message`Options of the module to put on the lines.`,
    })),
  }),
  {
    brief: message`Print a module's pam.d lines.`,
    description:
      message`For each type a line that lets root in whatever happens to the next one, and the module's line with the grants that it needs.`,
  },
);

/** Prints the lines. */
export async function runLines(
  { name, options }: InferValue<typeof LINES>,
  { layout, output }: Context,
): Promise<number> {
  const { readRecord } = await import("../install/record.ts");
  const record = readRecord(layout, name);
  if (!record) {
    throw new CommandError(
      `${name} was not added: \`pam-deno status\` tells what is there, \`pam-deno add\` adds it`,
      { code: "module-unknown" },
    );
  }
  const words = options.map(pamWord);
  const { declaration } = record.current;
  const breakGlass = breakGlassLines(declaration.hooks);
  linesFor(layout, name, declaration).forEach((line, index) => {
    output.result(breakGlass[index]!);
    output.result([line, ...words].join(" "));
  });
  return EXIT.done;
}

/** A word as it has to stand on a pam.d line. */
function pamWord(word: string): string {
  if (word === "" || /[\r\n#]|\\$/.test(word)) {
    throw new UsageError(
      `the option ${
        JSON.stringify(word)
      } cannot stand on a pam.d line: nothing empty can, no \`#\`, no line break ` +
        `and no backslash at the end; write it into "options" of the configuration`,
    );
  }
  return /[ \t]|^\[/.test(word) ? `[${word.replaceAll("]", "\\]")}]` : word;
}

/** The lines of a module in this layout. */
export function linesFor(
  layout: Layout,
  name: string,
  declaration: Pick<PamLinesOptions, "grants" | "hooks">,
): string[] {
  return pamLines({ ...shimWords(layout), name, ...declaration });
}
