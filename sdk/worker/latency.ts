// SPDX-License-Identifier: MIT
/**
 * Times in few numbers: how often each of some spans of time was seen, each span a quarter of an octave.
 *
 * A worker counts, its supervisor adds up what all of them counted: both must mean the same by a span's number.
 *
 * @module
 */

/** How many spans there are: the last takes whatever is longer than about 18 minutes. */
export const SPANS = 116;

/** Spans in an octave, and how many bits it takes to number them. */
const PER_OCTAVE = 4;
const BITS = 2;
/** What does not end below is counted as this. */
const LONGEST_US = 2 ** 30 - 1;

const US_PER_MS = 1_000;

/** The number of the span that `ms` milliseconds fall into. */
export function spanOf(ms: number): number {
  const us = Math.max(0, Math.min(ms * US_PER_MS, LONGEST_US)) | 0;
  if (us < PER_OCTAVE) return us;
  const octave = 31 - Math.clz32(us);
  return (octave - 1) * PER_OCTAVE + ((us >>> (octave - BITS)) & (PER_OCTAVE - 1));
}

/** Where a span begins, and how long it is, in microseconds. */
function boundsOf(span: number): { from: number; length: number } {
  if (span < PER_OCTAVE) return { from: span, length: 1 };
  const octave = (span >> BITS) + 1;
  const length = 2 ** (octave - BITS);
  return { from: (PER_OCTAVE + (span & (PER_OCTAVE - 1))) * length, length };
}

/**
 * The time in milliseconds within which the part `rank` (0 to 1) of all ended; `undefined` if nothing was counted. It is somewhere in
 * the right span, whose middle an eighth of the time is the most to be away from; a higher rank is never the shorter time.
 *
 * @param counts How often each span was seen.
 */
export function percentile(counts: ArrayLike<number>, rank: number): number | undefined {
  let total = 0;
  for (let span = 0; span < counts.length; span++) total += counts[span]!;
  if (total === 0) return undefined;
  const wanted = rank * total;
  let before = 0;
  for (let span = 0; span < counts.length; span++) {
    const count = counts[span]!;
    if (count > 0 && before + count >= wanted) {
      const { from, length } = boundsOf(span);
      return (from + length * (wanted - before) / count) / US_PER_MS;
    }
    before += count;
  }
  return undefined;
}
