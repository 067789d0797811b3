// SPDX-License-Identifier: MIT
/**
 * The listening socket of a module: made before its worker, kept while workers come and go.
 *
 * @module
 */

import { join } from "node:path";
import { listenAt, replaceDescriptor } from "./descriptors.ts";
import { libc } from "./libc.ts";
import { PlaceError, stat } from "../config/place.ts";

/** A module's listening socket. Whoever holds it keeps callers waiting in its backlog while there is no worker. */
export interface ModuleSocket extends Disposable {
  /** Where it is bound, once it is published. */
  readonly path: string;
  /** The descriptor to hand to a worker. */
  readonly fd: number;
  /** Gives it its name: from now on callers find it. */
  publish(): void;
  /**
   * Puts a new socket in the place of this one, under the same name and the same number of its descriptor. Who waited at the old one
   * is turned away when the last has closed it, and who holds it from before gets nothing any more.
   */
  renew(): void;
}

/**
 * Binds `NAME.sock` in a runtime directory. It appears under its name only when it is complete: mode 0600, listening.
 * Disposing removes and closes it.
 *
 * @throws {PlaceError} if something that is not a socket stands in its place.
 */
export function bindModuleSocket(runtimeDir: string, name: string): ModuleSocket {
  const socket = prepareModuleSocket(runtimeDir, name);
  try {
    socket.publish();
    return socket;
  } catch (error) {
    socket[Symbol.dispose]();
    throw error;
  }
}

/**
 * Makes such a socket under another name, which nobody looks for, until it is published.
 *
 * @throws {PlaceError} if something that is not a socket stands in its place.
 */
export function prepareModuleSocket(runtimeDir: string, name: string): ModuleSocket {
  const path = join(runtimeDir, `${name}.sock`);
  const found = stat(path);
  if (found && !found.isSocket) throw new PlaceError(`${path} is in the way: it is not a socket; remove it`);
  const temporary = `${path}~`;
  const listen = () => {
    if (stat(temporary)) Deno.removeSync(temporary);
    return listenAt(temporary);
  };
  const fd = listen();
  let inode = stat(temporary)?.ino;
  let open = true;
  return {
    path,
    fd,
    publish() {
      Deno.chmodSync(temporary, 0o600);
      Deno.renameSync(temporary, path);
    },
    renew() {
      if (!open) return;
      replaceDescriptor(fd, listen());
      inode = stat(temporary)?.ino;
      this.publish();
    },
    [Symbol.dispose]() {
      if (!open) return;
      open = false;
      // Somebody may have put another socket there since.
      for (const name of [temporary, path]) if (stat(name)?.ino === inode) Deno.removeSync(name);
      libc().symbols.close(fd);
    },
  };
}
