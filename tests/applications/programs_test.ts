// SPDX-License-Identifier: MIT
/**
 * Applications that are not Debian's: one with threads, one that forks between calls, one without privilege.
 *
 * @module
 */

import assert from "node:assert/strict";
import { order, pick, type SeenHook } from "./recorded.ts";
import { RECORDER, scene, shareStage } from "./stage.ts";
import { PEOPLE } from "./view.ts";

const THREADS = 16;
const TRANSACTIONS = 50;

let transaction: string;
let threads: string;
const stage = shareStage(async (stage) => {
  stage.module("recorder", RECORDER);
  const types = ["auth", "account", "session"];
  for (const service of ["forks", "forks-too", "locker"]) {
    stage.pam(service, types.map((type) => `${type} required pam_deno.so debug=yes recorder`));
  }
  stage.pam("in", ["account", "session"].map((type) => `${type} required pam_deno.so recorder as=in`));
  stage.pam("out", ["account required pam_deno.so recorder as=out [deny=account:acct_expired:No more]"]);
  transaction = await stage.program("transaction", "-lpam");
  threads = await stage.program("threads", "-lpam", "-lpthread");
});

/** Runs the words of `transaction.c`, all of which must succeed. */
async function run(words: string, as?: string): Promise<readonly SeenHook[]> {
  const { code, stdout, stderr } = await stage().run([transaction, ...words.split(" ")], as ? { as } : {});
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^(?:\d+ \S+ 0\n)+$/);
  return (await stage().take()).hooks;
}

const continuity = (hooks: readonly SeenHook[]) =>
  hooks.map(({ hook, continuity, trail }) => `${hook} ${continuity} ${trail.length}`);

scene(`threads: ${THREADS} with two handles each at once, and each handle has its own data`, async () => {
  const { code, stdout } = await stage().run([threads, `${THREADS}`, `${TRANSACTIONS}`, "in", "out"], {
    ms: 60_000,
  });
  const count = THREADS * TRANSACTIONS;
  assert.equal(stdout, `${8 * count} calls, 0 wrong\n`);
  assert.equal(code, 0);
  const { hooks, lines } = await stage().take();
  assert.equal(hooks.length, 4 * count);
  assert.equal(new Set(hooks.map(({ caller }) => caller.pid)).size, 1);
  const of = (as: string, hook: string) => hooks.filter((one) => one.as === as && one.hook === hook);
  assert.equal(of("out", "account").length, count);
  for (
    const [hook, trail] of [["account", []], ["openSession", ["account"]], ["closeSession", [
      "account",
      "openSession",
    ]]] as const
  ) {
    assert.equal(of("in", hook).length, count);
    for (const one of of("in", hook)) assert.deepEqual(pick(one, "user", "trail"), { user: "alice", trail });
  }
  for (const one of of("out", "account")) {
    assert.deepEqual(pick(one, "user", "trail"), { user: "bob", trail: [] });
  }
  assert.equal(lines.filter(({ text }) => /acct_expired in \d+ ms for user bob$/.test(text)).length, count);
});

scene("fork: a child has what was there before, and what it adds is its own", async () => {
  const hooks = await run("start:forks:alice auth acct ( cred open close ) open close end");
  assert.deepEqual(continuity(hooks), [
    "authenticate none 0",
    "account same 1",
    "setCredentials same 2",
    "openSession same 3",
    "closeSession same 4",
    "openSession same 2",
    "closeSession same 3",
  ]);
  const [first, , inChild, , , inParent] = hooks;
  assert.notEqual(inChild!.caller.pid, first!.caller.pid);
  assert.equal(inChild!.sender.ppid, first!.caller.pid);
  assert.equal(inParent!.caller.pid, first!.caller.pid);
});

scene("fork: what a child that left had kept is resumed by its parent, once", async () => {
  const hooks = await run(
    "( start:forks:alice auth acct ) start:forks:alice open close end start:forks:alice open end",
  );
  assert.deepEqual(continuity(hooks), [
    "authenticate none 0",
    "account same 1",
    "openSession resumed 2",
    "closeSession same 3",
    "openSession none 0",
  ]);
});

