// SPDX-License-Identifier: MIT
import { assertSurvives, type ProfileName, PROFILES } from "@pam-deno/sdk/testing";
import module from "./module.ts";

const options = ["tz=Europe/Berlin", "days=mon-fri", "hours=08:00-18:00"];

Deno.test("the module survives every application while it is open", async () => {
  await assertSurvives(module, undefined, { options, now: "2026-08-03T12:00:00+02:00" });
});

Deno.test("the module closes every application but passwd, by authenticate or by account", async () => {
  const refused = (Object.keys(PROFILES) as ProfileName[]).filter((name) => name !== "passwd");
  await assertSurvives(module, undefined, { options, now: "2026-08-03T20:00:00+02:00", refused });
});
