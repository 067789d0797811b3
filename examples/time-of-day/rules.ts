// SPDX-License-Identifier: MIT
/**
 * Two ways to write a {@linkcode Policy}: a few words on the pam.d line, or a rules file that a word on the line names. Whatever
 * does not parse is an error that names the place, the key and the remedy; there are no defaults that open anything.
 *
 * @module
 */

import {
  findNodeAtLocation,
  getNodeValue,
  type Node,
  type ParseError,
  type ParseErrorCode,
  parseTree,
  printParseErrorCode,
} from "jsonc-parser";
import * as v from "valibot";
import type { DatedException, Policy, Rule } from "./policy.ts";
import {
  parsed,
  parseDates,
  parseDays,
  parseSpan,
  parseTimeZone,
  parseWho,
  type Word,
  words,
} from "./words.ts";

/** The largest rules file that is read, in bytes. */
export const RULES_FILE_MAX = 256 * 1024;

/** One thing that is wrong in a rules file. */
export interface Problem {
  /** Where, as `rules[1].open.fri`; empty for the file as a whole. */
  readonly key: string;
  /** Line, counted from 1. */
  readonly line: number;
  /** Column, counted from 1. */
  readonly column: number;
  /** What is wrong and how to mend it. */
  readonly text: string;
}

/** A rules file that cannot be used. The message names the file, the place, the key and the remedy of the first problem. */
export class RulesError extends Error {
  /** Everything that was found, in the order of the file. */
  readonly problems: readonly Problem[];

  /**
   * @param file The file's path, for the message.
   * @param problems What was found.
   */
  constructor(file: string, problems: readonly Problem[]) {
    const [{ key, line, column, text } = { key: "", line: 1, column: 1, text: "Cannot be used" }, ...more] =
      problems;
    const rest = more.length === 0 ? "" : ` (and ${more.length} more, first on line ${more[0]?.line})`;
    super(`${file}:${line}:${column}: ${key === "" ? "" : `${key}: `}${text}${rest}`);
    this.name = "RulesError";
    this.problems = problems;
  }
}

const Name = v.pipe(
  v.string("Cannot read the name: write a text"),
  v.minLength(1, "Cannot take an empty name"),
);
const Zone = v.pipe(v.string("Cannot read the time zone: write a text"), parsed(parseTimeZone));
const Otherwise = v.picklist(["allow", "deny"], `Cannot read "otherwise": write "allow" or "deny"`);
const Who = words("who is meant", parseWho);
const Hours = words("the hours", parseSpan);
const Named = v.pipe(Who, v.minLength(1, "Cannot use an empty list: write at least one name"));
const Dated = v.pipe(
  words("the dates", parseDates),
  v.minLength(1, "Cannot use an empty list: write at least one date"),
);
const WHOLE_DAY = parseSpan("00:00-24:00");
const OPEN = `Cannot read "open": write "always", "never", or { "mon-fri": ["08:00-18:00"] }`;

/** An object that refuses keys it does not know. */
function keys<const Entries extends v.ObjectEntries>(entries: Entries) {
  const known = Object.keys(entries).join(", ");
  return v.strictObject(entries, (issue) => {
    const key = String(issue.path?.at(-1)?.key ?? "");
    if (issue.expected === "never") return `Unknown key "${key}": the keys here are ${known}`;
    if (issue.path !== undefined) return `Missing key "${key}": the keys here are ${known}`;
    return `Cannot read ${issue.received}: write an object with the keys ${known}`;
  });
}

/** The hours of a rule: `{ "mon-fri": ["08:00-18:00"] }`. */
const Week = v.pipe(
  v.record(v.string(), Hours, OPEN),
  v.rawTransform(({ dataset, addIssue }) =>
    Object.entries(dataset.value).map(([key, spans]) => {
      try {
        return { days: parseDays(key), spans };
      } catch (error) {
        const path = [{ type: "object", origin: "key", input: dataset.value, key, value: spans }] as const;
        addIssue({ message: (error as SyntaxError).message, path: [...path] });
        return { days: [], spans };
      }
    })
  ),
  v.minLength(1, `Cannot use empty hours: write "never" if that is meant`),
);

const RuleKeys = keys({
  name: v.exactOptional(Name),
  for: Named,
  except: v.optional(Who, []),
  open: v.lazy((input) =>
    typeof input === "string" || Array.isArray(input) ? v.picklist(["always", "never"], OPEN) : Week
  ),
  timeZone: v.exactOptional(Zone),
});

const ExceptionKeys = keys({
  name: v.exactOptional(Name),
  dates: Dated,
  for: v.optional(Named, "*"),
  except: v.optional(Who, []),
  open: v.lazy((input) => input === "always" || input === "never" ? v.picklist(["always", "never"]) : Hours),
});

const FileKeys = keys({
  timeZone: Zone,
  rules: v.pipe(
    v.array(RuleKeys, `Cannot read "rules": write a list of objects`),
    v.minLength(1, `Cannot do without a rule: write at least one into "rules"`),
  ),
  exceptions: v.optional(v.array(ExceptionKeys, `Cannot read "exceptions": write a list of objects`), []),
  otherwise: v.optional(Otherwise, "deny"),
});

