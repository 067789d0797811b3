// SPDX-License-Identifier: MIT
/**
 * libpam itself: found and opened on first use, shared by all transactions of the process.
 *
 * @module
 */

import { plainError, rangeError } from "../coded.ts";
import { CODES, type PamCode } from "../tokens.ts";
import { type Allocator, decodeCString, encodeCString } from "./cstring.ts";
import { codeToken } from "./errors.ts";
import { CALLOC, CONVERSATION_FUNCTION, FAIL_DELAY_FUNCTION, FREE, LIBPAM, SYMBOLS } from "./symbols.ts";

/** What libpam calls back during a call of a transaction. Nothing here may throw: there is C below. */
export interface Participant {
  /** The conversation function; returns a code as a number. */
  converse(count: number, messages: Deno.PointerValue, responses: Deno.PointerValue): number;
  /** The function to wait after a failure. */
  delay(status: number, microseconds: number): void;
}

function load(): Deno.DynamicLibrary<typeof SYMBOLS> {
  try {
    return Deno.dlopen(LIBPAM, SYMBOLS);
  } catch (cause) {
    if (cause instanceof Deno.errors.PermissionDenied || cause instanceof Deno.errors.NotCapable) throw cause;
    throw plainError(
      "libpam-missing",
      `Cannot open '${LIBPAM}': install Linux-PAM, on Debian the package libpam0g`,
      { cause },
    );
  }
}

/** A function of the C library as the whole process sees it: libpam frees what we allocate, and the reverse. */
function processWide<const F extends Deno.ForeignFunction>(
  library: Deno.DynamicLibrary<typeof SYMBOLS>,
  name: string,
  definition: F,
): Deno.UnsafeFnPointer<F> {
  const pointer = library.symbols.dlsym(null, encodeCString(name, "a symbol")) as
    | Deno.PointerObject<F>
    | null;
  if (pointer === null) {
    throw plainError("libpam-missing", `Cannot find '${name}' in this process: a C library must be loaded`);
  }
  return new Deno.UnsafeFnPointer(pointer, definition);
}

/** libpam, opened. One per process (and Web Worker), with one conversation function that all transactions share. */
export class Library implements Disposable {
  static #shared: Library | undefined;

  readonly #library: Deno.DynamicLibrary<typeof SYMBOLS>;
  readonly #conversation: Deno.UnsafeCallback<typeof CONVERSATION_FUNCTION>;
  readonly #delay: Deno.UnsafeCallback<typeof FAIL_DELAY_FUNCTION>;
  readonly #participants = new Map<bigint, Participant>();
  #lastId = 0n;
  /** The process's allocator. */
  readonly memory: Allocator;

  private constructor() {
    this.#library = load();
    const calloc = processWide(this.#library, "calloc", CALLOC);
    const free = processWide(this.#library, "free", FREE);
    this.memory = {
      calloc: (count, size) => calloc.call(count, size),
      free: (pointer) => free.call(pointer),
    };
    this.#conversation = new Deno.UnsafeCallback(
      CONVERSATION_FUNCTION,
      (count, messages, responses, id) =>
        this.#participants.get(id)?.converse(count, messages, responses) ?? CODES.conv_err,
    );
    this.#delay = new Deno.UnsafeCallback(
      FAIL_DELAY_FUNCTION,
      (status, microseconds, id) => this.#participants.get(id)?.delay(status, microseconds),
    );
  }

  /** The library, opened if it is not. */
  static open(): Library {
    return Library.#shared ??= new Library();
  }

  /** libpam's functions. */
  get symbols(): Deno.DynamicLibrary<typeof SYMBOLS>["symbols"] {
    return this.#library.symbols;
  }

  /** The address of the conversation function. */
  get conversation(): Deno.PointerObject {
    return this.#conversation.pointer;
  }

  /** The address of the function to wait after a failure. */
  get delay(): Deno.PointerObject {
    return this.#delay.pointer;
  }

  /** Registers who is called back; the id it gets is its `appdata_ptr`. */
  enter(participant: Participant): bigint {
    this.#participants.set(++this.#lastId, participant);
    return this.#lastId;
  }

  /** Forgets a participant. */
  leave(id: bigint): void {
    this.#participants.delete(id);
  }

  /** Closes the library and its callbacks; the next use opens it again. */
  [Symbol.dispose](): void {
    if (Library.#shared !== this) return;
    if (this.#participants.size > 0) {
      throw plainError(
        "libpam-misused",
        `Cannot close libpam: ${this.#participants.size} transactions have not been ended`,
      );
    }
    Library.#shared = undefined;
    this.#conversation.close();
    this.#delay.close();
    this.#library.close();
  }
}

/**
 * Opens libpam and closes it at the end of the scope. Without it libpam is opened on first use and stays open, which
 * is what most programs want; with it the resource sanitizer of `deno test` sees all that was opened closed again.
 *
 * @returns what closes libpam; it throws an `Error` if a transaction has not been ended
 * @throws {Error} if libpam cannot be opened; the cause says why
 * @throws {Deno.errors.NotCapable} without the permission `--allow-ffi`
 *
 * @example
 * ```ts
 * import { openLibpam, strerror } from "@pam-deno/sdk/libpam";
 * import assert from "node:assert/strict";
 *
 * using _libpam = openLibpam();
 * assert.equal(strerror("perm_denied").text, "Permission denied");
 * ```
 */
export function openLibpam(): Disposable {
  return Library.open();
}

/**
 * A return code in words; made by {@linkcode strerror}, see pam_strerror(3).
 *
 * @example
 * ```ts
 * import { type Explanation, strerror } from "@pam-deno/sdk/libpam";
 * import assert from "node:assert/strict";
 *
 * const told: Explanation = strerror(13);
 * assert.equal(told.code, "acct_expired"); // and told.text is libpam's sentence
 * ```
 */
export interface Explanation {
  /** Its token in pam.conf(5). */
  readonly code: PamCode;
  /** libpam's sentence, in the language of the locale. */
  readonly text: string;
}

/**
 * A return code in words; see pam_strerror(3).
 *
 * @param code a token, or a number as another program printed it
 * @throws {RangeError} for a number that Linux-PAM does not define
 *
 * @example
 * ```ts
 * import { strerror } from "@pam-deno/sdk/libpam";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(strerror(7), { code: "auth_err", text: "Authentication failure" });
 * ```
 */
export function strerror(code: PamCode | number): Explanation {
  const token = typeof code === "number" ? codeToken(code) : code;
  if (!Object.hasOwn(CODES, token)) {
    throw rangeError("libpam-misused", `Cannot explain '${token}': it is not a return code of libpam`);
  }
  return { code: token, text: decodeCString(Library.open().symbols.pam_strerror(null, CODES[token])) ?? "" };
}
