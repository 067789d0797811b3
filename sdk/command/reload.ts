// SPDX-License-Identifier: MIT
/**
 * `pam-deno reload`: makes a changed configuration count.
 *
 * @module
 */

import { object } from "@optique/core/constructs";
import { message } from "@optique/core/message";
import { multiple } from "@optique/core/modifiers";
import type { InferValue } from "@optique/core/parser";
import { argument, command, constant } from "@optique/core/primitives";
import { suggestion } from "../nearest.ts";
import type { Context } from "./context.ts";
import { EXIT } from "./exit_code.ts";
import { CommandError } from "./failure.ts";
import { moduleName } from "./module_name.ts";

/** Its words. */
export const RELOAD = command(
  "reload",
  object({
    command: constant("reload"),
    names: multiple(argument(moduleName(), { description: message`Only these modules.` })),
  }),
  {
    brief: message`Make a changed configuration count.`,
    description:
      message`Starts a new worker for each module, tries it, and lets the old one finish what is in flight. If the new one fails, the old one stays, and the status is 1. No login is refused meanwhile.`,
  },
);

/** Reloads modules, each on its own: one that fails leaves the others alone. */
export async function runReload(words: InferValue<typeof RELOAD>, context: Context): Promise<number> {
  const [{ findHome }, { recoverIfPending }, { listModules }] = await Promise.all([
    import("../install/home.ts"),
    import("../install/recover.ts"),
    import("../config/config.ts"),
  ]);
  const { layout, output, progress } = context;
  const home = findHome(layout);
  const recovered = await recoverIfPending(layout, home);
  if (recovered !== undefined) {
    output.result(`put back what an interrupted command left of ${recovered}`);
    if (home.kind === "none") return EXIT.done;
  }
  if (home.kind === "none") {
    throw new CommandError(
      "nothing serves modules here, so there is nothing to reload: see `pam-deno status`",
    );
  }
  const configured = listModules(layout.configDir).names;
  const unknown = words.names.find((name) => !configured.includes(name));
  if (unknown !== undefined) {
    throw new CommandError(
      `no module ${unknown} is configured in ${layout.configDir}/modules${suggestion(unknown, configured)}`,
      { code: "module-unknown" },
    );
  }
  const names = words.names.length > 0 ? words.names : configured;
  if (names.length === 0) {
    throw new CommandError(
      `no module is configured in ${layout.configDir}/modules, so there is nothing to reload`,
    );
  }
  const failed: string[] = [];
  for (const name of names) {
    progress.step(`reloading ${name}`);
    try {
      await home.reload(name);
      progress.clear();
      output.result(`reloaded ${name}`);
    } catch (error) {
      progress.clear();
      failed.push(name);
      for (const line of (error as Error).message.split("\n")) output.note(`pam-deno: ${name}: ${line}`);
    }
  }
  return failed.length > 0 ? EXIT.failed : EXIT.done;
}
