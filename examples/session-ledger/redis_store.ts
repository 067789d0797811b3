// SPDX-License-Identifier: MIT
/**
 * The ledger of several machines, in one Redis.
 *
 * @module
 */

import * as v from "valibot";
import type { Place } from "./options.ts";
import { RedisConnection } from "./redis_connection.ts";
import { ADMIT, ALL, CANDIDATES, END, HISTORY, OF_HOST, RENEW } from "./redis_scripts.ts";
import {
  type Admission,
  type AdmitRequest,
  CANDIDATES_MAX,
  type EndedSession,
  type Ending,
  HISTORY_MAX,
  OTHERS_MAX,
  type Session,
  type Store,
  StoreError,
} from "./store.ts";

/** So often within the time after which a host counts as gone does it say that it is there. */
const RENEWALS = 4;
/** How long saying so may take, in ms. */
const RENEW_MS_MAX = 3_000;

const KeptSession = v.object({
  id: v.string(),
  host: v.string(),
  service: v.string(),
  user: v.string(),
  tty: v.exactOptional(v.string()),
  rhost: v.exactOptional(v.string()),
  ruser: v.exactOptional(v.string()),
  pid: v.number(),
  started: v.exactOptional(v.number()),
  opened: v.number(),
  scopes: v.array(v.string()),
});

const Texts = v.array(v.string());
const Entries = v.array(v.tuple([v.string(), Texts]));

/** The Redis of several machines, as one of them sees it. */
export class RedisStore implements Store {
  readonly #place: Place;
  readonly #host: string;
  readonly #connection: RedisConnection;
  #renewing: ReturnType<typeof setInterval> | undefined;

  /** A store in the Redis of `place`, for the machine `host`; nothing is connected yet. */
  constructor(place: Place, host: string) {
    this.#place = place;
    this.#host = host;
    this.#connection = new RedisConnection(place);
  }

  async candidates(scopes: readonly string[], signal: AbortSignal): Promise<readonly Session[]> {
    const bounds = { max: CANDIDATES_MAX, others: OTHERS_MAX };
    return this.#sessions(await this.#run(CANDIDATES, { scopes, ...bounds }, signal));
  }

  async admit({ session, limits, dead }: AdmitRequest, signal: AbortSignal): Promise<Admission> {
    const request = { limits, dead, at: session.opened };
    const reply = await this.#run(ADMIT, request, signal, JSON.stringify(session));
    const [scope, open, ...reaped] = this.#understand(
      v.tupleWithRest([v.string(), v.number()], v.string()),
      reply,
    );
    this.#keepRenewing();
    const limit = limits.find((limit) => limit.scope === scope);
    return { reached: limit === undefined ? undefined : { ...limit, open }, reaped };
  }

  async end(id: string, how: Ending, at: number, signal: AbortSignal): Promise<Session | undefined> {
    const text = await this.#run(END, { id, how, at }, signal);
    return text === null ? undefined : this.#sessions([text])[0];
  }

  async ofHost(signal: AbortSignal): Promise<readonly Session[]> {
    return this.#sessions(await this.#run(OF_HOST, {}, signal));
  }

  async all(signal: AbortSignal): Promise<readonly Session[]> {
    const sessions = this.#sessions(await this.#run(ALL, {}, signal));
    return sessions.toSorted((a, b) => a.opened - b.opened);
  }

  async history(count: number, signal: AbortSignal): Promise<readonly EndedSession[]> {
    const entries = this.#understand(Entries, await this.#run(HISTORY, { count }, signal));
    return entries.flatMap(([, fields]) => {
      const [, text, , ended, , how] = fields;
      return this.#sessions([text]).map((session) => ({
        ...session,
        ended: Number(ended),
        how: how as Ending,
      }));
    });
  }

  close(): void {
    clearInterval(this.#renewing);
    this.#renewing = undefined;
    this.#connection.close();
  }

  async #run(script: string, request: object, signal: AbortSignal, ...more: string[]): Promise<unknown> {
    const common = { host: this.#host, gone: this.#place.hostGoneMs ?? 0, history: HISTORY_MAX };
    return await this.#connection.run(script, [JSON.stringify({ ...common, ...request }), ...more], signal);
  }

  /** From the first session on, says in time that this host is there, also when nobody comes. */
  #keepRenewing(): void {
    const { hostGoneMs } = this.#place;
    if (hostGoneMs === undefined || this.#renewing !== undefined) return;
    const renew = () => {
      // What goes wrong here is said by the next hook, which finds the same.
      this.#run(RENEW, {}, AbortSignal.timeout(RENEW_MS_MAX)).catch(() => {});
    };
    this.#renewing = setInterval(renew, hostGoneMs / RENEWALS);
    Deno.unrefTimer(this.#renewing as unknown as number);
  }

  #sessions(reply: unknown): Session[] {
    return this.#understand(Texts, reply).map((text) => this.#understand(KeptSession, JSON.parse(text)));
  }

  #understand<T>(schema: v.GenericSchema<unknown, T>, value: unknown): T {
    const { output, success } = v.safeParse(schema, value);
    if (success) return output;
    throw new StoreError(
      `${this.#place.store}: Cannot read what is kept under "{${this.#place.prefix}}:": something else writes there, or another version of this module`,
    );
  }
}
