// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { Scene } from "./scene.ts";

Deno.test("checkInstallation() finds nothing in an installation that is right", async () => {
  await using scene = new Scene();
  await scene.install("hours");
  scene.serve("hours");
  scene.pam(
    "demo",
    "account [success=1 default=ignore] pam_succeed_if.so quiet uid = 0",
    "account required SHIM hours tz=UTC",
    "account required pam_permit.so",
  );
  const steps: string[] = [];
  assert.deepEqual(await scene.check({ progress: (step) => steps.push(step) }), []);
  assert.ok(steps.includes("options of hours"), steps.join());
});
