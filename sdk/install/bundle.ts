// SPDX-License-Identifier: MIT
/**
 * Makes one file of a module and all that it imports: an exact thing to run, to audit and to roll back to.
 *
 * The files are copied to a staging folder first, so that the result does not depend on where they were, and so that nothing
 * gets in that was not looked at: only files of the module's own folder, the SDK and the package cache.
 *
 * @module
 */

import { basename, dirname, join, relative, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { parse } from "jsonc-parser";
import { type GraphModule, moduleGraph, runDenoTool } from "./deno_tool.ts";
import { stat } from "../config/place.ts";

/** A bundle that was made, named by the SHA-256 of its bytes. */
export interface Bundle {
  /** The bundle's file. */
  readonly file: string;
  /** Its SHA-256 in hexadecimal. */
  readonly sha256: string;
  /** The files that it was made of, packages left out. */
  readonly inputs: readonly string[];
}

/** Where {@linkcode bundleModule} takes things from and where it puts them. */
export interface BundleOptions {
  /** The module's main file. */
  readonly entry: string;
  /** The folder of `mod.ts`: what `@pam-deno/sdk` stands for. */
  readonly sdk: string;
  /** The folder in which the bundle and its source map are left. */
  readonly into: string;
}

/** A module that cannot be bundled. The message names the file and the remedy. */
export class BundleError extends Error {
  override name = "BundleError";
}

const CONFIG_NAMES = ["deno.json", "deno.jsonc"];
const FORMAT_FLAGS = ["--quiet", "--platform=deno", "--node-modules-dir=none", "--sourcemap=linked"];

/** Bundles a module. Nothing of it is run. */
export async function bundleModule({ entry, sdk, into }: BundleOptions): Promise<Bundle> {
  if (!stat(entry)) throw new BundleError(`${entry}: there is no such file: check "module"`);
  const main = Deno.realPathSync(entry);
  const project = findProject(main);
  const stage = Deno.makeTempDirSync({ dir: into, prefix: ".stage-" });
  try {
    const places: Place[] = [
      { from: project.root, to: "module", owns: () => true },
      {
        from: Deno.realPathSync(sdk),
        to: "sdk",
        owns: (path) => path === "mod.ts" || path.startsWith("sdk/"),
      },
    ];
    const inputs = await readGraph(main, project, places, stage);
    copyInputs(inputs, places, stage);
    writeConfig(project, places, (place) => `./${place.to}/`, stage);
    const out = join(stage, "module.js");
    const staged = join("module", relative(project.root, main));
    await runDenoTool(["bundle", ...FORMAT_FLAGS, `--output=${out}`, staged], stage);
    const [code, map] = [Deno.readTextFileSync(out), Deno.readTextFileSync(`${out}.map`)];
    const named = await nameBundle(code, map, await waysToCache(stage));
    checkSources(named.sources);
    Deno.writeTextFileSync(out, named.code);
    await refuseImports(out, stage);
    Deno.renameSync(out, join(into, named.codeName));
    Deno.writeTextFileSync(join(into, named.mapName), named.map);
    return { file: join(into, named.codeName), sha256: basename(named.codeName, ".js"), inputs };
  } finally {
    Deno.removeSync(stage, { recursive: true });
  }
}

/** A folder whose files may be bundled, and the name of its copy in the staging folder. */
interface Place {
  readonly from: string;
  readonly to: string;
  readonly owns: (path: string) => boolean;
}

interface Project {
  /** The module's folder: that of its deno.json, else that of its main file. */
  readonly root: string;
  /** What its deno.json says. */
  readonly config: Readonly<Record<string, unknown>>;
}

function findProject(main: string): Project {
  for (let at = dirname(main); at !== dirname(at); at = dirname(at)) {
    const file = CONFIG_NAMES.map((name) => join(at, name)).find((path) => stat(path)?.isFile);
    if (file) return { root: at, config: readConfig(file) };
  }
  return { root: dirname(main), config: {} };
}

function readConfig(file: string): Record<string, unknown> {
  const config = parse(Deno.readTextFileSync(file), [], { allowTrailingComma: true });
  if (typeof config !== "object" || config === null) {
    throw new BundleError(`${file}: expected an object { … }`);
  }
  if ("importMap" in config) throw new BundleError(`${file}: "importMap" is not supported: use "imports"`);
  return config;
}

/** Lists what the module is made of, and refuses what does not belong to it. */
async function readGraph(main: string, project: Project, places: Place[], stage: string): Promise<string[]> {
  const folder = join(stage, "graph");
  Deno.mkdirSync(folder);
  writeConfig(project, places, (place) => pathToFileURL(`${place.from}/`).href, folder);
  const flags = [`--config=${join(folder, "deno.json")}`, "--node-modules-dir=none"];
  const graph = await moduleGraph(main, flags, project.root);
  Deno.removeSync(folder, { recursive: true });
  for (const module of graph) refuseErrors(module);
  const files = graph.flatMap(({ specifier, local }) =>
    specifier.startsWith("file:") && local ? [local] : []
  );
  for (const file of files) {
    const real = Deno.realPathSync(file);
    if (!places.some((place) => within(place, file) && within(place, real))) {
      throw new BundleError(
        `${
          within(places[0]!, file) === undefined ? file : `${file} (that is ${real})`
        } is imported but stands outside the module's folder ${project.root}: move it there, or put a deno.json in a folder that holds both`,
      );
    }
  }
  return files;
}

function refuseErrors({ specifier, error, dependencies }: GraphModule): void {
  const broken = dependencies?.find(({ code }) => code?.error);
  const problem = error ?? broken?.code?.error;
  if (problem) throw new BundleError(`${specifier}: ${problem}`);
}

/** The path of `file` in `place`, if it may be bundled. */
function within(place: Place, file: string): string | undefined {
  const path = relative(place.from, file);
  return !path.startsWith("../") && path !== ".." && place.owns(path) ? path : undefined;
}

function copyInputs(files: readonly string[], places: readonly Place[], stage: string): void {
  for (const place of places) {
    for (const file of files) {
      const path = within(place, file);
      if (!path) continue;
      const copy = join(stage, place.to, path);
      Deno.mkdirSync(dirname(copy), { recursive: true });
      Deno.copyFileSync(file, copy);
    }
  }
}

/** Writes the deno.json that imports are resolved with: the module's own, but for the SDK, which is the installed one. */
function writeConfig(
  project: Project,
  places: Place[],
  base: (place: Place) => string,
  folder: string,
): void {
  const [own, sdk] = places as [Place, Place];
  const sdkImports = stat(join(sdk.from, "deno.json")) ? readConfig(join(sdk.from, "deno.json")).imports : {};
  const config = {
    imports: { ...rebase(project.config.imports, base(own)), "@pam-deno/sdk": `${base(sdk)}mod.ts` },
    scopes: { [base(sdk)]: rebase(sdkImports, base(sdk)) },
    ...project.config.compilerOptions ? { compilerOptions: project.config.compilerOptions } : {},
    nodeModulesDir: "none",
  };
  Deno.writeTextFileSync(join(folder, "deno.json"), JSON.stringify(config));
  for (const name of ["deno.lock", "package.json"]) {
    const file = join(project.root, name);
    if (stat(file)?.isFile) Deno.copyFileSync(file, join(folder, name));
  }
}

function rebase(imports: unknown, base: string): Record<string, string> {
  return Object.fromEntries(
    Object.entries(imports ?? {}).map(([name, target]) => [name, String(target).replace(/^\.\//, base)]),
  );
}

/** What {@linkcode nameBundle} gives: both files with their names, which the SHA-256 of their bytes make. */
export interface NamedBundle {
  /** `SHA256.js` */
  readonly codeName: string;
  /** The bundle. */
  readonly code: string;
  /** `SHA256.js.map` */
  readonly mapName: string;
  /** Its source map. */
  readonly map: string;
  /** The inputs, relative to the staging folder or as URLs. */
  readonly sources: readonly string[];
}

/**
 * Names a bundle and its source map by their bytes, after taking out where the package cache of this machine is: the same sources
 * give the same bytes anywhere. `caches` are the ways there from the staging folder.
 */
export async function nameBundle(
  code: string,
  map: string,
  caches: readonly string[],
): Promise<NamedBundle> {
  const parsed = JSON.parse(map) as { sources: string[] };
  const rename = (source: string) => {
    const cache = caches.find((way) => source.startsWith(way));
    return cache === undefined ? source : `npm/${source.slice(cache.length)}`;
  };
  parsed.sources = parsed.sources.map(rename);
  // What is inlined as octets has no place in the source map: only the bundler's comment says where it came from.
  const sources = new Set(parsed.sources);
  const newMap = JSON.stringify(parsed);
  const mapName = `${await sha256(newMap)}.js.map`;
  const lines = code.split("\n").map((line) => {
    if (line.startsWith("//# sourceMappingURL=")) return `//# sourceMappingURL=${mapName}`;
    if (!line.startsWith("// ../")) return line;
    const source = rename(line.slice(3));
    sources.add(source);
    return `// ${source}`;
  });
  const newCode = lines.join("\n");
  return {
    codeName: `${await sha256(newCode)}.js`,
    code: newCode,
    mapName,
    map: newMap,
    sources: [...sources],
  };
}

/** The ways from the staging folder to where Deno keeps npm's packages, with links on them and without. */
async function waysToCache(stage: string): Promise<string[]> {
  const { npmCache } = JSON.parse(await runDenoTool(["info", "--json"], stage));
  const places = stat(npmCache) ? [npmCache, Deno.realPathSync(npmCache)] : [];
  const from = Deno.realPathSync(stage);
  return [...new Set(places.map((place) => `${relative(from, place)}/`))];
}

async function sha256(text: string): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text))).toHex();
}

/** A package may import by paths that the module graph does not list: the source map does. */
function checkSources(sources: readonly string[]): void {
  const strange = sources.find((source) =>
    !/^(?:(?:module|sdk|npm)\/(?!.*\.\.\/)|https:\/\/|dataurl:)/.test(source)
  );
  if (strange) {
    throw new BundleError(`${resolve("/", strange)} would be bundled: a package imports it from outside`);
  }
}

/**
 * Refuses a bundle that still imports something by name: it would be looked for at run time, with the module's permissions. Only
 * `node:` may be.
 */
export async function refuseImports(file: string, cwd: string): Promise<void> {
  const graph = await moduleGraph(file, ["--no-config", "--no-remote", "--no-npm", "--no-lock"], cwd);
  const [left] = graph.flatMap(({ dependencies }) => dependencies ?? []).filter(({ specifier }) =>
    !specifier.startsWith("node:")
  );
  if (left) {
    throw new BundleError(
      `the bundle still imports ${
        JSON.stringify(left.specifier)
      }: only \`node:\` may be imported at run time; import it statically by its name`,
    );
  }
}
