// SPDX-License-Identifier: MIT
import { assertSurvives, type ProfileName, PROFILES } from "@pam-deno/sdk/testing";
import assert from "node:assert/strict";
import module from "./module.ts";
import { dayOf } from "./policy.ts";

const now = "2026-08-03T12:00:00Z";
const TODAY = dayOf(Temporal.Instant.from(now));
const NAMES = Object.keys(PROFILES) as ProfileName[];

/** alice, whose password is so many days old. */
function aged(age: number) {
  const ageing = { lastChange: TODAY - age, max: 90, inactive: 14 };
  return { now, options: ["check=ageing"], users: { alice: { ageing }, root: { uid: 0 } } };
}

Deno.test("the module survives every application where the password is young", async () => {
  await assertSurvives(module, NAMES, aged(3));
});

Deno.test("a password that has expired is changed where it can be, and refused where it cannot", async () => {
  const seen = await assertSurvives(module, NAMES, {
    ...aged(95),
    refused: ["cron", "polkit", "display-manager"],
  });
  // passwd(1) knows nothing of the login that sent the person there.
  const apart = seen.find(({ profile }) => profile === "sshd-publickey");
  const change = apart?.steps.filter(({ process }) => process === "passwd") ?? [];
  assert.deepEqual(change.map(({ hook, continuity }) => `${hook} ${continuity}`), [
    "preliminary none",
    "update none",
  ]);
});
