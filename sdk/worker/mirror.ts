// SPDX-License-Identifier: MIT
/**
 * Module data over the split of a process. sshd's keyboard-interactive runs authenticate, account and chauthtok in a child that exits,
 * and opens the session in the parent: what the module stored on the child's PAM handle is gone. For a short time the worker keeps a
 * copy and gives it to the parent.
 *
 * It is given to the process that *is* the recorded parent, by its id and start time as the kernel tells them to the shim, for the same
 * service, user and instance; to nobody else. A child that the parent forks later inherits the parent's handle, on which the data are by
 * then. Nothing of this travels in an environment, where a user could plant it. The shim names a parent only if parent and child are
 * root's and no set-uid program, so nobody who is not root can be either.
 *
 * sshd starts a child for each attempt, and attempts fail; it also tries other methods in the parent itself. Hence:
 *
 * - Only a hook that ended with `success` or `new_authtok_reqd` makes an entry. `ignore` makes none, and keeps what an earlier hook of
 *   the same process left.
 * - The last attempt counts. A hook that ended in any other way removes the entry of its process; any hook removes that of an older
 *   sibling, and, if the parent itself is asked, that of its children. So two are never there for one user and service.
 * - Where the module has an account hook, what authenticate left counts only once account, or a change of the password, has ended well
 *   in the same process: that is only asked when the whole stack has let the person pass.
 * - An entry that was not yet handed out goes before what is on the parent's handle: an older attempt left that there.
 *
 * What remains: a module without an account hook is given what it stored in an attempt that another module of the stack refused, if
 * the person then comes in by a way that asks it nothing before the session, such as a key with sshd. The shim may refuse a result that
 * the worker takes for delivered, as it sends no receipt. And several workers of one module do not hear of each other's attempts.
 * Data that are resumed mean that *this* module has stored them, for this user and this connection: never that the person was let pass.
 *
 * An entry is there for two minutes, and until the parent opens a session, whatever comes of that. It is lost with the worker: then, and
 * where two workers of a module each saw a half, `continuity` is `none`.
 *
 * @module
 */

import type { Outcome } from "../dispatch.ts";
import type { Hook } from "../hooks.ts";
import { isRefusal } from "../result.ts";
import type { MessageOf } from "../wire/types.ts";

/** How long data are kept, in milliseconds: sshd gives a person as long to log in. */
export const MIRROR_MS_MAX = 120_000;
/** How many entries are kept; the oldest goes. Their data are at most 4 MiB together, as each has DATA_MAX at most. */
export const MIRROR_MAX = 1024;
/** How many of them may be about one user; the oldest of that user goes, so that nobody pushes out everybody else. */
export const MIRROR_USER_MAX = 16;

/** The hooks that a child runs before it exits. */
const BEFORE: readonly Hook[] = ["authenticate", "account", "preliminary", "update"];

/** What a {@linkcode Mirror} can be told, for tests. */
export interface MirrorOptions {
  /** A clock that does not jump, in milliseconds. */
  readonly now?: () => number;
  /** Does something later, unless what it returns is called before. */
  readonly after?: (ms: number, act: () => void) => () => void;
  /** How many entries are kept. */
  readonly max?: number;
  /** Whether the module has an account hook, without which what authenticate left does not count. Left out: no. */
  readonly account?: boolean;
}

/** The module data of a process that has run hooks, for its parent. */
interface Entry {
  /** For whom it is: see `keyOf()`. */
  readonly key: string;
  /** Whose it is. */
  readonly child: string;
  /** Whom it is about. */
  readonly user: string | null;
  /** Whether more has passed than this module's authenticate, where that can be told. */
  readonly counts: boolean;
  /** The module data; its own octets. */
  readonly data: Uint8Array;
  /** When it is to go. */
  readonly ends: number;
  /** Whether the parent's handle has had them: from then on, what is on it goes before. */
  isOnHandle: boolean;
}

type HookMessage = MessageOf<"hook">;

// What the module puts in their place later is not meant here.
const { setTimeout, clearTimeout, performance } = globalThis;
const { unrefTimer } = Deno;

/** A timer that does not keep the worker alive. */
function afterwards(ms: number, act: () => void): () => void {
  const timer = setTimeout(act, ms);
  unrefTimer(timer);
  return () => clearTimeout(timer);
}

/** The data that a worker keeps for parents. */
export class Mirror {
  /** By key, the oldest first. */
  readonly #entries = new Map<string, Entry>();
  /** The key of the entry of each process. */
  readonly #keys = new Map<string, string>();
  readonly #now: () => number;
  readonly #after: (ms: number, act: () => void) => () => void;
  readonly #max: number;
  readonly #account: boolean;
  /** Gives up waiting for the end of the oldest entry; there only while there are entries. */
  #disarm: (() => void) | undefined;

  /** Begins empty. */
  constructor(options: MirrorOptions = {}) {
    const { now = () => performance.now(), after = afterwards, max = MIRROR_MAX, account = false } = options;
    this.#now = now;
    this.#after = after;
    this.#max = max;
    this.#account = account;
  }

