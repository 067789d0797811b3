// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import process from "node:process";
import { FAILURES, type Hook, HOOKS } from "../../sdk/hooks.ts";
import { encode } from "../../sdk/wire/codec.ts";
import { hex, Hostile, result, send, type Step } from "./hostile.ts";
import { assertSeen, fixture, play, type Scene, type Seen, shareHarness } from "./scene.ts";

/** What a hook may take to return once its worker was killed: a figure of the project. */
const KILLED_MS_MAX = 100;
/** How long a handler may take to begin. */
const WAITING_MS_MAX = 10_000;

const shared = shareHarness((harness) => {
  harness.configure("patient", fixture("patient"));
});

const worst = new Map<string, number>();
Deno.test.afterAll(() => {
  for (const [state, ms] of worst) console.log(`from kill to return, ${state}: at most ${ms.toFixed(1)} ms`);
});

function note(state: string, ms: number): void {
  worst.set(state, Math.max(worst.get(state) ?? 0, ms));
  assert.ok(ms < KILLED_MS_MAX, `${ms} ms ${state}`);
}

const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
const SUCCESS = hex(encode(result("success")));

/** Plays a hook and kills the worker when `ready` says so; notes how long the hook took from there. */
async function killed(
  state: string,
  scene: Scene,
  ready: () => Promise<void>,
  kill: () => void,
): Promise<Seen> {
  let ms = NaN;
  const seen = await play(shared(), {
    ...scene,
    async call(transaction) {
      const { background } = transaction;
      const called = callInBackground(scene.hook, background);
      await ready();
      const began = performance.now();
      kill();
      const code = await called;
      ms = performance.now() - began;
      return code;
    },
  });
  note(state, ms);
  return seen;
}

function callInBackground(hook: Hook, background: Parameters<NonNullable<Scene["call"]>>[0]["background"]) {
  switch (hook) {
    case "authenticate":
      return background.authenticate();
    case "setCredentials":
      return background.setCredentials();
    case "account":
      return background.account();
    case "openSession":
      return background.openSession();
    case "closeSession":
      return background.closeSession();
    default:
      return background.changePassword();
  }
}

/** Waits for one more line in the log that says that the handler waits: how long the way there takes is the machine's affair. */
function untilWaiting(): () => Promise<void> {
  const waiting = () => shared().syslog.filter(({ text }) => text.endsWith("says: waiting")).length;
  const before = waiting();
  return async () => {
    for (const end = performance.now() + WAITING_MS_MAX; waiting() === before; await sleep(1)) {
      assert.ok(performance.now() < end, "the handler does not wait");
    }
  };
}

/** What a hook without a worker says, which the worker's replacement must not have to. */
async function answersAgain(): Promise<void> {
  const seen = await play(shared(), {
    module: "patient",
    hook: "account",
    options: ["timeout=20s"],
    call: (transaction) => transaction.background.account(),
  });
  assertSeen(seen, { code: "success" });
}

for (const at of ["handler", "lookup", "text"] as const) {
  Deno.test(`a worker killed while its handler waits (${at}) breaks the hook off, and its replacement answers`, async () => {
    for (let i = 0; i < 3; i++) {
      const worker = await shared().worker("patient");
      const seen = await killed(
        `while the handler waits (${at})`,
        { module: "patient", hook: "account", options: ["timeout=20s"], args: [`at=${at}`] },
        untilWaiting(),
        () => Deno.kill(worker, "SIGKILL"),
      );
      assertSeen(seen, {
        code: "service_err",
        shown: at === "text" ? ["text_info wait"] : [],
        log: /^err account patient: broken_off, service_err .*hung up without a result: its own log says why/,
      });
      await answersAgain();
    }
  });
}

Deno.test("a worker killed while the person is asked breaks the hook off when they have answered", async () => {
  for (const answer of ["yes", "no", undefined]) {
    const harness = shared();
    const worker = await harness.worker("patient");
    let answered = NaN;
    const seen = await play(harness, {
      module: "patient",
      hook: "authenticate",
      options: ["grant=prompt", "timeout=20s"],
      conversation: (messages) => {
        Deno.kill(worker, "SIGKILL");
        const until = performance.now() + 1000;
        while (!gone(worker) && performance.now() < until);
        answered = performance.now();
        return messages.map(() => answer);
      },
      call(transaction) {
        const code = transaction.authenticate();
        note("while the person is asked, from the answer", performance.now() - answered);
        return code;
      },
    });
    assertSeen(seen, {
      code: "service_err",
      shown: ["prompt_echo_on Still there? "],
      log: /^err authenticate patient: broken_off, service_err .*hung up without a result/,
    });
    await answersAgain();
  }
});

/** Whether a process that was killed has let go of its descriptors. */
function gone(pid: number): boolean {
  try {
    return [...Deno.readDirSync(`/proc/${pid}/fd`)].length === 0;
  } catch {
    return true;
  }
}

Deno.test("a worker killed before it accepts costs nothing: its replacement finds the hook in the backlog", async () => {
  const harness = shared();
  const worker = await harness.worker("patient");
  Deno.kill(worker, "SIGSTOP");
  const seen = await play(harness, {
    module: "patient",
    hook: "account",
    options: ["timeout=20s"],
    async call(transaction) {
      const called = transaction.background.account();
      await sleep(40);
      Deno.kill(worker, "SIGKILL");
      return await called;
    },
  });
  assertSeen(seen, { code: "success" });
});

