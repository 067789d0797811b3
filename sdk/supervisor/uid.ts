// SPDX-License-Identifier: MIT
/**
 * The user that a module's workers run as where no service manager gives them one: its own, which nobody else has.
 *
 * @module
 */

import { dirname } from "node:path";
import type { ModuleConfig } from "../config/config.ts";
import { PlaceError, stat } from "../config/place.ts";

/** Who a process runs as. */
export interface Identity {
  /** User id. */
  readonly uid: number;
  /** Group id. */
  readonly gid: number;
  /** Further groups. */
  readonly groups: readonly number[];
}

/** What service managers give to services without a user of their own; see systemd's UIDS-GIDS. Nobody else is to use them. */
export const UID_FIRST = 61_184;
/** The last of them. */
export const UID_LAST = 65_519;

/** Where systemd notes which of them it has given. */
const DYNAMIC = "/run/systemd/dynamic-uid";

const GETENT = ["/usr/bin/getent", "/bin/getent"];

/** A user that cannot be had. The message says why, and the remedy. */
export class IdentityError extends Error {
  override name = "IdentityError";
}

/**
 * Picks a user id for `name` that nobody has: always the same, unless that is taken.
 *
 * @param isTaken whether somebody has it
 * @throws {IdentityError} if all are taken.
 */
export function pickUid(name: string, isTaken: (uid: number) => boolean = isTakenHere): number {
  const count = UID_LAST - UID_FIRST + 1;
  const first = hash(name) % count;
  for (let i = 0; i < count; i++) {
    const uid = UID_FIRST + (first + i) % count;
    if (!isTaken(uid)) return uid;
  }
  throw new IdentityError(`No user id of ${UID_FIRST} to ${UID_LAST} is free: name a user with "run_as"`);
}

/** Whether systemd or the system's databases know a user or a group of this number. */
export function isTakenHere(id: number): boolean {
  return stat(`${DYNAMIC}/${id}`) !== undefined || getent("passwd", String(id)) !== undefined ||
    getent("group", String(id)) !== undefined;
}

/**
 * The user `name` of the system, who is also in `group`.
 *
 * @throws {IdentityError} if there is no such user, or it is root.
 */
export function findUser(name: string, group: number): Identity {
  const [, , uid, gid] = getent("passwd", name)?.split(":") ?? [];
  if (uid === undefined) {
    throw new IdentityError(
      `"run_as": there is no user ${JSON.stringify(name)} here: make it, or name another`,
    );
  }
  return { uid: Number(uid), gid: Number(gid), groups: [group] };
}

/** One line of a database; see getent(1). */
function getent(database: "passwd" | "group", key: string): string | undefined {
  const program = GETENT.find((path) => stat(path));
  if (!program) return undefined;
  const { code, stdout } = new Deno.Command(program, {
    args: [database, key],
    stdin: "null",
    stdout: "piped",
    stderr: "null",
  }).outputSync();
  return code === 0 ? new TextDecoder().decode(stdout).split("\n")[0] : undefined;
}

/** FNV-1a over the octets of a name: it has to spread names over a range, nothing more. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (const octet of new TextEncoder().encode(text)) value = Math.imul(value ^ octet, 0x01000193) >>> 0;
  return value;
}

/** Gives modules their users, each its own. */
export class Users {
  /** Numbers that are given, and to what. */
  readonly #given = new Map<number, string>();

  /**
   * The user of a module: as its configuration names it, else one that nobody else is. Its first further group, or its only one, is the
   * module's alone.
   *
   * @throws {IdentityError} if there is none.
   */
  of({ name, run_as, dangerous }: Pick<ModuleConfig, "name" | "run_as" | "dangerous">): Identity {
    const own = this.#give(name);
    if (run_as === undefined) return { uid: own, gid: own, groups: [] };
    const user = typeof run_as === "number"
      ? { uid: run_as, gid: run_as, groups: [own] }
      : findUser(run_as, own);
    if (user.uid === 0 && !dangerous.includes("root")) {
      throw new IdentityError(`"run_as": ${run_as} is root: add "root" to "dangerous" if that is meant`);
    }
    return user;
  }

  /** A user who looks at a module's bundle once, and can read what the module's can. */
  prober({ uid, gid, groups }: Identity): Identity {
    const other = this.#give(`probe ${uid}`);
    const group = groups[0] ?? gid;
    return { uid: other, gid: group, groups: [] };
  }

  /** Always the same number for the same name. */
  #give(name: string): number {
    for (const [uid, owner] of this.#given) if (owner === name) return uid;
    const uid = pickUid(name, (uid) => this.#given.has(uid) || isTakenHere(uid));
    this.#given.set(uid, name);
    return uid;
  }
}

const OTHERS_ENTER = 0o001;
const OTHERS_READ = 0o004;
const GROUP_ENTERS = 0o010;

/**
 * Checks that a user can get to `paths`: programs, files, and folders of the module.
 *
 * @throws {PlaceError} naming the first folder or file in the way.
 */
export function checkReach({ uid, gid, groups }: Identity, paths: readonly string[]): void {
  if (uid === 0) return;
  for (const path of paths) {
    for (let at = Deno.realPathSync(path), last = true;; at = dirname(at), last = false) {
      const { mode, gid: group, isFile } = Deno.statSync(at);
      const mine = group !== null && [gid, ...groups].includes(group) && (mode! & GROUP_ENTERS) !== 0;
      const needed = last && isFile ? OTHERS_READ : OTHERS_ENTER;
      if (!mine && (mode! & needed) === 0) {
        throw new PlaceError(
          `${at} is closed to the users that workers run as, who need ${path}: chmod o+${
            needed === OTHERS_READ ? "r" : "x"
          } ${at}, or put it elsewhere`,
        );
      }
      if (at === "/") break;
    }
  }
}
