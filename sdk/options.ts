// SPDX-License-Identifier: MIT
/**
 * A module's options: words, validated by the module's own validator.
 *
 * @module
 */

import { splitCode, typeError } from "./coded.ts";
import type { ErrorCode } from "./error_codes.ts";
import { knownNames } from "./known_names.ts";
import { suggestion } from "./nearest.ts";
import { issuePath, type SchemaIssue, type StandardSchema, validate } from "./standard_schema.ts";
import { line } from "./text.ts";
import { LIMITS } from "./wire/schema.ts";
import { canBeOption, configuredWords, RESERVED_NAMES, type Word, type Words, wordsOf } from "./words.ts";

/**
 * The options of a module that takes none: words on its pam.d line are logged and ignored.
 *
 * @example
 * ```ts
 * import { type AccountContext, defineModule, type NoOptions } from "@pam-deno/sdk";
 * import { assertCode, assertLogged, runHook } from "@pam-deno/sdk/testing";
 *
 * const account = ({ options }: AccountContext<NoOptions>) =>
 *   Object.keys(options).length === 0 ? "success" : "service_err";
 * const seen = await runHook(defineModule({ account }), "account", { options: ["debug"] });
 * assertCode(seen, "success");
 * assertLogged(seen, /"debug" is unknown and ignored/);
 * ```
 */
export interface NoOptions {
  /** Never there. */
  readonly "no options"?: never;
}

/**
 * The names of the options in the validator's input type `I` that no word can be a value of. A word is a string,
 * `true` for one without `=`, or a list for one that is repeated.
 *
 * @example
 * ```ts
 * import type { UnreachableOption } from "@pam-deno/sdk";
 *
 * interface Input { tz: string; strict?: true; host?: string[]; hours: number }
 * const unreachable: UnreachableOption<Input> = "hours"; // take a string, and make a number of it
 * ```
 */
export type UnreachableOption<I> = unknown extends I ? never
  : I extends object ?
      & {
        [K in keyof I]-?: string extends I[K] ? never
          : [Extract<I[K], string | true | readonly string[]>] extends [never]
            ? readonly string[] extends I[K] ? never : K
          : never;
      }[keyof I]
      & string
  : never;

/**
 * The type of a validator whose options cannot all be given. The argument says how to mend it.
 *
 * @example
 * ```ts
 * import type { NotAWord, OptionsAreWords } from "@pam-deno/sdk";
 *
 * type RemedyOf<D> = D extends NotAWord<infer Remedy> ? Remedy : never;
 * const remedy: RemedyOf<OptionsAreWords<{ hours: number }>["options"]> =
 *   "option 'hours' arrives as a word: let its validator take a string, true or string[]";
 * ```
 */
export interface NotAWord<Remedy extends string> {
  /** What to change. */
  readonly "not a word": Remedy;
}

/**
 * Nothing if every option of the validator's input type `I` can be given as a word, else a demand that names
 * the one which cannot.
 *
 * @example
 * ```ts
 * import { defineModule, type OptionsAreWords } from "@pam-deno/sdk";
 * import assert from "node:assert/strict";
 * import * as v from "valibot";
 *
 * const demand: OptionsAreWords<{ hours: number }>["options"] = {
 *   "not a word": "option 'hours' arrives as a word: let its validator take a string, true or string[]",
 * };
 * const hours = v.pipe(v.string(), v.transform(Number), v.integer());
 * assert.ok(defineModule({ options: v.object({ hours }), account: () => "ignore" }).options);
 * ```
 */
export type OptionsAreWords<I> = [UnreachableOption<I>] extends [never] ? unknown : {
  /** The validator. */
  readonly options: NotAWord<
    `option '${UnreachableOption<I>}' arrives as a word: let its validator take a string, true or string[]`
  >;
};

/** What became of one list of words. */
export interface ParsedOptions {
  /** What the validator made; `undefined` if it refused. */
  readonly value: unknown;
  /** Why it refused, for the log; `undefined` if it did not. */
  readonly error: string | undefined;
  /** The code of what is wrong, if it is another than `options-refused`. */
  readonly code?: ErrorCode | undefined;
  /** What was ignored, for the log. */
  readonly warnings: readonly string[];
}

/** Lists of words whose outcome is remembered: there are as many as pam.d lines that name the module. */
export const OPTIONS_CACHE_MAX = 64;

/** Below this length a configured value is a part of too many words to be cut out of a message. */
const TELLING = 4;

/** Turns the words of a pam.d line into a module's options. */
export class OptionsParser {
  /** The names that the validator knows; `undefined` if it takes any, or does not say. */
  readonly known: ReadonlySet<string> | undefined;
  readonly #schema: StandardSchema | undefined;
  readonly #configured: Words;
  readonly #cache: Map<string, ParsedOptions> = new Map();

