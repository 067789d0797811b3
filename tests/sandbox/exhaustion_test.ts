// SPDX-License-Identifier: MIT
/**
 * A module that takes all it can get for one user: no other module suffers meanwhile, and no other user of the same module afterwards.
 *
 * @module
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { play, shareHarness } from "../integration/scene.ts";
import { Client, hookMessage } from "../sdk/worker/client.ts";

const VICTIM = "victim";
const GREEDY = "greedy";

/** The budget of the greedy hook, and by when it must have ended whatever it does, as seen by a test that shares
 * two processors with it: the shim gives up at the budget. */
const BUDGET_MS = 1_000;
const ENDED_MS_MAX = BUDGET_MS + 1_000;
/** What another module's hook may take meanwhile: less than half of what would be a failure, on a machine that others use too. */
const VICTIM_MS_MAX = 2_000;
/** By when the greedy module decides for others again: its budget, two seconds until it is killed, and a start. */
const RECOVERED_MS_MAX = BUDGET_MS + 2_000 + 2_000;
/** How much the machine's free memory may go down: the module's limit, twice over, as a worker is looked at now and then. */
const MEMORY_MIB_MAX = 1_024;

const harness = shareHarness((harness) => {
  harness.configure(GREEDY, join(import.meta.dirname!, "modules", "greedy.ts"), {
    limits: { waiting_per_person: 4 },
  });
  harness.configure(
    VICTIM,
    `import { defineModule } from "@pam-deno/sdk";\nexport default defineModule({ account: () => "success" });`,
  );
});

interface Suffered {
  /** What the greedy hook came to, and when. */
  readonly code: string;
  readonly ms: number;
  /** The slowest hook of the other module meanwhile. */
  readonly victimMs: number;
  /** How many there were. */
  readonly victims: number;
  /** By how much free memory went down, in MiB. */
  readonly memoryMib: number;
}

function freeMib(): number {
  return Number(/^MemAvailable:\s+(\d+)/m.exec(Deno.readTextFileSync("/proc/meminfo"))![1]) / 1024;
}

/** Lets mallory's hook take what it wants while the other module decides over and over. */
async function suffer(what: string): Promise<Suffered> {
  const free = freeMib();
  let least = free;
  let done: { code: string; ms: number } | undefined;
  const began = performance.now();
  const greedy = play(harness(), {
    module: GREEDY,
    hook: "account",
    user: "mallory",
    options: [`timeout=${BUDGET_MS}ms`],
    args: [`take=${what}`],
    call: (transaction) => transaction.background.account(),
  }).then(({ code }) => done = { code, ms: performance.now() - began });
  let victimMs = 0;
  let victims = 0;
  while (done === undefined) {
    const seen = await play(harness(), {
      module: VICTIM,
      hook: "account",
      call: (transaction) => transaction.background.account(),
    });
    assert.equal(seen.code, "success", `${what}: ${JSON.stringify(seen)}`);
    victimMs = Math.max(victimMs, seen.ms);
    victims++;
    least = Math.min(least, freeMib());
  }
  await greedy;
  return { ...done as { code: string; ms: number }, victimMs, victims, memoryMib: free - least };
}

/** Asks for another user until the greedy module decides, and gives how long that took. */
async function recover(what: string): Promise<number> {
  const began = performance.now();
  for (;;) {
    const { code } = await play(harness(), {
      module: GREEDY,
      hook: "account",
      options: [`timeout=${RECOVERED_MS_MAX}ms`],
      args: ["take=nothing"],
      call: (transaction) => transaction.background.account(),
    });
    const ms = performance.now() - began;
    if (code === "success") return ms;
    assert.ok(ms < RECOVERED_MS_MAX, `${what}: ${code} after ${ms} ms\n${harness().output.slice(-2_000)}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

for (
  const what of [
    "memory in the heap",
    "memory outside the heap",
    "memory of WebAssembly",
    "an endless loop",
    "endless microtasks",
    "100,000 timers",
    "threads",
    "descriptors",
    "the log",
    "standard error",
    "standard output",
  ]
) {
  Deno.test(`no other module and no other user suffers from a module that takes ${what}`, async () => {
    const { code, ms, victimMs, victims, memoryMib } = await suffer(what);
    const recovered = await recover(what);
    const told =
      `${what}: ${code} after ${Math.round(ms)} ms; ${victims} hooks of the other module took up to ` +
      `${Math.round(victimMs)} ms; decides for others again after ${Math.round(recovered)} ms; memory ${
        Math.round(memoryMib)
      } MiB`;
    console.log(told);
    assert.notEqual(code, "success", told);
    assert.ok(ms < ENDED_MS_MAX && victimMs < VICTIM_MS_MAX && recovered < RECOVERED_MS_MAX, told);
    assert.ok(memoryMib < MEMORY_MIB_MAX, told);
    assert.ok(harness().output.length < 4_000_000, "the log was flooded");
  });
}

Deno.test("no other user suffers from hooks that somebody parks at prompts", async () => {
  const parked: Client[] = [];
  try {
    for (let i = 0; i < 64; i++) {
      const client = await Client.connect(harness().socket(GREEDY));
      parked.push(client);
      await client.send(
        hookMessage({
          hook: "authenticate",
          user: "mallory",
          rhost: "192.0.2.1",
          grants: [{ grant: "prompt" }],
          module: GREEDY,
        }),
      );
    }
    const answers = await Promise.all(parked.map((client) => client.receive()));
    const waiting = answers.filter((answer) => answer?.type === "converse").length;
    assert.equal(waiting, 4, "as many as waiting_per_person allows");
    const other = await play(harness(), {
      module: GREEDY,
      hook: "authenticate",
      options: ["grant=prompt"],
      conversation: [{ prompt: "?", answer: "yes" }],
    });
    assert.equal(other.code, "success", JSON.stringify(other));
  } finally {
    for (const client of parked) client[Symbol.dispose]();
  }
});
