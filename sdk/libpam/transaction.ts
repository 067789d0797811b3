// SPDX-License-Identifier: MIT
/**
 * A transaction with libpam, from pam_start(3) to pam_end(3).
 *
 * @module
 */

import { plainError, typeError } from "../coded.ts";
import { CODES, ITEMS, type PamCode, type PamItem } from "../tokens.ts";
import { type Conversation, type ConversationMessage, converse, textsOnly } from "./conversation.ts";
import { decodeCString, encodeCString, encodePamConv, PointerCell, takeStrings } from "./cstring.ts";
import { codeToken, LibpamError } from "./errors.ts";
import { type ServiceFunction, ServiceFunctions } from "./functions.ts";
import { Library } from "./library.ts";
import type { EndOptions, FailDelay, TransactionOptions } from "./options.ts";
import { DATA_SILENT, FAIL_DELAY_ITEM } from "./symbols.ts";

/** The service functions of a transaction on a thread of their own. */
class Background extends ServiceFunctions<Promise<PamCode>> {
  readonly #call: (name: ServiceFunction, flags: number) => Promise<PamCode>;

  constructor(call: (name: ServiceFunction, flags: number) => Promise<PamCode>) {
    super();
    this.#call = call;
  }

  protected override call(name: ServiceFunction, flags: number): Promise<PamCode> {
    return this.#call(name, flags);
  }
}

/**
 * A transaction with libpam, as an application has it. It needs `--allow-ffi`, and no root.
 *
 * The service functions return libpam's token, whatever it is; they throw only what the conversation threw. All methods
 * throw an `Error` after the end of the transaction and while another call of it is running, a `TypeError` for a text with
 * NUL, and a `RangeError` for a code that Linux-PAM does not define.
 *
 * @example An account check against a stack of one's own
 * ```ts
 * import { ServiceDirectory, Transaction } from "@pam-deno/sdk/libpam";
 * import assert from "node:assert/strict";
 *
 * using services = ServiceDirectory.create();
 * services.write("demo", [{ type: "account", control: "required", module: "pam_deny.so" }]);
 * using transaction = Transaction.start({
 *   service: "demo",
 *   user: "nobody",
 *   confdir: services.path,
 *   items: { rhost: "192.0.2.7" },
 * });
 * assert.equal(transaction.account({ silent: true }), "auth_err");
 * ```
 */
export class Transaction extends ServiceFunctions<PamCode> implements Disposable, AsyncDisposable {
  readonly #library: Library;
  readonly #conversation: Conversation;
  readonly #id: bigint;
  readonly #cell = new PointerCell();
  readonly #conversations: (readonly ConversationMessage[])[] = [];
  readonly #delays: FailDelay[] = [];
  #handle: Deno.PointerValue = null;
  #running: string | undefined;
  #pending: Promise<unknown> | undefined;
  #last: PamCode = "success";
  #thrown: { readonly error: unknown } | undefined;
  /**
   * The same service functions on a thread of their own: they return promises, and the event loop goes on. The conversation is
   * still called on this thread, and still answers at once. Deno has a limited number of such threads; calls beyond it wait.
   */
  readonly background: ServiceFunctions<Promise<PamCode>> = new Background((name, flags) =>
    this.#callInBackground(name, flags)
  );

