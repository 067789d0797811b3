// SPDX-License-Identifier: MIT
/**
 * Writes the files that a worker starts from. They import three things in this order: the installed runtime, the self-check with
 * what it was told, and the module's bundle. So not a line of the module runs before the check has passed.
 *
 * @module
 */

import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { ModuleConfig } from "../config/config.ts";
import type { ScopedPermissions } from "../config/permissions.ts";
import { stat } from "../config/place.ts";
import type { Declaration } from "./probe.ts";

/** What {@linkcode writeEntries} puts together. */
export interface EntryOptions {
  /** The folder of the files. */
  readonly folder: string;
  /** The installed runtime: `worker.js`. */
  readonly runtime: string;
  /** The module's bundle. */
  readonly bundle: string;
  /** The module's configuration. */
  readonly config: ModuleConfig;
  /** The listening descriptor, as the worker has it. */
  readonly fd: number;
  /** What the module declared when it was installed: a worker that loads something else does not start. */
  readonly expected?: Declaration;
  /** Set apart from files that workers are being started from: 0 for none. */
  readonly generation?: number;
  /** The group that may read the files, beside their owner; nobody else may. */
  readonly group?: number | undefined;
}

/** Writes `worker.js` and `probe.js`, or `worker.N.js` and so on for a later generation, and gives their paths. */
export function writeEntries(
  { folder, runtime, bundle, config, fd, expected, generation = 0, group }: EntryOptions,
): { worker: string; probe: string } {
  const { name, options, permissions, limits } = config;
  const { hooks, waiting, waiting_per_person } = limits;
  const from = { runtime: pathToFileURL(runtime).href, bundle: pathToFileURL(bundle).href };
  const serve = {
    name,
    configured: options,
    fd,
    limits: { hooks, waiting, waiting_per_person },
    expected,
  };
  const suffix = generation ? `.${generation}` : "";
  const write = (file: string, text: string) => writeForGroup(join(folder, file), text, group);
  return {
    worker: writeEntry(write, folder, `worker${suffix}`, from, [permissions, "serve", serve]),
    probe: writeEntry(write, folder, `probe${suffix}`, from, [{}, "describe", { name, configured: options }]),
  };
}

/** What {@linkcode writeValidateEntry} puts together. */
export interface ValidateEntryOptions extends Pick<EntryOptions, "folder" | "runtime" | "bundle" | "group"> {
  /** The module's configuration, as far as its options need it. */
  readonly config: Pick<ModuleConfig, "name" | "options">;
  /** The module options of pam.d lines, a list of words for each line. */
  readonly lines: readonly (readonly string[])[];
}

/** Writes `validate.js`, which prints what the module's own validator says of the options of pam.d lines, and gives its path. */
export function writeValidateEntry(
  { folder, runtime, bundle, config: { name, options }, lines, group }: ValidateEntryOptions,
): string {
  const from = { runtime: pathToFileURL(runtime).href, bundle: pathToFileURL(bundle).href };
  const write = (file: string, text: string) => writeForGroup(join(folder, file), text, group);
  return writeEntry(write, folder, "validate", from, [{}, "validate", { name, configured: options, lines }]);
}

function writeEntry(
  write: (file: string, text: string) => void,
  folder: string,
  name: string,
  from: { runtime: string; bundle: string },
  [told, call, options]: [ScopedPermissions, "serve" | "describe" | "validate", unknown],
): string {
  const prepare = `${name}_prepare.js`;
  write(prepare, `import { prepare } from ${quote(from.runtime)};\nprepare(${literal(told)});\n`);
  write(
    `${name}.js`,
    `import { ${call} } from ${quote(from.runtime)};
import ${quote(`./${prepare}`)};
import * as module from ${quote(from.bundle)};
${call}(module, ${literal(options)});
`,
  );
  return join(folder, `${name}.js`);
}

/** A value as an expression. Not an object literal, in which a key `__proto__` would mean something else. */
function literal(value: unknown): string {
  return `JSON.parse(${quote(JSON.stringify(value))})`;
}

function quote(text: string): string {
  return JSON.stringify(text);
}

const PRIVATE = 0o600;
const FOR_GROUP = 0o640;

/**
 * Writes a file that its owner alone may read and, if it is given, a group; nobody but the owner may write it. It is made anew: whoever
 * reads an older one keeps it.
 */
export function writeForGroup(path: string, content: string | Uint8Array, group: number | undefined): void {
  const bytes = typeof content === "string" ? new TextEncoder().encode(content) : content;
  const temporary = `${path}.new`;
  if (stat(temporary)) Deno.removeSync(temporary);
  Deno.writeFileSync(temporary, bytes, { createNew: true, mode: PRIVATE });
  if (group !== undefined) {
    Deno.chownSync(temporary, null, group);
    Deno.chmodSync(temporary, FOR_GROUP);
  }
  Deno.renameSync(temporary, path);
}
