// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { type Launch, makeLauncher, planLaunch } from "../../../sdk/supervisor/launch.ts";
import { bindModuleSocket } from "../../../sdk/supervisor/socket.ts";
import { BARREN_MAX_MS, Supervision } from "../../../sdk/supervisor/supervise.ts";
import { makeFolder } from "../worker/harness.ts";
import { clearRecords, logged, records } from "../worker/records.ts";

/** Supervises a program that is no worker: what it is started with decides what is seen. */
async function supervise(
  change: (launch: Launch) => Launch,
  body: (supervision: Supervision, given: () => boolean) => Promise<void>,
) {
  clearRecords();
  using folder = makeFolder();
  const launch = planLaunch(makeLauncher(folder.path), {
    entry: `${folder.path}/missing.js`,
    permissions: {},
    cache: folder.path,
    heapMib: 64,
  });
  {
    using socket = bindModuleSocket(folder.path, "test");
    let givenUp = false;
    const supervision = new Supervision({
      name: "test",
      launch: change(launch),
      fd: socket.fd,
      onProcesses: () => {},
      onGivenUp: () => givenUp = true,
    });
    try {
      await body(supervision, () => givenUp);
    } finally {
      await supervision.stop(0);
    }
  }
}

Deno.test("Supervision tells that the first worker did not become ready, and goes on trying", async () => {
  await supervise((launch) => launch, async (supervision, givenUp) => {
    await assert.rejects(supervision.ready, /the worker ended with status 1$/);
    for (let i = 0; i < 100 && records.filter((line) => line.includes("ended with")).length < 3; i++) {
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    assert.ok(records.filter((line) => line.includes("ended with status 1")).length >= 3, records.join("\n"));
    assert.equal(givenUp(), false);
  });
});

Deno.test("Supervision is not alive when no worker has served for long, though it goes on trying", async () => {
  await supervise((launch) => launch, async (supervision) => {
    await assert.rejects(supervision.ready, /the worker ended with status 1$/);
    const { now } = performance;
    const later = (ms: number) => {
      performance.now = () => now.call(performance) + ms;
      try {
        return supervision.isAlive;
      } finally {
        performance.now = now;
      }
    };
    assert.equal(later(0), true);
    assert.equal(later(BARREN_MAX_MS + 1), false, "what is in the way may be in the machine");
  });
});

Deno.test("Supervision gives up a worker that is not what was started", async () => {
  const change = (launch: Launch) => ({
    ...launch,
    expected: { ...launch.expected, commandLine: [...launch.expected.commandLine, "--more"] },
  });
  await supervise(change, async (supervision, givenUp) => {
    await assert.rejects(
      supervision.ready,
      /its argument list was rewritten: argument \d+ is missing instead of --more/,
    );
    await logged(/test is not served any more: its worker was not what was started \[worker-distrusted\]/);
    assert.equal(givenUp(), true);
    assert.deepEqual(supervision.processes, []);
  });
});

Deno.test("Supervision stops while it waits to start a worker again", async () => {
  await supervise((launch) => launch, async (supervision) => {
    await assert.rejects(supervision.ready);
    const begin = performance.now();
    await supervision.stop();
    assert.ok(performance.now() - begin < 1_500);
    assert.deepEqual(supervision.processes, []);
  });
});
