// SPDX-License-Identifier: MIT
/**
 * The options of a line: which files, how strict, how patient.
 *
 * @module
 */

import * as v from "valibot";

/** The most steps before and behind the present one whose codes can be taken. */
export const WINDOW_MAX = 10;
/** The most failures that can be allowed. */
export const FAILURES_MAX = 100;
/** The shortest and the longest time over which failures are counted, in seconds. */
export const WITHIN_S: { readonly min: number; readonly max: number } = { min: 10, max: 86_400 };

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600 };

/** A whole number as a word. */
function count(name: string, min: number, max: number) {
  const message = `Cannot read "${name}=": write a whole number from ${min} to ${max}`;
  return v.pipe(
    v.string(message),
    v.regex(/^\d{1,4}$/, message),
    v.transform(Number),
    v.minValue(min, message),
    v.maxValue(max, message),
  );
}

const WITHIN = `Cannot read "within=": write a time from ${WITHIN_S.min}s to 24h, such as 300s, 5m or 1h`;

/** A time as a number with its unit; in seconds. */
const Within = v.pipe(
  v.string(WITHIN),
  v.regex(/^\d{1,5}[smh]$/, WITHIN),
  v.transform((text) => Number(text.slice(0, -1)) * (SECONDS[text.slice(-1)] ?? 0)),
  v.minValue(WITHIN_S.min, WITHIN),
  v.maxValue(WITHIN_S.max, WITHIN),
);

function path(name: string, example: string) {
  const message =
    `Cannot use "${name}=": write the absolute path of a file, or ${example} in the configuration`;
  return v.pipe(v.string(message), v.startsWith("/", message));
}

const Known = v.object({
  /** The path of the file of secrets. */
  secrets: path("secrets", '{ "credential": "totp-secrets" }'),
  /** The path of the database of used codes and failures. */
  database: path("database", '{ "state": "totp.db" }'),
  /** How many steps before and behind the present one are taken. */
  window: v.optional(count("window", 0, WINDOW_MAX), "1"),
  /** How many failures a user may have before further codes are not looked at. */
  failures: v.optional(count("failures", 1, FAILURES_MAX), "5"),
  /** For how long a failure counts, in seconds. */
  within: v.optional(Within, "5m"),
  /** What becomes of a user who has no secret. */
  unenrolled: v.optional(
    v.picklist(["deny", "ignore"], 'Cannot read "unenrolled=": write deny or ignore'),
    "deny",
  ),
});

/**
 * The options of a line. A name that is not known is an error: a misspelt `failures=1` would give whoever guesses more tries.
 *
 * It is not v.strictObject(): of an object that lists its names the runtime lets no others through, and only logs them.
 */
export const LineOptions: v.GenericSchema<v.InferInput<typeof Known>, v.InferOutput<typeof Known>> = v
  .objectWithRest(
    Known.entries,
    v.never(`Unknown option: the options are ${Object.keys(Known.entries).join(", ")}`),
  );

/** The options of a line, parsed. */
export type LineOptions = v.InferOutput<typeof LineOptions>;
