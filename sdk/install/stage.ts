// SPDX-License-Identifier: MIT
/**
 * Staging folders: where a stranger's sources are looked at before anything of them is installed.
 *
 * @module
 */

import { closeSync, constants, fstatSync, openSync, readdirSync, readSync, type Stats } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Layout } from "../config/layout.ts";
import { checkPlace } from "../config/place.ts";
import { findManifest } from "./import_map.ts";

/** What a module's folder may hold. */
const FILES_MAX = 5_000;
const BYTES_MAX = 128 * 1024 ** 2;
const DEPTH_MAX = 32;

/** What is not copied: Deno does not need it, or it is nobody's business. Names that begin with a dot are left out too. */
const LEFT_OUT = new Set(["node_modules"]);

/** The bits of a mode with which others than the owner may write. */
const WRITABLE_BY_OTHERS = 0o022;

/** A folder that cannot be copied. The message names it and the remedy. */
export class StageError extends Error {
  override name = "StageError";
}

/** The folder of all staging folders. */
export function stagesDir({ stateDir }: Layout): string {
  return join(stateDir, "stage");
}

/** A staging folder, which is removed when it is disposed of. */
export interface Stage extends Disposable {
  /** The folder, root's own. */
  readonly path: string;
}

/** Makes a staging folder. Others may pass through it, and look into nothing. */
export function makeStage(layout: Layout): Stage {
  const parent = stagesDir(layout);
  Deno.mkdirSync(parent, { recursive: true, mode: 0o711 });
  checkPlace(parent);
  const path = Deno.makeTempDirSync({ dir: Deno.realPathSync(parent) });
  Deno.chmodSync(path, 0o711);
  return {
    path,
    [Symbol.dispose]() {
      Deno.removeSync(path, { recursive: true });
      if ([...Deno.readDirSync(parent)].length === 0) Deno.removeSync(parent);
    },
  };
}

/** Removes what interrupted commands left. Only whoever holds the lock of the state folder may call it. */
export function removeStages(layout: Layout): void {
  try {
    Deno.removeSync(stagesDir(layout), { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

/** A module on this machine. */
export interface LocalModule {
  /** Its folder: the nearest one that says what it is, else that of its main file. */
  readonly folder: string;
  /** Its main file, from there; `undefined` if the folder says it. */
  readonly main: string | undefined;
}

/**
 * Finds the folder of the module at `path`, without reading anything of it.
 *
 * @throws {StageError} if there is nothing.
 */
export function findLocalModule(path: string): LocalModule {
  let real;
  try {
    real = Deno.realPathSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new StageError(`${path}: there is no such file or folder`);
  }
  if (Deno.statSync(real).isDirectory) return { folder: real, main: undefined };
  for (let at = dirname(real); at !== dirname(at); at = dirname(at)) {
    if (findManifest(at)) return { folder: at, main: real.slice(at.length + 1) };
  }
  return { folder: dirname(real), main: basename(real) };
}

/** What was seen while a folder was copied. */
export interface Copied {
  /** The symbolic links that were left out. */
  readonly links: readonly string[];
  /** The first file or folder that somebody else than root or the current user could have changed. */
  readonly foreign: string | undefined;
}

/**
 * Copies the regular files of `from` to the empty folder `to`.
 *
 * Whoever may write in `from` can change it meanwhile, so no link is ever followed: each folder is opened from its parent's descriptor.
 * Then whatever is read are bytes of that folder.
 *
 * @throws {StageError} if there is more than a module can need.
 */
export function copySources(from: string, to: string): Copied {
  const copy = new Copy(from);
  const fd = openFolder(from);
  try {
    copy.look(fd, "");
    copy.folder(fd, to, "", 0);
  } finally {
    closeSync(fd);
  }
  return copy;
}

/** Opens an absolute path without a link in it, part by part. */
function openFolder(path: string): number {
  const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_DIRECTORY;
  let fd = openSync("/", flags);
  for (const part of path.split("/").filter((part) => part !== "")) {
    const parent = fd;
    try {
      fd = openSync(`/proc/self/fd/${parent}/${part}`, flags);
    } finally {
      closeSync(parent);
    }
  }
  return fd;
}

class Copy implements Copied {
  readonly links: string[] = [];
  foreign: string | undefined;
  readonly #from: string;
  #files = 0;
  #bytes = 0;

  constructor(from: string) {
    this.#from = from;
  }

  /** Who could have changed it? */
  look(fd: number, path: string): Stats {
    const found = fstatSync(fd);
    const others = (found.uid !== 0 && found.uid !== Deno.uid()) || (found.mode & WRITABLE_BY_OTHERS) !== 0;
    if (others) this.foreign ??= join(this.#from, path);
    return found;
  }

  folder(fd: number, to: string, path: string, depth: number): void {
    if (depth > DEPTH_MAX) this.#tooMuch(`folders in folders, more than ${DEPTH_MAX} deep`);
    for (const name of readdirSync(`/proc/self/fd/${fd}`).sort()) {
      if (name.startsWith(".") || LEFT_OUT.has(name)) continue;
      this.#entry(fd, name, join(to, name), join(path, name), depth);
    }
  }

  #entry(parent: number, name: string, to: string, path: string, depth: number): void {
    let fd;
    try {
      // Nothing is waited for: a named pipe would keep us for ever.
      const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
      fd = openSync(`/proc/self/fd/${parent}/${name}`, flags);
    } catch (error) {
      const { code } = error as { code?: string };
      if (code === "ELOOP") this.links.push(join(this.#from, path));
      // What is gone again, a socket or a device of nobody is left out; the bundler says so if it is needed.
      if (code === "ELOOP" || code === "ENOENT" || code === "ENXIO") return;
      throw error;
    }
    try {
      const found = this.look(fd, path);
      if (found.isDirectory()) {
        Deno.mkdirSync(to, { mode: 0o755 });
        this.folder(fd, to, path, depth + 1);
      } else if (found.isFile()) {
        this.#file(fd, to);
      }
    } finally {
      closeSync(fd);
    }
  }

  #file(fd: number, to: string): void {
    if (++this.#files > FILES_MAX) this.#tooMuch(`more than ${FILES_MAX} files`);
    using out = Deno.openSync(to, { write: true, createNew: true, mode: 0o644 });
    const buffer = new Uint8Array(65_536);
    for (;;) {
      const length = readSync(fd, buffer);
      if (length === 0) return;
      this.#bytes += length;
      if (this.#bytes > BYTES_MAX) this.#tooMuch(`more than ${BYTES_MAX / 1024 ** 2} MiB`);
      for (let at = 0; at < length;) at += out.writeSync(buffer.subarray(at, length));
    }
  }

  #tooMuch(what: string): never {
    throw new StageError(
      `${this.#from}: ${what}: it is copied as a whole, so put the module in a folder of its own, with a deno.json`,
    );
  }
}
