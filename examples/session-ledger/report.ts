// SPDX-License-Identifier: MIT
/**
 * A report of the open sessions, for the administrator.
 *
 * ```sh
 * deno run -A examples/session-ledger/report.ts /var/lib/pam-deno-state/session-ledger/sessions.db
 * ```
 *
 * @module
 */

import { parseArgs } from "node:util";
import type { EndedSession, Session, Store } from "./store.ts";

/** Ended sessions that are shown. */
const ENDED_MAX = 100;
/** How long the store may take, in ms. */
const STORE_MS_MAX = 10_000;

const USAGE = `usage: report.ts [--json] [--ended] STORE
       report.ts --remove ID STORE
       report.ts --remove-host HOST STORE
STORE is the path of the database, or redis://HOST:PORT/DATABASE or rediss://HOST:PORT/DATABASE, the latter two with
  --prefix PREFIX         what keys start with, session-ledger if left out
  --username NAME         the user of Redis
  --password-file FILE    the file with the password
  --ca FILE               the certificates of those who sign for Redis
--ended shows the last ${ENDED_MAX} sessions that have ended. --remove takes a session out of the ledger, and --remove-host all of a
machine that does not come back: their places are free then, whether anybody is still logged in or not.
`;

const FLAGS = {
  json: { type: "boolean", default: false },
  ended: { type: "boolean", default: false },
  help: { type: "boolean", short: "h", default: false },
  remove: { type: "string" },
  "remove-host": { type: "string" },
  prefix: { type: "string", default: "session-ledger" },
  username: { type: "string" },
  "password-file": { type: "string" },
  ca: { type: "string" },
} as const;

/** What the command is told; see the usage. */
type Flags = ReturnType<typeof parseArgs<{ options: typeof FLAGS; allowPositionals: true }>>["values"];

function time(ms: number): string {
  // A clock may have been anywhere.
  return Math.abs(ms) > 8.64e15 ? "-" : new Date(ms).toISOString().replace(".000Z", "Z");
}

/** Text without what would control a terminal: people choose user names, and remote hosts theirs. */
function plain(text: string): string {
  return text.replaceAll(/\p{C}/gu, "?");
}

/**
 * Sessions as lines of a table, the first one with the names of its columns.
 *
 * @param sessions sessions that are open, or have ended
 */
export function table(sessions: readonly (Session | EndedSession)[]): readonly string[] {
  const isEnded = sessions.some((session) => "ended" in session);
  const head = [
    "OPENED",
    ...isEnded ? ["ENDED", "HOW"] : [],
    "USER",
    "SERVICE",
    "TTY",
    "FROM",
    "HOST",
    "PID",
    "ID",
  ];
  const rows = sessions.map((session) => [
    time(session.opened),
    ...isEnded && "ended" in session ? [time(session.ended), session.how] : [],
    // login(1) names a remote host, which is empty.
    ...[session.user, session.service, session.tty || "-", session.rhost || "-", session.host].map(plain),
    String(session.pid),
    session.id,
  ]);
  const widths = head.map((_, i) => Math.max(...[head, ...rows].map((row) => row[i]?.length ?? 0)));
  return [head, ...rows].map((row) => row.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join("  ").trimEnd());
}

async function storeAt(place: string, flags: Flags, readOnly: boolean): Promise<Store> {
  if (!/^rediss?:/.test(place)) {
    // A misspelt path would be made, and belong to whoever reports.
    if (!Deno.statSync(place).isFile) throw new TypeError(`${place} is not a file`);
    const { SqliteStore } = await import("./sqlite_store.ts");
    return new SqliteStore(place, { readOnly });
  }
  const { RedisStore } = await import("./redis_store.ts");
  const { prefix, username, ca, "password-file": passwordFile } = flags;
  return new RedisStore({
    store: place,
    prefix,
    username,
    passwordFile,
    ca,
    host: undefined,
    hostGoneMs: undefined,
  }, "");
}

async function remove(store: Store, flags: Flags, signal: AbortSignal): Promise<readonly Session[]> {
  const { remove: id, "remove-host": host } = flags;
  const meant = (await store.all(signal)).filter((session) => session.id === id || session.host === host);
  for (const session of meant) await store.end(session.id, "removed", Date.now(), signal);
  return meant;
}

/**
 * Does what the words of the command line say.
 *
 * @param words the command line, without program and script
 * @returns what is printed, without a newline at the end
 * @throws {TypeError} if the words mean nothing
 * @throws {StoreError} if the store cannot be asked
 */
export async function report(words: readonly string[]): Promise<string> {
  const { values: flags, positionals } = parseArgs({
    args: [...words],
    options: FLAGS,
    allowPositionals: true,
  });
  const [place, ...more] = positionals;
  if (flags.help) return USAGE.trimEnd();
  if (place === undefined || more.length > 0) throw new TypeError(`There must be one STORE\n${USAGE}`);
  const isRemoval = flags.remove !== undefined || flags["remove-host"] !== undefined;
  const store = await storeAt(place, flags, !isRemoval);
  const signal = AbortSignal.timeout(STORE_MS_MAX);
  try {
    const sessions = isRemoval
      ? await remove(store, flags, signal)
      : flags.ended
      ? await store.history(ENDED_MAX, signal)
      : await store.all(signal);
    return flags.json ? JSON.stringify(sessions, null, 2) : table(sessions).join("\n");
  } finally {
    store.close();
  }
}

if (import.meta.main) {
  const say = (text: string, to: { writeSync(octets: Uint8Array): number }) =>
    void to.writeSync(new TextEncoder().encode(`${text}\n`));
  try {
    say(await report(Deno.args), Deno.stdout);
  } catch (error) {
    say(error instanceof Error ? error.message : String(error), Deno.stderr);
    Deno.exit(1);
  }
}
