// SPDX-License-Identifier: MIT
/**
 * What must outlast a login and a worker: which codes were used, and who has failed when. A SQLite database that several workers share.
 *
 * An attempt is on the disk as a failure before its code is looked at, and is taken back when the code was right. So nothing can be
 * tried that does not count: not by many at once, not by killing the worker, not while the disk is full.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";

/** For how long a login waits for its turn and for the lock, in milliseconds: less than a line's default `timeout=`. */
export const WAIT_MS_MAX = 3000;
/** For how long SQLite itself waits for a lock, in milliseconds: the worker answers nobody meanwhile. */
const LOCK_MS = 5;
/** How long a login sleeps before it tries again for a lock that it did not get, in milliseconds. */
const RETRY_MS = 5;
/** For how long failures are kept, in seconds: the longest time over which a line can count them. */
export const KEEP_S = 86_400;
/** After this many further attempts, one for a user who does not exist is forgotten: names are free, disks are not. */
export const STRANGERS_MAX = 1000;

const VERSION = 1;

const SCHEMA = `
CREATE TABLE IF NOT EXISTS used (
  user TEXT PRIMARY KEY,
  until_s INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS attempts (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  person TEXT NOT NULL,
  known INTEGER NOT NULL,
  at_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS attempts_by_person ON attempts (person, known);
CREATE INDEX IF NOT EXISTS attempts_by_time ON attempts (at_ms);
CREATE TABLE IF NOT EXISTS salt (value BLOB NOT NULL) STRICT;
INSERT INTO salt SELECT randomblob(16) WHERE NOT EXISTS (SELECT 1 FROM salt);
PRAGMA user_version = ${VERSION};
`;

/** Who tries: a user of this machine, or somebody who named one that does not exist. */
export interface Person {
  /** The name: the user database's own, or as typed. */
  readonly name: string;
  /** Whether the user exists. */
  readonly known: boolean;
}

/** How many failures are allowed, and for how long each counts. */
export interface Limit {
  /** How many. */
  readonly failures: number;
  /** For how long, in seconds. */
  readonly within: number;
}

/** An attempt that counts as a failure until it is taken back. */
export interface Attempt {
  /** Its number. */
  readonly id: number | bigint;
  /** The database that it is in. */
  readonly database: DatabaseSync;
}

/** A database that is open, and what tells that it is still the file at its path. */
interface Open {
  readonly database: DatabaseSync;
  readonly salt: Uint8Array;
  readonly place: string;
}

/** The database. */
export class Attempts implements Disposable {
  readonly #path: string;
  #open: Open | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  /** A database in the file at `path`, which is opened, or made, by the first that needs it. */
  constructor(path: string) {
    this.#path = path;
  }

  /**
   * Opens the database if that is still to be done: also after a failure, and when another file is at its path.
   *
   * @param signal Ends the wait for a lock, as {@linkcode WAIT_MS_MAX} does.
   * @throws {Error} if it cannot be opened, is locked for too long, or another version of this module made it.
   */
  open(signal: AbortSignal): Promise<void> {
    return this.#try(signal, () => {});
  }

