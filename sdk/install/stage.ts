// SPDX-License-Identifier: MIT
/**
 * Staging folders: where a stranger's sources are looked at before anything of them is installed.
 *
 * @module
 */

import { closeSync, constants, fstatSync, openSync, readdirSync, readSync, type Stats } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import type { Layout } from "../config/layout.ts";
import { checkPlace } from "../config/place.ts";
import { findManifest, manifestsIn } from "./import_map.ts";

/** What a module's folder may hold: files, folders and all else that has a name. */
const ENTRIES_MAX = 5_000;
const BYTES_MAX = 128 * 1024 ** 2;
const DEPTH_MAX = 32;

/** What is not copied: Deno does not need it, or it is nobody's business. Names that begin with a dot are left out too. */
const LEFT_OUT = new Set(["node_modules"]);

/** The bits of a mode with which others than the owner may write. */
const WRITABLE_BY_OTHERS = 0o022;
/** The bit with which everybody may. */
const WRITABLE_BY_ALL = 0o002;
/** The bit with which everybody may read. */
const READABLE_BY_ALL = 0o004;

/** What a stage is removed at, if whoever waits for it gives up. */
const ENDING = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

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

/**
 * Makes a staging folder, which nobody else can look into or pass through: what is copied there may have been readable for root only.
 * It is removed when it is disposed of, or when a signal ends this process.
 */
export function makeStage(layout: Layout): Stage {
  const parent = stagesDir(layout);
  Deno.mkdirSync(parent, { recursive: true, mode: 0o711 });
  checkPlace(parent);
  const path = Deno.makeTempDirSync({ dir: Deno.realPathSync(parent) });
  const remove = () => {
    Deno.removeSync(path, { recursive: true });
    if ([...Deno.readDirSync(parent)].length === 0) Deno.removeSync(parent);
  };
  const forget = removeAtSignal(remove);
  return {
    path,
    [Symbol.dispose]() {
      forget();
      remove();
    },
  };
}

/** Calls `remove` before a signal ends this process as it would have without. Gives what takes that back. */
function removeAtSignal(remove: () => void): () => void {
  const listeners = ENDING.map((signal) => {
    const listener = () => {
      forget();
      try {
        remove();
      } catch {
        // Somebody still writes there. The next command that installs removes it, and until then it is closed.
      }
      Deno.kill(Deno.pid, signal);
    };
    Deno.addSignalListener(signal, listener);
    return { signal, listener };
  });
  const forget = () => {
    for (const { signal, listener } of listeners) Deno.removeSignalListener(signal, listener);
  };
  return forget;
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
  /** The folder from which its imports are named: the nearest one that says what it is, else that of its main file. */
  readonly folder: string;
  /** Its main file, from there; `undefined` if the folder says it. */
  readonly main: string | undefined;
  /** Whether its main file is all of it, because the file's own folder does not say that it is a module's. */
  readonly alone: boolean;
  /** The names of the files in the folder that say what it is, and what its imports mean. */
  readonly manifests: readonly string[];
}

/**
 * Finds the folder of the module at `path`, without reading anything of it.
 *
 * Whoever names a file trusts its owner, and no stranger who may write somewhere above it: what names its imports has to belong to that
 * owner, to root or to the current user, like all folders on the way there.
 *
 * @throws {StageError} if there is nothing, or if somebody else could have said what it imports.
 */
export function findLocalModule(path: string): LocalModule {
  let real;
  try {
    real = Deno.realPathSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new StageError(`${path}: there is no such file or folder`);
  }
  const { isDirectory, uid } = Deno.statSync(real);
  if (isDirectory) return { folder: real, main: undefined, alone: false, manifests: manifestsIn(real) };
  const own = dirname(real);
  const trusted = new Set([0, uid, Deno.uid()]);
  for (let at = own; at !== dirname(at); at = dirname(at)) {
    const manifest = findManifest(at);
    const manifests = manifestsIn(at);
    const strange = [at, ...manifests.map((name) => join(at, name))].find((path) => isStrange(path, trusted));
    if (manifest && strange) throw new StageError(explainStrange(real, manifest, strange));
    // Nothing above it is better: whoever may write here could have put it there.
    if (strange) break;
    if (!manifest) continue;
    return { folder: at, main: relative(at, real), alone: at !== own, manifests };
  }
  return { folder: own, main: basename(real), alone: true, manifests: [] };
}

