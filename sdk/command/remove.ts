// SPDX-License-Identifier: MIT
/**
 * `pam-deno remove`: takes a module away again.
 *
 * @module
 */

import { object } from "@optique/core/constructs";
import { message } from "@optique/core/message";
import { withDefault } from "@optique/core/modifiers";
import type { InferValue } from "@optique/core/parser";
import { argument, command, constant, flag } from "@optique/core/primitives";
import { Consent } from "./consent.ts";
import type { Context } from "./context.ts";
import { EXIT } from "./exit_code.ts";
import { moduleName } from "./module_name.ts";

/** Its words. */
export const REMOVE = command(
  "remove",
  object({
    command: constant("remove"),
    name: argument(moduleName(), { description: message`The module.` }),
    force: withDefault(
      flag("--force", { description: message`Even if a pam.d line still names it.` }),
      false,
    ),
    purge: withDefault(flag("--purge", { description: message`With all that it kept.` }), false),
    yes: withDefault(flag("-y", "--yes", { description: message`Do not ask.` }), false),
  }),
  {
    brief: message`Take a module away.`,
    description:
      message`Stops it, and removes its configuration, bundles and hook link. Refuses while a pam.d line names it: that line would fail every login. Take the line out first.`,
  },
);

/** Takes a module away. */
export async function runRemove(words: InferValue<typeof REMOVE>, context: Context): Promise<number> {
  const { removeModule } = await import("../install/remove.ts");
  const { layout, output, progress } = context;
  const { name, force, purge, yes } = words;
  const consent = new Consent(context, yes);
  const result = await removeModule({ layout, name, force, purge }, {
    progress: (step) => progress.step(step),
    confirm: (what) =>
      Promise.resolve(consent.ask(["This goes away:", ...what.map((one) => `  ${one}`)], `Remove ${name}?`)),
  });
  progress.clear();
  if (!result.accepted) throw consent.declined();
  for (const line of result.stillNamed) {
    output.note(`pam-deno: warning: this line fails every login now: ${line}`);
  }
  for (const line of result.removed) output.result(`removed ${line}`);
  return EXIT.done;
}
