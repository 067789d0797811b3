// SPDX-License-Identifier: MIT
/**
 * The few functions of libc that Deno has no API for, or would ask all permissions for. Only the supervisor and the libpam client
 * use FFI, never a worker.
 *
 * Deno reads nothing of /proc, sends no signal and makes no symbolic link for a process whose permissions have a scope: through here
 * the supervisor does, and so needs no `--allow-all`.
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
  connect: {
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
  getsockopt: {
    parameters: [
      "i32", // int sockfd
      "i32", // int level
      "i32", // int optname
      "buffer", // void *optval
      "buffer", // socklen_t *optlen
    ],
    result: "i32",
  },
  sendto: {
    parameters: [
      "i32", // int sockfd
      "buffer", // const void *buf
      "usize", // size_t len
      "i32", // int flags
      "buffer", // const struct sockaddr *dest_addr
      "u32", // socklen_t addrlen
    ],
    result: "isize",
  },
  open: {
    parameters: [
      "buffer", // const char *pathname
      "i32", // int flags
    ],
    result: "i32",
  },
  read: {
    parameters: [
      "i32", // int fd
      "buffer", // void *buf
      "usize", // size_t count
    ],
    result: "isize",
  },
  readlink: {
    parameters: [
      "buffer", // const char *pathname
      "buffer", // char *buf
      "usize", // size_t bufsiz
    ],
    result: "isize",
  },
  symlink: {
    parameters: [
      "buffer", // const char *target
      "buffer", // const char *linkpath
    ],
    result: "i32",
  },
  umask: {
    parameters: [
      "u32", // mode_t mask
    ],
    result: "u32",
  },
  fcntl: {
    parameters: [
      "i32", // int fd
      "i32", // int op
      "i32", // int arg
    ],
    result: "i32",
  },
  dup3: {
    parameters: [
      "i32", // int oldfd
      "i32", // int newfd
      "i32", // int flags
    ],
    result: "i32",
  },
  getdents64: {
    parameters: [
      "i32", // int fd
      "buffer", // void *dirp
      "usize", // size_t count
    ],
    result: "isize",
  },
  kill: {
    parameters: [
      "i32", // pid_t pid
      "i32", // int sig
    ],
    result: "i32",
  },
  // Both since glibc 2.36.
  pidfd_open: {
    parameters: [
      "i32", // pid_t pid
      "u32", // unsigned int flags
    ],
    result: "i32",
    optional: true,
  },
  pidfd_send_signal: {
    parameters: [
      "i32", // int pidfd
      "i32", // int sig
      "pointer", // siginfo_t *info
      "u32", // unsigned int flags
    ],
    result: "i32",
    optional: true,
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
  clock_gettime: {
    parameters: [
      "i32", // clockid_t clockid
      "buffer", // struct timespec *tp
    ],
    result: "i32",
  },
  __errno_location: {
    parameters: [],
    result: "pointer",
  },
  memcpy: {
    parameters: [
      "buffer", // void *dest
      "pointer", // const void *src
      "usize", // size_t n
    ],
    result: "pointer",
  },
} as const satisfies Deno.ForeignLibraryInterface;

/** libc, opened. */
export type Libc = Deno.DynamicLibrary<typeof SYMBOLS>;

/** Where libc may be: absolute, so that the permission to use it can name it. */
export const LIBC_PATHS: readonly string[] = [
  `/lib/${Deno.build.arch}-linux-gnu/libc.so.6`,
  "/lib64/libc.so.6",
  "/usr/lib64/libc.so.6",
  "/lib/libc.so.6",
  "/usr/lib/libc.so.6",
];

let opened: Libc | undefined;

/**
 * libc, opened at the first call and kept for the life of the process.
 *
 * @throws {Error} where it cannot be found, or where this process has no permission for it.
 */
export function libc(): Libc {
  if (opened) return opened;
  const causes: unknown[] = [];
  for (const path of LIBC_PATHS) {
    try {
      return opened = Deno.dlopen(path, SYMBOLS);
    } catch (error) {
      causes.push(error);
    }
  }
  const denied = causes.some((error) => error instanceof Deno.errors.NotCapable);
  throw new Error(
    denied
      ? `Cannot open libc: none of ${
        LIBC_PATHS.join(", ")
      } is permitted and there: start with --allow-ffi=PATH`
      : `Cannot open libc: none of ${LIBC_PATHS.join(", ")} can be loaded`,
    { cause: new AggregateError(causes) },
  );
}

/** Numbers of errno(3) that somebody here asks for; the same on every architecture that Deno has. */
export const Errno = { noEntry: 2, noProcess: 3, again: 11, access: 13, tooBig: 27, refused: 111 } as const;

/** A function of libc that failed. */
export class LibcError extends Error {
  override name = "LibcError";
  /** What errno was. */
  readonly errno: number;

  /** Names the call and what it was about. */
  constructor(call: string, errno: number) {
    super(`${call} failed: errno ${errno}`);
    this.errno = errno;
  }
}

