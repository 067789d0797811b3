// SPDX-License-Identifier: MIT
/**
 * The rule `context-random`.
 *
 * @module
 */

import { ambient, type Source } from "./ambient.ts";
import { isTest, Reports } from "./syntax.ts";

const OF_CRYPTO = [
  "getRandomValues",
  "randomBytes",
  "randomFill",
  "randomFillSync",
  "randomInt",
  "randomUUID",
] as const;

const CHANCE: readonly Source[] = [
  { global: "Math", members: ["random"], modules: [] },
  { global: "crypto", members: OF_CRYPTO, modules: ["node:crypto", "crypto"] },
];

const HINT =
  "Take `random` from the handler's context and hand it on: `random(16)` gives 16 octets that are " +
  "fit for secrets, and that a test can set";

/** No chance but the context's. Tests, and programs that people start, may throw dice. */
export const contextRandom: Deno.lint.Rule = {
  create(context): Deno.lint.LintVisitor {
    if (isTest(context.filename)) return {};
    const reports = new Reports(context, HINT);
    return ambient(CHANCE, reports, (what) => `${what} is chance that no test can set`);
  },
};
