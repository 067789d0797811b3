// SPDX-License-Identifier: MIT
/**
 * Shows what was found to people, as text that fits their terminal.
 *
 * @module
 */

import type { HookStatistics } from "../supervisor/status_file.ts";
import { allServing, type ModuleReport, type ModuleState, type StatusReport } from "./collect.ts";
import { shown, totalOf } from "./document.ts";

/** The width of text where nothing else is said, in columns. */
const WIDTH = 80;
/** Text is not made to fit less than this, in columns. */
const WIDTH_LEAST = 40;
/** What a module's lines are indented by, and how wide the names in front of them are, in columns. */
const INDENT = 2;
const LABEL = 16;
/** From this width on a name and what it names share a line. */
const WIDTH_OF_COLUMNS = 60;
/** How much of a SHA-256 is shown, in digits: as much as names one among many. */
const SHA_SHOWN = 12;

const STATE_WORDS: Readonly<Record<ModuleState, string>> = {
  serving: "serving",
  starting: "starting",
  failing: "FAILING",
  stopped: "STOPPED",
  stale: "STALE",
  not_installed: "NOT INSTALLED",
  unknown: "UNKNOWN",
};

/** A name, and what it names. */
type Row = readonly [label: string, text: string];

/** How {@linkcode formatStatus} shows things. */
export interface FormatOptions {
  /** Columns of the terminal. Default 80; at least 40. */
  readonly width?: number;
}

/**
 * What was found, for people: a paragraph for each module and a line about all of them, without a newline at the end. Nothing in it
 * depends on colour, and nothing that a worker said can move a cursor.
 */
export function formatStatus(report: StatusReport, { width = WIDTH }: FormatOptions = {}): string {
  const columns = Math.max(Math.floor(width), WIDTH_LEAST);
  const { modules } = report;
  if (modules.length === 0) return wrap("No module is configured or installed.", columns).join("\n");
  const serving = modules.filter(({ state }) => state === "serving").length;
  const summary = allServing(report)
    ? `${modules.length === 1 ? "The module is" : `All ${modules.length} modules are`} served.`
    : `${serving} of ${modules.length} ${modules.length === 1 ? "module" : "modules"} served.`;
  const paragraphs = modules.map((module) => formatModule(module, report.at, columns).join("\n"));
  return [...paragraphs, wrap(summary, columns).join("\n")].join("\n\n");
}

function formatModule(module: ModuleReport, at: Date, columns: number): string[] {
  const head = wrap(`${shown(module.name)}: ${STATE_WORDS[module.state]}`, columns);
  return [...head, ...rowsOf(module, at).flatMap((row) => formatRow(row, columns))];
}

function formatRow([label, text]: Row, columns: number): string[] {
  const indent = " ".repeat(INDENT);
  if (columns < WIDTH_OF_COLUMNS) {
    const rest = wrap(text, columns - 2 * INDENT).map((part) => indent + indent + part);
    return label === "" ? rest : [indent + label, ...rest];
  }
  return wrap(text, columns - INDENT - LABEL).map((part, i) =>
    indent + (i === 0 ? label : "").padEnd(LABEL) + part
  );
}

function rowsOf(module: ModuleReport, at: Date): Row[] {
  const { notes, installed, status, current, log } = module;
  const rows: Row[] = notes.map((note, i) => [i === 0 ? "note" : "", shown(note)]);
  if (installed !== undefined) {
    const { sha256, specifier, since } = installed;
    rows.push(["installed", `${sha256.slice(0, SHA_SHOWN)} of ${shown(specifier)}, ${ago(since, at)}`]);
  }
  if (status !== undefined) {
    if (!current) rows.push(["last status", `written ${ago(status.written, at)}: all below is as old`]);
    rows.push(...statusRows(module, at));
  }
  if (module.configured || installed !== undefined) rows.push(["log", log]);
  return rows;
}

function statusRows({ status, current, home, unit, installed }: ModuleReport, at: Date): Row[] {
  const { bundle, supervisor, since, workers, restarts, reloads, lastFailure, hooks } = status!;
  const rows: Row[] = [];
  const then = current ? at : new Date(status!.written);
  if (bundle !== installed?.sha256) rows.push(["bundle", bundle.slice(0, SHA_SHOWN)]);
  const by = home === "systemd" ? " of systemd" : home === "serve" ? " of `pam-deno serve`" : "";
  rows.push(["supervisor", `process ${supervisor}${by}, for ${span(since, then)}`]);
  for (const { pid, state, started, inFlight } of workers) {
    rows.push(["worker", `process ${pid}, ${state}, for ${span(started, then)}, ${inFlight} in flight`]);
  }
  if (workers.length === 0) rows.push(["worker", "none"]);
  for (const [hook, statistics] of Object.entries(hooks)) rows.push(...hookRows(hook, statistics));
  if (Object.keys(hooks).length === 0) rows.push(["hooks", "none yet"]);
  const again = unit && unit.restarts > 0 ? `, supervisor ${unit.restarts} times` : "";
  rows.push(["restarts", `${restarts}${again}`], ["reloads", String(reloads)]);
  if (lastFailure !== undefined) rows.push(["last failure", shown(lastFailure)]);
  return rows;
}

function hookRows(hook: string, { codes, p50Ms, p99Ms }: HookStatistics): Row[] {
  const counts = byCount(codes).map(([code, count]) => `${code} ${count}`).join(", ");
  const rows: Row[] = [[shown(hook), `${totalOf(codes)}: ${shown(counts)}`]];
  if (p50Ms !== undefined && p99Ms !== undefined) rows.push(["", `p50 ${ms(p50Ms)}, p99 ${ms(p99Ms)}`]);
  return rows;
}

/** The most frequent first. */
function byCount(codes: HookStatistics["codes"]): [string, number][] {
  return Object.entries(codes).sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
}

/** Milliseconds with three digits that mean something. */
function ms(value: number): string {
  return `${value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2)} ms`;
}

function ago(time: string, at: Date): string {
  return `${time.slice(0, 16).replace("T", " ")} UTC, ${span(time, at)} ago`;
}

/** How long it is from `time` to `at`, in its two largest units. */
function span(time: string, at: Date): string {
  const seconds = Math.max(0, Math.floor((at.getTime() - Date.parse(time)) / 1_000));
  const parts = [
    [Math.floor(seconds / 86_400), "d"],
    [Math.floor(seconds / 3_600) % 24, "h"],
    [Math.floor(seconds / 60) % 60, "min"],
    [seconds % 60, "s"],
  ] as const;
  const first = parts.findIndex(([count]) => count > 0);
  if (first < 0) return "0 s";
  return parts.slice(first, first + 2).filter(([count]) => count > 0).map(([count, unit]) =>
    `${count} ${unit}`
  )
    .join(" ");
}

/** `text` in lines of at most `width` characters, broken at blanks, and inside a word only where it is longer than a line. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  let current = "";
  for (const word of text.split(" ")) {
    let rest = current === "" ? word : `${current} ${word}`;
    if (rest.length > width && current !== "") {
      lines.push(current);
      rest = word;
    }
    for (; rest.length > width; rest = rest.slice(width)) lines.push(rest.slice(0, width));
    current = rest;
  }
  return [...lines, current];
}
