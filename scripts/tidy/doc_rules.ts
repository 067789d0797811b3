// SPDX-License-Identifier: MIT
/**
 * Rules that hold documents to the tree: what they tell people to run exists, and what is exported is documented.
 *
 * @module
 */

import { denoJson } from "./imports.ts";
import { filesOf, type Finding, matches, type Tree } from "./tree.ts";

const DOCUMENTS = /^(README|CONTRIBUTING|SECURITY)\.md$|^(docs|examples)\/.*\.md$/;

/** Each script, task and linked file that a document names exists. */
export function* commands(tree: Tree): Iterable<Finding> {
  const tasks = denoJson(tree)["tasks"] ?? {};
  for (const { path, text } of filesOf(tree, DOCUMENTS)) {
    for (const { line, match } of matches(text, /(?<![\w/.-])\.?\/?((?:scripts|\.ci)\/[\w./-]*\w)/g)) {
      const named = match[1] ?? "";
      const isFolder = [...tree.files.keys()].some((file) => file.startsWith(`${named}/`));
      if (!tree.files.has(named) && !isFolder) {
        yield { path, line, message: `'${named}' does not exist: write it, or correct the document` };
      }
    }
    for (const { line, match } of matches(text, /\bdeno task (\w[\w:-]*)/g)) {
      const named = match[1] ?? "";
      if (!Object.hasOwn(tasks, named)) {
        yield {
          path,
          line,
          message: `'deno task ${named}' does not exist: add it to deno.json, or correct the document`,
        };
      }
    }
    for (const { line, match } of matches(text, /\]\((?!\w+:|#|<)([^)#\s]+)/g)) {
      const named = new URL(match[1] ?? "", `file:///${path}`).pathname.slice(1).replace(/\/$/, "");
      const isFolder = [...tree.files.keys()].some((file) => file.startsWith(`${named}/`));
      if (!tree.files.has(named) && !isFolder) {
        yield { path, line, message: `the link to '${match[1]}' leads nowhere: mend it` };
      }
    }
  }
}

/** Each entry point of deno.json has a `@module` comment, and stands in the README by the name one imports. */
export function* entryPoints(tree: Tree): Iterable<Finding> {
  const config = denoJson(tree);
  const readme = tree.files.get("README.md")?.text ?? "";
  for (const [name, file] of Object.entries(config.exports ?? {})) {
    const path = file.replace(/^\.\//, "");
    const entry = tree.files.get(path);
    if (entry === undefined) {
      yield {
        path: "deno.json",
        line: 1,
        message: `exports '${file}', which does not exist: write it or take it out`,
      };
    } else if (!/\/\*\*(?:(?!\*\/)[^])*@module\b/.test(entry.text)) {
      yield {
        path,
        line: 1,
        message: "an entry point without a @module comment: say what it is for, with an example",
      };
    }
    const specifier = name.replace(/^\./, String(config["name"]));
    if (!readme.includes(`${specifier}\``) && !readme.includes(`${specifier}"`)) {
      yield {
        path: "README.md",
        line: 1,
        message: `'${specifier}' is exported and not mentioned: say what it is for`,
      };
    }
  }
}
