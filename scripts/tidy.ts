// SPDX-License-Identifier: MIT
/**
 * Holds the tree to the rules of the house that no formatter, linter or compiler knows. Prints `file:line: message` for
 * each finding and exits with 1 if there is one.
 *
 * Usage: `deno run --allow-read scripts/tidy.ts [FOLDER]`
 *
 * @module
 */

import { bannedCalls, deadHeaders, exportsOfShim, heap, mutableStatics } from "./tidy/c_rules.ts";
import { commands, entryPoints } from "./tidy/doc_rules.ts";
import { deadFiles, direction, reach } from "./tidy/imports.ts";
import { ends, length, licence, places, runBits, unfinished } from "./tidy/text_rules.ts";
import { type Finding, readTree, type Rule, type Tree } from "./tidy/tree.ts";
import { language, printing, trustedTypes } from "./tidy/ts_rules.ts";

const RULES: readonly Rule[] = [
  length,
  licence,
  unfinished,
  places,
  runBits,
  ends,
  bannedCalls,
  heap,
  mutableStatics,
  exportsOfShim,
  deadHeaders,
  printing,
  trustedTypes,
  language,
  direction,
  reach,
  deadFiles,
  commands,
  entryPoints,
];

/** Everything in `tree` that is not tidy, by file and line. */
export function tidy(tree: Tree): Finding[] {
  return RULES.flatMap((rule) => [...rule(tree)])
    .sort((a, b) => a.path < b.path ? -1 : a.path > b.path ? 1 : a.line - b.line);
}

if (import.meta.main) {
  const root = await Deno.realPath(Deno.args[0] ?? new URL("..", import.meta.url).pathname);
  const tree = await readTree(root);
  const findings = tidy(tree);
  for (const { path, line, message } of findings) console.log(`${path}:${line}: ${message}`);
  console.log(`tidy: ${RULES.length} rules, ${tree.files.size} files, ${findings.length} findings`);
  Deno.exit(findings.length === 0 ? 0 : 1);
}
