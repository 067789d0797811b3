// SPDX-License-Identifier: MIT
/**
 * The module's options: the words of the pam.d line and of the configuration.
 *
 * @module
 */

import * as v from "valibot";
import type { GroupLimit, Policy } from "./policy.ts";

/** The highest limit. */
export const LIMIT_MAX = 100_000;
/** The shortest and the longest time after which a host that says nothing counts as gone. */
const HOST_GONE_MS = { min: 60_000, max: 30 * 86_400_000 } as const;

/** Where the ledger is, and how to get there. */
export interface Place {
  /** The path of a SQLite database, or `redis://HOST[:PORT][/DATABASE]`, or `rediss://…`. */
  readonly store: string;
  /** The name of this machine among those that share a Redis; the hostname if `undefined`. */
  readonly host: string | undefined;
  /** After how many ms without a sign of life the sessions of a host do not count; never if `undefined`. */
  readonly hostGoneMs: number | undefined;
  /** What the names of all keys in Redis start with. */
  readonly prefix: string;
  /** The user of Redis; its default user if `undefined`. */
  readonly username: string | undefined;
  /** The path of a file with the password for Redis, and nothing else; none if `undefined`. */
  readonly passwordFile: string | undefined;
  /** The path of a file with the certificates that sign for Redis; those that Deno trusts if `undefined`. */
  readonly ca: string | undefined;
}

/** The options. */
export interface Options extends Policy, Place {
  /** What happens to whoever comes while the ledger cannot be asked. */
  readonly unavailable: "deny" | "allow";
}

/** The words of the pam.d line and of the configuration. */
export interface LineWords {
  /** The path of the database, or the URL of Redis. */
  readonly store?: string;
  /** The most sessions of one user. */
  readonly limit?: string;
  /** `GROUP:NUMBER`. */
  readonly group_limit?: string | readonly string[];
  /** Services whose sessions count. */
  readonly services?: string | readonly string[];
  /** `exempt` or `counted`. */
  readonly root?: string;
  /** `deny` or `allow`. */
  readonly unavailable?: string;
  /** The name of this machine. */
  readonly host?: string;
  /** A time such as `30m`, or `never`. */
  readonly host_gone?: string;
  /** What keys start with. */
  readonly prefix?: string;
  /** The user of Redis. */
  readonly username?: string;
  /** The path of the file with the password. */
  readonly password_file?: string;
  /** The path of the file with the certificates. */
  readonly ca?: string;
}

const NAMES = [
  "store",
  "limit",
  "group_limit",
  "services",
  "root",
  "unavailable",
  "host",
  "host_gone",
  "prefix",
  "username",
  "password_file",
  "ca",
] as const;

function count(name: string, text: string): number {
  const max = Number(text);
  if (/^[1-9]\d*$/.test(text) && max <= LIMIT_MAX) return max;
  throw new SyntaxError(`Cannot read "${name}": write a whole number from 1 to ${LIMIT_MAX}`);
}

function groupLimit(word: string): GroupLimit {
  const [, group = "", max = ""] = /^([^:,\s]+):(\d+)$/.exec(word) ?? [];
  if (group === "") {
    throw new SyntaxError(
      'Cannot read "group_limit": write GROUP:NUMBER, as in "staff:10"; repeat it for more',
    );
  }
  return { group, max: count("group_limit", max) };
}

function groupLimits(words: readonly string[]): readonly GroupLimit[] {
  const limits = words.map(groupLimit);
  const twice = limits.find(({ group }, i) => limits.findIndex((other) => other.group === group) !== i);
  if (twice === undefined) return limits;
  throw new SyntaxError(`Cannot take two limits for the group "${twice.group}": remove one of them`);
}

const UNITS = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

function hostGone(text: string): number | undefined {
  if (text === "never") return undefined;
  const [, number = "", unit = "s"] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
  const ms = number === "" ? NaN : Number(number) * UNITS[unit as keyof typeof UNITS];
  if (ms >= HOST_GONE_MS.min && ms <= HOST_GONE_MS.max) return ms;
  throw new SyntaxError(
    'Cannot read "host_gone": write "never" or a time from 1m to 30d, with s, m, h or d, as in "30m"',
  );
}

function storePlace(text: string): string {
  if (/^\/[^\0]*[^/\0]$/.test(text)) return text;
  const url = /^rediss?:\/\//.test(text) && URL.canParse(text) ? new URL(text) : undefined;
  if (
    url === undefined || url.hostname === "" || !/^\/?\d*$/.test(url.pathname) || url.search + url.hash !== ""
  ) {
    throw new SyntaxError(
      'Cannot read "store": write { "state": "sessions.db" } in the configuration, or redis://HOST:PORT/DATABASE, or rediss://HOST:PORT/DATABASE',
    );
  }
  if (url.username + url.password === "") return text;
  throw new SyntaxError(
    'Cannot take a name or a password in "store": write them into "username" and a file that "password_file" names',
  );
}

