// SPDX-License-Identifier: MIT
import {
  assertCode,
  assertFailure,
  assertLogged,
  assertNotLogged,
  assertNotShown,
  assertShown,
  FakeTransaction,
  type FakeTransactionOptions,
  runHook,
} from "@pam-deno/sdk/testing";
import assert from "node:assert/strict";
import { join } from "node:path";
import module from "./module.ts";
import { dayOf } from "./policy.ts";

const NOON = "2026-08-03T12:00:00Z";
const TODAY = dayOf(Temporal.Instant.from(NOON));
const AGEING = ["check=ageing"];

type Shadow = { -readonly [K in "lastChange" | "min" | "max" | "warn" | "inactive" | "expire"]?: number } & {
  readonly locked?: boolean;
  readonly empty?: boolean;
};

/** alice with a shadow entry, at noon. */
function alice(ageing: Shadow, more: FakeTransactionOptions = {}): FakeTransactionOptions {
  return { now: NOON, options: AGEING, users: { alice: { ageing } }, ...more };
}

/** A password of `age` days. */
const aged = (age: number, limits: Shadow = {}): Shadow => ({ lastChange: TODAY - age, ...limits });

/** A nologin file in a folder of its own, gone at the end. */
class Nologin implements Disposable {
  readonly #folder = Deno.makeTempDirSync();
  readonly path = join(this.#folder, "nologin");

  write(text: string): void {
    Deno.writeTextFileSync(this.path, text);
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.#folder, { recursive: true });
  }
}

Deno.test("account warns, and lets in", async () => {
  const result = await runHook(module, "account", alice(aged(87, { max: 90, warn: 7, min: 365 })));
  assertCode(result, "success");
  assert.deepEqual(result.shown, [{ style: "text_info", text: "Your password expires in 3 days" }]);
  assertNotLogged(result);
  assert.equal(result.data, "kept");
});

Deno.test("account refuses what has expired, and says so once", async () => {
  const cases: [Shadow, string, RegExp][] = [
    [
      { expire: TODAY },
      "Your account has expired: ask the administrator",
      /"alice" is refused: "?account_expired/,
    ],
    [
      aged(105, { max: 90, inactive: 14 }),
      "Your password expired too long ago: ask the administrator",
      /"alice" is refused: "?inactive/,
    ],
  ];
  for (const [ageing, text, line] of cases) {
    const result = await runHook(module, "account", alice(ageing));
    assertCode(result, "acct_expired");
    assert.deepEqual(result.shown, [{ style: "error_msg", text }]);
    assertLogged(result, line, "info");
  }
});

Deno.test("account demands a new password, and notes why for the change that follows", async () => {
  const cases: [Shadow, string, string][] = [
    [{ lastChange: 0 }, "must_change", "You must choose a new password now: the administrator demands it"],
    [aged(91, { max: 90 }), "aged", "Your password has expired: choose a new one now"],
  ];
  for (const [ageing, reason, text] of cases) {
    const result = await runHook(module, "account", alice(ageing));
    assertCode(result, "new_authtok_reqd");
    assert.deepEqual(result.shown, [{ style: "error_msg", text }]);
    assert.equal(result.data, "set");
    assertLogged(result, new RegExp(`"alice" needs a new password: "?${reason}`), "info");
  }
});

Deno.test("account takes an empty password for none only under PAM_DISALLOW_NULL_AUTHTOK", async () => {
  const scene = alice(aged(0, { empty: true }));
  assertCode(await runHook(module, "account", scene), "success");
  const result = await runHook(module, "account", { ...scene, flags: ["disallow_null_authtok"] });
  assertCode(result, "new_authtok_reqd");
  assertShown(result, "Your account has no password: choose one now", "error_msg");
});

Deno.test("account refuses a locked password only with locked=refuse", async () => {
  const scene = alice(aged(0, { locked: true }));
  assertCode(await runHook(module, "account", scene), "success");
  const result = await runHook(module, "account", { ...scene, options: [...AGEING, "locked=refuse"] });
  assertCode(result, "perm_denied");
  assertShown(result, "Your account is locked: ask the administrator", "error_msg");
  assertLogged(result, /"alice" is refused: "?locked/, "info");
});

Deno.test("account shows nothing under PAM_SILENT, as sudo calls it, and answers the same", async () => {
  const cases: [Shadow, string][] = [
    [aged(89, { max: 90, warn: 7 }), "success"],
    [{ lastChange: 0 }, "new_authtok_reqd"],
    [{ expire: 1 }, "acct_expired"],
  ];
  for (const [ageing, code] of cases) {
    const result = await runHook(module, "account", { ...alice(ageing), flags: ["silent"], service: "sudo" });
    assert.equal(result.code, code);
    assertNotShown(result);
  }
});

Deno.test("account does without a conversation, as under cron and sshd's public keys", async () => {
  const conversation = () => "conv_err" as const;
  for (
    const [ageing, code] of [[aged(89, { max: 90, warn: 7 }), "success"], [{ expire: 1 }, "acct_expired"]]
  ) {
    const result = await runHook(module, "account", alice(ageing as Shadow, { conversation }));
    assert.equal(result.code, code);
  }
});

Deno.test("account knows nothing of users that nobody knows, and fails closed without a shadow entry", async () => {
  assertCode(await runHook(module, "account", { options: AGEING, users: {} }), "user_unknown");
  const missing = await runHook(module, "account", { options: AGEING, users: { alice: {} } });
  assertCode(missing, "authinfo_unavail");
  assertLogged(missing, /"alice" has no shadow entry, .* run pwconv/, "error");
  for (const code of ["perm_denied", "system_err", "buf_err"] as const) {
    const failed = await runHook(module, "account", { options: AGEING, users: { alice: code } });
    assertCode(failed, "service_err");
    assertFailure(failed, "threw");
  }
});

Deno.test("account is misconfigured by a value that it cannot read, and ignores an option that it does not know", async () => {
  const cases: [string, RegExp][] = [
    ["check=shadow", /"check": Cannot read it: write all, ageing or nologin/],
    ["locked=no", /"locked": Cannot read it: write allow or refuse/],
    ["file=nologin", /"file": Cannot read it: write an absolute path/],
    ["file", /"file": Cannot read it: write one path/],
    ["successok=yes", /"successok": Cannot read it: it takes no value/],
  ];
  for (const [option, cause] of cases) {
    const result = await runHook(module, "account", alice(aged(0), { options: [option] }));
    assertCode(result, "service_err");
    assertFailure(result, "misconfigured", cause);
  }
  const unknown = await runHook(module, "account", alice(aged(0), { options: [...AGEING, "lockd=refuse"] }));
  assertCode(unknown, "success");
  assertLogged(unknown, /^option "lockd" is unknown and ignored \(did you mean "locked"\?\)/, "warning");
  const misspelt = await runHook(module, "account", alice(aged(0), { options: [...AGEING, "flie=/closed"] }));
  assertLogged(misspelt, /^option "flie" is unknown and ignored \(did you mean "file"\?\)/, "warning");
});

Deno.test("account refuses all but root while the nologin file is there, and shows its text", async () => {
  using file = new Nologin();
  const users = { alice: { ageing: aged(0) }, root: { uid: 0, ageing: aged(89, { max: 90, warn: 7 }) } };
  const options = [`file=${file.path}`];
  const scene = (user: string) => ({ now: NOON, options, users, user });
  assertCode(await runHook(module, "account", scene("alice")), "success");

  file.write("Down until eight\n");
  const refused = await runHook(module, "account", scene("alice"));
  assertCode(refused, "auth_err");
  assert.deepEqual(refused.shown, [{ style: "error_msg", text: "Down until eight" }]);
  const root = await runHook(module, "account", scene("root"));
  assertCode(root, "success");
  assert.deepEqual(root.shown, [
    { style: "text_info", text: "Down until eight" },
    { style: "text_info", text: "Your password expires in 1 day" },
  ]);
  assertCode(await runHook(module, "account", scene("nobody-of-this-name")), "user_unknown");

  file.write("");
  assertShown(await runHook(module, "account", scene("alice")), "Logins are closed now", "error_msg");
  Deno.removeSync(file.path);
  assertCode(await runHook(module, "account", scene("alice")), "success");
});

Deno.test("account does not exempt root from ageing", async () => {
  const users = { root: { uid: 0, ageing: { expire: 1 } } };
  assertCode(await runHook(module, "account", { options: AGEING, users, user: "root" }), "acct_expired");
});

Deno.test({
  name: "account fails closed for all but root where it may not look for the nologin file",
  permissions: "none",
  async fn() {
    const users = { alice: { ageing: aged(0) }, root: { uid: 0, ageing: aged(0) } };
    for (const options of [[], ["file=/srv/nologin"], ["file=/etc/closed"]]) {
      const refused = await runHook(module, "account", { now: NOON, users, options });
      assertCode(refused, "service_err");
      assert.equal(refused.failure, undefined, "the module answers by itself");
      assertShown(refused, /^Logins cannot be checked now/, "error_msg");
      assertLogged(
        refused,
        /: Cannot look at it: grant it under "permissions": \{ "read": \["\/\w+/,
        "error",
      );
      const root = await runHook(module, "account", { now: NOON, users, options, user: "root" });
      assertCode(root, "success");
      assertLogged(root, /: Cannot look at it: grant it under/, "error");
    }
    assertCode(await runHook(module, "account", { now: NOON, users, options: AGEING }), "success");
  },
});

Deno.test("account with check=nologin looks nobody up while logins are open, and is pam_nologin's successok", async () => {
  using file = new Nologin();
  const scene = { users: { alice: "system_err" }, now: NOON } as const;
  const words = ["check=nologin", `file=${file.path}`];
  assertCode(await runHook(module, "account", { ...scene, options: words }), "ignore");
  assertCode(await runHook(module, "account", { ...scene, options: [...words, "successok"] }), "success");
  file.write("");
  const failed = await runHook(module, "account", { ...scene, options: words });
  assertCode(failed, "service_err");
});

Deno.test("changePassword goes by what account has noted, and forgets it in the update", async () => {
  using transaction = new FakeTransaction(module, alice(aged(91, { max: 90 })));
  assertCode(await transaction.run("account"), "new_authtok_reqd");
  const expired = { flags: ["change_expired_authtok"] } as const;
  const preliminary = await transaction.run("preliminary", expired);
  assertCode(preliminary, "success");
  assert.equal(preliminary.data, "kept");
  const update = await transaction.run("update", expired);
  assertCode(update, "ignore");
  assert.equal(update.data, "deleted");
  assertNotShown(update);
});

Deno.test("changePassword works without the state of another process", async () => {
  const expired = { flags: ["change_expired_authtok"] } as const;
  using transaction = new FakeTransaction(module, alice({ lastChange: 0 }));
  await transaction.run("account");
  transaction.forget();
  assertCode(await transaction.run("preliminary", expired), "success");
  assertCode(await transaction.run("update", expired), "ignore");
  // A retry in the same transaction.
  assertCode(await transaction.run("preliminary", expired), "success");
});

Deno.test("changePassword takes the note about one user for nobody else's", async () => {
  const users = { alice: { ageing: { lastChange: 0 } }, bob: { ageing: aged(1) } };
  using transaction = new FakeTransaction(module, { options: AGEING, users, now: NOON });
  assertCode(await transaction.run("account"), "new_authtok_reqd");
  transaction.setItem("user", "bob");
  assertCode(await transaction.run("preliminary", { flags: ["change_expired_authtok"] }), "ignore");
});

Deno.test("account forgets its note when all is well again", async () => {
  const users = { alice: { ageing: { lastChange: 0 } }, bob: { ageing: aged(1) } };
  using transaction = new FakeTransaction(module, { options: AGEING, users, now: NOON });
  await transaction.run("account");
  transaction.setItem("user", "bob");
  const well = await transaction.run("account");
  assertCode(well, "success");
  assert.equal(well.data, "deleted");
});

Deno.test("changePassword notes an empty password for the change that account demands", async () => {
  using transaction = new FakeTransaction(module, alice(aged(0, { empty: true })));
  await transaction.run("account", { flags: ["disallow_null_authtok"] });
  assertCode(await transaction.run("preliminary", { flags: ["change_expired_authtok"] }), "success");
  transaction.forget();
  assertCode(await transaction.run("preliminary", { flags: ["change_expired_authtok"] }), "ignore");
});

Deno.test("preliminary refuses by a text alone: it asks nothing, and changes nothing", async () => {
  const cases: [Shadow, string, string][] = [
    [aged(6, { min: 7 }), "authtok_err", "It is too early to change your password again"],
    [{ expire: TODAY }, "perm_denied", "Your account has expired: ask the administrator"],
    [
      aged(105, { max: 90, inactive: 14 }),
      "perm_denied",
      "Your password expired too long ago: ask the administrator",
    ],
  ];
  for (const [ageing, code, text] of cases) {
    const result = await runHook(module, "preliminary", alice(ageing, { uid: 1000, euid: 0 }));
    assert.equal(result.code, code);
    assert.deepEqual(result.shown, [{ style: "error_msg", text }]);
    assert.deepEqual([result.prompted, result.tokens, result.items, result.data], [[], [], {}, "kept"]);
    const silent = await runHook(module, "preliminary", {
      ...alice(ageing, { uid: 1000, euid: 0 }),
      flags: ["silent"],
    });
    assert.equal(silent.code, code);
    assertNotShown(silent);
    assertCode(await runHook(module, "preliminary", alice(ageing, { uid: 0 })), "success");
  }
});

Deno.test("preliminary ignores a password that has not expired, if only expired ones are to be changed", async () => {
  for (const uid of [0, 1000]) {
    const scene = { ...alice(aged(6, { min: 7 }), { uid }), flags: ["change_expired_authtok"] } as const;
    assertCode(await runHook(module, "preliminary", scene), "ignore");
  }
});

Deno.test("preliminary needs a user and an entry, but for root", async () => {
  const none = { options: AGEING, users: { alice: {} }, now: NOON };
  assertCode(await runHook(module, "preliminary", { ...none, users: {}, uid: 0 }), "user_unknown");
  assertCode(await runHook(module, "preliminary", { ...none, uid: 0 }), "success");
  assertCode(await runHook(module, "preliminary", { ...none, uid: 1000 }), "authinfo_unavail");
  const expired = { flags: ["change_expired_authtok"] } as const;
  assertCode(await runHook(module, "preliminary", { ...none, ...expired, uid: 0 }), "authinfo_unavail");
  assertCode(
    await runHook(module, "preliminary", { ...none, options: ["check=nologin"], uid: 1000 }),
    "ignore",
  );
});

Deno.test("the module declares what it needs, and leaves the other hooks to the shim", async () => {
  assert.deepEqual(module.permissions, { read: ["/run", "/etc/nologin", { option: "file" }] });
  assert.deepEqual(module.grants, { account: ["shadow"], password: ["shadow"] });
  using transaction = new FakeTransaction(module, alice(aged(0)));
  for (const hook of ["authenticate", "setCredentials", "openSession", "closeSession"] as const) {
    const { code, handled } = await transaction.run(hook);
    assert.deepEqual([hook, code, handled], [hook, "ignore", false]);
  }
});
