// SPDX-License-Identifier: MIT
/**
 * A caller in TypeScript: what the shim does on a connection, a frame at a time, and what it never would.
 *
 * @module
 */

import {
  decode,
  encode,
  FINGERPRINT,
  FrameReader,
  type Message,
  type MessageFrom,
  type MessageOf,
  VERSION,
} from "../../../sdk/wire/mod.ts";

/** How long a test waits for what must come. */
export const PATIENCE_MS = 5_000;

/** A `hook` with the usual fields; `over` replaces some. */
export function hookMessage(
  over: Partial<MessageOf<"hook">> & { user?: string; rhost?: string } = {},
): MessageOf<"hook"> {
  const { user = "alice", rhost, ...fields } = over;
  return {
    type: "hook",
    version: VERSION,
    fingerprint: Uint8Array.from(FINGERPRINT),
    hook: "account",
    flags: 0,
    budget_ms: 5_000,
    pid: Deno.pid,
    uid: 0,
    euid: 0,
    module: "test",
    grants: [],
    options: [],
    items: [
      { item: "service", value: "test" },
      { item: "user", value: user },
      ...rhost === undefined ? [] : [{ item: "rhost", value: rhost } as const],
    ],
    environment: [],
    ...fields,
  };
}

/** One connection to a worker. */
export class Client implements Disposable {
  readonly #connection: Deno.UnixConn;
  readonly #reader = new FrameReader();
  readonly #buffer = new Uint8Array(65_536);

  constructor(connection: Deno.UnixConn) {
    this.#connection = connection;
  }

  /** Connects to the socket at `path`. */
  static async connect(path: string): Promise<Client> {
    return new Client(await Deno.connect({ transport: "unix", path }));
  }

  /** Sends a message. */
  async send(message: Message): Promise<void> {
    await this.write(encode(message));
  }

  /** Sends octets as they are. */
  async write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) at += await this.#connection.write(bytes.subarray(at));
  }

  /** The next message; `undefined` once the worker has closed the connection. */
  async receive(): Promise<MessageFrom<"worker"> | undefined> {
    for (;;) {
      const frame = this.#reader.next();
      if (frame) return decode(frame, { from: "worker" });
      const length = await within(PATIENCE_MS, this.#connection.read(this.#buffer), "a frame of the worker");
      if (length === null) return undefined;
      this.#reader.push(this.#buffer.slice(0, length));
    }
  }

  /** Every message until the worker closes the connection. */
  async rest(): Promise<MessageFrom<"worker">[]> {
    const messages: MessageFrom<"worker">[] = [];
    for (let message; (message = await this.receive()) !== undefined;) messages.push(message);
    return messages;
  }

  /** Sends a hook and gives what ends it. */
  async ask(over: Parameters<typeof hookMessage>[0] = {}): Promise<MessageFrom<"worker"> | undefined> {
    await this.send(hookMessage(over));
    return (await this.rest()).at(-1);
  }

  [Symbol.dispose](): void {
    try {
      this.#connection.close();
    } catch {
      // It was closed already.
    }
  }
}

/** Connects, asks one hook, and gives what ends it. */
export async function decide(
  path: string,
  over: Parameters<typeof hookMessage>[0] = {},
): Promise<MessageFrom<"worker"> | undefined> {
  using client = await Client.connect(path);
  return await client.ask(over);
}

/** `promise`, or an error that names what did not come. */
export async function within<T>(ms: number, promise: Promise<T>, what: string): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`${what} did not come within ${ms} ms`)), ms);
  try {
    return await Promise.race([promise, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}
