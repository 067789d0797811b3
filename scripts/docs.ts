// SPDX-License-Identifier: MIT
/**
 * Builds the documentation site into `build/docs/`: the pages of scripts/docs/contents.ts and the reference of the SDK. Every link is
 * checked, in the sources and in what was built; what is wrong is printed as `file:line: message`, and then nothing is replaced.
 * usage: deno task docs [--output FOLDER] [--pages-only] [--check]
 *
 * @module
 */

import { dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { buildSite } from "./docs/build.ts";

const ROOT = dirname(import.meta.dirname!);

/** Puts the folder `made` in the place of `output`. */
async function replace(made: string, output: string): Promise<void> {
  const before = `${made}.before`;
  await Deno.mkdir(dirname(output), { recursive: true });
  await Deno.rename(output, before).catch((error: unknown) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
  await Deno.rename(made, output);
  await Deno.remove(before, { recursive: true }).catch((error: unknown) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
}

/** Builds the site; gives the exit status. */
async function main(args: string[]): Promise<number> {
  const { values } = parseArgs({
    args,
    options: {
      output: { type: "string", default: join(ROOT, "build/docs") },
      "pages-only": { type: "boolean", default: false },
      check: { type: "boolean", default: false },
    },
  });
  const output = resolve(values.output);
  const beside = values.check ? join(ROOT, "build") : dirname(output);
  await Deno.mkdir(beside, { recursive: true });
  const into = await Deno.makeTempDir({ dir: beside, prefix: ".docs-" });
  try {
    await Deno.chmod(into, 0o755);
    const began = performance.now();
    const { pages, links, findings } = await buildSite({
      root: ROOT,
      into,
      whole: !values["pages-only"],
      step: (text) => console.error(`docs: ${text}`),
    });
    for (const { path, line, message } of findings) console.log(`${path}:${line}: ${message}`);
    if (findings.length > 0) {
      console.error(`docs: ${findings.length} findings: nothing was replaced`);
      return 1;
    }
    const seconds = ((performance.now() - began) / 1000).toFixed(1);
    console.error(`docs: ${pages} files of HTML, ${links} links, ${seconds} s`);
    if (values.check) return 0;
    await replace(into, output);
    console.log(join(output, "index.html"));
    return 0;
  } finally {
    await Deno.remove(into, { recursive: true }).catch((error: unknown) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    });
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));
