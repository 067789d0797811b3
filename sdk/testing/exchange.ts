// SPDX-License-Identifier: MIT
/**
 * One hook between the shim and a worker, without a socket: every message goes through the codec and the frame reader both ways, and
 * the shim's side applies the shim's rules.
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
import { splitCode } from "../coded.ts";
import { dispatch, type Host } from "../dispatch.ts";
import { PamError } from "../error.ts";
import type { ErrorCode } from "../error_codes.ts";
import { CLASS_CODES, FAULT_CLASSES } from "../faults.ts";
import type { FailureClass, Hook } from "../hooks.ts";
import type { LoadedModule } from "../load.ts";
import type { PamToken } from "../tokens.ts";
import { decode, encode } from "../wire/codec.ts";
import { WireError } from "../wire/errors.ts";
import { FrameReader } from "../wire/frame.ts";
import { LIMITS } from "../wire/schema.ts";
import type { Message, MessageFrom, MessageOf } from "../wire/types.ts";
import type { SeenLine } from "./hook_result.ts";
import { type Request, requestProblem, resultProblem, textForLog, textProblem } from "./shim_rules.ts";

/** Why a hook failed. */
export interface Failure {
  /** The class of failure. */
  readonly failure: FailureClass;
  /** What the log says, without the code and the link behind it. */
  readonly cause: string;
  /** The stable code. */
  readonly errorCode: ErrorCode;
}

/** A failure, with the code that the worker put behind the cause, else that of its class, as the shim does. */
export function failureOf(failure: FailureClass, cause: string): Failure {
  const { text, code = CLASS_CODES[failure] } = splitCode(cause);
  return { failure, cause: text, errorCode: code };
}

/** What the shim can do for a request, and for a text. */
export interface ShimServices {
  /** Carries out a request that the rules admit. */
  readonly serve: (request: Request) => MessageFrom<"shim">;
  /** Shows a text. */
  readonly show: (text: MessageOf<"text">) => void;
}

/** A message as the other side reads it. */
export function transmit<M extends Message>(message: M, from: "shim" | "worker"): M {
  const frame = encode(message);
  const reader = new FrameReader();
  reader.push(frame);
  const body = reader.next();
  if (body === undefined) throw new WireError("truncated", "the frame did not arrive whole");
  const received = decode(body, { from }) as M;
  frame.fill(0);
  return received;
}

/** The hook. */
export class Exchange implements Caller {
  /** Lines that reached the system log. */
  readonly lines: SeenLine[] = [];
  readonly #hook: Hook;
  readonly #grants: readonly string[];
  readonly #services: ShimServices;
  readonly #broken = Promise.withResolvers<void>();
  readonly #abort = new AbortController();
  #failure: Failure | undefined;
  #requests = 0;
  #texts = 0;
  #lines = 0;

  /** A hook on a line with `grants`. */
  constructor(hook: Hook, grants: readonly string[], services: ShimServices) {
    this.#hook = hook;
    this.#grants = grants;
    this.#services = services;
  }

