// SPDX-License-Identifier: MIT
/**
 * The users that are asked about: words of the command line, or a file of them as JSON or CSV.
 *
 * @module
 */

import { CsvError, parse as parseCsv } from "csv-parse/sync";
import * as v from "valibot";
import { ConfigError, Source } from "../../config/source.ts";
import type { TestUser } from "../../testing/options.ts";
import { isLine } from "../../text.ts";

/** The most users. */
export const USERS_MAX = 1_000;
/** The largest file of them, in bytes. */
export const USERS_FILE_MAX = 4 * 1024 ** 2;

/** A user and what the databases are to say of them; `undefined` is a user of this machine. */
export interface AskedUser {
  /** The name, as PAM_USER. */
  readonly name: string;
  /** The entries, as the test kit takes them. */
  readonly entry: TestUser | undefined;
}

/** Users that cannot be asked about. The message says which, where, and the remedy. */
export class PeopleError extends Error {
  override name = "PeopleError";
}

/** The longest name, in bytes, as the shim takes it. */
const NAME_MAX = 256;
/** What separates names in a field of CSV. */
const SEPARATORS = /[\s;,]+/;
/** User ids end here; the last one means "none". */
const ID_MAX = 4_294_967_294;
/** Days and lengths in days: what fits an `int` of C. */
const DAYS_MOST = 2_147_483_647;

const name = v.pipe(
  v.string("is not a name"),
  v.check((text) => text !== "" && isLine(text), "is not a name: it is empty, or has control characters"),
  v.check(
    (text) => new TextEncoder().encode(text).length <= NAME_MAX,
    `is longer than ${NAME_MAX} bytes`,
  ),
);
const whole = (least: number, most: number) => {
  const message = `is not a whole number from ${least} to ${most}`;
  return v.pipe(
    v.number(message),
    v.check((n) => Number.isInteger(n) && n >= least && n <= most, message),
  );
};
const id = v.optional(whole(0, ID_MAX));
const days = v.optional(whole(-1, DAYS_MOST));
const text = v.optional(v.pipe(v.string("is not a text"), v.check(isLine, "has control characters")));
const names = v.optional(v.array(name, "is not a list of names"));
const yes = v.optional(v.boolean("is neither true nor false"));

const AGEING = {
  lastChange: days,
  min: days,
  max: days,
  warn: days,
  inactive: days,
  expire: days,
  locked: yes,
  empty: yes,
};
const USER = { name, uid: id, gid: id, home: text, shell: text, groups: names, netgroups: names };

const strict = <E extends v.ObjectEntries>(entries: E) =>
  v.strictObject(
    entries,
    (issue) =>
      issue.expected === "never"
        ? `is unknown: write one of ${Object.keys(entries).join(", ")}`
        : issue.input === undefined
        ? "is missing"
        : "is not an object",
  );
const PEOPLE = v.array(strict({ ...USER, ageing: v.optional(strict(AGEING)) }), "is not a list of users");
type Person = v.InferOutput<typeof PEOPLE>[number];

/**
 * A user as `--user` says it: `alice`, whom this machine may know, or `alice:staff,admin`, who is in these groups whoever knows her, the
 * primary one first.
 *
 * @throws {PeopleError} if it says none.
 */
export function userOf(word: string): AskedUser {
  const at = word.indexOf(":");
  const [who, groups] = at < 0 ? [word, undefined] : [word.slice(0, at), word.slice(at + 1).split(",")];
  for (const part of [who, ...groups ?? []]) {
    const { issues } = v.safeParse(name, part);
    if (issues !== undefined) {
      throw new PeopleError(
        `--user ${JSON.stringify(word)}: ${JSON.stringify(part)} ${
          issues[0].message
        }: write NAME, or NAME:GROUP,GROUP`,
      );
    }
  }
  return { name: who, entry: groups && { groups } };
}

/**
 * The users of a file: JSON with comments where it begins with `[`, else CSV with a line of names on top.
 *
 * @param content The file's text.
 * @param file What messages call it.
 * @throws {PeopleError} with all that is wrong, each with its place.
 */
