// SPDX-License-Identifier: MIT
/**
 * Runs one hook: picks the handler, hands it its context, and turns what it answers into what travels back.
 *
 * @module
 */

import type { Caller } from "./caller.ts";
import { withCode } from "./coded.ts";
import type { ErrorCode } from "./error_codes.ts";
import { gives } from "./grants.ts";
import { HookContext, verbOf } from "./hook_context.ts";
import { HookState } from "./hook_state.ts";
import { type Hook, LINE_TYPES, UNDEFINED_HOOKS } from "./hooks.ts";
import { itemOf } from "./items.ts";
import type { LoadedHandler, LoadedModule } from "./load.ts";
import {
  denyNotReturned,
  denyThrown,
  type Mistake,
  noResult,
  notAwaited,
  thrown,
  wrongCode,
} from "./mistakes.ts";
import { type Denial, isLegal, isRefusal } from "./result.ts";
import { byteLength } from "./text.ts";
import type { PamCode } from "./tokens.ts";
import { LIMITS } from "./wire/schema.ts";
import type { MessageOf } from "./wire/types.ts";

/** What ends a hook. */
export type Outcome = MessageOf<"result"> | MessageOf<"fault">;

/** What surrounds one hook: made per hook by the worker, per call by the test kit. */
export interface Host {
  /** Where questions, texts and log lines go. */
  readonly caller: Caller;
  /**
   * The signal that fires at the deadline (with a reason called `TimeoutError`) or when the application hangs up
   * (with any other). Called at most once: when a handler asks for it, or is given its first Secret, which is
   * wiped when nobody waits any more.
   */
  signal(): AbortSignal;
  /**
   * Takes what to do when the application hangs up: a signal that the deadline has fired says nothing of it any
   * more. Called at most once, when a handler is given its first Secret.
   */
  abandoned?(act: () => void): void;
  /** Whether the module data of the hook were carried over from another process. Left out: no. */
  readonly resumed?: boolean;
  /** The time. Called at most once, and only if a handler asks. */
  now(): Temporal.Instant;
  /** `length` random octets, fit for secrets. */
  random(length: number): Uint8Array<ArrayBuffer>;
  /**
   * A line about something that happened after the hook had ended, which cannot travel to the shim any more:
   * an effect of a late callback. It goes to LogTape in any case.
   */
  late?(text: string): void;
  /** The handler uses something that needs a grant, whether the module declares it or not. The test kit's. */
  needed?(grant: string): void;
}

type Result = MessageOf<"result">;

const NO_BYTES = new Uint8Array(0);
const NOTHING: readonly never[] = Object.freeze([]);

function fault(kind: MessageOf<"fault">["fault"], code: ErrorCode, message: string): Outcome {
  return { type: "fault", fault: kind, message: withCode(code, message, LIMITS.FAULT_MAX) };
}

/** A result without effects. */
function bare(code: PamCode): Result {
  return {
    type: "result",
    code,
    data_action: "keep",
    data: NO_BYTES,
    fail_delay_us: 0,
    items: NOTHING,
    environment: NOTHING,
    tokens: NOTHING,
    user_files: NOTHING,
  };
}

/**
 * Runs `hook` of `module`. Never throws and never rejects; a synchronous handler gives its outcome
 * synchronously.
 *
 * Every Secret that the hook was given is wiped by then; the octets of `tokens` and `user_files` in the outcome
 * are the receiver's to wipe.
 */
export function dispatch(
  module: LoadedModule,
  hook: MessageOf<"hook">,
  host: Host,
): Outcome | Promise<Outcome> {
  const failed = (error: unknown) =>
    fault(
      "threw",
      "runtime-failed",
      `${hook.hook}: ${error instanceof Error ? error.message : "the runtime failed"}`,
    );
  try {
    const handler = module.handlers.get(hook.hook);
    if (handler === undefined) return bare(undefinedHook(module, hook.hook));
    const outcome = missingGrants(module, hook) ?? start(module, hook, host, handler);
    return outcome instanceof Promise ? outcome.catch(failed) : outcome;
  } catch (error) {
    return failed(error);
  }
}

