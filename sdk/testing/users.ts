// SPDX-License-Identifier: MIT
/**
 * The machine's databases: what the shim answers to look-ups of the user.
 *
 * @module
 */

import { typeError } from "../coded.ts";
import { CODES, type PamCode } from "../tokens.ts";
import type { MessageFrom } from "../wire/types.ts";
import type { FakeTransactionOptions, TestUser } from "./options.ts";
import type { Request } from "./shim_rules.ts";

/** Gid of the first group; the others count on from here. */
const FIRST_GID = 2000;
const FIRST_UID = 1000;

/** An entry of the table, or the code with which looking it up fails. */
export type UserEntry = TestUser | PamCode;

/** The users of a transaction: the table that was given, or PAM_USER alone. */
export function usersOf(
  { users }: FakeTransactionOptions,
  user: string | undefined,
): ReadonlyMap<string, UserEntry> {
  const entries = Object.entries<UserEntry>(users ?? (user === undefined ? {} : { [user]: {} }));
  for (const [name, entry] of entries) {
    if (typeof entry === "string" && !Object.hasOwn(CODES, entry)) {
      throw typeError("kit-misused", `Cannot fail look-ups of "${name}" with "${entry}": it is not a code`);
    }
  }
  return new Map(entries);
}

/** The answer to a look-up of `user`. */
export function lookUp(
  request: Exclude<Request, { type: "converse" | "get_token" | "lookup_processes" }>,
  user: string | undefined,
  users: ReadonlyMap<string, UserEntry>,
): MessageFrom<"shim"> {
  const entry = user === undefined ? undefined : users.get(user);
  if (user === undefined || entry === undefined) {
    // A netgroup is a list of names: nobody asks whether there is such a user.
    return request.type === "lookup_netgroup" ? { type: "member", member: false } : { type: "absent" };
  }
  if (typeof entry === "string") return { type: "failed", code: entry };
  const { name = user, uid = FIRST_UID, gid = uid, groups = [name], ageing } = entry;
  switch (request.type) {
    case "lookup_passwd": {
      const { home = `/home/${name}`, shell = "/bin/sh" } = entry;
      return { type: "passwd", name, uid, gid, home, shell };
    }
    case "lookup_groups":
      return {
        type: "groups",
        groups: groups.map((name, i) => ({ gid: i === 0 ? gid : FIRST_GID + i, name })),
      };
    case "lookup_netgroup":
      return { type: "member", member: entry.netgroups?.includes(request.netgroup) ?? false };
    case "lookup_ageing": {
      if (ageing === undefined) return { type: "absent" };
      const { lastChange = -1, min = -1, max = -1, warn = -1, inactive = -1, expire = -1 } = ageing;
      const { locked = false, empty = false } = ageing;
      return { type: "ageing", last_change: lastChange, min, max, warn, inactive, expire, locked, empty };
    }
  }
}
