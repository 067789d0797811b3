// SPDX-License-Identifier: MIT
/**
 * A document that comes out as Markdown and as a manual page. Texts may hold `code`, and nothing else that is marked.
 *
 * @module
 */

/** How long a line of a manual page's source may be. */
const LINE_MAX = 78;

/** A part of a document. */
export type Block =
  | { readonly heading: string; readonly level: 1 | 2 }
  | { readonly text: string }
  | { readonly code: string; readonly language: string }
  | { readonly terms: readonly Term[] }
  | { readonly table: readonly (readonly string[])[]; readonly head: readonly string[] };

/** Something that is explained. */
export interface Term {
  readonly term: string;
  /** Its paragraphs. */
  readonly about: readonly string[];
}

/** The document as Markdown, below a title. */
export function toMarkdown(title: string, note: string, blocks: readonly Block[]): string {
  return [`# ${title}`, `<!-- ${note} -->`, ...blocks.map(markdownOf)].join("\n\n") + "\n";
}

function markdownOf(block: Block): string {
  if ("heading" in block) return `${"#".repeat(block.level + 1)} ${block.heading}`;
  if ("text" in block) return block.text;
  if ("code" in block) return `\`\`\`${block.language}\n${block.code}\n\`\`\``;
  if ("terms" in block) {
    return block.terms.map(({ term, about }) => [`- ${term}: ${about[0]}`, ...about.slice(1)].join("\n\n  "))
      .join("\n");
  }
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  return [line(block.head), line(block.head.map(() => "---")), ...block.table.map(line)].join("\n");
}

/** The document as a manual page for man(7), behind its head. */
export function toManual(head: readonly string[], blocks: readonly Block[]): string {
  const out = [...head];
  for (const block of blocks) {
    const lines = manualOf(block);
    // A heading begins a paragraph.
    const isBelowHeading = /^\.S[HS] /.test(out.at(-1) ?? "");
    out.push(...isBelowHeading && lines[0] === ".PP" ? lines.slice(1) : lines);
  }
  return `${out.join("\n")}\n`;
}

function manualOf(block: Block): string[] {
  if ("heading" in block) {
    return block.level === 1
      ? [`.SH ${quoted(block.heading.toUpperCase())}`]
      : [`.SS ${quoted(block.heading)}`];
  }
  if ("text" in block) return [".PP", ...manualLines(block.text)];
  if ("code" in block) {
    const code = block.code.split("\n").map((line) => plain(line).replace(/^[.']/, "\\&$&"));
    return [".PP", ".in +4n", ".EX", ...code, ".EE", ".in"];
  }
  if ("terms" in block) return block.terms.flatMap(manualTerm);
  // Tables need tbl(1): the first column is the term, the second tells of it.
  return block.table.flatMap(([first, second]) => manualTerm({ term: first!, about: [second!] }));
}

function manualTerm({ term, about: [first, ...more] }: Term): string[] {
  const paragraphs = more.flatMap((text) => [".IP", ...manualLines(text)]);
  return [".TP", ...manualLines(term), ...manualLines(first!), ...paragraphs];
}

/** A text as lines of a manual page: a sentence begins a line, `code` is bold. */
function manualLines(text: string): string[] {
  const marked = text.split("`").map((part, at) =>
    at % 2 ? `\\fB${plain(part)}\\fR` : plain(part).replace(/(?<=[.:;?!]) +(?=\S|$)/g, "\n")
  );
  return marked.join("").split("\n").flatMap(wrapped).map((line) => line.replace(/^[.']/, "\\&$&"));
}

function wrapped(line: string): string[] {
  const out: string[] = [];
  for (const word of line.trim().split(/ +/)) {
    const last = out.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= LINE_MAX) {
      out[out.length - 1] = `${last} ${word}`;
    } else out.push(word);
  }
  return out;
}

/** A text in which nothing has a meaning for roff. */
function plain(text: string): string {
  return text.replaceAll("\\", "\\e").replaceAll("-", "\\-").replaceAll("'", "\\(aq").replaceAll("`", "\\(ga")
    .replaceAll("^", "\\(ha").replaceAll("~", "\\(ti");
}

function quoted(text: string): string {
  return `"${plain(text).replaceAll('"', '""')}"`;
}
