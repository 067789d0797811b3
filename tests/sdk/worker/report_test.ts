// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { defineModule } from "../../../mod.ts";
import { CODES, type PamCode } from "../../../sdk/tokens.ts";
import { type Hook, HOOKS } from "../../../sdk/hooks.ts";
import { Statistics } from "../../../sdk/supervisor/statistics.ts";
import { spanOf } from "../../../sdk/worker/latency.ts";
import { BUDGET_STEP_MS, Report, STATS_MAX, USUAL_BUDGET_MS } from "../../../sdk/worker/report.ts";
import { Client, decide, hookMessage } from "./client.ts";
import { serveHere, startWorker } from "./harness.ts";
import { asks, code, delay, PROMPT, prompts, typed } from "./modules.ts";

/** A report, and the lines it said. */
function makeReport(): { report: Report; said: string[] } {
  const said: string[] = [];
  return { report: new Report((words) => void said.push(...words.split("\n"))), said };
}

/** What a line of statistics says. */
function stats(line: string | undefined): Record<string, { codes: Record<string, number>; times: number[] }> {
  assert.match(line ?? "", /^stats \{.*\}$/);
  return JSON.parse(line!.slice("stats ".length));
}

Deno.test("Report.begins() says nothing of the usual budget, whatever part of it is left", () => {
  const { report, said } = makeReport();
  for (const left of [USUAL_BUDGET_MS, 4_999, 4_900, 4_751]) report.begins(left);
  assert.deepEqual(said, []);
});

Deno.test("Report.begins() says another budget once, and the usual one again after it", () => {
  const { report, said } = makeReport();
  for (const left of [30_000, 29_998, 29_751, 29_750, 4_998, 5_000, 1, 250, 251, 0x7fffffff, 600_000]) {
    report.begins(left);
  }
  const expected = [30_000, 29_750, 5_000, BUDGET_STEP_MS, 2 * BUDGET_STEP_MS, 600_000];
  assert.deepEqual(said, expected.map((ms) => `budget ${ms}`));
});

Deno.test("Report.beat() says what was counted since the last one, and nothing if nothing was", () => {
  const { report, said } = makeReport();
  report.beat(0);
  report.ended("account", "success", 0.2);
  report.ended("account", "success", 0.2);
  report.ended("account", "perm_denied", 30);
  report.ended("openSession", "session_err");
  report.beat(7);
  report.beat(0);
  report.ended("account", "success", 0.2);
  report.last();
  report.last();
  assert.deepEqual(said.map((line) => line.split(" {")[0]), ["beat 0", "beat 7", "stats", "beat 0", "stats"]);
  assert.deepEqual(stats(said[2]), {
    account: { codes: { success: 2, perm_denied: 1 }, times: [spanOf(0.2), 2, spanOf(30), 1] },
    openSession: { codes: { session_err: 1 }, times: [] },
  });
  assert.deepEqual(stats(said[4]), { account: { codes: { success: 1 }, times: [spanOf(0.2), 1] } });
});

Deno.test("Report's lines are never too long, and lose nothing: what does not fit comes with the next", () => {
  const { report, said } = makeReport();
  const hooks = Object.keys(HOOKS) as Hook[];
  const codes = Object.keys(CODES) as PamCode[];
  const statistics = new Statistics();
  const rounds = 12;
  for (let round = 0; round < rounds; round++) {
    for (const hook of hooks) {
      for (const code of codes) report.ended(hook, code);
      // Every span, so that a line is as long as it can be.
      for (let ms = 0.001; ms < 2_000_000; ms *= 1.15) report.ended(hook, "success", ms);
    }
    report.beat(0);
  }
  for (let i = 0; i < hooks.length; i++) report.last();
  const lines = said.filter((line) => line.startsWith("stats"));
  for (const line of lines) {
    assert.ok(line.length <= STATS_MAX, `${line.length}`);
    assert.ok(statistics.take(line), line);
  }
  assert.ok(lines.length > rounds, "everything fitted: nothing was tried");
  const counted = statistics.hooks();
  assert.deepEqual(Object.keys(counted), hooks);
  for (const hook of hooks) {
    for (const code of codes) {
      if (code !== "success") assert.equal(counted[hook]!.codes[code], rounds, `${hook} ${code}`);
    }
  }
  // Each hook has its turn, though the first ones alone would fill every line.
  const early = lines.slice(0, hooks.length).flatMap((line) => Object.keys(stats(line)));
  assert.deepEqual(new Set(early), new Set(hooks));
});

