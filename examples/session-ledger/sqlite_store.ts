// SPDX-License-Identifier: MIT
/**
 * The ledger of one machine, in a SQLite database.
 *
 * It is kept in WAL mode, so that a report does not hold up logins, and with synchronous=FULL: what was said to be open is on the disk,
 * and is in the history after a power failure. All that counts and writes happens between BEGIN IMMEDIATE and COMMIT: several workers
 * share the file.
 *
 * @module
 */

import { setTimeout as sleep } from "node:timers/promises";
import { DatabaseSync, type SQLInputValue, type SQLOutputValue } from "node:sqlite";
import {
  type Admission,
  type AdmitRequest,
  CANDIDATES_MAX,
  type EndedSession,
  type Ending,
  HISTORY_MAX,
  OTHERS_MAX,
  type Reached,
  type Session,
  type Store,
  StoreError,
} from "./store.ts";

/** How long SQLite itself waits for a lock, in ms: the worker answers nobody meanwhile. */
const LOCK_MS = 5;
/** How long a hook sleeps, in ms, before it tries again for a lock that it did not get. */
const RETRY_MS = 5;

/** The version of the tables; see PRAGMA user_version. */
const VERSION = 1;

const TABLES = `
  CREATE TABLE open (
    id TEXT PRIMARY KEY, host TEXT NOT NULL, service TEXT NOT NULL, user TEXT NOT NULL,
    tty TEXT, rhost TEXT, ruser TEXT, pid INTEGER NOT NULL, started INTEGER, opened INTEGER NOT NULL,
    scopes TEXT NOT NULL
  ) STRICT;
  CREATE TABLE scope (
    scope TEXT NOT NULL, id TEXT NOT NULL REFERENCES open ON DELETE CASCADE, PRIMARY KEY (scope, id)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX scope_of ON scope (id);
  CREATE TABLE ended (
    n INTEGER PRIMARY KEY, id TEXT NOT NULL, host TEXT NOT NULL, service TEXT NOT NULL, user TEXT NOT NULL,
    tty TEXT, rhost TEXT, ruser TEXT, pid INTEGER NOT NULL, started INTEGER, opened INTEGER NOT NULL,
    scopes TEXT NOT NULL, ended INTEGER NOT NULL, how TEXT NOT NULL
  ) STRICT;
  PRAGMA user_version = ${VERSION};
`;

const COLUMNS = "id, host, service, user, tty, rhost, ruser, pid, started, opened, scopes";

const OF_SCOPES = `
  SELECT ${COLUMNS} FROM open WHERE id IN (SELECT id FROM scope WHERE scope IN (SELECT value FROM json_each(?)))
  ORDER BY random() LIMIT ?`;
const OTHERS = `
  SELECT ${COLUMNS} FROM open WHERE id NOT IN (SELECT id FROM scope WHERE scope IN (SELECT value FROM json_each(?)))
  ORDER BY random() LIMIT ?`;

type Row = Record<string, SQLOutputValue>;

function sessionOf(row: Row): Session {
  const { tty, rhost, ruser, started, scopes, ...rest } = row;
  const there = Object.entries({ tty, rhost, ruser, started }).filter(([, value]) => value !== null);
  return { ...rest, ...Object.fromEntries(there), scopes: JSON.parse(String(scopes)) } as unknown as Session;
}

function valuesOf(session: Session): SQLInputValue[] {
  const { id, host, service, user, tty, rhost, ruser, pid, started, opened, scopes } = session;
  const absent = (value: SQLInputValue | undefined) => value ?? null;
  return [id, host, service, user, absent(tty), absent(rhost), absent(ruser), pid, absent(started), opened]
    .concat(
      JSON.stringify(scopes),
    );
}

/** The SQLite database of one machine. */
export class SqliteStore implements Store {
  readonly #path: string;
  readonly #readOnly: boolean;
  #database: DatabaseSync | undefined;
  #turn: Promise<void> = Promise.resolve();

  /**
   * A store in the file at `path`, which is made if it is not there.
   *
   * @param readOnly for a report: nothing is made or written
   */
  constructor(path: string, { readOnly = false }: { readonly readOnly?: boolean } = {}) {
    this.#path = path;
    this.#readOnly = readOnly;
  }

