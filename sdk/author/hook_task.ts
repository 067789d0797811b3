// SPDX-License-Identifier: MIT
/**
 * The task of running one hook in memory: for whoever has no libpam, or no shim.
 *
 * @module
 */

import type { Hook } from "../hooks.ts";
import type { Conversation } from "../libpam/conversation.ts";
import type { FakeTransactionOptions, RunOptions } from "../testing/options.ts";
import type { HookResult } from "../testing/hook_result.ts";
import { runHook } from "../testing/run_hook.ts";
import type { TaskContext } from "./tasks.ts";

/** One hook, in words that JSON has. */
export interface HookRequest {
  /** Which. */
  readonly hook: Hook;
  /** What surrounds it; the module's name and configuration are those that the process was told. */
  readonly scene: Omit<FakeTransactionOptions, "name" | "configured" | "conversation" | "random" | "tokens">;
  /** How it is called. */
  readonly call?: Omit<RunOptions, "hangUp">;
  /** What the person answers, in order; behind the last one there is nobody. */
  readonly answers?: readonly string[];
}

/** What was seen of it, in words that JSON has. */
export interface HookAnswer extends Omit<HookResult, "userFiles" | "failDelay" | "environment"> {
  /** Variables that were set; `null` for one that was deleted. */
  readonly environment: Readonly<Record<string, string | null>>;
  /** User files by name, with their length in octets; `null` for one that was deleted. */
  readonly userFiles: Readonly<Record<string, number | null>>;
  /** The delay after failure that was asked for, in microseconds. */
  readonly failDelayUs: number | undefined;
}

/** Runs it. */
export async function runHookTask(
  { hook, scene, call = {}, answers = [] }: HookRequest,
  { module, name, configured }: TaskContext,
): Promise<HookAnswer> {
  const conversation = answering(answers);
  const { userFiles, failDelay, environment, ...seen } = await runHook(module, hook, {
    ...scene,
    ...call as RunOptions<typeof hook>,
    name,
    configured,
    conversation,
  });
  return {
    ...seen,
    environment: mapValues(environment, (value) => value ?? null),
    userFiles: mapValues(userFiles, (content) => content?.length ?? null),
    failDelayUs: failDelay && Math.round(failDelay.total("microseconds")),
  };
}

/** Answers questions in order; `conv_err` when there is no answer left, as from an application that nobody sits at. */
function answering(answers: readonly string[]): Conversation {
  const left = [...answers];
  return (messages) => {
    const questions = messages.filter(({ style }) => style.startsWith("prompt_")).length;
    if (questions > left.length) return "conv_err";
    return messages.map(({ style }) => style.startsWith("prompt_") ? left.shift() : undefined);
  };
}

function mapValues<T, U>(
  record: Readonly<Record<string, T>>,
  change: (value: T) => U,
): Readonly<Record<string, U>> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value)]));
}
