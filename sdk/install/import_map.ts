// SPDX-License-Identifier: MIT
/**
 * What the names in a module's imports stand for: its own deno.json or package.json says it, but for the SDK, which is always the
 * installed one.
 *
 * @module
 */

import { join } from "node:path";
import { parse, type ParseError, printParseErrorCode } from "jsonc-parser";
import { stat } from "../config/place.ts";
import type { GraphModule } from "./deno_tool.ts";

/** The names of a module's own deno.json. */
const CONFIG_NAMES = ["deno.json", "deno.jsonc"];
const PACKAGE = "package.json";
const LOCK = "deno.lock";

/** The SDK's name, also as `deno pack` writes that of JSR into a package of npm, and how sources name the published one. */
const SDK_NAMES = ["@pam-deno/sdk", "@jsr/pam-deno__sdk"];
const SDK_PACKAGE = /(?<=["'])(?:jsr|npm):\/?@pam-deno\/sdk(?:@[^"'/\s]{1,64})?(?=["'])/g;

/**
 * Packages of which the SDK uses only types. In a bundle they stand for nothing, so that no package is looked for that no module asked
 * for.
 */
const TYPES_ONLY = { "@logtape/logtape": "data:text/javascript," };

/** A module's folder and what it says about itself. */
export interface Project {
  /** The folder. */
  readonly root: string;
  /** What its deno.json says, or its package.json in those words. */
  readonly config: Readonly<Record<string, unknown>>;
  /** Its deno.lock, if it has one. */
  readonly lock?: string | undefined;
}

/** The module's folder cannot be used as it is. The message names the file and the remedy. */
export class ProjectError extends Error {
  override name = "ProjectError";
}

/** The file in `folder` that says what the module is: deno.json, deno.jsonc or package.json. */
export function findManifest(folder: string): string | undefined {
  const [name] = manifestsIn(folder).filter((name) => name !== LOCK);
  return name && join(folder, name);
}

/** The names of the files in `folder` that say what the module is, or what its packages are. */
export function manifestsIn(folder: string): string[] {
  return [...CONFIG_NAMES, PACKAGE, LOCK].filter((name) => stat(join(folder, name))?.isFile);
}

/**
 * Reads what the folder `root` says about itself.
 *
 * @throws {ProjectError} if it cannot be read.
 */
export function readProject(root: string): Project {
  const file = CONFIG_NAMES.map((name) => join(root, name)).find((path) => stat(path)?.isFile);
  const config = file === undefined ? {} : readObject(file);
  if ("importMap" in config) throw new ProjectError(`${file}: "importMap" is not supported: use "imports"`);
  const [packageFile, lock] = [PACKAGE, LOCK].map((name) => join(root, name)).map((path) =>
    stat(path)?.isFile ? path : undefined
  );
  if (packageFile === undefined) return { root, config, lock };
  const { imports, main } = fromPackage(readObject(packageFile));
  return { root, lock, config: { main, ...config, imports: { ...imports, ...config.imports ?? {} } } };
}

