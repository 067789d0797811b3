// SPDX-License-Identifier: MIT
/**
 * One connection, one hook: from its frame to the one frame that ends it.
 *
 * What a worker refuses: a first frame that is not a `hook`, a version it does not serve, a frame that cannot be decoded, an answer
 * to nothing, a second hook. The reply is a `fault`, and the connection is closed. What comes after the end is not read.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import type { Caller } from "../caller.ts";
import { plainError, withCode } from "../coded.ts";
import { dispatch, type Host, type Outcome } from "../dispatch.ts";
import type { ErrorCode } from "../error_codes.ts";
import { codeOf } from "../faults.ts";
import { FAILURES } from "../hooks.ts";
import type { LoadedModule } from "../load.ts";
import type { PamCode } from "../tokens.ts";
import {
  decode,
  encode,
  FINGERPRINT,
  FrameReader,
  LIMITS,
  type MessageFrom,
  type MessageOf,
  MESSAGES,
  NO_VERSION,
  VERSION,
  VERSIONS,
  WireError,
} from "../wire/mod.ts";
import { type Answer, ConnectionCaller, type Wire } from "./connection_caller.ts";
import type { Connection } from "./listen.ts";
import type { Mirror } from "./mirror.ts";
import type { Report } from "./report.ts";
import type { Traffic } from "./traffic.ts";
import type { Witness } from "./witness.ts";

/** How long before the end of the budget a handler's signal fires: what it then returns must still travel back. */
export const SIGNAL_MARGIN_MS = 50;
/** How long a connection may send no hook. */
export const FIRST_FRAME_MAX_MS = 2_000;
/** How long after the end of its budget a hook is given up whose caller neither reads nor hangs up. */
export const OVERDUE_MAX_MS = 2_000;
/** How long a person may think: the longest `prompt_timeout` of the shim, and some. */
export const PERSON_MAX_MS = 610_000;

/** Where the version and the fingerprint stand in a frame with a `hook`: the only part that never changes. */
const VERSION_AT = 1;
const FINGERPRINT_AT = 2;

const logger = getLogger(["pam-deno", "worker"]);

/** What the exchanges of a worker share. */
export interface ExchangeContext {
  /** The module that decides. */
  readonly module: LoadedModule;
  /** What runs at once. */
  readonly traffic: Traffic;
  /** What the supervisor is told. */
  readonly report: Report;
  /** Module data for the parents of processes that split. */
  readonly mirror: Mirror;
  /** The exchanges that are not over. */
  readonly open: Set<Exchange>;
  /** Whether a shim of another fingerprint was already logged. */
  strangerLogged: boolean;
  /** Who looks on, if somebody does. */
  readonly witness?: Witness | undefined;
}

/** The exchange over one connection. */
export class Exchange implements Host, Wire {
  readonly #context: ExchangeContext;
  readonly #connection: Connection;
  readonly #reader = new FrameReader();
  /** Whether the module data came from the mirror. */
  resumed = false;
  #state: "greeting" | "running" | "over" = "greeting";
  #version = VERSION;
  #hook: MessageOf<"hook"> | undefined;
  #caller: ConnectionCaller | undefined;
  /** Frames to be written together with the next that cannot wait; `undefined` once the handler went asynchronous. */
  #held: Uint8Array<ArrayBuffer>[] | undefined = [];
  #began = performance.now();
  #waits = 0;
  #waitBegan = 0;
  #waitedMs = 0;
  #controller: AbortController | undefined;
  #onAbandoned: (() => void) | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Takes a connection over. */
  constructor(context: ExchangeContext, connection: Connection) {
    this.#context = context;
    this.#connection = connection;
    connection.onData = (chunk) => this.#receive(chunk);
    connection.onEnd = () => this.#hungUp();
    context.open.add(this);
  }

  #receive(chunk: Uint8Array): void {
    try {
      this.#reader.push(chunk);
      for (let frame; this.#state !== "over" && (frame = this.#reader.next()) !== undefined;) {
        if (this.#state === "greeting") this.#begin(frame);
        else this.#answer(frame);
      }
    } catch (error) {
      if (!(error instanceof WireError)) throw error;
      this.#fault("protocol", "protocol", error.message);
    }
  }

