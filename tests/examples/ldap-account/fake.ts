// SPDX-License-Identifier: MIT
/**
 * A server that does not do what it should: what it sends is made of octets here.
 *
 * @module
 */

/** An element of BER: its tag and its content. */
export function element(tag: number, ...content: readonly (Uint8Array | string)[]): Uint8Array {
  const parts = content.map((part) => typeof part === "string" ? new TextEncoder().encode(part) : part);
  const length = parts.reduce((sum, { length }) => sum + length, 0);
  const octets = length < 0x80 ? [length] : [0x83, length >> 16, (length >> 8) & 0xff, length & 0xff];
  return Uint8Array.from([tag, ...octets, ...parts.flatMap((part) => [...part])]);
}

/** A message. */
export function message(id: number, operation: Uint8Array): Uint8Array {
  return element(0x30, element(0x02, Uint8Array.from([id])), operation);
}

/** The attributes of an entry. */
export type Attributes = Readonly<Record<string, readonly string[]>>;

/** An entry that was found. */
export function entry(dn: string, attributes: Attributes): Uint8Array {
  const list = Object.entries(attributes).map(([name, values]) =>
    element(0x30, element(0x04, name), element(0x31, ...values.map((value) => element(0x04, value))))
  );
  return element(0x64, element(0x04, dn), element(0x30, ...list));
}

/** The end of an answer: 0x65 of a search, 0x61 of a bind, 0x78 of an extended operation. */
export function result(code: number, tag = 0x65): Uint8Array {
  return element(tag, element(0x0a, Uint8Array.from([code])), element(0x04), element(0x04, "{because}"));
}

/** A reference to another place. */
export function reference(url: string): Uint8Array {
  return element(0x73, element(0x04, url));
}

/** The numbers of the requests in a packet, which are small here: `30 LENGTH 02 01 ID …` */
function* idsIn(octets: Uint8Array): Generator<number> {
  for (let at = 0; at < octets.length;) {
    const first = octets[at + 1]!;
    const header = 2 + (first < 0x80 ? 0 : first & 0x7f);
    const length = first < 0x80
      ? first
      : octets.subarray(at + 2, at + header).reduce((sum, one) => sum * 256 + one, 0);
    yield octets[at + header + 2]!;
    at += header + length;
  }
}

/** Sends octets to the client. */
export type Send = (octets: Uint8Array) => Promise<void>;

/** What is done about a request. */
export type Behaviour = (id: number, send: Send, connection: Deno.TcpConn) => void | Promise<void>;

/** The server. */
export class Fake implements AsyncDisposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #connections: Set<Deno.TcpConn> = new Set();
  readonly #accepting: Promise<void>;
  /** What it does about a request. */
  behaviour: Behaviour = () => {};
  /** Whether it closes a connection at once. */
  closes = false;
  /** How many connections there were. */
  accepted = 0;
  /** How many requests. */
  asked = 0;

  constructor() {
    this.#accepting = this.#accept();
  }

  /** Its port. */
  get port(): number {
    return this.#listener.addr.port;
  }

  async #accept(): Promise<void> {
    for await (const connection of this.#listener) {
      this.accepted++;
      if (this.closes) {
        connection.close();
        continue;
      }
      this.#connections.add(connection);
      this.#serve(connection).catch(() => {}).finally(() => this.#close(connection));
    }
  }

  async #serve(connection: Deno.TcpConn): Promise<void> {
    const send: Send = async (octets) => {
      for (let at = 0; at < octets.length;) at += await connection.write(octets.subarray(at));
    };
    const buffer = new Uint8Array(65_536);
    while (true) {
      const count = await connection.read(buffer);
      if (count === null) return;
      for (const id of idsIn(buffer.subarray(0, count))) {
        this.asked++;
        await this.behaviour(id, send, connection);
      }
    }
  }

  #close(connection: Deno.TcpConn): void {
    if (!this.#connections.delete(connection)) return;
    try {
      connection.close();
    } catch (error) {
      // What it does about a request may have been to close.
      if (!(error instanceof Deno.errors.BadResource)) throw error;
    }
  }

  /** Closes all connections. */
  drop(): void {
    for (const connection of [...this.#connections]) this.#close(connection);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    this.drop();
    await this.#accepting;
  }
}
