// SPDX-License-Identifier: MIT
/**
 * Writes the files that a worker starts from. They import three things in this order: the installed runtime, the self-check with
 * what it was told, and the module's bundle. So not a line of the module runs before the check has passed.
 *
 * @module
 */

import { basename, join } from "node:path";
import { pathToFileURL } from "node:url";
import type { ModuleConfig } from "../config/config.ts";
import type { ScopedPermissions } from "../config/permissions.ts";

/** What {@linkcode writeEntries} puts together. */
export interface EntryOptions {
  /** The folder of the module's bundle. */
  readonly folder: string;
  /** The installed runtime: `build/worker.js`. */
  readonly runtime: string;
  /** The module's bundle. */
  readonly bundle: string;
  /** The module's configuration. */
  readonly config: ModuleConfig;
}

/** Writes `worker.js` and `probe.js`, and gives their paths. */
export function writeEntries(
  { folder, runtime, bundle, config }: EntryOptions,
): { worker: string; probe: string } {
  const { name, options, permissions, limits } = config;
  const { hooks, waiting, waiting_per_person } = limits;
  const from = { runtime: pathToFileURL(runtime).href, bundle: `./${basename(bundle)}` };
  const serve = { name, configured: options, fd: 3, limits: { hooks, waiting, waiting_per_person } };
  return {
    worker: writeEntry(join(folder, "worker"), from, permissions, "serve", serve),
    probe: writeEntry(join(folder, "probe"), from, {}, "describe", { name, configured: options }),
  };
}

function writeEntry(
  path: string,
  from: { runtime: string; bundle: string },
  told: ScopedPermissions,
  call: "serve" | "describe",
  options: unknown,
): string {
  write(
    `${path}_prepare.js`,
    `import { prepare } from ${quote(from.runtime)};\nprepare(${literal(told)});\n`,
  );
  write(
    `${path}.js`,
    `import { ${call} } from ${quote(from.runtime)};
import ${quote(`./${basename(path)}_prepare.js`)};
import * as module from ${quote(from.bundle)};
${call}(module, ${literal(options)});
`,
  );
  return `${path}.js`;
}

/** A value as an expression. Not an object literal, in which a key `__proto__` would mean something else. */
function literal(value: unknown): string {
  return `JSON.parse(${quote(JSON.stringify(value))})`;
}

function quote(text: string): string {
  return JSON.stringify(text);
}

/** Options may be secrets: only the owner may read them. */
function write(path: string, text: string): void {
  Deno.writeTextFileSync(path, text, { mode: 0o600 });
}
