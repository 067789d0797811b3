// SPDX-License-Identifier: MIT
/**
 * What one running hook knows: what it was asked, what its handler has done so far, and what it may still do.
 *
 * @module
 */

import { plainError, rangeError, typeError, withCode } from "./coded.ts";
import { DataStore } from "./data.ts";
import type { LogLevel, TextStyle } from "./caller.ts";
import type { Host } from "./dispatch.ts";
import { gives, type SettableItem } from "./grants.ts";
import { type Hook, LINE_TYPES, type LineType } from "./hooks.ts";
import type { LoadedModule } from "./load.ts";
import { type LogProperties, render, toLogTape } from "./log.ts";
import type { Denial } from "./result.ts";
import { Secret, withoutSecrets } from "./secret.ts";
import { clip, line } from "./text.ts";
import type { PamToken } from "./tokens.ts";
import { LIMITS } from "./wire/schema.ts";
import type { MessageOf } from "./wire/types.ts";

/** Log lines that a handler has: two are kept for what dispatch() has to say at the end. */
const HANDLER_LINES_MAX = LIMITS.LOG_LINES_MAX - 2;

/** The state of one hook. */
export class HookState {
  /** The module. */
  readonly module: LoadedModule;
  /** What the shim asked. */
  readonly message: MessageOf<"hook">;
  /** What surrounds the hook. */
  readonly host: Host;
  /** The module's options. */
  readonly options: unknown;
  /** What `deny` made in this hook. */
  readonly denials: Denial<Hook>[] = [];
  /** Items to set. */
  items: Map<SettableItem, string> | undefined = undefined;
  /** Variables to set, or to delete (`undefined`). */
  environment: Map<string, string | undefined> | undefined = undefined;
  /** Tokens to set; the octets are this hook's own. */
  tokens: Map<PamToken, Uint8Array> | undefined = undefined;
  /** User files to write, or to delete (`undefined`); the octets are this hook's own. */
  userFiles: Map<string, Uint8Array | undefined> | undefined = undefined;
  /** The delay after failure, in microseconds. */
  failDelayUs = 0;
  /** Whether the outcome is decided. */
  ended = false;
  #secrets: Secret[] = [];
  #signal: AbortSignal | undefined;
  #open: Map<Promise<unknown>, string> | undefined;
  #data: DataStore | undefined;
  #requests = 0;
  #texts = 0;
  #lines = 0;

  /** Begins a hook. */
  constructor(module: LoadedModule, message: MessageOf<"hook">, host: Host, options: unknown) {
    this.module = module;
    this.message = message;
    this.host = host;
    this.options = options;
  }

  /** The type of the pam.d line that the hook came from. */
  get line(): LineType {
    return LINE_TYPES[this.message.hook];
  }

  /** The module data, read from its blob when first asked for. */
  get data(): DataStore {
    return this.#data ??= new DataStore(this.message.data, (problem) => this.log("warning", problem, {}));
  }

  /** What is to be done with the module data. Those that were carried over are put on this handle. */
  get dataEffect(): DataStore["effect"] | undefined {
    const effect = this.#data?.effect;
    const { data } = this.message;
    if (!this.host.resumed || data === undefined || (effect !== undefined && effect.data_action !== "keep")) {
      return effect;
    }
    return { data_action: "set", data };
  }

  /**
   * Throws a TypeError that says how to mend it, unless the module declares `grant` for this type of line.
   */
  needs(grant: string, what: string): void {
    this.host.needed?.(grant);
    if (gives(this.module.grants[this.line] ?? [], grant)) return;
    const where = `grants.${this.line} in defineModule()`;
    throw typeError(
      "grant-not-declared",
      `${what} needs the grant "${grant}": add it to ${where} and to grant= on the pam.d line`,
    );
  }

