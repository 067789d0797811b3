// SPDX-License-Identifier: MIT
/**
 * Node.js and TypeScript as npm has them, for the test of the npm package: a current Node.js, as the machine's may be of before Temporal.
 * Versions and SHA-512 are those of tests/publish/npm/tools-lock.json, which npm compares; no package runs a script. What was fetched is in
 * build/tools/npm, and is fetched once.
 *
 * Usage: `deno run -A scripts/pack/tools.ts`, as `scripts/setup` does.
 *
 * @module
 */

import { join } from "node:path";

const ROOT = join(import.meta.dirname!, "../..");
const SOURCE = join(ROOT, "tests/publish/npm");

/** Where they are. */
const FOLDER = join(ROOT, "build/tools/npm");
/** Written last: which lock file this folder was made by. */
const STAMP = join(FOLDER, "complete");

/** npm's cache for what is installed here and in tests. */
export const NPM_CACHE: string = join(FOLDER, "cache");

/** As npm's packages name a processor. */
const CPUS: Readonly<Record<string, string>> = { x86_64: "x64", aarch64: "arm64" };

/** What was fetched. */
export interface NpmTools {
  /** The program `node`. */
  readonly node: string;
  /** The TypeScript compiler, to be run by it. */
  readonly tsc: string;
  /** The folder of `@types/node`. */
  readonly types: string;
  /** Whether it was fetched just now. */
  readonly fetched: boolean;
}

/** Runs npm in a folder without asking, telling or running anything of a package. */
export async function npm(folder: string, args: readonly string[]): Promise<void> {
  const quiet = ["--ignore-scripts", "--no-audit", "--no-fund", "--no-update-notifier", "--loglevel=error"];
  const { success, stdout, stderr } = await new Deno.Command("npm", {
    args: [...args, ...quiet, `--cache=${NPM_CACHE}`],
    cwd: folder,
    stdin: "null",
  }).output();
  if (success) return;
  const said = [stdout, stderr].map((octets) => new TextDecoder().decode(octets)).join("");
  throw new Error(`npm ${args[0]} failed in ${folder}: is the registry reachable?\n${said}`);
}

async function isComplete(lock: string): Promise<boolean> {
  return await Deno.readTextFile(STAMP).catch(() => undefined) === lock;
}

/** Fetches what is not there. */
export async function fetchTools(): Promise<NpmTools> {
  const cpu = CPUS[Deno.build.arch];
  if (cpu === undefined) throw new Error(`npm has no Node.js for ${Deno.build.arch}`);
  const lock = await Deno.readTextFile(join(SOURCE, "tools-lock.json"));
  const fetched = !await isComplete(lock);
  if (fetched) {
    await Deno.mkdir(FOLDER, { recursive: true });
    await Deno.copyFile(join(SOURCE, "tools.json"), join(FOLDER, "package.json"));
    await Deno.writeTextFile(join(FOLDER, "package-lock.json"), lock);
    await npm(FOLDER, ["ci"]);
    await Deno.writeTextFile(STAMP, lock);
  }
  const modules = join(FOLDER, "node_modules");
  return {
    node: join(modules, `node-linux-${cpu}/bin/node`),
    tsc: join(modules, "typescript/bin/tsc"),
    types: join(modules, "@types"),
    fetched,
  };
}

if (import.meta.main) {
  const { fetched, node } = await fetchTools();
  if (fetched) console.log(`fetched Node.js and TypeScript from npm: ${node}`);
}
