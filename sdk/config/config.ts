// SPDX-License-Identifier: MIT
/**
 * Reads the administrator's configuration: one file `modules/NAME.jsonc` per module. Whatever is wrong is said with file, line
 * and column, all of it at once.
 *
 * @module
 */

import { findNodeAtLocation, getNodeValue, parseTree, printParseErrorCode } from "jsonc-parser";
import type { JSONPath, Node, ParseError } from "jsonc-parser";
import { dirname, join, resolve } from "node:path";
import * as v from "valibot";
import { nearest } from "../nearest.ts";
import { isForeign } from "./place.ts";
import {
  isGrantable,
  kindProblem,
  type OpenPermissions,
  resolvePermissions,
  type ScopedPermissions,
} from "./permissions.ts";

/** What may run at once in one worker. */
export interface ModuleLimits {
  /** Hooks whose handlers are at work. Default 256. */
  readonly hooks: number;
  /** Hooks that wait for a person. Default 1024. */
  readonly waiting: number;
  /** Of those, hooks for the same user and remote host. Default 16. */
  readonly waiting_per_person: number;
  /** The worker's heap, in MiB. Default 128. */
  readonly heap_mib: number;
}

/** The configuration of one module. */
export interface ModuleConfig {
  /** Its name: the first bare word of the pam.d line. */
  readonly name: string;
  /** The file it stands in. */
  readonly file: string;
  /** The absolute path of the module's main file. */
  readonly module: string;
  /** What its worker may do to the machine. */
  readonly permissions: ScopedPermissions;
  /** Its options, which those of the pam.d line go over. */
  readonly options: Readonly<Record<string, unknown>>;
  /** What may run at once. */
  readonly limits: ModuleLimits;
}

/** Something wrong with a configuration file. The message has one line for each problem: `FILE:LINE:COLUMN: what, and the remedy`. */
export class ConfigError extends Error {
  override name = "ConfigError";
}

/** The name of a module, and of its file without `.jsonc`. */
export const MODULE_NAME = /^[a-z0-9][a-z0-9_-]{0,63}$/;

const SUFFIX = ".jsonc";
const FILE_MAX = 65_536;

/** Keys of the full supervisor. They are refused, not ignored: somebody may rely on them. */
const LATER = ["run_as", "workers", "dangerous"];

const LIMIT = (least: number, most: number, fallback: number) =>
  v.optional(v.pipe(v.number(), v.integer(), v.minValue(least), v.maxValue(most)), fallback);

const SCOPES = v.array(v.union([v.string(), v.strictObject({ option: v.string() })]));

const OBJECT = v.custom<Record<string, unknown>>(
  isObject,
  ({ input }) => `expected an object, found ${typeName(input)}`,
);

const SCHEMA = v.strictObject({
  module: v.pipe(v.string(), v.nonEmpty()),
  permissions: v.optional(v.record(v.string(), v.union([SCOPES, v.literal(false)])), {}),
  options: v.optional(OBJECT, {}),
  limits: v.optional(
    v.strictObject({
      hooks: LIMIT(1, 4096, 256),
      waiting: LIMIT(1, 4096, 1024),
      waiting_per_person: LIMIT(1, 4096, 16),
      heap_mib: LIMIT(16, 4096, 128),
    }),
    {},
  ),
});

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
 * Reads and checks the configuration of the module `name`.
 *
 * @throws {ConfigError} saying all that is wrong.
 */
export function readModuleConfig(configDir: string, name: string): ModuleConfig {
  const file = join(configDir, "modules", name + SUFFIX);
  const { size, isFile } = Deno.statSync(file);
  if (isForeign(file)) {
    throw new ConfigError(
      `${file}: others can change this file: chown it to root or yourself, and chmod go-w`,
    );
  }
  if (!isFile || size > FILE_MAX) {
    throw new ConfigError(`${file}: not a regular file of at most ${FILE_MAX} bytes`);
  }
  return parseModuleConfig(Deno.readTextFileSync(file), name, file);
}

/**
 * Checks `text`, the configuration of the module `name` in `file`.
 *
 * @throws {ConfigError} saying all that is wrong.
 */
