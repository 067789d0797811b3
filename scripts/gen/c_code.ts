// SPDX-License-Identifier: MIT
/**
 * Small helpers for writing C in lines of 80 columns.
 *
 * @module
 */

/** Where a generated file says it comes from. */
export interface Origin {
  /** The generator, `scripts/gen_wire.ts`. */
  readonly generator: string;
  /** What it reads, `sdk/wire/schema.ts`. */
  readonly source: string;
  /** The command that writes it. */
  readonly command: string;
}

/** The origin of all that `deno task gen` writes. */
export const ORIGIN: Origin = {
  generator: "scripts/gen_wire.ts",
  source: "sdk/wire/schema.ts",
  command: "deno task gen",
};

/** The licence and who wrote the file. */
export function banner(origin: Origin): string {
  return [
    "/* SPDX-License-Identifier: MIT */",
    "",
    "/*",
    ` * Written by ${origin.generator} from ${origin.source}. Do not edit:`,
    ` * change the definition, then run \`${origin.command}\`.`,
    " */",
    "",
    "/* One field or value per line, as in PROTOCOL.md. */",
    "/* clang-format off */",
    "",
  ].join("\n");
}

/** `openSession` and `perm_denied` as macros spell them: `OPEN_SESSION`, `PERM_DENIED`. */
export function macroCase(word: string): string {
  return word.replace(/([a-z0-9])([A-Z])/g, "$1_$2").toUpperCase();
}

/** Columns of a line, tabs being 8 wide. */
function columns(line: string): number {
  let column = 0;
  for (const char of line) column += char === "\t" ? 8 - column % 8 : 1;
  return column;
}

/** Fills lines of 80 columns with `words`; lines after the first begin with `indent`. */
export function fill(first: string, words: readonly string[], indent: string): string {
  const lines: string[] = [];
  let line = first;
  for (const word of words) {
    const wider = line === first || line === indent ? line + word : `${line} ${word}`;
    if (columns(wider) <= 80 || line === indent) {
      line = wider;
    } else {
      lines.push(line);
      line = indent + word;
    }
  }
  return [...lines, line].join("\n");
}

/** A comment of one or more lines at `indent`. */
export function comment(text: string, indent = ""): string {
  const one = `${indent}/* ${text} */`;
  if (columns(one) <= 80) return one;
  return [`${indent}/*`, fill(`${indent} * `, text.split(" "), `${indent} * `), `${indent} */`].join("\n");
}

/** `enum name { … };`, one member per line. */
export function enumeration(name: string, members: readonly (readonly [string, number])[]): string {
  const lines = members.map(([member, value], i) =>
    `\t${member} = ${value}${i + 1 < members.length ? "," : ""}`
  );
  return `enum ${name} {\n${lines.join("\n")}\n};\n`;
}

/** The octets of `#define X_SET`: bit n is set if n is a value. */
export function bitSet(values: Iterable<number>): string {
  let set = 0;
  for (const value of values) set = (set | 1 << value) >>> 0;
  return `0x${set.toString(16).padStart(8, "0")}U`;
}
