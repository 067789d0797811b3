// SPDX-License-Identifier: MIT
/**
 * The file that closes logins for all but root; see nologin(5).
 *
 * @module
 */

import { dirname } from "node:path/posix";

/** Where the file is looked for, in this order; the first that is there counts. The first two names of pam_nologin(8) are one. */
export const NOLOGIN_FILES = ["/run/nologin", "/etc/nologin"] as const;

/** The most that is read of the file, in bytes: more than a PAM message can hold. */
export const NOTICE_MAX = 1024;

/** What a worker's sandbox shows as it is, and not as it was when the worker was started. */
const ALWAYS_SEEN = "/etc/";

/** What was found. */
export type Notice =
  | {
    /** There is no such file. */
    readonly is: "absent";
  }
  | {
    /** There is one. */
    readonly is: "present";
    /** What stands in it, without blanks at the end; empty if it could not be read. */
    readonly text: string;
    /** Why it could not be read, and what to do. */
    readonly problem?: string;
  }
  | {
    /** Nobody can tell. */
    readonly is: "unknown";
    /** Why, and what to do. */
    readonly problem: string;
  };

/**
 * Looks for the first of `files`.
 *
 * Whether a file is absent can only be told where its folder can be seen: a sandbox that was given the file alone
 * goes on showing what was there when it was made.
 *
 * @param files Absolute paths.
 */
export function findNotice(files: readonly string[]): Notice {
  for (const file of files) {
    const notice = noticeIn(file);
    if (notice.is !== "absent") return notice;
  }
  return { is: "absent" };
}

function noticeIn(file: string): Notice {
  try {
    if (!file.startsWith(ALWAYS_SEEN)) seeFolder(dirname(file));
  } catch (error) {
    return { is: "unknown", problem: problemWith(dirname(file), error) };
  }
  let isFile: boolean;
  try {
    ({ isFile } = Deno.statSync(file));
  } catch (error) {
    return error instanceof Deno.errors.NotFound
      ? { is: "absent" }
      : { is: "unknown", problem: problemWith(file, error) };
  }
  // Reading a pipe would wait for a writer.
  if (!isFile) return { is: "present", text: "", problem: `${file}: Cannot read it: it is not a file` };
  try {
    return { is: "present", text: readStart(file) };
  } catch (error) {
    return { is: "present", text: "", problem: problemWith(file, error) };
  }
}

function seeFolder(folder: string): void {
  const { isDirectory, nlink } = Deno.statSync(folder);
  if (!isDirectory) throw new Error(`${folder}: Cannot look for a file in it: it is not a folder`);
  if (nlink === 0) {
    throw new Error(`${folder}: Cannot look for a file in it: it was removed; reload the module`);
  }
}

function readStart(file: string): string {
  using open = Deno.openSync(file);
  const buffer = new Uint8Array(NOTICE_MAX);
  const length = open.readSync(buffer) ?? 0;
  return new TextDecoder().decode(buffer.subarray(0, length)).trimEnd();
}

function problemWith(path: string, error: unknown): string {
  if (error instanceof Deno.errors.NotFound) {
    return `${path}: Cannot look for a file in it: make the folder, and reload the module`;
  }
  if (error instanceof Deno.errors.NotCapable) {
    return `${path}: Cannot look at it: grant it under "permissions": { "read": ["${path}"] } in the module's configuration`;
  }
  if (error instanceof Deno.errors.PermissionDenied) {
    return `${path}: Cannot read it: it must be readable for the user that the module runs as; run chmod a+r ${path}`;
  }
  const message = error instanceof Error ? error.message : String(error);
  return message.startsWith(path) ? message : `${path}: Cannot read it: ${message}`;
}