function path(name: string, text: string): string {
  if (/^\/[^\0]*[^/\0]$/.test(text)) return text;
  throw new SyntaxError(`Cannot read "${name}": write an absolute path, or { "credential": "NAME" }`);
}

function name(option: string, text: string): string {
  if (/^[\w.:@-]{1,128}$/.test(text)) return text;
  throw new SyntaxError(`Cannot read "${option}": write at most 128 letters, digits, and any of . : @ _ -`);
}

/** One word, which `parse` reads. */
function word<Output>(name: string, parse: (text: string) => Output) {
  return v.pipe(v.string(`Cannot read "${name}": write it once, as ${name}=VALUE`), parsed(parse));
}

function parsed<Input, Output>(parse: (input: Input) => Output): v.RawTransformAction<Input, Output> {
  return v.rawTransform<Input, Output>(({ dataset, addIssue, NEVER }) => {
    try {
      return parse(dataset.value);
    } catch (error) {
      addIssue({ message: (error as SyntaxError).message });
      return NEVER;
    }
  });
}

function list<Output>(
  name: string,
  parse: (words: readonly string[]) => Output,
): v.GenericSchema<string | readonly string[], Output> {
  return v.pipe(
    v.union(
      [v.string(), v.pipe(v.array(v.string()), v.readonly())],
      `Cannot read "${name}": write ${name}=VALUE`,
    ),
    parsed((given: string | readonly string[]) => parse([given].flat().flatMap((text) => text.split(",")))),
  );
}

function choice<const Words extends readonly string[]>(words: Words, message: string) {
  return v.pipe(v.string(message), v.picklist(words, message));
}

function services(words: readonly string[]): readonly string[] {
  // libpam makes PAM_SERVICE lower-case.
  if (words.every((service) => /^[^\s,]+$/.test(service))) {
    return words.map((service) => service.toLowerCase());
  }
  throw new SyntaxError('Cannot read "services": write their names with commas, as in "sshd,login"');
}

// Not v.strictObject(): names that an object lists are all that the runtime lets through, and it only logs the others. Here a misspelt
// "limit" would let everybody in, so that an unknown option has to be an error.
const Words = v.objectWithRest({
  store: v.exactOptional(word("store", storePlace)),
  limit: v.exactOptional(word("limit", (text) => count("limit", text))),
  group_limit: v.exactOptional(list("group_limit", groupLimits), []),
  services: v.exactOptional(list("services", services), []),
  root: v.exactOptional(
    choice(["exempt", "counted"], 'Cannot read "root": write "exempt" or "counted"'),
    "exempt",
  ),
  unavailable: v.exactOptional(
    choice(["deny", "allow"], 'Cannot read "unavailable": write "deny" or "allow"'),
    "deny",
  ),
  host: v.exactOptional(word("host", (text) => name("host", text))),
  host_gone: v.exactOptional(word("host_gone", hostGone)),
  prefix: v.exactOptional(word("prefix", (text) => name("prefix", text)), "session-ledger"),
  username: v.exactOptional(word("username", (text) => name("username", text))),
  password_file: v.exactOptional(word("password_file", (text) => path("password_file", text))),
  ca: v.exactOptional(word("ca", (text) => path("ca", text))),
}, v.never(`Unknown option: the options are ${NAMES.join(", ")}`));

const REDIS_ONLY = ["host", "host_gone", "username", "password_file", "ca"] as const;

function toOptions(words: v.InferOutput<typeof Words>): Options {
  const { store } = words;
  if (store === undefined) {
    throw new SyntaxError(
      'Cannot do without "store": write { "state": "sessions.db" }, or redis://HOST:PORT, in the configuration',
    );
  }
  const stray = REDIS_ONLY.find((name) => words[name] !== undefined && store.startsWith("/"));
  if (stray !== undefined) {
    throw new SyntaxError(`Cannot take "${stray}" with a file: it is for redis:// and rediss://`);
  }
  if (words.ca !== undefined && !store.startsWith("rediss:")) {
    throw new SyntaxError('Cannot take "ca" without TLS: write rediss:// in "store"');
  }
  return {
    store,
    limit: words.limit,
    groupLimits: words.group_limit,
    services: words.services,
    root: words.root,
    unavailable: words.unavailable,
    host: words.host,
    hostGoneMs: words.host_gone,
    prefix: words.prefix,
    username: words.username,
    passwordFile: words.password_file,
    ca: words.ca,
  };
}

/**
 * Validates the options. A name that is not known is an error: a misspelt `limit` would let everybody in.
 */
export const LineOptions: v.GenericSchema<LineWords, Options> = v.pipe(Words, parsed(toOptions));
