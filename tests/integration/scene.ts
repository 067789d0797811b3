// SPDX-License-Identifier: MIT
/**
 * What the files of this folder have in common: one harness for all tests of a file, and one call of libpam with all that was
 * seen of it.
 *
 * @module
 */

import { type Conversation, script, type ScriptStep, type Transaction } from "@pam-deno/sdk/libpam";
import type { TransactionOptions } from "@pam-deno/sdk/libpam";
import assert from "node:assert/strict";
import { join } from "node:path";
import { type Hook, LINE_TYPES, type LineType } from "../../sdk/hooks.ts";
import type { PamCode } from "../../sdk/tokens.ts";
import { Harness, type ShimLine, type SyslogLevel, type SyslogLine } from "./harness.ts";

/** The main file of a module in `modules/`. */
export function fixture(name: string): string {
  return join(import.meta.dirname!, "modules", `${name}.ts`);
}

/**
 * Gives the tests of the calling file one harness, which `prepare` configures.
 *
 * @param prepare configures modules; they are served when it is done, unless it returns `false`
 */
export function shareHarness(prepare: (harness: Harness) => void | false): () => Harness {
  let harness: Harness | undefined;
  Deno.test.beforeAll(async () => {
    harness = new Harness();
    if (prepare(harness) !== false) await harness.serve();
  });
  Deno.test.afterAll(async () => {
    await harness?.[Symbol.asyncDispose]();
    harness = undefined;
  });
  return () => {
    assert.ok(harness !== undefined, "The harness of this file could not be made");
    return harness;
  };
}

/** Calls the service function that a hook belongs to; both passes of changePassword are one. */
export const CALLS: Readonly<Record<Hook, (transaction: Transaction) => PamCode>> = {
  authenticate: (transaction) => transaction.authenticate(),
  setCredentials: (transaction) => transaction.setCredentials(),
  account: (transaction) => transaction.account(),
  openSession: (transaction) => transaction.openSession(),
  closeSession: (transaction) => transaction.closeSession(),
  preliminary: (transaction) => transaction.changePassword(),
  update: (transaction) => transaction.changePassword(),
};

/** What was seen of a call. */
export interface Seen {
  /** What libpam returned. */
  readonly code: PamCode;
  /** Texts and questions, `STYLE TEXT`. */
  readonly shown: readonly string[];
  /** What the shim wrote to the system log, without the name of service and type in front. */
  readonly log: readonly SyslogLine[];
  /** How long the call took. */
  readonly ms: number;
}

/** Lines of the shim for `service`, without what pam_syslog(3) puts in front. */
export function linesOf(harness: Harness, service: string, from = 0): readonly SyslogLine[] {
  return harness.syslog.slice(from).flatMap(({ level, text }) => {
    const [, of, rest] = /^pam_deno\((.*?):[a-z]+\): (.*)$/s.exec(text) ?? [];
    return of === service && rest !== undefined ? [{ level, text: rest }] : [];
  });
}

/** Calls libpam, and collects what was seen. */
export async function watch(
  harness: Harness,
  service: string,
  transaction: Transaction,
  call: (transaction: Transaction) => PamCode | Promise<PamCode>,
): Promise<Seen> {
  const from = harness.syslog.length;
  const before = transaction.messages.length;
  const began = performance.now();
  const code = await call(transaction);
  const ms = performance.now() - began;
  const shown = transaction.messages.slice(before).map(({ style, text }) => `${style} ${text}`);
  return { code, shown, log: linesOf(harness, service, from), ms };
}

/** A line and how libpam is called over it. */
export interface Scene extends Partial<Omit<TransactionOptions, "conversation">> {
  /** The module. */
  readonly module: string;
  /** The hook, which says the type of the line and the function that is called. */
  readonly hook: Hook;
  /** Shim options. */
  readonly options?: readonly string[];
  /** The module's options. */
  readonly args?: readonly string[];
  /** The person: a script of which every step must be used, or a function. */
  readonly conversation?: readonly ScriptStep[] | Conversation;
  /** What is called in place of the hook's service function. */
  readonly call?: (transaction: Transaction) => PamCode | Promise<PamCode>;
}

let services = 0;

/** A service name that no other call has. */
export function newService(): string {
  return `scene-${++services}`;
}

/** Plays a scene on a stack of one line, in a transaction of its own. */
export async function play(harness: Harness, scene: Scene): Promise<Seen> {
  const { module, hook, options = [], args = [], conversation, call = CALLS[hook], ...start } = scene;
  const service = newService();
  const type: LineType = LINE_TYPES[hook];
  harness.stack(service, [{ type, module, options, args } satisfies ShimLine]);
  await using transaction = harness.start(service, {
    ...start,
    ...conversation === undefined
      ? {}
      : { conversation: typeof conversation === "function" ? conversation : script(conversation) },
  });
  return await watch(harness, service, transaction, call);
}

/** What is expected of a call. */
export interface Expected {
  /** The code. */
  readonly code: PamCode;
  /** A line of the system log that there must be, with the level in front: `err account gate: …`. */
  readonly log?: RegExp;
  /** All that is shown; nothing if left out. */
  readonly shown?: readonly string[];
}

/** A line with its level in front. */
export function tell({ level, text }: { level: SyslogLevel; text: string }): string {
  return `${level} ${text}`;
}

/** Asserts what was seen of a call; a failure tells all of it. */
export function assertSeen(seen: Seen, { code, log, shown = [] }: Expected, what = ""): void {
  const all = `${what}\n${JSON.stringify(seen, null, 1)}`;
  assert.equal(seen.code, code, all);
  if (log !== undefined) assert.ok(seen.log.some((line) => log.test(tell(line))), `${log} is not in ${all}`);
  assert.deepEqual(seen.shown, shown, all);
}
