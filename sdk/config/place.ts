// SPDX-License-Identifier: MIT
/**
 * Places that the shim trusts: folders that nobody but root, or the user who runs all this, could have changed.
 *
 * @module
 */

import { dirname, join } from "node:path";
import type { ErrorCode } from "../error_codes.ts";

/** A place that somebody else could change, or that is not what it should be. The message names the path and the remedy. */
export class PlaceError extends Error {
  override name = "PlaceError";
  /** The stable code of what is wrong. */
  readonly errorCode: ErrorCode;

  constructor(message: string, errorCode: ErrorCode = "place-unsafe") {
    super(message);
    this.errorCode = errorCode;
  }
}

const STICKY = 0o1000;
const WRITABLE_BY_OTHERS = 0o022;

/** The file that tells the shim that a folder is a runtime directory, so that an absent socket in it means something. */
export const MARKER = ".pam-deno";

/**
 * Checks that the folder `path` and every folder above it belong to root or to the current user and that nobody else may write
 * there. A folder of root with the sticky bit, as /tmp, is good enough above `path`: nobody else can rename what is in it. It is not
 * good enough as `path` itself, where somebody else could put something that is not there yet.
 *
 * @throws {PlaceError} naming the first folder that is wrong.
 */
export function checkPlace(path: string): void {
  const own = Deno.uid();
  const last = Deno.realPathSync(path);
  for (let at = last;; at = dirname(at)) {
    const { uid, mode, isDirectory } = Deno.statSync(at);
    if (!isDirectory) throw new PlaceError(`${at} is not a folder`);
    if (uid !== 0 && uid !== own) {
      throw new PlaceError(
        `${at} belongs to uid ${uid}: the shim trusts only folders of root${own ? " or your own" : ""}`,
      );
    }
    const sticky = at !== last && uid === 0 && (mode! & STICKY) !== 0;
    if ((mode! & WRITABLE_BY_OTHERS) !== 0 && !sticky) {
      throw new PlaceError(`${at} can be written to by others: the shim does not trust it; chmod go-w ${at}`);
    }
    if (at === "/") return;
  }
}

/** Whether somebody else than root or the current user could change the file `path`. */
export function isForeign(path: string): boolean {
  const { uid, mode } = Deno.statSync(path);
  return (uid !== 0 && uid !== Deno.uid()) || (mode! & WRITABLE_BY_OTHERS) !== 0;
}

/** The folder of a runtime directory in which the shim leaves files for users. */
export const USER_FILES = "user";

/** Everybody gets to files whose path they know, and nobody sees which there are. */
const USER_FILES_MODE = 0o711;

/** Makes `path` a runtime directory with its marker and the folder of user files, or checks that it is one. */
export function makeRuntimeDir(path: string): void {
  Deno.mkdirSync(path, { recursive: true, mode: 0o755 });
  checkPlace(path);
  const marker = join(path, MARKER);
  const found = stat(marker);
  if (!found) Deno.writeTextFileSync(marker, "", { createNew: true, mode: 0o644 });
  else if (!found.isFile || found.uid !== Deno.uid()) {
    throw new PlaceError(`${marker} is not a regular file of the user who runs this: remove it`);
  }
  makeUserFiles(join(path, USER_FILES));
}

function makeUserFiles(path: string): void {
  if (!stat(path)) Deno.mkdirSync(path);
  const { isDirectory, uid, mode } = Deno.lstatSync(path);
  if (!isDirectory || uid !== Deno.uid()) {
    throw new PlaceError(`${path} is not a folder of the user who runs this: remove it`);
  }
  if ((mode! & 0o7777) !== USER_FILES_MODE) Deno.chmodSync(path, USER_FILES_MODE);
}

/**
 * Takes the lock of a runtime directory and keeps it until the file is closed or the process ends. Children do not inherit it.
 *
 * @throws {PlaceError} if another supervisor holds it.
 */
export function lockRuntimeDir(path: string): Deno.FsFile {
  const file = Deno.openSync(join(path, ".lock"), { create: true, write: true, mode: 0o600 });
  if (file.tryLockSync(true)) return file;
  file.close();
  throw new PlaceError(
    `Another supervisor serves ${path}: stop it first, or name another folder with --runtime-dir`,
    "already-served",
  );
}

/** lstat(2), or `undefined` where there is nothing. */
export function stat(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.lstatSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Makes or replaces a symbolic link in one step, so that whoever looks finds the old one or the new one. */
export function replaceLink(target: string, path: string): void {
  const temporary = `${path}.new`;
  if (stat(temporary)) Deno.removeSync(temporary);
  Deno.symlinkSync(target, temporary);
  Deno.renameSync(temporary, path);
}
