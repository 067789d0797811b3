// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { join } from "node:path";
import fc from "fast-check";
import { Ledger, type Process, UNTOLD_MAX } from "./ledger.ts";
import { SqliteStore } from "./sqlite_store.ts";
import { type Session, type Store, StoreError } from "./store.ts";

const LIMITS = [{ scope: "user:alice", max: 3 }];

function soon(): AbortSignal {
  return AbortSignal.timeout(10_000);
}

function session(i: number): Session {
  const id = i.toString(16).padStart(32, "0");
  const process = { pid: 1000 + i, started: 10 * i };
  return { id, host: "h", service: "sshd", user: "alice", ...process, opened: i, scopes: ["user:alice"] };
}

/** Whoever closes, as a process that has opened nothing. */
const CLOSER = { service: "sshd", user: "alice", tty: undefined, pid: 1, started: 1 };

/** How a store fails: before it has done what it was asked, or after, so that only the answer is lost. */
type Failing = "before" | "after" | undefined;

/** A store that fails when it is told to. */
class Flaky implements Disposable {
  readonly #folder = Deno.makeTempDirSync();
  readonly #store = new SqliteStore(join(this.#folder, "sessions.db"));
  failing: Failing;

  /** The store; what it is made of stays right. */
  readonly store: Store = {
    candidates: (...args) => this.#do(() => this.#store.candidates(...args)),
    admit: (...args) => this.#do(() => this.#store.admit(...args)),
    end: (...args) => this.#do(() => this.#store.end(...args)),
    ofHost: (...args) => this.#do(() => this.#store.ofHost(...args)),
    all: (...args) => this.#store.all(...args),
    history: (...args) => this.#store.history(...args),
    close: () => this.#store.close(),
  };

  async #do<T>(work: () => Promise<T>): Promise<T> {
    if (this.failing === "before") throw new StoreError("away");
    const result = await work();
    if (this.failing === "after") throw new StoreError("lost");
    return result;
  }

  [Symbol.dispose](): void {
    this.#store.close();
    Deno.removeSync(this.#folder, { recursive: true });
  }
}

/** What applications know, and do. */
class World {
  readonly told: Set<number> = new Set();
  readonly alive: Set<number> = new Set();
  #next = 1;
  readonly #ledger: Ledger;

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  readonly running = (processes: readonly Process[]): Promise<boolean[]> =>
    Promise.resolve(processes.map(({ pid }) => this.alive.has(pid - 1000)));