/** Whether somebody who is not trusted could have put something in the folder `path`, or could have changed the file. */
function isStrange(path: string, trusted: ReadonlySet<number | null>): boolean {
  const { uid, mode } = Deno.lstatSync(path);
  // The group of an ordinary user is mostly theirs alone.
  const others = Deno.uid() === 0 ? WRITABLE_BY_OTHERS : WRITABLE_BY_ALL;
  return !trusted.has(uid) || (mode! & others) !== 0;
}

function explainStrange(file: string, manifest: string, strange: string): string {
  const { uid, mode } = Deno.lstatSync(strange);
  const why = `${strange} belongs to uid ${uid} and has mode ${(mode! & 0o7777).toString(8)}`;
  return `${file}: ${manifest} would say what it imports, and others than its owner could have written that: ${why}. Put the module in a folder of its own, or name the folder if you mean all that is in it`;
}

/** What was seen while a folder was copied. */
export interface Copied {
  /** How many files were copied. */
  readonly files: number;
  /** The symbolic links that were left out. */
  readonly links: readonly string[];
  /** What was left out because only somebody else than the folder's owner may read it. */
  readonly closed: readonly string[];
  /** The first file or folder that somebody else than root or the current user could have changed. */
  readonly foreign: string | undefined;
}

/**
 * Copies the regular files of `from` to the empty folder `to`: those that the folder's owner owns, or everybody may read; or else `only`
 * those that are named, from there.
 *
 * Whoever may write in `from` can change it meanwhile, so no link is ever followed: each folder is opened from its parent's descriptor.
 * Then whatever is read are bytes of that folder.
 *
 * @throws {StageError} if there is more than a module can need.
 */
export function copySources(from: string, to: string, only?: readonly string[]): Copied {
  const fd = openFolder(from);
  try {
    const copy = new Copy(from, fstatSync(fd).uid);
    copy.look(fd, "");
    if (only === undefined) copy.folder(fd, to, "", 0);
    else for (const path of only) copy.named(path, to);
    return copy;
  } finally {
    closeSync(fd);
  }
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
  readonly closed: string[] = [];
  foreign: string | undefined;
  files = 0;
  readonly #from: string;
  readonly #owner: number;
  #entries = 0;
  #bytes = 0;

  constructor(from: string, owner: number) {
    this.#from = from;
    this.#owner = owner;
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
      if (++this.#entries > ENTRIES_MAX) this.#tooMuch(`more than ${ENTRIES_MAX} files and folders`);
      if (name.startsWith(".") || LEFT_OUT.has(name)) continue;
      this.#entry(fd, name, join(to, name), join(path, name), depth);
    }
  }

  /** One file, whose owner has been looked at before. */
  named(path: string, to: string): void {
    const folder = openFolder(join(this.#from, dirname(path)));
    try {
      const fd = this.#open(folder, basename(path), path);
      if (fd === undefined) return;
      try {
        Deno.mkdirSync(join(to, dirname(path)), { recursive: true, mode: 0o755 });
        if (this.look(fd, path).isFile()) this.#file(fd, join(to, path));
      } finally {
        closeSync(fd);
      }
    } finally {
      closeSync(folder);
    }
  }

  #open(parent: number, name: string, path: string): number | undefined {
    try {
      // Nothing is waited for: a named pipe would keep us for ever.
      const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
      return openSync(`/proc/self/fd/${parent}/${name}`, flags);
    } catch (error) {
      const { code } = error as { code?: string };
      if (code === "ELOOP") this.links.push(join(this.#from, path));
      // What is gone again, a socket or a device of nobody is left out; the bundler says so if it is needed.
      if (code === "ELOOP" || code === "ENOENT" || code === "ENXIO") return undefined;
      throw error;
    }
  }

  #entry(parent: number, name: string, to: string, path: string, depth: number): void {
    const fd = this.#open(parent, name, path);
    if (fd === undefined) return;
    try {
      const found = this.look(fd, path);
      if (!this.#isOpen(found)) {
        this.closed.push(join(this.#from, path));
      } else if (found.isDirectory()) {
        Deno.mkdirSync(to, { mode: 0o755 });
        this.folder(fd, to, path, depth + 1);
      } else if (found.isFile()) {
        this.#file(fd, to);
      }
    } finally {
      closeSync(fd);
    }
  }

  /** Whether the folder's owner may read it without us: a second name of somebody else's file must not make it a part of a module. */
  #isOpen({ uid, mode }: Stats): boolean {
    return uid === this.#owner || (mode & READABLE_BY_ALL) !== 0;
  }

  #file(fd: number, to: string): void {
    this.files++;
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
