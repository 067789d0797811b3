// SPDX-License-Identifier: MIT
/**
 * `pam-deno rollback`: serves what was installed before.
 *
 * @module
 */

import { object } from "@optique/core/constructs";
import { message } from "@optique/core/message";
import { optional, withDefault } from "@optique/core/modifiers";
import type { InferValue } from "@optique/core/parser";
import { argument, command, constant, flag, option } from "@optique/core/primitives";
import type { ValueParser } from "@optique/core/valueparser";
import { Consent } from "./consent.ts";
import type { Context } from "./context.ts";
import { EXIT } from "./exit_code.ts";
import { showInstalled } from "./installed.ts";
import { moduleName } from "./module_name.ts";

/** Its words. */
export const ROLLBACK = command(
  "rollback",
  object({
    command: constant("rollback"),
    name: argument(moduleName(), { description: message`The module.` }),
    to: optional(option("--to", hashOrBegin(), {
      description:
        message`The SHA-256 of an earlier bundle, or its first 8 digits or more; else the one before.`,
    })),
    yes: withDefault(flag("-y", "--yes", { description: message`Do not ask.` }), false),
  }),
  {
    brief: message`Serve what was installed before.`,
    description:
      message`Restores an earlier bundle with the configuration that it had, and serves it. Needs no network.`,
  },
);

const BEGIN = /^[0-9a-f]{8,64}$/;

function hashOrBegin(): ValueParser<"sync", string> {
  return {
    mode: "sync",
    metavar: "HASH",
    placeholder: "",
    parse: (input) =>
      BEGIN.test(input)
        ? { success: true, value: input }
        : { success: false, error: message`Expected 8 to 64 hexadecimal digits, not ${input}.` },
    format: (hash) => hash,
  };
}

/** Goes back to what was served before. */
export async function runRollback(words: InferValue<typeof ROLLBACK>, context: Context): Promise<number> {
  const [{ rollbackModule }, { formatPlan }] = await Promise.all([
    import("../install/rollback.ts"),
    import("../install/plan.ts"),
  ]);
  const { layout, output, progress } = context;
  const consent = new Consent(context, words.yes);
  const result = await rollbackModule({ layout, name: words.name, to: words.to }, {
    progress: (step) => progress.step(step),
    confirm: (plan) => Promise.resolve(consent.ask(formatPlan(plan), `Take ${plan.name} back to this?`)),
  });
  progress.clear();
  if (!result.accepted) throw consent.declined();
  showInstalled(result, output);
  return EXIT.done;
}
