// SPDX-License-Identifier: MIT
/**
 * Reads what `deno test --reporter=tap` prints.
 *
 * @module
 */

import { printable } from "../../supervisor/lines.ts";

/** How much of what failing tests say is shown, in lines, and of each of them. */
const SHOWN_LINES = 40;
const LINES_OF_TEST = 12;

/** What says nothing about a failure. */
const NOISE = /^(?:\s*$|\s*---$|\s*\.\.\.$|ok \d|TAP version|# |1\.\.\d|error: Test failed)/;

/** How many tests there were, and profiles. */
export function countTests(tap: string): { tests: number; profiles: number } {
  const names = [...tap.matchAll(/^ok \d+ - (.*)$/gm)].map(([, name]) => name!);
  const profiles = names.filter((name) => name.startsWith("profile ")).length;
  return { tests: names.length - profiles, profiles };
}

/** What tests that fail say, as lines that are fit for a terminal. */
export function failuresIn(stderr: string, tap: string): string[] {
  const lines = `${stderr}\n${tap}`.split("\n").filter((line) => !NOISE.test(line));
  return lines.flatMap((line) => messageOf(line) ?? [line.replace(/^not ok \d+ - /, "FAILED ")])
    .slice(0, SHOWN_LINES).map((line) => `  ${printable(line.trimEnd())}`);
}

/** The message of a test, which is a text in JSON. */
function messageOf(line: string): string[] | undefined {
  try {
    const { message, at } = JSON.parse(line) as { message: string; at?: { file: string; line: number } };
    const lines = message.split("\n").filter((text) => text.trim() !== "").slice(0, LINES_OF_TEST);
    const place = at === undefined ? [] : [`    at ${at.file.replace(/^\./, "")}:${at.line}`];
    return [...lines.map((text) => `    ${text}`), ...place];
  } catch {
    return undefined;
  }
}
