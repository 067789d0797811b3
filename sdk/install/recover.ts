// SPDX-License-Identifier: MIT
/**
 * Puts back what an interrupted command left half-done, and removes what belongs to nothing.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { join } from "node:path";
import { configFile, type Layout, moduleStateDir } from "../config/layout.ts";
import { stat } from "../config/place.ts";
import type { Home } from "./home.ts";
import { type Interrupted, isPending, lockState, undo } from "./journal.ts";
import { readRecord, RecordError } from "./record.ts";
import { removeStages } from "./stage.ts";

/**
 * Finishes what was interrupted, so that everything is as it was before. Only whoever holds the lock of the state folder may call it.
 *
 * @returns the module that something was put back of.
 */
export async function recover(layout: Layout, home: Home): Promise<string | undefined> {
  const found = undo(layout);
  removeStages(layout);
  const modules = join(layout.stateDir, "modules");
  if (stat(modules)) {
    for (const { name } of [...Deno.readDirSync(modules)]) prune(layout, name);
  }
  for (const folder of ["modules", "hooks"]) removeLeft(join(layout.configDir, folder));
  if (found) await settle(layout, home, found);
  return found?.name;
}

/**
 * Finishes what was interrupted, if something was: for commands that change nothing themselves.
 *
 * @returns the module that something was put back of.
 * @throws {InstallError} if somebody is changing what is installed at this moment.
 */
export async function recoverIfPending(layout: Layout, home: Home): Promise<string | undefined> {
  if (!isPending(layout)) return undefined;
  using _lock = lockState(layout);
  return await recover(layout, home);
}

/** Makes whoever runs modules take what is there again. */
export async function settle(
  layout: Layout,
  home: Home,
  { name, running, unitChanged }: Interrupted,
): Promise<void> {
  if (!stat(configFile(layout, name))) {
    if (await home.isRunning(name)) await home.stop(name);
  } else if (running) await home.reload(name, unitChanged);
}

/** Removes the bundles of a module that its record does not name; all of them, if there is no record. */
export function prune(layout: Layout, name: string): void {
  const folder = moduleStateDir(layout, name);
  if (!stat(folder)) return;
  let record;
  try {
    record = readRecord(layout, name);
  } catch (error) {
    // Nobody knows what it named.
    if (error instanceof RecordError) return;
    throw error;
  }
  if (!record) return Deno.removeSync(folder, { recursive: true });
  const wanted = new Set(["installed.json"]);
  let damaged = false;
  for (const { sha256 } of [record.current, ...record.previous]) {
    for (const file of [`${sha256}.js`, `${sha256}.lock`]) wanted.add(file);
    const found = readBundle(join(folder, `${sha256}.js`), sha256);
    damaged ||= found === undefined;
    if (found?.map) wanted.add(found.map);
  }
  for (const { name: file } of [...Deno.readDirSync(folder)]) {
    // Whose the source maps are, only the bundles say: while one is damaged, all are kept for whoever looks into it.
    if (wanted.has(file) || (damaged && file.endsWith(".js.map"))) continue;
    Deno.removeSync(join(folder, file), { recursive: true });
  }
}

/** The source map that a bundle names in its last line; `undefined` if the bundle is not the one that was installed. */
function readBundle(file: string, sha256: string): { map: string | undefined } | undefined {
  if (!stat(file)?.isFile) return undefined;
  const bytes = Deno.readFileSync(file);
  if (createHash("sha256").update(bytes).digest("hex") !== sha256) return undefined;
  const [, map] =
    /\n\/\/# sourceMappingURL=([0-9a-f]{64}\.js\.map)\s*$/.exec(new TextDecoder().decode(bytes)) ?? [];
  return { map };
}

/** Removes what {@linkcode undo} does not know of: it came after the journal was gone, or before it was there. */
function removeLeft(folder: string): void {
  if (!stat(folder)) return;
  for (const { name } of [...Deno.readDirSync(folder)]) {
    if (/^\..*\.(?:old|new)$/.test(name)) Deno.removeSync(join(folder, name));
  }
}
