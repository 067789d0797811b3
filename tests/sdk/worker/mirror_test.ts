// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import fc from "fast-check";
import type { Outcome } from "../../../sdk/dispatch.ts";
import type { Hook } from "../../../sdk/hooks.ts";
import type { PamCode } from "../../../sdk/tokens.ts";
import type { MessageOf } from "../../../sdk/wire/mod.ts";
import { Mirror, MIRROR_MAX, MIRROR_MS_MAX, type MirrorOptions } from "../../../sdk/worker/mirror.ts";
import { hookMessage } from "./client.ts";

type HookMessage = MessageOf<"hook">;
type Over = Parameters<typeof hookMessage>[0];

const MONITOR = { pid: 700, started: 5_000 };
const CHILD = { pid: 701, started: 5_040, parent_pid: MONITOR.pid, parent_started: MONITOR.started };
const SIBLING = { ...CHILD, pid: 702, started: 5_090 };
const DATA = Uint8Array.of(1, 2, 3);
const OTHER = Uint8Array.of(4, 5);

/** What the child asks. */
const before = (over: Over = {}): HookMessage => hookMessage({ hook: "authenticate", ...CHILD, ...over });
/** What its parent asks. */
const after = (over: Over = {}): HookMessage => hookMessage({ hook: "openSession", ...MONITOR, ...over });

function result(code: PamCode, data?: Uint8Array | "delete"): Outcome {
  const data_action = data === undefined ? "keep" : data === "delete" ? "delete" : "set";
  return {
    type: "result",
    code,
    data_action,
    data: data instanceof Uint8Array ? data : new Uint8Array(0),
    fail_delay_us: 0,
    items: [],
    environment: [],
    tokens: [],
    user_files: [],
  };
}

/** A mirror whose time stands still, and which is left empty. */
class TestMirror extends Mirror implements Disposable {
  time = 1_000;
  /** What is to be done, and when. */
  timer: { readonly at: number; readonly act: () => void } | undefined;

  constructor(options: MirrorOptions = {}) {
    super({
      now: () => this.time,
      after: (ms, act) => {
        assert.equal(this.timer, undefined, "one timer is enough");
        this.timer = { at: this.time + ms, act };
        return () => void (this.timer = undefined);
      },
      ...options,
    });
  }

  /** Lets time pass, and the timer fire. */
  advance(ms: number): void {
    this.time += ms;
    while (this.timer !== undefined && this.timer.at <= this.time) {
      const { act } = this.timer;
      this.timer = undefined;
      act();
    }
  }

  [Symbol.dispose](): void {
    this.clear();
    assert.equal(this.size, 0);
    assert.equal(this.timer, undefined, "an empty mirror costs nothing");
  }
}

Deno.test("Mirror gives the data of a child to its parent, once to openSession", () => {
  using mirror = new TestMirror();
  mirror.note(before(), result("success", DATA));
  assert.deepEqual(mirror.resume(after()), DATA);
  assert.equal(mirror.size, 0);
  assert.equal(mirror.resume(after()), undefined);
});

Deno.test("Mirror gives data to setCredentials as often as it comes, and then to openSession", () => {
  using mirror = new TestMirror();
  mirror.note(before(), result("success", DATA));
  assert.deepEqual(mirror.resume(after({ hook: "setCredentials" })), DATA);
  assert.deepEqual(mirror.resume(after({ hook: "setCredentials" })), DATA);
  // They are on the handle now.
  assert.deepEqual(mirror.resume(after({ data: DATA })), DATA);
  assert.equal(mirror.resume(after()), undefined);
});

Deno.test("Mirror leaves alone a handle with data of its own, and openSession uses the entry up all the same", () => {
  using mirror = new TestMirror();
  mirror.note(before(), result("success", DATA));
  assert.equal(mirror.resume(after({ hook: "setCredentials", data: OTHER })), undefined);
  assert.equal(mirror.resume(after({ data: OTHER })), undefined);
  assert.equal(mirror.resume(after()), undefined);
});

Deno.test("Mirror gives nothing to other hooks", () => {
  using mirror = new TestMirror();
  mirror.note(before(), result("success", DATA));
  for (const hook of ["authenticate", "account", "closeSession", "preliminary", "update"] as const) {
    assert.equal(mirror.resume(after({ hook })), undefined, hook);
  }
  assert.deepEqual(mirror.resume(after()), DATA);
});

Deno.test("Mirror records the four hooks that a child runs, and no other", () => {
  const records = (hook: Hook) => {
    using mirror = new TestMirror();
    mirror.note(before({ hook }), result("success", DATA));
    return mirror.size === 1;
  };
  for (const hook of ["authenticate", "account", "preliminary", "update"] as const) {
    assert.ok(records(hook), hook);
  }
  for (const hook of ["setCredentials", "openSession", "closeSession"] as const) {
    assert.ok(!records(hook), hook);
  }
});

