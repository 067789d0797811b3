// SPDX-License-Identifier: MIT
/**
 * Breaks lines that are too long for a terminal.
 *
 * @module
 */

/** What a line that goes on is indented by beyond the line itself, in columns. */
const HANGING = 2;

/** Breaks the lines of `text` at spaces. What goes on is indented a little more; a word that is too long for a line is left whole. */
export function wrap(text: string, width: number): string {
  return text.split("\n").flatMap((line) => line.length <= width ? [line] : wrapLine(line, width)).join("\n");
}

function wrapLine(line: string, width: number): string[] {
  const indent = line.match(/^ */)![0];
  const lines: string[] = [];
  let current = indent;
  for (const word of line.trim().split(" ")) {
    if (current.trim() === "") current += word;
    else if (current.length + 1 + word.length <= width) current += ` ${word}`;
    else {
      lines.push(current);
      current = `${indent}${" ".repeat(HANGING)}${word}`;
    }
  }
  return [...lines, current];
}