  /** The first frame: version before anything else, then room, then the rest. */
  #begin(frame: Uint8Array): void {
    if (frame[0] !== MESSAGES.hook.tag) throw new WireError("bad_tag", "a connection begins with a `hook`");
    const version = frame[VERSION_AT];
    if (version === undefined) throw new WireError("truncated", "a `hook` without a version");
    if (!VERSIONS.includes(version)) {
      this.#version = VERSIONS.at(-1)!;
      const served = VERSIONS.join(" and ");
      // Who knocks with no version wants to see an answer, and nothing in the log.
      return this.#fault(
        "no_common_version",
        "no-common-version",
        `the shim speaks version ${version}, this worker ${served}`,
        version !== NO_VERSION,
      );
    }
    this.#version = version;
    this.#compareFingerprint(frame);
    const asked = decode(frame, { from: "shim" }) as MessageOf<"hook">;
    this.#hook = asked;
    if (!this.#context.traffic.begin()) return this.#fault("busy", "busy", "too many hooks are in flight");
    const data = this.#context.mirror.resume(asked);
    this.resumed = data !== undefined;
    const hook = data === undefined ? asked : { ...asked, data };
    this.#hook = hook;
    this.#state = "running";
    this.#context.report.begins(hook.budget_ms, this.#context.traffic.inFlight - 1);
    const outcome = dispatch(this.#context.module, hook, this);
    if (!(outcome instanceof Promise)) return this.#finish(outcome);
    this.#flush();
    this.#held = undefined;
    outcome.then((outcome) => this.#finish(outcome));
  }

  /** A different definition of the same version is worth a line, not a refusal: a running sshd keeps the old shim mapped. */
  #compareFingerprint(frame: Uint8Array): void {
    if (this.#version !== VERSION || this.#context.strangerLogged) return;
    for (let i = 0; i < FINGERPRINT.length; i++) {
      if (frame[FINGERPRINT_AT + i] === FINGERPRINT[i]) continue;
      this.#context.strangerLogged = true;
      logger.warn(
        withCode(
          "shim-of-another-build",
          "A shim of another build speaks version {version} too: restart what still has the old one loaded",
        ),
        {
          version: this.#version,
        },
      );
      return;
    }
  }

  #answer(frame: Uint8Array): void {
    let message;
    try {
      message = decode(frame, { from: "shim", version: this.#version });
    } finally {
      // It may hold what a person typed; what was decoded are copies.
      frame.fill(0);
    }
    if (message.type === "hook") throw new WireError("bad_tag", "a connection is for one `hook`");
    if (!this.#caller) throw new WireError("bad_tag", `\`${message.type}\` answers nothing that was asked`);
    this.#caller.receive(message as Answer);
  }

  // What a handler sees of the exchange.

  /** Where questions, texts and log lines go. */
  get caller(): Caller {
    return this.#caller ??= new ConnectionCaller(this);
  }

  /** The time. */
  now(): Temporal.Instant {
    return this.#context.witness?.now() ?? Temporal.Now.instant();
  }

  /** Octets fit for secrets. */
  random(length: number): Uint8Array<ArrayBuffer> {
    return crypto.getRandomValues(new Uint8Array(length));
  }

  /** The signal of this hook; its clock stops while a person is asked. */
  signal(): AbortSignal {
    this.#controller ??= new AbortController();
    this.#setTimer();
    return this.#controller.signal;
  }

  /** What to do when nobody waits for the hook any more. */
  abandoned(act: () => void): void {
    this.#onAbandoned = act;
  }

  #setTimer(): void {
    clearTimeout(this.#timer);
    if (!this.#controller || this.#waits > 0 || this.#state !== "running") return;
    const { budget_ms } = this.#hook!;
    const left = budget_ms - Math.min(SIGNAL_MARGIN_MS, budget_ms / 4) - this.#spentMs();
    const late = () =>
      this.#controller!.abort(new DOMException(`the ${budget_ms} ms of this hook are over`, "TimeoutError"));
    if (left <= 0) late();
    else this.#timer = setTimeout(late, left);
  }

  /** What the hook took so far, without the time in which a person was asked. */
  #spentMs(now: number = performance.now()): number {
    return now - this.#began - this.#waitedMs - (this.#waits > 0 ? now - this.#waitBegan : 0);
  }

  // What its questions need.

  /** Sends a message: at once, unless the handler has not yet given up the turn. */
  send(message: MessageFrom<"worker">): void {
    if (this.#state !== "running") return;
    const frame = encode(message, this.#version);
    this.#context.witness?.sent(this.#hook!, message);
    if (this.#held) this.#held.push(frame);
    else this.#connection.write(frame);
  }

  /** A person is asked. */
  beginWait(): void {
    if (this.#waits === 0) {
      if (!this.#context.traffic.wait(this.#person)) {
        const message = "too many hooks wait for a person, or for this one";
        this.#fault("busy", "busy", message);
        throw plainError("busy", message);
      }
      this.#waitBegan = performance.now();
    }
    this.#waits++;
    this.#setTimer();
  }

  /** A person has answered. */
  endWait(): void {
    if (--this.#waits > 0) return;
    this.#waitedMs += performance.now() - this.#waitBegan;
    this.#context.traffic.resume(this.#person);
    this.#setTimer();
  }

  /** Who is asked. At a set-uid program that is its caller: the user is only whom they want to become, and anybody may try. */
  get #person(): string {
    const { uid, items } = this.#hook!;
    if (uid !== 0) return `uid ${uid}`;
    const value = (name: string) => items.find(({ item }) => item === name)?.value ?? "";
    return `${value("user")}\n${value("rhost")}`;
  }

  // The end.

  #finish(outcome: Outcome): void {
    if (this.#state === "over") return wipe(outcome);
    let sent = outcome;
    let frame;
    try {
      frame = encode(outcome, this.#version);
    } catch (error) {
      const message = `the result cannot be sent: ${(error as Error).message}`;
      sent = {
        type: "fault",
        fault: "threw",
        message: withCode("runtime-failed", message, LIMITS.FAULT_MAX),
      };
      frame = encode(sent, this.#version);
    }
    wipe(outcome);
    this.#end(frame, sent);
    this.#context.witness?.ended(this.#hook!, sent, this.resumed);
  }

  #fault(
    fault: MessageOf<"fault">["fault"],
    code: ErrorCode,
    cause: string,
    logged = fault !== "busy",
  ): void {
    const message = withCode(code, cause, LIMITS.FAULT_MAX);
    if (logged) logger.warn("Refused a connection: {fault}: {message}", { fault, message });
    this.#abort(plainError(code, cause));
    const outcome: Outcome = { type: "fault", fault, message };
    this.#end(encode(outcome, this.#version), outcome);
  }

  #end(frame: Uint8Array<ArrayBuffer>, outcome: Outcome): void {
    this.#held?.push(frame);
    if (this.#held) this.#flush();
    else this.#connection.write(frame);
    if (this.#hook) {
      this.#count(codeOf(this.#hook.hook, outcome));
      this.#context.mirror.note(this.#hook, outcome);
    }
    this.#leave();
    this.#connection.close();
  }

  /** Counts how the hook ended, once its answer is on its way. */
  #count(code: PamCode): void {
    const spent = this.#state === "running" ? this.#spentMs() : undefined;
    this.#context.report.ended(this.#hook!.hook, code, spent);
  }

  /** Writes what was held back, in one piece. */
  #flush(): void {
    const held = this.#held!;
    if (held.length === 1) this.#connection.write(held[0]!);
    else if (held.length > 1) this.#connection.write(concat(held));
  }

  #hungUp(): void {
    if (this.#state === "over") return;
    if (this.#state === "greeting" && this.#reader.unfinished) {
      logger.warn(withCode("protocol", "Refused a connection: it ended inside a frame"));
    }
    this.#giveUp("the application hung up");
  }

  /** Ends an exchange that nobody waits for any more. */
  #giveUp(why: string): void {
    if (this.#state === "running") {
      logger.warn(withCode("hook-abandoned", "{hook}: {why} after {spent} ms, before there was a result"), {
        hook: this.#hook!.hook,
        why,
        spent: Math.round(this.#spentMs()),
      });
      this.#count(FAILURES.broken_off[this.#hook!.hook]);
      this.#context.mirror.note(this.#hook!, undefined);
      this.#context.witness?.ended(this.#hook!, undefined, this.resumed);
    }
    const error = new DOMException(why, "AbortError");
    this.#leave(error);
    this.#abort(error);
    this.#connection.close();
  }

  #abort(reason: Error): void {
    this.#controller?.abort(reason);
    this.#onAbandoned?.();
  }

  #leave(error?: Error): void {
    const { traffic, open } = this.#context;
    if (this.#state === "running") {
      if (this.#waits > 0) traffic.resume(this.#person);
      traffic.end();
    }
    this.#state = "over";
    if (this.#timer !== undefined) clearTimeout(this.#timer);
    open.delete(this);
    this.#caller?.end(error);
  }

  /** Gives up what will not end by itself. Called now and then. */
  sweep(now: number): void {
    if (this.#state === "greeting") {
      if (now - this.#began > FIRST_FRAME_MAX_MS) this.#giveUp("it sent no hook");
    } else if (this.#waits > 0) {
      if (now - this.#waitBegan > PERSON_MAX_MS) this.#giveUp("the person did not answer");
    } else if (this.#spentMs(now) > this.#hook!.budget_ms + OVERDUE_MAX_MS) {
      this.#giveUp("the caller did not end it in time");
    }
  }
}

function wipe(outcome: Outcome): void {
  if (outcome.type !== "result") return;
  for (const { value } of outcome.tokens) value.fill(0);
  for (const { content } of outcome.user_files) content?.fill(0);
}

function concat(frames: readonly Uint8Array<ArrayBuffer>[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(frames.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const frame of frames) {
    whole.set(frame, at);
    at += frame.length;
  }
  return whole;
}
