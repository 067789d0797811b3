// SPDX-License-Identifier: MIT
/**
 * Builds the npm package of the SDK, `build/pam-deno-sdk-VERSION.tgz`, with `deno pack`. The same sources give the same bytes, anywhere and
 * at any time, and nothing in them tells where they were made: `deno pack` writes the paths of this machine into source maps, so they are
 * left out; the JavaScript keeps names and comments.
 *
 * Usage: `deno task pack [--output FOLDER]`
 *
 * @module
 */

import { dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { run, Staging } from "./package/files.ts";
import { completeManifest, type Manifest } from "./pack/metadata.ts";
import { pack, TOP, unpack } from "./pack/tarball.ts";

const ROOT = dirname(import.meta.dirname!);

/** Refuses a package that tells where it was made. */
function refusePaths(staging: Staging): void {
  for (const file of staging.files(TOP)) {
    const text = Deno.readTextFileSync(join(staging.root, file));
    const found = ["file:///", `${ROOT}/`, "sourceMappingURL="].find((word) => text.includes(word));
    if (found !== undefined) throw new Error(`${file} has ${found} in it, which is of this machine only`);
  }
}

/** Makes the package in the folder `output`, and gives its path. */
async function makePackage(output: string): Promise<string> {
  await Deno.mkdir(join(ROOT, "build"), { recursive: true });
  const folder = await Deno.makeTempDir({ dir: join(ROOT, "build"), prefix: ".pack-" });
  try {
    const made = join(folder, "made.tgz");
    await run([Deno.execPath(), "pack", "--quiet", "--allow-dirty", "--no-source-maps", "--output", made], {
      cwd: ROOT,
      env: { NO_COLOR: "1" },
    });
    const staging = new Staging(join(folder, "tree"));
    staging.folder("");
    await unpack(made, staging.root);
    const place = join(TOP, "package.json");
    const manifest: Manifest = JSON.parse(Deno.readTextFileSync(join(staging.root, place)));
    staging.write(place, `${JSON.stringify(completeManifest(manifest), undefined, 2)}\n`);
    refusePaths(staging);
    const { name, version } = manifest;
    const file = join(output, `${String(name).replace(/^@/, "").replace("/", "-")}-${version}.tgz`);
    const complete = join(folder, "complete.tgz");
    await pack(staging, complete);
    // In one step: others may be reading the one of before.
    const beside = join(output, `.${folder.slice(folder.lastIndexOf("/.pack-") + 1)}.tgz`);
    await Deno.copyFile(complete, beside);
    await Deno.rename(beside, file);
    return file;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

if (import.meta.main) {
  const { values } = parseArgs({
    args: Deno.args,
    options: { output: { type: "string", default: join(ROOT, "build") } },
  });
  const output = resolve(values.output);
  await Deno.mkdir(output, { recursive: true });
  console.log(await makePackage(output));
}
