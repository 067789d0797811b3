// SPDX-License-Identifier: MIT
/**
 * The text of a module's configuration file: written once, and then the administrator's, of which only the least is changed.
 *
 * @module
 */

import { applyEdits, type FormattingOptions, type JSONPath, modify } from "jsonc-parser";
import { type ModuleConfig, parseModuleConfig } from "../config/config.ts";
import { type DangerousWord, dangersOf } from "../config/dangers.ts";
import {
  GRANTABLE,
  missingPermissions,
  resolvePermissions,
  type Scope,
  type ScopedPermissions,
} from "../config/permissions.ts";
import type { Declaration } from "../supervisor/probe.ts";
import { InstallError } from "./events.ts";

/** What a configuration is made of, or changed by. */
export interface ConfigurationOptions {
  /** The module's name. */
  readonly name: string;
  /** The file. */
  readonly file: string;
  /** Its text; `undefined` if there is none. */
  readonly before: string | undefined;
  /** What `module` is to be. */
  readonly specifier: string;
  /** What the module declares. */
  readonly declaration: Declaration;
  /** Options to set. */
  readonly options: Readonly<Record<string, unknown>>;
  /** What of the dangerous is meant. */
  readonly dangerous: readonly string[];
}

/** A configuration that was made, and what is to be said about it. */
export interface Configuration {
  /** The text of the file. */
  readonly text: string;
  /** What it says. */
  readonly config: ModuleConfig;
  /** What whoever decides should know. */
  readonly warnings: readonly string[];
}

const FORMAT: FormattingOptions = { insertSpaces: true, tabSize: 2 };

/**
 * Makes the configuration that gives a module what it declares, or changes the one that is there to do so. Options come first, because
 * permissions may take their scopes from them.
 *
 * @throws {InstallError} if the module asks for something that cannot be granted, or is dangerous and not meant.
 * @throws {ConfigError} if the configuration that is there is wrong, or would be.
 */
export function makeConfiguration(options: ConfigurationOptions): Configuration {
  const { before, name, file, specifier, declaration } = options;
  const begin = before === undefined ? head(name, specifier) : set(before, ["module"], specifier);
  const withOptions = Object.entries(options.options).reduce(
    (text, [key, value]) => set(text, ["options", key], value),
    begin,
  );
  const said = parseModuleConfig(withOptions, name, file);
  const { unset, problems } = resolvePermissions(declaration.permissions, said.options);
  const [problem] = problems;
  if (problem) {
    throw new InstallError(`The module asks for a permission that cannot be granted: ${problem.problem}`);
  }
  const missing = missingScopes(declaration, said);
  const granted = Object.entries(missing).reduce(
    (text, [kind, scopes]) => addScopes(text, kind, scopes, said.permissions),
    withOptions,
  );
  const text = addDangers(granted, options, missing, said);
  return { text, config: parseModuleConfig(text, name, file), warnings: unset.map(explainUnset) };
}

/** A file that grants nothing yet. */
function head(name: string, specifier: string): string {
  return `// The module ${name}, see pam-deno.conf(5). What is changed here counts after \`pam-deno reload ${name}\`.
{
  // What is served. \`pam-deno add\` changes it: writing another version here installs nothing.
  "module": ${JSON.stringify(specifier)},
  // What it may do to the machine: what it declared when it was added, and nothing else.
  "permissions": {}
}
`;
}

function set(text: string, path: JSONPath, value: unknown): string {
  return applyEdits(text, modify(text, path, value, { formattingOptions: FORMAT }));
}

/** What the module declares and the configuration does not grant; scopes that are options stay so. */
function missingScopes({ permissions }: Declaration, config: ModuleConfig): Record<string, Scope[]> {
  const missing: Record<string, Scope[]> = {};
  for (const [kind, scopes] of Object.entries(permissions)) {
    for (const scope of scopes) {
      const needed = resolvePermissions({ [kind]: [scope] }, config.options);
      if (needed.unset.length > 0) continue;
      if (missingPermissions(needed.permissions, config.permissions).length > 0) {
        (missing[kind] ??= []).push(scope);
      }
    }
  }
  return missing;
}

function addScopes(text: string, kind: string, scopes: readonly Scope[], held: ScopedPermissions): string {
  const list = held[kind as keyof ScopedPermissions];
  if (list === undefined) return set(text, ["permissions", kind], scopes);
  return scopes.reduce(
    (text: string, scope) =>
      applyEdits(
        text,
        modify(text, ["permissions", kind, -1], scope, { formattingOptions: FORMAT, isArrayInsertion: true }),
      ),
    text,
  );
}

/** Adds the dangerous words that what is new needs, if the administrator said them. */
function addDangers(
  text: string,
  { dangerous, name, file }: ConfigurationOptions,
  missing: Readonly<Record<string, Scope[]>>,
  before: ModuleConfig,
): string {
  const wanted = ["run", "ffi"].filter((kind) => missing[kind] !== undefined);
  const unsaid = wanted.filter((word) =>
    !dangerous.includes(word) && !before.dangerous.includes(word as DangerousWord)
  );
  if (unsaid.length > 0) {
    const permissions = resolvePermissions(missing, before.options).permissions;
    const [word, meaning] = [...dangersOf({ permissions })][0] ?? [unsaid[0], "can leave its sandbox"];
    throw new InstallError(
      `It asks for what ends the sandbox: with it, it ${meaning}. If that is meant, say --dangerous ${word}`,
    );
  }
  const root = dangerous.includes("root") && before.run_as === undefined;
  const withRoot = root ? set(text, ["run_as"], "root") : text;
  const words = [...new Set([...before.dangerous, ...dangerous])];
  if (words.length === before.dangerous.length) return withRoot;
  const unused = dangerous.find((word) =>
    word !== "root" && !before.dangerous.includes(word as DangerousWord) && !wanted.includes(word)
  );
  if (unused !== undefined) {
    throw new InstallError(
      `--dangerous ${unused}: the module does not ask for it. To give it more than it asks for, edit ${file}, then run \`pam-deno reload ${name}\``,
    );
  }
  return set(withRoot, ["dangerous"], words);
}

function explainUnset(option: string): string {
  return `It takes a permission from its option ${option}, which is not set: it does not get that permission. Set it with --option ${option}=…`;
}

/** What a configuration lets a module do to the machine, as `KIND "SCOPE"`: a scope is not to be read as a sentence of ours. */
export function describePermissions({ permissions }: Pick<ModuleConfig, "permissions">): string[] {
  return GRANTABLE.flatMap((kind) => {
    const scopes = permissions[kind];
    if (scopes === true) return [`${kind} everything`];
    return (scopes ?? []).map((scope) => `${kind} ${JSON.stringify(scope)}`);
  });
}
