// SPDX-License-Identifier: MIT
/**
 * Finds out who serves a folder of sockets: whoever holds its lock. Nobody is disturbed by looking; trying to take the lock would
 * refuse somebody who starts meanwhile.
 *
 * @module
 */

import { join } from "node:path";
import { stat } from "../config/place.ts";
import { cString, libc, LibcError, readProc } from "./libc.ts";
import { statusField } from "./proc.ts";

/** O_PATH | O_DIRECTORY | O_CLOEXEC: enough to be told what the folder is on. */
const FOLDER_ONLY = 0o10000000 | 0o200000 | 0o2000000;

/** What is read of a file of /proc about all of the machine, in bytes: everybody may make it longer, up to a limit of their own. */
const READ_MAX = 64 * 1024 * 1024;

/** A line of /proc/locks about a lock that keeps others out: process, device as `MAJOR:MINOR` in hexadecimal, inode. */
const LOCK = /^\d+: FLOCK +ADVISORY +WRITE (\d+) ([0-9a-f]+:[0-9a-f]+):(\d+) /;

/**
 * The process that holds the lock of a runtime directory: the `pam-deno serve` that serves it. Where /proc/locks is hidden, nobody is
 * found.
 *
 * Everybody may lock files of their own, and inodes have the same numbers on other devices: so the device must be right, and the
 * process root's or that of the lock's owner.
 */
export function lockHolder(runtimeDir: string): number | undefined {
  const lock = stat(join(runtimeDir, ".lock"));
  if (!lock?.isFile) return undefined;
  try {
    const device = deviceOf(runtimeDir);
    for (const line of readProc("/proc/locks", READ_MAX).split("\n")) {
      const [, pid, on, inode] = LOCK.exec(line) ?? [];
      if (on === undefined || on !== device || Number(inode) !== lock.ino) continue;
      if (isOf(Number(pid), [0, lock.uid])) return Number(pid);
    }
  } catch (error) {
    // Some containers hide what is asked for here.
    if (!(error instanceof LibcError)) throw error;
  }
  return undefined;
}

/** Whether there is such a process, those left out that have ended. */
export function isProcess(pid: number): boolean {
  const state = statusField(pid, "State");
  return state !== undefined && !/^[ZX]/.test(state);
}

/** Whether a process is there and nobody's but one of `uids`: the real, effective, saved and file-system user id are looked at. */
function isOf(pid: number, uids: readonly (number | null)[]): boolean {
  const own = statusField(pid, "Uid")?.trim().split(/\s+/).map(Number) ?? [];
  return own.length === 4 && own.every((uid) => uids.includes(uid)) && isProcess(pid);
}

/**
 * The device of a folder as /proc/locks writes it. What stat(2) says is another one where a file system has several volumes, as btrfs
 * has, or layers; /proc/self/mountinfo says that of the file system itself, as /proc/locks does.
 */
function deviceOf(folder: string): string | undefined {
  const { symbols } = libc();
  const fd = symbols.open(cString(folder), FOLDER_ONLY);
  if (fd < 0) return undefined;
  try {
    const mount = /^mnt_id:\s*(\d+)$/m.exec(readProc(`/proc/self/fdinfo/${fd}`))?.[1];
    const line = new RegExp(`^${mount} \\d+ (\\d+):(\\d+) `, "m").exec(
      readProc("/proc/self/mountinfo", READ_MAX),
    );
    if (mount === undefined || !line) return undefined;
    return line.slice(1).map((number) => Number(number).toString(16).padStart(2, "0")).join(":");
  } finally {
    symbols.close(fd);
  }
}
