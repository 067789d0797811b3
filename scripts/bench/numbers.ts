// SPDX-License-Identifier: MIT
/**
 * Small arithmetic of the benchmark.
 *
 * @module
 */

/** The median of numbers, of which there must be one. */
export function median(numbers: readonly number[]): number {
  const sorted = [...numbers].sort((a, b) => a - b);
  const middle = sorted[Math.floor(sorted.length / 2)];
  if (middle === undefined) throw new RangeError("there is no median of no numbers");
  return middle;
}
