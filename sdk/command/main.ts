// SPDX-License-Identifier: MIT
/**
 * The command `pam-deno`.
 *
 * @module
 */

import { join } from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { configureLog } from "../worker/log.ts";
import { ConfigError } from "../config/config.ts";
import { pamLines } from "../install/pam_lines.ts";
import { PlaceError } from "../config/place.ts";
import { serve, type ServedModule } from "../supervisor/serve.ts";

const USAGE = `usage: pam-deno serve [--config-dir DIR] [--runtime-dir DIR]

Serves every module that is configured, in the foreground, until SIGTERM or SIGINT.

  --config-dir DIR   has modules/NAME.jsonc for each module (default /etc/pam-deno)
  --runtime-dir DIR  where the sockets are put (default /run/pam-deno)
  --help             prints this
`;

/** Where the shim looks unless its line says otherwise. */
const CONFIG_DIR = "/etc/pam-deno";
const RUNTIME_DIR = "/run/pam-deno";

/** The folder that all this is installed in. */
const ROOT = join(import.meta.dirname!, "..", "..");

/** Statuses of the process: something could not be served; the command line was wrong. */
const FAILED = 1;
const MISUSED = 2;

async function main(args: string[]): Promise<number> {
  let parsed;
  try {
    parsed = parseArgs({
      args,
      allowPositionals: true,
      options: {
        "config-dir": { type: "string", default: CONFIG_DIR },
        "runtime-dir": { type: "string", default: RUNTIME_DIR },
        help: { type: "boolean", default: false },
      },
    });
  } catch (error) {
    console.error(`pam-deno: ${(error as Error).message}\n${USAGE}`);
    return MISUSED;
  }
  const { values, positionals } = parsed;
  if (values.help) {
    console.log(USAGE.trimEnd());
    return 0;
  }
  if (positionals.length !== 1 || positionals[0] !== "serve") {
    console.error(
      `pam-deno: ${
        positionals.length ? `there is no command \`${positionals.join(" ")}\`` : "what to do?"
      }\n${USAGE}`,
    );
    return MISUSED;
  }
  configureLog({ style: Deno.env.has("JOURNAL_STREAM") ? "journal" : "plain", prefix });
  try {
    return await runServe(values["config-dir"], values["runtime-dir"]);
  } catch (error) {
    if (!(error instanceof ConfigError || error instanceof PlaceError)) throw error;
    console.error(`pam-deno: ${error.message}`);
    return FAILED;
  }
}

function prefix(category: readonly string[]): string {
  const [, kind, name] = category;
  return kind === "supervisor" ? "pam-deno: " : `${name ?? category.join(".")}: `;
}

async function runServe(configDir: string, runtimeDir: string): Promise<number> {
  const asked = new AbortController();
  const impatient = new AbortController();
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
    Deno.addSignalListener(signal, () => (asked.signal.aborted ? impatient : asked).abort());
  }
  const serving = await serve(
    { configDir, runtimeDir, runtime: join(ROOT, "build", "worker.js"), sdk: ROOT },
    { signal: asked.signal, onServed: (module) => announce(module, configDir, runtimeDir) },
  );
  const { failed, modules } = serving;
  if (!asked.signal.aborted && modules.length > 0) {
    await new Promise((resolve) => asked.signal.addEventListener("abort", resolve));
  }
  impatient.signal.addEventListener("abort", () => serving.stop(0));
  await serving.stop();
  return modules.length === 0 && failed > 0 && !asked.signal.aborted ? FAILED : 0;
}

function announce(
  { config, declaration, startMs }: ServedModule,
  configDir: string,
  runtimeDir: string,
): void {
  console.log(`ready ${config.name} (${declaration.hooks.join(", ")}) in ${Math.round(startMs)} ms`);
  const options = [
    ...runtimeDir === RUNTIME_DIR ? [] : [`runtime_dir=${Deno.realPathSync(runtimeDir)}`],
    ...configDir === CONFIG_DIR ? [] : [`config_dir=${Deno.realPathSync(configDir)}`],
  ];
  const shim = options.length ? join(ROOT, "build", "pam_deno.so") : "pam_deno.so";
  for (const line of pamLines({ shim, options, name: config.name, ...declaration })) console.log(`  ${line}`);
}

if (import.meta.main) process.exit(await main(Deno.args));
