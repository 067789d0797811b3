// SPDX-License-Identifier: MIT
/**
 * What a handler may ask while its hook runs, over the hook's connection: requests go out in order, and come back in order.
 *
 * @module
 */

import type {
  AgeingEntry,
  Caller,
  CallerMessage,
  GroupEntry,
  LogLevel,
  PasswdEntry,
  ProcessEntry,
  TextStyle,
} from "../caller.ts";
import { PamError } from "../error.ts";
import type { PamToken } from "../tokens.ts";
import { type MessageFrom, type MessageOf, type NameFrom, WireError } from "../wire/mod.ts";

/** A message that answers a request. */
export type Answer = Exclude<MessageFrom<"shim">, MessageOf<"hook">>;

/** The way out, and what it means for the hook's clock that a person is asked. */
export interface Wire {
  /** Sends a message, now or with the next that cannot wait. */
  send(message: MessageFrom<"worker">): void;
  /** Called before a question to a person is sent; throws if the hook may not wait for one. */
  beginWait(): void;
  /** Called when it was answered. */
  endWait(): void;
}

/** What kind of a request it is. */
interface Asking {
  /** Whether `absent` answers it too. */
  readonly mayBeAbsent?: boolean;
  /** Whether a person is asked. */
  readonly asksPerson?: boolean;
}

const PERSON: Asking = { asksPerson: true };
const ENTRY: Asking = { mayBeAbsent: true };
const ALWAYS: Asking = {};

interface Pending {
  readonly request: NameFrom<"worker">;
  readonly expected: Answer["type"];
  readonly mayBeAbsent: boolean;
  readonly asksPerson: boolean;
  readonly resolve: (answer: Answer | undefined) => void;
  readonly reject: (error: Error) => void;
}

/** The Caller of one hook. */
export class ConnectionCaller implements Caller {
  readonly #wire: Wire;
  readonly #pending: Pending[] = [];
  #over: Error | string | undefined;

  /** Sends through `wire`. */
  constructor(wire: Wire) {
    this.#wire = wire;
  }

  /** Calls the application's conversation once. */
  async converse(messages: readonly CallerMessage[]): Promise<readonly (Uint8Array | undefined)[]> {
    const { answers } = await this.#ask({ type: "converse", messages }, "answers", PERSON) as MessageOf<
      "answers"
    >;
    return answers.map(({ answer }) => answer);
  }

  /** Calls pam_get_authtok(3). */
  async getToken(token: PamToken, prompt?: string): Promise<Uint8Array> {
    const { value } = await this.#ask({ type: "get_token", token, prompt }, "token", PERSON) as MessageOf<
      "token"
    >;
    return value;
  }

  /** Looks up the passwd entry of the user. */
  async lookupPasswd(): Promise<PasswdEntry | undefined> {
    return await this.#ask({ type: "lookup_passwd" }, "passwd", ENTRY) as MessageOf<"passwd"> | undefined;
  }

  /** Looks up the groups of the user. */
  async lookupGroups(): Promise<readonly GroupEntry[] | undefined> {
    return (await this.#ask({ type: "lookup_groups" }, "groups", ENTRY) as MessageOf<"groups"> | undefined)
      ?.groups;
  }

  /** Looks up the ageing fields of the user's shadow entry. */
  async lookupAgeing(): Promise<AgeingEntry | undefined> {
    return await this.#ask({ type: "lookup_ageing" }, "ageing", ENTRY) as MessageOf<"ageing"> | undefined;
  }

  /** Looks up whether the user is in a netgroup. */
  async lookupNetgroup(netgroup: string): Promise<boolean> {
    const answer = await this.#ask({ type: "lookup_netgroup", netgroup }, "member", ALWAYS);
    return (answer as MessageOf<"member">).member;
  }

  /** Looks up which processes still run. */
  async lookupProcesses(processes: readonly ProcessEntry[]): Promise<readonly boolean[]> {
    const answer = await this.#ask({ type: "lookup_processes", processes }, "processes", ALWAYS);
    return (answer as MessageOf<"processes">).processes.map(({ running }) => running);
  }

  /** Shows a text at once. */
  text(style: TextStyle, text: string): void {
    this.#wire.send({ type: "text", style, text });
  }

  /** Writes a line to the system log. */
  log(level: LogLevel, text: string): void {
    this.#wire.send({ type: "log", level, text });
  }

  #ask(
    message: MessageFrom<"worker">,
    expected: Answer["type"],
    { asksPerson = false, mayBeAbsent = false }: Asking,
  ): Promise<Answer | undefined> {
    if (this.#over) return Promise.reject(this.#reason());
    return new Promise((resolve, reject) => {
      if (asksPerson) this.#wire.beginWait();
      const request = message.type;
      this.#pending.push({ request, expected, mayBeAbsent, asksPerson, resolve, reject });
      this.#wire.send(message);
    });
  }

  /**
   * Takes an answer for the oldest request that has none.
   *
   * @throws {WireError} `bad_tag` if it is no answer to that.
   */
  receive(answer: Answer): void {
    const pending = this.#pending.shift();
    if (!pending) throw new WireError("bad_tag", `\`${answer.type}\` answers nothing that was asked`);
    if (pending.asksPerson) this.#wire.endWait();
    if (answer.type === "failed") {
      pending.reject(new PamError(answer.code, pending.request));
    } else if (answer.type === pending.expected) {
      pending.resolve(answer);
    } else if (answer.type === "absent" && pending.mayBeAbsent) {
      pending.resolve(undefined);
    } else {
      const error = new WireError("bad_tag", `\`${answer.type}\` is no answer to \`${pending.request}\``);
      pending.reject(error);
      throw error;
    }
  }

  /** Rejects what is unanswered, and whatever may still be asked. The usual hook has nothing of that, and makes no Error. */
  end(error?: Error): void {
    this.#over ??= error ?? "the hook is over";
    for (const { reject } of this.#pending.splice(0)) reject(this.#reason());
  }

  #reason(): Error {
    return this.#over instanceof Error ? this.#over : new Error(this.#over);
  }
}
