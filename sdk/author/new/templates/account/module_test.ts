// SPDX-License-Identifier: MIT
import { assertCode, assertFailure, assertShown, assertSurvives, runHook } from "@pam-deno/sdk/testing";
import module from "./module.ts";

const SUNDAY = "2026-01-11T12:00:00Z";
const MONDAY = "2026-01-12T12:00:00Z";

Deno.test("account lets in at hours of work, and says when they are over", async () => {
  assertCode(await runHook(module, "account", { now: MONDAY }), "success");
  const refused = await runHook(module, "account", { now: MONDAY, options: ["close=12:00"] });
  assertCode(refused, "perm_denied");
  assertShown(refused, /^Logins are closed until 2026-01-13 08:00 \(UTC\)$/, "error_msg");
});

Deno.test("account reads the clock of the time zone on the line", async () => {
  const options = ["open=13:00", "close=14:00"];
  assertCode(await runHook(module, "account", { now: MONDAY, options }), "perm_denied");
  assertCode(
    await runHook(module, "account", { now: MONDAY, options: [...options, "tz=Europe/Berlin"] }),
    "success",
  );
});

Deno.test("account lets the members of one group in at any time", async () => {
  const users = { alice: { groups: ["users", "operators"] }, bob: { groups: ["users"] } };
  const at = (user: string) =>
    runHook(module, "account", { now: SUNDAY, user, users, options: ["close=08:01", "always=operators"] });
  assertCode(await at("alice"), "success");
  assertCode(await at("bob"), "perm_denied");
});

Deno.test("whoever cannot be looked up is not let in, and neither is anybody by a line that is wrong", async () => {
  const options = ["close=08:01", "always=operators"];
  assertFailure(
    await runHook(module, "account", { now: SUNDAY, options, users: { alice: "system_err" } }),
    "threw",
  );
  for (const wrong of ["open=8", "tz=Berlin", "close=18:00:00:00"]) {
    assertFailure(await runHook(module, "account", { options: [wrong] }), "misconfigured");
  }
});

// How real programs call a module: see PROFILES of the test kit.
Deno.test("sshd, sudo, su, login and cron let people in at hours of work, and keep them out at others", async () => {
  const programs = ["sshd-publickey", "sshd-password", "sudo", "su", "login", "cron"] as const;
  await assertSurvives(module, programs, { now: MONDAY });
  await assertSurvives(module, programs, { now: MONDAY, options: ["close=12:00"], refused: programs });
});
