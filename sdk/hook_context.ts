// SPDX-License-Identifier: MIT
/**
 * What a handler is handed at run time. Which members a handler may use is the business of the types in
 * context.ts; here is one class whose members come into being when they are first asked for, so that a check
 * pays for what it uses.
 *
 * @module
 */

import { makeGetToken, makeSetToken } from "./authtok.ts";
import { rangeError } from "./coded.ts";
import type { Context, Verb } from "./context.ts";
import { type Conversation, makeConversation } from "./conversation.ts";
import { type Data, makeData } from "./data.ts";
import { type Environment, makeEnvironment } from "./environment.ts";
import { makeFailDelay } from "./fail_delay.ts";
import type { Grant } from "./grants.ts";
import type { HookState } from "./hook_state.ts";
import type { Hook } from "./hooks.ts";
import { itemOf, type Items, makeItems } from "./items.ts";
import { type Log, makeLog } from "./log.ts";
import { type Lookup, makeLookup } from "./lookup.ts";
import { type Deny, makeDeny } from "./result.ts";
import type { Secret } from "./secret.ts";
import { FLAGS } from "./tokens.ts";
import { makeUserFiles, type UserFiles } from "./user_files.ts";

const VERB_FLAGS = FLAGS.establish_cred | FLAGS.delete_cred | FLAGS.reinitialize_cred | FLAGS.refresh_cred;

const VERBS: ReadonlyMap<number, Verb> = new Map<number, Verb>([
  [0, "establish"],
  [FLAGS.establish_cred, "establish"],
  [FLAGS.delete_cred, "delete"],
  [FLAGS.reinitialize_cred, "reinitialize"],
  [FLAGS.refresh_cred, "refresh"],
]);

/** The verb of setCredentials; `undefined` if the flags hold several. See pam_sm_setcred(3). */
export function verbOf(flags: number): Verb | undefined {
  return VERBS.get(flags & VERB_FLAGS);
}

/** The most octets that random() gives at once: what crypto.getRandomValues() does. */
const RANDOM_MAX = 65536;

function makeRandom(state: HookState): (length: number) => Uint8Array<ArrayBuffer> {
  return (length) => {
    if (!Number.isInteger(length) || length < 0 || length > RANDOM_MAX) {
      throw rangeError("argument-refused", `random() takes a number of octets, 0 to ${RANDOM_MAX}`);
    }
    return state.host.random(length);
  };
}

type Made = {
  -readonly [K in keyof Context]?: Context<Hook, unknown, Grant>[K];
};

/** The context of one hook. */
export class HookContext implements Context<Hook, unknown, Grant> {
  readonly #state: HookState;
  readonly #made: Made = {};
  #userFiles: UserFiles<Grant> | undefined;

  /** Makes the context of the hook whose state is `state`. */
  constructor(state: HookState) {
    this.#state = state;
  }

  // Members of every hook, in the order of context.ts.

  get service(): string {
    return itemOf(this.#state, "service") ?? "";
  }
  get user(): string {
    return this.#made.user ??= itemOf(this.#state, "user") ?? "";
  }
  get options(): unknown {
    return this.#state.options;
  }
  get now(): Temporal.Instant {
    return this.#made.now ??= this.#state.host.now();
  }
  get silent(): boolean {
    return this.#flag(FLAGS.silent);
  }
  get caller(): Context["caller"] {
    const { pid, uid, euid, started } = this.#state.message;
    return this.#made.caller ??= Object.freeze({ pid, uid, euid, started });
  }
  get continuity(): Context["continuity"] {
    if (this.#state.message.data === undefined) return "none";
    return this.#state.host.resumed ? "resumed" : "same";
  }
  get deny(): Deny<Hook> {
    return this.#made.deny ??= makeDeny(this.#state);
  }
  get items(): Items<Grant> {
    return this.#made.items ??= makeItems(this.#state);
  }
  get environment(): Environment<Grant> {
    return this.#made.environment ??= makeEnvironment(this.#state);
  }
  get data(): Data {
    return this.#made.data ??= makeData(this.#state);
  }
  get conversation(): Conversation<Grant> {
    return this.#made.conversation ??= makeConversation(this.#state);
  }
  get lookup(): Lookup<Grant> {
    return this.#made.lookup ??= makeLookup(this.#state);
  }
  get log(): Log {
    return this.#made.log ??= makeLog(this.#state);
  }
  get signal(): AbortSignal {
    return this.#state.signal;
  }
  get random(): (length: number) => Uint8Array<ArrayBuffer> {
    return this.#made.random ??= makeRandom(this.#state);
  }
  get failDelay(): (atLeast: Temporal.Duration) => void {
    return this.#made.failDelay ??= makeFailDelay(this.#state);
  }

  // Members of some hooks.

  get disallowNullAuthtok(): boolean {
    return this.#flag(FLAGS.disallow_null_authtok);
  }
  get verb(): Verb | undefined {
    return this.#state.message.hook === "setCredentials" ? verbOf(this.#state.message.flags) : undefined;
  }
  get onlyIfExpired(): boolean {
    return this.#flag(FLAGS.change_expired_authtok);
  }
  get privileged(): boolean {
    return this.#state.message.uid === 0;
  }
  get userFiles(): UserFiles<Grant> {
    return this.#userFiles ??= makeUserFiles(this.#state);
  }
  get authtok(): (prompt?: string) => Promise<Secret> {
    return makeGetToken(this.#state, "authtok", "authtok()");
  }
  get oldAuthtok(): (prompt?: string) => Promise<Secret> {
    return makeGetToken(this.#state, "oldauthtok", "oldAuthtok()");
  }
  get setAuthtok(): (value: Secret | Uint8Array) => void {
    return makeSetToken(this.#state, "authtok", "setAuthtok()");
  }
  get setOldAuthtok(): (value: Secret | Uint8Array) => void {
    return makeSetToken(this.#state, "oldauthtok", "setOldAuthtok()");
  }

  #flag(bit: number): boolean {
    return (this.#state.message.flags & bit) !== 0;
  }
}
