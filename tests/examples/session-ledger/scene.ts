// SPDX-License-Identifier: MIT
/**
 * The module behind the real libpam, shim and `serve`, with a store of each kind, applications to log in with, and a view of the store
 * beside the module's.
 *
 * @module
 */

import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { RedisStore } from "../../../examples/session-ledger/redis_store.ts";
import { SqliteStore } from "../../../examples/session-ledger/sqlite_store.ts";
import type { Session, Store } from "../../../examples/session-ledger/store.ts";
import { Harness, ROOT } from "../../integration/harness.ts";
import { shimLine } from "../readme.ts";
import { buildCaller, Caller } from "./callers.ts";
import { RedisServer } from "./redis_server.ts";

/** The module. */
export const MODULE: string = join(ROOT, "examples", "session-ledger", "module.ts");

/** The administrator's name for it. */
export const NAME = "session-ledger";

/** The service with its session line. */
export const SERVICE = "ledger";

/** How a scene is set. */
export interface SceneOptions {
  /** The store. */
  readonly kind: "sqlite" | "redis";
  /** Whether Redis speaks TLS. */
  readonly tls?: boolean;
  /** Options of the module, beside its store. */
  readonly options?: Readonly<Record<string, unknown>>;
  /** Further keys of its configuration. */
  readonly config?: Readonly<Record<string, unknown>>;
}

/** A machine with a ledger. */
export class Scene implements AsyncDisposable {
  readonly #callers: Caller[] = [];
  readonly #program: string;
  readonly #folder: string;
  /** What serves. */
  readonly harness: Harness;
  /** The Redis, if that is the store. */
  readonly redis: RedisServer | undefined;
  /** A view of the store. */
  readonly store: Store;

  private constructor(
    parts: {
      harness: Harness;
      redis: RedisServer | undefined;
      store: Store;
      folder: string;
      program: string;
    },
  ) {
    this.harness = parts.harness;
    this.redis = parts.redis;
    this.store = parts.store;
    this.#folder = parts.folder;
    this.#program = parts.program;
  }

  /** Sets the scene: everything runs. */
  static async start({ kind, tls = false, options = {}, config = {} }: SceneOptions): Promise<Scene> {
    const folder = Deno.makeTempDirSync();
    const program = await buildCaller(folder);
    const redis = kind === "redis" ? await RedisServer.start({ tls }) : undefined;
    const harness = new Harness();
    const { store, keys } = redis === undefined ? sqlite(harness) : overRedis(redis, tls);
    const scene = new Scene({ harness, redis, store, folder, program });
    try {
      harness.configure(NAME, MODULE, { ...keys, ...config, options: { ...keys.options, ...options } });
      await harness.serve();
      harness.stack(SERVICE, [shimLine(NAME, "session")]);
    } catch (error) {
      await scene[Symbol.asyncDispose]();
      throw error;
    }
    return scene;
  }

  /** Starts applications, which do nothing yet. */
  callers(count: number, user = "nobody", service = SERVICE): Caller[] {
    const confdir = this.harness.services.path;
    const callers = Array.from({ length: count }, (_, i) => {
      const tty = `pts/${this.#callers.length + i}`;
      return new Caller({ program: this.#program, confdir, service, user, tty });
    });
    this.#callers.push(...callers);
    return callers;
  }

  /** All applications that were started, those that have ended too. */
  get started(): readonly Caller[] {
    return this.#callers;
  }

  /** The sessions that the store has. */
  async open(): Promise<readonly Session[]> {
    return await this.store.all(AbortSignal.timeout(10_000));
  }

  /** The processes of the sessions that the store has, sorted. */
  async pids(): Promise<readonly number[]> {
    return (await this.open()).map(({ pid }) => pid).sort((a, b) => a - b);
  }

  /** What the shim wrote to the system log, without libpam's prefix. */
  get log(): readonly string[] {
    return this.harness.syslog.map(({ level, text }) => `${level} ${text}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#callers.map((caller) => caller.kill()));
    this.store.close();
    await this.harness[Symbol.asyncDispose]();
    await this.redis?.[Symbol.asyncDispose]();
    Deno.removeSync(this.#folder, { recursive: true });
  }
}

function sqlite(harness: Harness) {
  const store = new SqliteStore(join(harness.keepDir, NAME, "sessions.db"), { readOnly: true });
  const keys = {
    state: true,
    permissions: { sys: ["hostname"] },
    options: { store: { state: "sessions.db" } },
  };
  return { store, keys };
}

function overRedis(redis: RedisServer, tls: boolean) {
  const { store: url, port, passwordFile, ca } = redis;
  const place = {
    store: url,
    passwordFile,
    prefix: NAME,
    host: undefined,
    hostGoneMs: undefined,
    username: undefined,
    ca: tls ? ca : undefined,
  };
  const options = { store: url, password_file: { credential: "redis" } };
  const net = [`127.0.0.1:${port}`];
  const keys = {
    credentials: { redis: passwordFile },
    permissions: tls ? { sys: ["hostname"], net, read: [ca] } : { sys: ["hostname"], net },
    options: tls ? { ...options, ca } : options,
  };
  return { store: new RedisStore(place, "observer"), keys };
}

/** Waits until `is` holds, looking again and again. */
export async function eventually(
  what: string,
  is: () => boolean | Promise<boolean>,
  ms = 10_000,
): Promise<void> {
  for (const end = performance.now() + ms; performance.now() < end; await sleep(20)) {
    if (await is()) return;
  }
  throw new Error(`Not within ${ms} ms: ${what}`);
}
