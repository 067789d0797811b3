// SPDX-License-Identifier: MIT
/**
 * Runs the lint plugin over pieces of code, good and bad.
 *
 * @module
 */

import plugin from "@pam-deno/sdk/lint";
import assert from "node:assert/strict";

/** What the plugin reports in `source`: the rule, and the text that it points at. */
export function reports(source: string, file = "module.ts"): string[] {
  return Deno.lint.runPlugin(plugin, file, source)
    .map(({ id, range }) => `${id}: ${source.slice(...range)}`);
}

/** A handler with this body; `context` is how it takes its context. */
export function handler(body: string, context = "{ user, now, deny, log, authtok, random }"): string {
  return `export default defineModule({ async account(${context}) {\n${body}\n} }) as PamModule;`;
}

/** Tests that each piece of code is reported once by `rule`, at the text that stands beside it. */
export function reported(rule: string, cases: Readonly<Record<string, string>>): void {
  for (const [source, at] of Object.entries(cases)) {
    Deno.test(`${rule} reports ${name(source)}`, () => {
      assert.deepEqual(reports(source), [`pam-deno/${rule}: ${at}`]);
    });
  }
}

/** Tests that no rule reports any of these pieces of code. */
export function silent(rule: string, sources: readonly string[]): void {
  for (const source of sources) {
    Deno.test(`${rule} says nothing about ${name(source)}`, () => {
      assert.deepEqual(reports(source), []);
    });
  }
}

function name(source: string): string {
  return source.replace(/^export default defineModule\(\{ async /, "").replace(/ \}\) as PamModule;$/, "")
    .replaceAll(/\s+/g, " ");
}
