// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { type Hook, HOOKS } from "../../sdk/hooks.ts";
import { runApplication } from "./application.ts";
import { fixture, shareHarness, tell } from "./scene.ts";

const shared = shareHarness((harness) => {
  harness.configure("codes", fixture("codes"), { options: { text: "asked" } });
});

const OTHER_UID = 65534;

Deno.test("a hook of an application without a descriptor left is buf_err, and nothing is ignored", async () => {
  const harness = shared();
  const calls = (Object.keys(HOOKS) as Hook[]).filter((hook) => hook !== "update");
  for (const options of [[], ["on_unreachable=ignore"]]) {
    harness.lines("starved", "codes", {
      auth: options,
      account: options,
      session: options,
      password: options,
    });
    const application = {
      confdir: harness.services.path,
      service: "starved",
      user: "root",
      calls,
      starved: true,
    };
    const { codes, log } = await runApplication(application);
    // Where libpam has audit it needs a descriptor too, and says system_err on top of the shim's buf_err.
    assert.ok(codes.every((code) => code === "buf_err" || code === "system_err"), JSON.stringify(codes));
    const lines = log.map(tell).filter((line) => line.includes("codes: starved"));
    assert.equal(lines.length, calls.length, JSON.stringify(log));
    for (const line of lines) {
      assert.match(
        line,
        /^err pam_deno\(starved:\w+\): \w+ codes: starved, buf_err in \d+ ms.*connecting to .* failed with EMFILE \(24\): the application has no descriptors/,
      );
    }
  }
});

Deno.test("an application opens no descriptor that it does not close", async () => {
  const harness = shared();
  harness.lines("many", "codes", { auth: [], account: [], session: [], password: [] });
  const calls = Array.from(
    { length: 20 },
    () => ["authenticate", "account", "openSession", "update"] as const,
  )
    .flat();
  const { codes, descriptors: [before, after] } = await runApplication({
    confdir: harness.services.path,
    service: "many",
    user: "root",
    calls,
  });
  assert.deepEqual(new Set(codes), new Set(["success"]));
  assert.equal(after, before);
});

Deno.test("an application of another user cannot reach the socket, and is told why (needs root)", {
  ignore: Deno.uid() !== 0,
}, async () => {
  const harness = shared();
  Deno.chmodSync(`${harness.configDir}/..`, 0o755);
  for (const options of [[], ["on_unreachable=ignore"]]) {
    harness.lines("other", "codes", { account: options });
    const application = {
      confdir: harness.services.path,
      service: "other",
      user: "root",
      calls: ["account"] as const,
    };
    const { codes, log } = await runApplication(application, { uid: OTHER_UID });
    assert.deepEqual(codes, ["authinfo_unavail"]);
    const lines = log.map(tell).join("\n");
    assert.match(
      lines,
      /account codes: unreachable, authinfo_unavail in .*EACCES \(13\): the application runs without/,
    );
  }
});
