// SPDX-License-Identifier: MIT
/**
 * `pam-deno status`: what is served, and how it does.
 *
 * @module
 */

import { object } from "@optique/core/constructs";
import { message } from "@optique/core/message";
import { multiple, withDefault } from "@optique/core/modifiers";
import type { InferValue } from "@optique/core/parser";
import { argument, command, constant, flag } from "@optique/core/primitives";
import type { Context } from "./context.ts";
import { EXIT } from "./exit_code.ts";
import { moduleName } from "./module_name.ts";

/** Its words. */
export const STATUS = command(
  "status",
  object({
    command: constant("status"),
    names: multiple(argument(moduleName(), { description: message`Only these modules.` })),
    json: withDefault(flag("--json", { description: message`Print one JSON document.` }), false),
  }),
  {
    brief: message`Show what is served, and how it does.`,
    description:
      message`For each module: whether it is served, by which processes, which bundle, the hooks that it answered by code, how long they took, how often it had to be started again, and where its log is. The status is 1 if a module is configured and not served.`,
  },
);

/** Shows the modules. */
export async function runStatus(
  { names, json }: InferValue<typeof STATUS>,
  { layout, output }: Context,
): Promise<number> {
  const [{ allServing, collectStatus }, { statusJson }, { formatStatus }] = await Promise.all([
    import("../status/collect.ts"),
    import("../status/document.ts"),
    import("../status/format.ts"),
  ]);
  const report = await collectStatus(layout, names);
  if (json) output.json(statusJson(report));
  else output.result(formatStatus(report, { width: output.width }));
  return allServing(report) ? EXIT.done : EXIT.failed;
}
