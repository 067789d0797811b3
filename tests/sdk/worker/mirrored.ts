// SPDX-License-Identifier: MIT
/**
 * A mirror whose time stands still, and what sshd's monitor and its child ask.
 *
 * @module
 */

import assert from "node:assert/strict";
import type { Outcome } from "../../../sdk/dispatch.ts";
import type { PamCode } from "../../../sdk/tokens.ts";
import type { MessageOf } from "../../../sdk/wire/mod.ts";
import { Mirror, type MirrorOptions } from "../../../sdk/worker/mirror.ts";
import { hookMessage } from "./client.ts";

/** What the shim asks. */
export type HookMessage = MessageOf<"hook">;
/** What is different in it. */
export type Over = Parameters<typeof hookMessage>[0];

/** The parent, which opens the session. */
export const MONITOR = { pid: 700, started: 5_000 };
/** Its child, which asks first. */
export const CHILD = { pid: 701, started: 5_040, parent_pid: MONITOR.pid, parent_started: MONITOR.started };
/** A later child. */
export const SIBLING = { ...CHILD, pid: 702, started: 5_090 };
/** What a hook stored. */
export const DATA = Uint8Array.of(1, 2, 3);
/** What another one stored. */
export const OTHER = Uint8Array.of(4, 5);

/** What the child asks. */
export const before = (over: Over = {}): HookMessage =>
  hookMessage({ hook: "authenticate", ...CHILD, ...over });
/** What its parent asks. */
export const after = (over: Over = {}): HookMessage =>
  hookMessage({ hook: "openSession", ...MONITOR, ...over });

/** How a hook ends, and what it leaves on its handle. */
export function result(code: PamCode, data?: Uint8Array | "delete"): Outcome {
  const data_action = data === undefined ? "keep" : data === "delete" ? "delete" : "set";
  return {
    type: "result",
    code,
    data_action,
    data: data instanceof Uint8Array ? data : new Uint8Array(0),
    fail_delay_us: 0,
    items: [],
    environment: [],
    tokens: [],
    user_files: [],
  };
}

/** A mirror whose time stands still, and which is left empty. */
export class TestMirror extends Mirror implements Disposable {
  time = 1_000;
  /** What is to be done, and when. */
  timer: { readonly at: number; readonly act: () => void } | undefined;

  constructor(options: MirrorOptions = {}) {
    super({
      now: () => this.time,
      after: (ms, act) => {
        assert.equal(this.timer, undefined, "one timer is enough");
        this.timer = { at: this.time + ms, act };
        return () => void (this.timer = undefined);
      },
      ...options,
    });
  }

  /** Lets time pass, and the timer fire. */
  advance(ms: number): void {
    this.time += ms;
    while (this.timer !== undefined && this.timer.at <= this.time) {
      const { act } = this.timer;
      this.timer = undefined;
      act();
    }
  }

  [Symbol.dispose](): void {
    this.clear();
    assert.equal(this.size, 0);
    assert.equal(this.timer, undefined, "an empty mirror costs nothing");
  }
}
