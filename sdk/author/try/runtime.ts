// SPDX-License-Identifier: MIT
/**
 * The runtime of a worker that is tried: `build/try_worker.js`. It serves hooks with the same code as that of a worker which decides
 * logins, and tells what it sees; besides it can be told the time. Nothing starts it but `pam-deno try`.
 *
 * @module
 */

import { codeOf } from "../../faults.ts";
import type { Outcome } from "../../dispatch.ts";
import type { Witness } from "../../worker/witness.ts";
import { loadOrExit, say, serveModule, type ServeOptions } from "../../worker/serving.ts";
import type { MessageFrom, MessageOf } from "../../wire/mod.ts";
import { type Declared, type Sighting, WORDS } from "./sighting.ts";

export { prepare } from "../../worker/main.ts";

/** What {@linkcode attempt} is told. */
export interface AttemptOptions extends ServeOptions {
  /** The time that it is when the worker is ready, from where the clock runs on; else the machine's. */
  readonly now?: string;
  /** The words behind the module's name on the pam.d line. */
  readonly words: readonly string[];
}

/** A request to say it back, once all that came before was said. */
const SYNC = /^sync ([0-9]{1,9})$/;

/** Tells what the module in the namespace of its bundle declares, and serves its hooks under observation. */
export function attempt(namespace: unknown, { now, words, ...options }: AttemptOptions): void {
  const { hooks, grants, permissions, options: parser } = loadOrExit(namespace, options);
  const { error, warnings } = parser.parse(words);
  const known = parser.known === undefined ? null : [...parser.known];
  const declared = { hooks, grants, permissions, known, warnings, ...error === undefined ? {} : { error } };
  say(WORDS.declared + JSON.stringify(declared satisfies Declared));
  serveModule(namespace, options, witness(clockFrom(now)));
  void echo();
}

/** A clock that begins at `start` and runs on. */
function clockFrom(start: string | undefined): () => Temporal.Instant {
  if (start === undefined) return () => Temporal.Now.instant();
  const first = Temporal.Instant.from(start);
  const began = performance.now();
  return () => first.add({ milliseconds: Math.round(performance.now() - began) });
}

/** Says back what is asked, on both streams: what was said before has then arrived. */
async function echo(): Promise<void> {
  const decoder = new TextDecoder();
  const chunk = new Uint8Array(256);
  for (let rest = "";;) {
    const length = await Deno.stdin.read(chunk);
    if (length === null) return;
    const lines = `${rest}${decoder.decode(chunk.subarray(0, length))}`.split("\n");
    rest = lines.pop()!;
    for (const line of lines) {
      const [, number] = SYNC.exec(line) ?? [];
      if (number === undefined) continue;
      Deno.stderr.writeSync(new TextEncoder().encode(`${WORDS.synced}${number}\n`));
      say(WORDS.synced + number);
    }
  }
}

type Hook = MessageOf<"hook">;

function witness(now: () => Temporal.Instant): Witness {
  const sent = new WeakMap<Hook, MessageFrom<"worker">[]>();
  return {
    now,
    sent(hook, message) {
      const before = sent.get(hook);
      if (before) before.push(message);
      else sent.set(hook, [message]);
    },
    ended(hook, outcome, resumed) {
      say(WORDS.ended + JSON.stringify(describe(hook, outcome, { resumed, messages: sent.get(hook) ?? [] })));
    },
  };
}

/** What is shown of a hook: no token, no answer, and no value of the module data. */
function describe(
  hook: Hook,
  outcome: Outcome | undefined,
  { resumed, messages }: { resumed: boolean; messages: readonly MessageFrom<"worker">[] },
): Sighting {
  const result = outcome?.type === "result" ? outcome : undefined;
  const fault = outcome?.type === "fault" ? { kind: outcome.fault, message: outcome.message } : undefined;
  const action = result?.data_action ?? "keep";
  const data = action === "set" ? result?.data : action === "keep" ? hook.data : undefined;
  return {
    hook: hook.hook,
    ...outcome === undefined ? {} : { code: codeOf(hook.hook, outcome) },
    ...fault === undefined ? {} : { fault },
    sent: messages.map(({ type }) => type),
    items: Object.fromEntries((result?.items ?? []).map(({ item, value }) => [item, value])),
    environment: Object.fromEntries(
      (result?.environment ?? []).map(({ name, value }) => [name, value ?? null]),
    ),
    tokens: (result?.tokens ?? []).map(({ token }) => token),
    userFiles: Object.fromEntries(
      (result?.user_files ?? []).map(({ name, content }) => [
        name,
        content === undefined ? "deleted" : "written",
      ]),
    ),
    data: { action, keys: keysOf(data) },
    failDelayUs: result?.fail_delay_us ?? 0,
    continuity: hook.data === undefined ? "none" : resumed ? "resumed" : "same",
  };
}

function keysOf(data: Uint8Array | undefined): string[] {
  if (data === undefined || data.length === 0) return [];
  try {
    return Object.keys(JSON.parse(new TextDecoder().decode(data)));
  } catch {
    return [];
  }
}
