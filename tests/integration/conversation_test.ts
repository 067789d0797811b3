// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { script } from "../../sdk/libpam/mod.ts";
import type { Hook } from "../../sdk/hooks.ts";
import type { ServiceLine } from "../../sdk/libpam/mod.ts";
import type { ShimLine } from "./harness.ts";
import { assertSeen, CALLS, fixture, newService, play, type Scene, shareHarness, watch } from "./scene.ts";

const shared = shareHarness((harness) => harness.configure("desk", fixture("desk")));

const AUTH = ["grant=prompt,authtok,set_authtok"];

function desk(way: string, rest: Partial<Scene> = {}): Scene {
  const { args = [], ...others } = rest;
  return { module: "desk", hook: "authenticate", options: AUTH, args: [`do=${way}`, ...args], ...others };
}

/** Plays the hook on a stack of several lines. */
async function stacked(
  hook: Hook,
  lines: readonly (ShimLine | ServiceLine)[],
  conversation: Parameters<typeof script>[0],
) {
  const service = newService();
  shared().stack(service, lines);
  using transaction = shared().start(service, { conversation: script(conversation) });
  return await watch(shared(), service, transaction, CALLS[hook]);
}

Deno.test("authenticate asks for the user that the application did not name", async () => {
  const asked = await play(
    shared(),
    desk("name", {
      user: undefined as never,
      items: { user_prompt: "Who? " },
      conversation: [{ prompt: "Who? ", echo: true, answer: "root" }],
    }),
  );
  assertSeen(asked, {
    code: "success",
    shown: ["prompt_echo_on Who? "],
    log: /^info authenticate desk says: user is "root"$/,
  });
  const refused = await play(shared(), desk("name", { user: undefined as never }));
  assertSeen(refused, {
    code: "conv_err",
    shown: ["prompt_echo_on login:"],
    log: /^notice authenticate desk: conv_err in \d+ ms: pam_get_user failed with conv_err$/,
  });
  const empty = await play(
    shared(),
    desk("name", { user: undefined as never, conversation: [{ prompt: /login/, answer: "" }] }),
  );
  assert.notEqual(empty.code, "success");
});

Deno.test("several messages go through one call of the conversation", async () => {
  const harness = shared();
  const service = newService();
  harness.stack(service, [{ type: "auth", module: "desk", options: AUTH, args: ["do=form"] }]);
  const form = script([
    { text: "Three things" },
    { prompt: "Floor: ", echo: true, answer: "3" },
    { prompt: "PIN: ", echo: false, answer: "1234" },
    { text: "Be quick", style: "error_msg" },
  ]);
  using transaction = harness.start(service, { conversation: form });
  const seen = await watch(harness, service, transaction, CALLS.authenticate);
  assertSeen(seen, {
    code: "success",
    log: /^info authenticate desk says: floor "3", 4 digits$/,
    shown: [
      "text_info Three things",
      "prompt_echo_on Floor: ",
      "prompt_echo_off PIN: ",
      "error_msg Be quick",
    ],
  });
  assert.equal(transaction.conversations.length, 1);
});

Deno.test("PAM_SILENT drops texts of a form and keeps its questions", async () => {
  const seen = await play(
    shared(),
    desk("form", {
      call: (transaction) => transaction.authenticate({ silent: true }),
      conversation: [{ prompt: "Floor: ", answer: "4" }, { prompt: "PIN: ", answer: "" }],
    }),
  );
  assertSeen(seen, {
    code: "auth_err",
    log: /^notice authenticate desk: auth_err/,
    shown: ["prompt_echo_on Floor: ", "prompt_echo_off PIN: "],
  });
});

Deno.test("an answer reaches the module as it was typed, or the failure does", async () => {
  const rows: [answer: string | Uint8Array | undefined, code: "success" | "maxtries" | "conv_err"][] = [
    ["one two three", "success"],
    ["", "maxtries"],
    ["x".repeat(511), "maxtries"],
    ["x".repeat(512), "conv_err"],
    [new Uint8Array([0xff, 0xfe]), "maxtries"],
    [undefined, "conv_err"],
  ];
  for (const [answer, code] of rows) {
    const conversation = [{ prompt: "Code: ", echo: false, answer }];
    const seen = await play(shared(), desk("hidden", { conversation }));
    const texts = code === "maxtries" ? ["error_msg Enough"] : [];
    assertSeen(seen, { code, shown: ["prompt_echo_off Code: ", ...texts] }, String(answer));
    const log = JSON.stringify(seen.log);
    assert.ok(typeof answer !== "string" || answer.length < 4 || !log.includes(answer), log);
  }
  for (const fail of ["conv_err", "conv_again", "abort"] as const) {
    const conversation = [{ prompt: "Code: ", fail }];
    const seen = await play(shared(), desk("hidden", { conversation }));
    const code = fail === "abort" ? "auth_err" : "conv_err";
    const told = fail === "conv_again" ? "conv_err" : fail;
    assertSeen(seen, {
      code,
      shown: ["prompt_echo_off Code: "],
      log: new RegExp(`^warning authenticate desk says: asking failed: "${told}"`),
    });
  }
});

