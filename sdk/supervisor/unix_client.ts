// SPDX-License-Identifier: MIT
/**
 * A connection to a Unix socket without Deno's permission for the network, which would have to be for all sockets there are.
 *
 * @module
 */

import { unixAddress } from "./descriptors.ts";
import { Errno, errno, libc, LibcError } from "./libc.ts";

const AF_UNIX = 1;
const SOCK_STREAM = 1;
const SOCK_FLAGS = 0o2004000; // close on exec, do not wait
const MSG_NOSIGNAL = 0x4000;

/** How often it is looked whether something has come. */
const POLL_MS = 20;

/** What {@linkcode Deno.Conn} has of this too. */
export interface Line {
  /** Sends bytes, and gives how many were taken. */
  write(bytes: Uint8Array): Promise<number>;
  /** Waits for bytes, and gives how many came; `null` at the end. */
  read(into: Uint8Array): Promise<number | null>;
  /** Ends it. */
  close(): void;
}

/**
 * Connects to the socket at `path`.
 *
 * @throws {LibcError} if nobody listens there, or too many wait there already.
 */
export function connectUnix(path: string): Promise<Line> {
  const { symbols } = libc();
  const address = unixAddress(path);
  const fd = symbols.socket(AF_UNIX, SOCK_STREAM | SOCK_FLAGS, 0);
  if (fd < 0) throw new LibcError("socket", errno());
  if (symbols.connect(fd, address, address.length) !== 0) {
    const reason = errno();
    symbols.close(fd);
    throw new LibcError(`connect(${path})`, reason);
  }
  return Promise.resolve(new UnixLine(fd));
}

class UnixLine implements Line {
  readonly #fd: number;
  #open = true;

  constructor(fd: number) {
    this.#fd = fd;
  }

  write(bytes: Uint8Array): Promise<number> {
    const buffer = new Uint8Array(bytes);
    const { length } = buffer;
    return this.#whenReady(
      "send",
      () => libc().symbols.sendto(this.#fd, buffer, BigInt(length), MSG_NOSIGNAL, new Uint8Array(0), 0),
    );
  }

  async read(into: Uint8Array): Promise<number | null> {
    const buffer = new Uint8Array(into.length);
    const length = await this.#whenReady(
      "read",
      () => libc().symbols.read(this.#fd, buffer, BigInt(buffer.length)),
    );
    into.set(buffer.subarray(0, length));
    return length === 0 ? null : length;
  }

  async #whenReady(name: string, call: () => bigint): Promise<number> {
    for (;;) {
      if (!this.#open) throw new Deno.errors.BadResource("the connection was closed");
      const done = Number(call());
      if (done >= 0) return done;
      const reason = errno();
      if (reason !== Errno.again) throw new LibcError(name, reason);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    libc().symbols.close(this.#fd);
  }
}
