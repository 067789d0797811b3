// SPDX-License-Identifier: MIT
/**
 * `pam-deno serve`: serves all configured modules in the foreground.
 *
 * @module
 */

import { object } from "@optique/core/constructs";
import { message } from "@optique/core/message";
import { command, constant } from "@optique/core/primitives";
import process from "node:process";
import type { Layout } from "../config/layout.ts";
import type { ServedModule } from "../supervisor/serve.ts";
import type { Context } from "./context.ts";
import { EXIT } from "./exit_code.ts";
import { linesFor } from "./lines.ts";
import type { Output } from "./output.ts";

/** Its words. */
export const SERVE = command(
  "serve",
  object({ command: constant("serve") }),
  {
    brief: message`Serve all modules in the foreground.`,
    description:
      message`For containers, and for trying things out: where systemd runs, pam-deno@NAME.socket does it. Ends with SIGTERM or SIGINT when the hooks in flight are answered, at once with a second one; SIGHUP reloads.`,
  },
);

/** Serves until it is told to end. */
export async function runServe({ layout, output }: Context): Promise<number> {
  const [{ serve }, { configureLog }] = await Promise.all([
    import("../supervisor/serve.ts"),
    import("../worker/log.ts"),
  ]);
  configureLog({ style: process.env["JOURNAL_STREAM"] ? "journal" : "plain", prefix });
  const asked = new AbortController();
  const impatient = new AbortController();
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    Deno.addSignalListener(signal, () => (asked.signal.aborted ? impatient : asked).abort());
  }
  let again = false;
  let reload = () => {
    again = true;
  };
  Deno.addSignalListener("SIGHUP", () => reload());
  const onServed = (module: ServedModule) => announce(module, layout, output);
  const serving = await serve(layout, { signal: asked.signal, onServed });
  reload = () => void serving.reload();
  // It was asked for while the modules were being started.
  if (again) reload();
  const { failed, modules } = serving;
  if (!asked.signal.aborted && modules.length > 0) {
    await new Promise((resolve) => asked.signal.addEventListener("abort", resolve));
  }
  impatient.signal.addEventListener("abort", () => serving.stop(0));
  await serving.stop();
  return modules.length === 0 && failed > 0 && !asked.signal.aborted ? EXIT.failed : EXIT.done;
}

function prefix(category: readonly string[]): string {
  const [, kind, name] = category;
  return kind === "supervisor" ? "pam-deno: " : `${name ?? category.join(".")}: `;
}

/** `ready NAME (HOOKS) in N ms`, and the module's pam.d lines. */
function announce({ config, declaration, startMs }: ServedModule, layout: Layout, output: Output): void {
  output.result(`ready ${config.name} (${declaration.hooks.join(", ")}) in ${Math.round(startMs)} ms`);
  for (const line of linesFor(layout, config.name, declaration)) output.result(`  ${line}`);
}
