// SPDX-License-Identifier: MIT
/**
 * Makes one file of a module and all that it imports: an exact thing to run, to audit and to roll back to.
 *
 * The files are copied to a staging folder first, so that the result does not depend on where they were, and so that nothing
 * gets in that was not looked at: only files of the module's own folder, the SDK and the package cache.
 *
 * @module
 */

import { dirname, join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { builtinRefusal } from "../refused_builtins.ts";
import { stat } from "../config/place.ts";
import { nameBundle, type Origins, strangeSource } from "./bundle_names.ts";
import { type GraphModule, moduleGraph, runDenoTool } from "./deno_tool.ts";
import {
  type Place,
  type Places,
  type Project,
  publishedNames,
  publishedNamesIn,
  readProject,
  writeConfig,
} from "./import_map.ts";
import { findLocalModule } from "./stage.ts";

/** A bundle that was made, named by the SHA-256 of its bytes. */
export interface Bundle {
  /** The bundle's file: `SHA256.js`. Its last line names the source map beside it. */
  readonly file: string;
  /** Its SHA-256 in hexadecimal. */
  readonly sha256: string;
  /** The files that it was made of, packages left out. */
  readonly inputs: readonly string[];
  /** The text of the deno.lock that names its packages; `undefined` if it has none. */
  readonly lock: string | undefined;
}

/** Where {@linkcode bundleModule} takes things from and where it puts them. */
export interface BundleOptions {
  /** The module's main file. */
  readonly entry: string;
  /** The module's folder; by default the one that {@linkcode findLocalModule} finds. */
  readonly root?: string | undefined;
  /**
   * The folder of its deno.json; by default its own. Where it is another, Deno finds none above the module's files, which could be that of
   * a workspace and mean other things.
   */
  readonly manifests?: string | undefined;
  /** The folder of `mod.ts`: what `@pam-deno/sdk` stands for. */
  readonly sdk: string;
  /** The folder in which the bundle and its source map are left. */
  readonly into: string;
}

/** A module that cannot be bundled. The message names the file and the remedy. */
export class BundleError extends Error {
  override name = "BundleError";
}

const FORMAT_FLAGS = ["--quiet", "--platform=deno", "--node-modules-dir=none", "--sourcemap=linked"];

/** How often the module graph is read again because it names the published SDK in a way that was not known yet. */
const GRAPH_READS_MAX = 4;

/** Bundles a module. Nothing of it is run, but its sources are read as whoever calls this. */
export async function bundleModule({ entry, root, manifests, sdk, into }: BundleOptions): Promise<Bundle> {
  if (!stat(entry)) throw new BundleError(`${entry}: there is no such file: check "module"`);
  const main = Deno.realPathSync(entry);
  const folder = root === undefined ? findLocalModule(main).folder : Deno.realPathSync(root);
  const project = { ...readProject(manifests ?? folder), root: folder };
  const stage = Deno.makeTempDirSync({ dir: into, prefix: ".stage-" });
  try {
    const places: Places = {
      own: { from: project.root, to: "module", owns: () => true },
      sdk: {
        from: Deno.realPathSync(sdk),
        to: "sdk",
        owns: (path) => path === "mod.ts" || path.startsWith("sdk/"),
      },
    };
    const { inputs, published } = await readGraph(main, project, places, stage);
    copyInputs(inputs, places, stage);
    writeConfig(project, places, (place) => `./${place.to}/`, published, stage);
    const out = join(stage, "module.js");
    const staged = join("module", relative(project.root, main));
    await runDenoTool(["bundle", ...FORMAT_FLAGS, `--output=${out}`, staged], stage);
    const [code, map] = [Deno.readTextFileSync(out), Deno.readTextFileSync(`${out}.map`)];
    const named = await nameBundle(code, map, await originsOf(stage));
    const strange = strangeSource(named.sources);
    if (strange) throw new BundleError(`${strange} would be bundled: a package imports it from outside`);
    Deno.writeTextFileSync(out, named.code);
    await refuseImports(out, stage);
    const file = join(into, `${named.sha256}.js`);
    Deno.writeTextFileSync(join(into, named.mapName), named.map);
    Deno.renameSync(out, file);
    return { file, sha256: named.sha256, inputs, lock: readLock(stage) };
  } finally {
    Deno.removeSync(stage, { recursive: true });
  }
}

function readLock(stage: string): string | undefined {
  const lock = join(stage, "deno.lock");
  return stat(lock)?.isFile ? Deno.readTextFileSync(lock) : undefined;
}

/** Lists what the module is made of, and refuses what does not belong to it. */
async function readGraph(
  main: string,
  project: Project,
  places: Places,
  stage: string,
): Promise<{ inputs: string[]; published: ReadonlySet<string> }> {
  const folder = join(stage, "graph");
  Deno.mkdirSync(folder);
  const published = new Set(publishedNames(Deno.readTextFileSync(main)));
  const graph = await readWholeGraph(main, project, places, published, folder);
  Deno.removeSync(folder, { recursive: true });
  for (const module of graph) refuseErrors(module);
  const files = graph.flatMap(({ specifier, local }) =>
    specifier.startsWith("file:") && local ? [local] : []
  );
  for (const file of files) {
    const real = Deno.realPathSync(file);
    if (![places.own, places.sdk].some((place) => within(place, file) && within(place, real))) {
      throw new BundleError(
        `${
          within(places.own, file) === undefined ? file : `${file} (that is ${real})`
        } is imported but stands outside the module's folder ${project.root}: move it there, or put a deno.json in a folder that holds both, and add that folder`,
      );
    }
  }
  return { inputs: files, published };
}

/** Reads the graph until it names the published SDK in no way that `published` does not hold. */
async function readWholeGraph(
  main: string,
  project: Project,
  places: Places,
  published: Set<string>,
  folder: string,
): Promise<readonly GraphModule[]> {
  const flags = [`--config=${join(folder, "deno.json")}`, "--node-modules-dir=none"];
  for (let read = 1;; read++) {
    writeConfig(project, places, (place) => pathToFileURL(`${place.from}/`).href, published, folder);
    const graph = await moduleGraph(main, flags, project.root);
    const more = publishedNamesIn(graph).filter((name) => !published.has(name));
    if (more.length === 0 || read === GRAPH_READS_MAX) return graph;
    for (const name of more) published.add(name);
  }
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

function copyInputs(files: readonly string[], { own, sdk }: Places, stage: string): void {
  for (const place of [own, sdk]) {
    for (const file of files) {
      const path = within(place, file);
      if (!path) continue;
      const copy = join(stage, place.to, path);
      Deno.mkdirSync(dirname(copy), { recursive: true });
      Deno.copyFileSync(file, copy);
    }
  }
}

/** Where Deno keeps packages, seen from the staging folder, with links on the way and without; and where JSR's files are. */
async function originsOf(stage: string): Promise<Origins> {
  const { npmCache } = JSON.parse(await runDenoTool(["info", "--json"], stage));
  const from = Deno.realPathSync(stage);
  const ways = new Set<string>();
  for (const place of stat(npmCache) ? [npmCache, Deno.realPathSync(npmCache)] : []) {
    for (const registry of registriesIn(place)) ways.add(`${relative(from, registry)}/`);
  }
  return { npm: [...ways], jsr: new URL(Deno.env.get("JSR_URL") ?? "https://jsr.io/").href };
}

/** The folders of registries in the package cache: a package's folder has `registry.json` in it, or is a scope with such folders. */
function registriesIn(folder: string): string[] {
  const inner = [...Deno.readDirSync(folder)].filter(({ isDirectory }) => isDirectory).map(({ name }) =>
    join(folder, name)
  );
  const isPackage = (path: string) => stat(join(path, "registry.json")) !== undefined;
  return inner.flatMap((path) => {
    const packages = [...Deno.readDirSync(path)].filter(({ isDirectory }) => isDirectory);
    const holds = packages.some(({ name }) => isPackage(join(path, name)) || name.startsWith("@"));
    return holds ? [path] : registriesIn(path);
  });
}

/**
 * Refuses a bundle that still imports something by name: it would be looked for at run time, with the module's permissions. Only
 * `node:` may be.
 */
export async function refuseImports(file: string, cwd: string): Promise<void> {
  const graph = await moduleGraph(file, ["--no-config", "--no-remote", "--no-npm", "--no-lock"], cwd);
  const imports = graph.flatMap(({ dependencies }) => dependencies ?? []);
  for (const { specifier } of imports) {
    const refusal = builtinRefusal(specifier);
    if (refusal) throw new BundleError(`the bundle imports ${specifier}, which no module may: ${refusal}`);
  }
  const left = imports.find(({ specifier }) => !specifier.startsWith("node:"));
  if (left) {
    throw new BundleError(
      `the bundle still imports ${
        JSON.stringify(left.specifier)
      }: only \`node:\` may be imported at run time; import it statically by its name`,
    );
  }
}
