// SPDX-License-Identifier: MIT
/**
 * What must outlast a login and a worker: which codes were used, and who has failed when. A SQLite database that several workers share.
 *
 * An attempt is on the disk as a failure before its code is looked at, and is taken back when the code was right. So nothing can be
 * tried that does not count: not by many at once, not by killing the worker, not while the disk is full.
 *
 * @module
 */

import { DatabaseSync } from "node:sqlite";
import { createHash } from "node:crypto";

/** For how long a worker waits for another one's transaction, in milliseconds. */
export const BUSY_MS_MAX = 2000;
/** After this time it is tried again, in milliseconds. */
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
export type Attempt = number | bigint;

/** The database. */
export class Attempts implements Disposable {
  readonly #db: DatabaseSync;
  readonly #salt: Uint8Array;

  /**
   * Opens the database, or makes it.
   *
   * @throws {Error} if it cannot be opened, or another version of this module made it.
   */
  constructor(path: string) {
    this.#db = new DatabaseSync(path, { timeout: BUSY_MS_MAX });
    try {
      this.#keepLog();
      // A used code stays used when the power fails.
      this.#db.exec("PRAGMA synchronous = FULL");
      this.#salt = this.#alone(() => {
        const version = this.#db.prepare("PRAGMA user_version").get()?.["user_version"];
        if (version !== 0 && version !== VERSION) {
          throw new Error(`it has version ${version}, and this module knows ${VERSION}`);
        }
        this.#db.exec(SCHEMA);
        return this.#db.prepare("SELECT value FROM salt").get()?.["value"] as Uint8Array;
      });
    } catch (error) {
      this.#db.close();
      throw error;
    }
  }

  /** Switches to a write-ahead log. SQLite waits for nobody there: workers that make a new database at once get in each other's way. */
  #keepLog(): void {
    const end = performance.now() + BUSY_MS_MAX;
    while (true) {
      try {
        return this.#db.exec("PRAGMA journal_mode = WAL");
      } catch (error) {
        if (!/database is locked/.test(String(error)) || performance.now() > end) throw error;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, RETRY_MS);
      }
    }
  }

  /** Runs `work` in a transaction that has the database for itself from the start. */
  #alone<T>(work: () => T): T {
    this.#db.exec("BEGIN IMMEDIATE");
    try {
      const made = work();
      this.#db.exec("COMMIT");
      return made;
    } catch (error) {
      // SQLite rolls back by itself when the disk is full.
      if (this.#db.isTransaction) this.#db.exec("ROLLBACK");
      throw error;
    }
  }

  /** People type passwords where a name is asked for: what is not a user's name is kept as a hash. */
  #nameOf({ name, known }: Person): string {
    return known ? name : createHash("sha256").update(this.#salt).update(name).digest("hex");
  }

  /**
   * Counts an attempt as a failure.
   *
   * @param now The time, in milliseconds since 1970.
   * @returns `undefined` if the person has failed too often: then nothing was counted.
   */
  begin(person: Person, limit: Limit, now: number): Attempt | undefined {
    const who = [this.#nameOf(person), person.known ? 1 : 0] as const;
    return this.#alone(() => {
      const run = (sql: string, ...values: (string | number)[]) => this.#db.prepare(sql).run(...values);
      run("DELETE FROM attempts WHERE at_ms <= ?", now - KEEP_S * 1000);
      run("DELETE FROM attempts WHERE id <= (SELECT max(id) FROM attempts) - ? AND known = 0", STRANGERS_MAX);
      // A clock that was set back must not make failures last.
      run("UPDATE attempts SET at_ms = ? WHERE person = ? AND known = ? AND at_ms > ?", now, ...who, now);
      const failures = this.#db
        .prepare("SELECT count(*) AS n FROM attempts WHERE person = ? AND known = ? AND at_ms > ?")
        .get(...who, now - limit.within * 1000)?.["n"];
      if (typeof failures !== "number" || failures >= limit.failures) return undefined;
      return run("INSERT INTO attempts (person, known, at_ms) VALUES (?, ?, ?)", ...who, now).lastInsertRowid;
    });
  }

  /**
   * Uses a code up and takes the attempt back, if `judge` says that the code is right.
   *
   * @param judge Is told until when codes are used up, in seconds since 1970, and answers until when they are now; `undefined` if the
   * code is not right. It must not wait.
   * @returns whether it was right
   */
  finish(attempt: Attempt, user: string, judge: (usedUntil: number) => number | undefined): boolean {
    return this.#alone(() => {
      const before = this.#db.prepare("SELECT until_s FROM used WHERE user = ?").get(user)?.["until_s"] ?? 0;
      const until = judge(Number(before));
      if (until === undefined || until <= Number(before)) return false;
      this.#db
        .prepare("INSERT INTO used VALUES (?, ?) ON CONFLICT DO UPDATE SET until_s = excluded.until_s")
        .run(user, until);
      this.#db.prepare("DELETE FROM attempts WHERE id = ?").run(attempt);
      return true;
    });
  }

  /** Closes the database. */
  [Symbol.dispose](): void {
    this.#db.close();
  }
}
