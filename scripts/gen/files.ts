// SPDX-License-Identifier: MIT
/**
 * Writes generated files, or compares them with what is there.
 *
 * @module
 */

/** A file that is generated as a whole. */
export interface GeneratedFile {
  /** Its path from the root of the repository. */
  readonly path: string;
  /** What should be in it. */
  readonly text: string;
}

/** The text of a file, `undefined` if there is none. */
function present(root: URL, path: string): string | undefined {
  try {
    return Deno.readTextFileSync(new URL(path, root));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Files below `root` whose text is not what it should be. */
export function outdated(root: URL, files: readonly GeneratedFile[]): GeneratedFile[] {
  return files.filter(({ path, text }) => present(root, path) !== text);
}

/** Files of `folder` that end in `suffix` and are not generated any more. */
export function leftOver(
  root: URL,
  folder: string,
  suffix: string,
  files: readonly GeneratedFile[],
): string[] {
  const wanted = new Set(files.map(({ path }) => path));
  try {
    return [...Deno.readDirSync(new URL(`${folder}/`, root))]
      .map(({ name }) => `${folder}/${name}`)
      .filter((path) => path.endsWith(suffix) && !wanted.has(path))
      .sort();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

/** Writes `files` below `root`. */
export function write(root: URL, files: readonly GeneratedFile[]): void {
  for (const { path, text } of files) {
    const url = new URL(path, root);
    Deno.mkdirSync(new URL(".", url), { recursive: true });
    Deno.writeTextFileSync(url, text);
  }
}
