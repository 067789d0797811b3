// SPDX-License-Identifier: MIT
/**
 * What `module` names: a file, or a package of npm or JSR in one exact version.
 *
 * @module
 */

import { isAbsolute } from "node:path";

/** A package in an exact version. */
export interface PackageSpecifier {
  /** The registry that it comes from. */
  readonly registry: "npm" | "jsr";
  /** Its name there, with its scope. */
  readonly name: string;
  /** Its version, without a range. */
  readonly version: string;
}

/** The longest name or version that is looked at. */
const LENGTH_MAX = 214;

const NAME = { npm: /^(?:@[a-z0-9][a-z0-9._-]*\/)?[a-z0-9][a-z0-9._-]*$/, jsr: /^@[a-z0-9-]+\/[a-z0-9-]+$/ };
const EXACT = /^\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?$/;

/** Whether `module` names a package and not a file. */
export function isPackage(module: string): boolean {
  return /^(?:npm|jsr):/.test(module);
}

/**
 * Reads `npm:NAME@VERSION` or `jsr:@SCOPE/NAME@VERSION`.
 *
 * @throws {TypeError} saying how to write it.
 */
export function parseSpecifier(text: string): PackageSpecifier {
  const [, registry, rest] = /^(npm|jsr):\/?(.*)$/s.exec(text) as unknown as [string, "npm" | "jsr", string];
  const at = rest.indexOf("@", 1);
  const name = at < 0 ? rest : rest.slice(0, at);
  const version = at < 0 ? undefined : rest.slice(at + 1);
  const example = `${registry}:${NAME[registry].test(name) ? name : NAMES[registry]}@1.2.3`;
  if (rest.length > LENGTH_MAX || !NAME[registry].test(name)) {
    throw new TypeError(`does not name a package: write it as ${JSON.stringify(example)}`);
  }
  if (version === undefined || !EXACT.test(version)) {
    throw new TypeError(
      `${
        version === undefined ? "has no version" : `has ${JSON.stringify(version)} for a version`
      }: what is served must be one exact thing; write all three numbers, as in ${JSON.stringify(example)}`,
    );
  }
  return { registry, name, version };
}

/** What is neither of these cannot be a module, for whoever checks a file without this program. */
export const MODULE_PATTERN = `^(?:npm:/?${inner(NAME.npm)}@${inner(EXACT)}|jsr:/?${inner(NAME.jsr)}@${
  inner(EXACT)
}|(?![A-Za-z][A-Za-z0-9+.-]+:).+)$`;

/** A pattern without its ends. */
function inner({ source }: RegExp): string {
  return source.slice(1, -1);
}

const NAMES = { npm: "NAME", jsr: "@SCOPE/NAME" };

/** What is wrong with `module`; `undefined` if it names a file or a package in an exact version. */
export function moduleProblem(module: string): string | undefined {
  if (isPackage(module)) {
    try {
      parseSpecifier(module);
      return undefined;
    } catch (error) {
      return (error as Error).message;
    }
  }
  if (!isAbsolute(module) && /^[a-z][a-z0-9+.-]+:/i.test(module)) {
    return "is neither a path nor a package: write a path, npm:NAME@VERSION or jsr:@SCOPE/NAME@VERSION";
  }
  return undefined;
}
