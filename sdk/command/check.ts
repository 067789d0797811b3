// SPDX-License-Identifier: MIT
/**
 * `pam-deno check`: looks for whatever would go wrong at a login.
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
export const CHECK = command(
  "check",
  object({
    command: constant("check"),
    names: multiple(argument(moduleName(), { description: message`Only these modules.` })),
    json: withDefault(flag("--json", { description: message`Print one JSON document.` }), false),
    strict: withDefault(flag("--strict", { description: message`Count warnings as errors.` }), false),
  }),
  {
    brief: message`Look for what would go wrong at a login.`,
    description:
      message`Looks at the shim, the runtime, the bundles, owners and modes, sockets, hook links and every pam.d line that names pam_deno. Each finding says what, where and the remedy. Changes nothing. The status is 1 if there is an error.`,
  },
);

/** Looks, and says what was found. */
export async function runCheck(
  { names, json, strict }: InferValue<typeof CHECK>,
  { layout, output, progress }: Context,
): Promise<number> {
  const [{ checkInstallation }, { checkStatus, findingsJson, formatFindings }] = await Promise.all([
    import("../check/check.ts"),
    import("../check/finding.ts"),
  ]);
  const findings = await checkInstallation({
    layout,
    names,
    progress: (step) => progress.step(`looking at ${step}`),
  });
  progress.clear();
  if (json) output.result(findingsJson(findings));
  else output.result(output.wrapped(formatFindings(findings)));
  return checkStatus(findings, strict) === 0 ? EXIT.done : EXIT.failed;
}
