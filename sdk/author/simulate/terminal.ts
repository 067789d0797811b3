// SPDX-License-Identifier: MIT
/**
 * Draws a picture in letters: a line for each day, a column for each hour or part of one. Logins with the same picture share it.
 *
 * Nothing depends on colour, and nothing that a module said can move a cursor.
 *
 * @module
 */

import { line } from "../../text.ts";
import { type Calendar, cellsOf, Clock, type Day } from "./calendar.ts";
import {
  isChange,
  type Mark,
  MIXED_GLYPH,
  type Picture,
  toldValues,
  type Tone,
  type Value,
} from "./picture.ts";
import { type Run, runsOfDay } from "./runs.ts";
import type { Row } from "./task.ts";

/** How {@linkcode drawPicture} draws. */
export interface DrawOptions {
  /** Columns there are; at least 40. */
  readonly width: number;
  /** Whether colours go with the letters. */
  readonly colour: boolean;
  /** Breaks lines that are too long; leaves them where something else than a person reads. */
  readonly wrap: (text: string, width: number) => string;
}

/** The name of a day and the blank behind it, in columns. */
const LABEL = 10;
/** What stands behind a day that is not 24 hours long, in columns. */
const LENGTH = 5;
/** Columns that an hour may have, and every how many hours a number stands above it. */
const SCALES = [[4, 2], [2, 3], [1, 6]] as const;
const HOUR_MIN = 60;
/** The most answers that are listed; all of them are in the page and in JSON. */
export const ANSWERS_SHOWN = 20;
/** The longest text of a module that is shown, in bytes. */
const TEXT_MAX = 600;
/** From this width on the legend says what its marks mean. */
const WIDTH_OF_MEANINGS = 70;

const SGR: Readonly<Record<Tone | "mixed", string>> = {
  allowed: "30;42",
  renews: "30;46",
  ignores: "90",
  refused: "31",
  failed: "97;41",
  gains: "30;42",
  loses: "97;41",
  differs: "30;43",
  words: "36",
  kept_on: "32",
  kept_off: "90",
  mixed: "30;47",
};

/** The refusal that is usual, and how others look, such as that of an account that has expired. */
const GLYPH_OF_REFUSAL = ".";
const SGR_OTHER_REFUSAL = "33";

/** The picture, its legend and its list of answers; lines without a newline at the end. */
export function drawPicture(picture: Picture, options: DrawOptions): string {
  const { wrap, width } = options;
  const groups = groupsOf(picture);
  const shown = picture.other === undefined ? groups : groups.filter(({ runs }) => changes(picture, runs));
  const tables = shown.map((group) => tableOf(picture, group, width));
  const hasMixed = tables.some(({ lines }) => lines.some(({ columns }) => columns.includes(undefined)));
  const parts = [
    wrap(headOf(picture), width),
    ...tables.map((table) => drawTable(table, options)),
    ...unchanged(groups, shown).map((text) => wrap(text, width)),
    drawLegend(picture, hasMixed, options),
    drawAnswers(picture, options),
  ];
  return parts.filter((part) => part !== "").join("\n\n");
}

/** What was asked, for people. */
export function headOf({ module, hook, options, calendar, rows, other }: Picture): string {
  const { days, zone, stepMin } = calendar;
  const [first, last] = [days[0]!, days.at(-1)!];
  const range = first === last ? `${first.weekday} ${first.date}` : `${first.date} to ${last.date}`;
  const services = new Set(rows.map(({ service }) => service)).size;
  const hosts = new Set(rows.flatMap(({ rhost }) => rhost === undefined ? [] : [rhost])).size;
  const who = [
    counted(new Set(rows.map(({ user }) => user)).size, "user"),
    services === 1 ? `service ${shown(rows[0]!.service)}` : counted(services, "service"),
    ...hosts === 0 ? [] : [hosts === 1 ? `from ${shown(rows[0]!.rhost!)}` : counted(hosts, "host")],
  ].join(", ");
  const said = (words: readonly string[]) => words.length === 0 ? "no options" : words.map(shown).join(" ");
  return [
    `${shown(module)}, ${hook}, ${said(options)}`,
    ...other === undefined ? [] : [`compared with ${shown(other.module)}, ${said(other.options)}`],
    `${range}, ${zone}, every ${
      stepMin % HOUR_MIN === 0 ? counted(stepMin / HOUR_MIN, "hour") : `${stepMin} min`
    }`,
    `${who}: ${counted(rows.length * cellsOf(calendar), "question")}`,
  ].join("\n");
}

