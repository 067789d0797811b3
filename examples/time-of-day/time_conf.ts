// SPDX-License-Identifier: MIT
/**
 * Reads time.conf(5), the rules of pam_time(8), as pam_time of Linux-PAM 1.5.2 does. Where that only logs a mistake and goes on
 * without the rule, and so may let somebody in, the whole file is refused here.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { type Problem, RulesError } from "./rules.ts";

/** The octets that a field may have, with the separator or newline that ends it: the size of pam_time's buffer. */
export const FIELD_BYTES_MAX = 1000;

/** The netgroups that a file may name: a hook asks no more questions (REQUESTS_MAX), and each may be one. */
export const NETGROUPS_MAX = 64;

/** The longest name of a netgroup that the user can be looked for in, in octets (NAME_MAX). */
export const NETGROUP_BYTES_MAX = 256;

/** One word of a logic list. The list is worked off from left to right: `&` does not bind more tightly than `|`. */
export interface Member<Value> {
  /** What stands between this word and all that is before it; `or` for the first. */
  readonly join: "and" | "or";
  /** An odd number of `!` stands before it. */
  readonly negated: boolean;
  /** The word. */
  readonly value: Value;
}

/** Words with `!`, `&` and `|`; an empty list is never true. */
export type Logic<Value> = readonly Member<Value>[];

/** Hours on some days. Times are read off a clock with four digits: 1830 is half past six. */
export interface Hours {
  /** The days on which they start: bit 0 is Sunday, bit 6 is Saturday. */
  readonly days: number;
  /** The first minute. */
  readonly start: number;
  /** The minute behind the last; if it is not behind the start, the last minute itself, on the following day. */
  readonly end: number;
}

/** One rule: who is meant by the first three may log in at the times of the fourth, and at no other. */
export interface TimeRule {
  /** The line on which it starts, counted from 1. */
  readonly line: number;
  /** Names of services, with one `*` for any text. */
  readonly services: Logic<string>;
  /** Names of terminals without `/dev/`, with one `*` for any text. */
  readonly ttys: Logic<string>;
  /** Names of users, with one `*` for any text, or the netgroup that they are in. */
  readonly users: Logic<string> | { readonly netgroup: string };
  /** When they may log in. */
  readonly times: Logic<Hours>;
}

/** A file of such rules. */
export interface TimeConf {
  /** Its path, for the log. */
  readonly file: string;
  /** Its rules. */
  readonly rules: readonly TimeRule[];
}

/** What `Su`, `Mo` … stand for; see {@linkcode Hours.days}. */
const DAYS: Readonly<Record<string, number>> = {
  su: 0b0000001,
  mo: 0b0000010,
  tu: 0b0000100,
  we: 0b0001000,
  th: 0b0010000,
  fr: 0b0100000,
  sa: 0b1000000,
  wk: 0b0111110,
  wd: 0b1000001,
  al: 0b1111111,
};

/** Words and signs of a logic list. pam_time passes over everything else, but it ends a word. */
const TOKENS = /[A-Za-z0-9*_.\-/:]+|[&|!]/g;

const FIELD_NAMES = ["services", "ttys", "users", "times"] as const;
const FORM = 'write "services;ttys;users;times", as in "login;tty*;!root;Wk0800-1800"';
const TIMES = 'write days and from when to when, as in "MoTuWe0800-1800"';

/** A field of a line. */
interface Field {
  readonly text: string;
  readonly line: number;
  readonly column: number;
}

