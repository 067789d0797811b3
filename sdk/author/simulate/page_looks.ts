// SPDX-License-Identifier: MIT
/**
 * How the marks of a page look: each has a colour, for light and for dark, and a pattern, for whoever sees no colours or prints.
 *
 * @module
 */

import type { Mark, Tone } from "./picture.ts";

/** What is drawn over a colour. */
type Pattern = "none" | "dots" | "rising" | "falling" | "level" | "upright" | "crossed" | "checked";

interface Look {
  /** The colour and that of the pattern over it, where it is light. */
  readonly light: readonly [ground: string, ink: string];
  /** The same where it is dark. */
  readonly dark: readonly [ground: string, ink: string];
  readonly pattern: Pattern;
}

const GREEN: Look = { light: ["#1f7a4d", "#1f7a4d"], dark: ["#4cc38a", "#4cc38a"], pattern: "none" };
const GREY: Look = { light: ["#eceae6", "#8d8a83"], dark: ["#2b2d31", "#6f737b"], pattern: "dots" };
const RED: Look = { light: ["#c8322b", "#ffd9d6"], dark: ["#f0675f", "#3d0b08"], pattern: "crossed" };

/** The looks of each tone. Several marks of one tone take them in turn. */
const LOOKS: Readonly<Record<Tone, readonly Look[]>> = {
  allowed: [GREEN],
  renews: [{ light: ["#0f7f8c", "#d5f3f6"], dark: ["#4fc3cf", "#08363c"], pattern: "upright" }],
  ignores: [{ light: ["#ffffff", "#a9a59c"], dark: ["#1b1d20", "#6f737b"], pattern: "level" }],
  refused: [
    GREY,
    { light: ["#f3d9a4", "#8a5a00"], dark: ["#5a4213", "#f2c14e"], pattern: "rising" },
    { light: ["#dccff0", "#5f3dc4"], dark: ["#3b2d66", "#b197fc"], pattern: "falling" },
    { light: ["#cfe0f5", "#1c5fae"], dark: ["#203a5c", "#7db4f5"], pattern: "checked" },
    { light: ["#f6d2e2", "#a61e5c"], dark: ["#562038", "#f783ac"], pattern: "upright" },
  ],
  failed: [RED, { light: ["#8f1d6b", "#ffd6f1"], dark: ["#e07cc1", "#3a0b2b"], pattern: "checked" }],
  gains: [GREEN],
  loses: [RED],
  differs: [{ light: ["#f3d9a4", "#8a5a00"], dark: ["#5a4213", "#f2c14e"], pattern: "rising" }],
  words: [{ light: ["#cfe0f5", "#1c5fae"], dark: ["#203a5c", "#7db4f5"], pattern: "dots" }],
  kept_on: [{ light: ["#cfe8da", "#1f7a4d"], dark: ["#1d3b2c", "#4cc38a"], pattern: "upright" }],
  kept_off: [{ light: ["#f4f3f0", "#f4f3f0"], dark: ["#202226", "#202226"], pattern: "none" }],
};

/** The side of a pattern's tile, in CSS pixels. */
const TILE = 6;

const SHAPES: Readonly<Record<Pattern, string>> = {
  none: "",
  dots: '<circle cx="3" cy="3" r="1"/>',
  rising: '<path d="M-1 7 7 -1M2 10 10 2M-4 4 4 -4"/>',
  falling: '<path d="M-1 -1 7 7M2 -4 10 4M-4 2 4 10"/>',
  level: '<path d="M0 3H6"/>',
  upright: '<path d="M3 0V6"/>',
  crossed: '<path d="M0 0 6 6M6 0 0 6"/>',
  checked: '<path d="M0 0H3V3H0ZM3 3H6V6H3Z" class="solid"/>',
};

function looksOf(marks: readonly Mark[]): Look[] {
  const used = new Map<Tone, number>();
  return marks.map(({ tone }) => {
    const number = used.get(tone) ?? 0;
    used.set(tone, number + 1);
    return LOOKS[tone][number % LOOKS[tone].length]!;
  });
}

/** The patterns, for `fill: url(#p0)` and so on. */
export function patternsOf(marks: readonly Mark[]): string {
  const patterns = looksOf(marks).map(({ pattern }, i) =>
    `<pattern id="p${i}" class="k${i}" width="${TILE}" height="${TILE}" patternUnits="userSpaceOnUse">` +
    `<rect class="ground" width="${TILE}" height="${TILE}"/>${SHAPES[pattern]}</pattern>`
  );
  return patterns.join("");
}

/** The colours of the marks, as rules of a style sheet. */
export function colourRules(marks: readonly Mark[]): string {
  const looks = looksOf(marks);
  const rules = (side: "light" | "dark") =>
    looks.map((look, i) => `.k${i} { --ground: ${look[side][0]}; --ink: ${look[side][1]}; }`).join("\n");
  const fills = looks.map((_, i) => `.m${i} { fill: url(#p${i}); }`).join("\n");
  return `${rules("light")}\n${fills}\n@media screen and (prefers-color-scheme: dark) {\n${rules("dark")}\n}`;
}
