// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { type Home, serveInstalled, workersOf } from "./home.ts";

const NOT_ROOT = Deno.uid() !== 0;

/** From the end of a hook's budget until its worker is killed. */
const KILL_MS_MAX = 2_000;
/** From then until the next call is answered. */
const NEXT_MS_MAX = 300;

const LOOPS = `export default defineModule({
  async account({ user, lookup }) {
    if (user === "loop") for (;;);
    if (user === "waits") await new Promise((resolve) => setTimeout(resolve, 2_500));
    return user === "denied" ? "perm_denied" : "success";
  },
});`;

const KILLED =
  /Worker (\d+) of loops ended by SIGKILL: it stopped beating for (\d+) ms, as a handler in an endless loop does; hooks in flight at its last beat: \d+/;

/** Lets a handler loop for ever under a budget, and gives what was seen. */
async function runAway(home: Home, options: readonly string[]) {
  const began = performance.now();
  const code = await home.account("loops", "loop", options);
  const answered = performance.now() - began;
  await home.command.printed(KILLED);
  const killed = performance.now() - began;
  const next = performance.now();
  const after = await home.account("loops", "denied", options);
  return { code, answered, killed, after, nextMs: performance.now() - next };
}

for (
  const { options, budgetMs } of [{ options: ["timeout=1s"], budgetMs: 1_000 }, {
    options: [],
    budgetMs: 5_000,
  }]
) {
  Deno.test({
    name:
      `a handler that never ends is killed within its budget of ${budgetMs} ms and two seconds, and the next call is answered at once`,
    ignore: NOT_ROOT,
    async fn() {
      await using home = await serveInstalled({ loops: { source: LOOPS } });
      assert.equal(await home.account("loops", "nobody", options), "success");
      const { code, answered, killed, after, nextMs } = await runAway(home, options);
      assert.equal(code, "service_err");
      assert.ok(Math.abs(answered - budgetMs) < 500, `told after ${answered} ms`);
      assert.ok(killed > budgetMs, `killed after ${killed} ms, before its budget was over`);
      assert.ok(killed < budgetMs + KILL_MS_MAX, `killed after ${killed} ms`);
      assert.equal(after, "perm_denied");
      assert.ok(nextMs <= NEXT_MS_MAX, `the next call was answered after ${nextMs} ms`);
      console.log(
        `budget ${budgetMs} ms: the caller was told after ${
          answered.toFixed(0)
        } ms, the worker killed after ${killed.toFixed(0)} ms, the next call answered ${
          nextMs.toFixed(0)
        } ms after that`,
      );
    },
  });
}

Deno.test({
  name: "a handler that takes its time within its budget is not killed, though others have shorter ones",
  ignore: NOT_ROOT,
  async fn() {
    await using home = await serveInstalled({ loops: { source: LOOPS } });
    const [pid] = workersOf(home.command.pid, home.folder("loops"));
    const slow = home.account("loops", "waits");
    assert.equal(await home.account("loops", "nobody", ["timeout=250ms"]), "success");
    assert.equal(await slow, "success");
    assert.deepEqual(workersOf(home.command.pid, home.folder("loops")), [pid]);
  },
});

Deno.test({
  name: "a worker that fills the memory outside of its heap is killed, and replaced",
  ignore: NOT_ROOT,
  async fn() {
    const source = `const kept = [];
    export default defineModule({
      async account({ user }) {
        if (user === "eats") for (;;) {
          kept.push(new Uint8Array(16 * 1024 * 1024).fill(1));
          await new Promise((resolve) => setTimeout(resolve, 10));
        }
        return "success";
      },
    });`;
    await using home = await serveInstalled({
      eats: { source, config: { limits: { heap_mib: 32, memory_mib: 128 } } },
      other: {},
    });
    const eaten = home.account("eats", "eats");
    await home.command.printed(
      /Worker \d+ of eats ended by SIG(?:KILL: it used \d+ MiB of memory, and "memory_mib" under "limits" is 128|\w+)/,
    );
    assert.equal(await home.account("other", "denied"), "perm_denied");
    assert.equal(await eaten, "service_err");
    assert.equal(await home.account("eats", "nobody"), "success");
    assert.match(home.command.stderr, /it used \d+ MiB of memory, and "memory_mib" under "limits" is 128/);
  },
});

Deno.test({
  name: "a module that floods its log is cut short, costs its supervisor little, and the others are served",
  ignore: NOT_ROOT,
  async fn() {
    const source = `const line = new TextEncoder().encode("x".repeat(99) + "\\n");
    const lines = new Uint8Array(100 * 600);
    for (let i = 0; i < 600; i++) lines.set(line, i * 100);
    export default defineModule({
      async account() {
        for (const end = Date.now() + 3_000; Date.now() < end;) {
          for (let i = 0; i < 20; i++) Deno.stderr.writeSync(lines);
          await new Promise((resolve) => setTimeout(resolve, 0));
        }
        return "success";
      },
    });`;
    await using home = await serveInstalled({ floods: { source }, other: {} });
    const before = cpuMs(home.command.pid);
    const flood = home.account("floods", "nobody");
    const times: number[] = [];
    for (const end = Date.now() + 3_000; Date.now() < end;) {
      const began = performance.now();
      assert.equal(await home.account("other", "denied"), "perm_denied");
      times.push(performance.now() - began);
    }
    assert.equal(await flood, "success");
    const spent = cpuMs(home.command.pid) - before;
    await home.command.printed(/lines on standard error were dropped/);
    const lines = home.command.stderr.split("\n").filter((line) => line.includes("floods: x")).length;
    // Of the thousand in ten seconds that a service manager writes down, some are to be left for its supervisor.
    assert.ok(lines < 400, `${lines} lines were logged`);
    assert.ok(home.command.stderr.length < 1_000_000, `${home.command.stderr.length} characters were logged`);
    assert.ok(spent < 1_500, `the supervisor spent ${spent} ms`);
    console.log(
      `flooded for 3 s: the supervisor spent ${spent} ms of the processor, another module's median was ${
        times.toSorted((a, b) => a - b)[times.length >> 1]!.toFixed(1)
      } ms`,
    );
  },
});

/** What a process spent of the processor, in ms: proc(5) counts hundredths of a second. */
function cpuMs(pid: number): number {
  const fields = Deno.readTextFileSync(`/proc/${pid}/stat`).replace(/^.*\) /s, "").split(" ");
  return (Number(fields[11]) + Number(fields[12])) * 10;
}
