// SPDX-License-Identifier: MIT
/**
 * What `pam-deno check` finds: one thing that is wrong, or may be, with what to do about it.
 *
 * @module
 */

import { docsLink } from "../coded.ts";
import type { ErrorCode } from "../error_codes.ts";
import { line } from "../text.ts";

/**
 * How bad a finding is. An error keeps something from working as it is written, or lets somebody in who should not; a warning may do
 * so on some days; a note is to be known.
 */
export type Severity = "error" | "warning" | "note";

/** One finding. */
export interface Finding {
  /** What kind it is, in words with hyphens. The same kind always has the same one: programs may rely on it. */
  readonly id: ErrorCode;
  /** How bad it is. */
  readonly severity: Severity;
  /** `FILE:LINE`, `FILE:LINE:COLUMN`, a path, or the name of a module. */
  readonly where: string;
  /** What is wrong, and what comes of it. */
  readonly what: string;
  /** What to do about it. */
  readonly remedy: string;
}

/** The longest text of a finding, in bytes: part of it may come out of a file that anybody wrote. */
const TEXT_MAX = 2_048;

/** The longest place. */
const WHERE_MAX = 512;

/** What a finding is made of: its `what` and `remedy` may hold anything, they are made fit for a terminal. */
export function finding(
  severity: Severity,
  id: ErrorCode,
  where: string,
  what: string,
  remedy: string,
): Finding {
  return {
    id,
    severity,
    where: line(where, WHERE_MAX),
    what: line(what, TEXT_MAX),
    remedy: line(remedy, TEXT_MAX),
  };
}

const ORDER: readonly Severity[] = ["error", "warning", "note"];

const HEADINGS: Readonly<Record<Severity, string>> = {
  error: "Errors: something does not work as it is written, or lets in whom it should not",
  warning: "Warnings: it works, until something happens",
  note: "Notes",
};

/** How many findings there are of each severity. */
export function countFindings(findings: readonly Finding[]): Readonly<Record<Severity, number>> {
  const count = (severity: Severity) => findings.filter((one) => one.severity === severity).length;
  return { error: count("error"), warning: count("warning"), note: count("note") };
}

/** The findings for people: the worst first, each with its remedy, and a line with the numbers at the end. */
export function formatFindings(findings: readonly Finding[]): string {
  const counts = countFindings(findings);
  const groups = ORDER.filter((severity) => counts[severity] > 0).map((severity) =>
    [`${HEADINGS[severity]}\n`, ...findings.filter((one) => one.severity === severity).map(formatOne)].join(
      "\n",
    )
  );
  const numbers = ORDER.map((severity) => plural(counts[severity], severity)).join(", ");
  const summary = counts.error + counts.warning === 0 ? `All is well: ${numbers}` : numbers;
  const worst = ORDER.flatMap((severity) => findings.filter((one) => one.severity === severity))[0];
  const more = worst === undefined || worst.severity === "note"
    ? ""
    : `\`pam-deno explain ${worst.id}\` says more of the first, and so of the others\n`;
  return [...groups, `${more}${summary}\n`].join("\n");
}

function formatOne({ id, where, what, remedy }: Finding): string {
  return `  ${where}\n    ${what}\n    do: ${remedy} (${id})\n`;
}

function plural(count: number, word: string): string {
  return `${count} ${word}${count === 1 ? "" : "s"}`;
}

/** The version of what {@linkcode findingsJson} writes: it changes when something in it means something else. */
const FORMAT = 1;

/** The findings for programs: `{ "format": 1, "findings": […], "errors": N, "warnings": N, "notes": N }` and a newline. */
export function findingsJson(findings: readonly Finding[]): string {
  const { error, warning, note } = countFindings(findings);
  const listed = findings.map((one) => ({ ...one, docs: docsLink(one.id) }));
  const document = { format: FORMAT, findings: listed, errors: error, warnings: warning, notes: note };
  return `${JSON.stringify(document, null, 2)}\n`;
}

/** The status that `pam-deno check` ends with: 1 if there is an error, else 0. `strict`: warnings count as errors. */
export function checkStatus(findings: readonly Finding[], strict = false): number {
  const { error, warning } = countFindings(findings);
  return error > 0 || (strict && warning > 0) ? 1 : 0;
}
