// SPDX-License-Identifier: MIT
/**
 * What the tests' process tells `pam-deno needs`: where hooks begin and end, among the permission checks.
 *
 * The marks are checks themselves, of a variable that nobody has. So they stand in Deno's audit between the others, in their order, and
 * with a stack that says which test made the call; they need no permission, since a check that is refused stands there too. A file of
 * their own would need a clock.
 *
 * @module
 */

import * as v from "valibot";
import { type Hook, HOOKS } from "../../hooks.ts";
import type { Words } from "../../words.ts";

/** What the names of all variables that are marks begin with. */
export const MARK = "PAM_DENO_NEEDS:";

/** One mark. */
export type Mark =
  /** A file of tests begins: its process loads the module. */
  | { readonly is: "load" }
  /** The module is loaded. */
  | { readonly is: "loaded" }
  /** The hooks from here on are those of a profile; of the tests without a name. */
  | { readonly is: "profile"; readonly name?: string }
  | { readonly is: "begin"; readonly id: number; readonly hook: string; readonly words: Words }
  | { readonly is: "needed"; readonly id: number; readonly grant: string }
  | { readonly is: "end"; readonly id: number; readonly failure?: string }
  /** Somebody looks whether a permission is there. */
  | { readonly is: "query"; readonly kind: string }
  /** A program is started: the audit leaves that out. */
  | { readonly is: "run"; readonly program: string };

const WORD = v.union([v.string(), v.literal(true), v.array(v.string())]);
const ID = v.number();
/** Tests share a process with those who make marks, and could make any. */
const SHAPE = v.variant("is", [
  v.object({ is: v.literal("load") }),
  v.object({ is: v.literal("loaded") }),
  v.object({ is: v.literal("profile"), name: v.optional(v.string()) }),
  v.object({
    is: v.literal("begin"),
    id: ID,
    hook: v.picklist(Object.keys(HOOKS) as Hook[]),
    words: v.record(v.string(), WORD),
  }),
  v.object({ is: v.literal("needed"), id: ID, grant: v.string() }),
  v.object({ is: v.literal("end"), id: ID, failure: v.optional(v.string()) }),
  v.object({ is: v.literal("query"), kind: v.string() }),
  v.object({ is: v.literal("run"), program: v.string() }),
]);

/** The mark in the name of a variable; `undefined` if it is just a name. */
export function markOf(name: string): Mark | undefined {
  if (!name.startsWith(MARK)) return undefined;
  try {
    return v.parse(SHAPE, JSON.parse(decodeURIComponent(name.slice(MARK.length)))) as Mark;
  } catch {
    return undefined;
  }
}

/** The functions of node:child_process that start programs. */
const STARTERS = ["spawn", "spawnSync", "exec", "execSync", "execFile", "execFileSync", "fork"];

/**
 * The file that Deno runs before each file of tests: loads the module, so that what it does then is told apart, and puts the observer
 * where the kit looks for it.
 */
export function preloadText(module: string, folder: string, symbol: string): string {
  return `import childProcess from "node:child_process";
import { syncBuiltinESMExports } from "node:module";
const { env, chdir, Command } = Deno;
chdir(${JSON.stringify(folder)});
// Programs of Deno's that a test starts would write to the same audit.
env.delete("DENO_AUDIT_PERMISSIONS");
const tell = (mark) => {
  try {
    env.get(${JSON.stringify(MARK)} + encodeURIComponent(JSON.stringify(mark)));
  } catch {}
};
Deno.Command = new Proxy(Command, {
  construct(target, args, self) {
    tell({ is: "run", program: String(args[0]) });
    return Reflect.construct(target, args, self);
  },
});
for (const name of ${JSON.stringify(STARTERS)}) {
  const start = childProcess[name];
  childProcess[name] = function (...args) {
    tell({ is: "run", program: String(args[0]) });
    return start.apply(this, args);
  };
}
syncBuiltinESMExports();
for (const name of ["query", "querySync"]) {
  const ask = Deno.Permissions.prototype[name];
  Deno.Permissions.prototype[name] = function (descriptor) {
    tell({ is: "query", kind: String(descriptor?.name) });
    return ask.call(this, descriptor);
  };
}
tell({ is: "load" });
const { default: module } = await import(${JSON.stringify(module)});
tell({ is: "loaded" });
let last = 0;
globalThis[Symbol.for(${JSON.stringify(symbol)})] = {
  profile: (name) => tell({ is: "profile", name }),
  begin({ hook, handler, words }) {
    // Tests may run hooks of other modules.
    if (handler === undefined || handler !== module?.handlers?.[hook]) return undefined;
    const id = ++last;
    tell({ is: "begin", id, hook, words });
    return { needed: (grant) => tell({ is: "needed", id, grant }), end: (failure) => tell({ is: "end", id, failure }) };
  },
};
`;
}

/** What profiles are run with. */
export interface ProfilesScene {
  /** The words of the pam.d line. */
  readonly options: readonly string[];
  /** What the module may do meanwhile, as Deno's tests say it. */
  readonly permissions: Readonly<Record<string, unknown>>;
}

/**
 * The tests that replay all profiles; what comes of them does not matter, since nobody knows what the module should say. They may do what
 * the module declares and no more: nobody has asked for a login at the server that an option names.
 */
export function profilesText(
  module: string,
  kit: string,
  symbol: string,
  { options, permissions }: ProfilesScene,
): string {
  return `import * as kit from ${JSON.stringify(kit)};
import module from ${JSON.stringify(module)};
const observer = globalThis[Symbol.for(${JSON.stringify(symbol)})];
for (const name of Object.keys(kit.PROFILES ?? {})) {
  Deno.test({ name: "profile " + name, sanitizeOps: false, sanitizeResources: false, permissions: ${
    JSON.stringify(permissions)
  }, async fn() {
    observer.profile(name);
    try {
      await kit.runProfile(module, name, { options: ${JSON.stringify(options)} });
    } catch (error) {
      if (error?.name !== "AssertionError") throw error;
    } finally {
      observer.profile();
    }
  } });
}
`;
}
