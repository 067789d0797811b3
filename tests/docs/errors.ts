// SPDX-License-Identifier: MIT
/**
 * The pages about errors, taken apart, and their examples, run as they stand there.
 *
 * @module
 */

import { configureSync, type LogRecord } from "@logtape/logtape";
import { join } from "node:path";
import { codeOf } from "../../sdk/failure_codes.ts";
import type { Hook } from "../../sdk/hooks.ts";
import type { PamModule } from "../../sdk/module.ts";
import { type FakeTransactionOptions, runHook } from "../../sdk/testing/mod.ts";
import { codesIn } from "../sdk/codes.ts";

/** The top of the tree. */
export const ROOT: string = join(import.meta.dirname!, "..", "..");

/** The folder of the pages. */
export const PAGES: string = join(ROOT, "docs", "errors");

/** The files below a folder of the tree, by their paths. */
export function* walkSync(folder: string): Iterable<string> {
  const path = join(ROOT, folder);
  for (const { name, isDirectory } of Deno.readDirSync(path)) {
    if (isDirectory) yield* walkSync(join(folder, name));
    else if (/\.(?:ts|c|h)$/.test(name)) yield join(path, name);
  }
}

/** The example of a page that is `wrong` or `right`; `undefined` if it has none. */
export function exampleOf(code: string, kind: "wrong" | "right"): string | undefined {
  const page = Deno.readTextFileSync(join(PAGES, `${code}.md`));
  return new RegExp(`^\`\`\`ts\n// ${kind}\n([^]*?)\n\`\`\`$`, "m").exec(page)?.[1];
}

/** What surrounds an example, where it is not the usual. */
export interface Scene extends FakeTransactionOptions {
  /** The hook; by default the first that the module defines. */
  readonly hook?: Hook;
  /** How often it is run; the last run counts. */
  readonly times?: number;
}

/** Loads and runs an example, and gives all codes that were heard of: thrown, as the failure, and in the log. */
export async function runExample(source: string, { hook, times = 1, ...options }: Scene): Promise<string[]> {
  const heard: string[] = [];
  const listen = (record: LogRecord) => void heard.push(...codesIn(record.message.join("")));
  configureSync({
    reset: true,
    sinks: { heard: listen },
    loggers: [{ category: [], sinks: ["heard"], lowestLevel: "debug" }],
  });
  try {
    const bundle = await import(`data:application/typescript,${encodeURIComponent(source)}`) as {
      readonly default: PamModule;
    };
    for (let i = 0; i < times; i++) {
      const first = Object.keys(bundle.default?.handlers ?? { account: 0 })[0] as Hook;
      const { errorCode, log } = await runHook(bundle, hook ?? first, options);
      heard.push(...errorCode === undefined ? [] : [errorCode], ...log.flatMap(({ text }) => codesIn(text)));
    }
    // What the example started may still be under way.
    await new Promise((resolve) => setTimeout(resolve, 0));
  } catch (error) {
    heard.push(codeOf(error) ?? String(error));
  } finally {
    configureSync({ reset: true, sinks: {}, loggers: [] });
  }
  return [...new Set(heard)];
}