  async open(): Promise<void> {
    const i = this.#next++;
    this.alive.add(i);
    try {
      const request = { session: session(i), limits: LIMITS, running: this.running, signal: soon() };
      if ((await this.#ledger.open(request)).reached === undefined) this.told.add(i);
    } catch (error) {
      assert.ok(error instanceof StoreError);
      this.#ledger.endLater(session(i).id, i);
    }
  }

  async close(nth: number): Promise<void> {
    const i = [...this.told][nth % this.told.size];
    if (i === undefined) return;
    this.told.delete(i);
    const request = { id: session(i).id, closer: CLOSER, now: 0, running: this.running, signal: soon() };
    await this.#ledger.end(request).catch((error) => assert.ok(error instanceof StoreError));
  }

  die(nth: number): void {
    const i = [...this.alive][nth % this.alive.size];
    if (i === undefined) return;
    this.alive.delete(i);
    this.told.delete(i);
  }
}

Deno.test("Ledger has what applications were told, however the store fails, and whoever dies", async () => {
  const step = fc.oneof(
    { weight: 4, arbitrary: fc.constant(["open", 0] as const) },
    { weight: 3, arbitrary: fc.tuple(fc.constant("close" as const), fc.nat(9)) },
    { weight: 1, arbitrary: fc.tuple(fc.constant("die" as const), fc.nat(9)) },
  );
  const failing = fc.oneof(
    { weight: 2, arbitrary: fc.constant<Failing>(undefined) },
    fc.constantFrom<Failing>("before", "after"),
  );
  const run = async (steps: readonly (readonly [readonly ["open" | "close" | "die", number], Failing])[]) => {
    using flaky = new Flaky();
    const ledger = new Ledger(flaky.store);
    const world = new World(ledger);
    for (const [[what, nth], failing] of steps) {
      flaky.failing = failing;
      if (what === "open") await world.open();
      else if (what === "close") await world.close(nth);
      else world.die(nth);
      assert.ok(world.told.size <= 3, "more than the limit");
    }
    // One hook that gets through puts everything right.
    flaky.failing = undefined;
    await world.open();
    const kept = (await flaky.store.all(soon())).map(({ pid }) => pid - 1000);
    assert.deepEqual(new Set(kept), world.told);
  };
  await fc.assert(fc.asyncProperty(fc.array(fc.tuple(step, failing), { maxLength: 25 }), run), {
    seed: 4,
    numRuns: 60,
  });
});

/** Every process runs. */
const allRun = (processes: readonly Process[]) => Promise.resolve(processes.map(() => true));

/** Opens a session without a limit, which tells the store first what it has missed; gives all that it has then, by number. */
async function openAndLook(ledger: Ledger, { store }: Flaky, running = allRun): Promise<readonly number[]> {
  await ledger.open({ session: session(5000), limits: [], running, signal: soon() });
  return (await store.all(soon())).map(({ pid }) => pid - 1000);
}

Deno.test("Ledger remembers a bounded number of things that it could not tell", async () => {
  using flaky = new Flaky();
  const ledger = new Ledger(flaky.store);
  for (let i = 1; i <= UNTOLD_MAX + 1; i++) ledger.openLater(session(i));
  const open = (i: number) =>
    ledger.open({ session: session(i), limits: [], running: allRun, signal: soon() });
  await Promise.all([2000, 2001, 2002].map(open));
  const kept = await flaky.store.all(soon());
  assert.equal(kept.length, UNTOLD_MAX + 3);
  assert.ok(!kept.some(({ id }) => id === session(1).id), "the oldest was given up");
});

Deno.test("Ledger forgets no open session over any number of ends, and keeps the last of these", async () => {
  using flaky = new Flaky();
  const ledger = new Ledger(flaky.store);
  for (const i of [1, 2, 3]) ledger.openLater(session(i));
  for (const i of [4, 5]) await flaky.store.admit({ session: session(i), limits: [], dead: [] }, soon());
  ledger.endLater(session(4).id, 1);
  for (let i = 100; i < 100 + UNTOLD_MAX; i++) ledger.endLater(session(i).id, 1);
  ledger.endLater(session(5).id, 1);
  assert.deepEqual(await openAndLook(ledger, flaky), [1, 2, 3, 4, 5000]);
});

Deno.test("Ledger tells no store that a session is open which has ended, or whose process is gone", async () => {
  using flaky = new Flaky();
  const [here, there] = [new Ledger(flaky.store), new Ledger(flaky.store)];
  for (const i of [1, 2, 3, 4]) here.openLater(session(i));
  // One is closed at this worker, and one at another, which does not know it; its process goes after that.
  const end = (ledger: Ledger, i: number) =>
    ledger.end({ id: session(i).id, closer: CLOSER, now: 9, running: allRun, signal: soon() });
  assert.equal(await end(here, 1), undefined);
  assert.equal(await end(there, 2), undefined);
  const gone = [1002, 1003];
  const running = (processes: readonly Process[]) =>
    Promise.resolve(processes.map(({ pid }) => !gone.includes(pid)));
  assert.deepEqual(await openAndLook(here, flaky, running), [4, 5000]);
  assert.deepEqual(await flaky.store.history(10, soon()), []);
});

Deno.test("Ledger leaves nothing open that ends while the store hears that it is open", async () => {
  using flaky = new Flaky();
  const { store } = flaky;
  let onAdmit: (() => Promise<unknown>) | undefined;
  const admit: Store["admit"] = async (...args) => {
    await onAdmit?.();
    return await store.admit(...args);
  };
  const ledger = new Ledger({ ...store, admit });
  for (const i of [1, 2, 3]) ledger.openLater(session(i));
  const end = (i: number) =>
    ledger.end({ id: session(i).id, closer: CLOSER, now: 9, running: allRun, signal: soon() });
  // While the store is told of the first, that one and the second end; what it is told of the first comes later.
  onAdmit = () => {
    onAdmit = undefined;
    return Promise.all([1, 2].map(end));
  };
  await openAndLook(ledger, flaky);
  assert.deepEqual(await openAndLook(ledger, flaky), [3, 5000]);
});

Deno.test("Ledger asks about at most 512 processes at once, and about all that count", async () => {
  using flaky = new Flaky();
  const ledger = new Ledger(flaky.store);
  for (let i = 1; i <= 1200; i++) {
    await flaky.store.admit({ session: session(i), limits: [], dead: [] }, soon());
  }
  const asked: number[] = [];
  const running = (processes: readonly Process[]) => {
    asked.push(processes.length);
    return Promise.resolve(processes.map(({ pid }) => pid % 2 === 0));
  };
  const limits = [{ scope: "user:alice", max: 601 }];
  const { reached, reaped } = await ledger.open({ session: session(5000), limits, running, signal: soon() });
  assert.equal(reached, undefined);
  assert.equal(reaped.length, 600);
  assert.deepEqual(asked, [512, 512, 176]);
});
