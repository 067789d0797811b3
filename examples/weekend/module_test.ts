// SPDX-License-Identifier: MIT
import { assertCode, assertShown, runHook } from "@pam-deno/sdk/testing";
import weekend from "./module.ts";

const SATURDAY = "2026-12-26T12:00+01:00";

Deno.test("weekend refuses who comes from elsewhere from Saturday on", async () => {
  const items = { rhost: "203.0.113.9" };
  const refused = await runHook(weekend, "account", { items, now: SATURDAY });
  assertCode(refused, "perm_denied");
  assertShown(refused, "Closed until Monday: come to the console", "error_msg");
  // In Berlin Saturday begins an hour before it does in UTC.
  assertCode(await runHook(weekend, "account", { items, now: "2026-12-25T22:59Z" }), "success");
  assertCode(await runHook(weekend, "account", { items, now: "2026-12-25T23:00Z" }), "perm_denied");
  assertCode(await runHook(weekend, "account", { items, now: "2026-12-28T00:00+01:00" }), "success");
});

Deno.test("weekend lets the console in at any time", async () => {
  assertCode(await runHook(weekend, "account", { now: SATURDAY }), "success");
});
