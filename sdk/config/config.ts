// SPDX-License-Identifier: MIT
/**
 * Reads the administrator's configuration: one file `modules/NAME.jsonc` per module. Whatever is wrong is said with file, line
 * and column, all of it at once.
 *
 * @module
 */

import { dirname, join, resolve } from "node:path";
import * as v from "valibot";
import { type DangerousWord, dangersOf } from "./dangers.ts";
import { type ModulePlaces, servicePlaces } from "./layout.ts";
import { fillOptions } from "./option_values.ts";
import {
  type NamedKind,
  resolvePermissions,
  type Scope,
  type ScopedPermissions,
  type ScopeProblem,
} from "./permissions.ts";
import { isForeign } from "./place.ts";
import { type ConfigFile, SCHEMA } from "./schema.ts";
import { describeIssue, isObject, type Issue, isUnknownKey, typeName } from "./issues.ts";
import { ConfigError, Source } from "./source.ts";
import { isPackage, moduleProblem } from "./specifier.ts";

export { ConfigError };

/** How much a worker may use. */
export type ModuleLimits = Readonly<ConfigFile["limits"]>;

/** A secret that the administrator entrusts to a module. */
export interface Credential {
  /** Its name. */
  readonly name: string;
  /** The file that holds it. The module cannot read it. */
  readonly source: string;
  /** Where the module finds its copy, and may read it. */
  readonly path: string;
}

/** The configuration of one module. */
export interface ModuleConfig {
  /** Its name: the first bare word of the pam.d line. */
  readonly name: string;
  /** The file it stands in. */
  readonly file: string;
  /** The absolute path of the module's main file, or a package in an exact version. */
  readonly module: string;
  /** What its worker may do to the machine, with what `state` and `credentials` give. */
  readonly permissions: ScopedPermissions;
  /** Its options, which those of the pam.d line go over. */
  readonly options: Readonly<Record<string, unknown>>;
  /** The folder that it keeps things in, if it has one. */
  readonly state: string | undefined;
  /** What it was entrusted with. */
  readonly credentials: readonly Credential[];
  /** Whose its processes are, if not a user of their own. A name may still turn out to be root's: whoever looks it up checks. */
  readonly run_as: string | number | undefined;
  /** How many workers share its callers. */
  readonly workers: number;
  /** How much each of them may use. */
  readonly limits: ModuleLimits;
  /** What breaks the sandbox and is meant all the same. */
  readonly dangerous: readonly DangerousWord[];
}

/**
 * The name of a module, and of its file without `.jsonc`. No module is called `pam-deno`: in a log that would be the name of who runs
 * them all.
 */
export const MODULE_NAME = /^(?!pam-deno$)[a-z0-9][a-z0-9_-]{0,63}$/;

const SUFFIX = ".jsonc";
const FILE_MAX = 65_536;
/** What a worker needs besides its JavaScript objects, in MiB. */
const BESIDES_HEAP_MIB = 64;
/** Keys that hold an object: valibot takes a list for one. */
const OBJECTS = ["permissions", "credentials", "limits"];
/** What a worker needs besides its connections, in descriptors. */
const BESIDES_CONNECTIONS = 128;

/** The names of the modules that are configured in `configDir`, sorted, and the files there that cannot be one's. */
export function listModules(configDir: string): { names: string[]; strange: string[] } {
  const folder = join(configDir, "modules");
  const names: string[] = [];
  const strange: string[] = [];
  let entries;
  try {
    entries = [...Deno.readDirSync(folder)];
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new ConfigError(
      `${folder}: there is no such folder: make it, with a file NAME.jsonc for each module`,
    );
  }
  for (const { name: file } of entries) {
    const name = file.slice(0, -SUFFIX.length);
    if (file.endsWith(SUFFIX) && MODULE_NAME.test(name)) names.push(name);
    else if (!file.startsWith(".") && !file.endsWith("~")) strange.push(join(folder, file));
  }
  return { names: names.sort(), strange: strange.sort() };
}

