// SPDX-License-Identifier: MIT
/**
 * Says what a module needs, for people.
 *
 * @module
 */

import type { Scope } from "../../config/permissions.ts";
import type { Declaration } from "../../supervisor/probe.ts";
import { printable } from "../../supervisor/lines.ts";
import { line } from "../../text.ts";
import type { Comparison, Finding, Need, Verdict } from "./compare.ts";

/** From this width on there is a table, in columns; below each line of it becomes some. */
const WIDTH_OF_TABLE = 72;
/** Between two columns. */
const GAP = "  ";
/** The longest value that is shown, in bytes, and how wide its column may be, in columns. */
const VALUE_MAX = 300;
const VALUE_WIDTH = 40;
/** Those who needed something are counted behind the first. */
const BY_SHOWN = 1;

const VERDICTS: Readonly<Record<Verdict, string>> = {
  needed: "ok",
  missing: "MISSING",
  unused: "unused",
  wide: "too wide",
  state: "state folder",
  optional: "optional",
  administrator: "administrator",
  impossible: "IMPOSSIBLE",
};

/** What is said of everything that is not `ok`. */
const REMARKS: Readonly<Record<Verdict, string | undefined>> = {
  needed: undefined,
  missing: "MISSING: the module needed it, and where it is not granted it would fail: declare it.",
  unused: "unused: nothing needed it. Declare less, or write the test that needs it.",
  wide: "too wide: less would have done. Declare that, or say beside it why not.",
  state:
    'state folder: a file that is written and read. Where the configuration says "state": true and the option is { "state": "FILE" }, it is granted with it; otherwise declare it.',
  optional: "optional: the module looks first whether it has it, and can do without.",
  administrator:
    "administrator: defineModule() cannot say it. Tell administrators in the README what to grant.",
  impossible:
    "IMPOSSIBLE: no module can declare it: a program, a library or the whole environment is out of the sandbox. Do without.",
};

/** All of it, without a newline at the end. */
export function formatNeeds(comparison: Comparison, width: number): string {
  const { permissions, grants, not_run: notRun } = comparison;
  const parts = [
    ...section("permission", permissions, "It needs no permission, and declares none.", width),
    "",
    ...section("grant on", grants, "It needs no grant, and declares none.", width),
  ];
  const verdicts = new Set([...permissions, ...grants].map(({ verdict }) => verdict));
  const remarks = Object.keys(VERDICTS).flatMap((verdict) =>
    verdicts.has(verdict as Verdict) ? REMARKS[verdict as Verdict] ?? [] : []
  );
  if (notRun.length > 0) {
    remarks.push(
      `No test and no profile ran ${notRun.join(", ")}: what is needed there is not in this list.`,
    );
  }
  const lines = remarks.flatMap((text) => fill(text, width));
  // Names of files, hosts and options are a stranger's.
  return [...parts, ...lines.length > 0 ? ["", ...lines] : [], ...pasted(comparison)].map(printable).join(
    "\n",
  );
}

/** The two members for `defineModule`, if they would be others than they are. */
function pasted({ permissions, grants, smallest }: Comparison): string[] {
  const differs = (findings: readonly Finding[]) =>
    findings.some(({ verdict }) => verdict === "missing" || verdict === "unused" || verdict === "wide");
  const texts = [
    ...differs(permissions) ? [`  permissions: ${literal(smallest.permissions)},`] : [],
    ...differs(grants) ? [`  grants: ${literal(smallest.grants)},`] : [],
  ];
  return texts.length === 0 ? [] : ["", "What did, for defineModule():", ...texts];
}

/** A permission or grant as it is written in TypeScript. */
export function scopeText(scope: Scope): string {
  if (typeof scope === "object") return `{ option: ${JSON.stringify(scope.option)} }`;
  return line(scope, VALUE_MAX);
}

function literal(lists: Declaration["permissions"] | Declaration["grants"]): string {
  const entries = Object.entries(lists).filter(([, values]) => values && values.length > 0);
  if (entries.length === 0) return "{}";
  const list = (values: readonly Scope[]) =>
    values.map((scope) => typeof scope === "string" ? JSON.stringify(scope) : scopeText(scope)).join(", ");
  return `{ ${entries.map(([kind, values]) => `${kind}: [${list(values!)}]`).join(", ")} }`;
}

function section(title: string, findings: readonly Finding[], none: string, width: number): string[] {
  if (findings.length === 0) return fill(none, width);
  const rows = findings.map((finding) => [
    finding.kind,
    `${scopeText(finding.value)}${finding.enough ? ` (enough: ${finding.enough.join(", ")})` : ""}`,
    byText(finding.by),
    finding.declared ? "yes" : "no",
    VERDICTS[finding.verdict],
  ]);
  if (width < WIDTH_OF_TABLE) {
    return rows.flatMap(([kind, value, by, declared, verdict]) => [
      ...fill(`${title} ${kind}: ${value}`, width),
      ...fill(`${verdict}${declared === "yes" ? ", declared" : ", not declared"}`, width, "  "),
      ...fill(by!, width, "  "),
    ]);
  }
  const head = [title, title === "permission" ? "value" : "word", "needed by", "declared", "verdict"];
  return table([head, ...rows], width);
}

function byText(by: readonly Need[]): string {
  if (by.length === 0) return "nothing";
  const shown = by.slice(0, BY_SHOWN).map(({ hook, by, at }) => {
    const where = at === undefined ? "" : ` at ${at}`;
    return hook === "load" ? `loading${where}` : `${hook}${where} in ${by}`;
  });
  return `${shown.join("; ")}${by.length > BY_SHOWN ? ` and ${by.length - BY_SHOWN} more` : ""}`;
}

/** Rows with columns that fit: values and those who need them go on below themselves. */
function table(rows: readonly (readonly string[])[], width: number): string[] {
  const longest = (column: number) => Math.max(...rows.map((row) => row[column]!.length));
  const value = Math.min(longest(1), VALUE_WIDTH);
  const rest = [longest(0), value, longest(3), longest(4)].reduce((sum, one) => sum + one + GAP.length, 0);
  const widths = [longest(0), value, Math.max(width - rest, 20), longest(3), longest(4)];
  return rows.flatMap((row) => {
    const cells = row.map((text, column) => fill(text, widths[column]!));
    const height = Math.max(...cells.map((cell) => cell.length));
    return Array.from(
      { length: height },
      (_, at) => cells.map((cell, column) => (cell[at] ?? "").padEnd(widths[column]!)).join(GAP).trimEnd(),
    );
  });
}

/** Text in lines of at most `width` columns; a word that is longer is cut. */
function fill(text: string, width: number, indent = ""): string[] {
  const lines: string[] = [];
  let current = "";
  const room = width - indent.length;
  for (const word of text.split(" ").flatMap((word) => word.match(new RegExp(`.{1,${room}}`, "gsu")) ?? [])) {
    if (current !== "" && current.length + 1 + word.length > room) {
      lines.push(indent + current);
      current = "";
    }
    current = current === "" ? word : `${current} ${word}`;
  }
  return [...lines, indent + current];
}