/**
 * Parses and validates a rules file: JSON with comments and trailing commas.
 *
 * @param text What the file holds.
 * @param file Its path, for the messages.
 * @returns The policy.
 * @throws {RulesError} If anything in it is not understood: a syntax error, a key that is unknown, missing or written twice, a value.
 *
 * @example
 * ```ts
 * import { parsePolicy } from "./rules.ts";
 * import assert from "node:assert/strict";
 *
 * const text = `{
 *   "timeZone": "Europe/Berlin",
 *   "rules": [{ "for": ["@staff"], "open": { "mon-fri": "8-18" } }],
 * }`;
 * assert.throws(
 *   () => parsePolicy(text, "/etc/hours.jsonc"),
 *   /^RulesError: \/etc\/hours.jsonc:3:55: rules\[0\].open\["mon-fri"\]: Cannot read the hours "8-18": write HH:MM-HH:MM/,
 * );
 * ```
 */
export function parsePolicy(text: string, file: string): Policy {
  const errors: ParseError[] = [];
  const tree = parseTree(text, errors, { allowTrailingComma: true });
  const problems = tree === undefined || errors.length > 0
    ? errors.map(({ error, offset }) => ({ offset, key: "", text: syntax(error) }))
    : keysWrittenTwice(tree);
  if (tree === undefined || problems.length > 0) throw refused(file, text, problems);
  const checked = v.safeParse(FileKeys, getNodeValue(tree));
  if (!checked.success) throw refused(file, text, checked.issues.map((issue) => problemOf(tree, issue)));
  const { rules, exceptions, ...rest } = checked.output;
  return {
    ...rest,
    rules: rules.map((rule, i): Rule => ({ name: `rule ${i + 1}`, ...rule })),
    exceptions: exceptions.map(({ open, ...exception }, i): DatedException => ({
      name: `exception ${i + 1}`,
      ...exception,
      spans: open === "always" ? [WHOLE_DAY] : open === "never" ? [] : open,
    })),
  };
}

/** A problem whose place is still an offset. */
type Found = { readonly offset: number; readonly key: string; readonly text: string };

function refused(file: string, text: string, found: readonly Found[]): RulesError {
  const problems = found.map(({ offset, ...problem }): Problem => {
    const before = text.slice(0, offset).split("\n");
    return { ...problem, line: before.length, column: (before.at(-1) ?? "").length + 1 };
  });
  return new RulesError(file, problems);
}

/** `CommaExpected` as "comma expected". */
function syntax(error: ParseErrorCode): string {
  return `Cannot parse the file: ${
    printParseErrorCode(error).replaceAll(/(?<=[a-z])(?=[A-Z])/g, " ").toLowerCase()
  }`;
}

/** A finding of the validator, at its node or the nearest around it: a key that is missing has no place of its own. */
function problemOf(tree: Node, issue: v.BaseIssue<unknown>): Found {
  const path = (issue.path ?? []).map(({ key }) => key as string | number);
  const key = path.map((key) =>
    typeof key === "number" ? `[${key}]` : /^\w+$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`
  ).join("").replace(/^\./, "");
  for (let length = path.length; length > 0; length--) {
    const node = findNodeAtLocation(tree, path.slice(0, length));
    if (node !== undefined) return { offset: node.offset, key, text: issue.message };
  }
  return { offset: tree.offset, key, text: issue.message };
}

/** Keys that one object has twice. A reader would see both, JSON only the last. */
function keysWrittenTwice(node: Node): Found[] {
  const children = node.children ?? [];
  const seen = new Set<unknown>();
  const here = node.type !== "object"
    ? []
    : children.flatMap(({ children: [key] = [] }) =>
      key === undefined || seen.size !== seen.add(key.value).size ? [] : [{
        offset: key.offset,
        key: "",
        text: `Cannot use the key "${key.value}" twice: remove one of them`,
      }]
    );
  return [...here, ...children.flatMap(keysWrittenTwice)];
}

/** The words of a pam.d line, as they arrive. */
export interface LineWords {
  /** Absolute path of the rules file. Excludes all others. */
  readonly rules?: string;
  /** Absolute path of a time.conf(5). Excludes all others but `tz` and `localtime`. */
  readonly time_conf?: string;
  /** Absolute path of the link that names the machine's time zone, for `time_conf` without `tz`. */
  readonly localtime?: string;
  /** IANA name of the time zone. */
  readonly tz?: string;
  /** Days of the week; daily if absent. */
  readonly days?: Word;
  /** Hours. */
  readonly hours?: Word;
  /** Users and `@groups`; everybody if absent. */
  readonly for?: Word;
  /** Users and `@groups` that are left out again. */
  readonly except?: Word;
  /** Dates that are closed all day. */
  readonly closed?: Word;
  /** `allow` or `deny` for users who are not meant; `deny` if absent. */
  readonly otherwise?: string;
}

/** What the words of a pam.d line come to: a policy, or the path of the file that holds it. */
export type LineOptions =
  | { readonly rules: string }
  | { readonly timeConf: string; readonly zone: { readonly name: string } | { readonly link: string } }
  | { readonly policy: Policy };

/** The absolute path of a file. */
function pathOf(option: string, what: string) {
  return v.pipe(
    v.string(`Cannot read "${option}=": write it once, with the path of ${what}`),
    v.regex(/^\/[^\0]*[^/\0]$/, `Cannot read "${option}=": write the absolute path of ${what}`),
  );
}

/** The names of options that have a value. */
function namesOf(options: Readonly<Record<string, unknown>>): string[] {
  return Object.keys(options).filter((name) => options[name] !== undefined);
}

/** Where the time zone of a time.conf comes from. */
function zoneOf(name: string | undefined, link: string | undefined): { name: string } | { link: string } {
  if (name !== undefined && link !== undefined) {
    throw new SyntaxError(`Cannot take "localtime=" beside "tz=": remove one of them`);
  }
  if (name !== undefined) return { name };
  if (link !== undefined) return { link };
  throw new SyntaxError(
    `Cannot do without a time zone: write "localtime=/etc/localtime" for the machine's, or "tz=Europe/Berlin"`,
  );
}

