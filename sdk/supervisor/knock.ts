// SPDX-License-Identifier: MIT
/**
 * Asks through a module's socket whether a worker is there, without running a line of the module: a greeting in a version that nobody
 * serves, which a worker must answer with `no_common_version` before it looks at anything else.
 *
 * @module
 */

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
}

/** How long an answer may take: as long as a hook may by default, since a service may have to be started for it. */
export const KNOCK_MAX_MS = 5_000;

/** Where the version stands in a frame of `hook`: behind the length word and the tag. */
const VERSION_AT = 5;
const READ_SIZE = 1_024;

/**
 * Knocks at `path`.
 *
 * @throws {KnockError} if nobody answers within `timeoutMs`, or the answer is another one.
 * @throws {Deno.errors.PermissionDenied} if this process may not connect: only root may.
 */
export async function knock(path: string, timeoutMs: number = KNOCK_MAX_MS): Promise<Knock> {
  const begin = performance.now();
  const late = AbortSignal.timeout(timeoutMs);
  const timeout = new Promise<never>((_, reject) => {
    late.addEventListener("abort", () => reject(new KnockError(`no answer within ${timeoutMs} ms`)), {
      once: true,
    });
  });
  // Whoever loses the race below is not waited for.
  timeout.catch(() => {});
  const connecting = Deno.connect({ transport: "unix", path });
  try {
    const answer = await Promise.race([connecting.then(ask), timeout]);
    return { ms: performance.now() - begin, answer };
  } catch (error) {
    if (error instanceof KnockError || error instanceof Deno.errors.PermissionDenied) throw error;
    throw new KnockError((error as Error).message);
  } finally {
    connecting.then((connection) => connection.close(), () => {});
  }
}

async function ask(connection: Deno.UnixConn): Promise<string> {
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
  throw new KnockError(
    message.type === "fault"
      ? `the worker says ${message.fault}: ${message.message}`
      : `the worker answers ${message.type} to a greeting that nobody can understand`,
  );
}