for (
  const { what, words } of [
    { what: "another user", words: "( start:forks:alice auth acct ) start:forks:bob open end" },
    { what: "another service", words: "( start:forks:alice auth acct ) start:forks-too:alice open end" },
    { what: "a sibling", words: "( start:forks:alice auth acct ) ( start:forks:alice open )" },
    { what: "a grandparent", words: "( ( start:forks:alice auth acct ) ) start:forks:alice open end" },
    { what: "a later account", words: "( start:forks:alice auth acct ) start:forks:alice acct end" },
    { what: "a process of its own", words: "start:forks:alice open end" },
  ]
) {
  scene(`fork: what a child that left had kept is not given to ${what}`, async () => {
    const hooks = await run(words);
    assert.deepEqual(pick(hooks.at(-1), "continuity", "trail"), { continuity: "none", trail: [] });
  });
}

scene("fork: an attempt of a sibling takes nothing from the parent", async () => {
  const hooks = await run(
    "( start:forks:alice auth acct ) ( start:forks:alice open ) start:forks:alice open end",
  );
  assert.deepEqual(continuity(hooks), [
    "authenticate none 0",
    "account same 1",
    "openSession none 0",
    "openSession resumed 2",
  ]);
});

scene("fork: a process that only has the same id as the parent resumes nothing", async () => {
  const words = "pid ( start:forks:alice auth acct )".split(" ");
  const parent = Number.parseInt((await stage().run([transaction, ...words])).stdout);
  assert.deepEqual(order((await stage().take()).hooks), ["authenticate", "account"]);
  // The next process gets the id behind this one, unless another is started in between.
  const again = `echo ${
    parent - 1
  } >/proc/sys/kernel/ns_last_pid; ${transaction} start:forks:alice open end; true`;
  let opened: SeenHook | undefined;
  for (let tries = 0; opened?.caller.pid !== parent && tries < 20; tries++) {
    await stage().run(["sh", "-c", again]);
    opened = (await stage().take()).hooks[0];
  }
  assert.equal(opened?.caller.pid, parent);
  assert.deepEqual(pick(opened, "continuity", "trail"), { continuity: "none", trail: [] });
});

scene("fork: a set-uid program that somebody else started resumes nothing", async () => {
  await Deno.chmod(stage().outside(transaction), 0o4755);
  try {
    const hooks = await run("( start:forks:alice auth acct ) start:forks:alice open end", "alice");
    assert.deepEqual(continuity(hooks), ["authenticate none 0", "account same 1", "openSession none 0"]);
    for (const { caller } of hooks) assert.deepEqual(caller, { ...caller, uid: PEOPLE.alice!.uid, euid: 0 });
  } finally {
    await Deno.chmod(stage().outside(transaction), 0o755);
  }
});

scene("locker: who runs without privilege cannot ask, is refused, and the log says why", async () => {
  const words = "start:locker:alice auth acct end".split(" ");
  const { code, stdout } = await stage().run([transaction, ...words], { as: "alice" });
  assert.equal(code, 0);
  // PAM_AUTHINFO_UNAVAIL, both times.
  assert.match(stdout, /^\d+ start:locker:alice 0\n\d+ auth 9\n\d+ acct 9\n\d+ end 0\n$/);
  const { hooks, shim, lines } = await stage().take();
  assert.deepEqual(order(hooks), []);
  assert.equal(shim.length, 2);
  assert.match(
    shim[0]!,
    /^auth authenticate recorder: unreachable, authinfo_unavail .*recorder\.sock failed with EACCES .*without privilege/,
  );
  for (const { uid } of lines) assert.equal(uid, PEOPLE.alice!.uid);
});

scene("locker: on_unreachable=ignore lets nobody by who only lacks privilege", async () => {
  stage().pam("locker", [
    "auth required pam_deno.so on_unreachable=ignore recorder",
    "auth required pam_permit.so",
  ]);
  const { stdout } = await stage().run([transaction, "start:locker:alice", "auth", "end"], { as: "alice" });
  assert.match(stdout, /^\d+ auth 9$/m);
  const { shim } = await stage().take();
  assert.match(shim.join(), /unreachable, authinfo_unavail/);
});