/**
 * Parses a time.conf(5).
 *
 * @param bytes What the file holds. It need not be UTF-8: names can hold ASCII only.
 * @param file Its path, for the messages.
 * @returns Its rules.
 * @throws {RulesError} If pam_time would log that something is wrong with it, or it has a NUL byte.
 *
 * @example
 * ```ts
 * import { parseTimeConf } from "./time_conf.ts";
 * import assert from "node:assert/strict";
 *
 * const bytes = (text: string) => new TextEncoder().encode(text);
 * const { rules } = parseTimeConf(bytes("login ; tty* & !ttyp* ; !root ; !Al0000-2400\n"), "time.conf");
 * assert.equal(rules[0]?.line, 1);
 * assert.throws(
 *   () => parseTimeConf(bytes("# closed\nlogin;*;!root\n"), "/etc/security/time.conf"),
 *   /^RulesError: \/etc\/security\/time.conf:2:1: Cannot use a rule with 3 fields: write "services;ttys;users;times"/,
 * );
 * ```
 */
export function parseTimeConf(bytes: Uint8Array, file: string): TimeConf {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
  const problems: Problem[] = [];
  const netgroups = new Set<string>();
  const rules = linesOf(text, problems).map((line) => ruleOf(line, problems, netgroups))
    .filter((rule) => rule !== undefined);
  if (problems.length > 0) throw new RulesError(file, problems.sort((a, b) => a.line - b.line));
  return { file, rules };
}

/** The fields of each line. A line goes on behind a backslash at its end, and a comment ends it. */
function linesOf(text: string, problems: Problem[]): Field[][] {
  const lines: Field[][] = [];
  let fields: Field[] = [];
  let [line, lineStart, inComment] = [1, 0, false];
  let field = { from: 0, raw: "", line, column: 1 };
  const note = (what: string) =>
    problems.push({ key: "", line: field.line, column: field.column, text: what });
  const end = (at: number) => {
    if (at - field.from >= FIELD_BYTES_MAX) {
      note(`Cannot read more than ${FIELD_BYTES_MAX - 1} bytes in a field`);
    }
    fields.push({ ...field, text: squeezed(field.raw) });
  };
  const startAt = (from: number) => field = { from, raw: "", line, column: from - lineStart + 1 };
  let read = 0;
  for (const { 0: sign, index } of text.matchAll(/\\\n|[\n;#\0]/g)) {
    const before = text.slice(read, index);
    read = index + sign.length;
    if (!inComment) field.raw += before;
    if (sign.endsWith("\n")) [line, lineStart] = [line + 1, read];
    if (sign === "\0") {
      note("Cannot read a NUL byte: remove it");
      return lines;
    } else if (sign === "\n" || (inComment && sign === "\\\n")) {
      if (!inComment) end(index);
      lines.push(fields);
      [fields, inComment] = [[], false];
      startAt(read);
    } else if (!inComment && sign === ";") {
      end(index);
      startAt(read);
    } else if (!inComment && sign === "#") {
      end(index);
      inComment = true;
    }
  }
  if (!inComment) {
    field.raw += text.slice(read);
    end(text.length);
    if (fields.some(({ text }) => text !== "")) note("Cannot use the last line: end it with a newline");
  }
  return [...lines, fields];
}

/** A field without the blanks that do not count: only the name of a netgroup can have one. */
function squeezed(raw: string): string {
  return raw.replaceAll(/[ \t]+/g, " ").replaceAll("! ", "!").replaceAll(/^ | $/g, "");
}

/** The rule on a line; `undefined` for an empty line and for one with a mistake. Adds to `netgroups` what it names. */
function ruleOf(
  line: readonly Field[],
  problems: Problem[],
  netgroups: Set<string>,
): TimeRule | undefined {
  const first = line.findIndex(({ text }) => text !== "");
  const fields = line.slice(first);
  const [services, ttys, users, times] = fields;
  if (first < 0 || services === undefined) return undefined;
  const note = (text: string, { line, column }: Field, key = "") =>
    problems.push({ key, line, column, text });
  if (fields.length !== FIELD_NAMES.length) {
    const reason = services.text === "\r" ? ": end lines with a newline alone" : `: ${FORM}`;
    note(`Cannot use a rule with ${fields.length} field${fields.length === 1 ? "" : "s"}${reason}`, services);
    return undefined;
  }
  const read = <Value>(field: Field, key: string, parse: (field: string) => Value): Value | undefined => {
    try {
      return parse(field.text);
    } catch (error) {
      note((error as SyntaxError).message, field, key);
      return undefined;
    }
  };
  const rule = {
    line: services.line,
    services: read(services, "services", parseNames),
    ttys: read(ttys!, "ttys", parseNames),
    users: read(users!, "users", (field) => counted(parseUsers(field), netgroups)),
    times: read(times!, "times", parseTimes),
  };
  return Object.values(rule).includes(undefined) ? undefined : rule as TimeRule;
}

function parseNames(field: string): Logic<string> {
  return parseLogic(field, (name) => name);
}

/** Users; or a netgroup, if the field begins with `@`: the rest is its name as it stands. */
function parseUsers(field: string): TimeRule["users"] {
  if (!field.startsWith("@")) return parseNames(field);
  const octets = Buffer.from(field.slice(1), "latin1");
  const name = nameOf(octets);
  if (octets.length <= NETGROUP_BYTES_MAX && !/\p{Cc}/u.test(name)) return { netgroup: name };
  throw new SyntaxError(
    `Cannot look for a netgroup of this name: write at most ${NETGROUP_BYTES_MAX} bytes without control characters`,
  );
}

function nameOf(octets: Uint8Array): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(octets);
  } catch {
    throw new SyntaxError("Cannot read the name of the netgroup: write it in UTF-8");
  }
}

