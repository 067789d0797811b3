// SPDX-License-Identifier: MIT
/**
 * Fills the disk under a ledger in SQLite while sessions are open. Started in a mount namespace of its own: it puts a small tmpfs over the
 * module's folder. Prints what was seen as one line of JSON.
 *
 * @module
 */

import { DatabaseSync } from "node:sqlite";
import { join } from "node:path";
import type { PamCode } from "../../../sdk/tokens.ts";
import { NAME, Scene } from "./scene.ts";

/** What {@linkcode main} prints. */
export interface FullDiskSeen {
  /** The code of the session that was opened while there was room. */
  readonly before: PamCode;
  /** The codes of those that were opened when there was none, until one was refused. */
  readonly full: readonly PamCode[];
  /** The code of closing the first one meanwhile. */
  readonly closed: PamCode;
  /** The code of a session that was opened when there was room again. */
  readonly after: PamCode;
  /** What SQLite says of the database at the end. */
  readonly integrity: unknown;
  /** Whether the ledger has, at the end, exactly what applications were told. */
  readonly isRight: boolean;
  /** The system log. */
  readonly log: readonly string[];
}

/** Sessions that are opened at most until one is refused: what SQLite has set aside is used up by then. */
const TRIES_MAX = 200;

function run(program: string, ...args: string[]): void {
  const { success, stderr } = new Deno.Command(program, { args, env: { LD_PRELOAD: "" } }).outputSync();
  if (!success) throw new Error(`${program}: ${new TextDecoder().decode(stderr)}`);
}

function mount(folder: string): void {
  const { uid, gid } = Deno.statSync(folder);
  run("mount", "-t", "tmpfs", "-o", `size=512k,mode=700,uid=${uid},gid=${gid}`, "tmpfs", folder);
}

/** Writes a file until there is no room for a single octet. */
function fill(path: string): void {
  using file = Deno.openSync(path, { write: true, create: true });
  for (let size = 4096; size >= 1; size = size === 4096 ? 1 : 0) {
    try {
      while (true) file.writeSync(new Uint8Array(size));
    } catch (error) {
      if (!/No space left/.test(String(error))) throw error;
    }
  }
}

async function main(): Promise<FullDiskSeen> {
  await using scene = await Scene.start({ kind: "sqlite" });
  const folder = join(scene.harness.keepDir, NAME);
  mount(folder);
  const callers = scene.callers(TRIES_MAX);
  const [first, last, ...others] = callers;
  const before = await first!.open();
  fill(join(folder, "filler"));
  const full: PamCode[] = [];
  for (const caller of others) {
    full.push(await caller.open());
    if (full.at(-1) !== "success") break;
  }
  const closed = await first!.close();
  Deno.removeSync(join(folder, "filler"));
  const after = await last!.open();
  const told = callers.filter(({ isOpen }) => isOpen).map(({ pid }) => pid).sort((a, b) => a - b);
  const isRight = JSON.stringify(await scene.pids()) === JSON.stringify(told);
  const database = new DatabaseSync(join(folder, "sessions.db"), { readOnly: true });
  const integrity = database.prepare("PRAGMA integrity_check").get()?.integrity_check;
  database.close();
  // The worker has the database open still.
  run("umount", "--lazy", folder);
  return { before, full, closed, after, integrity, isRight, log: scene.log };
}

console.log(JSON.stringify(await main()));
