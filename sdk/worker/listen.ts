// SPDX-License-Identifier: MIT
/**
 * Serves short Unix-socket connections on an inherited listening descriptor, without any permission.
 *
 * There are two ways to do it, with one behaviour. The *fast* one drives the handles underneath `node:net`
 * directly: no socket object, no streams, no buffer per read. It costs about 10 µs more than an epoll loop in C,
 * but these handles are Deno's internals, so it is taken only after {@linkcode listen} found them to be what it
 * knows. The *plain* one is `node:net` as everybody uses it.
 *
 * @module
 */

import type { Server, Socket } from "node:net";
import process from "node:process";
import {
  findInternals,
  type Internals,
  type ListeningHandle,
  type PipeHandle,
  READ_OFFSET,
  READ_RESULT,
  SERVER,
  SOCKET,
  WRITE_WAITS,
  type WriteRequest,
} from "./pipe_handle.ts";

/** One accepted connection. The owner sets the two callbacks while it is in `onConnection`. */
export interface Connection {
  /** Called with each chunk received. Its bytes are wiped when the call returns: copy what is to be kept. */
  onData: (chunk: Uint8Array) => void;
  /** Called once if the peer hung up or the connection broke; never after the owner's own `close()`. */
  onEnd: () => void;
  /** Sends bytes, which the caller will not touch again and which are wiped once sent. Ignored once the connection has ended. */
  write(bytes: Uint8Array): void;
  /** Flushes what was written, then closes. No callback comes after it. */
  close(): void;
}

/** What {@linkcode listen} returns: the listening half. */
export interface Listener {
  /** Which of the two ways is in use. */
  readonly path: "fast" | "plain";
  /** How many connections are open. */
  readonly open: number;
  /** Whether there was no descriptor left for a new connection when it was looked last; only the fast path looks. */
  readonly isShort: boolean;
  /** Resolves once `stop()` was called and the last connection has ended. */
  readonly finished: Promise<void>;
  /** Stops accepting; open connections go on, new callers wait in the backlog for whoever listens next. */
  stop(): void;
}

/** What {@linkcode listen} needs to know. */
export interface ListenOptions {
  /** The inherited descriptor; it is closed by `stop()`. */
  fd: number;
  /** Called with each new connection, in the order of their arrival. */
  onConnection: (connection: Connection) => void;
  /** Takes this path instead of the best one; `"fast"` throws where it is not available. */
  path?: "fast" | "plain";
}

/** Callers that may wait to be accepted. The kernel lowers it to `net.core.somaxconn`. */
const BACKLOG = 4095;
/** Bytes a peer may leave unread before its connection counts as broken: a reader that stopped costs no more. */
const MAX_UNSENT = 1 << 20;
/** How long `close()` waits for a peer to take what was written. */
const LINGER_MS = 5_000;
/** How often to try again to accept, in case an accept has failed. */
const NUDGE_MS = 1_000;

type Timer = ReturnType<typeof setInterval>;

/** Listens on an inherited descriptor. Throws when that is not possible; nothing throws later. */
export function listen(options: ListenOptions): Listener {
  const internals = options.path === "plain" ? undefined : findInternals();
  if (internals) return new FastListener(options, internals);
  if (options.path === "fast") throw new Error("The fast path is not available in this version of Deno");
  return new PlainListener(options);
}

// What both paths share.

abstract class BaseListener implements Listener {
  abstract readonly path: "fast" | "plain";
  open = 0;
  isShort = false;
  readonly finished: Promise<void>;
  readonly #onConnection: (connection: Connection) => void;
  readonly #finish: () => void;
  #nudge: Timer | undefined;
  #stopped = false;
  #closed = false;

  constructor(options: ListenOptions) {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.finished = promise;
    this.#finish = resolve;
    this.#onConnection = options.onConnection;
  }

  protected abstract closeListener(): void;

