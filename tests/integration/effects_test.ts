// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import type { PamCode } from "../../sdk/tokens.ts";
import { assertSeen, CALLS, fixture, newService, play, shareHarness, watch } from "./scene.ts";

const shared = shareHarness((harness) => harness.configure("effects", fixture("effects")));

const AUTH = ["grant=set_item:user,set_item:tty", "grant=set_item:rhost"];
const SESSION = ["grant=get_env,env:APP_*,env:DESK"];

/** A stack with the module on a line of every type. */
function stack(args: readonly string[] = [], options: readonly string[] = []): string {
  const service = newService();
  shared().stack(service, [
    { type: "auth", module: "effects", options: [...AUTH, ...options], args },
    { type: "account", module: "effects", options, args },
    { type: "session", module: "effects", options: [...SESSION, ...options], args },
    { type: "password", module: "effects", options, args },
  ]);
  return service;
}

Deno.test("a handler reads every item", async () => {
  const service = stack();
  const items = {
    tty: "tty1",
    rhost: "2001:db8::1",
    ruser: "björn",
    user_prompt: "who? ",
    xdisplay: ":0",
    authtok_type: "X",
  };
  using transaction = shared().start(service, { items });
  const seen = await watch(shared(), service, transaction, CALLS.authenticate);
  const shown = Object.entries(items).map(([item, value]) => `${item}=${JSON.stringify(value)}`).join(" ");
  assertSeen(seen, { code: "success" });
  assert.ok(
    seen.log.some(({ text }) => text.endsWith(`items service="${service}" user="nobody" ${shown}`)),
    JSON.stringify(seen),
  );
});

Deno.test("items are set with success, and not with a refusal or ignore", () => {
  const rows: [args: string[], code: PamCode, items: (string | undefined)[]][] = [
    [[], "success", ["root", "pts/7", ""]],
    [["code=ignore"], "perm_denied", ["nobody", "tty1", undefined]],
    [["code=denied"], "auth_err", ["nobody", "tty1", undefined]],
    [["code=auth_err"], "auth_err", ["nobody", "tty1", undefined]],
  ];
  for (const [args, code, items] of rows) {
    const service = stack(args);
    using transaction = shared().start(service, { items: { tty: "tty1" } });
    assert.equal(transaction.authenticate(), code);
    assert.deepEqual((["user", "tty", "rhost"] as const).map((item) => transaction.getItem(item)), items);
  }
});

Deno.test("the PAM environment is read, set, set to nothing and deleted", async () => {
  const service = stack();
  const environment = { LANG: "de_DE.UTF-8", APP_OLD: "1", APP_EMPTY: "", OTHER: "=x=" };
  using transaction = shared().start(service, { environment });
  const seen = await watch(shared(), service, transaction, CALLS.openSession);
  assertSeen(seen, {
    code: "success",
    log: /^info openSession effects says: environment lang="de_DE.UTF-8" old="1" empty=""$/,
  });
  assert.deepEqual(transaction.environment, {
    LANG: "de_DE.UTF-8",
    APP_EMPTY: "",
    OTHER: "=x=",
    APP_NEW: "de_DE.UTF-8 = 100%\n",
    APP_BLANK: "",
    DESK: "gone",
  });
  assert.deepEqual(shared().syslog.filter(({ text }) => text.includes("pam_putenv")), []);
});

Deno.test("the PAM environment stays as it was if the session is refused", () => {
  const service = stack(["code=session_err"]);
  using transaction = shared().start(service, { environment: { APP_OLD: "1" } });
  assert.equal(transaction.openSession(), "session_err");
  assert.deepEqual(transaction.environment, { APP_OLD: "1" });
});

Deno.test("module data carry the reason from account to changePassword", async () => {
  const service = stack(["why=It is a year old", "code=new_authtok_reqd"]);
  using transaction = shared().start(service);
  assert.equal(transaction.account(), "new_authtok_reqd");
  const first = await watch(shared(), service, transaction, CALLS.update);
  assertSeen(first, {
    code: "success",
    shown: ["text_info Because: It is a year old"],
    log: /^info update effects says: after 1 calls$/,
  });
  const second = await watch(shared(), service, transaction, CALLS.update);
  assertSeen(second, {
    code: "try_again",
    shown: ["error_msg Why?"],
    log: /^notice preliminary effects: try_again/,
  });
});

