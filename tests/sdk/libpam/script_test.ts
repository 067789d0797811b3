// SPDX-License-Identifier: MIT
import { type ConversationMessage, script, type ScriptStep, Transaction } from "@pam-deno/sdk/libpam";
import assert from "node:assert/strict";
import { serviceOf, start } from "./probe.ts";

const PASSWORD: ConversationMessage = { style: "prompt_echo_off", text: "Password: " };
const NAME: ConversationMessage = { style: "prompt_echo_on", text: "Name? " };
const WELCOME: ConversationMessage = { style: "text_info", text: "Welcome" };
const CAREFUL: ConversationMessage = { style: "error_msg", text: "Careful" };

Deno.test("script() answers pam_unix's prompt for a user who does not exist", () => {
  using services = serviceOf("pam_unix.so", ["nodelay"]);
  using transaction = start(services, {
    user: "nobody-of-this-name",
    conversation: script([{ prompt: "Password: ", echo: false, answer: "wrong" }]),
  });
  assert.equal(transaction.authenticate(), "user_unknown");
});

Deno.test("script() answers pam_unix's prompts for user and password", () => {
  using services = serviceOf("pam_unix.so", ["nodelay"]);
  using transaction = Transaction.start({
    service: "probe",
    confdir: services.path,
    conversation: script([
      { prompt: /^login: ?$/, echo: true, answer: "nobody-of-this-name" },
      { prompt: /^password: $/i, answer: new TextEncoder().encode("wrong") },
    ]),
  });
  assert.equal(transaction.authenticate(), "user_unknown");
  assert.equal(transaction.getItem("user"), "nobody-of-this-name");
});

Deno.test("script() lets texts pass that are not in it, and answers in order", () => {
  using conversation = script([
    { prompt: "Name? ", answer: "zoë" },
    { text: /come$/, style: "text_info" },
    { prompt: /word/g, echo: false },
    { text: "Careful" },
  ]);
  assert.deepEqual(conversation([CAREFUL, NAME, WELCOME]), [undefined, "zoë", undefined]);
  assert.deepEqual(conversation([PASSWORD]), [undefined]);
  assert.deepEqual(conversation([CAREFUL]), [undefined]);
  assert.deepEqual(conversation([WELCOME]), [undefined]);
});

Deno.test("script() ends a call with the code of a step", () => {
  using conversation = script([{ prompt: "Name? ", answer: "zoë" }, {
    prompt: "Password: ",
    fail: "conv_again",
  }]);
  assert.equal(conversation([NAME, PASSWORD]), "conv_again");
});

Deno.test("script() refuses what is not its next step, and says what it expected and what was said", () => {
  const wrong: [ScriptStep[], RegExp][] = [
    [
      [],
      /expected nothing more and not prompt_echo_off "Password: "; said so far:\n {2}text_info "Welcome" \[script-not-followed\]/,
    ],
    [
      [{ prompt: "Name? ", answer: "hunter2" }],
      /expected prompt_echo_off or prompt_echo_on "Name\? " and not /,
    ],
    [
      [{ prompt: "Password: ", echo: true, answer: "hunter2" }],
      /expected prompt_echo_on "Password: " and not /,
    ],
    [
      [{ prompt: /^Name/, echo: false, answer: "hunter2" }],
      /expected prompt_echo_off \/\^Name\/ and not prompt_/,
    ],
    [
      [{ text: "Welcome" }, { text: "More" }],
      /expected text_info or error_msg "More" and not prompt_echo_off/,
    ],
  ];
  for (const [steps, message] of wrong) {
    const conversation = script(steps);
    assert.throws(
      () => conversation([WELCOME, PASSWORD]),
      (error) => error instanceof Error && message.test(error.message) && !error.message.includes("hunter2"),
      String(message),
    );
    conversation[Symbol.dispose]();
  }
});

Deno.test("script() refuses a text that is not the text of its next step", () => {
  const wrong: ScriptStep[] = [{ text: "Hello" }, { text: "Welcome", style: "error_msg" }];
  for (const step of wrong) {
    assert.throws(
      () => script([step])([WELCOME]),
      /not text_info "Welcome"; said so far: nothing \[script-not-followed\]/,
    );
  }
});

Deno.test("script() fails the method of the transaction that ran into an unexpected question", () => {
  using services = serviceOf("pam_unix.so", ["nodelay"]);
  using transaction = start(services, { conversation: script([{ prompt: "Secret: ", answer: "x" }]) });
  assert.throws(
    () => transaction.authenticate(),
    /^Error: The script expected .* "Secret: " and not .*"Password: "/,
  );
});

Deno.test("script() fails the end of the transaction if a step was not used", () => {
  using services = serviceOf("pam_permit.so");
  const transaction = start(services, {
    conversation: script([{ prompt: "Name? ", answer: "x" }, { text: "Bye" }]),
  });
  assert.equal(transaction.account(), "success");
  assert.throws(
    () => transaction.end(),
    /^Error: The script has 2 unused steps, the first is prompt_echo_off or prompt_echo_on "Name\? "; said so far: nothing \[script-not-followed\]/,
  );
  assert.throws(() => transaction.account(), /has ended/);
});
