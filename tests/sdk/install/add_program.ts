// SPDX-License-Identifier: MIT
/**
 * Adds a module in a process of its own, which can be killed: prints each step, and answers yes.
 *
 * @module
 */

import { addModule, type AddOptions } from "../../../sdk/install/add.ts";

/** This file. */
export const ADD_PROGRAM = import.meta.filename!;

if (import.meta.main) {
  const encoder = new TextEncoder();
  const options = JSON.parse(Deno.args[0]!) as AddOptions;
  await addModule(options, {
    progress: (step) => void Deno.stdout.writeSync(encoder.encode(`${step}\n`)),
    confirm: () => Promise.resolve(true),
  });
}
