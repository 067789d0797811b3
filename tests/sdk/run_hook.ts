// SPDX-License-Identifier: MIT
/**
 * Runs one hook through loadModule() and dispatch() against a Caller in memory. The public test kit does
 * more; this one stays close to what dispatch() is handed, so that its tests do not depend on the kit.
 *
 * @module
 */

import type { Caller, CallerMessage } from "../../sdk/caller.ts";
import { dispatch, type Host, type Outcome } from "../../sdk/dispatch.ts";
import type { Hook } from "../../sdk/hooks.ts";
import { type LoadedModule, loadModule } from "../../sdk/load.ts";
import type { PamModule } from "../../sdk/module.ts";
import type { PamItem } from "../../sdk/tokens.ts";
import type { MessageOf } from "../../sdk/wire/types.ts";
import { codesIn, withoutCodes } from "./codes.ts";

/** What a test can say about the transaction. */
export interface Scene {
  readonly user?: string;
  readonly items?: { readonly [K in PamItem]?: string };
  readonly flags?: number;
  readonly uid?: number;
  readonly grants?: readonly string[];
  readonly options?: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
  readonly data?: Uint8Array;
  /** The folder of user files; `null` is a shim that does not say. */
  readonly userFiles?: string | null;
  readonly now?: string;
  /** Answers of the person, in order; `undefined` is none. */
  readonly answers?: readonly (string | undefined)[];
  /** Overrides of the caller. */
  readonly caller?: Partial<Caller>;
  readonly signal?: AbortSignal;
}

/** What came of a hook. */
export interface Seen {
  readonly outcome: Outcome;
  readonly synchronous: boolean;
  readonly texts: string[];
  readonly logs: string[];
  readonly late: string[];
  readonly asked: (readonly CallerMessage[])[];
  /** The codes of the fault, and of all that was logged; the texts are without them. */
  readonly codes: string[];
}

const encoder = new TextEncoder();

/** The octets of `text`. */
export function bytesOf(text: string): Uint8Array {
  return encoder.encode(text);
}

/** The question that the shim would ask. */
export function hookMessage(hook: Hook, scene: Scene = {}): MessageOf<"hook"> {
  const items = { service: "sshd", user: scene.user ?? "anna", ...scene.items };
  return {
    type: "hook",
    version: 1,
    fingerprint: new Uint8Array(8),
    hook,
    flags: scene.flags ?? 0,
    budget_ms: 5000,
    pid: 4711,
    uid: scene.uid ?? 1000,
    euid: 0,
    module: "policy",
    grants: (scene.grants ?? []).map((grant) => ({ grant })),
    options: (scene.options ?? []).map((option) => ({ option })),
    items: Object.entries(items).map(([item, value]) => ({ item: item as PamItem, value: value! })),
    environment: Object.entries(scene.environment ?? {}).map(([name, value]) => ({ name, value })),
    ...(scene.data === undefined ? {} : { data: scene.data }),
    ...(scene.userFiles === null ? {} : { user_files: scene.userFiles ?? "/run/user-files" }),
  };
}

/** Runs `hook` of `module`. The line gives what the module declares, unless the scene says otherwise. */
export async function runHook(
  module: PamModule | LoadedModule,
  hook: Hook,
  scene: Scene = {},
): Promise<Seen> {
  const seen = { texts: [], logs: [], late: [], asked: [], codes: [] } as Omit<
    Seen,
    "outcome" | "synchronous"
  >;
  const heard = (text: string) => {
    seen.codes.push(...codesIn(text));
    return withoutCodes(text);
  };
  const answers = [...scene.answers ?? []];
  const caller: Caller = {
    converse(messages) {
      seen.asked.push(messages);
      return Promise.resolve(messages.map(({ style }) => {
        const answer = style.startsWith("prompt") ? answers.shift() : undefined;
        return answer === undefined ? undefined : bytesOf(answer);
      }));
    },
    getToken: () => Promise.resolve(bytesOf("hunter22")),
    lookupPasswd: () => Promise.resolve(undefined),
    lookupGroups: () => Promise.resolve(undefined),
    lookupAgeing: () => Promise.resolve(undefined),
    lookupNetgroup: () => Promise.resolve(false),
    lookupProcesses: (processes) => Promise.resolve(processes.map(() => false)),
    text: (style, text) => void seen.texts.push(`${style}: ${text}`),
    log: (level, text) => void seen.logs.push(`${level}: ${heard(text)}`),
    ...scene.caller,
  };
  const host: Host = {
    caller,
    signal: () => scene.signal ?? new AbortController().signal,
    now: () => Temporal.Instant.from(scene.now ?? "2026-03-02T09:00:00Z"),
    random: (length) => new Uint8Array(length).fill(7),
    late: (text) => void seen.late.push(heard(text)),
  };
  const loaded = "pamModule" in module ? loadModule(module, { name: "policy" }) : module;
  const declared = Object.values(loaded.grants).flat() as string[];
  const outcome = dispatch(loaded, hookMessage(hook, { grants: declared, ...scene }), host);
  const ended = await outcome;
  if (ended.type === "fault") seen.codes.unshift(...codesIn(ended.message));
  return {
    outcome: ended.type === "fault" ? { ...ended, message: withoutCodes(ended.message) } : ended,
    synchronous: !(outcome instanceof Promise),
    ...seen,
  };
}

/** Any handler, whatever its type: what a module in JavaScript may do. */
export function untyped(handlers: Record<string, unknown>, rest: Record<string, unknown> = {}): PamModule {
  return {
    pamModule: 1,
    options: undefined,
    grants: {},
    permissions: {},
    handlers: handlers as PamModule["handlers"],
    ...rest,
  };
}

/** The result in `outcome`; a fault fails the test with its message. */
export function resultOf({ outcome }: Seen): MessageOf<"result"> {
  if (outcome.type === "fault") {
    throw new Error(`a fault, not a result: ${outcome.fault}: ${outcome.message}`);
  }
  return outcome;
}

/** The fault in `outcome`; a result fails the test with its code. */
export function faultOf({ outcome }: Seen): MessageOf<"fault"> {
  if (outcome.type === "result") throw new Error(`a result, not a fault: ${outcome.code}`);
  return outcome;
}
