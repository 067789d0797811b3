// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import * as v from "valibot";
import { dataKey } from "../../../sdk/data.ts";
import { type Hook, HOOKS } from "../../../sdk/hooks.ts";
import { defineModule } from "../../../sdk/module.ts";
import { FLAGS } from "../../../sdk/tokens.ts";
import { FakeTransaction } from "../../../sdk/testing/fake_transaction.ts";
import { runHook } from "../../../sdk/testing/run_hook.ts";
import { said } from "../codes.ts";

const succeeds = defineModule({ account: () => "success" });

Deno.test("FakeTransaction gives a handler the items, the caller, the flags and the time of the test", async () => {
  const seen: unknown[] = [];
  const module = defineModule({
    account({ service, user, items, caller, now, silent, disallowNullAuthtok, continuity }) {
      seen.push(
        service,
        user,
        items.tty,
        items.rhost,
        caller,
        String(now),
        silent,
        disallowNullAuthtok,
        continuity,
      );
      return "success";
    },
  });
  const options = {
    service: "sshd",
    user: "bob",
    items: { tty: "ssh", rhost: "host.example" },
    uid: 1000,
    euid: 0,
    pid: 42,
    now: "2026-08-03T12:00:00+02:00",
    flags: ["silent", "disallow_null_authtok"],
  } as const;
  assert.equal((await runHook(module, "account", options)).code, "success");
  const caller = { pid: 42, uid: 1000, euid: 0, started: undefined };
  assert.deepEqual(seen, [
    "sshd",
    "bob",
    "ssh",
    "host.example",
    caller,
    "2026-08-03T10:00:00Z",
    true,
    true,
    "none",
  ]);
});

Deno.test("FakeTransaction has a plain value for everything that a test leaves out", async () => {
  const module = defineModule({
    async account({ service, user, caller, now, lookup, silent }) {
      assert.deepEqual([service, user, String(now), silent], [
        "test",
        "alice",
        "2026-01-01T12:00:00Z",
        false,
      ]);
      assert.deepEqual({ ...caller }, { pid: 1000, uid: 0, euid: 0, started: undefined });
      const { name, uid, gid, home, shell } = await lookup.passwd() ?? {};
      assert.deepEqual([name, uid, gid, home, shell], ["alice", 1000, 1000, "/home/alice", "/bin/sh"]);
      assert.deepEqual(await lookup.groups(), ["alice"]);
      return "success";
    },
  });
  const result = await runHook(module, "account");
  assert.equal(result.code, "success", result.cause);
});

Deno.test("FakeTransaction.now is a clock that stands still, is set, and is advanced", async () => {
  const times: string[] = [];
  const module = defineModule({
    account({ now }) {
      times.push(String(now));
      return "success";
    },
  });
  using transaction = new FakeTransaction(module, { now: Temporal.Instant.from("2026-03-28T23:59:59Z") });
  await transaction.run("account");
  await transaction.run("account");
  transaction.advance({ seconds: 1 });
  await transaction.run("account");
  transaction.now = "2027-01-01T00:00:00+01:00";
  await transaction.run("account");
  assert.deepEqual(times, [
    "2026-03-28T23:59:59Z",
    "2026-03-28T23:59:59Z",
    "2026-03-29T00:00:00Z",
    "2026-12-31T23:00:00Z",
  ]);
  assert.equal(String(transaction.now), "2026-12-31T23:00:00Z");
  assert.throws(() => transaction.advance({ days: 1 }), RangeError);
});

const visits = dataKey("visits", v.number());
const counts = defineModule({
  authenticate({ data }) {
    data.set(visits, (data.get(visits) ?? 0) + 1);
    return "success";
  },
  account({ data, continuity, deny }) {
    data.set(visits, (data.get(visits) ?? 0) + 10);
    return deny("perm_denied", continuity);
  },
  openSession({ data }) {
    data.delete(visits);
    return "success";
  },
  closeSession({ data }) {
    data.set(visits, 99);
    throw new Error("too late");
  },
});

Deno.test("FakeTransaction keeps module data from hook to hook, also after a refusal, and not of a handler that threw", async () => {
  using transaction = new FakeTransaction(counts);
  assert.equal(transaction.getData(visits), undefined);
  assert.equal((await transaction.run("authenticate")).data, "set");
  const refused = await transaction.run("account");
  assert.deepEqual([refused.code, refused.data, refused.message], ["perm_denied", "set", "same"]);
  assert.equal(transaction.getData(visits), 11);
  assert.equal((await transaction.run("closeSession")).data, "kept");
  assert.equal(transaction.getData(visits), 11);
  assert.equal((await transaction.run("openSession")).data, "deleted");
  assert.equal(transaction.getData(visits), undefined);
});

Deno.test("FakeTransaction.setData() prepares a hook, forget() starts it cold", async () => {
  using transaction = new FakeTransaction(counts);
  transaction.setData(visits, 5);
  assert.equal((await transaction.run("account")).message, "same");
  assert.equal(transaction.getData(visits), 15);
  transaction.forget();
  assert.equal((await transaction.run("account")).message, "none");
  assert.equal(transaction.getData(visits), 10);
  const wrong = dataKey("visits", v.string());
  assert.throws(
    () => transaction.getData(wrong),
    /^TypeError: The module data "visits" do not fit their key: Invalid type/,
  );
});