Deno.test("Exchange says the budget before the handler runs, and counts results, faults and whom nobody waits for", async () => {
  let saw: string[] = [];
  await using worker = serveHere(defineModule({
    account({ user }) {
      if (user === "slow") return new Promise<"success">(() => {});
      if (user === "bad") throw new Error("on purpose");
      saw = [...worker.words];
      return user === "bob" ? "perm_denied" : "success";
    },
  }));
  await decide(worker.path, { budget_ms: 4_990 });
  assert.deepEqual(saw, []);
  await decide(worker.path, { budget_ms: 29_990 });
  assert.deepEqual(saw, ["budget 30000"]);
  await decide(worker.path, { budget_ms: 29_980, user: "bob" });
  await decide(worker.path, { budget_ms: 29_980, user: "bad" });
  await decide(worker.path, { budget_ms: 29_980, hook: "openSession" });
  using slow = await Client.connect(worker.path);
  await slow.send(hookMessage({ user: "slow" }));
  while (worker.context.traffic.inFlight === 0) await delay(1);
  slow[Symbol.dispose]();
  while (worker.context.traffic.inFlight > 0) await delay(1);
  worker.context.report.beat(worker.context.traffic.inFlight);
  const [beat, line] = worker.words.slice(-2);
  assert.equal(beat, "beat 0");
  const { account, openSession } = stats(line);
  assert.deepEqual(account?.codes, { success: 2, perm_denied: 1, service_err: 2 });
  assert.deepEqual(openSession?.codes, { ignore: 1 });
  assert.deepEqual(worker.words.slice(0, -2), ["budget 30000", "budget 5000"]);
});

Deno.test("Exchange counts a hook that found no room, without a time", async () => {
  await using worker = serveHere(asks, { hooks: 0 });
  await decide(worker.path);
  worker.context.report.beat(0);
  assert.deepEqual(stats(worker.words.at(-1)), { account: { codes: { service_err: 1 }, times: [] } });
});

Deno.test("Exchange counts a hook's own time, and not what a person takes", async () => {
  await using worker = serveHere(prompts());
  using client = await Client.connect(worker.path);
  await client.send(hookMessage({ hook: "openSession", grants: PROMPT }));
  assert.equal((await client.receive())?.type, "converse");
  await delay(300);
  await client.send({ type: "answers", answers: [{ answer: typed("42") }] });
  assert.equal(code((await client.rest()).at(-1)), "success");
  worker.context.report.beat(0);
  const { openSession } = stats(worker.words.at(-1));
  assert.deepEqual(openSession?.codes, { success: 1 });
  assert.ok(openSession.times[0]! < spanOf(200), `span ${openSession.times[0]}`);
});

Deno.test("worker says a short budget before its handler loops, so that it is killed by that and not by the usual one", async () => {
  await using worker = await startWorker(`export default defineModule({ account() { for (;;); } });`);
  await worker.ready;
  using client = await Client.connect(worker.path);
  const begin = performance.now();
  await client.send(hookMessage({ budget_ms: 480 }));
  const cause = await worker.exit;
  const ms = performance.now() - begin;
  assert.ok(ms > 480 && ms < 480 + 2_000, `after ${ms} ms: ${cause}`);
  assert.match(cause, /SIGKILL/);
});
