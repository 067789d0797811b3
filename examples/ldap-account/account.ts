// SPDX-License-Identifier: MIT
/**
 * What is asked of the directory: the user's entry, and whether it is in a group.
 *
 * @module
 */

import {
  type Entry,
  EqualityFilter,
  type Filter,
  OrFilter,
  PresenceFilter,
  type ResultCodeError,
} from "ldapts";
import type { Session } from "./directory.ts";
import { dnFor, filterFor, folded, isSameDn, isWithin, parseDn } from "./names.ts";
import type { Account } from "./policy.ts";
import { NO_SUCH_OBJECT, Unusable } from "./problems.ts";
import type { Membership, Where } from "./settings.ts";

/** Groups that are looked into for one user, and groups named in one filter. */
export const GROUPS_MAX = 512;
const BATCH_MAX = 32;

/** The attributes of an account. */
const ATTRIBUTES = ["host", "authorizedService", "shadowExpire", "pwdAccountLockedTime"] as const;

/** A user's entry, or why there is none. */
export type Sought =
  | {
    readonly found: true;
    readonly account: Account;
    readonly entry: Entry;
    /** The user's name as the directory spells it. */
    readonly user: string;
  }
  | { readonly found: false; readonly reason: "unknown" | "misspelt" | "unclear"; readonly detail: string };

/** The values of an attribute as texts. */
function valuesOf(entry: Entry, attribute: string): readonly string[] {
  const wanted = attribute.toLowerCase();
  return Object.entries(entry)
    .filter(([name]) => name !== "dn" && name.toLowerCase() === wanted)
    .flatMap(([, values]) => [values].flat().map(String));
}

/** Asks for the user's entry. */
export async function findAccount(
  session: Session,
  where: Where,
  by: Membership["by"] | undefined,
  user: string,
): Promise<Sought> {
  const attributes = [
    ...new Set([
      ...where.namings.map(({ attribute }) => attribute),
      ...ATTRIBUTES,
      ...by === "memberOf" ? [by] : [],
    ]),
  ];
  // Without a size limit: with one, ldapts takes an answer that the server's own limit has cut short for a whole one. So it is an error.
  const options = { attributes };
  const dn = "dn" in where ? dnFor(where.dn, user) : undefined;
  const { entries, references } = "dn" in where
    ? await unlessMissing(
      session.search(dn ?? "", {
        ...options,
        scope: "base",
        filter: new PresenceFilter({ attribute: "objectClass" }),
      }),
    )
    : await session.search(where.base, { ...options, scope: "sub", filter: filterFor(where.filter, user) });
  const [entry, ...more] = entries;
  if (entry === undefined) {
    const elsewhere = references === 0 ? "" : `; ${references} referrals were not followed`;
    return { found: false, reason: "unknown", detail: `no entry${elsewhere}` };
  }
  if (more.length > 0) return { found: false, reason: "unclear", detail: "more than one entry" };
  if ("dn" in where ? !isSameDn(entry.dn, dn ?? "") : !isWithin(entry.dn, where.base)) {
    throw new Unusable(`It answered with ${JSON.stringify(entry.dn)}, which was not asked for`);
  }
  return named(entry, where, user);
}

/** Whether an entry is the one of the user that was asked for, spelled in this way. */
function named(entry: Entry, where: Where, user: string): Sought {
  const given = where.namings.flatMap((naming) =>
    valuesOf(entry, naming.attribute).map((value) => ({
      value,
      wanted: `${naming.before}${user}${naming.after}`,
      name: value.slice(naming.before.length, value.length - naming.after.length),
    }))
  );
  const alike = given.find(({ value, wanted }) => folded(value) === folded(wanted));
  if (alike === undefined) {
    const attributes = [...new Set(where.namings.map(({ attribute }) => attribute))].join(" or ");
    throw new Unusable(
      `It answered with ${
        JSON.stringify(entry.dn)
      }, in which the user's name cannot be read as ${attributes}`,
    );
  }
  // A directory takes more for the same than case: blanks, and letters of other widths.
  const spelled = (text: string) => where.ignoreCase ? text.toLowerCase() : text;
  const same = given.find(({ value, wanted }) => spelled(value) === spelled(wanted));
  if (same === undefined) {
    const detail = `the directory spells it ${JSON.stringify(alike.value)}`;
    return { found: false, reason: "misspelt", detail };
  }
  const account = {
    dn: entry.dn,
    host: valuesOf(entry, "host"),
    service: valuesOf(entry, "authorizedService"),
    expire: valuesOf(entry, "shadowExpire"),
    locked: valuesOf(entry, "pwdAccountLockedTime"),
  };
  return { found: true, account, entry, user: same.name };
}