function undefinedHook(module: LoadedModule, hook: Hook): PamCode {
  const rule =
    (UNDEFINED_HOOKS as Partial<Record<Hook, { readonly with: Hook; readonly then: PamCode }>>)[hook];
  return rule !== undefined && module.handlers.has(rule.with) ? rule.then : "ignore";
}

/** A fault if the pam.d line gives less than the module declares. */
function missingGrants(module: LoadedModule, hook: MessageOf<"hook">): Outcome | undefined {
  const type = LINE_TYPES[hook.hook];
  const declared = module.grants[type];
  if (declared === undefined || declared.length === 0) return undefined;
  const given = hook.grants.map(({ grant }) => grant);
  const missing = declared.filter((grant) => !gives(given, grant)).join(",");
  if (missing === "") return undefined;
  return fault(
    "misconfigured",
    "grant-missing",
    `the ${type} line does not give ${missing}: write grant=${missing} on it, before the name ${module.name}`,
  );
}

function start(
  module: LoadedModule,
  hook: MessageOf<"hook">,
  host: Host,
  handler: LoadedHandler,
): Outcome | Promise<Outcome> {
  const options = module.options.parse(hook.options.map(({ option }) => option));
  const state = new HookState(module, hook, host, options.value);
  for (const warning of options.warnings) {
    state.log("warning", withCode("option-unknown", warning, LIMITS.LOG_MAX), {});
  }
  if (options.error !== undefined) {
    const { error: message, code = "options-refused" } = options;
    return refuse(state, { fault: "misconfigured", code, message });
  }
  if (hook.hook === "setCredentials" && verbOf(hook.flags) === undefined) {
    const message = `setCredentials was called with flags ${hook.flags}, which hold several verbs`;
    return refuse(state, { fault: "protocol", code: "several-verbs", message });
  }
  if ((itemOf(state, "user") ?? "") === "") return bare("user_unknown");
  return run(state, handler);
}

function run(state: HookState, handler: LoadedHandler): Outcome | Promise<Outcome> {
  let value: unknown;
  let thenable: boolean;
  try {
    value = handler(new HookContext(state));
    thenable = isThenable(value);
  } catch (error) {
    return settleThrown(state, error);
  }
  if (!thenable) return settle(state, value);
  // Promise.resolve() also takes in a thenable that is no promise, or one of another realm.
  return Promise.resolve(value).then(
    (returned) => settle(state, returned),
    (error) => settleThrown(state, error),
  );
}

function isThenable(value: unknown): boolean {
  return typeof value === "object" && value !== null &&
    typeof (value as { then?: unknown }).then === "function";
}

/** The handler has returned: what it returned becomes the outcome, unless something is wrong with it. */
function settle(state: HookState, value: unknown): Outcome | Promise<Outcome> {
  const question = state.openQuestion;
  if (question !== undefined) {
    // The person is still being asked: only when that is over can the outcome be understood.
    return state.answersArrived().then(() => refuse(state, notAwaited(state.message.hook, question)));
  }
  const mistake = mistakeIn(state, value);
  return mistake === undefined ? accept(state, value as PamCode | Denial) : refuse(state, mistake);
}

function settleThrown(state: HookState, error: unknown): Outcome | Promise<Outcome> {
  if (state.openQuestion !== undefined) return state.answersArrived().then(() => settleThrown(state, error));
  const { hook } = state.message;
  if (state.denials.some((denial) => denial === error)) return refuse(state, denyThrown(hook));
  guarded(() => state.logStack(stackOf(error)));
  return refuse(state, describeThrown(hook, error));
}

function mistakeIn(state: HookState, value: unknown): Mistake | undefined {
  const { hook } = state.message;
  const denied = state.denials.length > 0;
  if (denied && state.denials.some((denial) => denial === value)) return undefined;
  if (denied) return denyNotReturned(hook);
  if (typeof value !== "string") return noResult(hook, value);
  return isLegal(hook, value) ? undefined : wrongCode(hook, value);
}