export function parseModuleConfig(text: string, name: string, file: string): ModuleConfig {
  const source = new Source(text, file);
  const value = source.parse();
  if (!isObject(value)) source.problem([], `expected an object { … }, found ${typeName(value)}`);
  source.throwIfWrong();
  const parsed = v.safeParse(SCHEMA, value);
  for (const issue of parsed.issues ?? []) {
    const path = issue.path?.map(({ key }) => key as string | number) ?? [];
    source.problem(
      path,
      describeIssue(issue, path),
      issue.type === "strict_object" && issue.expected === "never",
    );
  }
  source.throwIfWrong();
  const { module, permissions, options, limits } = parsed.output as v.InferOutput<typeof SCHEMA>;
  if (/^[a-z]+:/.test(module)) {
    source.problem(
      ["module"],
      `${
        JSON.stringify(module)
      } is not a path: serving a package needs \`pam-deno add\`, which this version has not`,
    );
  }
  const open: OpenPermissions = Object.fromEntries(
    Object.entries(permissions).flatMap(([kind, scopes]) => scopes === false ? [] : [[kind, scopes]]),
  );
  const resolution = resolvePermissions(open, options);
  for (const { kind, index, problem } of resolution.problems) {
    source.problem(
      index === undefined ? ["permissions", kind] : ["permissions", kind, index],
      problem,
      index === undefined,
    );
  }
  for (const option of resolution.unset) {
    source.problem(
      ["permissions"],
      `the option ${
        JSON.stringify(option)
      } has no value in "options": what stands only on the pam.d line widens no permission; write the value here`,
    );
  }
  source.throwIfWrong();
  return {
    name,
    file,
    module: resolve(dirname(file), module),
    permissions: resolution.permissions,
    options,
    limits: v.parse(SCHEMA.entries.limits, limits) as ModuleLimits,
  };
}

type Issue = v.InferIssue<typeof SCHEMA>;

function describeIssue(issue: Issue, path: readonly (string | number)[]): string {
  const key = path.at(-1);
  if (issue.type === "strict_object" && issue.expected === "never") {
    return describeUnknownKey(String(key), path);
  }
  if (issue.type === "strict_object" && issue.received === "undefined") {
    return `the key ${issue.expected} is missing`;
  }
  if (path[0] === "permissions" && path.length > 1) {
    if (!isGrantable(String(path[1]))) return kindProblem(String(path[1]));
    return issue.received === "true"
      ? `a blanket permission is refused: list what ${JSON.stringify(key)} is for`
      : `expected a list of words, or of { "option": "NAME" }`;
  }
  if (issue.type === "custom") return `${JSON.stringify(path.join("."))}: ${issue.message}`;
  return `${JSON.stringify(path.join("."))}: expected ${
    issue.expected ?? `a whole number`
  }, found ${issue.received}`;
}

function describeUnknownKey(key: string, path: readonly (string | number)[]): string {
  if (path.length === 1 && LATER.includes(key)) {
    return `${JSON.stringify(key)} is not supported by this version: remove it`;
  }
  const entries = path.length === 1
    ? SCHEMA.entries
    : path[0] === "limits"
    ? SCHEMA.entries.limits.wrapped.entries
    : {};
  const near = nearest(key, Object.keys(entries));
  const hint = near
    ? `did you mean ${JSON.stringify(near)}?`
    : `known are ${Object.keys(entries).join(", ")}`;
  return `${JSON.stringify(key)} is not a key that can stand here: ${hint}`;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function typeName(value: unknown): string {
  return Array.isArray(value) ? "a list" : value === null ? "null" : `a ${typeof value}`;
}

/** A file's text, and what was found wrong with it. */
class Source {
  readonly #text: string;
  readonly #file: string;
  readonly #problems: [offset: number, message: string][] = [];
  #root: Node | undefined;

  constructor(text: string, file: string) {
    this.#text = text;
    this.#file = file;
  }

  parse(): unknown {
    const errors: ParseError[] = [];
    this.#root = parseTree(this.#text, errors, { allowTrailingComma: true });
    for (const { error, offset } of errors) {
      const words = printParseErrorCode(error).replace(/(?<=[a-z])(?=[A-Z])/g, " ").toLowerCase();
      this.#problems.push([offset, `not JSON with comments: ${words}`]);
    }
    if (this.#root) this.#refuseTwice(this.#root);
    this.throwIfWrong();
    return getNodeValue(this.#root!);
  }

  /** Of two keys with the same name one would silently win. */
  #refuseTwice(node: Node): void {
    const seen = new Set<string>();
    for (const child of node.children ?? []) {
      this.#refuseTwice(child);
      const key = node.type === "object" ? child.children?.[0] : undefined;
      if (!key) continue;
      if (seen.has(key.value)) {
        this.#problems.push([key.offset, `the key ${JSON.stringify(key.value)} stands here twice`]);
      }
      seen.add(key.value);
    }
  }

  /** Notes a problem at `path`, or at the nearest place above that exists; `key` points at the key instead of its value. */
  problem(path: JSONPath, message: string, key = false): void {
    let node: Node | undefined;
    for (let depth = path.length; !node && depth >= 0; depth--) {
      node = this.#root && findNodeAtLocation(this.#root, path.slice(0, depth));
    }
    const at = key && node?.parent?.type === "property" ? node.parent : node;
    this.#problems.push([at?.offset ?? 0, message]);
  }

  throwIfWrong(): void {
    if (this.#problems.length === 0) return;
    const lines = this.#problems.sort(([a], [b]) => a - b).map(([offset, message]) => {
      const before = this.#text.slice(0, offset).split("\n");
      return `${this.#file}:${before.length}:${before.at(-1)!.length + 1}: ${message}`;
    });
    throw new ConfigError([...new Set(lines)].join("\n"));
  }
}
