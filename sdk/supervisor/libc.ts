// SPDX-License-Identifier: MIT
/**
 * The few functions of libc that Deno has no API for. Only the supervisor and the libpam client use FFI, never a worker.
 *
 * @module
 */

const SYMBOLS = {
  socket: {
    parameters: [
      "i32", // int domain
      "i32", // int type
      "i32", // int protocol
    ],
    result: "i32",
  },
  bind: {
    parameters: [
      "i32", // int sockfd
      "buffer", // const struct sockaddr *addr
      "u32", // socklen_t addrlen
    ],
    result: "i32",
  },
  listen: {
    parameters: [
      "i32", // int sockfd
      "i32", // int backlog
    ],
    result: "i32",
  },
  close: {
    parameters: [
      "i32", // int fd
    ],
    result: "i32",
  },
  // Since glibc 2.34 and Linux 5.11.
  close_range: {
    parameters: [
      "u32", // unsigned int first
      "u32", // unsigned int last
      "i32", // int flags
    ],
    result: "i32",
    optional: true,
  },
} as const satisfies Deno.ForeignLibraryInterface;

/** The names under which libc may be found. */
const NAMES = ["libc.so.6", "libc.so"];

const AF_UNIX = 1;
const SOCK_STREAM = 1;
const SOCK_CLOEXEC = 0o2000000;
const CLOSE_RANGE_CLOEXEC = 4;

/** Callers that may wait to be accepted; the kernel lowers it to `net.core.somaxconn`. */
const BACKLOG = 4095;

/** Bytes of `sun_path` without its terminator. */
export const SOCKET_PATH_MAX = 107;

/** libc, opened. */
export type Libc = Deno.DynamicLibrary<typeof SYMBOLS>;

/**
 * Opens libc.
 *
 * @throws {Deno.errors.NotCapable} without permission to use FFI.
 */
export function openLibc(): Libc {
  let first: unknown;
  for (const name of NAMES) {
    try {
      return Deno.dlopen(name, SYMBOLS);
    } catch (error) {
      if (error instanceof Deno.errors.NotCapable) throw error;
      first ??= error;
    }
  }
  throw new Error(`Cannot open libc (${NAMES.join(", ")})`, { cause: first });
}

/** Keeps descriptors that this process was itself started with from its children. Gives whether it could. */
export function closeOnExec({ symbols }: Libc): boolean {
  return symbols.close_range?.(3, 0xffffffff, CLOSE_RANGE_CLOEXEC) === 0;
}

/**
 * Makes a listening Unix socket at `path`, which must not exist. Workers inherit the descriptor only where it is handed to them.
 *
 * @returns The descriptor.
 * @throws {RangeError} if the path is longer than a socket's may be.
 */
export function listenAt({ symbols }: Libc, path: string): number {
  const bytes = new TextEncoder().encode(path);
  if (bytes.length > SOCKET_PATH_MAX) {
    throw new RangeError(
      `The path of a socket may have ${SOCKET_PATH_MAX} bytes, ${path} has ${bytes.length}: use a shorter --runtime-dir`,
    );
  }
  const address = new Uint8Array(2 + bytes.length + 1);
  new DataView(address.buffer).setUint16(0, AF_UNIX, isLittleEndian());
  address.set(bytes, 2);
  const fd = symbols.socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) throw new Error("Cannot make a socket: socket(2) failed, see `ulimit -n`");
  // Nobody but the owner may connect, not even between bind(2) and a chmod(2).
  const umask = Deno.umask(0o177);
  const bound = symbols.bind(fd, address, address.length);
  Deno.umask(umask);
  if (bound !== 0 || symbols.listen(fd, BACKLOG) !== 0) {
    symbols.close(fd);
    throw new Error(`Cannot bind a socket to ${path}: check that its folder can be written to`);
  }
  return fd;
}

function isLittleEndian(): boolean {
  return new Uint8Array(new Uint16Array([1]).buffer)[0] === 1;
}
