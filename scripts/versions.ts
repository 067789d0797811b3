// SPDX-License-Identifier: MIT
/**
 * Checks that the version of pam-deno is the same wherever it is written, or changes it everywhere.
 *
 * Usage: `deno task versions [--set X.Y.Z [--date YYYY-MM-DD]] [--root FOLDER]`
 *
 * @module
 */

import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { readTree } from "./tidy/tree.ts";
import { disagreements, versionOf, withVersion } from "./versions/rules.ts";

const SEMANTIC = /^\d+\.\d+\.\d+(?:-[0-9A-Za-z]+(?:\.[0-9A-Za-z]+)*)?$/;

/** Prints what is wrong on one line, and ends. */
function die(message: string, code: number): never {
  console.error(`versions: ${message}`);
  Deno.exit(code);
}

/** Writes the version everywhere, and the lock file, which names the range of the SDK too. */
async function setVersion(root: string, version: string, date: string): Promise<void> {
  const { files } = await readTree(root);
  const changed = withVersion(files, version, date);
  for (const [path, text] of changed) {
    await Deno.writeTextFile(join(root, path), text);
    console.log(path);
  }
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["install", "--frozen=false"],
    cwd: root,
    env: { NO_COLOR: "1" },
    stdin: "null",
  }).output();
  if (!success) die(`deno install could not write deno.lock: ${new TextDecoder().decode(stderr)}`, 1);
}

async function check(root: string): Promise<void> {
  const { files } = await readTree(root);
  const found = [...disagreements(files)];
  for (const { path, line, message } of found) console.log(`${path}:${line}: ${message}`);
  if (found.length > 0) Deno.exit(1);
  console.log(`${versionOf(files)} everywhere`);
}

if (import.meta.main) {
  const { values } = parseArgs({
    args: Deno.args,
    options: {
      set: { type: "string" },
      date: { type: "string" },
      root: { type: "string", default: join(import.meta.dirname!, "..") },
    },
  });
  const root = resolve(values.root);
  const date = values.date ?? Temporal.Now.plainDateISO("UTC").toString();
  if (!/^\d{4}-\d{2}-\d{2}$/.test(date)) die(`--date ${date}: write it as YYYY-MM-DD`, 2);
  if (values.set !== undefined) {
    if (!SEMANTIC.test(values.set)) die(`--set ${values.set}: write three numbers, as in 1.2.3`, 2);
    await setVersion(root, values.set, date);
  }
  await check(root);
}