  /** Ends the hook without a result; only the first reason counts. The worker sees the connection go. */
  break(failure: FailureClass, cause: string): void {
    if (this.#failure !== undefined) return;
    this.#failure = failureOf(failure, cause);
    this.#abort.abort(new DOMException("The application hung up", "AbortError"));
    this.#broken.resolve();
  }

  /** Lets the module answer; its result has been checked and can be applied. */
  async play(
    module: LoadedModule,
    message: MessageOf<"hook">,
    host: Pick<Host, "now" | "random" | "late" | "resumed" | "needed">,
  ): Promise<MessageOf<"result"> | Failure> {
    try {
      const asked = transmit(message, "shim");
      const outcome = dispatch(module, asked, { ...host, caller: this, signal: () => this.#abort.signal });
      const ended = outcome instanceof Promise
        ? await Promise.race([outcome, this.#broken.promise])
        : outcome;
      if (this.#failure === undefined && ended !== undefined) return this.#judge(transmit(ended, "worker"));
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.break("protocol", error.message);
    }
    return this.#failure as Failure;
  }

  #judge(outcome: MessageOf<"result" | "fault">): MessageOf<"result"> | Failure {
    if (this.#lines > LIMITS.LOG_LINES_MAX) {
      const text = `${this.#lines - LIMITS.LOG_LINES_MAX} more lines of the module were dropped`;
      this.lines.push({ level: "warning", text });
    }
    if (outcome.type === "fault") {
      return failureOf(FAULT_CLASSES[outcome.fault], textForLog(outcome.message));
    }
    const problem = resultProblem(outcome, this.#hook, this.#grants);
    return problem === undefined ? outcome : failureOf("protocol", problem);
  }

  #ask(request: Request): MessageFrom<"shim"> {
    if (this.#failure !== undefined) throw new Error("The connection is gone");
    const received = transmit(request, "worker");
    const problem = requestProblem(received, this.#hook, this.#grants, ++this.#requests);
    if (problem !== undefined) {
      this.break("protocol", problem);
      throw new Error("The connection is gone");
    }
    const answer = transmit(this.#services.serve(received), "shim");
    if (answer.type === "failed") throw new PamError(answer.code, request.type);
    return answer;
  }

  /** The answer of type `type`; `undefined` if there is none. */
  // deno-lint-ignore require-await -- a promise also when it throws
  async #answer<T extends MessageFrom<"shim">["type"]>(
    request: Request,
    type: T,
  ): Promise<MessageOf<T> | undefined> {
    const answer = this.#ask(request);
    return answer.type === type ? answer as MessageOf<T> : undefined;
  }

  /** See {@linkcode Caller}. */
  async converse(messages: readonly CallerMessage[]): Promise<readonly (Uint8Array | undefined)[]> {
    const answers = await this.#answer({ type: "converse", messages }, "answers");
    return (answers?.answers ?? []).map(({ answer }) => answer);
  }

  /** See {@linkcode Caller}. */
  async getToken(token: PamToken, prompt?: string): Promise<Uint8Array> {
    const answer = await this.#answer({ type: "get_token", token, prompt }, "token");
    return answer?.value ?? new Uint8Array(0);
  }

  /** See {@linkcode Caller}. */
  lookupPasswd(): Promise<PasswdEntry | undefined> {
    return this.#answer({ type: "lookup_passwd" }, "passwd");
  }

  /** See {@linkcode Caller}. */
  async lookupGroups(): Promise<readonly GroupEntry[] | undefined> {
    return (await this.#answer({ type: "lookup_groups" }, "groups"))?.groups;
  }

  /** See {@linkcode Caller}. */
  lookupAgeing(): Promise<AgeingEntry | undefined> {
    return this.#answer({ type: "lookup_ageing" }, "ageing");
  }

  /** See {@linkcode Caller}. */
  async lookupNetgroup(netgroup: string): Promise<boolean> {
    return (await this.#answer({ type: "lookup_netgroup", netgroup }, "member"))?.member ?? false;
  }

  /** See {@linkcode Caller}. */
  async lookupProcesses(processes: readonly ProcessEntry[]): Promise<readonly boolean[]> {
    const answer = await this.#answer({ type: "lookup_processes", processes }, "processes");
    return (answer?.processes ?? []).map(({ running }) => running);
  }

  /** See {@linkcode Caller}. */
  text(style: TextStyle, text: string): void {
    if (this.#failure !== undefined) return;
    const received = transmit({ type: "text", style, text }, "worker");
    const problem = textProblem(received, ++this.#texts);
    if (problem === undefined) this.#services.show(received);
    else this.break("protocol", problem);
  }

  /** See {@linkcode Caller}. */
  log(level: LogLevel, text: string): void {
    if (this.#failure !== undefined) return;
    const received = transmit({ type: "log", level, text }, "worker");
    if (++this.#lines <= LIMITS.LOG_LINES_MAX) this.lines.push({ level, text: textForLog(received.text) });
  }
}
