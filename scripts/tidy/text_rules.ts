// SPDX-License-Identifier: MIT
/**
 * Rules for every text file: length, licence line, unfinished work, places that exist on one machine only, run bits.
 *
 * @module
 */

import { filesOf, type Finding, isGenerated, matches, type Tree } from "./tree.ts";

/** The most lines a file may have, unless a program wrote it. */
export const LINES_MAX = 400;

const SOURCES = /\.(ts|c|h|sh)$|^scripts\/[^./]+$|^\.ci\/|^\.github\/.*\.yml$|(^|\/)Makefile$/;
const SPDX = "SPDX-License-Identifier: MIT";

/** A file is at most {@linkcode LINES_MAX} lines long. */
export function* length(tree: Tree): Iterable<Finding> {
  for (const { path, text } of filesOf(tree, /\.(ts|c|h)$/)) {
    const lines = text.split("\n").length - 1;
    if (lines <= LINES_MAX || isGenerated(path) || path.endsWith(".d.ts")) continue;
    yield {
      path,
      line: LINES_MAX + 1,
      message: `${lines} lines of at most ${LINES_MAX}: two ideas in one room, part them`,
    };
  }
}

/** A source says its licence in one of its first three lines. */
export function* licence(tree: Tree): Iterable<Finding> {
  for (const { path, text } of filesOf(tree, SOURCES)) {
    if (text.split("\n", 3).some((line) => line.includes(SPDX))) continue;
    yield { path, line: 1, message: `no licence: put '${SPDX}' into a comment on the first line` };
  }
}

// In parts, so that neither this file nor a search for these words finds them here.
const UNFINISHED = new RegExp(
  [
    "\\b(?:TO" + "DO|FIX" + "ME|XX" + "X)\\b",
    "\\bnot " + "implemented\\b",
    "\\bst" + "ub(?:bed)?\\b",
  ].join("|"),
  "gi",
);
const SWITCHED_OFF = new RegExp(
  "\\.on" + "ly\\(|\\bon" + "ly: *true|\\.ign" + "ore\\(|\\bign" + "ore: *true",
  "g",
);

/** Nothing is unfinished or switched off. */
export function* unfinished(tree: Tree): Iterable<Finding> {
  for (const { path, text } of filesOf(tree, SOURCES)) {
    for (const { line, match } of matches(text, UNFINISHED)) {
      yield { path, line, message: `'${match[0]}': finish it, or write an issue and take the word out` };
    }
    for (const { line, match } of matches(text, SWITCHED_OFF)) {
      yield { path, line, message: `'${match[0]}' switches tests off: take it out` };
    }
  }
}

const COMMON_PLACES = new Set([
  "/",
  "/home",
  "/mnt",
  "/opt",
  "/root",
  "/srv",
  "/tmp",
  "/usr/src",
  "/var/tmp",
]);
const HOSTS = new RegExp(
  "\\b(?:registry\\.(?:npmjs|yarnpkg)\\.\\w+|npm\\.jsr\\.io|(?:\\w+\\.)?(?:deb|security|archive|snapshot)\\." +
    "(?:debian|ubuntu)\\.\\w+)\\b",
  "g",
);

/** No file knows where this tree lies, or which host a registry is on. */
export function* places(tree: Tree): Iterable<Finding> {
  const parent = tree.root.slice(0, tree.root.lastIndexOf("/")) || "/";
  const own = (COMMON_PLACES.has(parent) ? tree.root : parent) + "/";
  const pattern = new RegExp(own.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"), "g");
  for (const { path, text } of tree.files.values()) {
    for (const { line } of matches(text, pattern)) {
      yield { path, line, message: `'${own}' is a path of this machine: name it from the top of the tree` };
    }
    if (path === "deno.lock") continue;
    for (const { line, match } of matches(text, HOSTS)) {
      yield {
        path,
        line,
        message: `'${match[0]}' is a registry's host: leave it to the machine's configuration`,
      };
    }
  }
}

/** What starts with `#!` can be run, and what stands in scripts without an extension starts with it. */
export function* runBits(tree: Tree): Iterable<Finding> {
  for (const { path, text, executable } of tree.files.values()) {
    const shebang = text.startsWith("#!");
    if (shebang && !executable) {
      yield { path, line: 1, message: `starts with #! and cannot be run: chmod +x ${path}` };
    } else if (!shebang && executable) {
      yield { path, line: 1, message: `has a run bit and no #! line: chmod -x ${path}` };
    }
  }
}

/** Lines end with a newline, and with nothing before it. */
export function* ends(tree: Tree): Iterable<Finding> {
  for (const { path, text } of filesOf(tree, /\.(c|h|sh|map|yml)$|^scripts\/[^./]+$|(^|\/)Makefile$/)) {
    if (isGenerated(path)) continue;
    for (const { line } of matches(text, /[ \t\r]+$/gm)) {
      yield { path, line, message: "white space at the end of the line: take it out" };
    }
    if (text !== "" && !text.endsWith("\n")) {
      yield { path, line: text.split("\n").length, message: "no newline at the end of the file: add it" };
    }
  }
}
