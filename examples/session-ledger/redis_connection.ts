// SPDX-License-Identifier: MIT
// deno-lint-ignore-file pam-deno/context-clock -- how long the server takes
/**
 * The worker's one connection to Redis: made when it is needed, kept, and made again when it was lost.
 *
 * @module
 */

import { setTimeout as sleep } from "node:timers/promises";
// Not "@redis/client" itself: it imports a package by name when one of its functions is called, and a bundle may not.
import client from "@redis/client/dist/lib/client/index.js";
import { ErrorReply } from "@redis/client/dist/lib/errors.js";
import type { Place } from "./options.ts";
import { StoreError } from "./store.ts";

/** How long making a connection may take, in ms, with TLS and password. */
const CONNECT_MS_MAX = 1_500;
/** How long after it was lost hooks wait for Redis to come back, in ms; later ones are answered at the first failure. */
const COME_BACK_MS = 1_500;
/** After how many ms without any answer a connection is given up. */
const SILENT_MS = 2_000;
/** How long a hook sleeps between two attempts, in ms. */
const RETRY_MS = 50;
/** The longest password file, in bytes. */
const PASSWORD_FILE_MAX = 4096;
/** Redis's own port. */
const PORT = 6379;

type Client = ReturnType<typeof newClient>;

function newClient(place: Place) {
  const url = new URL(place.store);
  const socket = {
    host: url.hostname.replace(/^\[(.*)\]$/, "$1"),
    port: Number(url.port || PORT),
    connectTimeout: CONNECT_MS_MAX,
    // Whoever needs it next makes the next attempt: nothing runs on its own while Redis is away.
    reconnectStrategy: false,
  } as const;
  const ca = place.ca === undefined ? {} : { ca: Deno.readTextFileSync(place.ca) };
  const made = client.default.create({
    socket: url.protocol === "rediss:" ? { ...socket, ...ca, tls: true } : socket,
    database: Number(url.pathname.replace("/", "")),
    ...place.username === undefined ? {} : { username: place.username },
    ...place.passwordFile === undefined ? {} : { password: passwordIn(place.passwordFile) },
    disableOfflineQueue: true,
    maintNotifications: "disabled",
  });
  // Every failure reaches whoever asked; without a listener it would end the worker as well.
  made.on("error", () => {});
  return made;
}

function passwordIn(path: string): string {
  const { size } = Deno.statSync(path);
  if (size > PASSWORD_FILE_MAX) {
    throw new StoreError(`${path}: Cannot take the password: at most ${PASSWORD_FILE_MAX} bytes are read`);
  }
  const password = Deno.readTextFileSync(path).replace(/\r?\n$/, "");
  if (password === "") throw new StoreError(`${path}: Cannot take an empty password: write it into the file`);
  return password;
}

/** Waits for `promise`, and no longer than until `signal` fires. */
async function until<T>(promise: Promise<T>, signal: AbortSignal, late: string): Promise<T> {
  const { promise: fired, reject } = Promise.withResolvers<never>();
  const fire = () => reject(new StoreError(late));
  signal.addEventListener("abort", fire, { once: true });
  if (signal.aborted) fire();
  try {
    return await Promise.race([promise, fired]);
  } finally {
    signal.removeEventListener("abort", fire);
    // Whichever of the two comes second is nobody's any more.
    promise.catch(() => {});
  }
}

/** The connection. */
export class RedisConnection {
  readonly #place: Place;
  #client: Client | undefined;
  #connecting: Promise<Client> | undefined;
  #lostAt: number | undefined;
  #answeredAt = 0;

  /** A connection to `place`; none is made yet. */
  constructor(place: Place) {
    this.#place = place;
  }

