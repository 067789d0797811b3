// SPDX-License-Identifier: MIT
/**
 * The task of asking a module what it says of the words of a pam.d line.
 *
 * @module
 */

import { loadModule } from "../load.ts";
import type { TaskContext } from "./tasks.ts";

/** Which words. */
export interface OptionsRequest {
  /** The words behind the module's name. */
  readonly options: readonly string[];
}

/** What it says. */
export interface OptionsAnswer {
  /** Why it refuses them; not there if it does not. */
  readonly error?: string;
  /** What it ignores. */
  readonly warnings: readonly string[];
}

/** Asks. */
export function optionsTask(
  { options }: OptionsRequest,
  { module, name, configured }: TaskContext,
): OptionsAnswer {
  const { error, warnings } = loadModule(module, { name, configured }).options.parse(options);
  return { ...error === undefined ? {} : { error }, warnings };
}
