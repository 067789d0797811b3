// SPDX-License-Identifier: MIT
/**
 * The rule `context-clock`.
 *
 * @module
 */

import { ambient, type Source } from "./ambient.ts";
import { isGlobal, isTest, Reports } from "./syntax.ts";

const CLOCKS: readonly Source[] = [
  { global: "Date", members: ["now"], modules: [] },
  { global: "Temporal", members: ["Now"], modules: [] },
  { global: "performance", members: ["now", "timeOrigin"], modules: ["node:perf_hooks", "perf_hooks"] },
  { global: "process", members: ["hrtime", "uptime"], modules: ["node:process", "process"] },
];

const HINT = "Take `now` from the handler's context and hand it on: tests and `pam-deno simulate` set it. " +
  "If how long something takes is meant, write `// deno-lint-ignore pam-deno/context-clock` above, and why";

const complain = (what: string) => `${what} is the machine's clock, not the context's`;

/** No clock but the context's. Tests, and programs that people start, may read it. */
export const contextClock: Deno.lint.Rule = {
  create(context): Deno.lint.LintVisitor {
    if (isTest(context.filename)) return {};
    const reports = new Reports(context, HINT);
    return {
      ...ambient(CLOCKS, reports, complain),
      NewExpression(node) {
        const isNow = node.arguments.length === 0 && isGlobal(node.callee, "Date");
        if (isNow) reports.add(node, complain("new Date()"));
      },
      CallExpression(node) {
        if (isGlobal(node.callee, "Date")) reports.add(node, complain("Date()"));
      },
    };
  },
};