Deno.test("the time in which a person thinks does not count, up to prompt_timeout=", async () => {
  const think = (ms: number) => () => {
    // The conversation is synchronous, as an application's is.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
    return ["one two three"];
  };
  const slow = desk("hidden", { options: [...AUTH, "timeout=100ms"], conversation: think(250) });
  assertSeen(await play(shared(), slow), { code: "success", shown: ["prompt_echo_off Code: "] });
  const options = [...AUTH, "timeout=5s", "prompt_timeout=100ms"];
  const late = await play(shared(), desk("hidden", { options, conversation: think(150) }));
  assertSeen(late, {
    code: "service_err",
    shown: ["prompt_echo_off Code: "],
    log: /^err authenticate desk: broken_off, .*the person took \d+ ms, more than prompt_timeout= allows/,
  });
});

Deno.test("texts above the limit are left out and logged, and the question still comes", async () => {
  const seen = await play(
    shared(),
    desk("texts", { conversation: [{ prompt: "Read all? ", answer: "yes" }] }),
  );
  assertSeen(seen, {
    code: "success",
    log: /^warning authenticate desk says: .*at most 16 texts \(TEXTS_MAX\)/,
    shown: [
      ...Array.from({ length: 16 }, (_, i) => `text_info text ${i + 1}`),
      "prompt_echo_on Read all? ",
    ],
  });
});

Deno.test("authtok() asks as libpam does, or as the module says", async () => {
  for (const [args, prompt] of [[[], "Password: "], [["prompt=Badge number: "], "Badge number: "]] as const) {
    const conversation = [{ prompt, echo: false, answer: "hunter22" }];
    const seen = await play(shared(), desk("token", { args: [...args, "wants=hunter22"], conversation }));
    assertSeen(seen, {
      code: "success",
      shown: [`prompt_echo_off ${prompt}`],
      log: /^info authenticate desk says: a password of 8 octets$/,
    });
  }
});

Deno.test("use_first_pass and try_first_pass take what a line before has asked for", async () => {
  const ask: ServiceLine = { type: "auth", control: "optional", module: "pam_unix.so", args: ["nodelay"] };
  const rows: [words: string[], first: boolean, code: "success" | "auth_err", questions: number][] = [
    [["use_first_pass"], true, "success", 1],
    [["try_first_pass"], true, "success", 1],
    [[], true, "success", 1],
    [["use_first_pass"], false, "auth_err", 0],
    [["try_first_pass"], false, "success", 1],
  ];
  for (const [words, first, code, questions] of rows) {
    for (const place of ["options", "args"] as const) {
      const line: ShimLine = {
        type: "auth",
        module: "desk",
        options: [...AUTH, ...place === "options" ? words : []],
        args: ["do=token", "wants=hunter22", ...place === "args" ? words : []],
      };
      const person = questions === 0 ? [] : [{ prompt: /^Password: $/, echo: false, answer: "hunter22" }];
      const seen = await stacked("authenticate", first ? [ask, line] : [line], person);
      const what = `${words} ${first} ${place}`;
      assertSeen(seen, { code, shown: Array(questions).fill("prompt_echo_off Password: ") }, what);
      if (code === "auth_err") {
        assertSeen(seen, { code, log: /^warning authenticate desk says: asking failed/ }, what);
      }
      assert.ok(!JSON.stringify(seen.log).includes("hunter22"), what);
    }
  }
});

Deno.test("setAuthtok() gives a password to the lines behind", async () => {
  const seen = await stacked("authenticate", [
    { type: "auth", module: "desk", options: AUTH, args: ["do=set"] },
    {
      type: "auth",
      module: "desk",
      options: AUTH,
      args: ["do=token", "use_first_pass", "wants=set by the first module"],
    },
  ], []);
  assertSeen(seen, { code: "success", log: /^info authenticate desk says: a password of 23 octets$/ });
});

Deno.test("changePassword asks for the old and the new password, the new one twice", async () => {
  const line: ShimLine = { type: "password", module: "desk", options: ["grant=authtok,set_authtok"] };
  const seen = await stacked("update", [line], [
    { prompt: "Old one: ", echo: false, answer: "old" },
    { prompt: "New password: ", echo: false, answer: "brand new" },
    { prompt: "Retype new password: ", echo: false, answer: "brand new" },
  ]);
  assertSeen(seen, {
    code: "success",
    log: /^info update desk says: from 3 to 9 octets$/,
    shown: ["Old one: ", "New password: ", "Retype new password: "].map((text) => `prompt_echo_off ${text}`),
  });
});

Deno.test("authtok_type= is libpam's word, and the module does not see it", async () => {
  const line: ShimLine = {
    type: "password",
    module: "desk",
    options: ["grant=authtok,set_authtok"],
    args: ["authtok_type=LDAP"],
  };
  const seen = await stacked("update", [line], [
    { prompt: "Old one: ", answer: "old" },
    { prompt: "New LDAP password: ", answer: "new one" },
    { prompt: "Retype new LDAP password: ", answer: "new one" },
  ]);
  assert.equal(seen.code, "success");
  assert.ok(!JSON.stringify(seen.log).includes("authtok_type"), JSON.stringify(seen));
});

Deno.test("use_authtok refuses to ask for a new password", async () => {
  const line: ShimLine = {
    type: "password",
    module: "desk",
    options: ["grant=authtok,set_authtok"],
    args: ["use_authtok"],
  };
  const seen = await stacked("update", [line], [{ prompt: "Old one: ", answer: "old" }]);
  assertSeen(seen, {
    code: "service_err",
    shown: ["prompt_echo_off Old one: "],
    log: /^err update desk: threw, service_err in \d+ ms for user nobody: .*authtok/,
  });
});
