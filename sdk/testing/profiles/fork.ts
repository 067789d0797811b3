// SPDX-License-Identifier: MIT
/**
 * The processes of a replay: each has its own copy of the PAM handles, and module data come back to a parent as the worker's mirror
 * gives them.
 *
 * @module
 */

import { typeError } from "../../coded.ts";
import type { Hook } from "../../hooks.ts";
import { Handle } from "../handle.ts";
import type { HookResult } from "../hook_result.ts";
import type { Profile, ProfileProcess, ProfileScene } from "./profile.ts";
import { profileText } from "./scene.ts";

/** The first process; the others count on from here. */
const FIRST_PID = 1000;
const FIRST_START = 100_000;
/** The hooks that a child runs before it exits. */
const BEFORE: readonly Hook[] = ["authenticate", "account", "preliminary", "update"];

/** What a child left for its parent. */
interface Left {
  /** Whom it is about. */
  readonly user: string | undefined;
  readonly data: Uint8Array;
  /** Whether more has passed than this module's authenticate, where that can be told. */
  readonly counts: boolean;
  isOnHandle: boolean;
}

/** A running process. */
export interface Running {
  readonly name: string;
  readonly process: ProfileProcess;
  readonly pid: number;
  readonly started: number;
  readonly handles: Map<string, Handle>;
}

const isSame = (a: Uint8Array, b: Uint8Array) =>
  a.length === b.length && a.every((octet, i) => octet === b[i]);

/** The processes of one replay. */
export class Processes {
  readonly #profile: Profile;
  readonly #scene: ProfileScene;
  readonly #start: (handle: Handle) => void;
  readonly #hooks: readonly Hook[];
  readonly #running = new Map<string, Running>();
  /** By the name of the parent. */
  readonly #left = new Map<string, Left>();

  /** None is running yet; `start` is told of each new handle, and `hooks` are those of the module. */
  constructor(
    profile: Profile,
    scene: ProfileScene,
    hooks: readonly Hook[],
    start: (handle: Handle) => void = () => {},
  ) {
    this.#profile = profile;
    this.#scene = scene;
    this.#hooks = hooks;
    this.#start = start;
  }

  /** A process, which is started if it was not, and its parents with it. */
  get(name: string): Running {
    const known = this.#running.get(name);
    if (known !== undefined) return known;
    const process = this.#profile.processes[name];
    if (process === undefined) throw typeError("kit-misused", `The profile has no process "${name}"`);
    const { parent, start = "exec" } = process;
    const from = parent === undefined ? undefined : this.get(parent);
    const handles = new Map<string, Handle>();
    if (start === "fork" && from !== undefined) {
      for (const key of Object.keys(this.#profile.handles)) handles.set(key, this.handle(from, key).copy());
    }
    const at = this.#running.size;
    const running = { name, process, pid: FIRST_PID + at, started: FIRST_START + at, handles };
    this.#running.set(name, running);
    return running;
  }

  /** A handle of a process, which is started if it was not. */
  handle(running: Running, name: string): Handle {
    const known = running.handles.get(name);
    if (known !== undefined) return known;
    const started = this.#profile.handles[name];
    if (started === undefined) throw typeError("kit-misused", `The profile has no handle "${name}"`);
    const { service, user, items, environment = {} } = started;
    const text = (value: string) => profileText(value, this.#scene);
    const handle = new Handle({ service, user: user === undefined ? undefined : text(user) });
    for (const [item, value] of Object.entries(items)) {
      handle.setItem(item as keyof typeof items, text(value));
    }
    for (const [variable, value] of Object.entries(environment)) handle.setVariable(variable, text(value));
    this.#start(handle);
    running.handles.set(name, handle);
    return handle;
  }

  /** Gives a hook of a parent what its child left, if it is for it. */
  resume({ name }: Running, handle: Handle, hook: Hook): boolean {
    if (hook !== "setCredentials" && hook !== "openSession") return false;
    const left = this.#left.get(name);
    if (left?.user !== handle.items.get("user")) return false;
    if (hook === "openSession") this.#left.delete(name);
    if (left === undefined || !left.counts) return false;
    if (left.isOnHandle && handle.data !== undefined && !isSame(handle.data, left.data)) return false;
    handle.data = left.data.slice();
    return true;
  }

  /** Notes what a hook leaves behind. */
  note(running: Running, handle: Handle, { hook, code, data }: HookResult): void {
    const own = this.#left.get(running.name);
    if (hook === "setCredentials" && own !== undefined) {
      if (data === "deleted") this.#left.delete(running.name);
      if (data === "set") own.isOnHandle = true;
    }
    const { parent, leaves } = running.process;
    if (leaves === undefined || parent === undefined || !BEFORE.includes(hook)) return;
    const above = this.handle(this.get(parent), "main");
    above.environment.clear();
    for (const [variable, value] of handle.environment) above.environment.set(variable, value);
    if (code === "ignore") return;
    const passed = code === "success" || code === "new_authtok_reqd";
    const counts = !this.#hooks.includes("account") || hook !== "authenticate";
    if (passed && handle.data !== undefined) {
      this.#left.set(parent, {
        user: handle.items.get("user"),
        data: handle.data.slice(),
        counts,
        isOnHandle: false,
      });
    } else this.#left.delete(parent);
  }
}
