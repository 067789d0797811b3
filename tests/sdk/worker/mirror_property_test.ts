// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import fc from "fast-check";
import type { Outcome } from "../../../sdk/dispatch.ts";
import type { Hook } from "../../../sdk/hooks.ts";
import type { PamCode } from "../../../sdk/tokens.ts";
import { MIRROR_MS_MAX } from "../../../sdk/worker/mirror.ts";
import { hookMessage } from "./client.ts";
import { DATA, type HookMessage, result, TestMirror } from "./mirrored.ts";

/** What may happen to a mirror. */
type Step = { readonly wait: number } | { readonly hook: HookMessage; readonly outcome: Outcome };

const STEP: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ wait: fc.nat(MIRROR_MS_MAX) }),
  fc.record({
    hook: fc.record({
      hook: fc.constantFrom<Hook>("authenticate", "account", "update", "setCredentials", "openSession"),
      process: fc.constantFrom(1, 2, 3, 4),
      parent: fc.constantFrom(1, 2, 3, 4),
      user: fc.constantFrom("alice", "bob"),
    }).map(({ hook, process, parent, user }) =>
      hookMessage({ hook, pid: process, started: process, parent_pid: parent, parent_started: parent, user })
    ),
    outcome: fc.tuple(
      fc.constantFrom<PamCode>("success", "ignore", "perm_denied"),
      fc.constantFrom<Uint8Array | "delete" | undefined>(DATA, "delete", undefined),
    ).map(([code, data]) => result(code, data)),
  }),
);

Deno.test("Mirror never gives data that no child has left within the time, nor twice to a session", () => {
  fc.assert(
    fc.property(fc.array(STEP, { maxLength: 60 }), (steps) => {
      using mirror = new TestMirror({ max: 3 });
      /** The last that children of a parent said about a user, and when. */
      const last = new Map<string, { readonly code: PamCode; readonly by: number; readonly at: number }>();
      for (const step of steps) {
        if ("wait" in step) {
          mirror.advance(step.wait);
          continue;
        }
        const { hook, outcome } = step;
        const user = hook.items.find(({ item }) => item === "user")?.value;
        const given = mirror.resume(hook);
        const said = last.get(`${hook.pid} ${user}`);
        if (given !== undefined) {
          assert.deepEqual(given, DATA);
          assert.ok(
            said !== undefined && said.code === "success" && mirror.time - said.at < MIRROR_MS_MAX,
          );
        }
        if (hook.hook === "openSession") last.delete(`${hook.pid} ${user}`);
        const isBefore = ["authenticate", "account", "update"].includes(hook.hook);
        if (isBefore && outcome.type === "result") {
          // The process itself was asked: what its children said counts no more.
          last.delete(`${hook.pid} ${user}`);
          const key = `${hook.parent_pid} ${user}`;
          const said = last.get(key);
          const isOwn = said?.by === hook.pid;
          const code = outcome.code === "ignore" && isOwn ? said.code : outcome.code;
          last.set(key, { code, by: hook.pid, at: mirror.time });
        }
        mirror.note(hook, outcome);
        assert.ok(mirror.size <= 3);
        assert.equal(mirror.timer === undefined, mirror.size === 0);
      }
    }),
    { seed: 4, numRuns: 2_000 },
  );
});