  private constructor(options: TransactionOptions) {
    super();
    this.#library = Library.open();
    this.#conversation = options.conversation ?? textsOnly;
    this.#id = this.#library.enter({
      converse: (count, messages, responses) => this.#converse(count, messages, responses),
      delay: (status, microseconds) => this.#delayed(status, microseconds),
    });
  }

  /**
   * Starts a transaction; see pam_start(3) and pam_start_confdir(3).
   *
   * @throws {LibpamError} if libpam refuses; `abort` mostly says that neither the service nor `other` has a file
   * @throws {TypeError} for a text with NUL, or without a service
   * @throws {Error} if libpam cannot be opened, or is too old for `confdir` (before 1.4.0)
   */
  static start(options: TransactionOptions): Transaction {
    const transaction = new Transaction(options);
    try {
      transaction.#start(options);
    } catch (error) {
      transaction.#release();
      throw error;
    }
    return transaction;
  }

  #start(options: TransactionOptions): void {
    const { symbols, conversation } = this.#library;
    const service = encodeCString(options.service, "the service");
    const user = options.user === undefined ? null : encodeCString(options.user, "the user");
    const conv = encodePamConv(conversation, this.#id);
    if (options.confdir === undefined) {
      const code = codeToken(symbols.pam_start(service, user, conv, this.#cell.bytes));
      this.#started(
        "pam_start",
        code,
        `see the file for '${options.service}' in /etc/pam.d, and the system log`,
      );
    } else {
      if (symbols.pam_start_confdir === null) {
        throw plainError(
          "libpam-misused",
          "Cannot use 'confdir' with this libpam: it needs Linux-PAM 1.4.0 or later",
        );
      }
      const confdir = encodeCString(options.confdir, "the directory of the service files");
      const code = codeToken(symbols.pam_start_confdir(service, user, conv, confdir, this.#cell.bytes));
      this.#started(
        "pam_start_confdir",
        code,
        `see '${options.confdir}/${options.service}', and the system log`,
      );
    }
    for (const [name, value] of Object.entries(options.items ?? {})) this.setItem(name as PamItem, value);
    for (const [name, value] of Object.entries(options.environment ?? {})) this.setEnvironment(name, value);
    if (options.failDelay === "record") {
      const code = codeToken(
        symbols.pam_set_item_function(this.#handle, FAIL_DELAY_ITEM, this.#library.delay),
      );
      if (code !== "success") throw new LibpamError("pam_set_item", code, "it takes no function for delays");
    }
  }

  #started(call: string, code: PamCode, remedy: string): void {
    const handle = this.#cell.take();
    if (code !== "success" || handle === null) throw new LibpamError(call, code, remedy);
    this.#handle = handle;
  }

  /** Ends and forgets the handle, if there is one. */
  #release(status = 0): PamCode {
    const handle = this.#handle;
    this.#handle = null;
    try {
      return handle === null ? "success" : codeToken(this.#library.symbols.pam_end(handle, status));
    } finally {
      this.#library.leave(this.#id);
    }
  }

  /** The handle, if nobody else is using it. */
  #open(purpose: string): Deno.PointerObject {
    if (this.#running !== undefined) {
      throw plainError(
        "libpam-misused",
        `Cannot ${purpose} while ${this.#running}() of the same transaction is running`,
      );
    }
    if (this.#handle === null) {
      throw plainError("libpam-misused", `Cannot ${purpose}: the transaction has ended`);
    }
    return this.#handle;
  }

  #converse(count: number, messages: Deno.PointerValue, responses: Deno.PointerValue): number {
    try {
      const record = (read: readonly ConversationMessage[]) => this.#conversations.push(read);
      const { memory } = this.#library;
      return CODES[converse(memory, this.#conversation, record, count, messages, responses)];
    } catch (error) {
      // The first one is the cause; a module that asks again may run into more.
      this.#thrown ??= { error };
      return CODES.conv_err;
    }
  }

  #delayed(status: number, microseconds: number): void {
    try {
      if (status !== CODES.success && microseconds > 0) {
        this.#delays.push({ code: codeToken(status), microseconds });
      }
    } catch (error) {
      this.#thrown ??= { error };
    }
  }

  #finish(code: number): PamCode {
    this.#running = undefined;
    const thrown = this.#thrown;
    this.#thrown = undefined;
    if (thrown !== undefined) throw thrown.error;
    return this.#last = codeToken(code);
  }

  /** Calls a service function and waits for it. */
  protected override call(name: ServiceFunction, flags: number): PamCode {
    const handle = this.#open(`call ${name}()`);
    this.#running = name;
    return this.#finish(this.#library.symbols[name](handle, flags));
  }

  async #callInBackground(name: ServiceFunction, flags: number): Promise<PamCode> {
    const handle = this.#open(`call ${name}()`);
    this.#running = name;
    const called = this.#library.symbols[`${name}_background`](handle, flags);
    this.#pending = called;
    const code = await called;
    this.#pending = undefined;
    return this.#finish(code);
  }

  /** All messages of all calls of the conversation, in order; also those that nobody answered. Answers are not kept. */
  get messages(): readonly ConversationMessage[] {
    return this.#conversations.flat();
  }

  /** The messages of each call of the conversation. */
  get conversations(): readonly (readonly ConversationMessage[])[] {
    return this.#conversations;
  }

  /** The waits after a failure that were recorded with `failDelay: "record"`. */
  get delays(): readonly FailDelay[] {
    return this.#delays;
  }

  /**
   * Reads an item; see pam_get_item(3). Octets that are not UTF-8 are U+FFFD.
   *
   * @throws {LibpamError} if libpam refuses
   */
  getItem(name: PamItem): string | undefined {
    const handle = this.#open(`read the item '${name}'`);
    const code = codeToken(this.#library.symbols.pam_get_item(handle, ITEMS[name], this.#cell.bytes));
    if (code !== "success") throw new LibpamError("pam_get_item", code, `the item '${name}' cannot be read`);
    return decodeCString(this.#cell.take());
  }

  /**
   * Sets an item, or takes it away with `undefined`; see pam_set_item(3). Another service means another stack.
   *
   * @throws {TypeError} for text with NUL, and for a service that is taken away
   * @throws {LibpamError} if libpam refuses
   */
  setItem(name: PamItem, value: string | Uint8Array | undefined): void {
    const handle = this.#open(`set the item '${name}'`);
    if (!Object.hasOwn(ITEMS, name)) {
      throw typeError("libpam-misused", `Cannot set '${name}': it is not an item that holds text`);
    }
    if (name === "service" && value === undefined) {
      // Linux-PAM 1.5.2 would follow the NULL, and the process would be gone.
      throw typeError("libpam-misused", "Cannot take away the item 'service': a transaction has one");
    }
    const text = value === undefined ? null : encodeCString(value, `the item '${name}'`);
    const code = codeToken(this.#library.symbols.pam_set_item(handle, ITEMS[name], text));
    if (code !== "success") {
      throw new LibpamError("pam_set_item", code, `the item '${name}' cannot be set to that`);
    }
  }

  /** The PAM environment; see pam_getenvlist(3). */
  get environment(): Record<string, string> {
    const handle = this.#open("list the environment");
    const list = takeStrings(this.#library.memory, this.#library.symbols.pam_getenvlist(handle));
    return Object.fromEntries(list.map((variable) => {
      const at = variable.indexOf("=");
      return [variable.slice(0, at), variable.slice(at + 1)];
    }));
  }

  /** Reads a variable of the PAM environment; see pam_getenv(3). An empty one is `""`. */
  getEnvironment(name: string): string | undefined {
    const handle = this.#open(`read the variable '${name}'`);
    return decodeCString(
      this.#library.symbols.pam_getenv(handle, encodeCString(name, "the name of a variable")),
    );
  }

  /**
   * Sets a variable of the PAM environment, also to `""`; see pam_putenv(3).
   *
   * @throws {TypeError} for a name that is empty or contains `=`, and for NUL
   * @throws {LibpamError} if libpam refuses
   */
  setEnvironment(name: string, value: string | Uint8Array): void {
    const bytes = typeof value === "string"
      ? encodeCString(value, `the variable '${name}'`).subarray(0, -1)
      : value;
    this.#putEnvironment(name, [...new TextEncoder().encode(`${name}=`), ...bytes]);
  }

  /**
   * Deletes a variable of the PAM environment; see pam_putenv(3).
   *
   * @returns whether there was one
   * @throws {TypeError} for a name that is empty or contains `=`, and for NUL
   * @throws {LibpamError} if libpam refuses
   */
  deleteEnvironment(name: string): boolean {
    // libpam would log an error for a variable that is not there.
    if (name !== "" && !name.includes("=") && this.getEnvironment(name) === undefined) return false;
    this.#putEnvironment(name, [...new TextEncoder().encode(name)]);
    return true;
  }

  #putEnvironment(name: string, variable: readonly number[]): void {
    const handle = this.#open(`change the variable '${name}'`);
    if (name === "" || name.includes("=")) {
      throw typeError(
        "libpam-misused",
        `Cannot change the variable '${name}': a name is not empty and has no '='`,
      );
    }
    const text = encodeCString(Uint8Array.from(variable), `the variable '${name}'`);
    const code = codeToken(this.#library.symbols.pam_putenv(handle, text));
    if (code !== "success") {
      throw new LibpamError("pam_putenv", code, `the variable '${name}' cannot be changed`);
    }
  }

  /**
   * Ends the transaction; see pam_end(3). Then disposes of the conversation, so that a script with unused steps throws here.
   *
   * @param status what the cleanup functions of the modules are told; what the last service function returned if left out
   * @returns what libpam says to it
   */
  end(status: PamCode = this.#last, options: EndOptions = {}): PamCode {
    this.#open("end the transaction");
    this.#running = "pam_end";
    let code: PamCode;
    try {
      code = this.#release(CODES[status] | (options.silent ? DATA_SILENT : 0));
      this.#finish(CODES[code]);
    } finally {
      this.#running = undefined;
      this.#conversation[Symbol.dispose]?.();
    }
    return code;
  }

  /** Ends the transaction if it has not ended. */
  [Symbol.dispose](): void {
    if (this.#handle !== null) this.end();
  }

  /** Waits for a call in the background, and ends the transaction if it has not ended. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#pending;
    this[Symbol.dispose]();
  }
}
