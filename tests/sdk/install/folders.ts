// SPDX-License-Identifier: MIT
/**
 * Folders for tests.
 *
 * @module
 */

import { dirname, join } from "node:path";

/** The project's folder. */
export const ROOT = join(import.meta.dirname!, "..", "..", "..");

/** A temporary folder that is removed again. */
export function makeFolder(): Disposable & { readonly path: string } {
  const path = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "pam-deno-test-" }));
  return { path, [Symbol.dispose]: () => Deno.removeSync(path, { recursive: true }) };
}

/** Writes files, by their paths in `folder`. */
export function writeFiles(folder: string, files: Readonly<Record<string, string>>): void {
  for (const [name, text] of Object.entries(files)) {
    const path = join(folder, name);
    Deno.mkdirSync(dirname(path), { recursive: true });
    Deno.writeTextFileSync(path, text);
  }
}
