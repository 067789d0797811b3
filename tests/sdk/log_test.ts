// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { defineModule } from "../../mod.ts";
import { type Log, render } from "../../sdk/log.ts";
import { LIMITS } from "../../sdk/wire/schema.ts";
import { bytesOf, resultOf, runHook, type Seen } from "./run_hook.ts";

async function logs(work: (log: Log) => void): Promise<Seen> {
  const module = defineModule({
    account({ log }) {
      work(log);
      return "success";
    },
  });
  const seen = await runHook(module, "account");
  resultOf(seen);
  return seen;
}

Deno.test("log lines go out at their level", async () => {
  const seen = await logs((log) => {
    log.debug("d");
    log.info("i");
    log.warn("w");
    log.error("e");
  });
  assert.deepEqual(seen.logs, ["debug: d", "info: i", "warning: w", "error: e"]);
});

Deno.test("render() fills placeholders in and puts the other properties behind", () => {
  assert.equal(render("{a} of {b}", { a: 1, b: "two", c: true }), '1 of "two" c=true');
  assert.equal(render("{{a}} {missing}", { a: 1 }), "{a} {missing} a=1");
  assert.equal(render("{toString} {__proto__}", {}), "{toString} {__proto__}");
  assert.equal(render("{e}", { e: new RangeError("no") }), '"RangeError: no"');
  assert.equal(render("{o} {l}", { o: { a: [1, 2] }, l: null }), "{ a: [ 1, 2 ] } null");
});

Deno.test("what a person chose cannot forge a line", async () => {
  const user = 'anna"\nroot logged in \u202e\x1b[2J\u0085\u2028';
  const seen = await logs((log) => {
    log.info("seen {user}", { user });
    log.info(`seen ${user}`);
  });
  for (const line of seen.logs) assert.match(line, /^[\x20-\x7e]+$/);
  assert.match(seen.logs[0]!, /^info: seen "anna\\"\\nroot logged in \?\\u001b\[2J\?\?"$/);
});

Deno.test("a line is cut to LOG_MAX, visibly", async () => {
  const seen = await logs((log) => {
    log.info("ä".repeat(100_000));
    log.info("{user}", { user: "x".repeat(1_000_000) });
  });
  assert.equal(bytesOf(seen.logs[0]!.slice("info: ".length)).length, 1023);
  assert.match(seen.logs[0]!, /ä…$/);
  assert.match(seen.logs[1]!, /^info: "x{512}…"$/);
});

Deno.test("lines above the limit are counted, and the count is the last line", async () => {
  const seen = await logs((log) => {
    for (let i = 0; i < 100; i++) log.info(`${i}`);
  });
  resultOf(seen);
  assert.equal(seen.logs.length, LIMITS.LOG_LINES_MAX - 1);
  assert.equal(seen.logs.at(-2), "info: 29");
  assert.equal(seen.logs.at(-1), "warning: 70 more log lines of this hook were left out (LOG_LINES_MAX)");
});

Deno.test("a handler that logs too much and throws still gets its stack into the log", async () => {
  const module = defineModule({
    account({ log }) {
      for (let i = 0; i < 100; i++) log.info(`${i}`);
      throw new Error("policy");
    },
  });
  const seen = await runHook(module, "account");
  assert.equal(seen.logs.length, LIMITS.LOG_LINES_MAX);
  assert.ok(seen.logs.some((line) => line.startsWith("error: Error: policy | at ")));
});

Deno.test("unknown options count as lines of the hook: they cannot drown its stack", async () => {
  const module = defineModule({
    account() {
      throw new Error("policy");
    },
  });
  const options = Array.from({ length: 64 }, (_, i) => `colour${i}={braces}`);
  const seen = await runHook(module, "account", { options });
  assert.equal(seen.logs.length, LIMITS.LOG_LINES_MAX);
  assert.equal(seen.logs[0], 'warning: option "colour0" is unknown and ignored');
  assert.match(seen.logs.at(-2)!, /^error: Error: policy \| at /);
  assert.equal(seen.logs.at(-1), "warning: 34 more log lines of this hook were left out (LOG_LINES_MAX)");
});
