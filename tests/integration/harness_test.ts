// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { Harness } from "./harness.ts";

const GATE = `
import { defineModule, type PamModule } from "@pam-deno/sdk";
export default defineModule({
  account({ user, deny }) {
    return user === "root" ? deny("acct_expired", "Not today") : "success";
  },
}) as PamModule;
`;

const SLOW = `
import { defineModule, type PamModule } from "@pam-deno/sdk";
export default defineModule({
  account: () => new Promise(() => {}),
}) as PamModule;
`;

Deno.test("Harness brings libpam, the shim, a supervisor and a worker together", async () => {
  await using harness = new Harness();
  harness.configure("gate", GATE);
  harness.lines("probe", "gate", { account: [] });
  await harness.serve();
  {
    using transaction = harness.start("probe");
    assert.equal(transaction.account(), "success");
  }
  using transaction = harness.start("probe", { user: "root" });
  assert.equal(transaction.account(), "acct_expired");
  assert.deepEqual(transaction.messages, [{ style: "error_msg", text: "Not today" }]);
  const [line, ...others] = harness.syslog.filter(({ text }) => text.includes("gate"));
  assert.deepEqual(others, []);
  assert.equal(line?.level, "notice");
  assert.match(line.text, /account.*acct_expired|acct_expired.*account/);
});

Deno.test("Harness finds a worker to kill while a hook waits, and its successor", async () => {
  await using harness = new Harness();
  harness.configure("slow", SLOW);
  harness.lines("probe", "slow", { account: ["timeout=20s"] });
  await harness.serve();
  const worker = await harness.worker("slow");
  await using transaction = harness.start("probe");
  const waiting = transaction.background.account();
  await new Promise((resolve) => setTimeout(resolve, 100));
  const killed = performance.now();
  Deno.kill(worker, "SIGKILL");
  assert.equal(await waiting, "service_err");
  const took = performance.now() - killed;
  assert.ok(took < 100, `${took} ms`);
  assert.equal(harness.syslog.at(-1)?.level, "err");
  assert.notEqual(await harness.worker("slow", [worker]), worker);
});

Deno.test("Harness says what the supervisor printed if a module cannot be served", async () => {
  await using harness = new Harness();
  harness.configure("gate", GATE);
  harness.configure("broken", "export default 1;");
  await assert.rejects(
    harness.serve(),
    /^Error: The module broken cannot be served:\n.*broken/s,
  );
});

Deno.test("Harness says what the supervisor printed if it does not start", async () => {
  await using harness = new Harness();
  await assert.rejects(harness.printed(/never/, 10), /^Error: Not printed: \/never\/; only:/);
  harness.configure("gate", GATE);
  Deno.writeTextFileSync(harness.runtimeDir, "in the way");
  await assert.rejects(harness.serve(), /^Error: The supervisor ended with \d+:\n/);
});

Deno.test("Harness can stop serving and serve again", async () => {
  await using harness = new Harness();
  harness.configure("gate", GATE);
  harness.lines("probe", "gate", { account: [] });
  for (const expected of ["success", "authinfo_unavail", "success"]) {
    if (expected === "success") await harness.serve();
    else await harness.stop();
    using transaction = harness.start("probe");
    assert.equal(transaction.account(), expected);
  }
});

Deno.test("Harness leaves nothing behind", async () => {
  let folder: string;
  let supervisor: number;
  {
    await using harness = new Harness();
    harness.configure("gate", GATE);
    await harness.serve();
    folder = harness.configDir;
    ({ supervisor } = harness.pids("gate"));
  }
  assert.throws(() => Deno.statSync(folder), Deno.errors.NotFound);
  assert.throws(() => Deno.statSync(`/proc/${supervisor}`), Deno.errors.NotFound);
});
