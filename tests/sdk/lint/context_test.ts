// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { handler, reported, reports, silent } from "./rules.ts";

reported("context-clock", {
  "export const at = Date.now();": "Date.now",
  'export const at = Date["now"]();': 'Date["now"]',
  "export const at = globalThis.Date.now();": "globalThis.Date.now",
  "export const at = new Date();": "new Date()",
  "export const at = Date();": "Date()",
  "export const at = performance.now();": "performance.now",
  "export const since = performance.timeOrigin;": "performance.timeOrigin",
  "export const at = Temporal.Now.instant();": "Temporal.Now",
  "export const zone = Temporal.Now.timeZoneId();": "Temporal.Now",
  "const { Now } = Temporal; export const at = Now.instant();": "Now",
  "const { now } = Date; export const at = now();": "now",
  "const { now: clock } = performance; export const at = clock();": "now",
  "export const clock = Date.now;": "Date.now",
  "export class Clock { static started; static { const { now } = this; this.started = new Date(); } }":
    "new Date()",
  'import { performance as clock } from "node:perf_hooks"; export const at = clock.now();': "clock.now",
  'import { hrtime } from "node:process"; export const at = hrtime.bigint();': "hrtime",
  'import process from "node:process"; export const at = process.hrtime();': "process.hrtime",
  [handler("return Date.now() > 0 ? 'success' : 'perm_denied';")]: "Date.now",
});

silent("context-clock", [
  handler("return now.toZonedDateTimeISO('UTC').hour < 18 ? 'success' : deny('perm_denied', 'Closed');"),
  'export const opening = new Date("2026-01-01T08:00:00Z");',
  "export const day = (now: Temporal.Instant) => new Date(now.epochMilliseconds).getUTCDay();",
  'export const time = Temporal.PlainTime.from("08:00");',
  "export const text = (date: Date) => date.toISOString();",
  "export const parsed = Date.parse('2026-01-01');",
  "export const signal = AbortSignal.timeout(500);",
  "class Clock { now() { return 1; } } const performance = new Clock(); export const at = performance.now();",
  "export function at(Date: { now(): number }) { return Date.now(); }",
  'import { Date } from "./calendar.ts"; export const at = new Date();',
  "export const rule = { Date: 1, now: 2 };",
]);

reported("context-random", {
  "export const code = Math.random();": "Math.random",
  "export const id = crypto.randomUUID();": "crypto.randomUUID",
  "export const salt = crypto.getRandomValues(new Uint8Array(16));": "crypto.getRandomValues",
  "export const salt = globalThis.crypto.getRandomValues(new Uint8Array(16));":
    "globalThis.crypto.getRandomValues",
  "const { random } = Math; export const code = random();": "random",
  'import { randomBytes } from "node:crypto"; export const salt = randomBytes(16);': "randomBytes",
  'import { randomInt as dice } from "node:crypto"; export const code = dice(6);': "randomInt",
  'import crypto from "node:crypto"; export const id = crypto.randomUUID();': "crypto.randomUUID",
  'import * as nodeCrypto from "node:crypto"; export const salt = nodeCrypto.randomBytes(8);':
    "nodeCrypto.randomBytes",
});

silent("context-random", [
  handler("return random(1)[0]! > 7 ? 'success' : deny('perm_denied', 'Not today');"),
  "export const hash = await crypto.subtle.digest('SHA-256', octets);",
  'import { createHmac, timingSafeEqual } from "node:crypto"; export { createHmac, timingSafeEqual };',
  "export const largest = Math.max(1, 2);",
  "export function roll(Math: { random(): number }) { return Math.random(); }",
]);

Deno.test("context-clock and context-random leave tests and benchmarks alone", () => {
  const source = "export const [at, code] = [Date.now(), Math.random()];";
  for (const file of ["policy_test.ts", "policy.test.ts", "module_bench.ts"]) {
    assert.deepEqual(reports(source, file), [], file);
  }
  for (const file of ["policy.ts", "test.ts", "attest.ts"]) {
    assert.equal(reports(source, file).length, 2, file);
  }
});

Deno.test("no rule but return-deny minds a program beside the module", () => {
  const body = `console.log(Date.now(), crypto.randomUUID(), secret.use((octets) => decode(octets)));`;
  assert.equal(reports(body).length, 3);
  assert.deepEqual(reports(`const [user] = Deno.args; ${body}`), []);
  assert.deepEqual(reports(`${body} if (import.meta.main) main();`), []);
  assert.equal(reports(`const Deno = { args: [] }; Deno.args; ${body}`).length, 3);
});
