// SPDX-License-Identifier: MIT
/**
 * Builds everything that runs: `build/worker.js`, the runtime of the workers, `build/supervise.js` and `build/pam-deno.js`, the
 * supervisor and the command, `build/bundler.js` and `build/rehearsal.js`, which they start, and `build/pam_deno.so`, the shim.
 * usage: deno task build
 *
 * @module
 */

import { dirname, join } from "node:path";
import { buildBundle } from "./build_bundle.ts";
import { buildRuntime } from "./build_runtime.ts";

const ROOT = dirname(import.meta.dirname!);

const folder = join(ROOT, "build");

/** In the order in which others need them; a failure does not stop the rest. */
const STEPS: Readonly<Record<string, () => Promise<void>>> = {
  "the runtime of the workers": () => buildRuntime(folder),
  "the shim": () => makeShim(),
  "the supervisor": () => buildBundle(folder, "supervise", "sdk/supervisor/main.ts"),
  "the command": () => buildBundle(folder, "pam-deno", "sdk/command/main.ts"),
  "the bundler": () => buildBundle(folder, "bundler", "sdk/install/bundler.ts"),
  "the rehearsal": () => buildBundle(folder, "rehearsal", "sdk/author/rehearse.ts"),
  "the runtime of modules that are tried": () =>
    buildBundle(folder, "try_worker", "sdk/author/try/runtime.ts"),
};

async function makeShim(): Promise<void> {
  const make = new Deno.Command("make", { args: ["--silent", "-C", "shim"], cwd: ROOT });
  const { success } = await make.spawn().status;
  if (!success) throw new Error("make -C shim failed");
}

await Deno.mkdir(folder, { recursive: true });
let failed = 0;
for (const [what, build] of Object.entries(STEPS)) {
  try {
    await build();
  } catch (error) {
    failed++;
    console.error(`build: ${what}: ${error instanceof Error ? error.message : error}`);
  }
}
Deno.exit(failed === 0 ? 0 : 1);