  /**
   * Prepares to parse.
   *
   * @param schema The module's validator; without one, the module takes no options.
   * @param configured The options of the module's configuration; those of the pam.d line go over them.
   * @throws {TypeError} if a configured value cannot be a word, or the validator knows a name that is
   * libpam's own.
   */
  constructor(schema: StandardSchema | undefined, configured: Readonly<Record<string, unknown>> = {}) {
    this.#schema = schema;
    this.#configured = configuredWords(configured);
    this.known = schema === undefined ? new Set() : knownNames(schema);
    for (const name of RESERVED_NAMES) {
      if (!this.known?.has(name)) continue;
      throw typeError(
        "option-name-reserved",
        `the option "${name}" is libpam's own (pam_get_authtok(3)): give it another name`,
      );
    }
  }

  /** Parses the words of one pam.d line. The same list gives the same outcome, made once. */
  parse(list: readonly string[]): ParsedOptions {
    const key = list.join("\0");
    let parsed = this.#cache.get(key);
    if (parsed === undefined) {
      parsed = this.#parse(list);
      if (this.#cache.size >= OPTIONS_CACHE_MAX) this.#cache.delete(this.#cache.keys().next().value!);
      this.#cache.set(key, parsed);
    }
    return parsed;
  }

  #parse(list: readonly string[]): ParsedOptions {
    const warnings: string[] = [];
    try {
      const words = this.#merge(wordsOf(list), warnings);
      return this.#schema === undefined
        ? { value: Object.freeze({}), error: undefined, warnings }
        : this.#validate(this.#schema, words, warnings);
    } catch (error) {
      const reason = error instanceof Error
        ? error.message
        : "the validator threw something that is no Error";
      const { text, code } = splitCode(reason);
      return { value: undefined, error: `options: ${this.#discreet(text)}`, code, warnings };
    }
  }

  /**
   * What is wrong with the configured options whatever stands on a pam.d line: names that the validator does not
   * know, and values that it refuses by name. What it says of the whole may be mended by the line's words.
   */
  configuredProblems(): readonly string[] {
    const configured = Object.keys(this.#configured);
    const problems = configured.filter((name) => !RESERVED_NAMES.has(name) && !this.#knows(name)).map((
      name,
    ) => line(`configured option "${name}" is unknown${suggestion(name, this.known ?? [])}`, LIMITS.LOG_MAX));
    if (this.#schema === undefined) return problems;
    try {
      const { issues = [] } = validate(this.#schema, { ...this.#merge({}, []) });
      const ours = issues.filter((issue) => configured.includes(issuePath(issue).split(".", 1)[0]!));
      return [...problems, ...ours.map((issue) => line(`configured ${this.#reason(issue)}`, LIMITS.LOG_MAX))];
    } catch {
      // It may rely on words that only a line has.
      return problems;
    }
  }

  #knows(name: string): boolean {
    return canBeOption(name) && (this.known === undefined || this.known.has(name));
  }

  /** Configured words with those of the line over them, and without those that nobody knows. */
  #merge(given: Words, warnings: string[]): Words {
    const words: Record<string, Word> = Object.create(null);
    for (const [from, where] of [[this.#configured, "configured option"], [given, "option"]] as const) {
      for (const [name, word] of Object.entries(from)) {
        if (RESERVED_NAMES.has(name)) continue;
        if (this.#knows(name)) {
          words[name] = word;
        } else {
          const near = suggestion(name, this.known ?? []);
          warnings.push(line(`${where} "${name}" is unknown and ignored${near}`, LIMITS.LOG_MAX));
        }
      }
    }
    return words;
  }

  #validate(schema: StandardSchema, words: Words, warnings: readonly string[]): ParsedOptions {
    // A validator may take only objects with the usual prototype; no name in here can reach it.
    const result = validate(schema, { ...words });
    if (result.issues === undefined) return { value: freeze(result.value), error: undefined, warnings };
    const reasons = result.issues.map((issue) => this.#reason(issue)).join("; ");
    return { value: undefined, error: line(reasons, LIMITS.FAULT_MAX), warnings };
  }

  #reason(issue: SchemaIssue): string {
    const path = issuePath(issue);
    const name = path.split(".", 1)[0]!;
    const about = path === "" ? "options" : `option "${path}"`;
    return `${about}: ${this.#discreet(issue.message, name)}`;
  }

  /**
   * `text` without configured values: unlike the pam.d line, they may be secret. `name` is the option that it
   * is about.
   */
  #discreet(text: string, name?: string): string {
    let discreet = text;
    for (const [key, word] of Object.entries(this.#configured)) {
      for (const value of [word].flat()) {
        if (typeof value !== "string" || value === "" || (value.length < TELLING && key !== name)) continue;
        discreet = discreet.replaceAll(value, "[configured]");
      }
    }
    return discreet;
  }
}

/** Freezes plain objects and lists all the way down: hooks share what the validator made. */
function freeze(value: unknown, seen = new Set<unknown>()): unknown {
  // What is frozen itself may hold what is not: validators freeze the outermost alone.
  if (typeof value !== "object" || value === null || seen.has(value)) return value;
  seen.add(value);
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null && !Array.isArray(value)) return value;
  Object.freeze(value);
  for (const inner of Object.values(value)) freeze(inner, seen);
  return value;
}
