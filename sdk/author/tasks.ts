// SPDX-License-Identifier: MIT
/**
 * What can be asked of a module that is loaded in a process of its own: one task for each of the authors' commands.
 *
 * @module
 */

import type { PamModule } from "../module.ts";
import { runHookTask } from "./hook_task.ts";
import { optionsTask } from "./options_task.ts";
import { simulateTask } from "./simulate/task.ts";

/** What a task is given besides its request. */
export interface TaskContext {
  /** The namespace of the module's bundle, for the test kit. */
  readonly module: { readonly default: PamModule };
  /** What the kit is to call it. */
  readonly name: string;
  /** Its configured options. */
  readonly configured: Readonly<Record<string, unknown>>;
  /** Tells whoever asked how far it is; anything that JSON can say. */
  readonly progress: (value: unknown) => void;
}

/** One kind of question. What it takes and gives is anything that JSON can say. */
export type Task = (request: never, context: TaskContext) => unknown;

/** All tasks, by their names. */
export const TASKS = {
  hook: runHookTask,
  options: optionsTask,
  simulate: simulateTask,
} as const satisfies Record<string, Task>;

/** The name of a task. */
export type TaskName = keyof typeof TASKS;

/** What a task takes. */
export type TaskRequest<N extends TaskName> = Parameters<(typeof TASKS)[N]>[0];

/** What a task gives. */
export type TaskResult<N extends TaskName> = Awaited<ReturnType<(typeof TASKS)[N]>>;
