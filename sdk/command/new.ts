// SPDX-License-Identifier: MIT
/**
 * `pam-deno new`: begins a module.
 *
 * @module
 */

import { object } from "@optique/core/constructs";
import { message } from "@optique/core/message";
import { withDefault } from "@optique/core/modifiers";
import type { InferValue } from "@optique/core/parser";
import { argument, command, constant, option } from "@optique/core/primitives";
import { choice } from "@optique/core/valueparser";
import type { Layout } from "../config/layout.ts";
import type { Context } from "./context.ts";
import { EXIT } from "./exit_code.ts";
import { CommandError } from "./failure.ts";
import { newName } from "./module_name.ts";

/** The types of pam.d lines: what the templates are called. */
const TEMPLATES = ["account", "session", "auth", "password"] as const;

/** Its words. */
export const NEW = command(
  "new",
  object({
    command: constant("new"),
    name: argument(newName(), { description: message`What to call it, and its folder.` }),
    template: withDefault(
      option("--template", choice(TEMPLATES, { metavar: "LINE", suggest: "nearest" }), {
        description:
          message`What it begins as, by the type of its pam.d line: account (hours of work, the default), session (a greeting and a limit), auth (a second question) or password (a rule for new ones).`,
      }),
      "account",
    ),
    sdk: withDefault(
      option("--sdk", choice(["here", "jsr"], { metavar: "WHERE", suggest: "nearest" }), {
        description: message`Take the SDK that came with this program (here, the default) or that of JSR.`,
      }),
      "here",
    ),
  }),
  {
    brief: message`Begin a module of your own.`,
    description:
      message`Makes the folder NAME with a module that works: a policy, its tests, pam.d lines, a page of README, a workflow for continuous integration and a licence. Asks nothing, and leaves alone whatever is there already. Needs no root.`,
  },
);

/** Makes the folder, and says what to do next. */
export async function runNew(
  { name, template, sdk }: InferValue<typeof NEW>,
  { layout, output }: Context,
): Promise<number> {
  const { makeModule } = await import("../author/new/new_module.ts");
  refuseConfigured(name, layout);
  makeModule({
    name,
    template,
    parent: Deno.cwd(),
    sdk: sdk === "here" ? layout.sdkDir : undefined,
    year: Temporal.Now.plainDateISO().year,
  });
  output.result(output.wrapped(`made ${name}/, which begins as the template ${template}; next:`));
  for (const [verb, what] of next(name)) output.result(`  ${verb.padEnd(5)} ${what}`);
  return EXIT.done;
}

/** `add` would put the new module in the place of the one that logins are decided by. */
function refuseConfigured(name: string, layout: Layout): void {
  const file = `${layout.configDir}/modules/${name}.jsonc`;
  try {
    Deno.lstatSync(file);
  } catch {
    return;
  }
  throw new CommandError(
    `a module ${name} is configured here already, in ${file}: \`pam-deno add\` would put the new one in its place; take another name`,
    { code: "new-refused" },
  );
}

/** What to type next. */
function next(name: string): readonly (readonly [verb: string, what: string])[] {
  return [
    ["edit", `${name}/policy.ts`],
    ["test", `deno task --cwd ${name} test`],
    ["try", `pam-deno try ${name}`],
    ["add", `pam-deno add ${name}, as root`],
  ];
}
