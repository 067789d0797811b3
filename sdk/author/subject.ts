// SPDX-License-Identifier: MIT
/**
 * What an author's command is about: a module on this machine, by its main file or by its folder.
 *
 * @module
 */

import { basename, join, relative, resolve } from "node:path";
import { isForeign, stat } from "../config/place.ts";
import { mainOf, type Project, ProjectError, readProject } from "../install/import_map.ts";
import { findLocalModule } from "../install/stage.ts";

/** A module on this machine. */
export interface Subject {
  /** As it was named on the command line. */
  readonly word: string;
  /** Its main file: an absolute path without links. */
  readonly file: string;
  /** The folder from which its imports are named: the nearest one above its main file that says what it is, else the file's own. */
  readonly folder: string;
  /** The deno.json(c) of that folder; `undefined` if it has none. */
  readonly configFile: string | undefined;
  /** What that says. */
  readonly project: Project;
  /** What an administrator would call it, from its file or folder. */
  readonly name: string;
}

/** A word that names no module. The message says what was looked for, and the remedy. */
export class SubjectError extends Error {
  override name = "SubjectError";
}

/**
 * Finds the module that `word` names: a file, or a folder whose deno.json says which file is its main one. Nothing of it is run.
 *
 * @throws {SubjectError} if it names none.
 * @throws {StageError} if it is not there, or a stranger could have said what its imports mean.
 * @throws {ProjectError} if its deno.json cannot be read.
 */
export function findSubject(word: string): Subject {
  const { folder, main } = findLocalModule(resolve(word));
  const project = readProject(folder);
  const file = join(folder, main ?? namedBy(word, project));
  if (!stat(file)) {
    throw new SubjectError(
      `${word}: its deno.json names the main file ${
        relative(folder, file)
      }, which is not there: check "exports"`,
    );
  }
  const real = Deno.realPathSync(file);
  if (Deno.statSync(real).isDirectory) {
    throw new SubjectError(`${word}: ${relative(folder, file)} is a folder: name the module's main file`);
  }
  const configFile = ["deno.json", "deno.jsonc"].map((name) => join(folder, name)).find((path) => stat(path));
  return { word, file: real, folder, configFile, project, name: nameOf(real, folder) };
}

function namedBy(word: string, project: Project): string {
  try {
    return mainOf(project);
  } catch (error) {
    if (!(error instanceof ProjectError)) throw error;
    throw new SubjectError(
      `${word}: no deno.json in it says which file is the module: write "exports": "./module.ts" there, or name the file`,
    );
  }
}

/** The name of the folder where the file is called like any other, else that of the file. */
function nameOf(file: string, folder: string): string {
  const own = basename(file).replace(/\.[cm]?[jt]sx?$/, "");
  const said = ["module", "mod", "main", "index"].includes(own) ? basename(join(file, "..")) : own;
  return (said || basename(folder)).toLowerCase().replace(/[^a-z0-9_-]/g, "-").replace(/^[^a-z]+/, "") ||
    "module";
}

/**
 * Whether somebody else than the current user or root could change the module's folder while it is read. As root its sources are then
 * read as a user who may read nothing else.
 */
export function isStrangers({ folder, file }: Subject): boolean {
  return isForeign(folder) || isForeign(file);
}