/** Ends the hook without any effect. */
function refuse(state: HookState, mistake: Mistake): Outcome {
  const outcome = fault(mistake.fault, mistake.code, state.withoutSecrets(mistake.message));
  state.dropSecrets();
  guarded(() => state.end());
  return outcome;
}

/** Ends the hook with a code and its effects. */
function accept(state: HookState, value: PamCode | Denial): Outcome {
  const result = typeof value === "string" ? bare(value) : { ...bare(value.code), message: value.message };
  const outcome = withEffects(state, result);
  guarded(() => state.end());
  return outcome;
}

function withEffects(state: HookState, result: Result): Outcome {
  const { code } = result;
  const changes = state.items !== undefined || state.environment !== undefined ||
    state.tokens !== undefined || state.userFiles !== undefined;
  const data = state.dataEffect;
  if (!changes && data === undefined && state.failDelayUs === 0) return result;
  if (isRefusal(code) || code === "ignore") {
    if (code === "ignore" && changes) {
      const text = 'items, environment, tokens and user files are not set with "ignore": return "success"';
      state.log("warning", withCode("effects-with-ignore", text), {});
    }
    state.dropSecrets();
    return { ...result, ...data, fail_delay_us: state.failDelayUs };
  }
  const whole: Result = {
    ...result,
    ...data,
    fail_delay_us: state.failDelayUs,
    items: [...state.items ?? NOTHING].map(([item, value]) => ({ item, value })),
    environment: [...state.environment ?? NOTHING].map(([name, value]) =>
      value === undefined ? { name } : { name, value }
    ),
    tokens: [...state.tokens ?? NOTHING].map(([token, value]) => ({ token, value })),
    user_files: [...state.userFiles ?? NOTHING].map(([name, content]) =>
      content === undefined ? { name } : { name, content }
    ),
  };
  const size = sizeOf(whole);
  if (size <= LIMITS.FRAME_MAX) return whole;
  state.dropSecrets();
  const { hook } = state.message;
  return fault(
    "protocol",
    "effects-too-large",
    `the effects of ${hook} are ${size} bytes together: at most ${LIMITS.FRAME_MAX} (FRAME_MAX)`,
  );
}

/**
 * The octets of a result beside its lists and its data: tag, code, message, action, data, delay and four
 * counts.
 */
const RESULT_OVERHEAD = 1 + 1 + 1 + 1 + 2 + 4 + 4 * 2;

/** The size of a result on the wire, without its length word. */
function sizeOf({ data, items, environment, tokens, user_files }: Result): number {
  let size = RESULT_OVERHEAD + data.length;
  for (const { value } of items) size += 1 + 2 + byteLength(value);
  for (const { name, value } of environment) {
    size += 2 + name.length + 1 + (value === undefined ? 0 : 2 + byteLength(value));
  }
  for (const { value } of tokens) size += 1 + 2 + value.length;
  for (const { name, content } of user_files) {
    size += 2 + name.length + 1 + (content === undefined ? 0 : 2 + content.length);
  }
  return size;
}

/** How deep the causes of an error are followed. */
const CAUSES_MAX = 3;

function stackOf(error: unknown): string {
  let text = "";
  let next = error;
  for (let i = 0; i <= CAUSES_MAX && next instanceof Error; i++) {
    text += `${i === 0 ? "" : "\ncaused by "}${next.stack ?? `${next.name}: ${next.message}`}`;
    next = next.cause;
  }
  return text === "" ? "something that is no Error was thrown, so there is no stack" : text;
}

function describeThrown(hook: Hook, error: unknown): Mistake {
  try {
    return thrown(hook, error);
  } catch {
    return { fault: "threw", code: "handler-threw", message: `${hook} threw an error that cannot be shown` };
  }
}

/** The log must never decide a hook: a connection that is gone may make it throw. */
function guarded(act: () => void): void {
  try {
    act();
  } catch {
    // Whoever lost the connection says so.
  }
}
