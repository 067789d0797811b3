// SPDX-License-Identifier: MIT
/**
 * Makes one file of a program of ours and all that it imports.
 *
 * @module
 */

import { dirname, join, relative } from "node:path";

const ROOT = dirname(import.meta.dirname!);

/** What a file of a package is called wherever Deno keeps it: `npm/NAME/VERSION/…`. */
const CACHED = /^.*\/npm\/[^@]+?\/((?:@[^/]+\/)?[^/@]+\/\d+\.\d+\.\d+[^/]*\/.+)$/;

/**
 * Writes `NAME.js`, the bundle of `entry`, and its source map to `folder`, each in one step: somebody may be starting from the old
 * ones. No path of the machine gets in, so the same sources give the same bytes anywhere.
 */
export async function buildBundle(folder: string, name: string, entry: string): Promise<void> {
  const stage = await Deno.makeTempDir({ dir: folder, prefix: ".stage-" });
  const output = join(stage, `${name}.js`);
  try {
    const { success } = await new Deno.Command(Deno.execPath(), {
      args: ["bundle", "--quiet", "--platform=deno", "--sourcemap=linked", `--output=${output}`, entry],
      cwd: ROOT,
    }).spawn().status;
    if (!success) throw new Error(`deno bundle could not make ${name}.js of ${entry}`);
    await nameSources(output);
    await moveSources(`${output}.map`, folder);
    for (const file of [`${name}.js.map`, `${name}.js`]) {
      await Deno.rename(join(stage, file), join(folder, file));
    }
  } finally {
    await Deno.remove(stage, { recursive: true });
  }
}

/** The name of a source without where this machine keeps packages; sources of the tree keep theirs. */
export function sourceName(path: string): string {
  return path.replace(CACHED, "npm/$1");
}

/** The bundler writes above each part which file it was, and names parts that are loaded later by their files. */
const NAMED = /^(\/\/ | {2}")(\.\.\/[^"\n]+)/gm;

async function nameSources(file: string): Promise<void> {
  const code = await Deno.readTextFile(file);
  const named = code.replace(NAMED, (_, before: string, path: string) => before + sourceName(path));
  const [left] = named.match(NAMED) ?? [];
  if (left) throw new Error(`${left.trim()}: neither a file of this tree nor of a package: not bundled`);
  await Deno.writeTextFile(file, named);
}

/** Makes a source map that lies in another folder name its sources as seen from `folder`: stack traces are made of them. */
async function moveSources(file: string, folder: string): Promise<void> {
  const map = JSON.parse(await Deno.readTextFile(file)) as { sources: string[] };
  map.sources = map.sources.map((source) => {
    const path = join(dirname(file), source);
    const name = sourceName(path);
    return name === path ? relative(folder, path) : name;
  });
  await Deno.writeTextFile(file, JSON.stringify(map));
}
