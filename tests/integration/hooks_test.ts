// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { COMMON_CODES, type Hook, HOOK_CODES, HOOKS } from "../../sdk/hooks.ts";
import type { PamCode } from "../../sdk/tokens.ts";
import { assertSeen, fixture, play, type Scene, shareHarness, tell, watch } from "./scene.ts";

const PARTIAL = `
import { defineModule, type PamModule } from "@pam-deno/sdk";
export default defineModule({
  authenticate: () => "success",
  openSession: () => "success",
  changePassword: { update: () => "success" },
}) as PamModule;
`;

const ACCOUNT = `
import { defineModule, type PamModule } from "@pam-deno/sdk";
export default defineModule({ account: () => "success" }) as PamModule;
`;

const CHATTY = `
import { defineModule, type PamModule } from "@pam-deno/sdk";
export default defineModule({
  account({ log }) {
    log.debug("zero");
    log.info("one {text} {two}", { text: 'a "b"', two: 2 });
    log.warn("three {four}", { five: 6 });
    log.error("%s%n\\nnext line\\x1b[1m");
    return "success";
  },
}) as PamModule;
`;

const shared = shareHarness((harness) => {
  harness.configure("codes", fixture("codes"), { options: { account: "user_unknown", text: "configured" } });
  harness.configure("partial", PARTIAL);
  harness.configure("account", ACCOUNT);
  harness.configure("chatty", CHATTY);
});

/** What a stack of one required line makes of a code: nobody having said more than `ignore` is a refusal. */
const ofStack = (code: PamCode): PamCode => code === "ignore" ? "perm_denied" : code;

for (const hook of Object.keys(HOOKS) as Hook[]) {
  Deno.test(`${hook} ends with every code that is legal for it`, async () => {
    for (const code of [...COMMON_CODES, ...HOOK_CODES[hook]] as PamCode[]) {
      const seen = await play(shared(), { module: "codes", hook, args: [`${hook}=${code}`, "text=seen"] });
      const texts = hook === "update" || (hook === "preliminary" && code === "success") ? 2 : 1;
      const expected = { code: ofStack(code), shown: Array(texts).fill("text_info seen") };
      const refuses = code !== "success" && code !== "ignore" && code !== "new_authtok_reqd";
      const line = new RegExp(`^notice ${hook} codes: ${code} in \\d+ ms for user nobody$`);
      assertSeen(seen, refuses ? { ...expected, log: line } : expected, code);
      if (!refuses) assert.ok(!seen.log.some((line) => / in \d+ ms/.test(line.text)), JSON.stringify(seen));
    }
  });

  Deno.test(`${hook} shows the text of deny() as an error message, and nothing under PAM_SILENT`, async () => {
    const scene: Scene = {
      module: "codes",
      hook,
      args: [`${hook}=perm_denied`, "message=Not today, 100% sure", "text="],
    };
    const texts = hook === "update" ? ["text_info ", "text_info "] : ["text_info "];
    assertSeen(await play(shared(), scene), {
      code: "perm_denied",
      shown: [...texts, "error_msg Not today, 100% sure"],
    });
    const silent = await play(shared(), {
      ...scene,
      call: (transaction) => {
        switch (hook) {
          case "authenticate":
            return transaction.authenticate({ silent: true });
          case "setCredentials":
            return transaction.setCredentials("establish", { silent: true });
          case "account":
            return transaction.account({ silent: true });
          case "openSession":
            return transaction.openSession({ silent: true });
          case "closeSession":
            return transaction.closeSession({ silent: true });
          default:
            return transaction.changePassword({ silent: true });
        }
      },
    });
    assertSeen(silent, {
      code: "perm_denied",
      log: new RegExp(`^info ${hook} codes says: called .*silent=true`),
    });
  });
}

Deno.test("setCredentials is told the verb", async () => {
  for (const verb of ["establish", "delete", "reinitialize", "refresh"] as const) {
    const seen = await play(shared(), {
      module: "codes",
      hook: "setCredentials",
      args: ["text="],
      call: (transaction) => transaction.setCredentials(verb),
    });
    assertSeen(seen, {
      code: "success",
      shown: ["text_info "],
      log: new RegExp(`^info setCredentials codes says: called .*verb="${verb}"`),
    });
  }
});

