// SPDX-License-Identifier: MIT
/**
 * Checks hand-written C against `.clang-format`, as far as KNF leaves no choice: indentation, braces, spaces, the place of
 * a return type. KNF lines up macros, members and prototypes with tabs, which clang-format cannot express, and where to
 * break a long statement is for its author to say: both are made alike before texts are compared.
 *
 * Usage: `deno run -A scripts/format_c.ts FILE…`
 *
 * @module
 */

import { blank } from "./tidy/blank.ts";

const COLUMNS_MAX = 80;
const TAB = 8;

/** A statement, or a part of one that has a line of its own. */
export interface Statement {
  /** The line that it starts on, from 1. */
  readonly line: number;
  /** Its text, without line breaks. */
  readonly text: string;
}

/** The text with each run of tabs behind the indentation made one space. */
export function squeeze(text: string): string {
  return text.replace(/(?<=[^\t\n]) *\t[\t ]*/g, " ");
}

// Behind one of these a statement goes on; so it does in front of one of those, or of an indentation that ends with spaces.
const GOES_ON = /[&|+\-*/<>=?,\\]$/;
const CONTINUES = /^\t* +[^\s*]|^\t+[?:] /;
// Where a line is broken and no space belongs.
const TIGHT_BEHIND = /\($/;
const TIGHT_BEFORE = /^[.)]/;
const SHORT_CASE = /^\s*(?:case [^?]*|default):$/;

/** Parts a text into statements. What is between parentheses, or in an initializer, continues the line before it. */
export function statements(text: string): Statement[] {
  const code = blank(text, "c", "comments and texts").split("\n");
  const found: { line: number; text: string }[] = [];
  // What closes each bracket that is open; nothing for the brace of a block.
  const open: string[] = [];
  let before = "";
  for (const [index, line] of text.split("\n").entries()) {
    const last = found.at(-1);
    const short = SHORT_CASE.test(before) && /^\t+return /.test(line);
    if (last !== undefined && (open.at(-1) || GOES_ON.test(before) || CONTINUES.test(line) || short)) {
      const more = line.trimStart();
      last.text = last.text.replace(/ *\\$/, "");
      last.text += TIGHT_BEHIND.test(last.text) || TIGHT_BEFORE.test(more) && !/[{,]$/.test(last.text)
        ? more
        : ` ${more}`;
    } else {
      found.push({ line: index + 1, text: line });
    }
    const written = (code[index] ?? "").trimEnd();
    for (const [at, char] of [...written].entries()) {
      if (char === "(") open.push(")");
      else if (char === "{") open.push(/=\s*$/.test(written.slice(0, at)) || open.at(-1) ? "}" : "");
      else if (char === ")" || char === "}") open.pop();
    }
    before = written.startsWith("#") && !written.endsWith("\\") ? "" : written;
  }
  return found;
}

function hideWord(word: string): string {
  return `_${word.slice(1)}`;
}

/** The width of a line on a terminal. */
export function columns(line: string): number {
  let width = 0;
  for (const char of line) width = char === "\t" ? (Math.floor(width / TAB) + 1) * TAB : width + 1;
  return width;
}

async function clangFormat(path: string, text: string): Promise<string> {
  const child = new Deno.Command("clang-format", {
    args: ["--style=file", `--assume-filename=${path}`],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(text));
  await writer.close();
  const { success, stdout } = await child.output();
  if (!success) throw new Error(`clang-format failed on '${path}'`);
  return new TextDecoder().decode(stdout);
}

/** What is not KNF in the file, `file:line: what` each; of what clang-format would write, the first difference only. */
export async function complaints(path: string): Promise<string[]> {
  const text = await Deno.readTextFile(path);
  const found = text.split("\n").flatMap((line, index) => {
    const where = `${path}:${index + 1}`;
    if (columns(line) > COLUMNS_MAX) {
      return [`${where}: ${columns(line)} columns of at most ${COLUMNS_MAX}: break it`];
    }
    return /^\t* {8}/.test(line) ? [`${where}: eight spaces in the indentation: take a tab`] : [];
  });
  if (found.length > 0) return found;
  // clang-format takes words of C++ in C for what they are in C++.
  const squeezed = squeeze(text).replace(
    /\b(?:class|new|delete|this|template|try|private|public)\b/g,
    hideWord,
  );
  const have = statements(squeezed);
  const want = statements(squeeze(await clangFormat(path, squeezed)));
  const at = have.findIndex(({ text }, index) => text !== want[index]?.text);
  if (at < 0) return [];
  return [
    `${path}:${have[at]?.line}: not KNF, or tabs and spaces are mixed: clang-format writes here`,
    ...want.slice(at, at + 2).map(({ text }) => `  ${text}`),
  ];
}

if (import.meta.main) {
  const found = (await Promise.all(Deno.args.map(complaints))).flat();
  for (const complaint of found) console.log(complaint);
  Deno.exit(found.length === 0 ? 0 : 1);
}