export function peopleOf(content: string, file: string): AskedUser[] {
  const plain = content.replace(/^\ufeff/, "");
  const people = /^\s*(?:\[|\{|\/[/*])/.test(plain) ? ofJson(plain, file) : ofCsv(plain, file);
  if (people.length === 0) throw new PeopleError(`${file}: there is no user in it`);
  return people.map(({ name, ...entry }) => ({ name, entry: entry as TestUser }));
}

function ofJson(content: string, file: string): Person[] {
  const source = new Source(content, file);
  try {
    const { output, issues = [], success } = v.safeParse(PEOPLE, source.parse());
    for (const issue of issues) {
      const path = issue.path?.map(({ key }) => key as string | number) ?? [];
      const what = typeof path.at(-1) === "string"
        ? `"${path.at(-1)}"`
        : path.length > 0
        ? "this user"
        : "the file";
      source.problem(path, `${what} ${issue.message}`, issue.expected === "never");
    }
    source.throwIfWrong();
    if (success) return output;
    throw new PeopleError(`${file}: it is not a list of users`);
  } catch (error) {
    throw error instanceof ConfigError ? new PeopleError(error.message) : error;
  }
}

/** The fields of an entry in CSV, and what their texts are made of. */
const COLUMNS: Readonly<Record<string, "text" | "number" | "names" | "boolean">> = {
  name: "text",
  uid: "number",
  gid: "number",
  home: "text",
  shell: "text",
  groups: "names",
  netgroups: "names",
  lastChange: "number",
  min: "number",
  max: "number",
  warn: "number",
  inactive: "number",
  expire: "number",
  locked: "boolean",
  empty: "boolean",
};

interface CsvRecord {
  readonly record: Readonly<Record<string, string>>;
  readonly info: { readonly lines: number };
}

function ofCsv(content: string, file: string): Person[] {
  const problems: string[] = [];
  const people = recordsOf(content, file).flatMap(({ record, info }) => {
    const place = `${file}:${info.lines}`;
    const { output, issues = [], success } = v.safeParse(PEOPLE, [personOf(record)]);
    for (const issue of issues) {
      problems.push(
        `${place}: "${issue.path?.map(({ key }) => key).slice(1).join(".") ?? ""}" ${issue.message}`,
      );
    }
    return success ? output : [];
  });
  if (problems.length > 0) throw new PeopleError(problems.join("\n"));
  return people;
}

function recordsOf(content: string, file: string): CsvRecord[] {
  try {
    return parseCsv(content, {
      columns: (header: string[]) => headerOf(header, file),
      info: true,
      trim: true,
      skip_empty_lines: true,
      comment: "#",
      comment_no_infix: true,
    }) as unknown as CsvRecord[];
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    throw new PeopleError(`${file}: it is no CSV: ${error.message}`);
  }
}

function headerOf(header: readonly string[], file: string): string[] {
  const known = Object.keys(COLUMNS);
  const strange = header.find((column) => !known.includes(column));
  if (strange !== undefined) {
    throw new PeopleError(
      `${file}:1: the column ${JSON.stringify(strange)} is unknown: write one of ${known.join(", ")}; ` +
        "a file of JSON begins with [",
    );
  }
  if (!header.includes("name")) throw new PeopleError(`${file}:1: there is no column "name"`);
  return [...header];
}

/** The entry that a record says, not yet checked. An empty field is one that is left out. */
function personOf(record: Readonly<Record<string, string>>): Record<string, unknown> {
  const said = Object.entries(record).filter(([column, field]) => field !== "" || column === "name");
  const values = said.map(([column, field]): [string, unknown] => [column, valueOf(COLUMNS[column]!, field)]);
  const own = values.filter(([column]) => !Object.hasOwn(AGEING, column));
  const ageing = values.filter(([column]) => Object.hasOwn(AGEING, column));
  return { ...Object.fromEntries(own), ...(ageing.length > 0 ? { ageing: Object.fromEntries(ageing) } : {}) };
}

function valueOf(kind: "text" | "number" | "names" | "boolean", field: string): unknown {
  switch (kind) {
    case "text":
      return field;
    case "number":
      return /^-?\d+$/.test(field) ? Number(field) : field;
    case "names":
      return field.split(SEPARATORS).filter((part) => part !== "");
    case "boolean":
      return field === "true" || field === "yes" || field === "1"
        ? true
        : field === "false" || field === "no" || field === "0"
        ? false
        : field;
  }
}

/** Users and their entries, as the test kit takes them. */
export interface People {
  /** Their names, in the order in which they were said. */
  readonly names: readonly string[];
  /** Their entries. */
  readonly users: Readonly<Record<string, TestUser>>;
}

/**
 * Users with what this machine knows of those that only have a name.
 *
 * @param asked The users.
 * @param lookUp Asks this machine.
 * @param note Told of a user whom it does not know.
 * @throws {PeopleError} if one of them stands twice, or there are too many.
 */
export async function withEntries(
  asked: readonly AskedUser[],
  lookUp: (name: string) => Promise<TestUser | undefined>,
  note: (text: string) => void,
): Promise<People> {
  const names = asked.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) < i);
  if (twice !== undefined) {
    throw new PeopleError(`the user ${JSON.stringify(twice)} is named twice: name each once`);
  }
  if (names.length > USERS_MAX) throw new PeopleError(`${names.length} users: at most ${USERS_MAX}`);
  const users: [string, TestUser][] = [];
  for (const { name, entry } of asked) {
    const known = entry ?? await lookUp(name);
    if (known === undefined) {
      note(`this machine has no user ${name}: taken for one with uid 1000 in a group of the same name`);
    }
    users.push([name, known ?? {}]);
  }
  return { names, users: Object.fromEntries(users) };
}
