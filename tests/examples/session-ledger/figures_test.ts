// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import { ANSWERS, type Caller } from "./callers.ts";
import { eventually, NAME, Scene } from "./scene.ts";

const NOT_ROOT = Deno.uid() !== 0;

/** Sessions that the user may have at once, and logins that come at once. */
const LIMIT = 10;
const LOGINS = 200;
/** How often the worker, or Redis, is killed while logins and logouts go on. */
const KILLS = 5;
/** How many logins it answers before that. */
const ANSWERS_BETWEEN = 300;

function pidsOf(callers: readonly Caller[]): readonly number[] {
  return callers.filter(({ isOpen }) => isOpen).map(({ pid }) => pid).sort((a, b) => a - b);
}

/** Watches that never more than the limit are open: in the store, and by what applications were told. */
class Watch {
  readonly #scene: Scene;
  readonly #callers: readonly Caller[];
  readonly #end = new AbortController();
  readonly #looking: Promise<void>;
  most = 0;
  looks = 0;

  constructor(scene: Scene, callers: readonly Caller[]) {
    this.#scene = scene;
    this.#callers = callers;
    this.#looking = this.#look();
  }

  async #look(): Promise<void> {
    while (!this.#end.signal.aborted) {
      const told = this.#callers.filter(({ isOpen }) => isOpen).length;
      // While Redis is away there is nothing to be seen.
      const sessions = await this.#scene.open().catch(() => []);
      const kept = sessions.filter(({ user }) => user === "nobody").length;
      this.most = Math.max(this.most, told, kept);
      this.looks++;
      await sleep(5);
    }
  }

  async end(): Promise<void> {
    this.#end.abort();
    await this.#looking;
    assert.ok(this.most <= LIMIT, `${this.most} sessions were open at once`);
    assert.ok(this.looks >= 2);
  }
}

/**
 * Logs in and out at one place of `callers`, again and again, until `signal` fires; what is open then stays. As most applications do, this
 * one ends when its hook is broken off, and another one takes its place.
 */
async function comeAndGo(scene: Scene, callers: Caller[], place: number, signal: AbortSignal): Promise<void> {
  const random = randomFrom(place + 1);
  while (!signal.aborted) {
    const caller = callers[place]!;
    const code = await caller.open();
    if (code === "success") {
      await sleep(30 * random());
      if (signal.aborted) return;
      await caller.close();
    } else if (!ANSWERS.has(code) && random() < 0.9) {
      await caller.kill();
      [callers[place]] = scene.callers(1) as [Caller];
    }
    await sleep(40 * random());
  }
}

/** Numbers from 0 to 1 that are the same in every run. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => (state = (state * 48271) % 2147483647) / 2147483647;
}

/** What the module has answered so far. */
function answers(scene: Scene): number {
  return scene.started.flatMap(({ codes }) => codes).filter((code) => ANSWERS.has(code)).length;
}

/** Lets all callers come and go while `kill` is done KILLS times, each time after so many more answers. */
async function churn(scene: Scene, callers: Caller[], kill: () => Promise<void>): Promise<void> {
  const end = new AbortController();
  const going = callers.map((_, place) => comeAndGo(scene, callers, place, end.signal));
  const someMore = async () => {
    const before = answers(scene);
    await eventually("it answers", () => answers(scene) >= before + ANSWERS_BETWEEN, 30_000);
  };
  try {
    for (let i = 0; i < KILLS; i++) {
      await someMore();
      await kill();
    }
    await someMore();
  } finally {
    end.abort();
    await Promise.all(going);
  }
}

async function closeAll(callers: readonly Caller[]): Promise<void> {
  await Promise.all(callers.filter(({ isOpen }) => isOpen).map((caller) => caller.close()));
}

const KINDS = [["SQLite", "sqlite"], ["Redis", "redis"]] as const;