  /**
   * Counts an attempt as a failure.
   *
   * @param now The time, in milliseconds since 1970.
   * @param signal As for {@linkcode Attempts.open}.
   * @returns `undefined` if the person has failed too often: then nothing was counted.
   */
  begin(person: Person, limit: Limit, now: number, signal: AbortSignal): Promise<Attempt | undefined> {
    return this.#try(signal, ({ database, salt }) => {
      const who = [nameOf(person, salt), person.known ? 1 : 0] as const;
      const run = (sql: string, ...values: (string | number)[]) => database.prepare(sql).run(...values);
      return alone(database, () => {
        run("DELETE FROM attempts WHERE at_ms <= ?", now - KEEP_S * 1000);
        run(
          "DELETE FROM attempts WHERE id <= (SELECT max(id) FROM attempts) - ? AND known = 0",
          STRANGERS_MAX,
        );
        // A clock that was set back must not make failures last.
        run("UPDATE attempts SET at_ms = ? WHERE person = ? AND known = ? AND at_ms > ?", now, ...who, now);
        const failures = database
          .prepare("SELECT count(*) AS n FROM attempts WHERE person = ? AND known = ? AND at_ms > ?")
          .get(...who, now - limit.within * 1000)?.["n"];
        if (typeof failures !== "number" || failures >= limit.failures) return undefined;
        const sql = "INSERT INTO attempts (person, known, at_ms) VALUES (?, ?, ?)";
        return { id: run(sql, ...who, now).lastInsertRowid, database };
      });
    });
  }

  /**
   * Uses a code up and takes the attempt back, if `judge` says that the code is right.
   *
   * @param judge Is told until when codes are used up, in seconds since 1970, and answers until when they are now; `undefined` if the
   * code is not right. It must not wait.
   * @param signal As for {@linkcode Attempts.open}.
   * @returns whether it was right
   */
  finish(
    attempt: Attempt,
    user: string,
    judge: (usedUntil: number) => number | undefined,
    signal: AbortSignal,
  ): Promise<boolean> {
    return this.#try(signal, ({ database }) => {
      if (attempt.database !== database) throw new Error("it was opened anew since the attempt began");
      return alone(database, () => {
        const before = database.prepare("SELECT until_s FROM used WHERE user = ?").get(user)?.["until_s"] ??
          0;
        const until = judge(Number(before));
        if (until === undefined || until <= Number(before)) return false;
        database
          .prepare("INSERT INTO used VALUES (?, ?) ON CONFLICT DO UPDATE SET until_s = excluded.until_s")
          .run(user, until);
        database.prepare("DELETE FROM attempts WHERE id = ?").run(attempt.id);
        return true;
      });
    });
  }

  /** Closes the database. */
  [Symbol.dispose](): void {
    const open = this.#open;
    this.#open = undefined;
    try {
      open?.database.close();
    } catch {
      // It is of no use any more either way.
    }
  }

  /** Does `work` when it is its turn, so that one login at most asks for the lock; and not after the time for that is over. */
  #try<T>(signal: AbortSignal, work: (open: Open) => T): Promise<T> {
    // deno-lint-ignore pam-deno/context-clock -- how long this takes
    const end = performance.now() + WAIT_MS_MAX;
    const made = this.#turn.then(() => this.#untilUnlocked(signal, end, work));
    this.#turn = made.catch(() => {});
    return made;
  }

  /** Does `work`, again and again while another process has the lock. After any other failure the file is opened anew. */
  async #untilUnlocked<T>(signal: AbortSignal, end: number, work: (open: Open) => T): Promise<T> {
    while (true) {
      // deno-lint-ignore pam-deno/context-clock -- how long this takes
      if (signal.aborted || performance.now() > end) {
        throw new Error("it was locked, or busy, for too long: look at what holds it");
      }
      try {
        return work(this.#current());
      } catch (error) {
        if (!isLocked(error)) {
          this[Symbol.dispose]();
          throw error;
        }
      }
      await sleep(RETRY_MS);
    }
  }

  /** The database, opened anew if another file is at its path: all workers must look at the same one. */
  #current(): Open {
    if (this.#open !== undefined && placeOf(this.#path) === this.#open.place) return this.#open;
    this[Symbol.dispose]();
    this.#open = openAt(this.#path);
    return this.#open;
  }
}

/** Which file is at a path; `undefined` if there is none. */
function placeOf(path: string): string | undefined {
  try {
    const { dev, ino } = Deno.statSync(path);
    return `${dev} ${ino}`;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

function openAt(path: string): Open {
  const database = new DatabaseSync(path, { timeout: LOCK_MS });
  try {
    // A used code stays used when the power fails.
    database.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL");
    const salt = alone(database, () => {
      const version = database.prepare("PRAGMA user_version").get()?.["user_version"];
      if (version !== 0 && version !== VERSION) {
        throw new Error(`it has version ${version}, and this module knows ${VERSION}`);
      }
      database.exec(SCHEMA);
      return database.prepare("SELECT value FROM salt").get()?.["value"] as Uint8Array;
    });
    const place = placeOf(path);
    if (place === undefined) throw new Error("it was removed while it was opened");
    return { database, salt, place };
  } catch (error) {
    database.close();
    throw error;
  }
}

/** Runs `work` in a transaction that has the database for itself from the start. */
function alone<T>(database: DatabaseSync, work: () => T): T {
  database.exec("BEGIN IMMEDIATE");
  try {
    const made = work();
    database.exec("COMMIT");
    return made;
  } catch (error) {
    // SQLite rolls back by itself when the disk is full.
    if (database.isTransaction) database.exec("ROLLBACK");
    throw error;
  }
}

/** People type passwords where a name is asked for: what is not a user's name is kept as a hash. */
function nameOf({ name, known }: Person, salt: Uint8Array): string {
  return known ? name : createHash("sha256").update(salt).update(name).digest("hex");
}

// Deno gives errors of SQLite no number: the texts are those of sqlite3_errstr().
function isLocked(error: unknown): boolean {
  return error instanceof Error && /database (?:table |schema )?is locked/.test(error.message);
}
