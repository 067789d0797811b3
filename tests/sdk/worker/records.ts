// SPDX-License-Identifier: MIT
/**
 * Keeps what is logged, so that a test can look at it and a failure can show it.
 *
 * @module
 */

import { configureSync } from "@logtape/logtape";
import { formatRecord } from "../../../sdk/worker/log.ts";
import { within } from "./client.ts";

/** The lines logged since the last {@linkcode clearRecords}, as `LEVEL CATEGORY: TEXT`. */
export const records: string[] = [];
let waiting: (() => void)[] = [];

configureSync({
  reset: true,
  sinks: {
    memory: (record) => {
      records.push(`${record.level} ${record.category.join(".")}: ${formatRecord(record)}`);
      for (const look of waiting) look();
    },
  },
  loggers: [
    { category: [], sinks: ["memory"], lowestLevel: "debug" },
    { category: ["logtape", "meta"], sinks: [], lowestLevel: "warning", parentSinks: "override" },
  ],
});

/** Forgets what was logged. */
export function clearRecords(): void {
  records.length = 0;
}

/** The first line that matches, now or within `ms`; the error shows all there were. */
export async function logged(pattern: RegExp, ms = 5_000): Promise<string> {
  const found = Promise.withResolvers<string>();
  const look = () => {
    const line = records.find((line) => pattern.test(line));
    if (line !== undefined) found.resolve(line);
  };
  waiting.push(look);
  look();
  try {
    return await within(ms, found.promise, `a line like ${pattern}`);
  } catch (error) {
    throw new Error(`${(error as Error).message}; logged were:\n${records.join("\n")}`);
  } finally {
    waiting = waiting.filter((other) => other !== look);
  }
}
