// SPDX-License-Identifier: MIT
/**
 * The examples as the package has them: each a bundle that is ready to be added without a network, and what belongs to it.
 *
 * @module
 */

import { basename, join } from "node:path";
import { bundleModule } from "../../sdk/install/bundle.ts";
import type { Staging } from "./files.ts";

/** An example. */
interface Example {
  /** Its name. */
  readonly name: string;
  /** Programs that people run beside it, without `.ts`. */
  readonly programs: readonly string[];
  /** Other files that people start from. */
  readonly files: readonly string[];
}

const EXAMPLES: readonly Example[] = [
  { name: "account-ageing", programs: [], files: ["pam.d"] },
  { name: "credentials", programs: [], files: ["pam.d"] },
  { name: "ldap-account", programs: [], files: ["pam.d"] },
  { name: "session-ledger", programs: ["report"], files: ["pam.d"] },
  { name: "time-of-day", programs: [], files: ["pam.d", "rules.jsonc"] },
  { name: "totp", programs: ["enroll"], files: ["pam.d"] },
];

const DENO = "/usr/lib/pam-deno/deno";
/** Where the READMEs suppose the tree to be. */
const TREE = "/usr/local/src/pam-deno";
/** The line of a bundle that names its source map. */
const MAP = /^\/\/# sourceMappingURL=(.+)\n?/m;

/** Bundles the examples of the tree `root` with the SDK of the package, which is in the folder `sdk`. */
export async function stageExamples(staging: Staging, root: string, sdk: string): Promise<void> {
  for (const example of EXAMPLES) {
    const { name, programs, files } = example;
    const from = join(root, "examples", name);
    const into = `/usr/share/pam-deno/examples/${name}`;
    const bundle = (file: string) =>
      bundled({ entry: join(from, file), sdk: join(staging.root, sdk), build: join(root, "build") });
    const { code, map, sha256 } = await bundle("module.ts");
    staging.write(`${into}/${name}.js`, code);
    staging.write(`${into}/${name}.js.map`, map);
    staging.write(`${into}/${name}.sha256`, `${sha256}\n`);
    for (const program of programs) {
      // Its errors are for people: no map of where in which source they come from.
      const { code } = await bundle(`${program}.ts`);
      staging.write(`${into}/${program}.js`, code.replace(MAP, ""));
    }
    for (const file of files) staging.copy(join(from, file), `${into}/${file}`);
    const text = await Deno.readTextFile(join(from, "README.md"));
    staging.write(`${into}/README.md`, installedReadme(text, example, into));
  }
}

interface Sources {
  readonly entry: string;
  readonly sdk: string;
  readonly build: string;
}

/** Makes one file of a program or module. */
async function bundled({ entry, sdk, build }: Sources) {
  const folder = await Deno.makeTempDir({ dir: build, prefix: ".stage-" });
  try {
    const { file, sha256 } = await bundleModule({ entry, sdk, into: folder });
    const code = await Deno.readTextFile(file);
    const map = MAP.exec(code)?.[1];
    if (map === undefined) throw new Error(`${basename(file)}: names no source map`);
    return { code, map: await Deno.readTextFile(join(folder, map)), sha256 };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The README of an example whose files are in the folder `into`: what it tells to type is true there. */
function installedReadme(text: string, { name, programs, files }: Example, into: string): string {
  const here = new Set([...files, ...programs.map((program) => `${program}.js`)]);
  const file = `${into}/${name}.js`;
  let installed = text.replace(/^## Code and tests\n[^]*/m, "")
    .replace(`pam-deno add examples/${name}`, `pam-deno add ${file} --sha256 ${into}/${name}.sha256`)
    .replaceAll(`${TREE}/examples/${name}/module.ts`, file);
  for (const program of programs) {
    installed = installed.replaceAll("deno run ", `${DENO} run `)
      .replaceAll(`examples/${name}/${program}.ts`, `${into}/${program}.js`)
      .replaceAll(`${program}.ts`, `${program}.js`);
  }
  // Links to what is not here are their texts.
  return `${
    installed.replace(/\[([^\]]+)\]\(([^):]+)\)/g, (link, text, to) => here.has(to) ? link : text).trimEnd()
  }\n`;
}