/** States that our own worker does not stay in long enough. */
const STATES: readonly [state: string, steps: Step[], waitMs: number][] = [
  ["before it accepts", [], 30],
  ["after it accepts, before it reads", [{ pause: 0 }, { say: "ready" }, { hang: true }], 5],
  ["after it has read the request", [{ read: 1 }, { say: "ready" }, { hang: true }], 5],
  ["after a text", [{ read: 1 }, send({ type: "text", style: "text_info", text: "a" }), { say: "ready" }, {
    hang: true,
  }], 5],
  ["after an answer", [{ read: 1 }, send({ type: "lookup_passwd" }), { read: 1 }, { say: "ready" }, {
    hang: true,
  }], 5],
  ["after half a length", [{ read: 1 }, { send: SUCCESS.slice(0, 4) }, { say: "ready" }, { hang: true }], 5],
  ["after half a result", [{ read: 1 }, { send: SUCCESS.slice(0, 20) }, { say: "ready" }, { hang: true }], 5],
  ["after all of a result but one octet", [{ read: 1 }, { send: SUCCESS.slice(0, -2) }, { say: "ready" }, {
    hang: true,
  }], 5],
];

for (const [state, steps, waitMs] of STATES) {
  Deno.test(`a worker killed in this state breaks every hook off: ${state}`, async () => {
    for (const hook of Object.keys(HOOKS) as Hook[]) {
      if (hook === "update") continue; // Only the first pass is called: it fails.
      await using hostile = await Hostile.start(shared(), "evil", Object.keys(HOOKS).join(","));
      if (steps.length > 0) await hostile.plan(steps);
      const seen = await killed(
        state,
        { module: "evil", hook, options: ["timeout=20s"] },
        async () => {
          if (steps.length > 0) await hostile.said("ready");
          await sleep(waitMs);
        },
        () => hostile.kill(),
      );
      assertSeen(seen, {
        code: FAILURES.broken_off[hook],
        shown: state === "after a text" ? ["text_info a"] : [],
        log: new RegExp(
          `^err ${hook} evil: broken_off, ${FAILURES.broken_off[hook]} .*hung up without a result`,
        ),
      }, hook);
    }
  });
}

Deno.test("a worker killed amid look-ups breaks the hook off, whatever was under way", async () => {
  const lookups = send(...Array(60).fill({ type: "lookup_groups" }));
  for (const waitMs of [0, 1, 2, 3, 4]) {
    await using hostile = await Hostile.start(shared(), "evil", "account");
    await hostile.plan([{ read: 1 }, { say: "ready" }, lookups, { hang: true }]);
    const seen = await killed(
      "amid look-ups",
      { module: "evil", hook: "account", options: ["timeout=20s"] },
      async () => {
        await hostile.said("ready");
        const until = performance.now() + waitMs;
        while (performance.now() < until);
      },
      () => hostile.kill(),
    );
    assertSeen(seen, { code: "service_err", log: /^err account evil: broken_off, service_err/ });
  }
});

Deno.test("a full backlog costs the deadline, not the processor, and is never ignored", async () => {
  const harness = shared();
  await using hostile = await Hostile.start(harness, "evil", "account", { backlog: 1 });
  Deno.kill(hostile.pid, "SIGSTOP");
  const filled: Deno.Conn[] = [];
  try {
    for (let i = 0; i < 2; i++) {
      filled.push(await Deno.connect({ transport: "unix", path: harness.socket("evil") }));
    }
    for (const options of [[], ["on_unreachable=ignore"]]) {
      const before = process.cpuUsage();
      const seen = await play(harness, {
        module: "evil",
        hook: "account",
        options: ["timeout=400ms", ...options],
      });
      const { user, system } = process.cpuUsage(before);
      assertSeen(seen, {
        code: "service_err",
        log: /^err account evil: broken_off, service_err .*failed with EAGAIN \(11\): no room in the backlog/,
      });
      assert.ok(seen.ms >= 390 && seen.ms < 600, `${seen.ms} ms`);
      assert.ok(user + system < 100_000, `${user + system} µs of processor time`);
    }
  } finally {
    for (const connection of filled) connection.close();
  }
});

Deno.test("a worker that is stopped costs the deadline, and answers when it goes on", async () => {
  const harness = shared();
  const worker = await harness.worker("patient");
  Deno.kill(worker, "SIGSTOP");
  const scene: Scene = {
    module: "patient",
    hook: "account",
    options: ["timeout=200ms", "on_unreachable=ignore"],
  };
  const seen = await play(harness, scene);
  Deno.kill(worker, "SIGCONT");
  assertSeen(seen, {
    code: "service_err",
    log: /^err account patient: broken_off, .*did not answer in time/,
  });
  assert.ok(seen.ms >= 190 && seen.ms < 400, `${seen.ms} ms`);
  await answersAgain();
});

Deno.test("a handler learns at the deadline that nobody waits any more", async () => {
  const harness = shared();
  const seen = await play(harness, {
    module: "patient",
    hook: "account",
    options: ["timeout=200ms"],
    args: ["at=handler"],
    call: (transaction) => transaction.background.account(),
  });
  // Its signal fires a little before: what it then says is still heard.
  assertSeen(seen, { code: "service_err", log: /^info account patient says: given up: "TimeoutError"$/ });
  assertSeen(seen, { code: "service_err", log: /^err account patient: threw, / });
});
