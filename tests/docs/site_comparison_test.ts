// SPDX-License-Identifier: MIT
/**
 * Holds docs/comparison.md to its form: no cell is empty, tables have the same rows, each source is a file in a version that is named.
 *
 * @module
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { COMMANDS } from "../sdk/command/program.ts";
import { ROOT } from "./page.ts";

const TEXT = Deno.readTextFileSync(join(ROOT, "docs/comparison.md"));
/** What a cell of a comparison begins with, with a link or without. */
const ANSWER = /^(?:\[(yes|part|no)\]\[([\w-]+)\]|(yes|part|no|–)(?=$|:))/;
/** A file of a repository in one version, with lines or without. */
const SOURCE =
  /^https:\/\/github\.com\/([\w.-]+\/[\w.-]+)\/blob\/([0-9a-f]{40})\/[\w./@-]+(?:#L(\d+)(?:-L(\d+))?)?$/;

interface Table {
  readonly heading: string;
  readonly head: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

const cells = (line: string) => line.split("|").slice(1, -1).map((cell) => cell.trim());

/** The tables of the page, each with the heading above it. */
const TABLES: readonly Table[] = TEXT.split(/^## /m).slice(1).flatMap((part) => {
  const lines = part.split("\n").filter((line) => line.startsWith("|"));
  if (lines.length === 0) return [];
  const [head, , ...rows] = lines.map(cells);
  return [{ heading: part.slice(0, part.indexOf("\n")), head: head!, rows }];
});

const COMPARISONS = TABLES.filter(({ head }) => head[0] === "feature" && head.length > 3);
const LABELS = new Map(
  [...TEXT.matchAll(/^\[([\w-]+)\]: (\S+)$/gm)].map(([, label, url]) => [label!, url!] as const),
);

Deno.test("docs/comparison.md has every column of every row filled", () => {
  assert.deepEqual(TABLES.map(({ heading }) => heading), [
    "What was read",
    "Scripts and child processes",
    "Small forwarders",
    "Daemons",
    "Libraries to write modules with",
    "Single purposes, and what is near to PAM",
    "What pam_deno's column rests on",
  ]);
  for (const { heading, head, rows } of TABLES) {
    for (const row of [head, ...rows]) {
      assert.equal(row.length, head.length, `${heading}: ${row[0]}`);
      assert.ok(row.every((cell) => cell !== ""), `${heading}: ${row[0]} has an empty cell`);
    }
  }
});

Deno.test("docs/comparison.md answers the same questions about all, and about pam_deno with the same words", () => {
  const own = TABLES.at(-1)!.rows.map(([feature, answer]) => [feature, answer]);
  assert.ok(own.length >= 30);
  for (const { heading, rows } of COMPARISONS) {
    assert.deepEqual(rows.map(([feature, answer]) => [feature, answer]), own, heading);
    for (const [feature, ...answers] of rows) {
      for (const answer of answers) assert.match(answer, ANSWER, `${heading}: ${feature}`);
    }
  }
});

Deno.test("docs/comparison.md says what pam-deno's commands are there for, and of no other", () => {
  const named = [...TEXT.matchAll(/`pam-deno ([a-z]+)\b/g)].map(([, command]) => command!);
  const commands: readonly string[] = COMMANDS;
  assert.ok(named.length > 0);
  assert.deepEqual(named.filter((command) => !commands.includes(command)), []);
  const [, scaffolding] = TABLES.at(-1)!.rows.find(([feature]) => feature === "scaffolding")!;
  assert.equal(
    scaffolding!.startsWith("yes"),
    commands.includes("new"),
    "scaffolding is what `pam-deno new` does",
  );
});

Deno.test("docs/comparison.md names its sources in the versions that it says were read", () => {
  const read = TABLES[0]!.rows.map(([what, version]) => {
    const [, repository, commit] =
      /\(https:\/\/github\.com\/([\w.-]+\/[\w.-]+)\/tree\/([0-9a-f]{40})\)/.exec(what!) ?? [];
    // nonstick is read in its documentation.
    if (repository === undefined) return ["docs.rs", "0.1.1"] as const;
    assert.match(version!, new RegExp(`^\`${commit!.slice(0, 10)}\`, 20\\d\\d-\\d\\d-\\d\\d$`), what);
    return [repository, commit!] as const;
  });
  const versions = new Map(read);
  assert.equal(versions.size, read.length);
  assert.ok(LABELS.size >= 100);
  const cited = new Set<string>();
  for (const [label, url] of LABELS) {
    if (url === "https://docs.rs/nonstick/0.1.1/nonstick/") continue;
    const [, repository, commit, first, last] = SOURCE.exec(url) ?? [];
    assert.equal(versions.get(repository ?? ""), commit ?? "none", `${label}: ${url}`);
    if (last !== undefined) assert.ok(Number(first) < Number(last), `${label}: ${url}`);
    cited.add(repository!);
  }
  for (const [repository] of read) assert.ok(repository === "docs.rs" || cited.has(repository), repository);
});

Deno.test("docs/comparison.md defines each source that it uses, and uses each that it defines", () => {
  const used = new Set([...TEXT.matchAll(/\]\[([\w-]+)\]/g)].map(([, label]) => label!));
  assert.deepEqual([...used].filter((label) => !LABELS.has(label)), []);
  assert.deepEqual([...LABELS.keys()].filter((label) => !used.has(label)), []);
});
