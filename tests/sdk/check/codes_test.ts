// SPDX-License-Identifier: MIT
// Findings that need an odd machine: each is made here by its part alone.
import assert from "node:assert/strict";
import { checkAccounts } from "../../../sdk/check/accounts.ts";
import { checkUnits } from "../../../sdk/check/units.ts";
import type { ModuleConfig } from "../../../sdk/config/config.ts";
import { Scene } from "./scene.ts";

Deno.test("checkAccounts() finds account-is-root where nobody has said that it is meant", () => {
  const config = { file: "/etc/pam-deno/modules/hours.jsonc", run_as: "root", dangerous: [] };
  const known = [{ name: "hours", config: config as unknown as ModuleConfig }] as unknown as Parameters<
    typeof checkAccounts
  >[0];
  assert.deepEqual(checkAccounts(known).map(({ id }) => id), ["account-is-root"]);
});

Deno.test("checkUnits() finds units-unknown where systemctl cannot be asked", async () => {
  // No program can be started with such a word.
  assert.deepEqual((await checkUnits(["a\0b"])).map(({ id }) => id), ["units-unknown"]);
});

Deno.test("checkInstallation() finds options-not-checked for a module that is neither installed nor served", async () => {
  await using scene = new Scene();
  scene.configure("hours", { module: "npm:hours@1.0.0" });
  scene.link("hours", "account");
  scene.pam("sshd", "account required SHIM hours tz=UTC");
  assert.match((await scene.finds("options-not-checked")).what, /were not compared with the module/);
});

Deno.test("checkInstallation() finds module-options-too-long", async () => {
  await using scene = new Scene();
  await scene.install("hours");
  scene.pam("sshd", `account required SHIM hours note=${"x".repeat(1_020)}`);
  assert.match((await scene.finds("module-options-too-long")).what, /more than 1024 octets/);
});

Deno.test("checkInstallation() finds socket-silent where nobody answers", async () => {
  await using scene = new Scene();
  await scene.install("hours");
  const path = scene.at("run", "hours.sock");
  using _listener = Deno.listen({ transport: "unix", path });
  _listener.close();
  // Deno removes the file of a socket that it closes: one is left as a supervisor that was killed leaves it.
  const left = new Deno.Command("python3", {
    args: ["-c", `import socket; socket.socket(socket.AF_UNIX).bind(${JSON.stringify(path)})`],
  });
  assert.ok((await left.output()).success);
  Deno.chmodSync(path, 0o600);
  assert.match((await scene.finds("socket-silent")).what, /no worker answers there/);
});
