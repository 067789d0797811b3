// SPDX-License-Identifier: MIT
/**
 * Takes as much as it can of what its option says, `take=…`, where the user is `mallory`; decides at once for everybody else.
 *
 * @module
 */

import { defineModule, type PamModule } from "@pam-deno/sdk";
import * as v from "valibot";

// deno-lint-ignore no-explicit-any -- what is beneath the API has no types
declare const process: any;

const kept: unknown[] = [];
const MIB = 1_048_576;

const TAKE: Record<string, (log: (text: string) => void) => unknown> = {
  "memory in the heap"() {
    for (;;) kept.push(Array.from({ length: 10_000 }, (_, i) => ({ i })));
  },
  async "memory outside the heap"() {
    for (;;) {
      kept.push(new Uint8Array(16 * MIB).fill(1));
      await new Promise((resolve) => setTimeout(resolve));
    }
  },
  "memory of WebAssembly"() {
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 65_536 });
    for (;;) {
      memory.grow(256);
      new Uint8Array(memory.buffer).fill(1);
    }
  },
  "an endless loop"() {
    for (;;);
  },
  "endless microtasks"() {
    const again = (): void => void Promise.resolve().then(again);
    again();
    return new Promise(() => {});
  },
  "100,000 timers"() {
    for (let i = 0; i < 100_000; i++) setInterval(() => kept.length, 1);
    return new Promise(() => {});
  },
  async "threads"() {
    const key = await crypto.subtle.importKey("raw", new Uint8Array(8), "PBKDF2", false, ["deriveBits"]);
    const work = { name: "PBKDF2", hash: "SHA-512", salt: new Uint8Array(8), iterations: 5_000_000 };
    await Promise.all(Array.from({ length: 2_000 }, () => crypto.subtle.deriveBits(work, key, 256)));
  },
  "descriptors"() {
    const { Pipe } = process.binding("pipe_wrap");
    const { TCP } = process.binding("tcp_wrap");
    for (let fd = 0; fd < 100_000; fd++) {
      for (const Kind of [Pipe, TCP]) {
        const handle = new Kind(0);
        handle.listen?.(1);
        kept.push(handle);
      }
    }
    return new Promise(() => {});
  },
  async "the log"(log) {
    for (;;) {
      for (let i = 0; i < 1_000; i++) log("flood ".repeat(100));
      await new Promise((resolve) => setTimeout(resolve));
    }
  },
  async "standard error"() {
    const line = new TextEncoder().encode("flood ".repeat(1_000) + "\n");
    for (;;) await Deno.stderr.write(line);
  },
  async "standard output"() {
    const line = new TextEncoder().encode("beat 1\n".repeat(1_000));
    for (;;) await Deno.stdout.write(line);
  },
};

export default defineModule({
  grants: { auth: ["prompt"] },
  options: v.object({ take: v.optional(v.string(), "") }),
  async account({ user, options, log }) {
    if (user !== "mallory") return "success";
    await TAKE[options.take]!((text) => log.warn("{text}", { text }));
    return "success";
  },
  async authenticate({ conversation }) {
    await conversation.prompt("?");
    return "success";
  },
}) as PamModule;
