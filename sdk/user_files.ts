// SPDX-License-Identifier: MIT
/**
 * Files that a module leaves for the user of a login, such as a ticket or a token.
 *
 * @module
 */

import { plainError, rangeError, typeError } from "./coded.ts";
import { PamError } from "./error.ts";
import { type Grant, isUserFileName, type NotGranted } from "./grants.ts";
import type { HookState } from "./hook_state.ts";
import type { LineType } from "./hooks.ts";
import { isSecret, type Secret } from "./secret.ts";
import { LIMITS } from "./wire/schema.ts";

/**
 * The user files that the grants `G` let a module write: `NAME` for `user_file:NAME`, every name with that
 * beginning for `user_file:NAME*`.
 *
 * @example
 * ```ts
 * import type { UserFileName } from "@pam-deno/sdk";
 *
 * type Granted = UserFileName<"user_file:token" | "user_file:ticket-*" | "prompt">;
 * const names: Granted[] = ["token", "ticket-4711"];
 * // @ts-expect-error no grant covers it
 * const other: Granted = "tokens";
 * ```
 */
export type UserFileName<G extends Grant> = G extends `user_file:${infer P}*` ? `${P}${string}`
  : G extends `user_file:${infer N}` ? N
  : never;

/**
 * `N` if `G` lets it be written, else a type that names the remedy.
 *
 * @example
 * ```ts
 * import type { GrantedUserFile } from "@pam-deno/sdk";
 *
 * const fine: GrantedUserFile<"ticket-1", "user_file:ticket-*", "session"> = "ticket-1";
 * const remedy: GrantedUserFile<"token", "user_file:ticket-*", "session"> = {
 *   "not granted": "add 'user_file:token' to grants.session in defineModule()",
 * };
 * ```
 */
export type GrantedUserFile<N extends string, G extends Grant, L extends LineType> = N extends UserFileName<G>
  ? N
  : NotGranted<`add 'user_file:${N}' to grants.${L} in defineModule()`>;

/**
 * Files for the user of the hook, in a folder of their own below `/run`: gone with the next boot, owned by the
 * user, and not readable by anybody else. The worker cannot write them: the application does, when the hook has
 * ended with `success`. Nobody but the user may rely on what is in them, because the user can write there
 * whatever he likes.
 *
 * A name is 1 to 64 letters, digits, `.`, `_` and `-`, the first a letter or a digit (USER_FILE_NAME_MAX). Two
 * modules that use the same name use the same file. Nothing deletes a file when the user logs out: that is for
 * `closeSession`, or for `setCredentials` with `delete`. A user has at most 64 files: for one more, those go that he
 * has made longer than 8192 octets, then the oldest. Nobody else can read a file or list the folder, but who knows a
 * name can see that file's size and times: put nothing secret into names.
 *
 * @example
 * ```ts
 * import { defineModule } from "@pam-deno/sdk";
 * import { FakeTransaction } from "@pam-deno/sdk/testing";
 * import assert from "node:assert/strict";
 *
 * const module = defineModule({
 *   grants: { session: ["user_file:ticket", "env:TICKET_FILE"] },
 *   async openSession({ environment, userFiles }) {
 *     userFiles.set("ticket", "OPS-7\n");
 *     environment.set("TICKET_FILE", await userFiles.path("ticket"));
 *     return "success";
 *   },
 *   closeSession({ userFiles }) {
 *     userFiles.delete("ticket");
 *     return "success";
 *   },
 * });
 *
 * using transaction = new FakeTransaction(module, { users: { alice: { uid: 1000 } } });
 * const opened = await transaction.run("openSession");
 * assert.equal(new TextDecoder().decode(opened.userFiles.ticket), "OPS-7\n");
 * assert.deepEqual(transaction.environment, { TICKET_FILE: "/run/pam-deno/user/1000-ticket" });
 * const closed = await transaction.run("closeSession");
 * assert.deepEqual(closed.userFiles, { ticket: undefined });
 * ```
 */
