// SPDX-License-Identifier: MIT
/**
 * What every command is given besides its own words.
 *
 * @module
 */

import type { Layout } from "../config/layout.ts";
import type { Output } from "./output.ts";
import type { Progress } from "./progress.ts";

/** What every command is given besides its own words. */
export interface Context {
  /** Where everything is. */
  readonly layout: Layout;
  /** Where to write. */
  readonly output: Output;
  /** Where to say what is being done. */
  readonly progress: Progress;
}
