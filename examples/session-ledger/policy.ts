// SPDX-License-Identifier: MIT
/**
 * The decisions, as functions of what is known: no clock, no store, no PAM.
 *
 * @module
 */

import type { Limit, Reached, Session } from "./store.ts";

/** What the administrator wants counted. */
export interface Policy {
  /** The most sessions of one user; `undefined` for any number. */
  readonly limit: number | undefined;
  /** The most sessions of all members of a group together. */
  readonly groupLimits: readonly GroupLimit[];
  /** Services whose sessions count; all if it is empty. */
  readonly services: readonly string[];
  /** Whether sessions of uid 0 count and are limited. */
  readonly root: "exempt" | "counted";
}

/** A group, and how many sessions its members may have together. */
export interface GroupLimit {
  /** The group. */
  readonly group: string;
  /** The limit, 1 or more. */
  readonly max: number;
}

/** Whose session it is, and of what service. */
export interface Request {
  /** The user, as the user database spells the name. */
  readonly user: string;
  /** The user's id. */
  readonly uid: number;
  /** The names of the user's groups. */
  readonly groups: readonly string[];
  /** PAM_SERVICE. */
  readonly service: string;
}

/** What a session counts against, and what may keep it out. */
export interface Standing {
  /** What it counts against; nothing if it only stands in the ledger. */
  readonly scopes: readonly string[];
  /** What may keep it out. */
  readonly limits: readonly Limit[];
}

/** Says what a session counts against. A user counts without a limit, too: another line may have one. */
export function standingOf({ user, uid, groups, service }: Request, policy: Policy): Standing {
  const isExempt = uid === 0 && policy.root === "exempt";
  const counts = policy.services.length === 0 || policy.services.includes(service);
  if (isExempt || !counts) return { scopes: [], limits: [] };
  const own: Limit[] = policy.limit === undefined ? [] : [{ scope: `user:${user}`, max: policy.limit }];
  const shared = policy.groupLimits.filter(({ group }) => groups.includes(group))
    .map(({ group, max }) => ({ scope: `group:${group}`, max }));
  return { scopes: [`user:${user}`, ...shared.map(({ scope }) => scope)], limits: [...own, ...shared] };
}

/** What the person is told who may not open another session. */
export function refusal({ scope, open, max }: Reached): string {
  const sessions = max === 1 ? "1 session" : `${max} sessions`;
  if (scope.startsWith("group:")) {
    return `The members of ${
      scope.slice("group:".length)
    } may have ${sessions} open together, and have ${open}: try again later`;
  }
  return `You may have ${sessions} open, and have ${open}: close one and try again`;
}

/** A process that closes a session of which it has no record. */
export interface Closer {
  /** PAM_SERVICE. */
  readonly service: string;
  /** PAM_USER. */
  readonly user: string;
  /** PAM_TTY. */
  readonly tty: string | undefined;
  /** Its process id. */
  readonly pid: number;
  /** Its start time in clock ticks since boot. */
  readonly started: number | undefined;
}

/** Whether a session is of the same service, user and terminal as what is being closed. */
export function isAlike(session: Session, { service, user, tty }: Closer): boolean {
  return session.service === service && session.user === user && session.tty === tty;
}

/**
 * Which of the open sessions is meant when whoever closes does not know: the one that this very process opened.
 * `undefined` if there is none, or more than one: to end another's session would let one more in than there may be.
 */
export function sessionMeant(sessions: readonly Session[], closer: Closer): Session | undefined {
  if (closer.started === undefined) return undefined;
  const own = sessions.filter((session) =>
    isAlike(session, closer) && session.pid === closer.pid && session.started === closer.started
  );
  return own.length === 1 ? own[0] : undefined;
}