Deno.test("FakeTransaction applies items and environment with success, and shows them in the result", async () => {
  const module = defineModule({
    grants: { account: ["set_item:user", "env:TICKET", "env:KRB5*", "get_env"] },
    account({ items, environment }) {
      assert.equal(environment.get("GONE"), "still here");
      items.set("user", "bob");
      environment.set("TICKET", "");
      environment.set("KRB5CCNAME", "FILE:/run/krb5/bob");
      environment.delete("KRB5OLD");
      return "success";
    },
  });
  const environment = { GONE: "still here", KRB5OLD: "x" };
  using transaction = new FakeTransaction(module, { environment });
  const result = await transaction.run("account");
  assert.equal(result.code, "success", result.cause);
  assert.deepEqual(result.items, { user: "bob" });
  assert.deepEqual(result.environment, { TICKET: "", KRB5CCNAME: "FILE:/run/krb5/bob", KRB5OLD: undefined });
  assert.deepEqual(transaction.items, { service: "test", user: "bob" });
  assert.deepEqual(transaction.environment, {
    GONE: "still here",
    TICKET: "",
    KRB5CCNAME: "FILE:/run/krb5/bob",
  });
});

Deno.test("FakeTransaction.setItem() and setVariable() change what the next hook sees, as sudo does", async () => {
  const users: string[] = [];
  const module = defineModule({
    grants: { session: ["get_env"] },
    authenticate({ user }) {
      users.push(user);
      return "success";
    },
    openSession({ user, environment }) {
      users.push(user, environment.get("SUDO_USER") ?? "nobody");
      return "success";
    },
  });
  using transaction = new FakeTransaction(module, { user: "alice" });
  await transaction.run("authenticate");
  transaction.setItem("user", "root");
  transaction.setVariable("SUDO_USER", "alice");
  await transaction.run("openSession");
  transaction.setVariable("SUDO_USER", undefined);
  await transaction.run("openSession");
  assert.deepEqual(users, ["alice", "root", "alice", "root", "nobody"]);
  assert.throws(
    () => transaction.setItem("authtok" as "user", "x"),
    /^TypeError: Cannot set the item "authtok": write one of service, user,/,
  );
});

Deno.test("FakeTransaction hides the PAM environment without the grant get_env, and tells what a line lacks", async () => {
  const module = defineModule({
    grants: { account: ["get_env", "shadow"] },
    account: ({ environment }) => environment.get("A") === "1" ? "success" : "ignore",
  });
  assert.equal((await runHook(module, "account", { environment: { A: "1" } })).code, "success");
  const less = await runHook(module, "account", {
    environment: { A: "1" },
    grants: { account: ["get_env"] },
  });
  assert.deepEqual([less.code, less.failure], ["service_err", "misconfigured"]);
  assert.match(less.cause ?? "", /shadow/);
  const more = await runHook(module, "account", { grants: { account: ["get_env", "shadow", "prompt"] } });
  assert.equal(more.code, "ignore");
});

Deno.test("FakeTransaction takes the words of a line, and the module's configuration under them", async () => {
  const module = defineModule({
    options: v.object({ colour: v.string(), size: v.optional(v.string(), "small") }),
    account: ({ options, deny }) => deny("perm_denied", `${options.size} ${options.colour}`),
  });
  const configured = { colour: "blue", size: "large" };
  using transaction = new FakeTransaction(module, { configured, options: ["colour=red"] });
  assert.equal((await transaction.run("account")).message, "large red");
  assert.equal(
    (await transaction.run("account", { options: ["use_first_pass", "size=tiny"] })).message,
    "tiny blue",
  );
  const missing = await runHook(module, "account");
  assert.deepEqual([missing.code, missing.failure], ["service_err", "misconfigured"]);
  assert.match(missing.cause ?? "", /colour/);
});

Deno.test("FakeTransaction looks users up in the table of the test", async () => {
  const module = defineModule({
    grants: { account: ["shadow"] },
    async account({ lookup, deny }) {
      const passwd = await lookup.passwd();
      const ageing = await lookup.ageing();
      const expires = ageing === undefined ? "none" : String(ageing.expires);
      return deny(
        "perm_denied",
        `${passwd?.name} ${passwd?.uid} ${await lookup.groups()} ${expires} ${ageing?.locked}`,
      );
    },
  });
  const users = {
    alice: { uid: 7, gid: 8, groups: ["staff", "wheel"], ageing: { expire: 20000, locked: true } },
    bob: {},
    carol: "perm_denied",
  } as const;
  const says = async (user: string) => (await runHook(module, "account", { user, users })).message;
  assert.equal(await says("alice"), "alice 7 staff,wheel 2024-10-04 true");
  assert.equal(await says("bob"), "bob 1000 bob none undefined");
  assert.equal(await says("dave"), "undefined undefined  none undefined");
  const failed = await runHook(module, "account", { user: "carol", users });
  assert.deepEqual([failed.code, failed.failure], ["service_err", "threw"]);
  assert.match(failed.cause ?? "", /perm_denied/);
  assert.throws(
    () => new FakeTransaction(module, { users: { carol: "no_such_code" as "abort" } }),
    /^TypeError: Cannot fail look-ups of "carol" with "no_such_code": it is not a code/,
  );
});

