// SPDX-License-Identifier: MIT
/**
 * Asks through a module's socket whether a worker is there, without running a line of the module: a greeting in a version that nobody
 * serves, which a worker must answer with `no_common_version` before it looks at anything else.
 *
 * @module
 */

import { Errno, LibcError } from "./libc.ts";
import type { Line } from "./unix_client.ts";
import { decode, encode, FINGERPRINT, FrameReader, NO_VERSION, VERSION } from "../wire/mod.ts";

/** A worker that answered. */
export interface Knock {
  /** From connecting to the answer, in ms. */
  readonly ms: number;
  /** What it said, for people. */
  readonly answer: string;
}

/** Nobody answered, or not as a worker does. The message says what happened. */
export class KnockError extends Error {
  override name = "KnockError";
  /** Whether nobody listens there at all. */
  readonly isRefused: boolean;
  /** Whether a worker is there all the same, and says why it does not serve. */
  readonly isAnswered: boolean;

  /** Says what happened. */
  constructor(message: string, isRefused = false, isAnswered = false) {
    super(message);
    this.isRefused = isRefused;
    this.isAnswered = isAnswered;
  }
}

/** How long an answer may take: as long as a hook may by default, since a service may have to be started for it. */
export const KNOCK_MAX_MS = 5_000;

/** Where the version stands in a frame of `hook`: behind the length word and the tag. */
const VERSION_AT = 5;
const READ_SIZE = 1_024;

/**
 * Knocks at `path`. `connect` is how a connection is made, for who may not do it by means of Deno.
 *
 * @throws {KnockError} if nobody answers within `timeoutMs`, or the answer is another one.
 * @throws {Deno.errors.PermissionDenied} if this process may not connect: only root may.
 */
export async function knock(
  path: string,
  timeoutMs: number = KNOCK_MAX_MS,
  connect: (path: string) => Promise<Line> = (path) => Deno.connect({ transport: "unix", path }),
): Promise<Knock> {
  const begin = performance.now();
  const late = AbortSignal.timeout(timeoutMs);
  const timeout = new Promise<never>((_, reject) => {
    late.addEventListener("abort", () => reject(new KnockError(`no answer within ${timeoutMs} ms`)), {
      once: true,
    });
  });
  // Whoever loses the race below is not waited for.
  timeout.catch(() => {});
  const connecting = new Promise<Line>((resolve) => resolve(connect(path)));
  try {
    const answer = await Promise.race([connecting.then(ask), timeout]);
    return { ms: performance.now() - begin, answer };
  } catch (error) {
    if (PASSED_ON.some((kind) => error instanceof kind)) throw error;
    throw new KnockError((error as Error).message, isRefusal(error));
  } finally {
    connecting.then((connection) => connection.close(), () => {});
  }
}

const PASSED_ON = [KnockError, Deno.errors.PermissionDenied, Deno.errors.NotCapable];

function isRefusal(error: unknown): boolean {
  return error instanceof Deno.errors.ConnectionRefused ||
    (error instanceof LibcError && error.errno === Errno.refused);
}

async function ask(connection: Line): Promise<string> {
  const greeting = encode({
    type: "hook",
    version: VERSION,
    fingerprint: FINGERPRINT,
    hook: "account",
    flags: 0,
    budget_ms: 1,
    pid: 0,
    uid: 0,
    euid: 0,
    module: "",
    grants: [],
    options: [],
    items: [],
    environment: [],
  });
  greeting[VERSION_AT] = NO_VERSION;
  for (let sent = 0; sent < greeting.length;) sent += await connection.write(greeting.subarray(sent));
  const reader = new FrameReader();
  const chunk = new Uint8Array(READ_SIZE);
  for (let frame = reader.next();; frame = reader.next()) {
    if (frame) return judge(frame);
    const length = await connection.read(chunk);
    if (length === null) throw new KnockError("whoever listens there hung up without an answer");
    reader.push(chunk.slice(0, length));
  }
}

function judge(frame: Uint8Array): string {
  const message = decode(frame, { from: "worker" });
  if (message.type === "fault" && message.fault === "no_common_version") return message.message;
  if (message.type === "fault") {
    throw new KnockError(`the worker says ${message.fault}: ${message.message}`, false, true);
  }
  throw new KnockError(`the worker answers ${message.type} to a greeting that nobody can understand`);
}
