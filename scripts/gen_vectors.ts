// SPDX-License-Identifier: MIT
/**
 * Writes `tests/vectors`: one file for each scenario, which both languages read. `deno task gen` runs it.
 *
 * @module
 */

import type { GeneratedFile } from "./gen/files.ts";
import { frameVectors } from "./vectors/frames.ts";
import { FROM_SHIM } from "./vectors/from_shim.ts";
import { FROM_WORKER } from "./vectors/from_worker.ts";
import { stringVectors } from "./vectors/strings.ts";
import { type Vector, vectorsOf, vectorText } from "./vectors/vector.ts";

/** All vectors. */
export function vectors(): Vector[] {
  return [...[...FROM_SHIM, ...FROM_WORKER].flatMap(vectorsOf), ...stringVectors(), ...frameVectors()];
}

/** The files of all vectors, as they should be in the repository. */
export function vectorFiles(): GeneratedFile[] {
  const files = new Map<string, GeneratedFile>();
  for (const vector of vectors()) {
    const path = `tests/vectors/${vector.name}.txt`;
    if (files.has(path)) throw new Error(`Two vectors are called '${vector.name}': rename one`);
    files.set(path, { path, text: vectorText(vector) });
  }
  return [...files.values()];
}