  /** Whether the hook has ended; then `what` has no effect, and the log says so. */
  isLate(what: string): boolean {
    if (!this.ended) return false;
    const text = withCode(
      "effect-too-late",
      `${what} came after ${this.message.hook} had ended and has no effect: await what the handler starts`,
    );
    toLogTape(this.module.name, "warning", text, {}, this.#secrets);
    this.host.late?.(text);
    return true;
  }

  /** Asks a question. Its promise is watched, so that a forgotten one is noticed and harms nothing. */
  ask<T>(what: string, question: () => Promise<T>): Promise<T> {
    const answer = this.#mayAsk(what) ?? question();
    const open = this.#open ??= new Map();
    open.set(answer, what);
    const settle = () => void open.delete(answer);
    answer.then(settle, settle);
    return answer;
  }

  #mayAsk(what: string): Promise<never> | undefined {
    if (this.isLate(what)) {
      return Promise.reject(
        plainError("effect-too-late", `${what} came after ${this.message.hook} had ended`),
      );
    }
    if (++this.#requests <= LIMITS.REQUESTS_MAX) return undefined;
    return Promise.reject(
      rangeError(
        "limit-exceeded",
        `${what}: a hook asks at most ${LIMITS.REQUESTS_MAX} questions (REQUESTS_MAX)`,
      ),
    );
  }

  /** A question without an answer yet; `undefined` if there is none. */
  get openQuestion(): string | undefined {
    return this.#open?.values().next().value;
  }

  /** Waits until every question has an answer, or has failed. */
  async answersArrived(): Promise<void> {
    while (this.#open !== undefined && this.#open.size > 0) await Promise.allSettled(this.#open.keys());
  }

  /** The signal of the hook. */
  get signal(): AbortSignal {
    return this.#signal ??= this.host.signal();
  }

  /** Makes `bytes` a Secret that does not outlive the hook, also if its handler never ends. */
  secret(bytes: Uint8Array): Secret {
    const secret = new Secret(bytes);
    this.#secrets.push(secret);
    if (this.ended) secret[Symbol.dispose]();
    else if (this.#secrets.length === 1) {
      this.signal.addEventListener("abort", () => this.#abandon(), { once: true });
      this.host.abandoned?.(() => this.#wipe());
    }
    return secret;
  }

  /**
   * Nobody waits for the outcome any more. After a mere timeout somebody may: the handler can still be quick.
   */
  #abandon(): void {
    const { reason } = this.signal;
    if (reason instanceof Error && reason.name === "TimeoutError") return;
    this.#wipe();
  }

  #wipe(): void {
    this.ended = true;
    for (const secret of this.#secrets) secret[Symbol.dispose]();
  }

  /** Shows a text at once. */
  show(style: TextStyle, what: string, text: string): void {
    if (this.isLate(what)) return;
    if (++this.#texts <= LIMITS.TEXTS_MAX) {
      this.host.caller.text(style, clip(String(text), LIMITS.TEXT_MAX));
    } else if (this.#texts === LIMITS.TEXTS_MAX + 1) {
      this.log(
        "warning",
        withCode(
          "too-many-texts",
          `${what}: a hook shows at most ${LIMITS.TEXTS_MAX} texts (TEXTS_MAX), the rest is left out`,
        ),
        {},
      );
    }
  }

  /** Writes a line on behalf of the handler; those above the limit are counted, also where they come late. */
  log(level: LogLevel, message: string, properties: LogProperties): void {
    if (++this.#lines > HANDLER_LINES_MAX) return;
    toLogTape(this.module.name, level, message, properties, this.#secrets);
    if (this.ended) this.host.late?.(this.#line(message, properties));
    else this.host.caller.log(level, this.#line(message, properties));
  }

  #line(message: string, properties: LogProperties): string {
    return line(this.withoutSecrets(render(message, properties)), LIMITS.LOG_MAX);
  }

  /** `text` without the octets of any Secret of this hook. */
  withoutSecrets(text: string): string {
    return withoutSecrets(text, this.#secrets);
  }

  /** Writes what a handler threw, with its stack; one of the lines kept for dispatch(). */
  logStack(stack: string): void {
    const text = this.withoutSecrets(stack);
    toLogTape(
      this.module.name,
      "error",
      "{hook} threw: {stack}",
      { hook: this.message.hook, stack: text },
      [],
    );
    this.host.caller.log("error", line(text, LIMITS.LOG_MAX));
  }

  /** Ends the hook: what comes now is late. Says how many log lines were left out, and wipes every Secret. */
  end(): void {
    const left = this.ended ? 0 : this.#lines - HANDLER_LINES_MAX;
    this.#wipe();
    if (left <= 0) return;
    const text = withCode(
      "log-lines-left-out",
      `${left} more log lines of this hook were left out (LOG_LINES_MAX)`,
    );
    toLogTape(this.module.name, "warning", text, {}, []);
    this.host.caller.log("warning", text);
  }

  /** Wipes the tokens and the user files that will not travel. */
  dropSecrets(): void {
    for (const bytes of this.tokens?.values() ?? []) bytes.fill(0);
    for (const bytes of this.userFiles?.values() ?? []) bytes?.fill(0);
    this.tokens = undefined;
    this.userFiles = undefined;
  }
}