Deno.test("module data are lost with their transaction", async () => {
  const service = stack(["why=x", "code=new_authtok_reqd"]);
  {
    using transaction = shared().start(service);
    assert.equal(transaction.account(), "new_authtok_reqd");
  }
  using transaction = shared().start(service);
  assertSeen(await watch(shared(), service, transaction, CALLS.update), {
    code: "try_again",
    shown: ["error_msg Why?"],
  });
});

Deno.test("module data last over repeated hooks, with a refusal too", async () => {
  const service = stack(["code=denied"]);
  using transaction = shared().start(service);
  for (const [times, continuity] of [[1, "none"], [2, "same"], [3, "same"]] as const) {
    assertSeen(await watch(shared(), service, transaction, CALLS.account), {
      code: "acct_expired",
      shown: ["error_msg Over"],
      log: new RegExp(`^info account effects says: call ${times}, "${continuity}"$`),
    });
  }
  assert.equal(transaction.closeSession(), "success");
});

Deno.test("deleted module data are gone, and can be set again", async () => {
  const harness = shared();
  const service = newService();
  const keep = newService();
  harness.stack(keep, [{ type: "account", module: "effects" }]);
  harness.stack(service, [{ type: "account", module: "effects", args: ["why=forget"] }]);
  using transaction = harness.start(keep);
  transaction.account();
  transaction.setItem("service", service);
  assertSeen(await watch(harness, service, transaction, CALLS.account), {
    code: "success",
    log: /call 2, "same"/,
  });
  assertSeen(await watch(harness, service, transaction, CALLS.account), {
    code: "success",
    log: /call 1, "none"/,
  });
  transaction.setItem("service", keep);
  assertSeen(await watch(harness, keep, transaction, CALLS.account), {
    code: "success",
    log: /call 1, "none"/,
  });
});

Deno.test("instance= separates the module data of two lines of one module", async () => {
  const harness = shared();
  const service = newService();
  const line = (options: string[]) => ({ type: "account", module: "effects", options } as const);
  harness.stack(service, [line(["instance=a"]), line(["instance=b"]), line(["instance=a"]), line([])]);
  using transaction = harness.start(service);
  const { code, log } = await watch(harness, service, transaction, CALLS.account);
  assert.equal(code, "success");
  const calls = log.map(({ text }) => /call (\d)/.exec(text)?.[1]).filter((times) => times !== undefined);
  assert.deepEqual(calls, ["1", "1", "2", "1"]);
});

Deno.test("a delay after failure reaches libpam, the longest of the stack counting", () => {
  const rows: [lines: string[][], expected: number | undefined][] = [
    [[["code=denied", "delay=PT1.5S"]], 1_500_000],
    [[["code=denied", "delay=PT30S"]], 30_000_000],
    [[["code=denied", "delay=PT1S"], ["code=denied", "delay=PT3S"], ["delay=PT2S"]], 3_000_000],
    [[["delay=PT1S"]], undefined],
    [[["code=denied"]], undefined],
  ];
  for (const [lines, expected] of rows) {
    const service = newService();
    shared().stack(
      service,
      lines.map((args) => ({ type: "auth", module: "effects", options: AUTH, args })),
    );
    using transaction = shared().start(service);
    transaction.authenticate();
    const [delay] = transaction.delays;
    if (expected === undefined) assert.equal(delay, undefined);
    // libpam varies what it waits by up to a half.
    else assert.ok(Math.abs((delay?.microseconds ?? 0) / expected - 1) <= 0.51, JSON.stringify(delay));
  }
});

Deno.test("a delay above the limit is a mistake of the module", async () => {
  const seen = await play(shared(), {
    module: "effects",
    hook: "authenticate",
    options: AUTH,
    args: ["code=denied", "delay=PT31S"],
  });
  assertSeen(seen, { code: "service_err", log: /^err authenticate effects: threw, .*FAIL_DELAY_MAX_US/ });
});
