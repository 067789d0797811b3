// SPDX-License-Identifier: MIT
/**
 * Lets people log in by what a directory has on them: `account` asks LDAP for their entry, their groups, and whether the account is locked or
 * has ended.
 *
 * @module
 */

import { type AccountContext, defineModule, type PamModule, type Result } from "@pam-deno/sdk";
import { findAccount, isMember } from "./account.ts";
import { Cache, type Subject } from "./cache.ts";
import { Directory, type Session } from "./directory.ts";
import { parseDn } from "./names.ts";
import { CODES, decide, type Decision, type Reason } from "./policy.ts";
import { literally, Unavailable, Unusable } from "./problems.ts";
import { Options, type Settings } from "./settings.ts";

type Context = AccountContext<Settings>;

const LATER = "Logins cannot be checked now; the administrator finds the reason in the system log";

/** What the person reads. An unknown user learns nothing. */
const TEXTS: Readonly<Record<Exclude<Reason, "unknown" | "misspelt">, string>> = {
  locked: "Your account is locked",
  expired: "Your account has expired",
  host: "You may not log in on this machine",
  service: "You may not use this service",
  group: "You are not in a group that may log in here",
  unclear: LATER,
};

/** The longest user name that is asked for, in UTF-16 units. */
const USER_MAX = 256;

const directory = new Directory();
const caches: Map<string, Cache> = new Map();

function cacheIn(file: string): Cache {
  let cache = caches.get(file);
  if (cache === undefined) caches.set(file, cache = new Cache(file));
  return cache;
}

/** Closes connections and files: for tests, which end where a worker goes on. */
export function close(): void {
  directory.close();
  for (const cache of caches.values()) cache[Symbol.dispose]();
  caches.clear();
}

function hostnamesOf({ checks, hostnames }: Settings): readonly string[] {
  return checks.has("host") ? hostnames ?? [Deno.hostname()] : [];
}

/** All that a decision depends on, but the user: a line that says something else remembers something else. */
function rulesOf(settings: Settings, { service }: Context): string {
  const { access: { servers, tls, bind }, where, membership, checks, lockout } = settings;
  const told = {
    servers,
    tls,
    bind: bind?.dn,
    where,
    membership,
    checks: [...checks],
    lockout: lockout?.toString(),
  };
  return JSON.stringify({
    ...told,
    hostnames: hostnamesOf(settings),
    service: checks.has("service") ? service : null,
  });
}

/** What a server says, and of which entry. */
interface Answer {
  readonly decision: Decision;
  /** The entry's name, spelled in one way. */
  readonly entry?: string | undefined;
}

/** Decides by what one server says. */
async function ask(session: Session, { options, user, now, service }: Context): Promise<Answer> {
  const { where, membership } = options;
  const sought = await findAccount(session, where, membership?.by, user);
  if (!sought.found) return { decision: { allow: false, reason: sought.reason, detail: sought.detail } };
  const entry = parseDn(sought.entry.dn)?.join();
  const decision = decide(sought.account, { now, service, hostnames: hostnamesOf(options) }, options);
  if (!decision.allow || membership === undefined) return { decision, entry };
  const member = await isMember(session, membership, sought);
  if (member === true) return { decision, entry };
  const [reason, detail] = member === false
    ? ["group", "it is in none of the required groups"] as const
    : ["unclear", `it is in ${member}`] as const;
  return { decision: { allow: false, reason, detail }, entry };
}

function answer({ log, deny }: Context, decision: Decision, from: string): Result<"account"> {
  if (decision.allow) {
    if (from !== "") log.warn(literally(`Allowed${from}`));
    return "success";
  }
  const { reason, detail } = decision;
  const text = literally(`Refused${from}, ${reason}: ${detail}`);
  if (from === "" && reason !== "unclear") log.info(text);
  else log.warn(text);
  if (reason === "unknown" || reason === "misspelt") return CODES[reason];
  return deny(CODES[reason], TEXTS[reason]);
}

/** How long ago something was, for people. */
function ago(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  return minutes < 1
    ? `${Math.floor(ms / 1000)} s`
    : minutes < 60
    ? `${minutes} min`
    : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** What to answer when no server can be asked. */
function answerWithout(context: Context, subject: Subject, problem: Unavailable): Result<"account"> {
  const { options: { cache }, now, log, deny } = context;
  const remembered = cache && cacheIn(cache.file).recall(subject, now, cache.limitMs, log);
  if (remembered !== undefined) {
    return answer(context, remembered.decision, ` from the cache, ${ago(remembered.ageMs)} old`);
  }
  const more = cache === undefined ? "" : ", and the cache has no answer";
  log.error(literally(`The login cannot be checked: ${problem.message}${more}`));
  return deny("authinfo_unavail", LATER);
}

async function account(context: Context): Promise<Result<"account">> {
  const { options, user, now, signal, log, deny } = context;
  if (user === "" || user.length > USER_MAX || user.includes("\0")) {
    return answer(context, { allow: false, reason: "unknown", detail: "no directory has such a name" }, "");
  }
  const name = options.where.ignoreCase ? user.toLowerCase() : user;
  const subject = { rules: rulesOf(options, context), user: name };
  // deno-lint-ignore pam-deno/context-clock -- how long this takes
  const began = performance.now();
  try {
    const { decision, entry } = await directory.consult(
      options.access,
      signal,
      log,
      (session) => ask(session, context),
    );
    if (options.cache !== undefined) {
      // Of two hooks at once, the one that was refused wins.
      // deno-lint-ignore pam-deno/context-clock -- how long this takes
      const decided = decision.allow ? now : now.add({ milliseconds: Math.round(performance.now() - began) });
      const { file, limitMs } = options.cache;
      cacheIn(file).remember({ ...subject, entry }, decision, decided, limitMs, log);
    }
    return answer(context, decision, "");
  } catch (error) {
    if (error instanceof Unavailable) return answerWithout(context, subject, error);
    if (!(error instanceof Unusable)) throw error;
    log.error(literally(`The login cannot be checked: ${error.message}`));
    return deny("service_err", LATER);
  }
}

/** The module; its options, lines and answers are in README.md. */
export default defineModule({
  options: Options,
  permissions: {
    net: [{ option: "server" }],
    read: [{ option: "ca" }, { option: "bind_password_file" }],
    sys: ["hostname"],
  },
  account,
}) as PamModule;
