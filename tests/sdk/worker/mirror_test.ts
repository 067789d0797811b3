// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import type { Outcome } from "../../../sdk/dispatch.ts";
import type { Hook } from "../../../sdk/hooks.ts";
import { MIRROR_MAX, MIRROR_MS_MAX, MIRROR_USER_MAX } from "../../../sdk/worker/mirror.ts";
import {
  after,
  before,
  CHILD,
  DATA,
  MONITOR,
  OTHER,
  type Over,
  result,
  SIBLING,
  TestMirror,
} from "./mirrored.ts";

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

Deno.test("Mirror goes before what an older attempt left on the handle", () => {
  using mirror = new TestMirror();
  mirror.note(before(), result("success", DATA));
  const credentials = after({ hook: "setCredentials", data: OTHER });
  assert.deepEqual(mirror.resume(credentials), DATA);
  // A module without the hook puts nothing on the handle.
  mirror.note({ ...credentials, data: DATA }, result("ignore"));
  assert.deepEqual(mirror.resume(after({ data: OTHER })), DATA);
  assert.equal(mirror.resume(after({ data: OTHER })), undefined);
});

Deno.test("Mirror leaves alone a handle whose data setCredentials has changed, and openSession uses the entry up all the same", () => {
  const then = (outcome: Outcome | undefined, data?: Uint8Array) => {
    using mirror = new TestMirror();
    mirror.note(before(), result("success", DATA));
    const credentials = after({ hook: "setCredentials" });
    mirror.note({ ...credentials, data: mirror.resume(credentials)! }, outcome);
    const given = mirror.resume(after(data === undefined ? {} : { data }));
    assert.equal(mirror.size, 0);
    return given;
  };
  assert.deepEqual(then(result("success", DATA), DATA), DATA);
  assert.equal(then(result("success", OTHER), OTHER), undefined);
  assert.equal(then(result("success", "delete")), undefined);
  // What was not put on the handle does not change what is there.
  assert.deepEqual(then(result("cred_err", OTHER), OTHER), DATA);
  assert.deepEqual(then({ type: "fault", fault: "threw", message: "" }, OTHER), DATA);
  assert.deepEqual(then(undefined), DATA);
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
  assert.equal(second(result("ignore")), undefined);
  assert.equal(second(result("ignore", OTHER)), undefined);
  assert.deepEqual(second(result("auth_err"), { user: "bob" }), DATA);
  assert.deepEqual(second(result("auth_err"), { parent_started: 4_999 }), DATA);
});

Deno.test("Mirror forgets what a child left when its parent itself is asked", () => {
  const asked = (outcome: Outcome | undefined, over: Over = {}) => {
    using mirror = new TestMirror();
    mirror.note(before(), result("success", DATA));
    // Who the parent's own parent is does not matter, nor whether it is known.
    mirror.note(before({ ...MONITOR, parent_pid: undefined!, parent_started: undefined!, ...over }), outcome);
    return mirror.resume(after());
  };
  for (const hook of ["authenticate", "account", "preliminary", "update"] as const) {
    assert.equal(asked(result("success", OTHER), { hook }), undefined, hook);
    assert.equal(asked(result("ignore"), { hook, parent_pid: 1, parent_started: 1 }), undefined, hook);
  }
  assert.equal(asked(result("auth_err")), undefined);
  assert.equal(asked(undefined), undefined);
  assert.deepEqual(asked(result("auth_err"), { user: "bob" }), DATA);
  assert.deepEqual(asked(result("auth_err"), { instance: "second" }), DATA);
  assert.deepEqual(asked(result("auth_err"), { started: 5_001 }), DATA);
  assert.deepEqual(asked(result("auth_err"), { uid: 1000, euid: 1000 }), DATA);
});

Deno.test("Mirror waits for account before what authenticate left counts, if the module has that hook", () => {
  const then = (...hooks: [Over, Outcome | undefined][]) => {
    using mirror = new TestMirror({ account: true });
    mirror.note(before(), result("success", DATA));
    for (const [over, outcome] of hooks) mirror.note(before({ data: DATA, ...over }), outcome);
    return mirror.resume(after());
  };
  assert.equal(then(), undefined);
  assert.deepEqual(then([{ hook: "account" }, result("success")]), DATA);
  assert.deepEqual(then([{ hook: "account" }, result("new_authtok_reqd", OTHER)]), OTHER);
  assert.deepEqual(then([{ hook: "account" }, result("ignore")]), DATA);
  assert.deepEqual(then([{ hook: "update" }, result("success")]), DATA);
  assert.equal(then([{ hook: "account" }, result("perm_denied")]), undefined);
  assert.equal(then([{ hook: "account" }, undefined]), undefined);
  // Of another process it says nothing about this one's.
  assert.equal(then([{ hook: "account", ...SIBLING, data: undefined! }, result("success")]), undefined);
});

Deno.test("Mirror takes a second authenticate of a process for a new attempt", () => {
  using mirror = new TestMirror({ account: true });
  mirror.note(before(), result("success", DATA));
  mirror.note(before({ hook: "account", data: DATA }), result("success"));
  mirror.note(before({ data: DATA }), result("success", OTHER));
  assert.equal(mirror.resume(after()), undefined);
  assert.equal(mirror.size, 0);
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
  const child = (n: number) => ({ ...CHILD, pid: 10_000 + n, parent_pid: 50_000 + n, user: `user${n}` });
  const parent = (n: number) => after({ pid: 50_000 + n, user: `user${n}` });
  for (let n = 0; n <= MIRROR_MAX; n++) mirror.note(before(child(n)), result("success", DATA));
  assert.equal(mirror.size, MIRROR_MAX);
  assert.equal(mirror.resume(parent(0)), undefined);
  assert.deepEqual(mirror.resume(parent(1)), DATA);
  assert.deepEqual(mirror.resume(parent(MIRROR_MAX)), DATA);
});

Deno.test("Mirror holds so many entries about one user, whose oldest goes, and nobody else's", () => {
  using mirror = new TestMirror();
  mirror.note(before({ user: "bob" }), result("success", OTHER));
  const child = (n: number) => ({ ...CHILD, pid: 10_000 + n, parent_pid: 50_000 + n });
  for (let n = 0; n <= 2 * MIRROR_MAX; n++) mirror.note(before(child(n)), result("success", DATA));
  assert.equal(mirror.size, MIRROR_USER_MAX + 1);
  assert.deepEqual(mirror.resume(after({ user: "bob" })), OTHER);
  const kept = 50_000 + 2 * MIRROR_MAX - MIRROR_USER_MAX + 1;
  assert.equal(mirror.resume(after({ pid: kept - 1 })), undefined);
  assert.deepEqual(mirror.resume(after({ pid: kept })), DATA);
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