/**
 * Reads and checks the configuration of the module `name`, which finds what it keeps in `places`.
 *
 * @throws {ConfigError} saying all that is wrong.
 */
export function readModuleConfig(configDir: string, name: string, places?: ModulePlaces): ModuleConfig {
  if (!MODULE_NAME.test(name)) {
    throw new ConfigError(
      `${
        JSON.stringify(name)
      } is not the name of a module: it has only a-z, 0-9, _ and -, and is not pam-deno`,
    );
  }
  const file = join(configDir, "modules", name + SUFFIX);
  const { size, isFile } = statConfig(file);
  if (isForeign(file)) {
    throw new ConfigError(
      `${file}: others can change this file: chown it to root or yourself, and chmod go-w`,
    );
  }
  if (!isFile || size > FILE_MAX) {
    throw new ConfigError(`${file}: not a regular file of at most ${FILE_MAX} bytes`);
  }
  return parseModuleConfig(Deno.readTextFileSync(file), name, file, places);
}

function statConfig(file: string): Deno.FileInfo {
  try {
    return Deno.statSync(file);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new ConfigError(`${file}: there is no such file: \`pam-deno add\` makes it`);
  }
}

/**
 * Checks `text`, the configuration of the module `name` in `file`.
 *
 * @throws {ConfigError} saying all that is wrong.
 */
export function parseModuleConfig(
  text: string,
  name: string,
  file: string,
  places: ModulePlaces = servicePlaces(name),
): ModuleConfig {
  const source = new Source(text, file);
  const { said, isWhole } = readFile(source);
  checkModule(source, said.module);
  checkLimits(source, said.limits);
  const options = fillOptions(isWhole ? source : undefined, said, places);
  const permissions = readPermissions(source, isWhole, said, options, places);
  checkDangers(source, isWhole, said, permissions);
  source.throwIfWrong();
  return {
    name,
    file,
    module: isPackage(said.module) ? said.module : resolve(dirname(file), said.module),
    permissions,
    options,
    state: said.state ? places.state : undefined,
    credentials: Object.entries(said.credentials).map(([name, source]) => ({
      name,
      source,
      path: join(places.credentials, name),
    })),
    run_as: said.run_as,
    workers: said.workers,
    limits: said.limits,
    dangerous: said.dangerous,
  };
}

/**
 * What the file says. A key with a mistake in it is left out, so that the others can be judged all the same; `isWhole` says whether
 * there was none, and what is missing is really missing.
 */
function readFile(source: Source): { said: ConfigFile; isWhole: boolean } {
  const value = source.parse();
  if (!isObject(value)) source.problem([], `expected an object { … }, found ${typeName(value)}`);
  source.throwIfWrong();
  const broken = new Set<string>();
  for (const [key, list] of Object.entries(value as object).filter(([key]) => OBJECTS.includes(key))) {
    if (!Array.isArray(list)) continue;
    source.problem([key], `${JSON.stringify(key)}: expected an object, found a list`);
    broken.add(key);
  }
  for (const issue of allIssues(value)) {
    const { path, message, key } = describeIssue(issue, value);
    source.problem(path, message, key);
    broken.add(String(path[0]));
  }
  const sound = Object.entries(value as object).filter(([key]) => !broken.has(key));
  const said = v.parse(SCHEMA, { module: "/", ...Object.fromEntries(sound) });
  // valibot does not fill in what a default leaves out.
  const limits = v.parse(SCHEMA.entries.limits, said.limits);
  return { said: { ...said, limits }, isWhole: broken.size === 0 };
}

/** All that the definition has to say about a value. valibot names one unknown key of each object; they are taken out. */
function* allIssues(value: unknown): Iterable<Issue> {
  for (;;) {
    const { issues = [] } = v.safeParse(SCHEMA, value);
    const unknown = issues.filter(isUnknownKey);
    if (unknown.length === 0) return yield* issues;
    for (const issue of unknown) {
      yield issue;
      const { input, key } = issue.path!.at(-1)!;
      delete (input as Record<string, unknown>)[key as string];
    }
  }
}

