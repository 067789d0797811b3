// SPDX-License-Identifier: MIT
/**
 * The native handles underneath `node:net`, and whether they are the ones that `listen.ts` was written for. They
 * are what Node has, so they are stable in practice; but nothing promises it.
 *
 * @module
 */

import process from "node:process";

/** A handle, as far as a listening one is nudged. Results of all handles are 0 or a negative errno. */
export interface ListeningHandle {
  /** Called with what was read, or without a chunk if it went into the buffer of `useUserBuffer()`. */
  onread?: (chunk?: ArrayBuffer) => void;
  /** Begins to call `onread`. */
  readStart(): number;
  /** Ends what `readStart()` began. */
  readStop(): number;
}

/** The handle of a Unix socket or a pipe, as far as `listen.ts` uses it. */
export interface PipeHandle extends ListeningHandle {
  /** Called for each connection that is there for `accept()`. */
  onconnection?: (status: number) => void;
  /** Adopts a descriptor. */
  open(fd: number): number;
  /** Begins to call `onconnection`. */
  listen(backlog: number): number;
  /** Moves the connection that arrived first into a fresh handle. */
  accept(client: PipeHandle): number;
  /** Makes reads go into this buffer. */
  useUserBuffer(buffer: Uint8Array): void;
  /** Writes at once if it can; `state[WRITE_WAITS]` says whether it could. */
  writeBuffer(request: WriteRequest, bytes: Uint8Array): number;
  /** Closes the descriptor now; writes that wait are completed with an error. */
  close(): void;
}

/** Given to `writeBuffer()`, which keeps it only if the write has to wait. */
export interface WriteRequest {
  /** Called when a write that had to wait is done. */
  oncomplete(status: number): void;
}

/** What the fast path of `listen.ts` needs of Deno. */
export interface Internals {
  /** Makes a handle of type `SOCKET` or `SERVER`. */
  Pipe: new (type: number) => PipeHandle;
  /** Whether this process could open something now. */
  hasDescriptors(): boolean;
  /** Side results of the last read or write, at `READ_RESULT`, `READ_OFFSET` and `WRITE_WAITS`. */
  state: Int32Array;
}

/** The type of a connected handle. */
export const SOCKET = 0;
/** The type of a listening handle. */
export const SERVER = 1;
/** Where `state` has the number of bytes read, or a negative errno. */
export const READ_RESULT = 0;
/** Where `state` has the place of these bytes in the chunk. */
export const READ_OFFSET = 1;
/** Where `state` has 1 if a write has to wait, 0 if it is done. */
export const WRITE_WAITS = 3;

interface Binding {
  (name: "pipe_wrap"): {
    Pipe: Internals["Pipe"];
    constants: Record<string, number>;
    createPipe: () => [read: number, write: number];
  };
  (name: "stream_wrap"): Record<string, unknown> & { streamBaseState: Int32Array };
}

/** Returns the internals if they are the ones that the fast path was written for. */
export function findInternals(): Internals | undefined {
  try {
    const { binding } = process as unknown as { binding: Binding };
    const { Pipe, constants, createPipe } = binding("pipe_wrap");
    const { streamBaseState: state, ...places } = binding("stream_wrap");
    const known = constants["SOCKET"] === SOCKET && constants["SERVER"] === SERVER &&
      hasMethods(Pipe.prototype) && state instanceof Int32Array && state.length > WRITE_WAITS &&
      places["kReadBytesOrError"] === READ_RESULT && places["kArrayBufferOffset"] === READ_OFFSET &&
      places["kLastWriteWasAsync"] === WRITE_WAITS;
    if (!known || !tellsWritesApart({ Pipe, state }, createPipe())) return undefined;
    return { Pipe, state, hasDescriptors: () => hasDescriptors(Pipe, createPipe) };
  } catch {
    return undefined;
  }
}

function hasMethods(prototype: Record<string, unknown>): boolean {
  return ["open", "listen", "accept", "useUserBuffer", "readStart", "readStop", "writeBuffer", "close"]
    .every((name) => typeof prototype[name] === "function");
}

/** Tries to make a pipe, and lets go of it. */
function hasDescriptors(Pipe: Internals["Pipe"], createPipe: () => [read: number, write: number]): boolean {
  let ends;
  try {
    ends = createPipe();
  } catch {
    return false;
  }
  for (const end of ends) {
    const handle = new Pipe(SOCKET);
    handle.open(end);
    handle.close();
  }
  return true;
}

/** Tries on a pipe whether a write that is done can be told from one that waits: whole answers depend on it. */
function tellsWritesApart(
  { Pipe, state }: Pick<Internals, "Pipe" | "state">,
  [readEnd, writeEnd]: [number, number],
): boolean {
  const reader = new Pipe(SOCKET);
  const writer = new Pipe(SOCKET);
  try {
    if (reader.open(readEnd) !== 0 || writer.open(writeEnd) !== 0) return false;
    // The second is twice what a pipe holds.
    return [128, 131_072].every((length, waits) => {
      state[WRITE_WAITS] = 1 - waits;
      const status = writer.writeBuffer({ oncomplete() {} }, new Uint8Array(length));
      return status === 0 && state[WRITE_WAITS] === waits;
    });
  } finally {
    reader.close();
    writer.close();
  }
}
