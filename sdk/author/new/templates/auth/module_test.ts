// SPDX-License-Identifier: MIT
import {
  assertCode,
  assertFailure,
  assertLogged,
  assertPrompted,
  assertShown,
  assertSurvives,
  type HookResult,
  runHook,
} from "@pam-deno/sdk/testing";
import { assert } from "@std/assert";
import module from "./module.ts";

/** A file with the PIN of alice, 4711. */
const PINS = `${import.meta.dirname}/pins.example`;
const options = [`pins=${PINS}`];

/** What comes of an answer to the question. */
function answer(pin: string, user = "alice"): Promise<HookResult> {
  const conversation = [{ prompt: "PIN: ", answer: pin, echo: false }];
  return runHook(module, "authenticate", { user, options, conversation });
}

Deno.test("the right PIN is let in", async () => {
  const result = await answer("4711");
  assertCode(result, "success");
  assertPrompted(result, "PIN: ", "prompt_echo_off");
});

for (
  const [what, pin, user] of [["wrong", "4712"], ["empty", ""], ["somebody else's", "4711", "bob"]] as const
) {
  Deno.test(`a PIN that is ${what} is refused, late, and not logged`, async () => {
    const result = await answer(pin, user);
    assertCode(result, "auth_err");
    assertShown(result, "This PIN is not right", "error_msg");
    assert(!result.log.some(({ text }) => text.includes("471")));
  });
}

Deno.test("where nobody answers, or there is no file, nobody is let in", async () => {
  const silent = await runHook(module, "authenticate", { options, conversation: () => "conv_err" });
  assertCode(silent, "auth_err");
  assertLogged(silent, /^nobody answered the question/, "warning");
  const missing = await runHook(module, "authenticate", { options: [`pins=${PINS}.none`] });
  assertCode(missing, "service_err");
  assertLogged(missing, /pins\.example\.none" cannot be used: /, "error");
});

Deno.test("a line that is wrong or gives too little refuses", async () => {
  for (const wrong of [[], ["pins=pins"], ["pin=/etc/pins"]]) {
    assertFailure(await runHook(module, "authenticate", { options: wrong }), "misconfigured");
  }
  assertFailure(await runHook(module, "authenticate", { options, grants: { auth: [] } }), "misconfigured");
});

// How real programs call a module: see PROFILES of the test kit.
Deno.test("who types the PIN gets in, and programs that answer with the password, or not at all, do not", async () => {
  const conversation = () => ["4711"];
  await assertSurvives(module, ["login", "su", "sudo", "sshd-keyboard-interactive"], {
    options,
    conversation,
  });
  const answered = ["sshd-password", "sudo-non-interactive"] as const;
  await assertSurvives(module, answered, { options, refused: answered });
});