/** A search whose base need not be there. */
async function unlessMissing(search: ReturnType<Session["search"]>): ReturnType<Session["search"]> {
  try {
    return await search;
  } catch (error) {
    if (error instanceof Unusable && (error.cause as ResultCodeError | undefined)?.code === NO_SUCH_OBJECT) {
      return { entries: [], references: 0 };
    }
    throw error;
  }
}

/** Whether an account is in one of the required groups; a text if that cannot be told. */
export async function isMember(
  session: Session,
  { by, groups, nested, base }: Membership,
  { entry, user }: { entry: Entry; user: string },
): Promise<boolean | string> {
  if (by === "memberOf") return await isMemberByEntry(session, groups, nested, entry);
  const value = by === "memberUid" ? user : entry.dn;
  for (const group of groups) {
    if (await holds(session, group, new EqualityFilter({ attribute: by, value }))) return true;
  }
  return nested > 0 && base !== undefined &&
    await isMemberByGroups(session, { by, groups, nested, base }, entry.dn);
}

/** Whether an entry is there, and matches. */
async function holds(session: Session, dn: string, filter: Filter): Promise<boolean> {
  const { entries } = await unlessMissing(
    session.search(dn, { scope: "base", filter, attributes: ["1.1"] }),
  );
  return entries.some((entry) => isSameDn(entry.dn, dn));
}

/** Names of groups, without those that were there before: a circle ends here. */
class Seen {
  readonly #names: Set<string> = new Set();

  /** The names that are new. Those that are no names are none. */
  unseen(names: readonly string[]): string[] {
    return names.filter((name) => {
      const key = parseDn(name)?.join();
      if (key === undefined || this.#names.has(key)) return false;
      this.#names.add(key);
      return true;
    });
  }

  get isFull(): boolean {
    return this.#names.size > GROUPS_MAX;
  }
}

const TOO_MANY = `more than ${GROUPS_MAX} groups`;

const includesDn = (names: readonly string[], wanted: readonly string[]) =>
  names.some((name) => wanted.some((dn) => isSameDn(name, dn)));

/** From the user upwards: which groups hold those that hold the user, as far as `nested` levels. */
async function isMemberByGroups(
  session: Session,
  { by, groups, nested, base }: Membership & { readonly base: string },
  user: string,
): Promise<boolean | string> {
  const seen = new Seen();
  let level = [user];
  for (let depth = 0; depth <= nested && level.length > 0; depth++) {
    const above: string[] = [];
    for (let at = 0; at < level.length; at += BATCH_MAX) {
      const filters = level.slice(at, at + BATCH_MAX).map((value) =>
        new EqualityFilter({ attribute: by, value })
      );
      const filter = new OrFilter({ filters });
      // Without a size limit, as in findAccount().
      const search = session.search(base, { scope: "sub", filter, attributes: ["1.1"] });
      above.push(...(await search).entries.map(({ dn }) => dn));
    }
    if (includesDn(above, groups)) return true;
    level = seen.unseen(above);
    if (seen.isFull) return TOO_MANY;
  }
  return false;
}

/** From the user upwards, by what entries say about themselves. */
async function isMemberByEntry(
  session: Session,
  groups: readonly string[],
  nested: number,
  entry: Entry,
): Promise<boolean | string> {
  const seen = new Seen();
  let level = valuesOf(entry, "memberOf");
  for (let depth = 0;; depth++) {
    if (includesDn(level, groups)) return true;
    const names = seen.unseen(level);
    if (seen.isFull) return TOO_MANY;
    if (depth >= nested || names.length === 0) return false;
    const filter = new PresenceFilter({ attribute: "memberOf" });
    const found = await Promise.all(
      names.map((dn) =>
        unlessMissing(
          session.search(dn, { scope: "base", filter, attributes: ["memberOf"] }),
        )
      ),
    );
    level = found.flatMap(({ entries }, index) =>
      entries.filter(({ dn }) => isSameDn(dn, names[index]!)).flatMap((above) => valuesOf(above, "memberOf"))
    );
  }
}
