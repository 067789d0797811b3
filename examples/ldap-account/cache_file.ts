// SPDX-License-Identifier: MIT
/**
 * The file in which cache.ts remembers: its tables, what is asked of them, and how it is opened and deleted.
 *
 * @module
 */

import { Buffer } from "node:buffer";
// deno-lint-ignore pam-deno/context-random -- the key of a file, not of a hook
import { createHmac, randomBytes } from "node:crypto";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { folded } from "./names.ts";

/** The most decisions that are kept; those on names that nobody has, which a stranger can make up, are counted apart. */
export const DECISIONS_MAX = 50_000;
/** The most decisions on names that nobody has. */
export const STRANGERS_MAX = 5000;
/** How long another worker's write is waited for, in ms. */
const BUSY_MS = 100;
/** The form of the tables; another one is thrown away. */
const FORM = 2;
const OWN_FILE = 0o600;
const KEY_OCTETS = 32;
/** How an allowance stands in the file; a denial stands there as its reason. */
export const ALLOWED = "allow";

/** Of each decision: the rules and the typed name together, each by itself, and the entry that was found under it. */
const TABLES = `
  CREATE TABLE decision (
    key BLOB PRIMARY KEY, rules BLOB NOT NULL, name BLOB NOT NULL, entry BLOB,
    answer TEXT NOT NULL, decided INTEGER NOT NULL, stale INTEGER NOT NULL, until INTEGER
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX decision_name ON decision (name);
  CREATE INDEX decision_entry ON decision (entry);
  CREATE TABLE clock (id INTEGER PRIMARY KEY CHECK (id = 1), seen INTEGER NOT NULL, hash BLOB NOT NULL) STRICT;
  PRAGMA user_version = ${FORM};
`;

/** The decisions on one person: under names that a directory may take for the same, and on the entries that were found under those. */
const PERSON = "(name = $name OR entry = $entry OR entry IN (SELECT entry FROM decision WHERE name = $name))";

const STRANGER = "answer IN ('unknown', 'misspelt')";

/** What a decision is about. */
export interface Subject {
  /** All that is decided by: another text is another decision. */
  readonly rules: string;
  /** The user's name as it was typed. */
  readonly user: string;
  /** The name of the entry that the directory found, spelled in one way; left out if there is none, and to recall. */
  readonly entry?: string | undefined;
}

/** A subject as the file has it: by keyed hashes. */
export interface Keys {
  /** The rules and the name as typed. */
  readonly key: Buffer;
  /** The rules. */
  readonly rules: Buffer;
  /** The name without what does not count when a directory compares it. */
  readonly name: Buffer;
  /** The entry. */
  readonly entry: Buffer | null;
}

/** The open file. */
export interface Opened {
  /** The database. */
  readonly database: DatabaseSync;
  /** The key of the hashes. */
  readonly hash: Buffer;
  /** Which file it is. */
  readonly inode: number;
  /** One decision. */
  readonly select: StatementSync;
  /** The denials of one person that were decided in a span of time. */
  readonly denials: StatementSync;
  /** An entry that was found under a name. */
  readonly entryOf: StatementSync;
  /** Puts a decision in the place of another. */
  readonly replace: StatementSync;
  /** Deletes allowances: that of a key, and those of one person, perhaps under some rules only. */
  readonly revoke: StatementSync;
  /** Notes the time. */
  readonly tick: StatementSync;
}

/** Opens a file, and makes it if there is none. */
export function openDatabase(file: string, pagesMax: number | undefined): Opened {
  // Made here, so that nobody else can ever read it.
  Deno.openSync(file, { create: true, write: true, mode: OWN_FILE }).close();
  const database = new DatabaseSync(file, { timeout: BUSY_MS });
  try {
    database.exec("PRAGMA journal_mode = PERSIST");
    if (pagesMax !== undefined) database.exec(`PRAGMA max_page_count = ${pagesMax}`);
    // Two workers may come at once: the second one waits here.
    database.exec("BEGIN IMMEDIATE");
    const form = Number(database.prepare("PRAGMA user_version").get()?.user_version);
    if (form !== 0 && form !== FORM) throw new Error(`It is of another form: ${form}`);
    if (form === 0) {
      database.exec(TABLES);
      database.prepare("INSERT INTO clock VALUES (1, 0, ?)").run(randomBytes(KEY_OCTETS));
    }
    // Whether it can be written to: a disk that was full when a denial came may have kept an allowance.
    database.exec("UPDATE clock SET seen = seen; COMMIT");
    const hash = database.prepare("SELECT hash FROM clock").get()?.hash;
    if (!(hash instanceof Uint8Array)) throw new Error("It is malformed");
    return {
      database,
      hash: Buffer.from(hash),
      inode: inodeOf(file) ?? 0,
      select: database.prepare("SELECT answer, decided, stale, until, entry FROM decision WHERE key = ?"),
      denials: database.prepare(
        `SELECT key, rules, answer FROM decision
         WHERE answer <> '${ALLOWED}' AND decided >= $since AND decided < $before AND ${PERSON}`,
      ),
      entryOf: database.prepare("SELECT entry FROM decision WHERE name = ? AND entry IS NOT NULL LIMIT 1"),
      replace: database.prepare("INSERT OR REPLACE INTO decision VALUES (?, ?, ?, ?, ?, ?, ?, ?)"),
      revoke: database.prepare(
        `DELETE FROM decision
         WHERE answer = '${ALLOWED}' AND ($rules IS NULL OR rules = $rules) AND (key = $key OR ${PERSON})`,
      ),
      tick: database.prepare("UPDATE clock SET seen = ?"),
    };
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Deletes what is too old, and the oldest of what is too much. */
export function tidy(database: DatabaseSync, now: number): void {
  database.prepare("DELETE FROM decision WHERE stale < ?").run(now);
  for (const [which, max] of [[STRANGER, STRANGERS_MAX], [`NOT ${STRANGER}`, DECISIONS_MAX]] as const) {
    database.prepare(
      `DELETE FROM decision WHERE key IN
         (SELECT key FROM decision WHERE ${which} ORDER BY decided DESC LIMIT -1 OFFSET ?)`,
    ).run(max);
  }
}

/** The hashes of a subject. */
export function keysOf({ hash }: Opened, { rules, user, entry }: Subject): Keys {
  const hashed = (...texts: string[]) => createHmac("sha256", hash).update(JSON.stringify(texts)).digest();
  return {
    key: hashed("key", rules, user),
    rules: hashed("rules", rules),
    name: hashed("name", folded(user)),
    entry: entry === undefined ? null : hashed("entry", entry),
  };
}

/** Which file a path leads to; `undefined` if there is none. */
export function inodeOf(file: string): number | undefined {
  try {
    return Deno.statSync(file).ino ?? undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Deletes a file with its journal. */
export function removeFiles(file: string): void {
  for (const path of [`${file}-journal`, file]) {
    try {
      Deno.removeSync(path);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
}