  stop() {
    if (this.#stopped) return;
    this.#stopped = true;
    // Deno accepts all that wait before it hands over the first, and closing in the midst of that would reset
    // the others. Microtasks run only after the last was handed over.
    soon(() => {
      clearInterval(this.#nudge);
      this.closeListener();
      this.#closed = true;
      if (this.open === 0) this.#finish();
    });
  }

  /**
   * After a failed accept (EMFILE, ENFILE, ENOMEM) Deno waits for a readiness that will not come again: the
   * worker would be deaf for ever. Starting to read makes it try to accept once more, and does nothing else.
   */
  protected nudgeEverySecond(server: ListeningHandle, hasDescriptors = () => true) {
    server.onread = ignore;
    this.#nudge = setInterval(() => {
      server.readStart();
      server.readStop();
      this.isShort = !hasDescriptors();
    }, NUDGE_MS);
    this.#nudge.unref();
  }

  protected began(connection: Connection) {
    this.open++;
    try {
      this.#onConnection(connection);
    } catch (error) {
      connection.close();
      reportError(error);
    }
  }

  ended() {
    this.open--;
    if (this.#closed && this.open === 0) this.#finish();
  }
}

abstract class BaseConnection implements Connection {
  onData: (chunk: Uint8Array) => void = ignore;
  onEnd: () => void = ignore;
  /** No more callbacks: the owner has closed, or was told that it is over. */
  protected over = false;
  #linger: Timer | undefined;
  #released = false;

  abstract write(bytes: Uint8Array): void;
  /** How many bytes the kernel has not taken yet. */
  protected abstract readonly unsent: number;
  /** Sees to it that `release()` is called when the last of them was taken. */
  protected abstract releaseSoon(): void;
  /** Closes now, whatever is unsent. May be called again. */
  protected abstract release(): void;

  close() {
    if (this.over) return;
    this.over = true;
    this.#flush();
  }

  protected received(bytes: Uint8Array) {
    try {
      if (!this.over) this.onData(bytes);
    } catch (error) {
      this.over = true;
      this.release();
      reportError(error);
    } finally {
      bytes.fill(0);
    }
  }

  protected hungUp() {
    if (this.over) return;
    this.over = true;
    // A peer that only shut down its sending half still gets what was already written.
    this.#flush();
    try {
      this.onEnd();
    } catch (error) {
      reportError(error);
    }
  }

  protected released() {
    this.#released = true;
    clearTimeout(this.#linger);
  }

  #flush() {
    if (this.#released) return;
    if (this.unsent === 0) return this.release();
    this.#linger = setTimeout(() => this.release(), LINGER_MS);
    this.releaseSoon();
  }
}

function ignore() {}

// A module may put something else in its place.
const soon = queueMicrotask;

function cannotListen(fd: number, status?: number) {
  return new Error(`Cannot listen on descriptor ${fd}${status === undefined ? "" : ` (errno ${-status})`}`);
}

// The plain path.

class PlainListener extends BaseListener {
  readonly path = "plain";
  readonly #server: Server;

  constructor(options: ListenOptions) {
    super(options);
    // Loaded only where it is needed.
    const net = process.getBuiltinModule("node:net");
    this.#server = net.createServer({ allowHalfOpen: true }, (socket) => {
      this.began(new PlainConnection(socket, this));
    });
    this.#server.on("error", ignore);
    this.#server.listen({ fd: options.fd, backlog: BACKLOG });
    if (!this.#server.listening) throw cannotListen(options.fd);
    const { _handle: handle } = this.#server as unknown as { _handle?: Partial<ListeningHandle> };
    if (typeof handle?.readStart === "function" && typeof handle.readStop === "function") {
      this.nudgeEverySecond(handle as ListeningHandle);
    }
  }

  protected override closeListener() {
    this.#server.close();
  }
}

class PlainConnection extends BaseConnection {
  readonly #socket: Socket;

  constructor(socket: Socket, listener: BaseListener) {
    super();
    this.#socket = socket;
    socket.on("data", (chunk: Uint8Array) => this.received(chunk));
    socket.on("end", () => this.hungUp());
    socket.on("error", ignore);
    socket.on("close", () => {
      this.released();
      listener.ended();
      this.hungUp();
    });
  }

