// SPDX-License-Identifier: MIT
import { script, ServiceDirectory } from "@pam-deno/sdk/libpam";
import assert from "node:assert/strict";
import { allTypes, buildProbe, serviceOf, start } from "./probe.ts";

/** A line that takes a while. */
const SLEEP = ["quiet", "/bin/sleep", "0.2"];

Deno.test("Transaction.background leaves the event loop free while libpam works", async () => {
  using services = serviceOf("pam_exec.so", SLEEP);
  await using transaction = start(services);
  let ticks = 0;
  const timer = setInterval(() => ticks++, 10);
  try {
    assert.equal(await transaction.background.account(), "success");
  } finally {
    clearInterval(timer);
  }
  assert.ok(ticks >= 5, `${ticks} ticks`);
});

Deno.test("Transaction.background returns the code of each hook", async () => {
  using services = serviceOf("pam_debug.so", [
    "auth=maxtries",
    "cred=cred_expired",
    "acct=acct_expired",
    "open_session=session_err",
    "close_session=system_err",
    "prechauthtok=try_again",
  ]);
  for (
    const [code, call] of [
      ["maxtries", "authenticate"],
      ["cred_expired", "setCredentials"],
      ["acct_expired", "account"],
      ["session_err", "openSession"],
      ["system_err", "closeSession"],
      ["try_again", "changePassword"],
    ] as const
  ) {
    // One transaction each: libpam judges setcred and close_session by what went before.
    await using transaction = start(services);
    assert.equal(await transaction.background[call](), code);
  }
});

Deno.test("Transaction.background converses on the main thread", async () => {
  using services = ServiceDirectory.create();
  services.write("probe", allTypes(buildProbe(services.path), ["say=4:Welcome", "say=1:Password: "]));
  await using transaction = start(services, {
    conversation: script([{ text: "Welcome" }, { prompt: "Password: ", answer: "pw" }]),
  });
  assert.equal(await transaction.background.authenticate(), "success");
  assert.equal(transaction.getEnvironment("ANSWER_1"), "pw");
});

Deno.test("Transaction.background rejects with the error of the conversation", async () => {
  using services = ServiceDirectory.create();
  services.write("probe", allTypes(buildProbe(services.path), ["say=1:Password: "]));
  const error = new Error("nobody is here");
  await using transaction = start(services, {
    conversation: () => {
      throw error;
    },
  });
  await assert.rejects(transaction.background.authenticate(), (thrown) => thrown === error);
});

Deno.test("Transaction is not to be used while a call in the background is running", async () => {
  using services = serviceOf("pam_exec.so", SLEEP);
  await using transaction = start(services);
  const running = transaction.background.account();
  const busy = /while pam_acct_mgmt\(\) of the same transaction is running \[libpam-misused\]/;
  assert.throws(() => transaction.account(), busy);
  assert.throws(() => transaction.getItem("user"), busy);
  assert.throws(() => transaction.end(), busy);
  assert.throws(() => transaction[Symbol.dispose](), busy);
  await assert.rejects(transaction.background.openSession(), busy);
  assert.equal(await running, "success");
  assert.equal(transaction.getItem("user"), "nobody");
});

Deno.test("Transaction[Symbol.asyncDispose]() waits for the call in the background", async () => {
  using services = ServiceDirectory.create();
  const log = `${services.path}/statuses`;
  services.write("probe", [
    { type: "auth", control: "required", module: buildProbe(services.path), args: [`cleanup=${log}`] },
    { type: "auth", control: "required", module: "pam_exec.so", args: SLEEP },
  ]);
  let running: Promise<string>;
  {
    await using transaction = start(services);
    running = transaction.background.authenticate();
  }
  assert.equal(Deno.readTextFileSync(log), "0\n");
  assert.equal(await running, "success");
});

Deno.test("Transaction.background runs several transactions at a time", async () => {
  using services = serviceOf("pam_exec.so", SLEEP);
  const began = performance.now();
  const codes = await Promise.all(Array.from({ length: 8 }, async () => {
    await using transaction = start(services);
    return await transaction.background.account();
  }));
  assert.deepEqual(codes, Array(8).fill("success"));
  assert.ok(performance.now() - began < 8 * 200, "one after the other");
});
