// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { join } from "node:path";
import type { StatusDocument } from "../../../sdk/status/document.ts";
import { Harness, ROOT } from "../../integration/harness.ts";

const PATIENCE_MS = 10_000;

const MODULE = `import { defineModule } from "@pam-deno/sdk";
export default defineModule({
  account({ user, deny }) {
    if (user === "root") return deny("perm_denied", "not you");
    if (user === "daemon") throw new Error("on purpose");
    return "success";
  },
  openSession: () => "success",
});
`;

type Shown = StatusDocument["modules"][number];

/** Runs `pam-deno status`. */
async function run(harness: Harness, words: readonly string[]): Promise<{ code: number; stdout: string }> {
  const state = ["--state-dir", join(harness.configDir, "state")];
  const { code, stdout, stderr } = await new Deno.Command(join(ROOT, "scripts", "pam-deno"), {
    args: [
      "status",
      ...words,
      "--config-dir",
      harness.configDir,
      "--runtime-dir",
      harness.runtimeDir,
      ...state,
    ],
    env: { LD_PRELOAD: "", NO_COLOR: "1" },
    stdin: "null",
  }).output();
  assert.equal(new TextDecoder().decode(stderr), "");
  return { code, stdout: new TextDecoder().decode(stdout) };
}

/** Waits until the status of the only module is as `wanted`. */
async function shown(harness: Harness, wanted: (module: Shown) => boolean): Promise<Shown> {
  let last = "";
  for (const end = performance.now() + PATIENCE_MS; performance.now() < end;) {
    const { code, stdout } = await run(harness, ["--json"]);
    const { all_serving, modules: [module] } = JSON.parse(last = stdout) as StatusDocument;
    assert.equal(code, all_serving ? 0 : 1);
    if (module && wanted(module)) return module;
  }
  throw new Error(`the status never became what was wanted, the last was:\n${last}\n${harness.output}`);
}

/** Decides about a user so many times. */
async function decide(harness: Harness, user: string, times: number, expected: string): Promise<void> {
  for (let i = 0; i < times; i++) {
    await using transaction = harness.start("login", { user });
    assert.equal(transaction.account(), expected);
  }
}

Deno.test("pam-deno status shows what was decided, and counts restarts and reloads", async () => {
  await using harness = new Harness();
  harness.configure("policy", MODULE);
  harness.lines("login", "policy", { account: [], session: [] });
  assert.equal((await run(harness, [])).code, 1);
  await harness.serve();

  await decide(harness, "nobody", 5, "success");
  await decide(harness, "root", 3, "perm_denied");
  await decide(harness, "daemon", 2, "service_err");
  {
    await using transaction = harness.start("login", { user: "nobody" });
    assert.equal(transaction.openSession(), "success");
  }
  const counted = await shown(harness, ({ status }) => status?.hooks["openSession"] !== undefined);
  assert.equal(counted.state, "serving");
  assert.equal(counted.home, "serve");
  assert.deepEqual(counted.notes, []);
  const { status } = counted;
  assert.equal(status?.current, true);
  assert.deepEqual(status.hooks["account"]?.codes, { success: 5, perm_denied: 3, service_err: 2 });
  assert.equal(status.hooks["account"].total, 10);
  assert.deepEqual(status.hooks["openSession"]?.codes, { success: 1 });
  const { p50_ms, p99_ms } = status.hooks["account"];
  assert.ok(p50_ms! > 0 && p50_ms! <= p99_ms! && p99_ms! < 1_000, `p50 ${p50_ms}, p99 ${p99_ms}`);
  assert.deepEqual([status.restarts, status.reloads, status.last_failure], [0, 0, null]);
  assert.equal(status.supervisor.pid, harness.pids("policy").supervisor);
  const [worker] = status.workers;
  assert.deepEqual([worker?.state, worker?.in_flight], ["ready", 0]);

  const text = await run(harness, ["policy"]);
  assert.equal(text.code, 0);
  assert.match(text.stdout, /^policy: serving$/m);
  assert.match(text.stdout, /^ {2}account {9}10: success 5, perm_denied 3, service_err 2$/m);
  assert.match(text.stdout, /p50 [0-9.]+ ms, p99 [0-9.]+ ms/);
  assert.ok(text.stdout.split("\n").every((line) => line.length <= 80));

  Deno.kill(worker!.pid, "SIGKILL");
  const restarted = await shown(
    harness,
    ({ status }) => status?.restarts === 1 && status.workers.some(({ state }) => state === "ready"),
  );
  assert.equal(restarted.state, "serving");
  assert.notEqual(restarted.status!.workers[0]!.pid, worker!.pid);
  assert.match(restarted.status!.last_failure ?? "", /SIGKILL/);
  await decide(harness, "nobody", 1, "success");

  Deno.kill(status.supervisor.pid, "SIGHUP");
  const reloaded = await shown(harness, ({ status }) => status?.reloads === 1);
  assert.equal(reloaded.status!.restarts, 1);
  await decide(harness, "root", 1, "perm_denied");
  // What the worker had counted that was killed or replaced is not lost.
  const after = await shown(harness, ({ status }) => status?.hooks["account"]?.total === 12);
  assert.deepEqual(after.status!.hooks["account"]?.codes, { success: 6, perm_denied: 4, service_err: 2 });

  await harness.stop();
  const stopped = await shown(harness, ({ state }) => state === "stopped");
  assert.equal(stopped.status?.current, false);
});
