// SPDX-License-Identifier: MIT
/**
 * Modules of the runtime that no policy has a use for, and that would widen what a worker is.
 *
 * @module
 */

/**
 * What may be imported neither by a bundle nor by code that it makes up, with the reason. Deno's permissions do not cover these:
 * threads and flags of the engine need none.
 */
export const REFUSED_BUILTINS: Readonly<Record<string, string>> = {
  "node:cluster": "it starts processes",
  "node:inspector": "it opens the worker to a debugger",
  "node:inspector/promises": "it opens the worker to a debugger",
  "node:repl": "it reads commands from standard input",
  "node:v8": "it changes flags of the engine that everything else relies on",
  "node:wasi": "it opens folders to machine code",
  "node:worker_threads": "it starts threads that run unchecked code",
};

/** Why the specifier of a built-in module is refused, `undefined` if it is not. A name without `node:` is the same module. */
export function builtinRefusal(specifier: string): string | undefined {
  const name = specifier.startsWith("node:") ? specifier : `node:${specifier}`;
  return Object.hasOwn(REFUSED_BUILTINS, name) ? REFUSED_BUILTINS[name] : undefined;
}
