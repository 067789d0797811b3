// SPDX-License-Identifier: MIT
/**
 * `deno task gen` writes all generated files; with `--check`, or with `CI=true` in the environment, it only compares.
 *
 * @module
 */

import { leftOver, outdated, write } from "./gen/files.ts";
import { configFiles } from "./gen_config.ts";
import { errorFiles } from "./gen_errors.ts";
import { docsFiles } from "./gen_docs.ts";
import { vectorFiles } from "./gen_vectors.ts";
import { wireFiles } from "./gen_wire.ts";

const ROOT = new URL("../", import.meta.url);

/** Compares or writes; gives the exit status. */
function main(args: readonly string[]): number {
  const unknown = args.find((arg) => arg !== "--check");
  if (unknown !== undefined) {
    console.error(`gen: '${unknown}' is not an option: use --check or none`);
    return 2;
  }
  const files = [
    ...wireFiles(ROOT),
    ...configFiles(ROOT),
    ...docsFiles(ROOT),
    ...errorFiles(ROOT),
    ...vectorFiles(),
  ];
  const stale = outdated(ROOT, files);
  const extra = leftOver(ROOT, "tests/vectors", ".txt", files);
  if (args.includes("--check") || Deno.env.get("CI") === "true") {
    for (const { path } of stale) console.error(`${path} is outdated: run deno task gen`);
    for (const path of extra) console.error(`${path} is no longer generated: run deno task gen`);
    return stale.length + extra.length > 0 ? 1 : 0;
  }
  write(ROOT, stale);
  for (const path of extra) Deno.removeSync(new URL(path, ROOT));
  for (const { path } of stale) console.log(`wrote ${path}`);
  for (const path of extra) console.log(`removed ${path}`);
  return 0;
}

if (import.meta.main) Deno.exit(main(Deno.args));
