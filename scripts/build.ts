// SPDX-License-Identifier: MIT
/**
 * Builds everything that runs: `build/worker.js`, the runtime of the workers, and `build/pam_deno.so`, the shim.
 * usage: deno task build
 *
 * @module
 */

import { dirname, join } from "node:path";
import { buildRuntime } from "./build_runtime.ts";

const ROOT = dirname(import.meta.dirname!);

const folder = join(ROOT, "build");
await Deno.mkdir(folder, { recursive: true });
await buildRuntime(folder);
const { code } = await new Deno.Command("make", { args: ["--silent", "-C", "shim"], cwd: ROOT }).spawn()
  .status;
if (code !== 0) console.error("build: make -C shim failed");
Deno.exit(code);