  /**
   * Runs a script, with `{PREFIX}` as KEYS[1]. It is run again if the connection is lost before the reply:
   * whatever a script does must come to the same when it is done twice.
   */
  async run(script: string, args: readonly string[], signal: AbortSignal): Promise<unknown> {
    for (let attempt = 1;; attempt++) {
      try {
        const client = await this.#ready(signal);
        return await this.#ask(client, ["EVAL", script, "1", `{${this.#place.prefix}}`, ...args], signal);
      } catch (error) {
        if (!canPass(error)) throw this.#problem(error);
        this.#lostAt ??= performance.now();
        // One that was lost while nobody looked is worth another attempt, however long ago that was.
        const isOver = attempt > 1 && performance.now() - this.#lostAt > COME_BACK_MS;
        if (isOver || signal.aborted) throw this.#problem(error);
      }
      await sleep(RETRY_MS);
    }
  }

  async #ask(client: Client, command: readonly string[], signal: AbortSignal): Promise<unknown> {
    const sentAt = performance.now();
    try {
      const reply = await until(client.sendCommand(command), signal, this.#say("It did not answer in time"));
      this.#answeredAt = performance.now();
      this.#lostAt = undefined;
      return reply;
    } catch (error) {
      // Whoever hangs up leaves the connection to the others; one on which nothing comes is of no use to anybody.
      const isSilent = performance.now() - Math.max(sentAt, this.#answeredAt) > SILENT_MS;
      const isLost = !(error instanceof ErrorReply || error instanceof StoreError);
      if ((isSilent || isLost) && this.#client === client) this.#drop();
      throw error;
    }
  }

  /** Ends the connection; the next script makes another one. */
  close(): void {
    this.#drop();
  }

  #ready(signal: AbortSignal): Promise<Client> {
    if (this.#client?.isReady) return Promise.resolve(this.#client);
    this.#connecting ??= this.#connect().finally(() => this.#connecting = undefined);
    return until(this.#connecting, signal, this.#say("It could not be reached in time"));
  }

  async #connect(): Promise<Client> {
    this.#drop();
    const client = newClient(this.#place);
    const timer = new AbortController();
    try {
      const late = sleep(CONNECT_MS_MAX, undefined, { signal: timer.signal }).then(() => {
        throw new Error("It did not answer in time");
      });
      await Promise.race([client.connect(), late]);
    } catch (error) {
      client.destroy();
      throw error;
    } finally {
      timer.abort();
    }
    this.#client = client;
    return client;
  }

  #drop(): void {
    const client = this.#client;
    this.#client = undefined;
    client?.destroy();
  }

  #say(what: string): string {
    return `${this.#place.store}: ${what}: look whether Redis is well, and how far it is`;
  }

  #problem(error: unknown): StoreError {
    if (error instanceof StoreError) return error;
    const message = messageOf(error);
    const [, what] = REMEDIES.find(([pattern]) => pattern.test(message)) ?? [];
    return new StoreError(
      `${this.#place.store}: ${message}: ${what ?? "look whether Redis is there, and what its log says"}`,
      { cause: error },
    );
  }
}

function messageOf(error: unknown): string {
  // One host name may have several addresses, each with a failure of its own.
  if (error instanceof AggregateError) return error.errors.map(messageOf).join(", ");
  return error instanceof Error ? error.message : String(error);
}

/** Whether it may be well again in a moment. */
function canPass(error: unknown): boolean {
  const message = messageOf(error);
  if (error instanceof StoreError) return false;
  if (error instanceof ErrorReply) return /^(?:LOADING|BUSY|TRYAGAIN)\b/.test(message);
  return !/certificate|Requires \w+ access/.test(message);
}

const REMEDIES: readonly (readonly [RegExp, string])[] = [
  [
    /^(?:WRONGPASS|NOAUTH|ERR AUTH|ERR invalid password)/,
    'mend "username" and the file "password_file", then reload the module',
  ],
  [/Requires net access/, 'grant "net" for this host and port in the module\'s configuration'],
  [/Requires read access/, 'name it with { "credential": "NAME" }, or grant "read" for it'],
  [/No such file/, 'mend "password_file" and "ca"'],
  [/certificate/, 'name those who signed it with "ca", and Redis as its certificate does'],
  [/^(?:OOM|MISCONF|READONLY|NOPERM|MASTERDOWN|CLUSTERDOWN)/, "Redis takes no sessions: do what it says"],
];
