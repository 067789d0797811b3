// SPDX-License-Identifier: MIT
/**
 * How fast the workers of one module are started again when they keep failing: all of them together, since a machine suffers from the
 * starts of sixteen as much as from sixteen times as many of one.
 *
 * @module
 */

/** The pause before a worker is started again: doubled with each failure, never over a second. */
const PAUSE_MIN_MS = 25;
const PAUSE_MAX_MS = 1_000;
/** After this long without a failure all is as it was at first. */
const WELL_MS = 10_000;

/** The pace of one module. */
export class Pace {
  #failures = 0;
  #next = -Infinity;

  /** A worker that had not been well has failed again at `now`, of performance.now(): how long its next start has to wait, in ms. */
  pause(now: number): number {
    if (now - this.#next > WELL_MS) this.#failures = 0;
    const gap = Math.min(PAUSE_MIN_MS * 2 ** Math.min(this.#failures++, 16), PAUSE_MAX_MS);
    this.#next = Math.max(now, this.#next) + gap;
    return this.#next - now;
  }
}
