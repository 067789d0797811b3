// SPDX-License-Identifier: MIT
// sudo goes on after session_err: what nobody could ask about must not end with it.
import assert from "node:assert/strict";
import { RECORDER, scene, shareStage } from "./stage.ts";

const WORKERS = ["pgrep", "-f", "workers/recorder/worker.js"];

const stage = shareStage((stage) => {
  stage.module("recorder", RECORDER);
  stage.write("/etc/sudoers", "alice ALL=(ALL) NOPASSWD: ALL\n", 0o440);
  stage.pam("sudo", [
    "auth required pam_permit.so",
    "account required pam_permit.so",
    "session required pam_deno.so timeout=300ms recorder",
  ]);
});

const sudo = () => stage().run(["sudo", "-n", "id", "-un"], { as: "alice" });

scene("sudo: runs nothing while the worker that is to open the session does not answer", async () => {
  assert.equal((await sudo()).stdout, "root\n");
  await stage().take();
  const { stdout } = await stage().run(WORKERS);
  const pids = stdout.trim().split("\n");
  assert.match(stdout, /^\d+\n/);
  await stage().run(["kill", "-STOP", ...pids]);
  const { code, stdout: said } = await sudo();
  await stage().run(["kill", "-CONT", ...pids]);
  assert.equal(code, 1);
  assert.doesNotMatch(said, /root/);
  const { shim } = await stage().take();
  assert.ok(
    shim.some((line) => /session openSession recorder: broken_off, service_err in /.test(line)),
    shim.join("\n"),
  );
});

scene("sudo: runs nothing while nobody serves the module that is to open the session", async () => {
  await stage().stop();
  try {
    const { code, stdout } = await sudo();
    assert.equal(code, 1);
    assert.doesNotMatch(stdout, /root/);
    const { shim } = await stage().take();
    assert.ok(
      shim.some((line) => /session openSession recorder: unreachable, authinfo_unavail in /.test(line)),
      shim.join("\n"),
    );
  } finally {
    await stage().serve();
  }
  assert.equal((await sudo()).stdout, "root\n");
});
