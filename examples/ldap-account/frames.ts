// SPDX-License-Identifier: MIT
/**
 * Holds what a server sends to the form of LDAP messages (RFC 4511, 4.1.1) before the client library decodes it.
 *
 * ldapts loops for ever over an element that is said to be longer than the message it stands in, and calls itself once for each message of a
 * packet. A server that lies must not be able to stop a worker, so that here every length is checked, and messages go on one at a time.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import { Duplex } from "node:stream";

/** The longest message that is taken, in bytes: an entry with the few attributes that are asked for. */
export const MESSAGE_MAX = 1024 * 1024;
/** What a server may send before a question is asked again, in bytes. */
export const ANSWER_MAX = 2 * MESSAGE_MAX;
/** As many messages: more groups of one person than are looked into. */
export const MESSAGES_MAX = 2048;

const [INTEGER, OCTETS, ENUMERATED, SEQUENCE, SET] = [0x02, 0x04, 0x0a, 0x30, 0x31];
const [BIND, ENTRY, DONE, REFERENCE, EXTENDED] = [0x61, 0x64, 0x65, 0x73, 0x78];
const CONTROLS = 0xa0;
/** More octets than a length may have. */
const LENGTH_OCTETS_MAX = 4;
/** Attributes that ldapts would put in the place of the entry's name, or of what an object is made from. */
const FORBIDDEN: ReadonlySet<string> = new Set(["dn", "__proto__"]);
/** The most octets of a message id or a result code. */
const INTEGER_MAX = 4;

/** Octets that are no LDAP message. */
export class NotLdap extends Error {
  override readonly name = "NotLdap";
}

/** More than was asked for. */
export class TooMuch extends Error {
  override readonly name = "TooMuch";
}

/** An answer that the server was not asked for, and that cannot be used. */
export class Unasked extends Error {
  override readonly name = "Unasked";
}

/** A socket that failed, by its own word, or that is closed. */
export class Broken extends Error {
  override readonly name = "Broken";

  /** What a socket failed of. What is wrong with how it is used, or is not granted, stays what it is. */
  static by(error: Error): Error {
    const isOurs = [TypeError, RangeError, ReferenceError, SyntaxError, Deno.errors.NotCapable].some((kind) =>
      error instanceof kind
    );
    return isOurs ? error : new Broken(error.message, { cause: error });
  }
}

const fail = (what: string): never => {
  throw new NotLdap(`It sent something that is not LDAP: ${what}`);
};

/** An element: its tag, and where its content is. */
interface Element {
  readonly tag: number;
  readonly start: number;
  readonly end: number;
}

/** The element at `at`; `undefined` if `limit` is before the end of its header. Its content may end behind `limit`. */
function elementAt(octets: Uint8Array, at: number, limit: number): Element | undefined {
  const [tag, first] = [octets[at], octets[at + 1]];
  if (at + 2 > limit || tag === undefined || first === undefined) return undefined;
  if (first < 0x80) return { tag, start: at + 2, end: at + 2 + first };
  const count = first & 0x7f;
  if (count === 0 || count > LENGTH_OCTETS_MAX) return fail("a length that is not definite or too long");
  const start = at + 2 + count;
  if (start > limit) return undefined;
  const length = octets.subarray(at + 2, start).reduce((sum, octet) => sum * 256 + octet, 0);
  return { tag, start, end: start + length };
}

/** The elements that fill the content of `outer` exactly. */
function elementsIn(octets: Uint8Array, outer: Element): readonly Element[] {
  const found: Element[] = [];
  for (let at = outer.start; at < outer.end;) {
    const inner = elementAt(octets, at, outer.end);
    if (inner === undefined || inner.end > outer.end) {
      return fail("an element that is longer than what it is in");
    }
    found.push(inner);
    at = inner.end;
  }
  return found;
}

function expectTags(elements: readonly Element[], tags: readonly number[], what: string): void {
  if (tags.some((tag, index) => elements[index]?.tag !== tag)) fail(`${what} of another form`);
}

function checkInteger(element: Element | undefined, what: string): void {
  const length = element === undefined ? 0 : element.end - element.start;
  if (length < 1 || length > INTEGER_MAX) fail(`${what} that is no small number`);
}

function checkAll(elements: readonly Element[], tag: number, what: string): void {
  if (elements.some((element) => element.tag !== tag)) fail(`${what} of another form`);
}

function checkEntry(octets: Uint8Array, operation: Element): void {
  const parts = elementsIn(octets, operation);
  expectTags(parts, [OCTETS, SEQUENCE], "an entry");
  if (parts.length !== 2) fail("an entry of another form");
  const attributes = elementsIn(octets, parts[1]!);
  checkAll(attributes, SEQUENCE, "an attribute");
  for (const attribute of attributes) {
    const pair = elementsIn(octets, attribute);
    expectTags(pair, [OCTETS, SET], "an attribute");
    if (pair.length !== 2) fail("an attribute of another form");
    const { start, end } = pair[0]!;
    const name = new TextDecoder().decode(octets.subarray(start, end));
    if (FORBIDDEN.has(name)) throw new Unasked(`It sent an attribute that is called ${name}`);
    checkAll(elementsIn(octets, pair[1]!), OCTETS, "a value");
  }
}

