// SPDX-License-Identifier: MIT
/**
 * The listening socket of a module: made before its worker, kept while workers come and go.
 *
 * @module
 */

import { join } from "node:path";
import { type Libc, listenAt } from "./libc.ts";
import { PlaceError, stat } from "../config/place.ts";

/** A module's listening socket. Whoever holds it keeps callers waiting in its backlog while there is no worker. */
export interface ModuleSocket extends Disposable {
  /** Where it is bound. */
  readonly path: string;
  /** The descriptor to hand to a worker. */
  readonly fd: number;
}

/**
 * Binds `NAME.sock` in a runtime directory. It appears under its name only when it is complete: mode 0600, listening.
 * Disposing removes and closes it.
 *
 * @throws {PlaceError} if something that is not a socket stands in its place.
 */
export function bindModuleSocket(libc: Libc, runtimeDir: string, name: string): ModuleSocket {
  const path = join(runtimeDir, `${name}.sock`);
  const found = stat(path);
  if (found && !found.isSocket) throw new PlaceError(`${path} is in the way: it is not a socket; remove it`);
  const temporary = `${path}~`;
  if (stat(temporary)) Deno.removeSync(temporary);
  const fd = listenAt(libc, temporary);
  try {
    Deno.chmodSync(temporary, 0o600);
    Deno.renameSync(temporary, path);
  } catch (error) {
    libc.symbols.close(fd);
    throw error;
  }
  const inode = stat(path)?.ino;
  let open = true;
  return {
    path,
    fd,
    [Symbol.dispose]() {
      if (!open) return;
      open = false;
      // Somebody may have put another socket there since.
      if (stat(path)?.ino === inode) Deno.removeSync(path);
      libc.symbols.close(fd);
    },
  };
}
