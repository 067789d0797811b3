// SPDX-License-Identifier: MIT
/**
 * Changes several files at once, or none: whatever interrupts it, what was there before can be put back.
 *
 * What is new is written beside its place, what is old kept there by a hard link, and a journal names both. Then changing and putting
 * back only rename, which takes no space on a full disk. The change counts when the journal is gone.
 *
 * @module
 */

import { closeSync, constants, fsyncSync, openSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import * as v from "valibot";
import { MODULE_NAME } from "../config/config.ts";
import { journalFile, type Layout } from "../config/layout.ts";
import { checkPlace, PlaceError, stat } from "../config/place.ts";
import { InstallError } from "./events.ts";

/** A file or symbolic link that is to become something else. */
export interface Change {
  /** Its path. */
  readonly path: string;
  /** What it is. */
  readonly kind: "file" | "link";
  /** The text of the file, or the target of the link; `undefined` if it is to go. */
  readonly content: string | undefined;
}

const JOURNAL = v.strictObject({
  name: v.pipe(v.string(), v.regex(MODULE_NAME)),
  running: v.boolean(),
  unitChanged: v.boolean(),
  changes: v.array(v.strictObject({ path: v.string(), before: v.boolean() })),
});

/** What an interrupted change was about. */
export interface Interrupted {
  /** The module's name. */
  readonly name: string;
  /** Whether it was served before. */
  readonly running: boolean;
  /** Whether the drop-in of its unit was to change. */
  readonly unitChanged: boolean;
}

const FILE_MODE = 0o644;

// Names that begin with a dot are nobody's module, hook or unit.
function newOf(path: string): string {
  return join(dirname(path), `.${basename(path)}.new`);
}

function oldOf(path: string): string {
  return join(dirname(path), `.${basename(path)}.old`);
}

/** A change that was made and does not count yet. */
export interface Pending {
  /** Makes it count. */
  commit(): void;
  /** Puts everything back. */
  undo(): void;
}

/**
 * Makes all of `changes`. Their folders must be there. If it throws, everything is as it was.
 */
export function change(layout: Layout, about: Interrupted, changes: readonly Change[]): Pending {
  const journal = journalFile(layout);
  const noted = changes.map(({ path }) => ({ path, before: stat(path) !== undefined }));
  writeWhole(journal, `${JSON.stringify({ ...about, changes: noted })}\n`);
  try {
    for (const one of changes) prepare(one);
    for (const { path, content } of changes) {
      if (content !== undefined) Deno.renameSync(newOf(path), path);
      else if (stat(path)) Deno.removeSync(path);
    }
    syncFolders(changes);
  } catch (error) {
    undo(layout);
    throw error;
  }
  return {
    commit() {
      remove(journal);
      syncFolder(dirname(journal));
      for (const { path } of changes) remove(oldOf(path));
    },
    undo: () => void undo(layout),
  };
}

/** Writes what is new, and keeps what is old. */
function prepare({ path, kind, content }: Change): void {
  const [fresh, old] = [newOf(path), oldOf(path)];
  remove(fresh);
  remove(old);
  const found = stat(path);
  if (kind === "link") {
    if (content !== undefined) Deno.symlinkSync(content, fresh);
    if (found) Deno.symlinkSync(Deno.readLinkSync(path), old);
    return;
  }
  if (found && !found.isFile) {
    throw new PlaceError(`${path} is in the way: it is not a regular file; remove it`);
  }
  if (content !== undefined) writeSynced(fresh, content, found);
  if (found) Deno.linkSync(path, old);
}

/** Puts back what an interrupted change left, and says what it was about; `undefined` if there was none. */
export function undo(layout: Layout): Interrupted | undefined {
  const journal = journalFile(layout);
  const found = readJournal(journal);
  if (!found) return undefined;
  for (const { path, before } of found.changes) {
    const old = oldOf(path);
    if (stat(old)) {
      Deno.renameSync(old, path);
      // Renaming one link of a file to another does nothing.
      remove(old);
    } else if (!before) remove(path);
    remove(newOf(path));
  }
  syncFolders(found.changes);
  remove(journal);
  syncFolder(dirname(journal));
  const { name, running, unitChanged } = found;
  return { name, running, unitChanged };
}

function readJournal(file: string): v.InferOutput<typeof JOURNAL> | undefined {
  if (!stat(file)) return undefined;
  try {
    return v.parse(JOURNAL, JSON.parse(Deno.readTextFileSync(file)));
  } catch (error) {
    throw new InstallError(
      `${file}: damaged (${(error as Error).message}): nothing is changed while it is there; look at it`,
    );
  }
}

/** Whether a change was interrupted, or is under way. */
export function isPending(layout: Layout): boolean {
  return stat(journalFile(layout)) !== undefined;
}

function remove(path: string): void {
  if (stat(path)) Deno.removeSync(path);
}

/** Writes a file in one step, and waits until it is on the disk. */
export function writeWhole(path: string, text: string): void {
  const fresh = newOf(path);
  remove(fresh);
  try {
    writeSynced(fresh, text);
    Deno.renameSync(fresh, path);
  } catch (error) {
    remove(fresh);
    throw error;
  }
  syncFolder(dirname(path));
}

function writeSynced(path: string, text: string, like?: Deno.FileInfo): void {
  using file = Deno.openSync(path, { write: true, createNew: true, mode: FILE_MODE });
  const bytes = new TextEncoder().encode(text);
  for (let at = 0; at < bytes.length;) at += file.writeSync(bytes.subarray(at));
  // Whatever the mask of modes is here: the module's own user reads it.
  Deno.chmodSync(path, like?.mode === undefined || like.mode === null ? FILE_MODE : like.mode & 0o7777);
  if (like && (like.uid !== Deno.uid() || like.gid !== Deno.gid())) Deno.chownSync(path, like.uid, like.gid);
  file.syncSync();
}

function syncFolders(changes: readonly { readonly path: string }[]): void {
  for (const folder of new Set(changes.map(({ path }) => dirname(path)))) syncFolder(folder);
}

function syncFolder(path: string): void {
  const fd = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** New files are readable for the modules' own users, whatever mask of modes the administrator likes. */
const MASK = 0o022;

/**
 * Takes the lock of the state folder, so that nobody else changes what is installed meanwhile. As long as it is held, this process makes
 * files that others may read.
 *
 * @throws {InstallError} if somebody does.
 * @throws {PlaceError} if others could change the folder.
 */
export function lockState({ stateDir }: Layout): Disposable {
  const mask = Deno.umask(MASK);
  try {
    const lock = takeLock(stateDir);
    return {
      [Symbol.dispose]() {
        lock.close();
        Deno.umask(mask);
      },
    };
  } catch (error) {
    Deno.umask(mask);
    throw error;
  }
}

function takeLock(stateDir: string): Deno.FsFile {
  try {
    Deno.mkdirSync(stateDir, { recursive: true, mode: 0o755 });
  } catch (error) {
    if (!(error instanceof Deno.errors.PermissionDenied)) throw error;
    throw new InstallError(`${stateDir}: you may not write there: run it as root`);
  }
  checkPlace(stateDir);
  const file = Deno.openSync(join(stateDir, ".lock"), { create: true, write: true, mode: 0o600 });
  if (file.tryLockSync(true)) return file;
  file.close();
  throw new InstallError(
    `${stateDir}: another pam-deno command is changing what is installed: wait for it to end`,
  );
}
