// SPDX-License-Identifier: MIT
/**
 * Makes the folder of a new module, as a whole or not at all.
 *
 * @module
 */

import { dirname, join } from "node:path";
import { PAM_DENO_VERSION } from "../../version.ts";
import { type TemplateName, TEMPLATES } from "./templates.ts";

/** The module's folder cannot be made. The message says where, why, and the remedy. */
export class NewModuleError extends Error {
  override name = "NewModuleError";
}

/** What is to be made. */
export interface NewModuleOptions {
  /** What the module is called, and its folder; see MODULE_NAME. */
  readonly name: string;
  /** What it begins as. */
  readonly template: TemplateName;
  /** The folder that it is made in: an absolute path. */
  readonly parent: string;
  /** Where the SDK lies, for `links`; `undefined` to take it from JSR. */
  readonly sdk: string | undefined;
  /** For the licence. */
  readonly year: number;
}

/** The longest name that JSR takes for a package. */
const PACKAGE_NAME_MAX = 58;

/**
 * The name on JSR of a module called `name`: JSR has no `_`, no two hyphens beside each other and none at an end, and at least two
 * characters.
 */
export function packageName(name: string): string {
  const plain = name.replaceAll(/[_-]+/g, "-").slice(0, PACKAGE_NAME_MAX).replaceAll(/^-|-$/g, "");
  return plain.length < 2 ? `pam-${plain}` : plain;
}

/** The files of a new module, by their paths in its folder. */
export function filesOf({ name, template, sdk, year }: NewModuleOptions): Record<string, string> {
  const words: Readonly<Record<string, string>> = {
    name,
    package: packageName(name),
    sdk: PAM_DENO_VERSION,
    year: String(year),
  };
  const filled = (text: string) => text.replaceAll(/\{\{(\w+)\}\}/g, (all, word) => words[word] ?? all);
  const files = Object.fromEntries(
    Object.entries(TEMPLATES[template]).map(([path, text]) => [path, filled(text)]),
  );
  if (sdk !== undefined) files["deno.json"] = linked(files["deno.json"]!, sdk);
  return files;
}

/** A deno.json, as `deno fmt` leaves it, whose SDK lies in a folder. */
function linked(text: string, folder: string): string {
  return text.replace(/\n\}\n$/, `,\n  "links": [${JSON.stringify(folder)}]\n}\n`);
}

/**
 * Makes the folder of a new module; what it made, by paths in the folder.
 *
 * The files are written beside it, and moved into place in one step, when nothing of that name is there: whoever is interrupted, or
 * overtaken by somebody else with the same name, leaves no half of a module.
 *
 * @throws {NewModuleError} if something of that name is there already, or nothing can be written.
 */
export function makeModule(options: NewModuleOptions): string[] {
  const { name, parent } = options;
  const folder = join(parent, name);
  if (isThere(folder)) throw taken(name, parent);
  const stage = join(parent, `.${name}-${crypto.randomUUID()}`);
  makeIn(parent, stage);
  try {
    const files = filesOf(options);
    for (const [path, text] of Object.entries(files)) {
      const file = join(stage, path);
      Deno.mkdirSync(dirname(file), { recursive: true });
      Deno.writeTextFileSync(file, text, { createNew: true });
    }
    claim(stage, folder, options);
    return Object.keys(files).sort();
  } catch (error) {
    Deno.removeSync(stage, { recursive: true });
    throw error;
  }
}

/** Gives the folder `stage` the name `folder`. A folder takes an empty one's place, and so this one is made first: that fails if there is any. */
function claim(stage: string, folder: string, { name, parent }: NewModuleOptions): void {
  try {
    Deno.mkdirSync(folder);
  } catch (error) {
    if (error instanceof Deno.errors.AlreadyExists) throw taken(name, parent);
    throw error;
  }
  try {
    Deno.renameSync(stage, folder);
  } catch (error) {
    if (isThere(stage) && isEmpty(folder)) Deno.removeSync(folder);
    throw error;
  }
}

function taken(name: string, parent: string): NewModuleError {
  return new NewModuleError(
    `${
      join(parent, name)
    } is there already, and nothing of it was changed: take another name, or another folder`,
  );
}

function isThere(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

function isEmpty(folder: string): boolean {
  return Deno.readDirSync(folder)[Symbol.iterator]().next().done === true;
}

/** Makes a folder in `parent`, and says what to do if that cannot be. */
function makeIn(parent: string, folder: string): void {
  try {
    Deno.mkdirSync(folder);
  } catch (error) {
    const reason = error instanceof Deno.errors.PermissionDenied
      ? "it belongs to somebody else"
      : String(error);
    throw new NewModuleError(`no folder can be made in ${parent}: ${reason}; go to a folder of yours`);
  }
}
