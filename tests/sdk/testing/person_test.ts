// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { PamError } from "../../../sdk/error.ts";
import { defineModule } from "../../../sdk/module.ts";
import { FakeTransaction } from "../../../sdk/testing/fake_transaction.ts";
import { runHook } from "../../../sdk/testing/run_hook.ts";

const text = (octets: Uint8Array | undefined) => octets && new TextDecoder().decode(octets);

Deno.test("FakeTransaction asks for the user where libpam does, and needs one everywhere", async () => {
  const module = defineModule({
    authenticate: ({ user, deny }) => deny("auth_err", user),
    account: () => "success",
    changePassword: { update: () => "success" },
  });
  const conversation = [{ prompt: "Name: ", echo: true, answer: "bob" }];
  using transaction = new FakeTransaction(module, {
    user: undefined,
    items: { user_prompt: "Name: " },
    conversation,
  });
  assert.equal((await transaction.run("account")).code, "user_unknown");
  const asked = await transaction.run("authenticate");
  assert.deepEqual([asked.message, asked.prompted], ["bob", [{ style: "prompt_echo_on", text: "Name: " }]]);
  assert.equal(transaction.items.user, "bob");
  assert.equal((await transaction.run("account")).code, "success");

  const login = [{ prompt: "login:", fail: "conv_err" as const }];
  assert.equal((await runHook(module, "update", { user: undefined, conversation: login })).code, "conv_err");
  assert.equal((await runHook(module, "authenticate", { user: "" })).code, "user_unknown");
});

const reader = defineModule({
  grants: { auth: ["authtok", "set_authtok"], password: ["authtok", "set_authtok"] },
  async authenticate({ authtok, setAuthtok }) {
    using password = await authtok();
    setAuthtok(new TextEncoder().encode(`${password.use((octets) => text(octets))}!`));
    return "success";
  },
  setCredentials: () => "success",
  changePassword: {
    async preliminary({ oldAuthtok, deny }) {
      using old = await oldAuthtok();
      return old.equals(new TextEncoder().encode("old")) ? "success" : deny("authtok_err", "Wrong password");
    },
    async update({ authtok, deny }) {
      try {
        using fresh = await authtok("Choose: ");
        return deny("authtok_err", `${fresh.use((octets) => octets.length)} octets`);
      } catch (error) {
        if (!(error instanceof PamError)) throw error;
        return deny("authtok_err", error.code);
      }
    },
  },
});

Deno.test("FakeTransaction hands on the token of the stack without asking, and wipes it as libpam does", async () => {
  using transaction = new FakeTransaction(reader, { tokens: { authtok: "secret" } });
  const result = await transaction.run("authenticate");
  assert.deepEqual([result.code, result.tokens, result.prompted], ["success", ["authtok"], []]);
  assert.equal(text(transaction.token("authtok")), "secret!");
  assert.equal((await transaction.run("setCredentials")).code, "success");
  assert.equal(transaction.token("authtok"), undefined);
});

Deno.test("FakeTransaction asks for a token that is not there, in libpam's words or the module's", async () => {
  const conversation = [
    { prompt: "Password: ", echo: false, answer: "first" },
    { prompt: "Current UNIX password: ", echo: false, answer: "old" },
    { prompt: "Choose: ", echo: false, answer: "fresh" },
    { prompt: "Retype Choose: ", echo: false, answer: "fresh" },
  ];
  using transaction = new FakeTransaction(reader, { conversation, items: { authtok_type: "UNIX" } });
  assert.equal((await transaction.run("authenticate")).code, "success");
  assert.equal((await transaction.run("preliminary")).code, "success");
  assert.equal(text(transaction.token("oldauthtok")), "old");
  assert.equal((await transaction.run("update")).message, "5 octets");
  assert.equal(text(transaction.token("authtok")), "fresh");
  await transaction.run("setCredentials");
  assert.deepEqual([transaction.token("authtok"), transaction.token("oldauthtok")], [undefined, undefined]);
});

Deno.test("FakeTransaction fails a token as libpam does", async () => {
  const twice = [{ prompt: "Choose: ", answer: "one" }, { prompt: "Retype Choose: ", answer: "two" }];
  const mistyped = await runHook(reader, "update", { conversation: twice });
  assert.equal(mistyped.message, "try_again");
  assert.deepEqual(mistyped.shown[0], { style: "error_msg", text: "Sorry, passwords do not match." });
  const nothing = await runHook(reader, "update", { conversation: [{ prompt: "Choose: " }] });
  assert.equal(nothing.message, "authtok_err");
  assert.equal((await runHook(reader, "update", { options: ["use_authtok"] })).message, "authtok_err");
  const long = [{ prompt: "Password: ", answer: "x".repeat(512) }];
  const refused = await runHook(reader, "authenticate", { conversation: long });
  assert.deepEqual([refused.failure, refused.code], ["threw", "service_err"]);
});

Deno.test("FakeTransaction drops texts under PAM_SILENT and keeps questions and the places of answers", async () => {
  const module = defineModule({
    grants: { auth: ["prompt"] },
    async authenticate({ conversation, deny }) {
      conversation.info("Welcome");
      const [first, second, third] = await conversation.converse([
        { style: "text_info", text: "Two questions" },
        { style: "prompt_echo_on", text: "Colour? " },
        { style: "prompt_echo_off", text: "PIN: " },
      ]);
      return deny("auth_err", `${first} ${second} ${third.use((octets) => text(octets))}`);
    },
  });
  const conversation = [{ prompt: "Colour? ", echo: true, answer: "blue" }, {
    prompt: "PIN: ",
    echo: false,
    answer: "42",
  }];
  const loud = await runHook(module, "authenticate", { conversation });
  assert.equal(loud.message, "undefined blue 42");
  assert.deepEqual(loud.shown.map(({ text }) => text), ["Welcome", "Two questions", "undefined blue 42"]);
  const silent = await runHook(module, "authenticate", { conversation, flags: ["silent"] });
  assert.equal(silent.message, "undefined blue 42");
  assert.deepEqual(silent.shown, []);
  assert.deepEqual(silent.prompted.map(({ text }) => text), ["Colour? ", "PIN: "]);
});

Deno.test("FakeTransaction takes a function for the person", async () => {
  const module = defineModule({
    grants: { auth: ["prompt"] },
    authenticate: async ({ conversation, deny }) => deny("auth_err", await conversation.prompt("Colour? ")),
  });
  const conversation = () => ["green"];
  assert.equal((await runHook(module, "authenticate", { conversation })).message, "green");
  const refused = await runHook(module, "authenticate", { conversation: () => "conv_again" });
  assert.deepEqual([refused.code, refused.failure], ["service_err", "threw"]);
  assert.match(refused.cause ?? "", /conv_err/);
});
