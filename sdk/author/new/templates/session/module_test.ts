// SPDX-License-Identifier: MIT
import {
  assertCode,
  assertFailure,
  assertLogged,
  assertNotLogged,
  assertNotShown,
  assertShown,
  assertSurvives,
  FakeTransaction,
  runHook,
} from "@pam-deno/sdk/testing";
import { assertEquals } from "@std/assert";
import module from "./module.ts";

const ELSEWHERE = { items: { rhost: "203.0.113.9" } };

Deno.test("openSession greets, and limits how long a shell may idle", async () => {
  const remote = await runHook(module, "openSession", ELSEWHERE);
  assertCode(remote, "success");
  assertShown(
    remote,
    "Welcome, alice from 203.0.113.9. A shell that idles for 15 min is closed.",
    "text_info",
  );
  assertEquals(remote.environment, { TMOUT: "900" });
  const local = await runHook(module, "openSession");
  assertShown(local, "Welcome, alice.");
  assertEquals(local.environment, {});
});

Deno.test("openSession is quiet where the application wants it so", async () => {
  const quiet = await runHook(module, "openSession", { ...ELSEWHERE, flags: ["silent"] });
  assertNotShown(quiet);
  assertEquals(quiet.environment, { TMOUT: "900" });
});

Deno.test("closeSession logs how long the session was, where the process knows it", async () => {
  using transaction = new FakeTransaction(module, ELSEWHERE);
  assertCode(await transaction.run("openSession"), "success");
  transaction.advance({ minutes: 90 });
  assertLogged(
    await transaction.run("closeSession"),
    'the session of "alice" was open for "PT1H30M"',
    "info",
  );
  transaction.forget(); // as in another process
  const closed = await transaction.run("closeSession");
  assertCode(closed, "success");
  assertNotLogged(closed);
});

Deno.test("a line that is wrong or gives too little refuses", async () => {
  for (const wrong of ["remote=soon", "remote=9999", "local=-1"]) {
    assertFailure(await runHook(module, "openSession", { options: [wrong] }), "misconfigured");
  }
  assertFailure(await runHook(module, "openSession", { grants: { session: [] } }), "misconfigured");
});

// How real programs call a module: see PROFILES of the test kit.
Deno.test("sessions of sshd, sudo, su, login, cron and a display manager are opened", async () => {
  const seen = await assertSurvives(module, [
    "sshd-publickey",
    "sshd-password",
    "sshd-keyboard-interactive",
    "sudo",
    "sudo-cached",
    "su",
    "login",
    "cron",
    "display-manager",
  ]);
  const limits = seen.map(({ profile, environment }) => [profile, environment["TMOUT"]]);
  assertEquals(limits.filter(([profile]) => profile?.startsWith("sshd")).map(([, limit]) => limit), [
    "900",
    "900",
    "900",
  ]);
});