/** The errno of the call that has just failed: nothing else may have been called since. */
export function errno(): number {
  const { symbols } = libc();
  const value = new Int32Array(1);
  symbols.memcpy(new Uint8Array(value.buffer), symbols.__errno_location(), 4n);
  return value[0]!;
}

/** A text as C reads it. */
export function cString(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${text}\0`);
}

const O_CLOEXEC = 0o2000000;
const READ_SIZE = 65_536;
/** For all that is read here: nothing of it outlasts a call. */
const readBuffer = new Uint8Array(READ_SIZE);
/** What is read of a file of proc(5), in bytes: some are as long as the process that they are about wants them to be. */
const PROC_MAX = 262_144;

/**
 * Reads a file of proc(5): Deno itself refuses whatever the permissions, unless they are all there are.
 *
 * @throws {LibcError} if it cannot be read, with `Errno.tooBig` if it is longer than `max` bytes.
 */
export function readProc(path: string, max: number = PROC_MAX): string {
  const { symbols } = libc();
  const fd = symbols.open(cString(path), O_CLOEXEC);
  if (fd < 0) throw new LibcError(`open(${path})`, errno());
  const decoder = new TextDecoder();
  let text = "";
  let total = 0;
  try {
    const buffer = readBuffer;
    for (;;) {
      const length = Number(symbols.read(fd, buffer, BigInt(buffer.length)));
      if (length < 0) throw new LibcError(`read(${path})`, errno());
      if (length === 0) return text + decoder.decode();
      if ((total += length) > max) throw new LibcError(`read(${path})`, Errno.tooBig);
      text += decoder.decode(buffer.subarray(0, length), { stream: true });
    }
  } finally {
    symbols.close(fd);
  }
}

/**
 * Where a symbolic link of proc(5) points to.
 *
 * @throws {LibcError} if it cannot be read.
 */
export function readProcLink(path: string): string {
  const buffer = new Uint8Array(4_096);
  const length = Number(libc().symbols.readlink(cString(path), buffer, BigInt(buffer.length)));
  if (length < 0) throw new LibcError(`readlink(${path})`, errno());
  return new TextDecoder().decode(buffer.subarray(0, length));
}

/** Signals that a supervisor sends to what is not its child: the same numbers on every architecture that Deno has. */
const SIGNALS = { SIGKILL: 9, SIGTERM: 15 } as const;

/** Sends a signal; gives whether the process was there. Deno.kill() would need permission to run anything. */
export function sendSignal(pid: number, signal: keyof typeof SIGNALS): boolean {
  if (libc().symbols.kill(pid, SIGNALS[signal]) === 0) return true;
  const reason = errno();
  if (reason === Errno.noProcess) return false;
  throw new LibcError(`kill(${pid}, ${signal})`, reason);
}

/**
 * Kills a process if it is still the one that is meant, as `isMeant` says of its id at a time when nobody else can have got it.
 * Before glibc 2.36 that time is a moment earlier.
 */
export function endProcess(pid: number, isMeant: () => boolean): void {
  const { symbols } = libc();
  const fd = symbols.pidfd_open?.(pid, 0) ?? -1;
  if (fd < 0 || !symbols.pidfd_send_signal) {
    if (isMeant()) sendSignal(pid, "SIGKILL");
    return;
  }
  try {
    if (isMeant()) symbols.pidfd_send_signal(fd, SIGNALS.SIGKILL, null, 0);
  } finally {
    symbols.close(fd);
  }
}

/** Where an entry of getdents64(2) has its length, and where its name begins. */
const ENTRY_LENGTH = 16;
const ENTRY_NAME = 19;
const DIGITS = /^[1-9][0-9]*$/;

/**
 * The ids of all processes that this one is shown.
 *
 * @throws {LibcError} if /proc cannot be read.
 */
export function listProcesses(): number[] {
  const { symbols } = libc();
  const fd = symbols.open(cString("/proc"), O_CLOEXEC);
  if (fd < 0) throw new LibcError("open(/proc)", errno());
  const decoder = new TextDecoder();
  const buffer = readBuffer;
  const view = new DataView(buffer.buffer);
  const pids: number[] = [];
  try {
    for (;;) {
      const length = Number(symbols.getdents64(fd, buffer, BigInt(buffer.length)));
      if (length < 0) throw new LibcError("getdents64(/proc)", errno());
      if (length === 0) return pids;
      for (let at = 0; at < length; at += view.getUint16(at + ENTRY_LENGTH, true)) {
        const name = decoder.decode(buffer.subarray(at + ENTRY_NAME, buffer.indexOf(0, at + ENTRY_NAME)));
        if (DIGITS.test(name)) pids.push(Number(name));
      }
    }
  } finally {
    symbols.close(fd);
  }
}

/** Makes or replaces a symbolic link in one step, so that whoever looks finds the old one or the new one. */
export function replaceLink(target: string, path: string): void {
  const temporary = `${path}.new`;
  try {
    Deno.removeSync(temporary);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  if (libc().symbols.symlink(cString(target), cString(temporary)) !== 0) {
    throw new LibcError(`symlink(${temporary})`, errno());
  }
  Deno.renameSync(temporary, path);
}
