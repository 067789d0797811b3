// SPDX-License-Identifier: MIT
/**
 * The user that a module's workers run as where no service manager gives them one: its own, which nobody else has.
 *
 * @module
 */

import { dirname, join } from "node:path";
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
/**
 * From here on they are for users that are there for one look at a module, and are killed by their number afterwards; those before are
 * for modules. So nobody who looks is ever the user of a module, whether that runs just now or not.
 */
export const UID_THROWAWAY = 63_352;

/** Where systemd notes which of them it has given. */
const DYNAMIC = "/run/systemd/dynamic-uid";

const GETENT = ["/usr/bin/getent", "/bin/getent"];

/** A user that cannot be had. The message says why, and the remedy. */
export class IdentityError extends Error {
  override name = "IdentityError";
}

/**
 * Picks a user id for the module `name` that nobody has: always the same, unless that is taken.
 *
 * @param isTaken whether somebody has it
 * @throws {IdentityError} if all are taken.
 */
export function pickUid(name: string, isTaken: (uid: number) => boolean = isTakenHere): number {
  return pickOf(UID_FIRST, UID_THROWAWAY - 1, name, isTaken);
}

/**
 * Picks a user id that nobody has, for one look at a module.
 *
 * @param isTaken whether somebody has it
 * @param name what always gets the same, unless that is taken; by default it is any
 * @throws {IdentityError} if all are taken.
 */
export function pickThrowawayUid(
  isTaken: (uid: number) => boolean = isTakenHere,
  name: string = crypto.randomUUID(),
): number {
  return pickOf(UID_THROWAWAY, UID_LAST, name, isTaken);
}

function pickOf(from: number, to: number, name: string, isTaken: (uid: number) => boolean): number {
  const count = to - from + 1;
  const first = hash(name) % count;
  for (let i = 0; i < count; i++) {
    const uid = from + (first + i) % count;
    if (!isTaken(uid)) return uid;
  }
  throw new IdentityError(`No user id of ${from} to ${to} is free: name a user with "run_as"`);
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

/**
 * The user of the number `uid`, who is also in `group`. One whom the databases do not know is alone in a group of the same number, which
 * must not be somebody else's: on Debian 42 is nobody's user id and the group that reads password hashes.
 *
 * @throws {IdentityError} if it is.
 */
export function findUserByNumber(uid: number, group: number): Identity {
  const [, , , gid] = getent("passwd", String(uid))?.split(":") ?? [];
  if (gid !== undefined) return { uid, gid: Number(gid), groups: [group] };
  const [taken] = getent("group", String(uid))?.split(":") ?? [];
  if (taken === undefined) return { uid, gid: uid, groups: [group] };
  throw new IdentityError(
    `"run_as": there is no user ${uid} here, and the group of this number is ${
      JSON.stringify(taken)
    }: make the user, or name another`,
  );
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

/** How many numbers there are for those who bundle a module. */
const BUNDLERS = [0, 1, 2];

/** Gives modules their users, each its own. */
export class Users {
  /** Numbers that are given, and to what. */
  readonly #given = new Map<number, string>();
  /** Whose the folders are that modules keep things in, by name. */
  readonly #kept: ReadonlyMap<string, number>;
  /** Whoever bundles is killed by its number: nobody else's is to be the same. */
  readonly #salt = crypto.randomUUID();

  /**
   * Gives `names` their numbers, in this order. A module that kept something in `keepDir` goes on being who it was, whoever else came or
   * went; and nobody else becomes that, also not while the module is not configured.
   */
  constructor(keepDir?: string, names: readonly string[] = []) {
    this.#kept = keepDir === undefined ? new Map() : ownersIn(keepDir);
    for (const name of names) this.#give(name);
  }

  /**
   * The user of a module: as its configuration names it, else one that nobody else is. Its first further group, or its only one, is the
   * module's alone.
   *
   * @throws {IdentityError} if there is none.
   */
  of({ name, run_as, dangerous }: Pick<ModuleConfig, "name" | "run_as" | "dangerous">): Identity {
    const own = this.#give(name);
    if (run_as === undefined) return { uid: own, gid: own, groups: [] };
    const user = typeof run_as === "number" ? findUserByNumber(run_as, own) : findUser(run_as, own);
    if (user.uid === 0 && !dangerous.includes("root")) {
      throw new IdentityError(`"run_as": ${run_as} is root: add "root" to "dangerous" if that is meant`);
    }
    return user;
  }

  /** A user who looks at a module's bundle once, and can read what the module's can. */
  prober({ uid, gid, groups }: Identity): Identity {
    const other = this.#giveThrowaway(`probe ${uid}`);
    const group = groups[0] ?? gid;
    return { uid: other, gid: group, groups: [] };
  }

  /** Numbers for those who bundle a module: several, since processes that nobody here knows of may run as one of them. */
  bundlers(name: string): readonly number[] {
    return BUNDLERS.map((i) => this.#giveThrowaway(`bundle ${i} ${name} ${this.#salt}`));
  }

  #give(name: string): number {
    return this.#once(name, () => {
      const before = this.#kept.get(name);
      if (before !== undefined && !this.#given.has(before) && !isTakenHere(before)) return before;
      const kept = new Set(this.#kept.values());
      return pickUid(name, (uid) => kept.has(uid) || this.#given.has(uid) || isTakenHere(uid));
    });
  }

  #giveThrowaway(name: string): number {
    return this.#once(name, () => pickThrowawayUid((uid) => this.#given.has(uid) || isTakenHere(uid), name));
  }

  /** Always the same number for the same name. */
  #once(name: string, pick: () => number): number {
    for (const [uid, owner] of this.#given) if (owner === name) return uid;
    const uid = pick();
    this.#given.set(uid, name);
    return uid;
  }
}

/** The owners of folders, by name, as far as they are modules' own users. */
function ownersIn(folder: string): ReadonlyMap<string, number> {
  const owners = new Map<string, number>();
  if (!stat(folder)) return owners;
  for (const { name } of Deno.readDirSync(folder)) {
    const found = stat(join(folder, name));
    const uid = found?.isDirectory ? found.uid : null;
    if (uid !== null && uid >= UID_FIRST && uid < UID_THROWAWAY) owners.set(name, uid);
  }
  return owners;
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
