// SPDX-License-Identifier: MIT
/**
 * Bundles the runtime of the workers into one file.
 *
 * @module
 */

import { dirname, join, relative } from "node:path";

const ROOT = dirname(import.meta.dirname!);

/** Writes `worker.js` and its source map to `folder`, each in one step: workers may be starting from the old ones. */
export async function buildRuntime(folder: string): Promise<void> {
  const stage = await Deno.makeTempDir({ dir: folder, prefix: ".stage-" });
  try {
    const { success } = await new Deno.Command(Deno.execPath(), {
      args: [
        "bundle",
        "--quiet",
        "--platform=deno",
        "--sourcemap=linked",
        `--output=${join(stage, "worker.js")}`,
        "sdk/worker/main.ts",
      ],
      cwd: ROOT,
    }).spawn().status;
    if (!success) throw new Error("deno bundle could not make the runtime of the workers");
    await moveSources(join(stage, "worker.js.map"), folder);
    for (const name of ["worker.js.map", "worker.js"]) {
      await Deno.rename(join(stage, name), join(folder, name));
    }
  } finally {
    await Deno.remove(stage, { recursive: true });
  }
}

/** Makes a source map that lies in another folder name its sources as seen from `folder`: stack traces are made of them. */
async function moveSources(file: string, folder: string): Promise<void> {
  const map = JSON.parse(await Deno.readTextFile(file)) as { sources: string[] };
  map.sources = map.sources.map((source) => relative(folder, join(dirname(file), source)));
  await Deno.writeTextFile(file, JSON.stringify(map));
}