for (const [name, kind] of KINDS) {
  Deno.test({
    name:
      `${LOGINS} logins at once come to ${LIMIT} sessions in ${name}, and dead applications make room (needs root)`,
    ignore: NOT_ROOT,
    async fn() {
      await using scene = await Scene.start({ kind, options: { limit: LIMIT }, config: { workers: 2 } });
      const callers = scene.callers(LOGINS);
      const watch = new Watch(scene, callers);
      const began = performance.now();
      const codes = await Promise.all(callers.map((caller) => caller.open()));
      const ms = performance.now() - began;
      assert.equal(codes.filter((code) => code === "success").length, LIMIT);
      assert.equal(codes.filter((code) => code === "perm_denied").length, LOGINS - LIMIT);
      assert.deepEqual(await scene.pids(), pidsOf(callers), "the store has what applications were told");

      const leaving = callers.filter(({ isOpen }) => isOpen).slice(0, 4);
      await closeAll(leaving);
      assert.deepEqual(await scene.pids(), pidsOf(callers));
      const waiting = callers.filter((caller) => !caller.isOpen && !leaving.includes(caller));
      await Promise.all(waiting.map((caller) => caller.open()));
      assert.equal(pidsOf(callers).length, LIMIT, "their places were given away, once each");
      assert.deepEqual(await scene.pids(), pidsOf(callers));

      const dying = callers.filter(({ isOpen }) => isOpen).slice(0, 5);
      await Promise.all(dying.map((caller) => caller.kill()));
      const next = callers.filter((caller) => !caller.isOpen && !dying.includes(caller));
      await Promise.all(next.map((caller) => caller.open()));
      assert.equal(pidsOf(callers).length, LIMIT, "the places of the dead were given away");
      assert.deepEqual(await scene.pids(), pidsOf(callers));
      await watch.end();
      console.log(
        `${name}: ${LOGINS} logins at once: ${LIMIT} in, ${LOGINS - LIMIT} refused, in ${
          ms.toFixed(0)
        } ms; at most ${watch.most} open in ${watch.looks} looks`,
      );
    },
  });

  Deno.test({
    name: `no session in ${name} is lost or too many when the worker is killed ${KILLS} times (needs root)`,
    ignore: NOT_ROOT,
    async fn() {
      await using scene = await Scene.start({ kind, options: { limit: LIMIT } });
      const callers = scene.callers(LOGINS);
      const watch = new Watch(scene, callers);
      const killed: number[] = [];
      await churn(scene, callers, async () => {
        const pid = await scene.harness.worker(NAME, killed, 10_000);
        killed.push(pid);
        Deno.kill(pid, "SIGKILL");
      });
      await eventually("a new worker answers", async () => {
        const [probe] = scene.callers(1, "daemon");
        return probe !== undefined && await probe.open() === "success" && await probe.close() === "success";
      });
      const kept = new Set(await scene.pids());
      const lost = pidsOf(callers).filter((pid) => !kept.has(pid));
      assert.deepEqual(lost, [], "an application was told of a session that the ledger does not have");
      const codes = scene.started.flatMap(({ codes }) => codes);
      const hit = codes.filter((code) => !ANSWERS.has(code));
      assert.ok(codes.length >= LOGINS);
      await watch.end();
      // What was broken off on the way is there as long as its process is, and no longer.
      const ghosts = callers.filter(({ pid, wasBrokenOff }) => kept.has(pid) && wasBrokenOff);
      await Promise.all(ghosts.map((caller) => caller.kill()));
      const [last] = scene.callers(1);
      await last?.open();
      const told = pidsOf(last === undefined ? callers : [...callers, last]);
      assert.deepEqual(await scene.pids(), told, "closed and dead sessions are not in the ledger");
      console.log(
        `${name}: ${killed.length} workers killed under ${codes.length} logins, ${hit.length} broken off: none lost, at most ${watch.most} open; ${ghosts.length} may hold a place until their process ends`,
      );
    },
  });
}

Deno.test({
  name: `no session in Redis is lost or too many when Redis is killed ${KILLS} times (needs root)`,
  ignore: NOT_ROOT,
  async fn() {
    await using scene = await Scene.start({ kind: "redis", options: { limit: LIMIT } });
    const { redis } = scene;
    assert.ok(redis !== undefined);
    const callers = scene.callers(LOGINS);
    const watch = new Watch(scene, callers);
    await churn(scene, callers, async () => {
      await redis.kill();
      await redis.run();
    });
    await watch.end();
    // The first hook that gets through tells Redis what it could not be told before.
    await eventually("the worker has got through", async () => {
      const [probe] = scene.callers(1, "daemon");
      return probe !== undefined && await probe.open() === "success" && await probe.close() === "success";
    });
    assert.deepEqual(await scene.pids(), pidsOf(callers), "what is open by what applications were told");
    const codes = scene.started.flatMap(({ codes }) => codes);
    assert.deepEqual([...new Set(codes)].filter((code) => !ANSWERS.has(code)), []);
    console.log(
      `Redis killed ${KILLS} times under ${codes.length} logins, ${
        codes.filter((code) => code === "success").length
      } let in: none lost, at most ${watch.most} open`,
    );
  },
});