  override write(bytes: Uint8Array) {
    if (this.over || bytes.length === 0) return;
    this.#socket.write(bytes, () => void bytes.fill(0));
    if (this.unsent > MAX_UNSENT) this.release();
  }

  protected override get unsent() {
    return this.#socket.writableLength;
  }

  protected override releaseSoon() {
    this.#socket.destroySoon();
  }

  protected override release() {
    this.#socket.destroy();
  }
}

// The fast path.

class FastListener extends BaseListener {
  readonly path = "fast";
  readonly state: Int32Array;
  /** One buffer for all reads: each is given to its owner before the next one happens. */
  readonly inbox = new Uint8Array(65_536);
  /** Serves every write that completes at once, which is nearly all of them. */
  request = new HeldWrite();
  readonly #server: PipeHandle;

  constructor(options: ListenOptions, internals: Internals) {
    super(options);
    this.state = internals.state;
    const { Pipe } = internals;
    const server = new Pipe(SERVER);
    server.onconnection = (status) => {
      const client = new Pipe(SOCKET);
      // Nothing may come before accept(): what it leaves behind is lost.
      if (status !== 0 || server.accept(client) !== 0) return client.close();
      const connection = new FastConnection(client, this);
      this.began(connection);
      connection.start();
    };
    let status = server.open(options.fd);
    if (status === 0) status = server.listen(BACKLOG);
    if (status !== 0) {
      server.close();
      throw cannotListen(options.fd, status);
    }
    this.#server = server;
    this.nudgeEverySecond(server, internals.hasDescriptors);
  }

  protected override closeListener() {
    this.#server.close();
  }
}

class FastConnection extends BaseConnection {
  protected override unsent = 0;
  readonly #listener: FastListener;
  #handle: PipeHandle | undefined;

  constructor(handle: PipeHandle, listener: FastListener) {
    super();
    this.#handle = handle;
    this.#listener = listener;
    handle.onread = (chunk) => this.#read(chunk);
    handle.useUserBuffer(listener.inbox);
  }

  /** Starts to receive, now that the owner has set its callbacks. */
  start() {
    if (this.#handle && this.#handle.readStart() !== 0) this.#fail();
  }

  override write(bytes: Uint8Array) {
    if (this.over || !this.#handle || bytes.length === 0) return;
    const listener = this.#listener;
    const { request, state } = listener;
    if (this.#handle.writeBuffer(request, bytes) !== 0) return this.#fail();
    if (state[WRITE_WAITS] === 0) return void bytes.fill(0);
    request.connection = this;
    request.bytes = bytes;
    listener.request = new HeldWrite();
    this.unsent += bytes.length;
    if (this.unsent > MAX_UNSENT) this.#fail();
  }

  /** A write that had to wait is done. */
  wrote(length: number, status: number) {
    if (!this.#handle) return;
    this.unsent -= length;
    if (status !== 0) this.#fail();
    else if (this.over && this.unsent === 0) this.release();
  }

  #read(chunk?: ArrayBuffer) {
    const { inbox, state } = this.#listener;
    const length = state[READ_RESULT]!;
    if (length <= 0) this.hungUp();
    else if (chunk) this.received(new Uint8Array(chunk, state[READ_OFFSET], length));
    else this.received(inbox.subarray(0, length));
  }

  protected override releaseSoon() {
    // wrote() does.
  }

  protected override release() {
    const handle = this.#handle;
    if (!handle) return;
    this.#handle = undefined;
    handle.close();
    this.released();
    this.#listener.ended();
  }

  /** It is of no use any more. The owner hears of it later, as it may be in the midst of a write. */
  #fail() {
    this.release();
    queueMicrotask(() => this.hungUp());
  }
}

/** Keeps the bytes of a write that the kernel did not take at once. */
class HeldWrite implements WriteRequest {
  connection: FastConnection | undefined;
  bytes: Uint8Array | undefined;

  oncomplete(status: number) {
    this.bytes?.fill(0);
    this.connection?.wrote(this.bytes?.length ?? 0, status);
  }
}
