// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { endStrays, isOwn, type OwnUser } from "../../../sdk/supervisor/strays.ts";
import { makeLauncher, ownUser } from "../../../sdk/supervisor/launch.ts";
import { makeFolder } from "../worker/harness.ts";
import { within } from "../worker/client.ts";
import { gone, isThere } from "./site.ts";

const ignore = Deno.uid() !== 0;

/** Users of systemd's range that nothing else here has. */
const [ALONE, CROWD, BOMB, FOREIGN] = [65_401, 65_402, 65_403, 65_404];

function userOf(uid: number): OwnUser {
  using folder = makeFolder();
  const user = ownUser(makeLauncher(folder.path), { uid, gid: uid, groups: [] });
  assert.ok(user);
  return user;
}

/** Processes of a user that were started together, and may start others. */
class Family implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #uid: number;

  constructor(uid: number, script: string, prefix: readonly string[] = []) {
    this.#uid = uid;
    const [command, ...args] = [
      ...[...prefix, "setpriv", `--reuid=${uid}`, `--regid=${uid}`, "--clear-groups", "--"],
      ...["/bin/bash", "-c", script],
    ];
    this.#child = new Deno.Command(command!, { args, stdin: "null", stdout: "null", stderr: "null" }).spawn();
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Waits until at least so many processes are the user's. */
  async are(count: number): Promise<number[]> {
    for (;;) {
      const pids = processesOf(this.#uid);
      if (pids.length >= count) return pids;
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const pid of processesOf(this.#uid)) {
      try {
        Deno.kill(pid, "SIGKILL");
      } catch {
        // It has ended.
      }
    }
    await within(5_000, this.#child.status, "the end of a process");
  }
}

function processesOf(uid: number): number[] {
  return [...Deno.readDirSync("/proc")].flatMap(({ name }) => {
    try {
      if (!/^\d+$/.test(name)) return [];
      const status = Deno.readTextFileSync(`/proc/${name}/status`);
      return status.includes(`\nUid:\t${uid}\t`) && !/^State:\tZ/m.test(status) ? [Number(name)] : [];
    } catch {
      return [];
    }
  });
}

/** Starts a process that nobody waits for and that cares for no signal. */
const ORPHAN = `(trap '' TERM HUP INT; setsid sleep 1000 & disown) & wait $!; `;

Deno.test("isOwn() takes only users that were given to one module", () => {
  assert.equal(isOwn({ uid: 61_500, gid: 61_500, groups: [] }), true);
  for (
    const other of [
      ...[{ uid: 0, gid: 0, groups: [] }, { uid: 1_000, gid: 1_000, groups: [] }],
      // With `run_as`, the group alone is the module's own.
      ...[{ uid: 61_500, gid: 61_500, groups: [61_501] }, { uid: 61_500, gid: 100, groups: [] }],
      ...[{ uid: 65_534, gid: 65_534, groups: [] }, { uid: 61_500 }],
    ]
  ) assert.equal(isOwn(other), false, JSON.stringify(other));
});

Deno.test({
  name: "endStrays() kills what has lost its worker, and leaves workers and what they started",
  ignore,
  async fn() {
    await using family = new Family(ALONE, `${ORPHAN} sleep 1000 & wait`);
    const pids = await family.are(3);
    const children = Deno.readTextFileSync(`/proc/${family.pid}/task/${family.pid}/children`).trim().split(
      " ",
    ).map(
      Number,
    );
    await endStrays(userOf(ALONE), "test", () => [family.pid]);
    const left = processesOf(ALONE);
    assert.deepEqual(left.sort(), [family.pid, ...children].sort());
    assert.equal(pids.length - left.length, 1);
    await endStrays(userOf(ALONE), "test");
    await gone(pids);
  },
});

Deno.test({
  name: "endStrays() ends a crowd that makes new ones all the time, and never itself or others",
  ignore,
  async fn() {
    const bomb = `bomb() { while :; do bomb & sleep 0.01; done; }; ulimit -u 200; bomb`;
    await using family = new Family(CROWD, bomb);
    await using other = new Family(BOMB, `sleep 1000`);
    const [spared] = await other.are(1);
    await family.are(30);
    await endStrays(userOf(CROWD), "test");
    assert.deepEqual(processesOf(CROWD), []);
    assert.equal(isThere(spared!), true);
  },
});

Deno.test({
  name:
    "endStrays() ends a crowd with the worker that it stays around when it is too fast to be ended one by one",
  ignore,
  async fn() {
    await using family = new Family(
      BOMB,
      `ulimit -u 200; (trap '' HUP; bomb() { while :; do bomb & sleep 0.01; done; }; bomb & disown) & wait $!; sleep 1000`,
    );
    await family.are(30);
    await endStrays(userOf(BOMB), "test", () => [family.pid]);
    await gone(processesOf(BOMB).filter((pid) => pid !== family.pid));
  },
});

Deno.test({
  name: "endStrays() leaves the processes of the same number that another supervisor started",
  ignore,
  async fn() {
    // A shell of root's stands for it.
    await using family = new Family(FOREIGN, `sleep 1000`, ["/bin/bash", "-c", `"$@"; exit`, "bash"]);
    const pids = await family.are(1);
    await endStrays(userOf(FOREIGN), "test");
    assert.deepEqual(processesOf(FOREIGN), pids);
  },
});
