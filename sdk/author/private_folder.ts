// SPDX-License-Identifier: MIT
/**
 * Folders for what a command needs while it runs: closed to others, and gone when it ends, also by a signal.
 *
 * @module
 */

import { checkPlace, stat } from "../config/place.ts";
import { endDenoTools } from "../install/deno_tool.ts";

/** What ends the command from outside, and with which status. */
const ENDING = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const;

/**
 * Makes a closed folder where temporary files belong, and gives its path without links.
 *
 * @throws {PlaceError} as root if somebody else could put another folder in its place: `TMPDIR` may be another user's.
 */
export function makePrivateFolder(prefix: string): string {
  const path = Deno.realPathSync(Deno.makeTempDirSync({ prefix }));
  try {
    if (Deno.uid() === 0) checkPlace(path);
    return path;
  } catch (error) {
    Deno.removeSync(path);
    throw error;
  }
}

/** After this, whoever was killed writes nothing any more; in ms. */
const LAST_WRITE_MS = 20;

type Signal = keyof typeof ENDING;

/** A closed folder that is removed when it is disposed of, or when a signal ends the command before. */
export class PrivateFolder implements Disposable {
  static readonly #all = new Set<PrivateFolder>();
  static #listeners: { readonly signal: Signal; readonly listener: () => void }[] = [];
  static #exits = true;

  /** Where it is, without links. */
  readonly path: string;

  /** Makes it; see {@linkcode makePrivateFolder}. */
  constructor(prefix: string) {
    // First of all: a signal that comes meanwhile waits for its listener.
    if (PrivateFolder.#all.size === 0) PrivateFolder.#listen();
    try {
      this.path = makePrivateFolder(prefix);
      PrivateFolder.#all.add(this);
    } finally {
      PrivateFolder.#unlisten();
    }
  }

  /** From now on somebody else ends the command after a signal, who has more to do; folders are removed all the same. */
  static leaveExitToOthers(): void {
    PrivateFolder.#exits = false;
  }

  static #listen(): void {
    PrivateFolder.#listeners = (Object.keys(ENDING) as Signal[]).map((signal) => {
      const listener = () => {
        endDenoTools();
        const folders = [...PrivateFolder.#all];
        for (const folder of folders) folder[Symbol.dispose]();
        // What was killed may have been about to write.
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LAST_WRITE_MS);
        for (const { path } of folders) if (stat(path)) Deno.removeSync(path, { recursive: true });
        if (PrivateFolder.#exits) Deno.exit(ENDING[signal]);
      };
      Deno.addSignalListener(signal, listener);
      return { signal, listener };
    });
  }

  [Symbol.dispose](): void {
    if (!PrivateFolder.#all.delete(this)) return;
    if (stat(this.path)) Deno.removeSync(this.path, { recursive: true });
    PrivateFolder.#unlisten();
  }

  static #unlisten(): void {
    if (PrivateFolder.#all.size > 0) return;
    for (const { signal, listener } of PrivateFolder.#listeners) Deno.removeSignalListener(signal, listener);
    PrivateFolder.#listeners = [];
  }
}
