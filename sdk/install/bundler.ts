// SPDX-License-Identifier: MIT
/**
 * The program that bundles a stranger's module: `build/bundler.js`. It is started as a throwaway user, reads one request as JSON from its
 * standard input and answers with one line of JSON. Nothing of the module is run.
 *
 * With an argument it is started by a `serve` that may do less, and starts itself as the throwaway user.
 *
 * @module
 */

import { join, relative } from "node:path";
import { BundleError, bundleModule, refuseImports } from "./bundle.ts";
import {
  type BundlerAnswer,
  type BundlerRequest,
  FROM_SOURCES,
  type SourcesRequest,
} from "./bundler_words.ts";
import { DenoToolError } from "./deno_tool.ts";
import { mainOf, ProjectError, readProject } from "./import_map.ts";
import { PackageError, unpackPackage } from "./npm_package.ts";
import { bundleSources } from "./throwaway.ts";

const OWN_ERRORS = [BundleError, DenoToolError, ProjectError, PackageError];

async function answer(request: BundlerRequest): Promise<BundlerAnswer> {
  try {
    return await bundle(request);
  } catch (error) {
    if (OWN_ERRORS.some((own) => error instanceof own)) return { error: (error as Error).message };
    throw error;
  }
}

async function bundle(request: BundlerRequest): Promise<BundlerAnswer> {
  const { folder, into, sdk } = request;
  if (request.kind === "ready") {
    await refuseImports(join(folder, request.main), into);
    return { main: request.main, code: Deno.readTextFileSync(join(folder, request.main)) };
  }
  const main = await prepareMain(request);
  const { file, lock, inputs } = await bundleModule({
    entry: join(folder, main),
    root: folder,
    manifests: request.kind === "folder" ? request.manifests : undefined,
    sdk,
    into,
  });
  const code = Deno.readTextFileSync(file);
  const mapName = /^\/\/# sourceMappingURL=(\w+\.js\.map)$/m.exec(code)?.[1];
  const map = mapName === undefined ? undefined : Deno.readTextFileSync(join(into, mapName));
  return { main: relative(folder, join(folder, main)), code, map, lock, inputs };
}

/** Gets what is not there yet, and gives the main file from the folder. */
async function prepareMain(request: Exclude<BundlerRequest, { kind: "ready" }>): Promise<string> {
  const { folder } = request;
  switch (request.kind) {
    case "folder":
      return request.main ?? mainOf(readProject(folder));
    case "npm":
      await unpackPackage(request.name, request.version, folder);
      return mainOf(readProject(folder));
    case "jsr": {
      const specifier = `jsr:${request.name}@${request.version}`;
      Deno.writeTextFileSync(
        join(folder, "main.ts"),
        `export { default } from ${JSON.stringify(specifier)};\n`,
      );
      return "main.ts";
    }
  }
}

if (import.meta.main) {
  const request = JSON.parse(await new Response(Deno.stdin.readable).text());
  const came = Deno.args[0] === FROM_SOURCES
    ? await bundleSources(request as SourcesRequest)
    : await answer(request as BundlerRequest);
  const said = new TextEncoder().encode(`${JSON.stringify(came)}\n`);
  for (let at = 0; at < said.length;) at += Deno.stdout.writeSync(said.subarray(at));
}
