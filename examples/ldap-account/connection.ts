// SPDX-License-Identifier: MIT
// deno-lint-ignore-file pam-deno/context-clock -- how long servers take
/**
 * A connection to one server: protected, bound, and asked through ldapts.
 *
 * The socket is opened here and ldapts gets it once. Left to itself it would open a connection anew whenever one has died, without StartTLS
 * and without the bind.
 *
 * @module
 */

import { Client, type Entry, ResultCodeError, type SearchOptions } from "ldapts";
import { X509Certificate } from "node:crypto";
import { connect, isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type { Deadline } from "./deadline.ts";
import { Broken, CheckedSocket } from "./frames.ts";
import { asProblem, Unavailable, Unusable } from "./problems.ts";
import type { Access, Server } from "./settings.ts";

/** When an idle connection is probed by the kernel, in ms. */
const KEEPALIVE_MS = 30_000;
/** After how long without use a connection is opened anew, in ms. */
const IDLE_MS_MAX = 300_000;
/** After how long in any case, in ms: certificates and passwords change. */
const AGE_MS_MAX = 3_600_000;
/** StartTLS; RFC 4511, 4.14. */
const START_TLS = "1.3.6.1.4.1.1466.20037";
/** The largest certificate and password files, in bytes. */
const CA_MAX = 1024 * 1024;
const PASSWORD_MAX = 4096;
const OTHERS = 0o007;
const GROUP_WRITE = 0o020;
const GROUP = 0o070;

/** A server as logs show it. */
export function nameOf({ host, port }: Server): string {
  return host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
}

function read(path: string, max: number, option: string): string {
  try {
    const { isFile, size } = Deno.statSync(path);
    if (!isFile) throw new Error("it is no file");
    if (size > max) throw new Error(`it has more than ${max} bytes`);
    return Deno.readTextFileSync(path);
  } catch (error) {
    const problem = error instanceof Deno.errors.PermissionDenied
      ? "the module's user may not read it: let it, or make it a credential"
      : (error as Error).message;
    throw new Unusable(`Cannot read "${option}=", ${path}: ${problem}`);
  }
}

/** The certificates in a file. An empty list would stand for Deno's own. */
function readCa(path: string): string[] {
  const text = read(path, CA_MAX, "ca");
  const found = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  try {
    found.forEach((certificate) => new X509Certificate(certificate));
  } catch {
    found.length = 0;
  }
  if (found.length === 0) {
    throw new Unusable(`Cannot use "ca=", ${path}: it holds no certificate in PEM, or a broken one`);
  }
  return found;
}

/** The password in a file that nobody else can read. */
function readPassword(path: string): string {
  const password = read(path, PASSWORD_MAX, "bind_password_file").replace(/\r?\n$/, "");
  const { mode, uid } = Deno.statSync(path);
  // A copy that systemd or the supervisor made belongs to root, and its group is the module's own.
  const forbidden = uid === 0 ? OTHERS | GROUP_WRITE : OTHERS | GROUP;
  if (((mode ?? 0o777) & forbidden) !== 0) {
    throw new Unusable(
      `Cannot trust "bind_password_file=", ${path}: others can read it; run chmod 600 on it`,
    );
  }
  // With an empty password a bind succeeds for everybody, and means nobody; RFC 4513, 5.1.2.
  if (password === "") throw new Unusable(`Cannot use "bind_password_file=", ${path}: it is empty`);
  return password;
}

/** Waits until a socket is open, or gives up and closes it. */
async function opened<S extends Socket>(
  socket: S,
  event: "connect" | "secureConnect",
  deadline: Deadline,
): Promise<S> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const failed = (error: Error) => reject(Broken.by(error));
  const closed = () => reject(new Broken("It closed the connection"));
  // Heard for ever: an error that nobody hears ends the worker.
  socket.on("error", () => {});
  socket.once(event, resolve).on("error", failed).on("close", closed);
  try {
    await deadline.race(promise);
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    socket.off(event, resolve).off("error", failed).off("close", closed);
  }
}

/** The name of the server is checked against its certificate by what stands here. */
function tlsOptions({ host }: Server, ca: readonly string[] | undefined) {
  const named = isIP(host) === 0 ? { servername: host } : {};
  return { host, ...named, minVersion: "TLSv1.2", ...ca === undefined ? {} : { ca: [...ca] } } as const;
}