/**
 * The words of the pam.d line. Either `rules=/absolute/path`, or `time_conf=/absolute/path` and `tz=` or `localtime=/etc/localtime`, or the
 * hours themselves: `tz=` and `hours=`, and if wanted `days=`, `for=`, `except=`, `closed=` and `otherwise=`. Lists are written with commas
 * or by repeating the word.
 *
 * @example
 * ```ts
 * import { LineOptions } from "./rules.ts";
 * import * as v from "valibot";
 * import assert from "node:assert/strict";
 *
 * const options = v.parse(LineOptions, { tz: "Europe/Berlin", days: "mon-fri", hours: ["08:00-12:00", "13:00-17:00"] });
 * assert("policy" in options);
 * assert.throws(() => v.parse(LineOptions, { hours: "08:00-12:00" }), /Cannot do without "tz=": write the time zone/);
 * ```
 */
export const LineOptions: v.GenericSchema<LineWords, LineOptions> = v.pipe(
  // Not v.strictObject(): names that an object lists are all that the runtime lets through, and it only logs the others. Here a
  // misspelt "except=" would let somebody in, so that an unknown option has to be an error.
  v.objectWithRest(
    {
      rules: v.exactOptional(pathOf("rules", "the rules file")),
      time_conf: v.exactOptional(pathOf("time_conf", "the time.conf")),
      localtime: v.exactOptional(pathOf("localtime", "the link that names the machine's time zone")),
      tz: v.exactOptional(Zone),
      days: v.exactOptional(words("the days", parseDays)),
      hours: v.exactOptional(Hours),
      for: v.exactOptional(Who),
      except: v.exactOptional(Who),
      closed: v.exactOptional(words("the dates", parseDates)),
      otherwise: v.exactOptional(Otherwise),
    },
    v.never(
      "Unknown option: the options are rules, time_conf, localtime, tz, days, hours, for, except, closed, otherwise",
    ),
  ),
  parsed(({ rules, time_conf: timeConf, localtime, ...line }): LineOptions => {
    if (rules !== undefined) {
      const [other] = namesOf({ time_conf: timeConf, localtime, ...line });
      if (other === undefined) return { rules };
      const remedy = Object.hasOwn(line, other) ? "write it into the rules file" : "remove one of them";
      throw new SyntaxError(`Cannot take "${other}=" beside "rules=": ${remedy}`);
    }
    if (timeConf !== undefined) {
      const { tz, ...others } = line;
      const [other] = namesOf(others);
      if (other !== undefined) {
        throw new SyntaxError(`Cannot take "${other}=" beside "time_conf=": write it into the time.conf`);
      }
      return { timeConf, zone: zoneOf(tz, localtime) };
    }
    if (localtime !== undefined) {
      throw new SyntaxError(`Cannot take "localtime=" without "time_conf=": write the time zone as "tz="`);
    }
    if (line.tz === undefined) {
      throw new SyntaxError(`Cannot do without "tz=": write the time zone, as in "tz=Europe/Berlin"`);
    }
    if (line.hours === undefined) {
      throw new SyntaxError(`Cannot do without "hours=": write them, as in "hours=08:00-18:00"`);
    }
    const everybody = { for: ["*"], except: [] };
    const days = line.days?.flat() ?? parseDays("daily");
    return {
      policy: {
        timeZone: line.tz,
        rules: [{
          name: "pam.d line",
          for: line.for ?? everybody.for,
          except: line.except ?? [],
          open: [{ days, spans: line.hours }],
        }],
        exceptions: line.closed === undefined
          ? []
          : [{ name: "closed=", dates: line.closed, spans: [], ...everybody }],
        otherwise: line.otherwise ?? "deny",
      },
    };
  }),
);