function checkResult(octets: Uint8Array, operation: Element): void {
  const parts = elementsIn(octets, operation);
  expectTags(parts, [ENUMERATED, OCTETS, OCTETS], "a result");
  checkInteger(parts[0], "a result code");
}

function checkControls(octets: Uint8Array, controls: Element): void {
  if (controls.tag !== CONTROLS) fail("something behind a message's operation");
  for (const control of elementsIn(octets, controls)) {
    if (control.tag !== SEQUENCE) fail("a control of another form");
    const parts = elementsIn(octets, control);
    expectTags(parts, [OCTETS], "a control");
  }
}

/**
 * Checks one message: that it is a response, and every element is where it belongs.
 *
 * @throws {NotLdap} if it is not.
 * @throws {Unasked} if it is an entry with an attribute that no entry has.
 */
export function checkMessage(octets: Uint8Array): void {
  const message = elementAt(octets, 0, octets.length);
  if (message?.tag !== SEQUENCE || message.end !== octets.length) return fail("no message");
  const [id, operation, controls, ...more] = elementsIn(octets, message);
  if (id?.tag !== INTEGER || operation === undefined || more.length > 0) {
    return fail("a message of another form");
  }
  checkInteger(id, "a message id");
  switch (operation.tag) {
    case ENTRY:
      checkEntry(octets, operation);
      break;
    case REFERENCE:
      checkAll(elementsIn(octets, operation), OCTETS, "a referral");
      break;
    case BIND:
    case DONE:
    case EXTENDED:
      checkResult(octets, operation);
      break;
    default:
      fail(`an operation 0x${operation.tag.toString(16)}`);
  }
  if (controls !== undefined) checkControls(octets, controls);
}

/** Cuts a stream of octets into messages that were checked. */
export class Messages {
  #rest: Uint8Array = new Uint8Array(0);

  /**
   * Takes the next octets, and gives the messages that are now complete.
   *
   * @throws {NotLdap} if there is something else in the stream.
   * @throws {Unasked} as for {@linkcode checkMessage}.
   */
  push(octets: Uint8Array): Uint8Array[] {
    let buffer = this.#rest.length === 0 ? octets : Buffer.concat([this.#rest, octets]);
    const messages: Uint8Array[] = [];
    while (buffer.length > 0) {
      if (buffer[0] !== SEQUENCE) fail("no message");
      const next = elementAt(buffer, 0, buffer.length);
      if (next !== undefined && next.end > MESSAGE_MAX) fail(`a message of ${next.end} bytes`);
      if (next === undefined || next.end > buffer.length) break;
      const message = buffer.subarray(0, next.end);
      checkMessage(message);
      messages.push(message);
      buffer = buffer.subarray(next.end);
    }
    this.#rest = buffer;
    return messages;
  }
}

/** A socket as ldapts sees it: what comes from it was checked. It cannot be opened again. */
export class CheckedSocket extends Duplex {
  readonly #socket: Duplex;
  readonly #messages = new Messages();
  #bytes = 0;
  #count = 0;
  /** As a socket that is open has it; ldapts asks. */
  readonly connecting = false;

  /** Takes over `socket`, which is open. */
  constructor(socket: Duplex) {
    // Messages stay apart: ldapts calls itself for each one behind the first.
    super({ allowHalfOpen: false, readableObjectMode: true });
    this.#socket = socket;
    socket.on("data", this.#take).on("error", this.#failed).on("end", this.#closed).on("close", this.#closed);
  }

  /** Lets go of the socket, for whoever goes on with it. What has come until now stays here. */
  release(): void {
    this.#socket.pause().off("data", this.#take).off("error", this.#failed);
    this.#socket.off("end", this.#closed).off("close", this.#closed);
  }

  /** As a socket has it. */
  get readyState(): "open" | "closed" {
    return this.destroyed ? "closed" : "open";
  }

  /** Starts to count anew what the server sends. */
  asked(): void {
    this.#bytes = 0;
    this.#count = 0;
  }

  readonly #failed = (error: Error): void => void this.destroy(Broken.by(error));
  readonly #closed = (): void => void this.destroy(new Broken("It closed the connection"));
  readonly #take = (chunk: Uint8Array): void => {
    if (this.destroyed) return;
    try {
      const messages = this.#messages.push(chunk);
      this.#bytes += chunk.length;
      this.#count += messages.length;
      if (this.#bytes > ANSWER_MAX || this.#count > MESSAGES_MAX) {
        throw new TooMuch(`It sent more than ${ANSWER_MAX} bytes or ${MESSAGES_MAX} messages as an answer`);
      }
      for (const message of messages) this.push(message);
    } catch (error) {
      this.destroy(error as Error);
    }
  };

  override _read(): void {}

  override _write(chunk: Uint8Array, _encoding: string, done: (error?: Error | null) => void): void {
    this.#socket.write(chunk, (error) => done(error));
  }

  override _final(done: () => void): void {
    this.#socket.end(done);
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#socket.destroy();
    done(error);
  }
}
