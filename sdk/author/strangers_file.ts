// SPDX-License-Identifier: MIT
/**
 * Reads a file that somebody else wrote, or could have put something else in the place of.
 *
 * @module
 */

import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";

/** Nothing is followed, and nothing is waited for: a link, a named pipe or a device is no file. */
const FLAGS = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;

/** The text of the regular file `path`; `undefined` if it is none, or has more than `max` bytes. */
export function readStrangers(path: string, max: number): string | undefined {
  const fd = open(path);
  if (fd === undefined) return undefined;
  try {
    const found = fstatSync(fd);
    if (!found.isFile() || found.size > max) return undefined;
    const bytes = new Uint8Array(found.size);
    let length = 0;
    for (let n = 1; n > 0 && length < bytes.length; length += n) n = readSync(fd, bytes.subarray(length));
    return new TextDecoder().decode(bytes.subarray(0, length));
  } finally {
    closeSync(fd);
  }
}

function open(path: string): number | undefined {
  try {
    return openSync(path, FLAGS);
  } catch {
    return undefined;
  }
}
