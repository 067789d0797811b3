// SPDX-License-Identifier: MIT
/**
 * The delay after failure.
 *
 * @module
 */

import { rangeError, typeError } from "./coded.ts";
import type { HookState } from "./hook_state.ts";
import { LIMITS } from "./wire/schema.ts";

const MAX_SECONDS = LIMITS.FAIL_DELAY_MAX_US / 1_000_000;

/** Makes `failDelay` of one hook; the longest of several calls counts, as in pam_fail_delay(3). */
export function makeFailDelay(state: HookState): (atLeast: Temporal.Duration) => void {
  return (atLeast) => {
    if (state.isLate("failDelay()")) return;
    if (!(atLeast instanceof Temporal.Duration)) {
      throw typeError(
        "argument-refused",
        "failDelay() takes a Temporal.Duration, such as Temporal.Duration.from({ seconds: 2 })",
      );
    }
    if (atLeast.years !== 0 || atLeast.months !== 0 || atLeast.weeks !== 0 || atLeast.sign < 0) {
      throw rangeError(
        "argument-refused",
        `failDelay() takes a duration of 0 to ${MAX_SECONDS} seconds (FAIL_DELAY_MAX_US)`,
      );
    }
    const microseconds = Math.ceil(atLeast.total({ unit: "microseconds" }));
    if (microseconds > LIMITS.FAIL_DELAY_MAX_US) {
      throw rangeError(
        "argument-refused",
        `failDelay() takes at most ${MAX_SECONDS} seconds (FAIL_DELAY_MAX_US)`,
      );
    }
    state.failDelayUs = Math.max(state.failDelayUs, microseconds);
  };
}
