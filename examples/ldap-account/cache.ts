// SPDX-License-Identifier: MIT
/**
 * The last decision on each user, in SQLite, for when no directory can be asked.
 *
 * The rules that it holds to:
 *
 * 1. A decision is written before it is answered, and takes the place of the one before it. A denial that takes an allowance back has then
 *    reached the disk.
 * 2. If a denial cannot be written, the older decision is deleted; if that fails, the file; if that fails, nothing of it is believed by this
 *    process any more, and a file that cannot be written when a process opens it is not believed either.
 * 3. A clock that stands before the last time that was seen was set back: nothing is believed until a directory has answered again.
 * 4. User names are keys only by a keyed hash: people type passwords where a name is asked for.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { createHmac, randomBytes } from "node:crypto";
import { DatabaseSync, type StatementSync } from "node:sqlite";
import { type Decision, type Reason, REASONS } from "./policy.ts";

/** How far a clock may go back without having been set: steps of a time service, in ms. */
const CLOCK_SLACK_MS = 5000;
/** How long a decision that is given again is not written again, and how often the clock is noted without a directory, in ms. */
const FRESH_MS = 60_000;
/** The most decisions that are kept. */
export const DECISIONS_MAX = 50_000;
/** How many are written between two times at which old ones are deleted. */
const TIDY_EVERY = 1000;
/** How long another worker's write is waited for, in ms. */
const BUSY_MS = 100;
/** The form of the tables; another one is thrown away. */
const FORM = 1;
const OWN_FILE = 0o600;
const KEY_OCTETS = 32;
const ALLOWED = "allow";

const TABLES = `
  CREATE TABLE decision (
    key BLOB PRIMARY KEY, answer TEXT NOT NULL, decided INTEGER NOT NULL, stale INTEGER NOT NULL, until INTEGER
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE clock (id INTEGER PRIMARY KEY CHECK (id = 1), seen INTEGER NOT NULL, hash BLOB NOT NULL) STRICT;
  PRAGMA user_version = ${FORM};
`;

/** What a decision is about. */
export interface Subject {
  /** All that is decided by: another text is another decision. */
  readonly rules: string;
  /** The user. */
  readonly user: string;
}

/** A decision that was remembered. */
export interface Remembered {
  /** The decision. The detail of a denial is not kept. */
  readonly decision: Decision;
  /** How old it is, in ms. */
  readonly ageMs: number;
}

/** Where failures are told. */
export interface Log {
  /** LOG_ERR; see the SDK's log. */
  error(message: string, properties?: Readonly<Record<string, unknown>>): void;
}

interface Opened {
  readonly database: DatabaseSync;
  readonly hash: Buffer;
  readonly inode: number;
  readonly select: StatementSync;
  readonly replace: StatementSync;
  readonly remove: StatementSync;
  readonly tick: StatementSync;
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error)).slice(0, 200);

/** The decisions in one file. */
export class Cache implements Disposable {
  readonly #file: string;
  readonly #pageMax: number | undefined;
  #opened: Opened | undefined;
  #distrusted = false;
  #written = 0;

  /**
   * @param file Its path.
   * @param options `pagesMax`: how many pages SQLite may use, for tests of a full disk.
   */
  constructor(file: string, { pagesMax }: { readonly pagesMax?: number } = {}) {
    this.#file = file;
    this.#pageMax = pagesMax;
  }

