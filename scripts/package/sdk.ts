// SPDX-License-Identifier: MIT
/**
 * The SDK as the package has it: the sources that a module's bundle may be made of, so that bundling needs no network.
 *
 * @module
 */

import { join, relative } from "node:path";
import { run, type Staging } from "./files.ts";

interface GraphModule {
  readonly local?: string;
  readonly specifier: string;
  readonly dependencies?: readonly { readonly specifier: string; readonly code?: unknown }[];
}

/**
 * Copies the SDK that deno.json of the tree `root` exports to the folder `into`, and what it takes from npm as one file each. The deno.json
 * there makes it the package of that name and version: modules that `pam-deno new` made have it in their `links`.
 */
export async function stageSdk(staging: Staging, root: string, into: string): Promise<void> {
  const { name, version, license, exports } = JSON.parse(await Deno.readTextFile(join(root, "deno.json")));
  const modules = new Map<string, GraphModule>();
  for (const entry of Object.values<string>(exports)) {
    for (const one of await graphOf(entry, root)) modules.set(one.specifier, one);
  }
  const own = [...modules.values()].filter(({ specifier }) => specifier.startsWith("file:"));
  for (const { local } of own) staging.copy(local!, join(into, relative(root, local!)));
  const taken = own.flatMap(({ dependencies }) => dependencies ?? [])
    .filter(({ specifier, code }) => code && !/^(?:\.|node:)/.test(specifier))
    .map(({ specifier }) => specifier);
  const imports: Record<string, string> = {};
  for (const name of [...new Set(taken)].sort()) {
    const file = `sdk/npm/${name.replaceAll(/[^a-z0-9]+/g, "_").replace(/^_/, "")}.js`;
    await bundlePackage(name, root, staging.at(join(into, file)));
    imports[name] = `./${file}`;
  }
  const config = { name, version, license, exports, imports };
  staging.write(join(into, "deno.json"), `${JSON.stringify(config, null, 2)}\n`);
}

async function graphOf(entry: string, root: string): Promise<readonly GraphModule[]> {
  return JSON.parse(await run([Deno.execPath(), "info", "--json", entry], { cwd: root })).modules;
}

/** All that a package exports, in one file. */
async function bundlePackage(name: string, root: string, output: string): Promise<void> {
  const stage = await Deno.makeTempDir({ dir: join(root, "build"), prefix: ".stage-" });
  try {
    const entry = join(stage, "entry.js");
    await Deno.writeTextFile(entry, `export * from ${JSON.stringify(name)};\n`);
    await run([
      Deno.execPath(),
      "bundle",
      "--quiet",
      "--platform=deno",
      `--output=${join(stage, "out.js")}`,
      `--config=${join(root, "deno.json")}`,
      entry,
    ], { cwd: root });
    const text = await Deno.readTextFile(join(stage, "out.js"));
    // The bundler says above each part which file it was: where this machine keeps packages is nobody's business.
    await Deno.writeTextFile(output, text.replace(/^\/\/ (?:\.\.|build)\/.*\n/gm, ""));
    await Deno.chmod(output, 0o644);
  } finally {
    await Deno.remove(stage, { recursive: true });
  }
}