Deno.test("FakeTransaction passes flags as libpam does", async () => {
  const seen: unknown[] = [];
  const module = defineModule({
    setCredentials({ verb }) {
      seen.push(verb);
      return "success";
    },
    changePassword: {
      preliminary({ onlyIfExpired, privileged }) {
        seen.push(onlyIfExpired, privileged);
        return "success";
      },
      update({ onlyIfExpired }) {
        seen.push(onlyIfExpired);
        return "success";
      },
    },
  });
  using transaction = new FakeTransaction(module, { uid: 1000, euid: 0 });
  await transaction.run("setCredentials");
  await transaction.run("setCredentials", { flags: ["silent"] });
  await transaction.run("setCredentials", { flags: ["delete_cred"] });
  await transaction.run("preliminary", { flags: ["change_expired_authtok"] });
  await transaction.run("update");
  assert.deepEqual(seen, ["establish", "establish", "delete", true, false, false]);
  await assert.rejects(
    transaction.run("preliminary", { flags: ["delete_cred" as "silent"] }),
    {
      name: "TypeError",
      message: said(
        'Cannot call preliminary with the flag "delete_cred": it takes silent, change_expired_authtok',
      ),
    },
  );
  assert.equal(FLAGS.prelim_check, 0x4000);
});

Deno.test("FakeTransaction answers undefined hooks as the shim does, without calling the module", async () => {
  const codes = async (module: Parameters<typeof runHook>[0]) => {
    using transaction = new FakeTransaction(module);
    const all: Record<string, string> = {};
    for (const hook of Object.keys(HOOKS) as Hook[]) {
      const { code, handled } = await transaction.run(hook);
      if (!handled) all[hook] = code;
    }
    return all;
  };
  const ignored = { openSession: "ignore", closeSession: "ignore", preliminary: "ignore", update: "ignore" };
  assert.deepEqual(await codes(succeeds), { authenticate: "ignore", setCredentials: "ignore", ...ignored });
  assert.deepEqual(await codes(defineModule({ authenticate: () => "success" })), {
    setCredentials: "success",
    account: "ignore",
    ...ignored,
  });
  const both = defineModule({ openSession: () => "success", changePassword: { update: () => "success" } });
  assert.deepEqual(await codes(both), {
    authenticate: "ignore",
    setCredentials: "ignore",
    account: "ignore",
    closeSession: "success",
    preliminary: "success",
  });
});

Deno.test("FakeTransaction tells the delay and the random octets of the test", async () => {
  const module = defineModule({
    authenticate({ failDelay, random, deny }) {
      failDelay(Temporal.Duration.from({ milliseconds: 2500 }));
      return deny("auth_err", String(random(3)));
    },
  });
  const random = (length: number) => new Uint8Array(length).fill(7);
  const result = await runHook(module, "authenticate", { random });
  assert.equal(String(result.failDelay), "PT2.5S");
  assert.equal(result.message, "7,7,7");
  const other = await runHook(module, "authenticate");
  assert.match(other.message ?? "", /^\d+,\d+,\d+$/);
});

Deno.test("FakeTransaction says what is wrong with what a test gives it", () => {
  assert.throws(() => new FakeTransaction({} as typeof succeeds), TypeError);
  assert.throws(
    () => new FakeTransaction(succeeds, { grants: { account: ["authtok"] } }),
    { name: "TypeError", message: /^Cannot use the grants: .*authtok.*auth and password lines/ },
  );
  assert.throws(
    () => new FakeTransaction(succeeds, { tokens: { ["pin" as "authtok"]: "1" } }),
    { name: "TypeError", message: said('Cannot set the token "pin": write one of authtok, oldauthtok') },
  );
  assert.throws(() => new FakeTransaction(succeeds, { now: "yesterday" }), RangeError);
});

Deno.test("FakeTransaction.run() refuses an unknown hook, a second hook at once, and a transaction that has ended", async () => {
  const module = defineModule({ account: () => Promise.resolve("success" as const) });
  const transaction = new FakeTransaction(module);
  const first = transaction.run("account");
  await assert.rejects(transaction.run("account"), {
    message: said("Cannot run account: account is still running"),
  });
  assert.equal((await first).code, "success");
  await assert.rejects(
    transaction.run("chauthtok" as "update"),
    { message: /^Cannot run "chauthtok": write one of authenticate, setCredentials, account, openSession/ },
  );
  transaction[Symbol.dispose]();
  transaction[Symbol.dispose]();
  await assert.rejects(transaction.run("account"), {
    message: said("Cannot run account: the transaction has ended"),
  });
});
