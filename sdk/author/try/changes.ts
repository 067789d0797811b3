// SPDX-License-Identifier: MIT
/**
 * Tells when the files of a module have changed, however an editor writes them.
 *
 * @module
 */

import { dirname, resolve } from "node:path";

/** How long nothing must happen before a change counts as whole: editors write several files, or one in several steps; in ms. */
const QUIET_MS = 15;
/** What may be a module's, where it is not known which files are. */
const SOURCE = /\.(?:[cm]?[jt]sx?|jsonc?)$/;

/**
 * Watches files. It is their folders that are watched, since an editor may put another file in the place of one; a folder that is not
 * there any more is left out.
 */
export class Changes implements Disposable {
  readonly #debounceMs: number;
  #files: ReadonlySet<string> | undefined;
  #folders = "";
  #watcher: Deno.FsWatcher | undefined;
  #changed = Promise.withResolvers<void>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Watches nothing yet. */
  constructor(debounceMs: number = QUIET_MS) {
    this.#debounceMs = debounceMs;
  }

  /**
   * Watches `files`; with `anyBeside`, whatever may be a source in their folders too. What of them has changed since `since`, in ms, and
   * was not watched until now counts as changed now.
   */
  watch(files: readonly string[], { anyBeside = false, since = Infinity } = {}): void {
    const paths = files.map((path) => resolve(path));
    this.#files = anyBeside ? undefined : new Set(paths);
    const folders = [...new Set(paths.map((path) => dirname(path)))].filter(isFolder).sort();
    const key = folders.join("\n");
    if (key === this.#folders || folders.length === 0) return;
    this.#folders = key;
    this.#watcher?.close();
    this.#watcher = Deno.watchFs(folders, { recursive: false });
    void this.#follow(this.#watcher);
    if (paths.some((path) => changedAt(path) >= since)) this.#note();
  }

  /** Resolves when something has changed since this was last called, and nothing changes any more. */
  async next(): Promise<void> {
    await this.#changed.promise;
    this.#changed = Promise.withResolvers();
  }

  /** Stops watching. */
  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#watcher?.close();
  }

  async #follow(watcher: Deno.FsWatcher): Promise<void> {
    for await (const { kind, paths } of watcher) {
      if (kind === "access" || !paths.some((path) => this.#isWatched(path))) continue;
      this.#note();
    }
  }

  #note(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#changed.resolve(), this.#debounceMs);
  }

  #isWatched(path: string): boolean {
    return this.#files?.has(path) ?? SOURCE.test(path);
  }
}

/** When a file was written last, in ms; long ago if it is gone. */
function changedAt(path: string): number {
  try {
    return Deno.statSync(path).mtime?.getTime() ?? 0;
  } catch {
    return 0;
  }
}

function isFolder(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false;
  }
}
