// SPDX-License-Identifier: MIT
/**
 * Prints rows as a table of at most 100 columns.
 *
 * @module
 */

import type { Outcome, Row } from "./row.ts";

const WIDTH = 100;
const COLUMNS = [
  { title: "user", width: 10 },
  { title: "when and where, or what", width: 26 },
  { title: "hook", width: 14 },
  { title: "on the line", width: 22 },
  { title: "code", width: 16 },
] as const;
const MS_WIDTH = 5;
/** Where the lines below a row begin. */
const INDENT = 13;

type Paint = "bold" | "dim" | "green" | "red" | "yellow";
const PAINTS: Readonly<Record<Paint, number>> = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33 };

/** Parts a text into lines of at most `width` columns, between words where it can. */
export function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (let word of text.split(" ")) {
    while (word.length > width) {
      if (line !== "") lines.push(line);
      line = "";
      lines.push(word.slice(0, width));
      word = word.slice(width);
    }
    if (line === "") line = word;
    else if (line.length + 1 + word.length <= width) line += ` ${word}`;
    else [line] = [word, lines.push(line)];
  }
  return [...lines, line];
}

/** A table. */
export class Table {
  readonly #print: (line: string) => void;
  readonly #colour: boolean;

  /** Prints with `print`, a line at a time. */
  constructor(print: (line: string) => void, colour: boolean) {
    this.#print = print;
    this.#colour = colour;
  }

  #paint(text: string, paint: Paint): string {
    return this.#colour ? `\x1b[${PAINTS[paint]}m${text}\x1b[0m` : text;
  }

  /** Prints the names of the columns. */
  head(): void {
    const names = COLUMNS.map(({ title, width }) => title.padEnd(width)).join(" ");
    this.#print(`\n  ${names} ${"ms".padStart(MS_WIDTH)}`);
  }

  /** Prints the heading of a section. */
  section(title: string): void {
    this.#print(`\n${this.#paint(title, "bold")}`);
  }

  /** Prints a row with all that came of it, and what is `wrong` about it. */
  row(row: Row, outcome: Outcome, wrong: readonly string[]): void {
    const cells = [row.user, row.scene, row.hook, row.line, outcome.code];
    const wrapped = COLUMNS.map(({ width }, i) => wrap(cells[i]!, width).map((part) => part.padEnd(width)));
    const height = Math.max(...wrapped.map((parts) => parts.length));
    for (let i = 0; i < height; i++) {
      const parts = wrapped.map((parts, column) => parts[i] ?? " ".repeat(COLUMNS[column]!.width));
      if (i === 0) parts[4] = this.#paint(parts[4]!, outcome.code === "success" ? "green" : "yellow");
      const mark = i > 0 ? " " : wrong.length === 0 ? this.#paint("✓", "green") : this.#paint("✗", "red");
      const ms = i > 0 ? "" : outcome.ms.toFixed(1).padStart(MS_WIDTH);
      this.#print(`${mark} ${parts.join(" ")} ${ms}`.trimEnd());
    }
    for (const { style, text } of outcome.shown) {
      this.#below(style.startsWith("prompt") ? "asked" : "shown", text.trimEnd());
    }
    for (const line of outcome.log.filter((line) => row.expect.logged?.test(line))) this.#below("log", line);
    if (outcome.found !== undefined) this.#below("found", outcome.found);
    for (const line of wrong) this.#below("WRONG", line, "red");
  }

  #below(what: string, text: string, paint: Paint = "dim"): void {
    const [first, ...rest] = wrap(text, WIDTH - INDENT - 6);
    for (const [i, line] of [first!, ...rest].entries()) {
      this.#print(" ".repeat(INDENT) + this.#paint(`${(i === 0 ? what : "").padEnd(5)} ${line}`, paint));
    }
  }
}