export interface UserFiles<G extends Grant = never, L extends LineType = LineType> {
  /**
   * The path of a file of the user, whether it is there or not: for a variable of the environment that leads to
   * it. Needs the grant `user_file:NAME`.
   *
   * Rejects with {@linkcode PamError} if the user cannot be looked up, with `user_unknown` if there is none.
   * Throws a TypeError without the grant, and a RangeError for a name that cannot be one.
   */
  readonly path: [UserFileName<G>] extends [never]
    ? NotGranted<`add 'user_file:NAME' to grants.${L} in defineModule()`>
    : <const N extends string>(name: GrantedUserFile<N, G, L>) => Promise<string>;
  /**
   * Writes a file, in place of the one that is there, if any; mode 0600, and in one step: a reader sees the old
   * content or the new. At most 8192 octets (USER_FILE_MAX), a string in UTF-8. The octets are copied; those of a
   * Secret stay out of every log, and are wiped here once they are on their way. It takes effect if the hook ends
   * with `success`, the only code of these hooks with which a login goes on; the hook ends with `system_err` if the
   * file cannot be written, also because the application sees the folder read-only (EROFS: a unit with
   * `ProtectSystem=strict` needs it in `ReadWritePaths=`). Needs the grant `user_file:NAME`.
   *
   * Throws a TypeError without the grant, and a RangeError for a name or a content that does not fit, or for more
   * than 4 files in a hook (USER_FILES_MAX).
   */
  readonly set: [UserFileName<G>] extends [never]
    ? NotGranted<`add 'user_file:NAME' to grants.${L} in defineModule()`>
    : <const N extends string>(name: GrantedUserFile<N, G, L>, content: string | Uint8Array | Secret) => void;
  /** Deletes a file; one that is not there is no error. Otherwise like `set`. */
  readonly delete: [UserFileName<G>] extends [never]
    ? NotGranted<`add 'user_file:NAME' to grants.${L} in defineModule()`>
    : <const N extends string>(name: GrantedUserFile<N, G, L>) => void;
}

/** The runtime's view: every grant there is. */
type AllUserFiles = UserFiles<Grant>;

/** Throws unless `name` may be used; the folder of user files. */
function folderFor(state: HookState, method: string, name: string): string {
  if (typeof name !== "string" || !isUserFileName(name)) {
    throw rangeError(
      "argument-refused",
      `userFiles.${method}() takes a name of letters, digits, ".", "_" and "-", the first a letter or a digit, ` +
        `at most ${LIMITS.USER_FILE_NAME_MAX} (USER_FILE_NAME_MAX)`,
    );
  }
  const what = `userFiles.${method}("${name}")`;
  state.needs(`user_file:${name}`, what);
  const { user_files: folder } = state.message;
  if (folder !== undefined) return folder;
  throw plainError(
    "shim-older",
    `${what}: the application did not name the folder of user files, so its pam_deno.so is an older one: restart it`,
  );
}

function change(
  state: HookState,
  method: "set" | "delete",
  name: string,
  content: Uint8Array | undefined,
): void {
  folderFor(state, method, name);
  const files = state.userFiles ??= new Map();
  if (files.size >= LIMITS.USER_FILES_MAX && !files.has(name)) {
    throw rangeError(
      "limit-exceeded",
      `userFiles.${method}("${name}"): a hook changes at most ${LIMITS.USER_FILES_MAX} files (USER_FILES_MAX)`,
    );
  }
  files.get(name)?.fill(0);
  files.set(name, content?.slice());
}

function setFile(state: HookState, name: string, content: string | Uint8Array | Secret): void {
  if (state.isLate("userFiles.set()")) return;
  if (isSecret(content)) return content.use((bytes) => setBytes(state, name, bytes));
  if (content instanceof Uint8Array) return setBytes(state, name, content);
  if (typeof content !== "string") {
    throw typeError(
      "argument-refused",
      `userFiles.set() takes a string, a Uint8Array or a Secret, not ${typeof content}`,
    );
  }
  if (!content.isWellFormed()) throw rangeError("argument-refused", "userFiles.set() takes well-formed text");
  if (content.length > LIMITS.USER_FILE_MAX) throw tooLong(content.length);
  const bytes = new TextEncoder().encode(content);
  try {
    setBytes(state, name, bytes);
  } finally {
    bytes.fill(0);
  }
}

function tooLong(length: number): RangeError {
  return rangeError(
    "limit-exceeded",
    `userFiles.set() takes a content of at most ${LIMITS.USER_FILE_MAX} octets (USER_FILE_MAX), not ${length}`,
  );
}

function setBytes(state: HookState, name: string, bytes: Uint8Array): void {
  if (bytes.length > LIMITS.USER_FILE_MAX) throw tooLong(bytes.length);
  change(state, "set", name, bytes);
}

async function uidOf(state: HookState): Promise<number> {
  const entry = await state.host.caller.lookupPasswd();
  if (entry === undefined) {
    throw new PamError("user_unknown", "userFiles.path(): the user has no passwd entry");
  }
  return entry.uid;
}

/** Makes the user files of one hook. */
export function makeUserFiles(state: HookState): AllUserFiles {
  let uidOnce: Promise<number> | undefined;
  const ask = async (folder: string, name: string): Promise<string> => {
    return `${folder}/${await (uidOnce ??= uidOf(state))}-${name}`;
  };
  return Object.freeze({
    path: ((name: string) => {
      const folder = folderFor(state, "path", name);
      return state.ask("userFiles.path()", () => ask(folder, name));
    }) as AllUserFiles["path"],
    set: ((name: string, content: string | Uint8Array | Secret) =>
      setFile(state, name, content)) as AllUserFiles["set"],
    delete: ((name: string) => {
      if (state.isLate("userFiles.delete()")) {
        return;
      }
      change(state, "delete", name, undefined);
    }) as AllUserFiles["delete"],
  });
}