/** Asks for StartTLS, and gives the socket behind it. What came in clear behind the answer is not seen by anybody. */
async function startTls(
  socket: Socket,
  server: Server,
  ca: readonly string[] | undefined,
  deadline: Deadline,
) {
  const clear = new CheckedSocket(socket);
  const client = clientOver(clear);
  try {
    await deadline.race(client.exop(START_TLS));
  } catch (error) {
    socket.destroy();
    // Nobody has proved to be the server yet: whatever came, anybody on the wire can send.
    throw new Unavailable(asProblem(clear.errored ?? error, "Cannot start TLS").message, { cause: error });
  }
  clear.release();
  return await opened(connectTls({ ...tlsOptions(server, ca), socket }), "secureConnect", deadline);
}

function clientOver(socket: CheckedSocket): Client {
  let given = false;
  return new Client({
    url: "ldap://localhost",
    createConnection: (() => {
      if (given || socket.destroyed) throw socket.errored ?? new Broken("The connection is closed");
      given = true;
      return socket;
    }) as unknown as typeof connect,
  });
}

/** A connection that can be asked. */
export class Connection {
  readonly #socket: CheckedSocket;
  readonly #client: Client;
  readonly #since = performance.now();
  #lastUse = this.#since;

  private constructor(socket: CheckedSocket) {
    this.#socket = socket;
    // Whoever waits for an answer hears of it from ldapts.
    socket.on("error", () => {});
    this.#client = clientOver(socket);
  }

  /**
   * Opens a connection, protects and binds it.
   *
   * @throws {Unavailable} if the server cannot be reached, is too slow, or does not prove to be the one that is meant.
   * @throws {Unusable} if it does not take the credentials, or a file cannot be used.
   */
  static async open(server: Server, access: Access, deadline: Deadline): Promise<Connection> {
    const ca = access.ca === undefined ? undefined : readCa(access.ca);
    const password = access.bind === undefined ? undefined : readPassword(access.bind.passwordFile);
    const { host, port } = server;
    let socket: Socket;
    try {
      socket = access.tls === "ldaps"
        ? await opened(connectTls({ ...tlsOptions(server, ca), port }), "secureConnect", deadline)
        : await opened(connect({ host, port }), "connect", deadline);
      if (access.tls === "starttls") socket = await startTls(socket, server, ca, deadline);
    } catch (error) {
      throw asProblem(error, "Cannot connect");
    }
    socket.setNoDelay(true).setKeepAlive(true, KEEPALIVE_MS);
    const connection = new Connection(new CheckedSocket(socket));
    if (access.bind !== undefined && password !== undefined) {
      await connection.#bind(access.bind.dn, password, deadline);
    }
    return connection;
  }

  async #bind(dn: string, password: string, deadline: Deadline): Promise<void> {
    try {
      await deadline.race(this.#client.bind(dn, password));
    } catch (error) {
      const problem = this.#problem(error, "Cannot bind");
      this.close();
      throw problem;
    }
  }

  /** Whether it can be asked. */
  get isOpen(): boolean {
    const now = performance.now();
    return !this.#socket.destroyed && now - this.#lastUse < IDLE_MS_MAX && now - this.#since < AGE_MS_MAX;
  }

  /**
   * Searches. A connection whose time runs out is closed: what comes late is of no use.
   *
   * @throws {Unavailable} as for {@linkcode Connection.open}.
   * @throws {Unusable} if the server says that it cannot be done.
   */
  async search(
    base: string,
    options: SearchOptions,
    deadline: Deadline,
  ): Promise<{ entries: Entry[]; references: number }> {
    this.#lastUse = performance.now();
    this.#socket.asked();
    try {
      const timeLimit = Math.max(1, Math.ceil(deadline.restMs / 1000));
      const found = await deadline.race(this.#client.search(base, { ...options, timeLimit }));
      return { entries: found.searchEntries, references: found.searchReferences.length };
    } catch (error) {
      if (deadline.hasRunOut) this.close();
      throw this.#problem(error, "Cannot search");
    }
  }

  /** What a socket died of says more than that it did; what the server has said before counts all the same. */
  #problem(error: unknown, doing: string) {
    const isTold = [ResultCodeError, Unavailable, Unusable].some((kind) => error instanceof kind);
    return asProblem(isTold ? error : this.#socket.errored ?? error, doing);
  }

  /** Closes it. Whoever waits for an answer gets none. */
  close(): void {
    this.#socket.destroy(new Broken("The connection was closed"));
  }
}
