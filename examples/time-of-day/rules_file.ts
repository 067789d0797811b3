// SPDX-License-Identifier: MIT
/**
 * Files with rules, which are read again when they have changed and trusted only if nobody but root, or the user that the
 * module runs as, can have written them.
 *
 * @module
 */

import { RULES_FILE_MAX } from "./rules.ts";

/** Bits of a mode that let others than the owner write. */
const WRITABLE_BY_OTHERS = 0o022;

/**
 * A file that was changed so lately, in milliseconds, may be changed once more without a trace: the kernel counts its times in
 * ticks of a few milliseconds. It is read again until it is older.
 */
const SETTLED_MS = 2000;

/** The rules of files, by path. */
export class RulesFiles<Rules> {
  readonly #known: Map<string, { readonly stamp: string; readonly settled: boolean; readonly rules: Rules }> =
    new Map();
  readonly #parse: (bytes: Uint8Array, path: string) => Rules;

  /** @param parse Reads what a file holds; throws an error that says what is wrong. */
  constructor(parse: (bytes: Uint8Array, path: string) => Rules) {
    this.#parse = parse;
  }

  /**
   * The rules in a file.
   *
   * @param path Its path.
   * @param onRead Is told the rules whenever they are new.
   * @throws {Error} If the file cannot be read, trusted or parsed.
   */
  get(path: string, onRead: (rules: Rules) => void): Rules {
    // Opening what is no file, such as a pipe, could last for ever.
    assertIsFile(path, Deno.statSync(path));
    using file = Deno.openSync(path);
    // What is trusted is what is read: behind the path there may be another file by now.
    const info = file.statSync();
    assertTrusted(path, info);
    const { mtime, ctime, size, ino, dev } = info;
    const stamp = [mtime?.getTime(), ctime?.getTime(), size, ino, dev].join();
    const known = this.#known.get(path);
    if (known?.stamp === stamp && known.settled) return known.rules;
    // Before it is read: a change while it is read must leave another stamp.
    // deno-lint-ignore pam-deno/context-clock -- compared with a file's time, which is the machine's
    const settled = ctime !== null && Date.now() - ctime.getTime() > SETTLED_MS;
    const rules = this.#parse(readAll(file, path), path);
    this.#known.set(path, { stamp, settled, rules });
    if (known?.stamp !== stamp) onRead(rules);
    return rules;
  }
}

function assertIsFile(path: string, { isFile }: Deno.FileInfo): void {
  if (!isFile) throw new Error(`${path}: Cannot read the rules: it must be a file`);
}

function assertTrusted(path: string, info: Deno.FileInfo): void {
  assertIsFile(path, info);
  const { mode, uid, size } = info;
  if (uid !== 0 && uid !== ownUid()) {
    throw new Error(
      `${path}: Cannot trust the rules: the file belongs to user ${uid}, not to root; run chown root ${path}, or ` +
        `grant "sys": ["uid"] if this is the user that the module runs as`,
    );
  }
  if (((mode ?? 0) & WRITABLE_BY_OTHERS) !== 0) {
    throw new Error(
      `${path}: Cannot trust the rules: others than the owner may write them; run chmod go-w ${path}`,
    );
  }
  if (size > RULES_FILE_MAX) throw tooLarge(path);
}

/** What an open file holds, which may have grown meanwhile. */
function readAll(file: Deno.FsFile, path: string): Uint8Array {
  const bytes = new Uint8Array(RULES_FILE_MAX + 1);
  let length = 0;
  for (let n: number | null = 0; length < bytes.length && n !== null; length += n ?? 0) {
    n = file.readSync(bytes.subarray(length));
  }
  if (length > RULES_FILE_MAX) throw tooLarge(path);
  return bytes.slice(0, length);
}

function tooLarge(path: string): Error {
  return new Error(`${path}: Cannot read the rules: at most ${RULES_FILE_MAX} bytes are read`);
}

/** The user that the module runs as, if it was granted to know. */
function ownUid(): number | null {
  const { state } = Deno.permissions.querySync({ name: "sys", kind: "uid" });
  return state === "granted" ? Deno.uid() : null;
}

/** What to do about a rules file that cannot be used. */
export function problemWith(path: string, option: string, error: unknown): string {
  if (error instanceof Deno.errors.NotFound) {
    return `${path}: Cannot find the rules file: write it, or correct "${option}="`;
  }
  if (error instanceof Deno.errors.NotCapable) {
    return `${path}: Cannot read the rules: grant it under "permissions": { "read": ["${path}"] } in the module's configuration`;
  }
  if (error instanceof Deno.errors.PermissionDenied) {
    return `${path}: Cannot read the rules: the file must be readable for the user that the module runs as`;
  }
  return error instanceof Error ? error.message : String(error);
}
