// SPDX-License-Identifier: MIT
/**
 * The list of pages in docs/index.md, as a code host shows it; the site has it, too.
 *
 * @module
 */

import { dirname, relative } from "node:path/posix";
import { type Entry, FRONT, PARTS } from "./docs/contents.ts";
import type { GeneratedFile } from "./gen/files.ts";

const MARKED = /(?<=<!-- begin pages -->\n)[^]*(?=\n<!-- end pages -->)/;
/** Lines of a document are at most this long. */
const LINE_MAX = 110;

/** What a list calls a page: its first heading. */
function titleOf(root: URL, { source, title }: Entry): string {
  if (title !== undefined) return title;
  const [, name, section] = /([^/]+)\.(\d)$/.exec(source) ?? [];
  if (name !== undefined) return `${name}(${section})`;
  const heading = /^# (.+)$/m.exec(Deno.readTextFileSync(new URL(source, root)))?.[1];
  if (heading === undefined) throw new Error(`${source}: has no heading of the first level`);
  return heading;
}

/** A paragraph as `deno fmt` breaks it, with an indent on its later lines; the text of a link is not broken. */
function wrapped(text: string, indent = ""): string {
  const lines: string[] = [];
  for (const word of text.match(/\[[^\]]*\]\S*|\S+/g) ?? []) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= LINE_MAX) lines.push(`${lines.pop()} ${word}`);
    else lines.push(last === undefined ? word : indent + word);
  }
  return lines.join("\n");
}

/** The generated parts of the pages. */
export function docsFiles(root: URL): GeneratedFile[] {
  const parts = PARTS.map(({ title, about, pages }) => {
    const items = pages.map((entry) =>
      wrapped(
        `- [${titleOf(root, entry)}](${relative(dirname(FRONT.source), entry.source)}): ${entry.about}`,
        "  ",
      )
    );
    return `\n## ${title}\n\n${wrapped(about)}\n\n${items.join("\n")}\n`;
  });
  const text = Deno.readTextFileSync(new URL(FRONT.source, root));
  if (!MARKED.test(text)) throw new Error(`${FRONT.source}: has no marks for the list of pages`);
  return [{ path: FRONT.source, text: text.replace(MARKED, () => parts.join("")) }];
}