  /**
   * Remembers a decision in place of an older one. It never throws: a decision that cannot be remembered counts all the same, and the log
   * tells.
   *
   * @param decided When the directory answered. An allowance does not take the place of a denial that is newer.
   * @param limitMs How long it may be used.
   */
  remember(subject: Subject, decision: Decision, decided: Temporal.Instant, limitMs: number, log: Log): void {
    try {
      if (this.#distrusted) this.#discard();
      this.#write(subject, decision, decided.epochMilliseconds, limitMs);
    } catch (error) {
      log.error("The decision cannot be written to the cache {file}: {problem}", {
        file: this.#file,
        problem: messageOf(error),
      });
      if (!decision.allow) this.#forget(subject, log);
    }
  }

  #write(subject: Subject, decision: Decision, now: number, limitMs: number): void {
    const opened = this.#open();
    const { database, select, replace, tick } = opened;
    const key = keyOf(opened, subject);
    const answer = decision.allow ? ALLOWED : decision.reason;
    const until = decision.allow ? decision.until?.epochMilliseconds ?? null : null;
    const known = select.get(key);
    // The answer of a directory that came before that of another hook, which wrote first.
    const isLate = known !== undefined && known.answer !== ALLOWED && decision.allow &&
      Number(known.decided) >= now && Number(known.decided) - now < FRESH_MS;
    if (isLate) return;
    const isFresh = known !== undefined &&
      Math.abs(now - Number(known.decided)) < Math.min(FRESH_MS, limitMs / 10);
    if (
      isFresh && known.answer === answer && known.until === until &&
      known.stale === Number(known.decided) + limitMs
    ) {
      return;
    }
    // What takes an allowance back must be there after a power failure; of the rest nothing is lost but an answer.
    const revokes = !decision.allow && known?.answer === ALLOWED;
    database.exec(`PRAGMA synchronous = ${revokes ? "FULL" : "OFF"}; BEGIN IMMEDIATE`);
    try {
      replace.run(key, answer, now, now + limitMs, until);
      tick.run(now);
      if (this.#written++ % TIDY_EVERY === 0) tidy(database, now);
      database.exec("COMMIT");
    } catch (error) {
      if (database.isTransaction) database.exec("ROLLBACK");
      throw error;
    }
  }

  /** Sees to it that a denial which could not be written leaves no older allowance behind. */
  #forget(subject: Subject, log: Log): void {
    try {
      const opened = this.#open();
      opened.database.exec("PRAGMA synchronous = FULL");
      opened.remove.run(keyOf(opened, subject));
      return;
    } catch {
      // A full disk: deleting writes, too.
    }
    this.#distrusted = true;
    try {
      this.#discard();
      log.error("The cache {file} was deleted: it could not be told of a denial", { file: this.#file });
    } catch (error) {
      log.error(
        "The cache {file} is not believed any more: it can neither be told of a denial nor be deleted: {problem}",
        { file: this.#file, problem: messageOf(error) },
      );
    }
  }

  /** Deletes the file, after which it is believed again. */
  #discard(): void {
    this.#close();
    removeFiles(this.#file);
    this.#distrusted = false;
  }

  /**
   * Recalls a decision. It never throws.
   *
   * @param limitMs How old it may be.
   * @returns `undefined` if there is none that may be used; the log tells why, unless there is none at all.
   */
  recall(subject: Subject, now: Temporal.Instant, limitMs: number, log: Log): Remembered | undefined {
    if (this.#distrusted) {
      log.error("The cache {file} is not believed: a denial could not be written to it", {
        file: this.#file,
      });
      return undefined;
    }
    try {
      const opened = this.#open();
      return this.#read(
        opened,
        opened.select.get(keyOf(opened, subject)),
        now.epochMilliseconds,
        limitMs,
        log,
      );
    } catch (error) {
      log.error("The cache {file} cannot be used: {problem}", {
        file: this.#file,
        problem: messageOf(error),
      });
      return undefined;
    }
  }

  #read(
    opened: Opened,
    row: Record<string, unknown> | undefined,
    now: number,
    limitMs: number,
    log: Log,
  ): Remembered | undefined {
    const seen = Number(opened.database.prepare("SELECT seen FROM clock").get()?.seen);
    if (!(now >= seen - CLOCK_SLACK_MS)) {
      log.error("The cache {file} is not used: the clock was set back", { file: this.#file });
      return undefined;
    }
    // Time that has passed without a directory counts too. What cannot be written is not believed.
    if (now > seen + FRESH_MS) opened.tick.run(now);
    if (row === undefined) return undefined;
    const [decided, stale] = [Number(row.decided), Number(row.stale)];
    const ageMs = Math.max(0, now - decided);
    if (!(decided <= now + CLOCK_SLACK_MS && ageMs <= limitMs && now <= stale)) return undefined;
    const decision = decisionOf(row, now);
    return decision === undefined ? undefined : { decision, ageMs };
  }

  /** The open database. One whose file has been replaced or deleted, perhaps by another worker, is opened anew. */
  #open(): Opened {
    if (this.#opened !== undefined && this.#opened.inode === inodeOf(this.#file)) return this.#opened;
    this.#close();
    try {
      this.#opened = openDatabase(this.#file, this.#pageMax);
    } catch (error) {
      if (!/not a database|malformed|another form/.test(messageOf(error))) throw error;
      // It is only a cache: a broken one is as good as none.
      removeFiles(this.#file);
      this.#opened = openDatabase(this.#file, this.#pageMax);
    }
    return this.#opened;
  }

  #close(): void {
    this.#opened?.database.close();
    this.#opened = undefined;
  }

  /** Closes the file. */
  [Symbol.dispose](): void {
    this.#close();
  }
}

function decisionOf({ answer, until }: Record<string, unknown>, now: number): Decision | undefined {
  if (answer === ALLOWED) {
    if (until === null) return { allow: true };
    return now < Number(until)
      ? { allow: true }
      : { allow: false, reason: "expired", detail: "the account has ended meanwhile" };
  }
  const reason = REASONS.find((reason) => reason === answer) satisfies Reason | undefined;
  return reason === undefined ? undefined : { allow: false, reason, detail: "as the directory said" };
}

function openDatabase(file: string, pagesMax: number | undefined): Opened {
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
      select: database.prepare("SELECT answer, decided, stale, until FROM decision WHERE key = ?"),
      replace: database.prepare("INSERT OR REPLACE INTO decision VALUES (?, ?, ?, ?, ?)"),
      remove: database.prepare("DELETE FROM decision WHERE key = ?"),
      tick: database.prepare("UPDATE clock SET seen = ?"),
    };
  } catch (error) {
    database.close();
    throw error;
  }
}

function tidy(database: DatabaseSync, now: number): void {
  database.prepare("DELETE FROM decision WHERE stale < ?").run(now);
  database.prepare(
    "DELETE FROM decision WHERE key IN (SELECT key FROM decision ORDER BY decided DESC LIMIT -1 OFFSET ?)",
  ).run(DECISIONS_MAX);
}

function keyOf({ hash }: Opened, { rules, user }: Subject): Buffer {
  return createHmac("sha256", hash).update(JSON.stringify([rules, user])).digest();
}

function inodeOf(file: string): number | undefined {
  try {
    return Deno.statSync(file).ino ?? undefined;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

function removeFiles(file: string): void {
  for (const path of [`${file}-journal`, file]) {
    try {
      Deno.removeSync(path);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
}
