// SPDX-License-Identifier: MIT
import { AssertionError } from "node:assert";
import assert from "node:assert/strict";
import { defineModule } from "../../../sdk/module.ts";
import {
  assertCode,
  assertFailure,
  assertLogged,
  assertNotLogged,
  assertNotShown,
  assertPrompted,
  assertShown,
} from "../../../sdk/testing/assertions.ts";
import { FakeTransaction } from "../../../sdk/testing/fake_transaction.ts";
import { formatResult, type HookResult } from "../../../sdk/testing/hook_result.ts";
import { runHook } from "../../../sdk/testing/run_hook.ts";
import { behind } from "../codes.ts";

const busy = defineModule({
  grants: { auth: ["prompt", "authtok", "set_authtok", "set_item:tty", "env:A", "env:B"] },
  async authenticate({ authtok, conversation, data, environment, failDelay, items, log, setAuthtok }) {
    void data;
    conversation.info("Welcome");
    conversation.error("Maintenance tonight");
    using pin = await conversation.promptHidden("PIN: ");
    using password = await authtok();
    setAuthtok(pin);
    items.set("tty", "tty1");
    environment.set("A", "1 \u00e4");
    environment.delete("B");
    failDelay(Temporal.Duration.from({ seconds: 2 }));
    log.info("The PIN has {length} digits", { length: pin.use((octets) => octets.length) });
    log.warn("It is late");
    return password.use((octets) => octets.length) > 0 ? "success" : "auth_err";
  },
});

const OPTIONS = {
  tokens: { authtok: "geheim" },
  conversation: [{ prompt: "PIN: ", echo: false, answer: "123456" }],
} as const;

const SEEN = `  hook:        authenticate
  code:        success
  shown:       text_info "Welcome"
               error_msg "Maintenance tonight"
  prompted:    prompt_echo_off "PIN: "
  logged:      info "The PIN has 6 digits"
               warning "It is late"
  items:       tty="tty1"
  environment: A="1 ä"
               B deleted
  tokens:      authtok
  user files:  nothing
  module data: kept
  fail delay:  PT2S`;

const NOTHING_ELSE = `  shown:       nothing
  prompted:    nothing
  logged:      nothing
  items:       nothing
  environment: nothing
  tokens:      nothing
  user files:  nothing
  module data: kept
  fail delay:  none`;

/** The message with which an assertion fails. */
function complaint(assertion: () => void): string {
  try {
    assertion();
  } catch (error) {
    assert.ok(error instanceof AssertionError);
    return error.message;
  }
  throw new Error("The assertion did not fail");
}

Deno.test("formatResult() tells all that was seen, and no secret", async () => {
  const text = formatResult(await runHook(busy, "authenticate", OPTIONS));
  assert.equal(text, SEEN);
  assert.ok(!text.includes("123456") && !text.includes("geheim"));
});

Deno.test("formatResult() tells a failure with its cause, and a hook that the module does not define", async () => {
  const module = defineModule({
    account() {
      throw new Error("The database is away");
    },
  });
  const lines = (result: HookResult) => formatResult(result).split("\n").slice(0, 2).join("\n");
  assert.match(
    lines(await runHook(module, "account")),
    /^ {2}hook: {8}account\n {2}code: {8}service_err \(threw: .*The database is away.*\)$/,
  );
  assert.equal(
    formatResult(await runHook(module, "openSession")),
    `  hook:        openSession, which the module does not define\n  code:        ignore\n${NOTHING_ELSE}`,
  );
});

Deno.test("the assertions pass for what was seen", async () => {
  const result = await runHook(busy, "authenticate", OPTIONS);
  assertCode(result, "success");
  assertShown(result, "Welcome");
  assertShown(result, "Welcome", "text_info");
  assertShown(result, /tonight$/g, "error_msg");
  assertShown(result, /tonight$/g, "error_msg");
  assertNotShown(result, "Welcom");
  assertNotShown(result, /Goodbye/);
  assertPrompted(result, "PIN: ");
  assertPrompted(result, /^PIN/, "prompt_echo_off");
  assertLogged(result, /6 digits/, "info");
  assertLogged(result, "It is late");
  assertNotLogged(result, /123456/);
});