Deno.test("Mirror gives nothing to anybody but the recorded parent, for the same service, user and instance", () => {
  const wrong: Record<string, Over> = {
    "a sibling": {
      pid: SIBLING.pid,
      started: SIBLING.started,
      parent_pid: MONITOR.pid,
      parent_started: 5_000,
    },
    "the child itself": { ...CHILD },
    "a later process with the parent's id": { started: 5_001 },
    "another process that started with it": { pid: 1_700 },
    "a process that does not say when it started": { started: undefined! },
    "another user": { user: "bob" },
    "another service": { items: [{ item: "service", value: "su" }, { item: "user", value: "alice" }] },
    "another instance": { instance: "second" },
    "a set-uid program": { uid: 1000 },
    "an unprivileged program": { uid: 1000, euid: 1000 },
  };
  for (const [who, over] of Object.entries(wrong)) {
    using mirror = new TestMirror();
    mirror.note(before(), result("success", DATA));
    assert.equal(mirror.resume(after({ hook: "setCredentials", ...over })), undefined, who);
    assert.equal(mirror.resume(after(over)), undefined, who);
    if (who !== "the child itself") assert.deepEqual(mirror.resume(after()), DATA, `after ${who}`);
  }
});

Deno.test("Mirror keeps instances apart", () => {
  using mirror = new TestMirror();
  mirror.note(before({ instance: "first" }), result("success", DATA));
  mirror.note(before({ instance: "second" }), result("success", OTHER));
  assert.equal(mirror.resume(after()), undefined);
  assert.deepEqual(mirror.resume(after({ instance: "second" })), OTHER);
  assert.deepEqual(mirror.resume(after({ instance: "first" })), DATA);
});

Deno.test("Mirror records only what the shim says of root's processes", () => {
  for (
    const over of [
      { uid: 1000 },
      { euid: 1000 },
      { parent_pid: undefined! },
      { parent_started: undefined! },
      { started: undefined! },
    ] satisfies Over[]
  ) {
    using mirror = new TestMirror();
    mirror.note(before(over), result("success", DATA));
    assert.equal(mirror.size, 0, JSON.stringify(over));
  }
});

Deno.test("Mirror records what the hook leaves: set, kept or nothing", () => {
  const left = (over: Over, outcome: Outcome | undefined) => {
    using mirror = new TestMirror();
    mirror.note(before(over), outcome);
    return mirror.resume(after());
  };
  assert.deepEqual(left({}, result("new_authtok_reqd", DATA)), DATA);
  assert.deepEqual(left({ data: OTHER }, result("success")), OTHER);
  assert.deepEqual(left({ data: OTHER }, result("success", DATA)), DATA);
  assert.equal(left({ data: OTHER }, result("success", "delete")), undefined);
  assert.equal(left({}, result("success")), undefined);
  assert.equal(left({ data: new Uint8Array(0) }, result("success")), undefined);
  assert.equal(left({}, result("ignore", DATA)), undefined);
  assert.equal(left({}, result("auth_err", DATA)), undefined);
  assert.equal(left({}, { type: "fault", fault: "threw", message: "" }), undefined);
  assert.equal(left({ data: OTHER }, undefined), undefined);
});

Deno.test("Mirror takes the last word of a process", () => {
  const over = (outcome: Outcome | undefined, change: Over = {}) => {
    using mirror = new TestMirror();
    mirror.note(before(), result("success", DATA));
    mirror.note(before({ hook: "account", data: DATA, ...change }), outcome);
    return mirror.resume(after());
  };
  assert.deepEqual(over(result("success")), DATA);
  assert.deepEqual(over(result("success", OTHER)), OTHER);
  assert.deepEqual(over(result("ignore")), DATA);
  assert.deepEqual(over(result("ignore", OTHER)), OTHER);
  assert.equal(over(result("ignore", "delete")), undefined);
  assert.equal(over(result("perm_denied")), undefined);
  assert.equal(over({ type: "fault", fault: "busy", message: "" }), undefined);
  assert.equal(over(undefined), undefined);
  // The name of the user has changed meanwhile: what was there is not this user's.
  assert.equal(over(result("success"), { user: "bob" }), undefined);
  assert.equal(over(result("perm_denied"), { user: "bob" }), undefined);
});

Deno.test("Mirror lets the last attempt count", () => {
  const second = (outcome: Outcome, change: Over = {}) => {
    using mirror = new TestMirror();
    mirror.note(before(), result("success", DATA));
    mirror.note(before({ ...SIBLING, ...change }), outcome);
    return mirror.resume(after());
  };
  assert.deepEqual(second(result("success", OTHER)), OTHER);
  assert.equal(second(result("success")), undefined);
  assert.equal(second(result("auth_err", OTHER)), undefined);
  assert.deepEqual(second(result("ignore", OTHER)), DATA);
  assert.deepEqual(second(result("auth_err"), { user: "bob" }), DATA);
  assert.deepEqual(second(result("auth_err"), { parent_started: 4_999 }), DATA);
});

