// SPDX-License-Identifier: MIT
/**
 * The compiled code of the runtime, made once for all workers and then only read.
 *
 * It must be made without a module and be out of every module's reach: whoever can write to it decides what V8 executes. A module
 * needs no permission to write to a descriptor that its process happens to have, and Deno keeps its cache files open.
 *
 * @module
 */

import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Launcher, planLaunch } from "./launch.ts";
import { stat } from "../config/place.ts";

const WARM_MAX_MS = 10_000;

/**
 * Makes the cache in `folder`, in place of an older one, and gives its path. If the runtime cannot be run there, that shows when the
 * first worker is started; without a cache workers only start more slowly.
 */
export async function makeCache(folder: string, launcher: Launcher, runtime: string): Promise<string> {
  const cache = join(folder, ".cache");
  removeCache(folder);
  Deno.mkdirSync(cache, { mode: 0o700 });
  const entry = join(folder, ".warm.js");
  Deno.writeTextFileSync(entry, `import ${JSON.stringify(pathToFileURL(runtime).href)};\n`);
  const { command, args, env } = planLaunch(launcher, { entry, permissions: {}, cache, heapMib: 128 });
  // SQLite opens its files for reading alone only if an earlier process has opened what the first one made.
  for (let i = 0; i < 2; i++) {
    await new Deno.Command(command, {
      args: [...args],
      env: { ...env },
      clearEnv: true,
      cwd: "/",
      stdin: "null",
      stdout: "null",
      stderr: "null",
      signal: AbortSignal.timeout(WARM_MAX_MS),
    }).output();
  }
  setModes(cache, 0o555, 0o444);
  return cache;
}

/** Removes the cache in `folder`, if there is one: whoever is not root could not remove folders that are only read. */
export function removeCache(folder: string): void {
  const cache = join(folder, ".cache");
  if (!stat(cache)) return;
  setModes(cache, 0o700, 0o600);
  Deno.removeSync(cache, { recursive: true });
}

function setModes(path: string, folders: number, files: number): void {
  // A folder must be open while its entries are looked at, whichever way it goes.
  Deno.chmodSync(path, 0o700);
  for (const { name, isDirectory, isFile } of [...Deno.readDirSync(path)]) {
    if (isDirectory) setModes(join(path, name), folders, files);
    else if (isFile) Deno.chmodSync(join(path, name), files);
  }
  Deno.chmodSync(path, folders);
}
