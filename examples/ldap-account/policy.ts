// SPDX-License-Identifier: MIT
/**
 * What an entry of the directory means for a login: a pure function of entry, time, host and service. No directory, no clock, no log.
 *
 * @module
 */

import { folded } from "./names.ts";

/** What can be checked; see README.md. */
export const CHECKS = ["lock", "expire", "host", "service"] as const;

/** One of the checks. */
export type Check = typeof CHECKS[number];

/** Why somebody is refused. */
export const REASONS = [
  "unknown",
  "misspelt",
  "locked",
  "expired",
  "host",
  "service",
  "group",
  "unclear",
] as const;

/** One of the reasons. */
export type Reason = typeof REASONS[number];

/** The code of each reason. */
export const CODES = {
  unknown: "user_unknown",
  misspelt: "user_unknown",
  locked: "perm_denied",
  expired: "acct_expired",
  host: "perm_denied",
  service: "perm_denied",
  group: "perm_denied",
  unclear: "service_err",
} as const satisfies Readonly<Record<Reason, string>>;

/** What a directory's answer comes to. */
export type Decision =
  | {
    /** Whether the user may log in. */
    readonly allow: true;
    /** When that ends, as far as the entry says; for whoever remembers it. */
    readonly until?: Temporal.Instant;
  }
  | {
    /** Whether the user may log in. */
    readonly allow: false;
    /** Why not. */
    readonly reason: Reason;
    /** The same for the log. Values from the directory are quoted in it. */
    readonly detail: string;
  };

/** What the directory has on a user; the values of each attribute. */
export interface Account {
  /** The entry's name. */
  readonly dn: string;
  /** `host` */
  readonly host: readonly string[];
  /** `authorizedService` */
  readonly service: readonly string[];
  /** `shadowExpire` */
  readonly expire: readonly string[];
  /** `pwdAccountLockedTime` */
  readonly locked: readonly string[];
}

/** Where and when the user wants in. */
export interface Question {
  /** The time. */
  readonly now: Temporal.Instant;
  /** The names of this machine. */
  readonly hostnames: readonly string[];
  /** The name of the service. */
  readonly service: string;
}

/** What is asked of an account. */
export interface Rules {
  /** What is checked. */
  readonly checks: ReadonlySet<Check>;
  /** How long a lock with a date lasts; for ever if left out. */
  readonly lockout?: Temporal.Duration | undefined;
}

/** The lock that only an administrator opens. */
const LOCKED_FOR_EVER = "000001010000Z";
/** The last day that an instant can be on, counted from 1970-01-01. */
const LAST_DAY = 100_000_000;
const DAY_MS = 86_400_000;

const refuse = (reason: Reason, detail: string): Decision => ({ allow: false, reason, detail });

/** Decides about an account. What is not checked is not looked at. */
export function decide(account: Account, question: Question, { checks, lockout }: Rules): Decision {
  if (checks.has("lock")) {
    const lock = account.locked.find((value) => isLocked(value, question.now, lockout));
    if (lock !== undefined) return refuse("locked", `pwdAccountLockedTime is ${JSON.stringify(lock)}`);
  }
  const end = checks.has("expire") ? endOf(account.expire) : undefined;
  if (typeof end === "string") return refuse("unclear", end);
  if (end !== undefined && Temporal.Instant.compare(question.now, end) >= 0) {
    return refuse("expired", `shadowExpire is ${account.expire[0]}, the account ended ${end}`);
  }
  if (checks.has("host") && !admits(account.host, question.hostnames)) {
    return refuse(
      "host",
      `host does not admit ${question.hostnames.map((name) => JSON.stringify(name)).join(" or ")}`,
    );
  }
  if (checks.has("service") && !admits(account.service, [question.service])) {
    return refuse("service", `authorizedService does not admit ${JSON.stringify(question.service)}`);
  }
  return end === undefined ? { allow: true } : { allow: true, until: end };
}

/**
 * Whether a list of rules admits one of `names`: `*` admits everything, a name itself, `!` in front refuses, and a refusal wins wherever it
 * stands. An empty list admits nothing.
 */
export function admits(rules: readonly string[], names: readonly string[]): boolean {
  const known = names.map(folded);
  const covers = (rule: string) => rule === "*" || known.includes(rule);
  const wanted = rules.map(folded).filter((rule) => rule !== "" && rule !== "!");
  const refused = wanted.some((rule) => rule.startsWith("!") && covers(rule.slice(1).trim()));
  return !refused && wanted.some((rule) => !rule.startsWith("!") && covers(rule));
}

/** The first instant at which the account has ended; `undefined` if it does not end, a text if that cannot be told. */
function endOf(values: readonly string[]): Temporal.Instant | string | undefined {
  const days: number[] = [];
  for (const value of values) {
    if (!/^-?[0-9]{1,15}$/.test(value.trim())) {
      return `shadowExpire is ${JSON.stringify(value)}, which is no number of days`;
    }
    const day = Number(value);
    if (day < -1) return `shadowExpire is ${day}, which is no day`;
    if (day !== -1 && day < LAST_DAY) days.push(day);
  }
  return days.length === 0 ? undefined : Temporal.Instant.fromEpochMilliseconds(Math.min(...days) * DAY_MS);
}

/** Whether a value of pwdAccountLockedTime locks the account now. One that is no time does. */
export function isLocked(value: string, now: Temporal.Instant, lockout?: Temporal.Duration): boolean {
  if (value.trim() === LOCKED_FOR_EVER || lockout === undefined) return true;
  const since = parseTime(value);
  return since === undefined || Temporal.Instant.compare(now, since.add(lockout)) < 0;
}

/** Parses a GeneralizedTime (RFC 4517, 3.3.13); `undefined` if it is none. */
export function parseTime(text: string): Temporal.Instant | undefined {
  const [, year, month, day, hour, minute = "00", second = "00", zone = "Z"] =
    /^(\d{4})(\d\d)(\d\d)(\d\d)(?:(\d\d)(\d\d)?)?(?:[.,]\d+)?(Z|[+-]\d\d(?:\d\d)?)$/.exec(text.trim()) ?? [];
  if (year === undefined) return undefined;
  const offset = zone === "Z" ? "Z" : `${zone.slice(0, 3)}:${zone.slice(3) || "00"}`;
  try {
    return Temporal.Instant.from(`${year}-${month}-${day}T${hour}:${minute}:${second}${offset}`);
  } catch {
    return undefined;
  }
}
