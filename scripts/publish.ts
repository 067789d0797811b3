// SPDX-License-Identifier: MIT
/**
 * Looks at the SDK and at every module of examples/ as their authors would publish them on JSR: whether Deno would take them, and
 * whether they are what is meant to be there, neither more nor less.
 *
 * Usage: `deno run -A scripts/publish.ts [FOLDER…]`
 *
 * @module
 */

import { join } from "node:path";
import { PublishError, readPackage } from "./publish/package.ts";
import { packageFindings } from "./publish/rules.ts";

const root = await Deno.realPath(join(import.meta.dirname!, ".."));

/** The folders of all packages of this tree, from its top. */
async function packageFolders(): Promise<string[]> {
  const { workspace } = JSON.parse(await Deno.readTextFile(join(root, "deno.json")));
  return [".", ...workspace];
}

async function findings(folder: string, license: string): Promise<string[]> {
  try {
    const found = await readPackage(join(root, folder));
    const list = [...packageFindings(found, license)];
    if (list.length === 0) console.log(`${found.name}: ${found.files.size} files`);
    return list;
  } catch (error) {
    if (error instanceof PublishError) return [error.message];
    throw error;
  }
}

if (import.meta.main) {
  const license = await Deno.readTextFile(join(root, "LICENSE"));
  const folders = Deno.args.length > 0 ? Deno.args : await packageFolders();
  let failed = false;
  for (const folder of folders) {
    for (const finding of await findings(folder, license)) {
      failed = true;
      console.error(finding);
    }
  }
  Deno.exit(failed ? 1 : 0);
}
