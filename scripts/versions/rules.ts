// SPDX-License-Identifier: MIT
/**
 * Where the version of pam-deno is written, and whether it is the same everywhere. deno.json's is the one that counts; the npm and the Debian
 * package take theirs from there.
 *
 * @module
 */

import type { Finding, SourceFile } from "../tidy/tree.ts";

/** What a version looks like, as one group. */
const VERSION = String.raw`(\d+\.\d+\.\d+(?:-[0-9A-Za-z]+(?:\.[0-9A-Za-z]+)*)?)`;
const DAY = String.raw`(\d{4}-\d{2}-\d{2})`;

/** One way to write it. */
interface Way {
  /** What it is, for people. */
  readonly what: string;
  /** The files in which it is looked for. */
  readonly files: RegExp;
  /** The way itself; group 1 is the version or the date. */
  readonly pattern: RegExp;
  /** The files that must have it. */
  readonly everyOne?: true;
}

/** Not tests, which have versions of their own making, nor what was, nor what Deno writes. */
const ANYWHERE = /^(?!tests\/|CHANGES\.md$|deno\.lock$)/;

const VERSIONS: readonly Way[] = [
  {
    what: "the version of a package",
    files: /^(?:deno|examples\/[^/]+\/deno)\.json$/,
    pattern: new RegExp(`^  "version": "${VERSION}"`, "gm"),
    everyOne: true,
  },
  {
    what: "the version in the program",
    files: /^sdk\/version\.ts$/,
    pattern: new RegExp(`^export const PAM_DENO_VERSION = "${VERSION}"`, "gm"),
    everyOne: true,
  },
  {
    what: "the version in the title of a man page",
    files: /^packaging\/man\/[^/]+\.\d$/,
    pattern: new RegExp(`^\\.TH .* "pam-deno ${VERSION}"`, "gm"),
    everyOne: true,
  },
  { what: "the version", files: ANYWHERE, pattern: new RegExp(`\\bpam[-_]deno ${VERSION}`, "g") },
  {
    what: "the name of the Debian package",
    files: ANYWHERE,
    pattern: new RegExp(`\\bpam-deno_${VERSION}_\\w+\\.deb\\b`, "g"),
  },
  {
    what: "the name of the npm package",
    files: ANYWHERE,
    pattern: new RegExp(`\\bpam-deno-sdk-${VERSION}\\.tgz\\b`, "g"),
  },
  {
    what: "the range of a package",
    files: ANYWHERE,
    pattern: new RegExp(`@pam-deno/[\\w-]+(?:@|": *")[~^]?${VERSION}`, "g"),
  },
  {
    what: "the version of the Debian package",
    files: /^packaging\/debian\/control$/,
    pattern: new RegExp(`^Version: ${VERSION}`, "gm"),
  },
];

const DATES: readonly Way[] = [
  {
    what: "the date of a man page",
    files: /^packaging\/man\/[^/]+\.\d$/,
    pattern: new RegExp(`^\\.TH \\S+ \\d ${DAY} `, "gm"),
    everyOne: true,
  },
  {
    what: "the date of the man page that is generated",
    files: /^scripts\/gen_config\.ts$/,
    pattern: new RegExp(`^const DATE = "${DAY}"`, "gm"),
    everyOne: true,
  },
];

/** The files of a tree, by path. */
export type Files = ReadonlyMap<string, Pick<SourceFile, "path" | "text">>;

/** The version that counts. */
export function versionOf(files: Files): string {
  return JSON.parse(files.get("deno.json")?.text ?? "{}").version;
}

function* places(files: Files, ways: readonly Way[]): Iterable<Finding & { word: string; what: string }> {
  for (const { what, files: which, pattern, everyOne } of ways) {
    const those = [...files.values()].filter(({ path }) => which.test(path));
    if (those.length === 0 && everyOne) {
      yield { path: String(which), line: 1, word: "", what, message: `no file has ${what}` };
    }
    for (const { path, text } of those) {
      const matches = [...text.matchAll(pattern)];
      if (matches.length === 0 && everyOne) {
        yield { path, line: 1, word: "", what, message: `${what} is not here: write it, or mend this rule` };
      }
      for (const match of matches) {
        const line = text.slice(0, match.index).split("\n").length;
        yield { path, line, word: match[1]!, what, message: "" };
      }
    }
  }
}

/** Whether version `one` is later than `other`; only the three numbers count. */
function isLater(one: string, other: string): boolean {
  const [a, b] = [one, other].map((version) => version.split("-")[0]!.split(".").map(Number));
  const at = a!.findIndex((number, i) => number !== b![i]);
  return at >= 0 && a![at]! > b![at]!;
}

/** What does not agree with the version in deno.json; and dates of man pages that are not one. */
export function* disagreements(files: Files): Iterable<Finding> {
  const version = versionOf(files);
  for (const { path, line, word, what, message } of places(files, VERSIONS)) {
    if (word === version) continue;
    const wrong =
      `${what} is ${word}, and that of deno.json is ${version}: deno task versions --set ${version}`;
    yield { path, line, message: message || wrong };
  }
  const dates = [...places(files, DATES)];
  const date = dates.find(({ word }) => word !== "")?.word;
  for (const { path, line, word, what, message } of dates) {
    if (word !== date) yield { path, line, message: message || `${what} is ${word}, and another is ${date}` };
  }
  const changes = files.get("CHANGES.md")?.text ?? "";
  const released = new RegExp(`^## (?:\\[|v)?${VERSION}`, "m").exec(changes);
  if (released !== null && isLater(released[1]!, version)) {
    const line = changes.slice(0, released.index).split("\n").length;
    const message = `${
      released[1]
    } is released, and the version of deno.json is ${version}, which is before it`;
    yield { path: "CHANGES.md", line, message };
  }
}

function rewrite(text: string, pattern: RegExp, word: string): string {
  return text.replace(pattern, (found, old: string) => {
    const at = found.lastIndexOf(old);
    return found.slice(0, at) + word + found.slice(at + old.length);
  });
}

/** The files that change when the version becomes `version` and the man pages are of `date`, with their new texts. */
export function withVersion(files: Files, version: string, date: string): Map<string, string> {
  const changed = new Map<string, string>();
  const ways = [
    ...VERSIONS.map((way) => [way, version] as const),
    ...DATES.map((way) => [way, date] as const),
  ];
  for (const { path, text } of files.values()) {
    const mine = ways.filter(([{ files: which }]) => which.test(path));
    const after = mine.reduce((before, [{ pattern }, word]) => rewrite(before, pattern, word), text);
    if (after !== text) changed.set(path, after);
  }
  return changed;
}