function checkModule(source: Source, module: string): void {
  const problem = moduleProblem(module);
  if (problem) source.problem(["module"], `${JSON.stringify(module)} ${problem}`);
}

function checkLimits(source: Source, limits: ModuleLimits): void {
  const { heap_mib, memory_mib, hooks, waiting, descriptors } = limits;
  if (heap_mib + BESIDES_HEAP_MIB > memory_mib) {
    const least = heap_mib + BESIDES_HEAP_MIB;
    source.problem(
      ["limits", "heap_mib"],
      `a heap of ${heap_mib} MiB does not fit into "memory_mib": ${memory_mib}: make that at least ${least}`,
    );
  }
  if (hooks + waiting + BESIDES_CONNECTIONS > descriptors) {
    const least = hooks + waiting + BESIDES_CONNECTIONS;
    source.problem(
      ["limits", "descriptors"],
      `${hooks} hooks and ${waiting} that wait do not fit into "descriptors": ${descriptors}: make that at least ${least}`,
    );
  }
}

/** What is granted: what is written, what options put in, and what goes with a state folder and with credentials. */
function readPermissions(
  source: Source,
  isWhole: boolean,
  said: ConfigFile,
  options: Readonly<Record<string, unknown>>,
  places: ModulePlaces,
): ScopedPermissions {
  const open: Record<string, readonly Scope[] | true> = {};
  for (const [kind, scopes] of Object.entries(said.permissions)) {
    if (scopes !== false && scopes !== undefined) open[kind] = scopes;
  }
  const { permissions, problems, unset } = resolvePermissions(open, options);
  for (const problem of problems) source.problem(placeOf(problem), problem.problem);
  for (const option of isWhole ? unset : []) {
    source.problem(
      ["permissions"],
      `the option ${
        JSON.stringify(option)
      } has no value in "options": what stands only on the pam.d line widens no permission; write the value here`,
    );
  }
  const own = said.state ? [places.state] : [];
  const secrets = Object.keys(said.credentials).map((name) => join(places.credentials, name));
  return withPaths(withPaths(permissions, "read", [...own, ...secrets]), "write", own);
}

function placeOf({ kind, index }: ScopeProblem): (string | number)[] {
  return index === undefined ? ["permissions", kind] : ["permissions", kind, index];
}

function withPaths(
  permissions: ScopedPermissions,
  kind: "read" | "write",
  paths: readonly string[],
): ScopedPermissions {
  const held = permissions[kind] ?? [];
  if (held === true || paths.length === 0) return permissions;
  return { ...permissions, [kind]: [...new Set([...held, ...paths])].sort() };
}

/** What breaks the sandbox stands in `dangerous` too, and nothing else does. */
function checkDangers(
  source: Source,
  isWhole: boolean,
  said: ConfigFile,
  permissions: ScopedPermissions,
): void {
  const found = dangersOf({ permissions, run_as: said.run_as });
  for (const [word, meaning] of found) {
    if (said.dangerous.includes(word)) continue;
    const list = JSON.stringify([...found.keys()]);
    const narrower = word === "root"
      ? "leave it out"
      : permissions[word as Exclude<DangerousWord, "root" | NamedKind>] === true
      ? "list what it is for"
      : "take it out";
    source.problem(
      word === "root" ? ["run_as"] : ["permissions", word],
      `dangerous: with this the module ${meaning}; ${narrower}, or, if that is meant, add "dangerous": ${list}`,
      true,
    );
  }
  for (const [index, word] of said.dangerous.entries()) {
    // A list with a mistake in it grants nothing yet.
    const asked = word === "run" || word === "ffi" ? said.permissions[word] || [] : [];
    if (!isWhole || found.has(word) || asked.length > 0) continue;
    source.problem(["dangerous", index], `${JSON.stringify(word)} allows nothing here: take it out`);
  }
}
