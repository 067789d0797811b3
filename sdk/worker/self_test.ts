// SPDX-License-Identifier: MIT
/**
 * What a worker makes sure of before it accepts its first connection: that the module is the one which was installed, that its
 * configured options can be right, and that this runtime understands what it says itself. Nothing of the module is run but its validator.
 *
 * It runs beside the module's code and is no boundary: it keeps a worker that would fail every login from taking the place of one that
 * does not.
 *
 * @module
 */

import type { Caller } from "../caller.ts";
import { withCode } from "../coded.ts";
import { dispatch, type Host } from "../dispatch.ts";
import { type LoadedModule, loadModule } from "../load.ts";
import { MODULE_FORMAT } from "../module.ts";
import {
  decode,
  encode,
  FINGERPRINT,
  FrameReader,
  type Message,
  type MessageFrom,
  type MessageOf,
  VERSION,
} from "../wire/mod.ts";

/** What a module declares, as it was read when it was installed. */
export interface Declared {
  /** The hooks it defines. */
  readonly hooks: readonly string[];
  /** The grants it needs, by the type of the pam.d line. */
  readonly grants: Readonly<Record<string, unknown>>;
  /** The permissions it needs. */
  readonly permissions: Readonly<Record<string, unknown>>;
}

/** Gives what is wrong, a line for each problem; nothing if the worker may serve. */
export function selfTest(module: LoadedModule, expected?: Declared): string[] {
  const problems = expected === undefined ? [] : differences(module, expected);
  for (const problem of module.options.configuredProblems()) {
    problems.push(
      withCode("configured-option-refused", `${problem}: mend "options" in its configuration file`),
    );
  }
  const codec = codecProblem();
  if (codec !== undefined) problems.push(withCode("runtime-damaged", codec));
  return problems;
}

function differences(module: LoadedModule, expected: Declared): string[] {
  return (["hooks", "grants", "permissions"] as const).flatMap((what) => {
    const [installed, loaded] = [sorted(expected[what]), sorted(module[what])];
    if (installed === loaded) return [];
    const problem = `its ${what} are ${loaded}, and were ${installed} when it was installed: ` +
      "a module must declare the same wherever it is loaded; look at it, then run `pam-deno add` again";
    return [withCode("declaration-changed", problem)];
  });
}

/** JSON that does not depend on the order of keys or lists. */
function sorted(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(sorted).sort().join(",")}]`;
  if (value instanceof Uint8Array) return `<${value.join(" ")}>`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  const entries = Object.entries(value).filter(([, one]) => one !== undefined);
  return `{${entries.map(([key, one]) => `${JSON.stringify(key)}:${sorted(one)}`).sort().join(",")}}`;
}

const USER = "self-test";

/** A request with something in every kind of field. */
const CANNED: MessageOf<"hook"> = {
  type: "hook",
  version: VERSION,
  fingerprint: FINGERPRINT,
  hook: "account",
  flags: 0x8000,
  budget_ms: 5_000,
  pid: 1,
  uid: 0,
  euid: 0,
  module: USER,
  grants: [{ grant: "env:SELF_TEST" }],
  options: [{ option: "word=\u00e9" }],
  items: [{ item: "service", value: USER }, { item: "user", value: USER }],
  environment: [{ name: "SELF_TEST", value: "" }],
  data: Uint8Array.of(0, 255),
};

/** Nobody is asked and nothing is logged: a handler that does either is not the one below. */
const NOBODY: Host = {
  get caller(): Caller {
    throw new Error("the self-test has no application");
  },
  signal: () => new AbortController().signal,
  now: () => Temporal.Now.instant(),
  random: (length) => new Uint8Array(length),
};

/** Sends a request through all that a connection's goes through, to a module that says yes to it alone. */
function codecProblem(): string | undefined {
  const problem = "this runtime does not understand itself, install it again: ";
  try {
    const heard = there<MessageOf<"hook">>(CANNED, "shim");
    const module = loadModule({
      pamModule: MODULE_FORMAT,
      grants: {},
      permissions: {},
      handlers: { account: ({ user }: { user: string }) => user === USER ? "success" : "perm_denied" },
    }, { name: USER });
    const outcome = dispatch(module, { ...heard, options: [] }, NOBODY);
    if (outcome instanceof Promise) return `${problem}a hook became asynchronous`;
    const answer = there<MessageFrom<"worker">>(outcome, "worker");
    return answer.type === "result" && answer.code === "success"
      ? undefined
      : `${problem}a hook ended with ${answer.type === "result" ? answer.code : sorted(answer)}`;
  } catch (error) {
    return problem + (error instanceof Error ? error.message : String(error));
  }
}

/** A message as it arrives on the other side. Throws if that is not what was sent. */
function there<M extends Message>(message: Message, from: "shim" | "worker"): M {
  const reader = new FrameReader();
  reader.push(encode(message));
  const frame = reader.next();
  if (frame === undefined || reader.unfinished) throw new Error(`\`${message.type}\` is not one frame`);
  const arrived = decode(frame, { from });
  if (sorted(arrived) !== sorted(message)) throw new Error(`\`${message.type}\` arrived as something else`);
  return arrived as M;
}