Deno.test("authenticate, account and changePassword are told their flags", async () => {
  const rows: [Scene["hook"], NonNullable<Scene["call"]>, RegExp][] = [
    ["authenticate", (transaction) => transaction.authenticate({ disallowNullAuthtok: true }), /nonull=true/],
    ["authenticate", (transaction) => transaction.authenticate(), /nonull=false/],
    ["account", (transaction) => transaction.account({ disallowNullAuthtok: true }), /nonull=true/],
    [
      "preliminary",
      (transaction) => transaction.changePassword({ changeExpiredAuthtok: true }),
      /expired=true/,
    ],
    ["update", (transaction) => transaction.changePassword({ changeExpiredAuthtok: true }), /expired=true/],
    ["update", (transaction) => transaction.changePassword(), /expired=false/],
  ];
  for (const [hook, call, pattern] of rows) {
    const { log } = await play(shared(), { module: "codes", hook, call, args: ["account=success"] });
    const line = log.find(({ text }) => text.startsWith(`${hook} codes says: called`));
    assert.match(line?.text ?? "", pattern);
    assert.match(line?.text ?? "", /user="nobody" service="scene-\d+" silent=false .*now=true$/);
  }
});

Deno.test("options of the pam.d line go over those of the configuration, word by word", async () => {
  const configured = await play(shared(), { module: "codes", hook: "account" });
  assertSeen(configured, { code: "user_unknown", shown: ["text_info configured"] });
  const both = await play(shared(), { module: "codes", hook: "account", args: ["account=acct_expired"] });
  assertSeen(both, { code: "acct_expired", shown: ["text_info configured"] });
});

Deno.test("a hook that the module does not define is answered without a worker", async () => {
  const rows: [module: string, hook: Hook, code: PamCode, log: RegExp][] = [
    ["partial", "setCredentials", "success", /^debug setCredentials partial: success: .* does not define/],
    ["partial", "closeSession", "success", /^debug closeSession partial: success: .* does not define/],
    ["partial", "preliminary", "success", /^debug preliminary partial: success: .* does not define/],
    ["partial", "account", "perm_denied", /^notice account partial: ignore: .* does nothing for it$/],
    ["account", "setCredentials", "perm_denied", /^notice setCredentials account: ignore: /],
    ["account", "closeSession", "perm_denied", /^notice closeSession account: ignore: /],
    ["account", "preliminary", "perm_denied", /^notice preliminary account: ignore: /],
  ];
  for (const [module, hook, code, log] of rows) {
    assertSeen(await play(shared(), { module, hook, options: ["debug=yes"] }), { code, log }, hook);
  }
});

Deno.test("a success is logged under debug=yes only", async () => {
  const scene: Scene = { module: "account", hook: "account" };
  assert.deepEqual((await play(shared(), scene)).log, []);
  const { log } = await play(shared(), { ...scene, options: ["debug=yes"] });
  assert.match(log.map(tell).join("\n"), /^debug account account: success in \d+ ms$/);
});

Deno.test("lines of a module reach the system log at their level", async () => {
  const seen = await play(shared(), { module: "chatty", hook: "account" });
  assert.deepEqual(seen.log.map(tell), [
    "debug account chatty says: zero",
    'info account chatty says: one "a \\"b\\"" 2',
    "warning account chatty says: three {four} five=6",
    "err account chatty says: %s%n | next line?[1m",
  ]);
});

Deno.test("one transaction goes through every hook", async () => {
  const harness = shared();
  const place = ["account=success", "text="];
  harness.stack("login", [
    { type: "auth", module: "codes", args: place },
    { type: "account", module: "codes", args: place },
    { type: "password", module: "codes", args: place },
    { type: "session", module: "codes", args: place },
  ]);
  using transaction = harness.start("login", { user: "root" });
  const codes: PamCode[] = [];
  const { log } = await watch(harness, "login", transaction, (transaction) => {
    codes.push(transaction.authenticate(), transaction.account(), transaction.setCredentials("establish"));
    codes.push(transaction.openSession(), transaction.changePassword(), transaction.closeSession());
    codes.push(transaction.setCredentials("delete"));
    return "success";
  });
  assert.deepEqual(codes, Array(7).fill("success"));
  assert.deepEqual(log.map(({ text }) => text.split(" ")[0]), [
    "authenticate",
    "account",
    "setCredentials",
    "openSession",
    "preliminary",
    "update",
    "closeSession",
    "setCredentials",
  ]);
});
