// SPDX-License-Identifier: MIT
/**
 * Keeps code out of the worker that was not in its bundle: what the administrator saw, and what the hash names, is what runs.
 *
 * Deno needs no permission for `data:` and `blob:` URLs and for Web Workers. This runs before the module's code does, in the same
 * realm: it refuses what is asked for, and is no boundary. Whatever got in all the same would hold no permission more.
 *
 * @module
 */

import nodeModule from "node:module";
import process from "node:process";
import { typeError } from "../coded.ts";
import { builtinRefusal } from "../refused_builtins.ts";

/** The part of Node's `module` that Deno has and its types lack. */
interface ModuleHooks {
  registerHooks(hooks: {
    resolve(
      specifier: string,
      context: unknown,
      next: (specifier: string, context: unknown) => unknown,
    ): unknown;
  }): void;
}

/** Refuses, from now on, every import but that of the runtime's own modules, and Web Workers. */
export function confine(): void {
  (nodeModule as unknown as ModuleHooks).registerHooks({
    resolve(specifier, context, next) {
      const problem = importProblem(specifier);
      if (problem) throw typeError("import-refused", problem);
      return next(specifier, context);
    },
  });
  const getBuiltinModule = process.getBuiltinModule.bind(process);
  process.getBuiltinModule = ((name: string) => {
    const problem = importProblem(name);
    if (problem) throw typeError("import-refused", problem);
    return getBuiltinModule(name);
  }) as typeof process.getBuiltinModule;
  Object.defineProperty(globalThis, "Worker", {
    value: class Worker {
      constructor() {
        throw typeError(
          "import-refused",
          "A module may not start a Web Worker: it would run code that is not in its bundle",
        );
      }
    },
  });
}

/** Why `specifier` may not be imported at run time, `undefined` if it may. */
function importProblem(specifier: string): string | undefined {
  const name = specifier.startsWith("node:") ? specifier : `node:${specifier}`;
  const refusal = builtinRefusal(name);
  if (refusal) return `A module may not import ${name}: ${refusal}`;
  if (nodeModule.isBuiltin(name)) return undefined;
  return `A module may not import ${specifier.slice(0, 80)} at run time: only its bundle and node: are there`;
}