function readObject(file: string): Record<string, unknown> {
  const text = Deno.readTextFileSync(file);
  const errors: ParseError[] = [];
  const value = parse(text, errors, { allowTrailingComma: true });
  const [wrong] = errors;
  if (wrong) {
    const line = text.slice(0, wrong.offset).split("\n").length;
    const why = printParseErrorCode(wrong.error).replace(/(?<=[a-z])(?=[A-Z])/g, " ").toLowerCase();
    throw new ProjectError(`${file}:${line}: not JSON with comments: ${why}: mend it`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new ProjectError(`${file}: expected an object { … }`);
  }
  return value;
}

/** A package.json's dependencies as imports. */
function fromPackage(config: Record<string, unknown>): { imports: Record<string, string>; main: string } {
  const { dependencies, peerDependencies, optionalDependencies } = config;
  const imports: Record<string, string> = {};
  for (
    const [name, range] of Object.entries({
      ...peerDependencies ?? {},
      ...optionalDependencies ?? {},
      ...dependencies ?? {},
    })
  ) {
    const target = String(range).startsWith("npm:") ? String(range).slice(4) : `${name}@${range}`;
    imports[name] = `npm:${target}`;
    imports[`${name}/`] = `npm:/${target}/`;
  }
  return { imports, main: mainOfPackage(config) };
}

/** The main file of a package, as Node finds it for `import`. */
function mainOfPackage({ exports, module, main }: Record<string, unknown>): string {
  const found = pick(isObject(exports) && "." in exports ? exports["."] : exports) ?? module ?? main ??
    "index.js";
  return String(found);
}

/** The target of a conditional export. */
function pick(target: unknown): string | undefined {
  if (typeof target === "string") return target;
  if (Array.isArray(target)) return target.map(pick).find((found) => found !== undefined);
  if (!isObject(target)) return undefined;
  const conditions = ["deno", "import", "module", "default"];
  for (const [condition, value] of Object.entries(target)) {
    const found = conditions.includes(condition) ? pick(value) : undefined;
    if (found !== undefined) return found;
  }
  return undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * The main file that the folder of `project` names, from there.
 *
 * @throws {ProjectError} if it names none.
 */
export function mainOf({ root, config }: Project): string {
  const { exports, main } = config;
  const named = pick(isObject(exports) && "." in exports ? exports["."] : exports) ?? main;
  if (typeof named === "string") return named;
  throw new ProjectError(
    `${root}: no deno.json in it says which file is the module: write "exports": "./module.ts", or name the file`,
  );
}

/** A folder whose files may be bundled, and the name of its copy in the staging folder. */
export interface Place {
  /** Where it is. */
  readonly from: string;
  /** The name of its copy. */
  readonly to: string;
  /** Whether a path in it may be bundled. */
  readonly owns: (path: string) => boolean;
}

/** The places of a module and of the SDK. */
export interface Places {
  /** The module's own. */
  readonly own: Place;
  /** The SDK's. */
  readonly sdk: Place;
}

/**
 * Writes the deno.json that imports are resolved with to `folder`.
 *
 * @param base where a place is, as seen from `folder` or as a URL, with a slash at the end
 * @param published how the module and its packages name the published SDK
 */
export function writeConfig(
  project: Project,
  { own, sdk }: Places,
  base: (place: Place) => string,
  published: Iterable<string>,
  folder: string,
): void {
  const installed = `${base(sdk)}mod.ts`;
  const config = {
    imports: {
      ...rebase(project.config.imports, base(own)),
      ...Object.fromEntries([...published, ...SDK_NAMES].map((name) => [name, installed])),
    },
    scopes: { [base(sdk)]: TYPES_ONLY },
    ...project.config.compilerOptions ? { compilerOptions: project.config.compilerOptions } : {},
    nodeModulesDir: "none",
    // Deno looks for a workspace above, where in /tmp anybody could have put one that says where a lockfile is written.
    workspace: [],
  };
  Deno.writeTextFileSync(join(folder, "deno.json"), JSON.stringify(config));
  if (project.lock !== undefined) Deno.copyFileSync(project.lock, join(folder, LOCK));
}

function rebase(imports: unknown, base: string): Record<string, string> {
  return Object.fromEntries(
    Object.entries(imports ?? {}).map(([name, target]) => [name, String(target).replace(/^\.\//, base)]),
  );
}

/** How a file of a module names the published SDK. */
export function publishedNames(text: string): string[] {
  return text.match(SDK_PACKAGE) ?? [];
}

/** How the modules of a graph name the published SDK. */
export function publishedNamesIn(graph: readonly GraphModule[]): string[] {
  const specifiers = graph.flatMap(({ dependencies }) => dependencies ?? []).map(({ specifier }) =>
    specifier
  );
  return specifiers.filter((specifier) => publishedNames(`"${specifier}"`).length > 0);
}
