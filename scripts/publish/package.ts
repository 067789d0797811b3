// SPDX-License-Identifier: MIT
/**
 * Reads a package as it would be published: asks `deno publish --dry-run` for the files, and Deno's module graph for what is needed.
 *
 * @module
 */

import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";
import type { Package } from "./rules.ts";

/** The package cannot be published at all; the message is Deno's. */
export class PublishError extends Error {
  override name = "PublishError";
}

async function deno(folder: string, args: readonly string[]): Promise<{ out: string; err: string }> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [...args],
    cwd: folder,
    env: { NO_COLOR: "1", CI: "true" },
    stdin: "null",
  }).output();
  const [out, err] = [stdout, stderr].map((octets) => new TextDecoder().decode(octets));
  if (!success) throw new PublishError(`deno ${args.join(" ")} in ${folder}:\n${out}${err}`.trimEnd());
  return { out: out!, err: err! };
}

/** The files that `deno publish --dry-run` lists, from the folder. Slow types are its errors. */
async function listFiles(folder: string): Promise<string[]> {
  const { out, err } = await deno(folder, ["publish", "--dry-run", "--allow-dirty", "--no-check"]);
  const listed = [...(out + err).matchAll(/^ +(file:\/\/\S+) \([\d.]+[KM]?B\)$/gm)];
  if (listed.length === 0) {
    throw new PublishError(`deno publish --dry-run listed no file in ${folder}:\n${out}${err}`);
  }
  return listed.map(([, url]) => relative(folder, fileURLToPath(url!)));
}

/** The files of the folder that its exports reach. */
async function reachedFiles(folder: string, entries: readonly string[]): Promise<string[]> {
  const reached = new Set<string>();
  for (const entry of entries) {
    const { out } = await deno(folder, ["info", "--json", entry]);
    const { modules } = JSON.parse(out) as { modules: { local?: string; specifier: string }[] };
    for (const { specifier } of modules) {
      if (!specifier.startsWith("file:")) continue;
      const path = relative(folder, fileURLToPath(specifier));
      if (!path.startsWith("..")) reached.add(path);
    }
  }
  return [...reached].sort();
}

/**
 * Reads the package in a folder, which must be an absolute path without links in it.
 *
 * @throws {PublishError} if Deno would not publish it.
 */
export async function readPackage(folder: string): Promise<Package> {
  const { name, exports } = JSON.parse(await Deno.readTextFile(join(folder, "deno.json")));
  const entries = typeof exports === "string" ? [exports] : Object.values<string>(exports);
  const [files, reached] = await Promise.all([listFiles(folder), reachedFiles(folder, entries)]);
  const texts = files.map(async (path) => [path, await Deno.readTextFile(join(folder, path))] as const);
  return { name, files: new Map(await Promise.all(texts)), reached };
}
