// SPDX-License-Identifier: MIT
/**
 * Upgrades a module while the disk of the state folder has only so many octets left, and prints what came of it as JSON. It is started in a
 * mount namespace of its own, with a small file system at the state folder.
 *
 * @module
 */

import { statfsSync } from "node:fs";
import { join } from "node:path";
import { addModule } from "../../../sdk/install/add.ts";
import type { Layout } from "../../../sdk/config/layout.ts";
import { contents } from "./site.ts";

/** What came of one upgrade. */
export interface FullDiskResult {
  /** The octets that were left. */
  readonly free: number;
  /** What was said, if it was refused. */
  readonly error: string | undefined;
  /** Whether everything is as it was. */
  readonly same: boolean;
}

if (import.meta.main) {
  const { layout, first, second, room } = JSON.parse(Deno.args[0]!) as {
    layout: Layout;
    first: string;
    second: string;
    room: readonly number[];
  };
  const add = (specifier: string) =>
    addModule({ layout, specifier, name: "gate", start: false }, {
      progress: () => {},
      confirm: () => Promise.resolve(true),
    });
  const state = () =>
    JSON.stringify({ ...contents(layout.configDir), ...contents(join(layout.stateDir, "modules")) });
  await add(first);
  const filler = join(layout.stateDir, "filler");
  const results: FullDiskResult[] = [];
  for (const free of room) {
    const before = state();
    const { bavail, bsize } = statfsSync(layout.stateDir);
    Deno.writeFileSync(filler, new Uint8Array(Math.max(0, bavail * bsize - free)));
    const error = await add(second).then(() => undefined, ({ message }: Error) => message);
    results.push({ free, error, same: state() === before });
    Deno.removeSync(filler);
  }
  Deno.stdout.writeSync(new TextEncoder().encode(JSON.stringify(results)));
}
