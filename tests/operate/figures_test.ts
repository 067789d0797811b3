// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { join } from "node:path";
import type { Command } from "../sdk/supervisor/site.ts";
import { changed, read, serveInstalled, sleep, workersOf } from "./home.ts";
import { type Login, Logins } from "./logins.ts";

const NOT_ROOT = Deno.uid() !== 0;

/** How often the worker is replaced, and how many transactions there must be meanwhile. */
const TIMES = 50;
const LOGINS_MIN = 2_000;
/** From the kill of a worker until whoever it was deciding about knows that it is gone. */
const KILLED_MS_MAX = 100;
/** How long a worker serves before it is killed, in ms. */
const SERVES_MS = 200;
/** No transaction may take longer, whatever happens: `timeout=` is 5 s, and back-off never over one. */
const LOGIN_MS_MAX = 5_000;

const ANSWERS: Readonly<Record<string, string>> = { nobody: "success", denied: "perm_denied" };
/** The documented class of a worker that breaks off. */
const BROKEN_OFF = "service_err";

function quantile(values: readonly number[], part: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor((values.length - 1) * part)] ?? NaN;
}

function longest(logins: readonly Login[]): number {
  return Math.max(...logins.map(({ ms }) => ms));
}

/** Waits until a killed worker was replaced for the `times`th time. */
async function replaced(command: Command, times: number): Promise<void> {
  for (const end = Date.now() + 15_000; Date.now() < end; await sleep(2)) {
    if (command.stderr.split("A new worker is ready").length > times) return;
  }
  throw new Error(`there was no new worker ${times} times:\n${command.stderr}`);
}

Deno.test({
  name: `pam-deno serve answers every transaction by the policy while it is reloaded ${TIMES} times`,
  ignore: NOT_ROOT,
  async fn() {
    await using home = await serveInstalled({ hours: {} });
    const { command, args } = home;
    const folder = home.folder("hours");
    await using logins = new Logins({ module: "hours", args });
    let said = read(join(folder, "reload"));
    const took: number[] = [];
    const pids = new Set<number>();
    for (let i = 0; i < TIMES; i++) {
      const began = performance.now();
      Deno.kill(command.pid, "SIGHUP");
      said = await changed(join(folder, "reload"), said);
      took.push(performance.now() - began);
      assert.match(said, /^ok /);
      for (const pid of workersOf(command.pid, folder)) pids.add(pid);
    }
    const all = await logins.end();
    assert.ok(all.length >= LOGINS_MIN, `only ${all.length} transactions`);
    const wrong = all.filter(({ user, code }) => code !== ANSWERS[user]);
    assert.deepEqual(wrong, []);
    assert.ok(pids.size > TIMES / 2, `only ${pids.size} workers were seen`);
    console.log(
      `reloaded ${TIMES} times: ${all.length} transactions, all as the policy says; the longest took ${
        longest(all).toFixed(1)
      } ms, the median ${quantile(all.map(({ ms }) => ms), 0.5).toFixed(2)} ms; a reload ${
        quantile(took, 0.5).toFixed(0)
      } ms`,
    );
  },
});

Deno.test({
  name:
    `pam-deno serve answers by the policy or says at once that it cannot while its worker is killed ${TIMES} times`,
  ignore: NOT_ROOT,
  async fn() {
    await using home = await serveInstalled({ hours: {} });
    const { command, args } = home;
    const folder = home.folder("hours");
    await using logins = new Logins({ module: "hours", args, streams: 4, pauseMs: 0 });
    const kills: number[] = [];
    const killed = new Set<number>();
    for (let i = 0; i < TIMES; i++) {
      // Only one that answers is worth killing.
      await replaced(command, i);
      await sleep(SERVES_MS);
      const [pid] = workersOf(command.pid, folder).filter((pid) => !killed.has(pid));
      assert.ok(pid !== undefined);
      kills.push(performance.timeOrigin + performance.now());
      Deno.kill(pid, "SIGKILL");
      killed.add(pid);
    }
    await replaced(command, TIMES);
    const all = await logins.end();
    assert.ok(all.length >= LOGINS_MIN, `only ${all.length} transactions`);
    const failed = all.filter(({ user, code }) => code !== ANSWERS[user]);
    assert.deepEqual(failed.filter(({ code }) => code !== BROKEN_OFF), [], "no other code");
    assert.deepEqual(all.filter(({ user, code }) => user === "denied" && code === "success"), []);
    const late = failed.map(({ began, ms }) => {
      const end = began + ms;
      return end - Math.max(...kills.filter((kill) => kill < end));
    });
    assert.ok(failed.length > 0, "no transaction was hit");
    assert.ok(Math.max(...late) <= KILLED_MS_MAX, `told ${Math.max(...late)} ms after a kill`);
    assert.ok(longest(all) < LOGIN_MS_MAX);
    console.log(
      `killed ${TIMES} times: ${all.length} transactions, ${failed.length} broken off, told at most ${
        Math.max(...late).toFixed(1)
      } ms after the kill; the longest transaction took ${longest(all).toFixed(0)} ms`,
    );
  },
});