/** Logins whose picture is the same. */
interface Group {
  readonly rows: Row[];
  readonly runs: readonly Run[];
}

function groupsOf({ rows, runs, values }: Picture): Group[] {
  const groups = new Map<string, Group>();
  for (const [i, row] of rows.entries()) {
    const own = runs[i]!;
    const key = own.flatMap(({ cells, value }) => Array<number>(cells).fill(values[value]!.mark)).join(" ");
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { rows: [row], runs: own });
    else group.rows.push(row);
  }
  return [...groups.values()];
}

function changes({ values, marks }: Picture, runs: readonly Run[]): boolean {
  return runs.some(({ value }) => isChange(marks[values[value]!.mark]!));
}

function unchanged(groups: readonly Group[], shown: readonly Group[]): string[] {
  const count = (list: readonly Group[]) => list.reduce((sum, { rows }) => sum + rows.length, 0);
  const rest = count(groups) - count(shown);
  if (rest === 0) return [];
  return [shown.length === 0 ? "Nothing changes." : `Nothing changes for ${counted(rest, "other login")}.`];
}

/** The names of a group: users, behind them where they log in if that is not the same for all. */
function namesOf({ rows }: Group, all: readonly Row[]): string {
  const place = ({ service, rhost }: Row) =>
    `${shown(service)}${rhost === undefined ? "" : ` from ${shown(rhost)}`}`;
  const users = new Map<string, string[]>();
  for (const row of rows) users.set(place(row), [...users.get(place(row)) ?? [], shown(row.user)]);
  if (new Set(all.map(place)).size === 1) return [...users.values()].flat().join(", ");
  return [...users].map(([place, names]) => `${names.join(", ")} (${place})`).join("; ");
}

/** The picture of a group, a line for each day. */
interface Table {
  readonly names: string;
  readonly lines: readonly {
    /** The hours above it, where they are others than above the line before. */
    readonly ruler: string | undefined;
    readonly day: Day;
    /** `undefined` where there are several. */
    readonly columns: readonly (Mark | undefined)[];
  }[];
}

function tableOf(picture: Picture, group: Group, width: number): Table {
  const { calendar } = picture;
  const clock = new Clock(calendar);
  const [perHour, every] = scaleOf(calendar, width);
  const rulers = calendar.days.map((day) => rulerOf(day, clock, perHour, every));
  const lines = calendar.days.map((day, i) => ({
    ruler: rulers[i] === rulers[i - 1] ? undefined : rulers[i],
    day,
    columns: columnsOf(picture, runsOfDay(group.runs, day), { day, perHour }),
  }));
  return { names: namesOf(group, picture.rows), lines };
}

function drawTable({ names, lines }: Table, { width, colour, wrap }: DrawOptions): string {
  const drawn = lines.flatMap(({ ruler, day, columns }) => {
    const length = day.minutes === 24 * HOUR_MIN ? "" : ` ${day.minutes / HOUR_MIN} h`;
    const text = `${day.weekday} ${day.date.slice(5)} ${paint(columns, colour)}${length}`;
    return ruler === undefined ? [text] : [ruler, text];
  });
  return [wrap(names, width), ...drawn].join("\n");
}

/** How many columns an hour has, so that the longest day fits. */
function scaleOf({ days, stepMin }: Calendar, width: number): readonly [perHour: number, every: number] {
  const hours = Math.max(...days.map(({ minutes }) => minutes)) / HOUR_MIN;
  const fits = SCALES.find(([perHour]) =>
    perHour * hours <= width - LABEL - LENGTH && stepMin <= HOUR_MIN / perHour
  );
  return fits ?? SCALES.at(-1)!;
}

/** The hours above a day, where they begin. An hour that clocks show twice stands there twice. */
function rulerOf(day: Day, clock: Clock, perHour: number, every: number): string {
  let ruler = " ".repeat(LABEL);
  for (let column = 0; column < day.minutes / HOUR_MIN * perHour; column += perHour) {
    const hour = clock.hourAfter(day, column / perHour);
    if (hour % every === 0 && ruler.length <= LABEL + column) ruler = ruler.padEnd(LABEL + column) + hour;
  }
  return ruler;
}

