// SPDX-License-Identifier: MIT
import { assertSurvives, type ProfileName } from "@pam-deno/sdk/testing";
import module from "./module.ts";

const options = ["open=08:00", "close=18:00", "tz=Europe/Berlin"];
/** All that ask about the account and heed the answer: passwd does not ask, and a locker opens all the same. */
const REFUSED: readonly ProfileName[] = [
  "sshd-publickey",
  "sshd-password",
  "sshd-keyboard-interactive",
  "sshd-expired-password",
  "sudo",
  "sudo-cached",
  "sudo-non-interactive",
  "su",
  "login",
  "cron",
  "polkit",
  "display-manager",
];

Deno.test("the policy survives every application, open and closed", async () => {
  await assertSurvives(module, undefined, { options, now: "2026-08-03T12:00:00+02:00" });
  await assertSurvives(module, undefined, { options, now: "2026-08-03T18:00:00+02:00", refused: REFUSED });
});
