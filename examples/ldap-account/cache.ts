// SPDX-License-Identifier: MIT
/**
 * The last decision on each user, in SQLite, for when no directory can be asked.
 *
 * The rules that it holds to:
 *
 * 1. A decision is written before it is answered, and takes the place of the one before it. A denial has then reached the disk, and it has
 *    taken back the allowances of the same person under other names and, if it is about the person, under other rules.
 * 2. If a denial cannot be written, these allowances are deleted; if that fails, the file; if that fails, nothing of it is believed by this
 *    process any more, and a file that cannot be written when a process opens it is not believed either.
 * 3. A clock that stands before the last time that was seen was set back: nothing is believed until a directory has answered again.
 * 4. User names are keys only by a keyed hash: people type passwords where a name is asked for.
 *
 * @module
 */

import {
  ALLOWED,
  inodeOf,
  type Keys,
  keysOf,
  openDatabase,
  type Opened,
  removeFiles,
  type Subject,
  tidy,
} from "./cache_file.ts";
import { type Decision, type Reason, REASONS } from "./policy.ts";

export type { Subject } from "./cache_file.ts";

/** How far a clock may go back without having been set: steps of a time service, in ms. */
const CLOCK_SLACK_MS = 5000;
/** How long an allowance that is given again is not written again, and how often the clock is noted without a directory, in ms. */
const FRESH_MS = 60_000;
/** How many are written between two times at which old ones are deleted. */
const TIDY_EVERY = 1000;
/**
 * Whose allowances a denial takes back. What it says of the person counts under all rules, and under all names that have led to the same
 * entry; what it says of host, service or group counts under the same rules only; a misspelt name is nobody's but its own.
 */
const REACHES = {
  unknown: "person",
  locked: "person",
  expired: "person",
  unclear: "person",
  host: "rules",
  service: "rules",
  group: "rules",
  misspelt: "name",
} as const satisfies Readonly<Record<Reason, string>>;

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
   * @param decided When the directory answered; of an allowance, when it was asked. An allowance does not stand beside a denial that is
   * newer.
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
      if (!decision.allow) this.#forget(subject, decision.reason, log);
    }
  }

  #write(subject: Subject, decision: Decision, now: number, limitMs: number): void {
    const opened = this.#open();
    const { database, replace, tick } = opened;
    const keys = keysOf(opened, subject);
    const answer = decision.allow ? ALLOWED : decision.reason;
    const until = decision.allow ? decision.until?.epochMilliseconds ?? null : null;
    // An allowance that is there already needs no lock: whoever takes it back finds it.
    if (decision.allow && isSaid(opened, keys, until, now, limitMs)) return;
    // A denial must be there after a power failure; of the rest nothing is lost but an answer.
    database.exec(`PRAGMA synchronous = ${decision.allow ? "OFF" : "FULL"}; BEGIN IMMEDIATE`);
    try {
      const entry = keys.entry ?? opened.entryOf.get(keys.name)?.entry as Uint8Array ?? null;
      if (!decision.allow) revoke(opened, keys, decision.reason);
      else if (isLate(opened, keys, now)) {
        database.exec("ROLLBACK");
        return;
      }
      replace.run(keys.key, keys.rules, keys.name, entry, answer, now, now + limitMs, until);
      tick.run(now);
      if (this.#written++ % TIDY_EVERY === 0) tidy(database, now);
      database.exec("COMMIT");
    } catch (error) {
      if (database.isTransaction) database.exec("ROLLBACK");
      throw error;
    }
  }

  /** Sees to it that a denial which could not be written leaves no older allowance behind. */
  #forget(subject: Subject, reason: Reason, log: Log): void {
    try {
      const opened = this.#open();
      opened.database.exec("PRAGMA synchronous = FULL");
      revoke(opened, keysOf(opened, subject), reason);
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
        opened.select.get(keysOf(opened, subject).key),
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

/** Whether the same was allowed a moment ago, so that it need not be written again. */
function isSaid(
  { select }: Opened,
  { key, entry }: Keys,
  until: number | null,
  now: number,
  limitMs: number,
): boolean {
  const known = select.get(key);
  if (known?.answer !== ALLOWED || known.until !== until) return false;
  const isSameEntry = entry === null || known.entry instanceof Uint8Array && entry.equals(known.entry);
  const decided = Number(known.decided);
  return isSameEntry && known.stale === decided + limitMs &&
    Math.abs(now - decided) < Math.min(FRESH_MS, limitMs / 10);
}

/** Whether an allowance comes from a directory that was asked before it denied the same to another hook, which wrote first. */
function isLate({ denials }: Opened, { key, rules, name, entry }: Keys, now: number): boolean {
  const found = denials.all({ $since: now, $before: now + FRESH_MS, $name: name, $entry: entry });
  return found.some((denial) => {
    const reach = REACHES[denial.answer as Reason];
    return reach === "person" || reach === "rules" && rules.equals(denial.rules as Uint8Array) ||
      key.equals(denial.key as Uint8Array);
  });
}

/** Deletes the allowances that a denial takes back. */
function revoke({ revoke }: Opened, { key, rules, name, entry }: Keys, reason: Reason): void {
  const reach = REACHES[reason];
  const person = reach === "name" ? { $name: null, $entry: null } : { $name: name, $entry: entry };
  revoke.run({ $key: key, $rules: reach === "rules" ? rules : null, ...person });
}