Deno.test("Mirror forgets what a process left that opens its session itself", () => {
  using mirror = new TestMirror();
  mirror.note(before(), result("success", DATA));
  assert.equal(mirror.resume(after({ ...CHILD, data: DATA })), undefined);
  assert.equal(mirror.size, 0);
});

Deno.test("Mirror forgets after two minutes, and has a timer only while it holds something", () => {
  using mirror = new TestMirror();
  assert.equal(mirror.timer, undefined);
  mirror.note(before(), result("success", DATA));
  mirror.advance(MIRROR_MS_MAX - 1);
  mirror.note(before({ ...SIBLING, user: "bob" }), result("success", DATA));
  assert.deepEqual(mirror.resume(after({ hook: "setCredentials" })), DATA);
  mirror.advance(1);
  assert.equal(mirror.size, 1);
  assert.equal(mirror.resume(after()), undefined);
  assert.ok(mirror.timer !== undefined);
  mirror.advance(MIRROR_MS_MAX - 1);
  assert.equal(mirror.size, 0);
  assert.equal(mirror.timer, undefined);
});

Deno.test("Mirror gives nothing whose time is over, also where the timer is late", () => {
  using mirror = new TestMirror();
  mirror.note(before(), result("success", DATA));
  mirror.time += MIRROR_MS_MAX;
  assert.equal(mirror.resume(after({ hook: "setCredentials" })), undefined);
  assert.equal(mirror.resume(after()), undefined);
  assert.equal(mirror.size, 0);
});

Deno.test("Mirror counts two minutes from the last hook of a process", () => {
  using mirror = new TestMirror();
  mirror.note(before(), result("success", DATA));
  mirror.advance(MIRROR_MS_MAX - 1);
  mirror.note(before({ hook: "account", data: DATA }), result("success"));
  mirror.advance(MIRROR_MS_MAX - 1);
  assert.deepEqual(mirror.resume(after()), DATA);
});

Deno.test("Mirror holds so many entries, and lets the oldest go", () => {
  using mirror = new TestMirror();
  const child = (n: number) => ({ ...CHILD, pid: 10_000 + n, parent_pid: 50_000 + n });
  for (let n = 0; n <= MIRROR_MAX; n++) mirror.note(before(child(n)), result("success", DATA));
  assert.equal(mirror.size, MIRROR_MAX);
  assert.equal(mirror.resume(after({ pid: 50_000 })), undefined);
  assert.deepEqual(mirror.resume(after({ pid: 50_001 })), DATA);
  assert.deepEqual(mirror.resume(after({ pid: 50_000 + MIRROR_MAX })), DATA);
});

Deno.test("Mirror keeps and gives copies, and wipes its own", () => {
  const wiped: Uint8Array[] = [];
  const { slice, fill } = Uint8Array.prototype;
  const copies: Uint8Array[] = [];
  Uint8Array.prototype.slice = function (...range) {
    const copy = slice.apply(this, range);
    copies.push(copy);
    return copy;
  };
  Uint8Array.prototype.fill = function (...values) {
    wiped.push(this);
    return fill.apply(this, values);
  };
  try {
    using mirror = new TestMirror();
    const given = Uint8Array.of(9, 9);
    mirror.note(before(), result("success", given));
    const [kept] = copies;
    assert.ok(kept !== undefined && kept !== given);
    const data = mirror.resume(after());
    assert.deepEqual([wiped.includes(kept), [...kept]], [true, [0, 0]]);
    assert.deepEqual([data, given], [Uint8Array.of(9, 9), Uint8Array.of(9, 9)]);
    for (const end of ["time", "failure", "clear", "room"] as const) {
      copies.length = 0;
      using full = new TestMirror({ max: 1 });
      full.note(before(), result("success", given));
      const [kept] = copies;
      if (end === "time") full.advance(MIRROR_MS_MAX);
      if (end === "failure") full.note(before(), result("auth_err"));
      if (end === "clear") full.clear();
      if (end === "room") full.note(before({ ...SIBLING, user: "bob" }), result("success", given));
      assert.deepEqual([...kept!], [0, 0], end);
    }
  } finally {
    Object.assign(Uint8Array.prototype, { slice, fill });
  }
});

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
      const last = new Map<string, { readonly code: PamCode; readonly at: number }>();
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
            said !== undefined && said.code !== "perm_denied" && mirror.time - said.at < MIRROR_MS_MAX,
          );
        }
        if (hook.hook === "openSession") last.delete(`${hook.pid} ${user}`);
        const isBefore = ["authenticate", "account", "update"].includes(hook.hook);
        if (isBefore && outcome.type === "result") {
          const key = `${hook.parent_pid} ${user}`;
          const code = outcome.code === "ignore" ? last.get(key)?.code : outcome.code;
          if (code !== undefined) last.set(key, { code, at: mirror.time });
        }
        mirror.note(hook, outcome);
        assert.ok(mirror.size <= 3);
        assert.equal(mirror.timer === undefined, mirror.size === 0);
      }
    }),
    { seed: 4, numRuns: 2_000 },
  );
});
