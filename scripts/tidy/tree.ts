// SPDX-License-Identifier: MIT
/**
 * What the rules of tidiness see: the text files of a source tree, and how they say what they found.
 *
 * @module
 */

/** A text file of the tree. */
export interface SourceFile {
  /** Its path from the top of the tree, with `/`. */
  readonly path: string;
  /** Its text. */
  readonly text: string;
  /** Whether it may be run. */
  readonly executable: boolean;
}

/** A source tree, held in memory. */
export interface Tree {
  /** The absolute path of its top. */
  readonly root: string;
  /** Its text files, by path. */
  readonly files: ReadonlyMap<string, SourceFile>;
}

/** Something that is not tidy. */
export interface Finding {
  /** The file it is in. */
  readonly path: string;
  /** The line, from 1. */
  readonly line: number;
  /** What is wrong, and what to do about it. */
  readonly message: string;
}

/** Looks at a tree. */
export type Rule = (tree: Tree) => Iterable<Finding>;

const SKIPPED = new Set([".git", "build", "node_modules", "coverage", "corpus"]);

/** Reads the text files below `root`, without what is built, downloaded or binary. */
export async function readTree(root: string): Promise<Tree> {
  const files = new Map<string, SourceFile>();
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const visit = async (folder: string): Promise<void> => {
    for await (const entry of Deno.readDir(`${root}/${folder}`)) {
      if (SKIPPED.has(entry.name)) continue;
      const path = folder + entry.name;
      if (entry.isDirectory) await visit(`${path}/`);
      if (!entry.isFile) continue;
      const bytes = await Deno.readFile(`${root}/${path}`);
      if (bytes.includes(0)) continue;
      const { mode } = await Deno.stat(`${root}/${path}`);
      try {
        files.set(path, { path, text: decoder.decode(bytes), executable: ((mode ?? 0) & 0o111) !== 0 });
      } catch (error) {
        throw new TypeError(`Cannot read '${path}' as UTF-8: mend or remove it`, { cause: error });
      }
    }
  };
  await visit("");
  return { root, files: new Map([...files].sort(([a], [b]) => a < b ? -1 : 1)) };
}

/** The files whose path matches. */
export function filesOf(tree: Tree, pattern: RegExp): SourceFile[] {
  return [...tree.files.values()].filter((file) => pattern.test(file.path));
}

/** Whether a program wrote the file. */
export function isGenerated(path: string): boolean {
  return /_gen\.\w+$|(^|\/)vectors\/.*\.txt$|^deno\.lock$/.test(path);
}

/** Every match of `pattern` (with the flag `g`) in `text`, with its line. */
export function* matches(text: string, pattern: RegExp): Iterable<{ line: number; match: RegExpExecArray }> {
  let line = 1;
  let seen = 0;
  for (const match of text.matchAll(pattern)) {
    for (; seen < match.index; seen++) if (text.charCodeAt(seen) === 10) line++;
    yield { line, match };
  }
}