/** Counts the netgroup among those of the file; nobody is asked for the one without a name. */
function counted(users: TimeRule["users"], netgroups: Set<string>): TimeRule["users"] {
  if (!("netgroup" in users) || users.netgroup === "" || netgroups.has(users.netgroup)) return users;
  if (netgroups.size === NETGROUPS_MAX) {
    throw new SyntaxError(`Cannot use more than ${NETGROUPS_MAX} netgroups in a file: join some of them`);
  }
  netgroups.add(users.netgroup);
  return users;
}

function parseTimes(field: string): Logic<Hours> {
  return parseLogic(field, parseHours);
}

/** A logic list. A sign behind the last word has no effect, as in pam_time. */
function parseLogic<Value>(field: string, parse: (word: string) => Value): Logic<Value> {
  const members: Member<Value>[] = [];
  let [join, negated, wantsWord]: ["and" | "or", boolean, boolean] = ["or", false, true];
  for (const [token] of field.matchAll(TOKENS)) {
    const isSign = token === "&" || token === "|";
    if (wantsWord && token === "!") {
      negated = !negated;
    } else if (wantsWord && !isSign) {
      members.push({ join, negated, value: parse(token) });
      wantsWord = false;
    } else if (!wantsWord && isSign) {
      [join, negated, wantsWord] = [token === "&" ? "and" : "or", false, true];
    } else {
      throw new SyntaxError(
        wantsWord
          ? `Cannot read the list ${JSON.stringify(field)}: write a word before "${token}"`
          : `Cannot read the list ${JSON.stringify(field)}: write "&" or "|" before "${token}"`,
      );
    }
  }
  return members;
}

/** Hours such as `MoTu0800-1800`. A day that is named twice is not meant: `AlMo` is every day but Monday, `MoMo` none. */
function parseHours(word: string): Hours {
  const [letters = ""] = /^[A-Za-z]*/.exec(word) ?? [];
  let days = 0;
  for (let at = 0; at < letters.length; at += 2) {
    const day = DAYS[letters.slice(at, at + 2).toLowerCase()];
    if (day === undefined) throw new SyntaxError(`Cannot read the days of "${word}": ${TIMES}`);
    days ^= day;
  }
  if (letters === "") throw new SyntaxError(`Cannot find a day in "${word}": ${TIMES}`);
  if (days === 0) return { days, start: 0, end: 0 };
  const [, start, end] = /^(\d{0,4})-(\d{4})/.exec(word.slice(letters.length)) ?? [];
  if (end === undefined) throw new SyntaxError(`Cannot read the times of "${word}": ${TIMES}`);
  return { days, start: Number(start), end: Number(end) };
}