  candidates(scopes: readonly string[], signal: AbortSignal): Promise<readonly Session[]> {
    const wanted = JSON.stringify(scopes);
    return this.#try(signal, (database) => [
      ...database.prepare(OF_SCOPES).all(wanted, CANDIDATES_MAX).map(sessionOf),
      ...database.prepare(OTHERS).all(wanted, OTHERS_MAX).map(sessionOf),
    ]);
  }

  admit({ session, limits, dead }: AdmitRequest, signal: AbortSignal): Promise<Admission> {
    return this.#write(signal, (database) => {
      const reaped = dead.filter((id) => end(database, id, "reaped", session.opened) !== undefined);
      const isThere = database.prepare("SELECT 1 FROM open WHERE id = ?").get(session.id) !== undefined;
      const reached = isThere ? undefined : firstReached(database, limits);
      if (!isThere && reached === undefined) insert(database, session);
      return { reached, reaped };
    });
  }

  end(id: string, how: Ending, at: number, signal: AbortSignal): Promise<Session | undefined> {
    return this.#write(signal, (database) => end(database, id, how, at));
  }

  ofHost(signal: AbortSignal): Promise<readonly Session[]> {
    return this.all(signal);
  }

  all(signal: AbortSignal): Promise<readonly Session[]> {
    const query = `SELECT ${COLUMNS} FROM open ORDER BY opened, id`;
    return this.#try(signal, (database) => database.prepare(query).all().map(sessionOf));
  }

  history(count: number, signal: AbortSignal): Promise<readonly EndedSession[]> {
    const query = `SELECT ${COLUMNS}, ended, how FROM ended ORDER BY n DESC LIMIT ?`;
    return this.#try(
      signal,
      (database) => database.prepare(query).all(count).map(sessionOf) as EndedSession[],
    );
  }

  close(): void {
    const database = this.#database;
    this.#database = undefined;
    try {
      database?.close();
    } catch {
      // It is of no use any more either way.
    }
  }

  #write<T>(signal: AbortSignal, work: (database: DatabaseSync) => T): Promise<T> {
    return this.#try(signal, (database) => inTransaction(database, work));
  }

  /** Does `work` when it is its turn, so that one hook at most asks for the lock. */
  async #try<T>(signal: AbortSignal, work: (database: DatabaseSync) => T): Promise<T> {
    const before = this.#turn;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#turn = promise;
    await before;
    try {
      return await this.#untilUnlocked(signal, work);
    } finally {
      resolve();
    }
  }

  /** Does `work`, again and again while another process has the lock. After any other failure the file is opened anew. */
  async #untilUnlocked<T>(signal: AbortSignal, work: (database: DatabaseSync) => T): Promise<T> {
    while (true) {
      if (signal.aborted) {
        throw new StoreError(`${this.#path}: It was locked, or busy, for too long: look at what holds it`);
      }
      try {
        return work(this.#database ??= this.#open());
      } catch (error) {
        if (!isLocked(error)) {
          this.close();
          throw new StoreError(`${this.#path}: ${remedy(error)}`, { cause: error });
        }
      }
      await sleep(RETRY_MS);
    }
  }

  #open(): DatabaseSync {
    const database = new DatabaseSync(this.#path, { timeout: LOCK_MS, readOnly: this.#readOnly });
    try {
      if (!this.#readOnly) prepare(database);
      const version = Number(database.prepare("PRAGMA user_version").get()?.user_version);
      if (version !== VERSION) {
        throw new Error(
          `its tables are of version ${version}, not ${VERSION}: take the module that wrote it`,
        );
      }
      return database;
    } catch (error) {
      database.close();
      throw error;
    }
  }
}

/** Brings a database into the state that the rest relies on. */
function prepare(database: DatabaseSync): void {
  const mode = database.prepare("PRAGMA journal_mode = WAL").get()?.journal_mode;
  if (mode !== "wal") throw new Error(`its journal is in mode ${mode}: put it on a local file system`);
  database.exec("PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA trusted_schema = OFF");
  inTransaction(database, () => {
    if (database.prepare("PRAGMA user_version").get()?.user_version === 0) database.exec(TABLES);
  });
}

function inTransaction<T>(database: DatabaseSync, work: (database: DatabaseSync) => T): T {
  database.exec("BEGIN IMMEDIATE");
  try {
    const result = work(database);
    database.exec("COMMIT");
    return result;
  } catch (error) {
    // Some failures have rolled it back already.
    if (database.isTransaction) database.exec("ROLLBACK");
    throw error;
  }
}

function firstReached(database: DatabaseSync, limits: AdmitRequest["limits"]): Reached | undefined {
  const count = database.prepare("SELECT count(*) AS open FROM scope WHERE scope = ?");
  return limits.map((limit) => ({ ...limit, open: Number(count.get(limit.scope)?.open) }))
    .find(({ open, max }) => open >= max);
}

function insert(database: DatabaseSync, session: Session): void {
  const values = valuesOf(session);
  const marks = values.map(() => "?").join(", ");
  database.prepare(`INSERT INTO open (${COLUMNS}) VALUES (${marks})`).run(...values);
  const scope = database.prepare("INSERT INTO scope (scope, id) VALUES (?, ?)");
  for (const name of session.scopes) scope.run(name, session.id);
}

function end(database: DatabaseSync, id: string, how: Ending, at: number): Session | undefined {
  const row = database.prepare(`DELETE FROM open WHERE id = ? RETURNING ${COLUMNS}`).get(id);
  if (row === undefined) return undefined;
  const session = sessionOf(row);
  const { lastInsertRowid } = database.prepare(
    `INSERT INTO ended (${COLUMNS}, ended, how) VALUES (${"?, ".repeat(11)}?, ?)`,
  ).run(...valuesOf(session), at, how);
  database.prepare("DELETE FROM ended WHERE n <= ?").run(Number(lastInsertRowid) - HISTORY_MAX);
  return session;
}

// Deno gives errors of SQLite no number: the texts are those of sqlite3_errstr().
function isLocked(error: unknown): boolean {
  return error instanceof Error && /database (?:table |schema )?is locked/.test(error.message);
}

const REMEDIES: readonly (readonly [RegExp, string])[] = [
  [/disk is full|No space left|disk I\/O error/, "make room on its file system"],
  [/not a database|malformed/, "it is damaged: move it away, with its -wal and -shm"],
  [
    /readonly database|unable to open|PermissionDenied|Permission denied/,
    'grant the module "state", and name the file with { "state": "sessions.db" }',
  ],
  [
    /Requires (?:read|write) access/,
    'grant the module "state", and name the file with { "state": "sessions.db" }',
  ],
];

function remedy(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  const [, what] = REMEDIES.find(([pattern]) => pattern.test(message)) ?? [];
  return what === undefined
    ? `Cannot keep sessions: ${message}`
    : `Cannot keep sessions: ${message}: ${what}`;
}
