// SPDX-License-Identifier: MIT
/**
 * Listening descriptors: made here, or handed over by a service manager, and inherited by nobody but workers.
 *
 * @module
 */

import { libc } from "./libc.ts";

const AF_UNIX = 1;
const SOCK_STREAM = 1;
const SOCK_CLOEXEC = 0o2000000;
const SOL_SOCKET = 1;
const SO_TYPE = 3;
const SO_ACCEPTCONN = 30;
const SO_DOMAIN = 39;
const CLOSE_RANGE_CLOEXEC = 4;
const F_SETFD = 2;
const FD_CLOEXEC = 1;
const O_CLOEXEC = 0o2000000;

/** Callers that may wait to be accepted; the kernel lowers it to `net.core.somaxconn`. */
const BACKLOG = 4095;

/** Bytes of `sun_path` without its terminator. */
export const SOCKET_PATH_MAX = 107;

/** The first descriptor that a service manager hands over; see sd_listen_fds(3). */
const LISTEN_FDS_START = 3;

/** A descriptor that was handed over and cannot be served. The message says what it is and the remedy. */
export class HandedOverError extends Error {
  override name = "HandedOverError";
}

/** An address of a Unix socket, as bind(2) takes it. A name that begins with `@` is one of the kernel's, not of a file. */
export function unixAddress(path: string): Uint8Array<ArrayBuffer> {
  const bytes = new TextEncoder().encode(path);
  if (bytes.length > SOCKET_PATH_MAX) {
    throw new RangeError(
      `The path of a socket may have ${SOCKET_PATH_MAX} bytes, ${path} has ${bytes.length}: use a shorter --runtime-dir`,
    );
  }
  const abstract = path.startsWith("@");
  // The terminator belongs to a path, and would belong to an abstract name.
  const address = new Uint8Array(2 + bytes.length + (abstract ? 0 : 1));
  new Uint16Array(address.buffer, 0, 1)[0] = AF_UNIX;
  address.set(bytes, 2);
  if (abstract) address[2] = 0;
  return address;
}

/**
 * Makes a listening Unix socket at `path`, which must not exist. Workers inherit the descriptor only where it is handed to them.
 *
 * @returns The descriptor.
 * @throws {RangeError} if the path is longer than a socket's may be.
 */
export function listenAt(path: string): number {
  const { symbols } = libc();
  const address = unixAddress(path);
  const fd = symbols.socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) throw new Error("Cannot make a socket: socket(2) failed, see `ulimit -n`");
  // Nobody but the owner may connect, not even between bind(2) and a chmod(2).
  const umask = symbols.umask(0o177);
  const bound = symbols.bind(fd, address, address.length);
  symbols.umask(umask);
  if (bound !== 0 || symbols.listen(fd, BACKLOG) !== 0) {
    symbols.close(fd);
    throw new Error(`Cannot bind a socket to ${path}: check that its folder can be written to`);
  }
  return fd;
}

/**
 * The listening socket that a service manager handed over, or `undefined` if it handed over nothing; see sd_listen_fds(3).
 *
 * @throws {HandedOverError} if it is not one listening Unix stream socket.
 */
export function handedOver(env: { get(name: string): string | undefined }, pid: number): number | undefined {
  const count = Number(env.get("LISTEN_FDS") ?? 0);
  // Variables that are meant for another process are inherited like all others.
  if (!count || env.get("LISTEN_PID") !== String(pid)) return undefined;
  if (count !== 1) {
    throw new HandedOverError(`${count} sockets were handed over: give the socket unit one ListenStream=`);
  }
  const fd = LISTEN_FDS_START;
  const is = { domain: socketOption(fd, SO_DOMAIN), type: socketOption(fd, SO_TYPE) };
  if (is.domain !== AF_UNIX || is.type !== SOCK_STREAM || socketOption(fd, SO_ACCEPTCONN) !== 1) {
    throw new HandedOverError(
      `Descriptor ${fd} that was handed over is not a listening Unix stream socket: use ListenStream=/run/…, and Accept=no`,
    );
  }
  inherit(fd, false);
  return fd;
}

function socketOption(fd: number, option: number): number | undefined {
  const value = new Int32Array(1);
  const length = new Uint32Array([4]);
  const got = libc().symbols.getsockopt(
    fd,
    SOL_SOCKET,
    option,
    new Uint8Array(value.buffer),
    new Uint8Array(length.buffer),
  );
  return got === 0 ? value[0] : undefined;
}

/** Keeps descriptors that this process was itself started with from its children. Gives whether it could. */
export function closeOnExec(): boolean {
  return libc().symbols.close_range?.(3, 0xffffffff, CLOSE_RANGE_CLOEXEC) === 0;
}

/** Descriptors that are looked at one by one where the kernel does not know how to do it at once. */
const SWEPT_MAX = 65_536;

/**
 * Keeps descriptors that this process was itself started with from all that it starts, whatever the kernel is.
 *
 * @throws if libc cannot be used: then nothing must be started.
 */
export function keepDescriptors(): void {
  if (closeOnExec()) return;
  const { fcntl } = libc().symbols;
  for (let fd = 3; fd < SWEPT_MAX; fd++) fcntl(fd, F_SETFD, FD_CLOEXEC);
}

/** Runs `start`, which starts one process at once, so that it alone inherits `fd`, under the same number. */
export function handingOn<T>(fd: number, start: () => T): T {
  inherit(fd, true);
  try {
    return start();
  } finally {
    inherit(fd, false);
  }
}

/** Puts what `other` is in the place of what `fd` is, in one step; `other` is closed. */
export function replaceDescriptor(fd: number, other: number): void {
  const { symbols } = libc();
  const done = symbols.dup3(other, fd, O_CLOEXEC);
  symbols.close(other);
  if (done !== fd) throw new Error(`Descriptor ${fd} cannot be replaced`);
}

function inherit(fd: number, inherited: boolean): void {
  if (libc().symbols.fcntl(fd, F_SETFD, inherited ? 0 : FD_CLOEXEC) !== 0) {
    throw new Error(`Descriptor ${fd} is not open`);
  }
}
