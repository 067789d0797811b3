// SPDX-License-Identifier: MIT
/**
 * Who looks on while a worker decides.
 *
 * @module
 */

import type { Outcome } from "../dispatch.ts";
import type { MessageFrom, MessageOf } from "../wire/types.ts";

/** Who looks on while a module is tried. Nobody does in a worker that serves logins. */
export interface Witness {
  /** The time that the module is told. */
  now(): Temporal.Instant;
  /** A hook asks, shows or logs something. */
  sent(hook: MessageOf<"hook">, message: MessageFrom<"worker">): void;
  /** A hook has ended, with no outcome if nobody waited for it; `resumed` says whether its data came from another process. */
  ended(hook: MessageOf<"hook">, outcome: Outcome | undefined, resumed: boolean): void;
}
