// SPDX-License-Identifier: MIT
/**
 * What a program tries under a unit, and how that went.
 *
 * @module
 */

/** An attempt. */
export interface Attempt {
  /** What to do. */
  readonly what:
    | "read"
    | "list"
    | "write"
    | "execute"
    | "run"
    | "connect"
    | "listen"
    | "udp"
    | "unix"
    | "kill"
    | "fill"
    | "sleepers"
    | "call";
  /** To what: a path, a command, `HOST:PORT`, a port, a process id, the name of a call, a number. */
  readonly at: string;
}

/** What came of it: one of the two is there. */
export interface Tried extends Attempt {
  /** What it got. */
  readonly got?: string;
  /** Why it got nothing. */
  readonly refused?: string;
}
