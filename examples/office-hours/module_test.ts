// SPDX-License-Identifier: MIT
import { assertCode, assertFailure, assertShown, runHook } from "@pam-deno/sdk/testing";
import officeHours from "./module.ts";

const options = ["tz=Europe/Berlin", "open=08:00", "close=18:00"];

Deno.test("office-hours lets in from the first minute to before the last, in the zone of the line", async () => {
  for (
    const [now, code] of [
      ["2026-01-05T06:59:59Z", "perm_denied"],
      ["2026-01-05T07:00:00Z", "success"],
      ["2026-01-05T16:59:59Z", "success"],
      ["2026-01-05T17:00:00Z", "perm_denied"],
    ] as const
  ) assertCode(await runHook(officeHours, "account", { options, now }), code);
});

Deno.test("office-hours says until when", async () => {
  const refused = await runHook(officeHours, "account", { options, now: "2026-01-05T20:00:00Z" });
  assertShown(refused, "Logins are open from 08:00:00 to 18:00:00", "error_msg");
});

Deno.test("office-hours without its hours refuses, and says which option is missing", async () => {
  assertFailure(await runHook(officeHours, "account", { options: ["open=08:00"] }), "misconfigured", /close/);
});
