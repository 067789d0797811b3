// SPDX-License-Identifier: MIT
/**
 * Records who has which session open, and keeps users and groups to a number of them.
 *
 * @module
 */

import {
  type CloseSessionContext,
  dataKey,
  defineModule,
  type OpenSessionContext,
  PamError,
  type PamModule,
  type Passwd,
  type Result,
} from "@pam-deno/sdk";
import * as v from "valibot";
import { type AskRunning, Ledger } from "./ledger.ts";
import { LineOptions, type Options, type Place } from "./options.ts";
import { refusal, type Standing, standingOf } from "./policy.ts";
import { RedisStore } from "./redis_store.ts";
import { SqliteStore } from "./sqlite_store.ts";
import { type Session, type Store, StoreError } from "./store.ts";

type Context = OpenSessionContext<Options> | CloseSessionContext<Options>;

/** How long a hook waits for the store, in ms; the service budget of a line is 5 s. */
const STORE_MS_MAX = 3_000;
/** Octets of a session's id. */
const ID_LENGTH = 16;
/** The most ids in a line of the log. */
const LOGGED_MAX = 8;

/** The session that this handle has opened: of whom, and in which process. A fork has the data, and is another process. */
const opened = dataKey(
  "opened",
  v.object({ id: v.string(), user: v.string(), pid: v.number(), started: v.optional(v.number()) }),
);

const ledgers: Map<string, Ledger> = new Map();

/** The ledger of a place: one for all lines that name it. */
function ledgerAt(place: Place): Ledger {
  const { store, host, hostGoneMs, prefix, username, passwordFile, ca } = place;
  const key = JSON.stringify([store, host, hostGoneMs, prefix, username, passwordFile, ca]);
  let ledger = ledgers.get(key);
  if (ledger === undefined) ledgers.set(key, ledger = new Ledger(storeAt(place)));
  return ledger;
}

function storeAt(place: Place): Store {
  return place.store.startsWith("/") ? new SqliteStore(place.store) : new RedisStore(place, hostOf(place));
}

function hostOf({ host }: Place): string {
  return host ?? Deno.hostname();
}

/** Runs `work` with a signal that fires when the hook ends, and before its budget does. */
async function inTime<T>(signal: AbortSignal, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const timer = new AbortController();
  const timeout = setTimeout(() => timer.abort(), STORE_MS_MAX);
  try {
    return await work(AbortSignal.any([signal, timer.signal]));
  } finally {
    clearTimeout(timeout);
  }
}

/** Asks the shim which processes run. Where it does not say, they count as running: a limit never opens by that. */
function askRunning({ lookup, log }: Context): AskRunning {
  return async (processes) => {
    try {
      return await lookup.running(processes);
    } catch (error) {
      if (!(error instanceof PamError)) throw error;
      log.warn("Cannot ask which processes run: their sessions stay open: {error}", { error });
      return processes.map(() => true);
    }
  };
}

function hex(octets: Uint8Array): string {
  return [...octets].map((octet) => octet.toString(16).padStart(2, "0")).join("");
}

/** The session that this handle has opened for this user in this very process. */
function openAlready({ data, caller }: OpenSessionContext<Options>, user: string): string | undefined {
  const before = data.get(opened);
  const isSame = before?.user === user && before.pid === caller.pid && before.started === caller.started;
  return isSame ? before.id : undefined;
}

function sessionOf(context: OpenSessionContext<Options>, user: string, standing: Standing): Session {
  const { service, items, caller, now, options, random } = context;
  const { tty, rhost, ruser } = items;
  const { pid, started } = caller;
  return {
    id: openAlready(context, user) ?? hex(random(ID_LENGTH)),
    host: hostOf(options),
    service,
    user,
    ...tty === undefined ? {} : { tty },
    ...rhost === undefined ? {} : { rhost },
    ...ruser === undefined ? {} : { ruser },
    pid,
    ...started === undefined ? {} : { started },
    opened: now.epochMilliseconds,
    scopes: standing.scopes,
  };
}

/** Remembers the session on the handle, for closeSession and for a second openSession. */
function keep({ data }: OpenSessionContext<Options>, { id, user, pid, started }: Session): "success" {
  data.set(opened, { id, user, pid, ...started === undefined ? {} : { started } });
  return "success";
}

