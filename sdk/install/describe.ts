// SPDX-License-Identifier: MIT
/**
 * Finds out what a bundle declares that is not installed yet: loads it as the throwaway user, without any permission, in a network of
 * its own.
 *
 * @module
 */

import { join } from "node:path";
import { pathToFileURL } from "node:url";
import * as v from "valibot";
import type { Layout } from "../config/layout.ts";
import { stat } from "../config/place.ts";
import { printable } from "../supervisor/lines.ts";
import { loadComplaint } from "../supervisor/load_complaint.ts";
import { DECLARATION, type Declaration, PROBE_MAX_MS } from "../supervisor/probe.ts";
import { GO } from "../supervisor/worker_process.ts";
import { InstallError } from "./events.ts";
import { openJail } from "./jail.ts";
import type { Bundled } from "./throwaway.ts";

/** What it may print, in bytes. */
const OUTPUT_MAX = 65_536;
/** Making the place to run it in takes time too, in ms. */
const SETUP_MAX_MS = 2_000;
/** The heap, in MiB: that of a worker. */
const HEAP_MIB = 128;
const COMPLAINT_LINES = 12;

/**
 * Loads a bundle and gives what it declares.
 *
 * @throws {InstallError} if it does not load, or is no module.
 */
export async function describeBundle(
  layout: Layout,
  bundled: Bundled,
  options: Readonly<Record<string, unknown>>,
  { name, stage }: { readonly name: string; readonly stage: string },
): Promise<Declaration> {
  const folder = join(stage, "load");
  const root = join(stage, "load-root");
  for (const path of [folder, root]) Deno.mkdirSync(path, { mode: 0o755 });
  const runtime = realRuntime(layout);
  const entry = writeEntry(folder, bundled, runtime, { name, configured: options });
  const deno = Deno.realPathSync(Deno.execPath());
  const jail = openJail({ root, readable: [deno, runtime, folder], writable: [], through: [stage] });
  const flags = ["--quiet", "--no-prompt", "--no-remote", "--no-npm", "--no-config", "--no-lock"];
  const { success, killed, stdout, stderr } = await jail.run({
    command: [deno, "run", ...flags, `--v8-flags=--max-old-space-size=${HEAP_MIB}`, entry],
    env: { DENO_DIR: join(root, "no-cache"), DENO_NO_UPDATE_CHECK: "1", NO_COLOR: "1" },
    stdin: GO,
    network: false,
    timeoutMs: SETUP_MAX_MS + PROBE_MAX_MS,
    outputMax: OUTPUT_MAX,
  });
  if (killed === "it took too long") {
    throw new InstallError(
      `${bundled.specifier}: it did not load within ${PROBE_MAX_MS} ms: a module must not wait or loop at its top level`,
    );
  }
  if (!success) {
    const problem = killed === undefined ? complaint(stderr, folder) : `was killed: ${killed}`;
    throw new InstallError(`${bundled.specifier}: it does not load: ${problem}`);
  }
  return readDeclaration(stdout, bundled.specifier);
}

function realRuntime({ libDir }: Layout): string {
  const runtime = join(libDir, "worker.js");
  if (stat(runtime)) return Deno.realPathSync(runtime);
  throw new InstallError(
    `${runtime}: the runtime is not there: reinstall the package, or run \`deno task build\``,
  );
}

function writeEntry(folder: string, { code, map }: Bundled, runtime: string, told: unknown): string {
  const from = JSON.stringify(pathToFileURL(runtime).href);
  const files: Record<string, string> = {
    "bundle.js": code,
    "prepare.js": `import { prepare } from ${from};\nprepare({});\n`,
    "main.js": `import { describe } from ${from};
import "./prepare.js";
import * as module from "./bundle.js";
describe(module, JSON.parse(${JSON.stringify(JSON.stringify(told))}));
`,
    ...map ? { [map.name]: map.text } : {},
  };
  for (const [name, text] of Object.entries(files)) {
    Deno.writeTextFileSync(join(folder, name), text, { mode: 0o644 });
  }
  return join(folder, "main.js");
}

/** What a process that failed had to say, fit for a terminal. */
function complaint(stderr: string, folder: string): string {
  const said = stderr.trim().split("\n").slice(0, COMPLAINT_LINES);
  const own = `${pathToFileURL(folder).href}/`;
  const lines = said.map((line) => loadComplaint(line.replace(/^<[0-7]>/, ""), { folder }));
  return lines.map((line) => printable(line.replaceAll(`${own}module/`, "").replaceAll(own, ""))).join(
    "\n  ",
  ) ||
    "it ended without a word";
}

function readDeclaration(stdout: string, specifier: string): Declaration {
  try {
    return v.parse(DECLARATION, JSON.parse(stdout.trimEnd().split("\n").at(-1)!)) as Declaration;
  } catch {
    throw new InstallError(
      `${specifier}: what it declares cannot be read: its main file must not print or exit when it is loaded`,
    );
  }
}
