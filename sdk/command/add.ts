// SPDX-License-Identifier: MIT
/**
 * `pam-deno add`: installs a module, or another version of one.
 *
 * @module
 */

import { object } from "@optique/core/constructs";
import { message } from "@optique/core/message";
import { multiple, optional, withDefault } from "@optique/core/modifiers";
import type { InferValue } from "@optique/core/parser";
import { argument, command, constant, flag, option } from "@optique/core/primitives";
import { choice } from "@optique/core/valueparser";
import type { ValueParser } from "@optique/core/valueparser";
import { Consent } from "./consent.ts";
import type { Context } from "./context.ts";
import { EXIT } from "./exit_code.ts";
import { UsageError } from "./failure.ts";
import { showInstalled } from "./installed.ts";
import { moduleName } from "./module_name.ts";
import { pathWord } from "./path_word.ts";

/** The words of `"dangerous"`. */
const DANGEROUS = ["run", "ffi", "read", "write", "net", "env", "sys", "root"] as const;

const SHA256 = /^[0-9a-f]{64}\b/i;
/** More of a file with a hash is not looked at, in bytes. */
const HASH_FILE_MAX = 4096;

/** Its words. */
export const ADD = command(
  "add",
  object({
    command: constant("add"),
    specifier: argument(pathWord("SPECIFIER", "any"), {
      description: message`A file, or npm: or jsr: with an exact version.`,
    }),
    name: optional(option("--name", moduleName(), {
      description: message`What to call it; else made from the specifier.`,
    })),
    sha256: optional(option("--sha256", pathWord("HASH", "file"), {
      description: message`SPECIFIER is a ready bundle with this SHA-256, or with that in this file.`,
    })),
    options: multiple(option("--option", keyValue(), {
      description: message`An option of the module, under those of the pam.d line; may be repeated.`,
    })),
    dangerous: multiple(option("--dangerous", choice(DANGEROUS, { metavar: "WORD", suggest: "nearest" }), {
      description: message`Allow what breaks the sandbox: run, ffi, read, write, net, env, sys or root.`,
    })),
    yes: withDefault(flag("-y", "--yes", { description: message`Do not ask.` }), false),
    noStart: withDefault(flag("--no-start", { description: message`Install, and do not start it.` }), false),
  }),
  {
    brief: message`Install a module, or another version of one.`,
    description:
      message`Bundles the module as a user who can do nothing else, reads what it declares without any permission, shows what it may do, asks, installs and starts it, and prints its pam.d lines. Adding one again with the same name is an upgrade.`,
  },
);

function keyValue(): ValueParser<"sync", readonly [key: string, value: string]> {
  return {
    mode: "sync",
    metavar: "KEY=VALUE",
    placeholder: ["", ""],
    parse(input) {
      const at = input.indexOf("=");
      return at > 0
        ? { success: true, value: [input.slice(0, at), input.slice(at + 1)] }
        : { success: false, error: message`Expected KEY=VALUE, not ${input}.` };
    },
    format: ([key, value]) => `${key}=${value}`,
  };
}

/** A hash, or what stands at the beginning of a file, as sha256sum(1) writes it. */
function hashOf(word: string): string {
  const text = SHA256.test(word) ? word : beginOf(word);
  const hash = text?.match(SHA256)?.[0];
  if (hash) return hash.toLowerCase();
  throw new UsageError(
    `--sha256: expected 64 hexadecimal digits, or a file that begins with them: ${word} ${
      text === undefined ? "is neither" : "begins with something else"
    }`,
  );
}

function beginOf(path: string): string | undefined {
  try {
    using file = Deno.openSync(path);
    const bytes = new Uint8Array(HASH_FILE_MAX);
    return new TextDecoder().decode(bytes.subarray(0, file.readSync(bytes) ?? 0));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Adds a module. */
export async function runAdd(words: InferValue<typeof ADD>, context: Context): Promise<number> {
  const [{ addModule }, { formatPlan }] = await Promise.all([
    import("../install/add.ts"),
    import("../install/plan.ts"),
  ]);
  const { specifier, name, sha256, options, dangerous, noStart, yes } = words;
  const { layout, output, progress } = context;
  const consent = new Consent(context, yes);
  const result = await addModule(
    {
      layout,
      specifier,
      name,
      sha256: sha256 === undefined ? undefined : hashOf(sha256),
      dangerous,
      options: Object.fromEntries(options),
      start: !noStart,
    },
    {
      progress: (step) => progress.step(step),
      confirm: (plan) => Promise.resolve(consent.ask(formatPlan(plan), `Do this to ${plan.name}?`)),
    },
  );
  progress.clear();
  if (!result.accepted) throw consent.declined();
  showInstalled(result, output);
  return EXIT.done;
}
