// SPDX-License-Identifier: MIT
/**
 * Names places of the author's own files, where a worker names those of its bundle.
 *
 * @module
 */

import { join } from "node:path";
import { pathToFileURL } from "node:url";

/** A place in a source. */
export interface Place {
  /** The file: an absolute path, or the package and the file in it. */
  readonly file: string;
  /** The line, from 1. */
  readonly line: number;
  /** The column, from 1. */
  readonly column: number;
}

/** Turns what a worker says into what its author wrote. */
export class Places {
  readonly #own: string;
  readonly #files: string;
  readonly #folder: string;

  /** A worker that was started from the folder `files`, with a bundle of what is in `folder`. */
  constructor({ files, folder }: { readonly files: string; readonly folder: string }) {
    this.#files = pathToFileURL(`${files}/`).href;
    this.#own = `${this.#files}module/`;
    this.#folder = folder;
  }

  /** Whether a frame of a stack is the author's, or of a package in the bundle. */
  isOwn(frame: string): boolean {
    return frame.includes(this.#own) || frame.includes(`${this.#files}npm/`);
  }

  /** A text with the author's places; frames of our own programs are left out. */
  clean(text: string): string {
    const parts = text.split(" | ").filter((part) =>
      !/^at\s.*(?:file|node|ext):/.test(part) || this.isOwn(part)
    );
    return parts.join(" | ").replaceAll(this.#own, join(this.#folder, "/")).replaceAll(this.#files, "");
  }

  /** The first place of the author's own in a text or a stack. */
  find(text: string): Place | undefined {
    for (const own of [this.#own, `${this.#files}npm/`]) {
      const at = text.indexOf(own);
      if (at < 0) continue;
      const [, path, line, column] = /^([^\s()|]+?):([0-9]+):([0-9]+)/.exec(text.slice(at + own.length)) ??
        [];
      if (path === undefined) continue;
      const file = own === this.#own ? join(this.#folder, decodeURI(path)) : `npm/${path}`;
      return { file, line: Number(line), column: Number(column) };
    }
    return undefined;
  }
}

/** A place as compilers write it. */
export function describePlace({ file, line, column }: Place): string {
  return `${file}:${line}:${column}`;
}
