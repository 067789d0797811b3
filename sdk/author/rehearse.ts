// SPDX-License-Identifier: MIT
/**
 * The program in which a module is rehearsed: `build/rehearsal.js`. A stranger's module and the test kit run in it, in memory, with the
 * permissions that were given and no others; `rehearsal.ts` starts it and asks.
 *
 * It is started like a worker: this file, the check of what the process holds, and the module's bundle, in this order. Requests come as
 * lines of JSON on standard input, after the first answer; answers go as lines of JSON to standard output.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { loadModule } from "../load.ts";
import type { PamModule } from "../module.ts";
import { endLoading } from "../worker/loading.ts";
import { type Task, TASKS } from "./tasks.ts";

export { prepare } from "../worker/main.ts";

/** What the module is called, and how it is configured. */
export interface RehearseOptions {
  /** What the kit is to call it. */
  readonly name: string;
  /** Its configured options. */
  readonly configured: Readonly<Record<string, unknown>>;
}

/** What is asked. */
export interface RehearsalRequest {
  /** Which task. */
  readonly task: string;
  /** What it takes. */
  readonly request: unknown;
}

/** What is answered: what the module declares, how far a task is, what it gave, or why it could not be done. */
export type RehearsalAnswer =
  | { readonly declaration: unknown }
  | { readonly progress: unknown }
  | { readonly result: unknown }
  | { readonly error: string };

const logger = getLogger(["pam-deno", "worker"]);

/** The status of a process whose module cannot be loaded. */
const EXIT_MISCONFIGURED = 78;

/** Answers requests until there are no more. */
export async function rehearse(namespace: unknown, { name, configured }: RehearseOptions): Promise<void> {
  // Tasks may take long, and the module's code runs meanwhile: what is needed to answer is taken before.
  const { exit, stdin } = Deno;
  endLoading();
  try {
    const { hooks, grants, permissions } = loadModule(namespace, { name, configured });
    say({ declaration: { hooks, grants, permissions } });
  } catch (error) {
    logger.error("{message}", { message: (error as Error).message });
    exit(EXIT_MISCONFIGURED);
  }
  const module = namespace as { readonly default: PamModule };
  const context = { module, name, configured, progress: (progress: unknown) => say({ progress }) };
  for await (const line of lines(stdin.readable)) {
    const { task, request } = JSON.parse(line) as RehearsalRequest;
    try {
      const known: Readonly<Record<string, Task>> = TASKS;
      if (!Object.hasOwn(known, task)) throw new TypeError(`there is no task ${task}`);
      say({ result: await known[task]!(request as never, context) ?? null });
    } catch (error) {
      say({ error: error instanceof Error ? `${error.name}: ${error.message}` : String(error) });
    }
  }
  exit(0);
}

async function* lines(readable: ReadableStream<Uint8Array>): AsyncGenerator<string> {
  let rest = "";
  for await (const chunk of readable.pipeThrough(new TextDecoderStream() as never)) {
    const parts = `${rest}${chunk as unknown as string}`.split("\n");
    rest = parts.pop()!;
    yield* parts.filter((part) => part !== "");
  }
}

const encoder = new TextEncoder();
const { writeSync } = { writeSync: Deno.stdout.writeSync.bind(Deno.stdout) };

function say(answer: RehearsalAnswer): void {
  let bytes = encoder.encode(`${JSON.stringify(answer)}\n`);
  while (bytes.length > 0) bytes = bytes.subarray(writeSync(bytes));
}
