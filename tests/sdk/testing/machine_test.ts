// SPDX-License-Identifier: MIT
// What the kit says of processes, netgroups, user files and data that were carried over.
import assert from "node:assert/strict";
import * as v from "valibot";
import { type Data, dataKey } from "../../../sdk/data.ts";
import { defineModule } from "../../../sdk/module.ts";
import { FakeTransaction } from "../../../sdk/testing/fake_transaction.ts";
import { formatResult } from "../../../sdk/testing/hook_result.ts";
import type { FakeTransactionOptions } from "../../../sdk/testing/options.ts";
import { runHook } from "../../../sdk/testing/run_hook.ts";

Deno.test("FakeTransaction says when a privileged application started, to a module that keeps sessions", async () => {
  const started: (number | undefined)[] = [];
  const account = (
    { caller }: { caller: { started: number | undefined } },
  ) => (started.push(caller.started), "success" as const);
  const plain = defineModule({ account });
  const session = defineModule({ account, closeSession: () => "success" });
  await runHook(plain, "account");
  await runHook(session, "account");
  await runHook(session, "account", { started: 7 });
  await runHook(session, "account", { started: 7, uid: 1000, euid: 0 });
  await runHook(session, "account", { started: 7, uid: 1000 });
  assert.deepEqual(started, [undefined, 100_000, 7, 7, undefined]);
});

Deno.test("FakeTransaction answers which processes run, and whose netgroups there are", async () => {
  const module = defineModule({
    async openSession({ caller, lookup }) {
      const own = { pid: caller.pid, started: caller.started ?? 0 };
      const asked = [own, { pid: 5, started: 50 }, { pid: 5, started: 51 }, { pid: 6, started: 50 }];
      assert.deepEqual(await lookup.running(asked), [true, true, false, false]);
      assert.deepEqual([await lookup.inNetgroup("ops"), await lookup.inNetgroup("dev")], [true, false]);
      return "success";
    },
  });
  const users = { alice: { netgroups: ["ops"] } };
  const seen = await runHook(module, "openSession", { users, running: [{ pid: 5, started: 50 }] });
  assert.equal(seen.code, "success", seen.cause);
});

Deno.test("FakeTransaction lets no unprivileged application ask which processes run", async () => {
  const module = defineModule({
    async openSession({ lookup }) {
      await assert.rejects(lookup.running([{ pid: 1, started: 1 }]), {
        name: "PamError",
        code: "perm_denied",
      });
      return "success";
    },
  });
  const seen = await runHook(module, "openSession", { uid: 1000 });
  assert.equal(seen.code, "success", seen.cause);
});

Deno.test("FakeTransaction tells of user files, which belong to somebody", async () => {
  const module = defineModule({
    grants: { session: ["user_file:token"] },
    openSession({ userFiles }) {
      userFiles.set("token", "hunter22");
      return "success";
    },
    closeSession({ userFiles }) {
      userFiles.delete("token");
      return "success";
    },
  });
  const opened = await runHook(module, "openSession");
  assert.deepEqual(opened.userFiles, { token: new TextEncoder().encode("hunter22") });
  assert.match(formatResult(opened), /\n {2}user files: {2}token, 8 octets\n/);
  const closed = await runHook(module, "closeSession");
  assert.deepEqual(Object.entries(closed.userFiles), [["token", undefined]]);
  assert.match(formatResult(closed), /\n {2}user files: {2}token deleted\n/);
  const fails = async (options: FakeTransactionOptions, cause: RegExp) => {
    const seen = await runHook(module, "openSession", options);
    assert.deepEqual([seen.code, seen.failure, seen.userFiles], ["system_err", "protocol", {}]);
    assert.match(seen.cause ?? "", cause);
  };
  await fails({ users: {} }, /the user is not known$/);
  await fails({ users: { alice: "system_err" } }, /the user could not be looked up$/);
  await fails({ uid: 1001 }, /files of uid 1000, and the application is uid 1001: only root can give/);
  const own = await runHook(module, "openSession", { uid: 1000 });
  assert.equal(own.code, "success", own.cause);
});

Deno.test("FakeTransaction resumes setCredentials and openSession, after which the data are the handle's", async () => {
  const seen: string[] = [];
  const key = dataKey("by", v.string());
  const note = (hook: string) => ({ continuity, data }: { continuity: string; data: Data }) => {
    seen.push(`${hook} ${continuity} ${data.get(key)}`);
    return "success" as const;
  };
  const module = defineModule({
    authenticate({ data }) {
      data.set(key, "child");
      return "success";
    },
    openSession: note("open"),
    closeSession: note("close"),
  });
  using transaction = new FakeTransaction(module);
  await transaction.run("openSession", { continuity: "resumed" });
  await transaction.run("authenticate");
  const opened = await transaction.run("openSession", { continuity: "resumed" });
  assert.equal(opened.data, "set");
  await transaction.run("closeSession");
  assert.deepEqual(seen, ["open none undefined", "open resumed child", "close same child"]);
  for (const hook of ["authenticate", "account", "closeSession"] as const) {
    await assert.rejects(transaction.run(hook, { continuity: "resumed" }), /^TypeError: Cannot resume /);
  }
});
