// SPDX-License-Identifier: MIT
/**
 * Modules that several tests use, and what their answers hold.
 *
 * @module
 */

import assert from "node:assert/strict";
import { defineModule } from "../../../mod.ts";
import type { MessageFrom } from "../../../sdk/wire/mod.ts";

/** The grants of a line whose module may ask. */
export const PROMPT = [{ grant: "prompt" }];

/** Source that lets a worker neither leave nor beat once it is told to leave. */
export const STUBBORN = `Deno.addSignalListener("SIGTERM", () => {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
});`;

/** A module that says yes at once. */
export const yes = defineModule({ account: () => "success" });

/** A module that looks something up. */
export const asks = defineModule({
  async account({ lookup }) {
    const passwd = await lookup.passwd();
    return passwd ? "success" : "user_unknown";
  },
});

/** A module whose sessions ask a person, and then wait for `then`. */
export function prompts(
  onSignal: (signal: AbortSignal) => void = () => {},
  then: Promise<void> = Promise.resolve(),
) {
  return defineModule({
    grants: { session: ["prompt"] },
    account: () => "success",
    async openSession({ conversation, signal }) {
      onSignal(signal);
      const answer = await conversation.prompt("Token?");
      await then;
      return answer === "42" ? "success" : "perm_denied";
    },
  });
}

/** What a person types, as it travels. */
export function typed(words: string): Uint8Array {
  return new TextEncoder().encode(words);
}

/** Waits. */
export function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** The kind and the message of a fault. */
export function fault(message: MessageFrom<"worker"> | undefined): [string, string] {
  assert.equal(message?.type, "fault", `expected a fault, got ${JSON.stringify(message)}`);
  return [message.fault, message.message];
}

/** The code of a result. */
export function code(message: MessageFrom<"worker"> | undefined): string {
  assert.equal(message?.type, "result", `expected a result, got ${JSON.stringify(message)}`);
  return message.code;
}
