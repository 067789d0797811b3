// SPDX-License-Identifier: MIT
/**
 * The program that bundles a stranger's module: `build/bundler.js`. It is started as a throwaway user, reads one request as JSON from its
 * standard input and answers with one line of JSON. Nothing of the module is run.
 *
 * @module
 */

import { join, relative } from "node:path";
import { BundleError, bundleModule, refuseImports } from "./bundle.ts";
import { DenoToolError } from "./deno_tool.ts";
import { mainOf, ProjectError, readProject } from "./import_map.ts";
import { PackageError, unpackPackage } from "./npm_package.ts";

/** What is to be bundled. */
export type BundlerRequest =
  & {
    /** The folder of the module's sources, or of the ready bundle. */
    readonly folder: string;
    /** An empty folder to work in. */
    readonly into: string;
    /** The folder of the SDK's `mod.ts`. */
    readonly sdk: string;
  }
  & (
    | {
      readonly kind: "folder";
      /** The main file, from the folder; by default what its deno.json names. */
      readonly main?: string | undefined;
    }
    | { readonly kind: "npm" | "jsr"; readonly name: string; readonly version: string }
    | {
      readonly kind: "ready";
      /** The bundle's file, from the folder. */
      readonly main: string;
    }
  );

/** What came of it. Whoever reads it checks it: it comes from a process that read what a stranger wrote. */
export type BundlerAnswer =
  | {
    /** The main file, from the folder. */
    readonly main: string;
    /** The bundle. */
    readonly code: string;
    /** Its source map, which the last line of the code names by its SHA-256. */
    readonly map?: string | undefined;
    /** The deno.lock that names its packages. */
    readonly lock?: string | undefined;
  }
  | {
    /** What is wrong, for people. */
    readonly error: string;
  };

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
  const { file, lock } = await bundleModule({ entry: join(folder, main), sdk, into });
  const code = Deno.readTextFileSync(file);
  const mapName = /^\/\/# sourceMappingURL=(\w+\.js\.map)$/m.exec(code)?.[1];
  const map = mapName === undefined ? undefined : Deno.readTextFileSync(join(into, mapName));
  return { main: relative(folder, join(folder, main)), code, map, lock };
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
  const request = JSON.parse(await new Response(Deno.stdin.readable).text()) as BundlerRequest;
  const said = new TextEncoder().encode(`${JSON.stringify(await answer(request))}\n`);
  for (let at = 0; at < said.length;) at += Deno.stdout.writeSync(said.subarray(at));
}
