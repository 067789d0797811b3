// SPDX-License-Identifier: MIT
/**
 * Bundles the runtime of the workers into one file.
 *
 * @module
 */

import { buildBundle } from "./build_bundle.ts";

/** Writes `worker.js` and its source map to `folder`. */
export function buildRuntime(folder: string): Promise<void> {
  return buildBundle(folder, "worker", "sdk/worker/main.ts");
}
