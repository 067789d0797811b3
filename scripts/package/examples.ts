// SPDX-License-Identifier: MIT
/**
 * The example as the package has it: a bundle that is ready to be added without a network.
 *
 * @module
 */

import { basename, join } from "node:path";
import { bundleModule } from "../../sdk/install/bundle.ts";
import type { Staging } from "./files.ts";

const NAME = "time-of-day";
const INTO = `/usr/share/pam-deno/examples/${NAME}`;

/** Bundles the example of the tree `root` with the SDK of the package, which is in the folder `sdk`. */
export async function stageExample(staging: Staging, root: string, sdk: string): Promise<void> {
  const folder = await Deno.makeTempDir({ dir: join(root, "build"), prefix: ".stage-" });
  const example = join(root, "examples", NAME);
  try {
    const { file, sha256 } = await bundleModule({
      entry: join(example, "module.ts"),
      sdk: join(staging.root, sdk),
      into: folder,
    });
    const code = await Deno.readTextFile(file);
    const map = /^\/\/# sourceMappingURL=(.+)$/m.exec(code)?.[1];
    if (map === undefined) throw new Error(`${basename(file)}: names no source map`);
    staging.write(`${INTO}/${NAME}.js`, code);
    staging.write(`${INTO}/${NAME}.js.map`, await Deno.readTextFile(join(folder, map)));
    staging.write(`${INTO}/${NAME}.sha256`, `${sha256}\n`);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  for (const name of ["rules.jsonc", "pam.d"]) {
    staging.copy(join(example, name), `${INTO}/${name}`);
  }
}