  /** Removes everything: the worker leaves. */
  clear(): void {
    for (const entry of this.#entries.values()) this.#remove(entry);
  }

  /** How many entries there are. */
  get size(): number {
    return this.#entries.size;
  }

  /**
   * Gives the data with which a hook goes on, a copy, in place of what it came with; `undefined` if there are none for it. Called when
   * it begins. A hook that came with just these data was given them by an earlier hook of its handle, and gets them again.
   */
  resume(hook: HookMessage): Uint8Array | undefined {
    if (hook.hook !== "setCredentials" && hook.hook !== "openSession") return undefined;
    const entry = this.#entryFor(hook);
    const data = entry !== undefined && this.#isFor(entry, hook) ? entry.data.slice() : undefined;
    if (hook.hook === "openSession") {
      if (entry !== undefined) this.#remove(entry);
      // Who opens the session itself leaves nothing to its parent.
      if (hook.started !== undefined) this.#forget(processOf(hook));
    }
    return data;
  }

  /** Keeps, replaces or removes what a hook leaves behind. Called when it has ended; without an outcome nobody heard of one. */
  note(hook: HookMessage, outcome: Outcome | undefined): void {
    if (hook.hook === "setCredentials") return this.#noteHandle(hook, outcome);
    if (!BEFORE.includes(hook.hook)) return;
    const ofChild = this.#entryFor(hook);
    // The process that was to have it is itself asked: that is a later attempt.
    if (ofChild !== undefined) this.#remove(ofChild);
    this.#noteChild(hook, outcome);
  }

  /** The entry that is for the process of a hook, whether it counts or not. */
  #entryFor(hook: HookMessage): Entry | undefined {
    if (this.#entries.size === 0 || !isRoots(hook) || hook.started === undefined) return undefined;
    return this.#entries.get(keyOf(hook, hook.pid, hook.started));
  }

  #isFor({ counts, ends, data, isOnHandle }: Entry, hook: HookMessage): boolean {
    if (!counts || ends <= this.#now()) return false;
    return !isOnHandle || hook.data === undefined || isEqual(hook.data, data);
  }

  /** What the parent's setCredentials did to the data on the handle. */
  #noteHandle(hook: HookMessage, outcome: Outcome | undefined): void {
    const entry = this.#entryFor(hook);
    if (entry === undefined || outcome?.type !== "result" || isRefusal(outcome.code)) return;
    if (outcome.data_action === "delete") this.#remove(entry);
    else if (outcome.data_action === "set") entry.isOnHandle = true;
  }

  #noteChild(hook: HookMessage, outcome: Outcome | undefined): void {
    const { parent_pid, parent_started, started } = hook;
    if (!isRoots(hook) || started === undefined) return;
    if (parent_pid === undefined || parent_started === undefined) return;
    const child = processOf(hook);
    const key = keyOf(hook, parent_pid, parent_started);
    const had = this.#entries.get(key);
    const isOwn = had?.child === child;
    this.#forget(child);
    if (had !== undefined) this.#remove(had);
    if (!isOwn && outcome?.type === "result" && outcome.code === "ignore") return;
    const data = dataAfter(hook, outcome);
    if (data === undefined) return;
    const counts = !this.#account || hook.hook !== "authenticate";
    const ends = this.#now() + MIRROR_MS_MAX;
    this.#add({ key, child, user: userOf(hook), counts, data: data.slice(), ends, isOnHandle: false });
  }

  #add(entry: Entry): void {
    const own = [...this.#entries.values()].filter(({ user }) => user === entry.user);
    if (own.length >= MIRROR_USER_MAX) this.#remove(own[0]!);
    for (const oldest of this.#entries.values()) {
      if (this.#entries.size < this.#max) break;
      this.#remove(oldest);
    }
    this.#entries.set(entry.key, entry);
    this.#keys.set(entry.child, entry.key);
    this.#arm();
  }

  /** Removes the entry of a process. */
  #forget(child: string): void {
    const key = this.#keys.get(child);
    const entry = key === undefined ? undefined : this.#entries.get(key);
    if (entry !== undefined) this.#remove(entry);
  }

  #remove(entry: Entry): void {
    // It may have been removed before.
    if (this.#entries.get(entry.key) !== entry) return;
    entry.data.fill(0);
    this.#entries.delete(entry.key);
    this.#keys.delete(entry.child);
    if (this.#entries.size > 0) return;
    this.#disarm?.();
    this.#disarm = undefined;
  }

  /** Sees to it that the oldest entry goes when its time is over. */
  #arm(): void {
    if (this.#disarm !== undefined) return;
    const oldest = this.#entries.values().next().value;
    if (oldest === undefined) return;
    this.#disarm = this.#after(Math.max(1, Math.ceil(oldest.ends - this.#now())), () => {
      this.#disarm = undefined;
      const now = this.#now();
      for (const entry of this.#entries.values()) {
        if (entry.ends > now) break;
        this.#remove(entry);
      }
      this.#arm();
    });
  }
}

/** The shim names a parent, and a start time, to root's processes only: this is the second lock. */
function isRoots({ uid, euid }: HookMessage): boolean {
  return uid === 0 && euid === 0;
}

/** What the data are when a hook has ended; `undefined` if there are none, or the hook has failed. */
function dataAfter(hook: HookMessage, outcome: Outcome | undefined): Uint8Array | undefined {
  if (outcome?.type !== "result" || isRefusal(outcome.code)) return undefined;
  const { data_action } = outcome;
  if (data_action === "delete") return undefined;
  const data = data_action === "set" ? outcome.data : hook.data;
  return data === undefined || data.length === 0 ? undefined : data;
}

/** A process, and the instance of the module that it asked. */
function processOf({ pid, started, instance }: HookMessage): string {
  return `${pid} ${started} ${instance ?? ""}`;
}

/** The parent, and what must be the same with it. No part but the last, which is JSON, can have a space in it. */
function keyOf(hook: HookMessage, pid: number, started: number): string {
  return `${pid} ${started} ${hook.instance ?? ""} ${
    JSON.stringify([itemOf(hook, "service"), userOf(hook)])
  }`;
}

function userOf(hook: HookMessage): string | null {
  return itemOf(hook, "user");
}

function itemOf({ items }: HookMessage, name: string): string | null {
  return items.find(({ item }) => item === name)?.value ?? null;
}

function isEqual(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((octet, i) => octet === b[i]);
}