/** What happens to whoever comes while the store cannot be asked. */
function withoutStore(
  context: OpenSessionContext<Options>,
  { session, isExempt, error }: { session: Session; isExempt: boolean; error: StoreError },
): Result<"openSession"> {
  const { options, log, signal, deny } = context;
  const ledger = ledgerAt(options);
  // Whoever does not wait any more was refused already.
  if (!signal.aborted && (isExempt || options.unavailable === "allow")) {
    log.error("Session {session} of {user} is open and not in the ledger: {reason}", {
      session: session.id,
      user: session.user,
      reason: error.message,
    });
    ledger.openLater(session);
    return keep(context, session);
  }
  log.error("Refused a session of {user}: {reason}", { user: session.user, reason: error.message });
  takeBack(context, session);
  return deny(
    "perm_denied",
    "Sessions cannot be counted now; the administrator finds the reason in the system log",
  );
}

/** Ends a session that the application takes for refused: it may be in the ledger, and only the answer was lost. */
function takeBack(context: OpenSessionContext<Options>, { id, user, opened: endedAt }: Session): void {
  // One that it was told is open stays open.
  if (openAlready(context, user) === undefined) ledgerAt(context.options).endLater(id, endedAt);
}

async function open(
  context: OpenSessionContext<Options>,
  { name: user, uid }: Passwd,
): Promise<Result<"openSession">> {
  const { options, service, lookup, log, signal, deny } = context;
  const groups = options.groupLimits.length === 0 ? [] : await lookup.groups();
  // Whoever has no group at all was lost between the two questions.
  if (options.groupLimits.length > 0 && groups.length === 0) return "user_unknown";
  const standing = standingOf({ user, uid, groups, service }, options);
  const session = sessionOf(context, user, standing);
  const ledger = ledgerAt(options);
  const running = askRunning(context);
  try {
    const request = { session, limits: standing.limits, running };
    const { reached, reaped } = await inTime(signal, (signal) => ledger.open({ ...request, signal }));
    tellReaped(context, reaped);
    if (reached !== undefined) {
      const { scope, open, max } = reached;
      log.info("Refused a session of {user}: {open} of {max} are open for {scope}", {
        user,
        open,
        max,
        scope,
      });
      return deny("perm_denied", refusal(reached));
    }
    // Whoever does not wait any more takes it for refused; whoever still does must be told the same.
    if (signal.aborted) throw new StoreError("It was recorded too late: look at what holds up the store");
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    return withoutStore(context, { session, isExempt: uid === 0 && options.root === "exempt", error });
  }
  log.info("Opened session {session} of {user}", { session: session.id, user });
  return keep(context, session);
}

function tellReaped({ log }: Context, reaped: readonly string[]): void {
  if (reaped.length === 0) return;
  log.info("Ended {count} sessions whose processes are gone: {sessions}", {
    count: reaped.length,
    sessions: reaped.slice(0, LOGGED_MAX).join(" "),
  });
}

async function close(
  context: CloseSessionContext<Options>,
  { id, user }: { readonly id: string | undefined; readonly user: string | undefined },
): Promise<void> {
  const { options, service, items, caller, now, log, signal } = context;
  const closer = {
    service,
    user: user ?? context.user,
    tty: items.tty,
    pid: caller.pid,
    started: caller.started,
  };
  const request = { id, closer, now: now.epochMilliseconds, running: askRunning(context) };
  const session = await inTime(signal, (signal) => ledgerAt(options).end({ ...request, signal }));
  if (session === undefined) {
    const known = id === undefined ? {} : { session: id };
    if (user === undefined) log.info("No open session to close, of a user that nobody knows");
    else log.info("No open session of {user} to close", { user, ...known });
    return;
  }
  // A clock may have been set back meanwhile.
  const seconds = Math.max(0, Math.round((now.epochMilliseconds - session.opened) / 1000));
  log.info("Closed session {session} of {user} after {seconds} s", {
    session: session.id,
    user: session.user,
    seconds,
  });
}

/** The module; its options, lines and answers are in README.md. */
export default defineModule({
  options: LineOptions,
  // "net" is what "store" names, and the administrator's to grant.
  permissions: { sys: ["hostname"] },
  async openSession(context) {
    const entry = await context.lookup.passwd();
    return entry === undefined ? "user_unknown" : await open(context, entry);
  },
  async closeSession(context) {
    const { data, lookup, log } = context;
    // A name that the database has, or had: people type passwords where they are asked for a name.
    let user: string | undefined;
    try {
      const before = data.get(opened);
      data.delete(opened);
      user = before?.user ?? (await lookup.passwd())?.name;
      await close(context, { id: before?.id, user });
    } catch (error) {
      // A logout never fails by this: the session is found without its process, or the store is told later.
      const reason = error instanceof Error ? error.message : String(error);
      if (user === undefined) {
        log.error("The end of a session is not in the ledger yet: {reason}", { reason });
      } else log.error("The end of a session of {user} is not in the ledger yet: {reason}", { user, reason });
    }
    return "success";
  },
}) as PamModule;
