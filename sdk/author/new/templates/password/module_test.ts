// SPDX-License-Identifier: MIT
import {
  assertCode,
  assertFailure,
  assertLogged,
  assertNotShown,
  assertShown,
  assertSurvives,
  type HookResult,
  runHook,
} from "@pam-deno/sdk/testing";
import { assert } from "@std/assert";
import module from "./module.ts";

const WEAK = "blue";
const GOOD = "correct horse battery";

/** What comes of a new password that an application has asked for; not as root unless `uid` says so. */
function update(authtok: string, uid = 1000): Promise<HookResult> {
  return runHook(module, "update", { uid, tokens: { authtok } });
}

Deno.test("a good password is left to the next module, without a word", async () => {
  const result = await update(GOOD);
  assertCode(result, "success");
  assertNotShown(result);
});

Deno.test("a bad password is refused, and the person reads why", async () => {
  const result = await update(WEAK);
  assertCode(result, "authtok_err");
  assertShown(result, "Your new password needs at least 12 characters", "error_msg");
});

Deno.test("root is told, and may set it all the same", async () => {
  const result = await update(WEAK, 0);
  assertCode(result, "success");
  assertShown(result, /at least 12 characters; root may/);
});

Deno.test("nothing of a password gets into the log or onto the screen", async () => {
  const [weak, good] = [await update("hunter2"), await update("hunter2".repeat(3))];
  for (const { log, shown } of [weak, good]) {
    assert(![...log, ...shown].some(({ text }) => text.includes("hunter")));
  }
});

Deno.test("the first pass asks for nothing, and who gives no password gets no other", async () => {
  assertCode(await runHook(module, "preliminary", { uid: 1000 }), "success");
  const none = await runHook(module, "update", { uid: 1000, conversation: () => "conv_err" });
  assertCode(none, "authtok_err");
  assertLogged(none, /^no new password to look at: /, "warning");
});

Deno.test("a line that is wrong or gives too little refuses", async () => {
  for (const wrong of ["length=many", "length=0", "different=1000"]) {
    assertFailure(await runHook(module, "update", { options: [wrong] }), "misconfigured");
  }
  assertFailure(await runHook(module, "update", { grants: { password: [] } }), "misconfigured");
});

// How real programs call a module: see PROFILES of the test kit.
Deno.test("passwd and sshd take a good password and not a bad one", async () => {
  const programs = ["passwd", "sshd-expired-password"] as const;
  await assertSurvives(module, programs, { password: GOOD });
  await assertSurvives(module, ["passwd"], { password: WEAK, refused: ["passwd"] });
});
