// SPDX-License-Identifier: MIT
/**
 * The name of a module on the command line: checked, and completed from the administrator's folder.
 *
 * @module
 */

import { message } from "@optique/core/message";
import type { Suggestion } from "@optique/core/parser";
import type { ValueParser } from "@optique/core/valueparser";
import { join } from "node:path";
import { listModules, MODULE_NAME } from "../config/config.ts";
import { DEFAULT_LAYOUT } from "../config/layout.ts";

/** Parses the name of a module. What is configured is suggested. */
export function moduleName(): ValueParser<"sync", string> {
  return {
    mode: "sync",
    metavar: "NAME",
    placeholder: "name",
    parse: (input) =>
      MODULE_NAME.test(input) ? { success: true, value: input } : {
        success: false,
        error:
          message`A module's name has only a-z, 0-9, _ and -, and at most 64 of them, and is not pam-deno: not ${input}.`,
      },
    format: (name) => name,
    *suggest(prefix): Iterable<Suggestion> {
      for (const text of configured()) {
        if (text.startsWith(prefix)) yield { kind: "literal", text };
      }
    },
  };
}

/** Parses the name of a module that is not there yet: nothing is suggested. */
export function newName(): ValueParser<"sync", string> {
  return { ...moduleName(), *suggest() {} };
}

/** Completion never fails: a folder that cannot be read has no names. */
function configured(): string[] {
  try {
    return listModules(configDirIn(Deno.args)).names;
  } catch {
    return [];
  }
}

/** While a line is being completed its options are still words. */
function configDirIn(words: readonly string[]): string {
  const at = words.lastIndexOf("--config-dir");
  return at >= 0 && words[at + 1] ? join(words[at + 1]!) : DEFAULT_LAYOUT.configDir;
}