Deno.test("the assertions say what was expected, and end with all that was seen", async () => {
  const result = await runHook(busy, "authenticate", OPTIONS);
  const all = `\nAll that was seen:\n${SEEN}`;
  const cases: [() => void, string][] = [
    [() => assertCode(result, "auth_err"), "Expected the code auth_err, got success"],
    [() => assertFailure(result, "threw"), "Expected the failure threw, got no failure"],
    [() => assertShown(result, "Goodbye"), 'Expected a text "Goodbye" to be shown'],
    [() => assertShown(result, "Welcome", "error_msg"), 'Expected error_msg "Welcome" to be shown'],
    [() => assertShown(result, /bye/i), "Expected a text that matches /bye/i to be shown"],
    [() => assertNotShown(result), 'Expected "Welcome" not to be shown'],
    [() => assertNotShown(result, /night/), 'Expected "Maintenance tonight" not to be shown'],
    [() => assertPrompted(result, "Colour? "), 'Expected a question "Colour? " to be asked'],
    [
      () => assertPrompted(result, /PIN/, "prompt_echo_on"),
      "Expected prompt_echo_on that matches /PIN/ to be asked",
    ],
    [() => assertLogged(result, "late"), 'Expected a line "late" in the log'],
    [
      () => assertLogged(result, /late/, "error"),
      "Expected a line at level error that matches /late/ in the log",
    ],
    [() => assertNotLogged(result), 'Expected "The PIN has 6 digits" not to be in the log'],
    [() => assertNotLogged(result, "It is late"), 'Expected "It is late" not to be in the log'],
  ];
  for (const [assertion, expected] of cases) assert.equal(complaint(assertion), expected + all);
});

Deno.test("assertFailure() compares the class and the cause", async () => {
  const module = defineModule({
    account() {
      throw new Error("The database is away");
    },
  });
  const result = await runHook(module, "account");
  assertFailure(result, "threw");
  assertFailure(result, "threw", /database/);
  assert.match(
    complaint(() => assertFailure(result, "protocol")),
    /^Expected the failure protocol, got threw\nAll that was seen:\n {2}hook: {8}account\n/,
  );
  assert.match(
    complaint(() => assertFailure(result, "threw", "The disk is full")),
    /^Expected the failure threw with a cause "The disk is full"\nAll that was seen:\n/,
  );
});

const asks = defineModule({
  grants: { auth: ["prompt"] },
  async authenticate({ conversation, deny }) {
    const answer = await conversation.prompt("Colour? ").catch(() => "none");
    return deny("auth_err", answer);
  },
});

const UNEXPECTED = `The script expected nothing more and not prompt_echo_on "Colour? "; said so far: nothing${
  behind("script-not-followed")
}
All that was seen:
  hook:        authenticate
  code:        auth_err
  shown:       error_msg "none"
  prompted:    prompt_echo_on "Colour? "
  logged:      nothing`;

Deno.test("an unexpected question fails the test with all that was seen, even if the handler copes with it", async () => {
  await assert.rejects(runHook(asks, "authenticate"), (error) => {
    assert.ok(error instanceof AssertionError);
    assert.ok(error.message.startsWith(UNEXPECTED), error.message);
    return true;
  });
  const wrong = [{ prompt: "Shape? ", answer: "round" }];
  await assert.rejects(runHook(asks, "authenticate", { conversation: wrong }), {
    name: "AssertionError",
    message:
      /^The script expected prompt_echo_off or prompt_echo_on "Shape\? " and not prompt_echo_on "Colour\? "/,
  });
});

Deno.test("an unused step of the script fails the test at the end", async () => {
  const conversation = [{ prompt: "Colour? ", answer: "blue" }, { prompt: "Shape? ", answer: "round" }];
  const unused = {
    name: "AssertionError",
    message:
      /^The script has 1 unused steps, the first is prompt_echo_off or prompt_echo_on "Shape\? "; said so far:\n/,
  };
  await assert.rejects(runHook(asks, "authenticate", { conversation }), unused);
  const transaction = new FakeTransaction(asks, { conversation });
  await transaction.run("authenticate");
  assert.throws(() => transaction[Symbol.dispose](), unused);
});

Deno.test("a test that has failed already is not failed a second time by the unused script", async () => {
  const conversation = [{ prompt: "Colour? ", answer: "blue" }, { prompt: "Shape? ", answer: "round" }];
  await assert.rejects(async () => {
    using transaction = new FakeTransaction(asks, { conversation });
    assertCode(await transaction.run("authenticate"), "success");
  }, { name: "AssertionError", message: /^Expected the code success, got auth_err\n/ });
  await assert.rejects(async () => {
    using transaction = new FakeTransaction(asks, { conversation: [conversation[1]!] });
    await transaction.run("authenticate");
  }, { name: "AssertionError", message: /^The script expected .*Shape/ });
});

Deno.test("a person who breaks the rules of a conversation fails the test", async () => {
  await assert.rejects(runHook(asks, "authenticate", { conversation: () => [] }), {
    name: "AssertionError",
    message: /^The conversation must return one answer for each of 1 messages, at once \[kit-misused\] \S+\n/,
  });
  const late = (() => Promise.resolve(["blue"])) as unknown as () => string[];
  await assert.rejects(runHook(asks, "authenticate", { conversation: late }), { message: /at once \[/ });
  const broken = () => {
    throw "not an Error";
  };
  await assert.rejects(runHook(asks, "authenticate", { conversation: broken }), {
    message: /^not an Error\n/,
  });
});