/** The mark of each column of a day; `undefined` where there are several. */
function columnsOf(
  { values, marks, calendar }: Picture,
  runs: readonly Run[],
  { day, perHour }: { readonly day: Day; readonly perHour: number },
): (Mark | undefined)[] {
  const cells = runs.flatMap(({ cells, value }) => Array<number>(cells).fill(values[value]!.mark));
  const minutes = HOUR_MIN / perHour;
  return Array.from({ length: Math.ceil(day.minutes / minutes) }, (_, column) => {
    const from = Math.floor(column * minutes / calendar.stepMin);
    const to = Math.max(from + 1, Math.ceil((column + 1) * minutes / calendar.stepMin));
    const there = new Set(cells.slice(from, to));
    return there.size === 1 ? marks[there.values().next().value!] : undefined;
  });
}

function paint(columns: readonly (Mark | undefined)[], colour: boolean): string {
  if (!colour) return columns.map((mark) => mark?.glyph ?? MIXED_GLYPH).join("");
  let text = "";
  for (let i = 0; i < columns.length;) {
    const mark = columns[i];
    let end = i + 1;
    while (end < columns.length && columns[end] === mark) end++;
    text += tinted(mark, (mark?.glyph ?? MIXED_GLYPH).repeat(end - i));
    i = end;
  }
  return text;
}

function tinted(mark: Pick<Mark, "tone" | "glyph"> | undefined, text: string): string {
  const isOther = mark?.tone === "refused" && mark.glyph !== GLYPH_OF_REFUSAL;
  return `\x1b[${isOther ? SGR_OTHER_REFUSAL : SGR[mark?.tone ?? "mixed"]}m${text}\x1b[0m`;
}

/** Each mark, what it means and how often it is there. */
function drawLegend(
  { marks, rows, calendar }: Picture,
  hasMixed: boolean,
  { width, colour }: DrawOptions,
): string {
  const all = rows.length * cellsOf(calendar);
  const wide = Math.max(...marks.map(({ name }) => name.length));
  const digits = String(all).length;
  const lines = marks.map((mark) => {
    const { name, glyph, meaning, cells } = mark;
    const share = `${String(cells).padStart(digits)} ${percent(cells, all).padStart(6)}`;
    const text = `${name.padEnd(wide)} ${share}`;
    const said = width < WIDTH_OF_MEANINGS ? "" : `  ${meaning}`;
    return `${colour ? tinted(mark, glyph) : glyph} ${text}${said}`;
  });
  const mixed = `${colour ? tinted(undefined, MIXED_GLYPH) : MIXED_GLYPH} several of them in one column`;
  return [...lines, ...hasMixed ? [mixed] : []].join("\n");
}

/** The answers, the most frequent first, each with all that was said. */
function drawAnswers(picture: Picture, { width, wrap }: DrawOptions): string {
  const order = toldValues(picture);
  if (order.length === 0) return "";
  const digits = Math.max(...order.map(({ cells }) => String(cells).length));
  const lines = order.slice(0, ANSWERS_SHOWN).map((value) =>
    wrap(`${String(value.cells).padStart(digits)} ${answerOf(value)}`, width)
  );
  const rest = order.slice(ANSWERS_SHOWN);
  if (rest.length > 0) {
    const cells = rest.reduce((sum, value) => sum + value.cells, 0);
    lines.push(wrap(`and ${rest.length} more, ${cells} times: --html and --json have all of them`, width));
  }
  const title = picture.other === undefined ? "Answers" : "Changes";
  return [`${title}, and how often:`, ...lines].join("\n");
}

function answerOf({ outcome, before }: Value): string {
  if (before === undefined) return said(outcome);
  return said(before) === said(outcome) ? said(outcome) : `${said(before)} -> ${said(outcome)}`;
}

function said({ code, failure, cause, texts, asked }: Value["outcome"]): string {
  return [
    failure === undefined ? code : `${code} (${failure}: ${shown(cause ?? "")})`,
    ...texts.map((text) => JSON.stringify(shown(text))),
    ...asked ? ["(it asked the person something, and nobody answered)"] : [],
  ].join(" ");
}

function shown(text: string): string {
  return line(text, TEXT_MAX);
}

/** A share, as `35.7 %`. What there is is never 0.0 %, what is missing never 100.0 %. */
export function percent(part: number, all: number): string {
  if (part === 0 || part === all) return part === 0 ? "0 %" : "100 %";
  return `${Math.min(99.9, Math.max(0.1, part / all * 100)).toFixed(1)} %`;
}

/** A number and what is counted, as `1 user` or `2 users`. */
export function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? "" : "s"}`;
}
