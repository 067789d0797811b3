// SPDX-License-Identifier: MIT
/**
 * What is drawn, whoever draws it: rows of runs, each with a mark that means something.
 *
 * @module
 */

import type { Change, Comparison } from "./comparison.ts";
import { type Asked, countCells, type Simulation } from "./simulation.ts";
import { goesOn, type Kind, KIND_WORDS, kindOf, KINDS, nameOf, type Outcome } from "./outcome.ts";
import type { Run } from "./runs.ts";

/** How a cell looks whose answer changes. */
export type ChangeTone = "gains" | "loses" | "differs" | "words";

/** How a mark looks: what stands out is what a person looks for. */
export type Tone = Kind | ChangeTone | "kept_on" | "kept_off";

const CHANGE_TONES = {
  allowed: "gains",
  refused: "loses",
  code: "differs",
  text: "words",
} as const satisfies Record<Change, ChangeTone>;

/** A mark of the legend. */
export interface Mark {
  /** What it is called: a code, or what changes. */
  readonly name: string;
  /** The character that stands for it: no two marks of a picture share one. */
  readonly glyph: string;
  /** How it looks. */
  readonly tone: Tone;
  /** What it means. */
  readonly meaning: string;
  /** How many cells have it. */
  readonly cells: number;
}

/** What a run stands for. */
export interface Value {
  /** The number of its mark. */
  readonly mark: number;
  /** How many cells have it. */
  readonly cells: number;
  /** What was answered. */
  readonly outcome: Outcome;
  /** What was answered before, in a comparison. */
  readonly before?: Outcome;
}

/** What is drawn. */
export interface Picture extends Asked {
  /** The other side of a comparison: what is called by the first names is what is, this is what would be. */
  readonly other?: Pick<Asked, "module" | "options">;
  /** The marks, in the order of the legend. */
  readonly marks: readonly Mark[];
  /** The values, by their numbers. */
  readonly values: readonly Value[];
  /** For each row its runs: the numbers of values. */
  readonly runs: readonly (readonly Run[])[];
}

/** The characters of codes; a code that is not here, or whose character is taken, gets one of the others. */
const GLYPHS: Readonly<Record<string, string>> = {
  success: "#",
  new_authtok_reqd: "n",
  ignore: "-",
  perm_denied: ".",
  acct_expired: "e",
  auth_err: "a",
  user_unknown: "u",
  authinfo_unavail: "i",
  service_err: "s",
  maxtries: "m",
};
const OTHER_GLYPHS = [..."bcdfghjklopqrtvwxyz0123456789"];
const FAILURE_GLYPHS = [..."!?%$"];
/** What stands for several marks at once; no mark has it. */
export const MIXED_GLYPH = "/";

/** The marks of a comparison, in the order of its legend: what a person looks for first stands first. */
const CHANGE_MARKS: readonly Omit<Mark, "cells">[] = [
  mark("gains", "+", "becomes allowed", "the login would go on, and does not now"),
  mark("loses", "x", "becomes refused", "the login would be refused, and is not now"),
  mark("differs", "~", "another code", "the answer would be another one"),
  mark("words", "t", "another text", "the code stays, what is said changes"),
  mark("kept_on", "#", "goes on as now", "nothing changes: the login goes on"),
  mark("kept_off", ".", "does not, as now", "nothing changes: the login does not go on by this"),
];

function mark(tone: Tone, glyph: string, name: string, meaning: string): Omit<Mark, "cells"> {
  return { tone, glyph, name, meaning };
}

/** The picture of a simulation. */
export function pictureOf({ outcomes, runs, ...asked }: Simulation): Picture {
  const counts = countCells(runs, outcomes.length);
  const names = new Map<string, { outcome: Outcome; cells: number }>();
  for (const [i, outcome] of outcomes.entries()) {
    const name = nameOf(outcome);
    names.set(name, { outcome, cells: (names.get(name)?.cells ?? 0) + counts[i]! });
  }
  const order = [...names].sort(([, a], [, b]) =>
    KINDS.indexOf(kindOf(a.outcome)) - KINDS.indexOf(kindOf(b.outcome)) || b.cells - a.cells
  );
  const taken = new Set<string>();
  const marks = order.map(([name, { outcome, cells }]): Mark => {
    const tone = kindOf(outcome);
    return { name, glyph: glyphOf(outcome, taken), tone, meaning: KIND_WORDS[tone], cells };
  });
  const numbers = new Map(marks.map(({ name }, i) => [name, i]));
  const values = outcomes.map((outcome, i): Value => ({
    mark: numbers.get(nameOf(outcome))!,
    cells: counts[i]!,
    outcome,
  }));
  return { ...asked, marks, values, runs };
}

function glyphOf({ code, failure }: Outcome, taken: Set<string>): string {
  const wanted = failure === undefined ? [GLYPHS[code] ?? "", ...OTHER_GLYPHS] : FAILURE_GLYPHS;
  const glyph = [...wanted, ...OTHER_GLYPHS].find((one) => one !== "" && !taken.has(one)) ?? "*";
  taken.add(glyph);
  return glyph;
}

/** The picture of a comparison. */
export function pictureOfComparison({ before, after, pairs, runs }: Comparison): Picture {
  const counts = countCells(runs, pairs.length);
  const tones = pairs.map(({ change, after: number }): Tone =>
    change === undefined ? goesOn(after.outcomes[number]!) ? "kept_on" : "kept_off" : CHANGE_TONES[change]
  );
  const marks = CHANGE_MARKS.filter(({ tone }) => tones.includes(tone)).map((mark): Mark => ({
    ...mark,
    cells: counts.reduce((sum, cells, i) => tones[i] === mark.tone ? sum + cells : sum, 0),
  }));
  const values = pairs.map((pair, i): Value => ({
    mark: marks.findIndex(({ tone }) => tone === tones[i]),
    cells: counts[i]!,
    outcome: after.outcomes[pair.after]!,
    before: before.outcomes[pair.before]!,
  }));
  const { module, hook, options, calendar, rows } = before;
  const other = { module: after.module, options: after.options };
  return { module, hook, options, calendar, rows, other, marks, values, runs };
}

/** Whether a mark says that something changes. */
export function isChange({ tone }: Pick<Mark, "tone">): boolean {
  return (Object.values(CHANGE_TONES) as Tone[]).includes(tone);
}

/**
 * The values that are told of, first those of the first marks, and of these the most frequent: of a simulation all, of a comparison those
 * that change.
 */
export function toldValues({ values, marks, other }: Picture): Value[] {
  if (other === undefined) return [...values].sort((a, b) => b.cells - a.cells);
  return values.filter(({ mark }) => isChange(marks[mark]!))
    .sort((a, b) => a.mark - b.mark || b.cells - a.cells);
}
