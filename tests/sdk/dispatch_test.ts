// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import * as v from "valibot";
import { dataKey, defineModule } from "../../mod.ts";
import { dispatch } from "../../sdk/dispatch.ts";
import { COMMON_CODES, type Hook, HOOK_CODES, HOOKS } from "../../sdk/hooks.ts";
import { loadModule } from "../../sdk/load.ts";
import { isRefusal } from "../../sdk/result.ts";
import { decode, encode } from "../../sdk/wire/codec.ts";
import { LIMITS } from "../../sdk/wire/schema.ts";
import { said } from "./codes.ts";
import { bytesOf, faultOf, hookMessage, resultOf, runHook, untyped } from "./run_hook.ts";

const ALL = Object.keys(HOOKS) as Hook[];

Deno.test("dispatch() passes every legal code of every hook on, and nothing else of it", async () => {
  for (const hook of ALL) {
    for (const code of [...COMMON_CODES, ...HOOK_CODES[hook]]) {
      const seen = await runHook(untyped({ [hook]: () => code }), hook);
      assert.equal(resultOf(seen).code, code);
      assert.ok(seen.synchronous);
      assert.deepEqual(decode(encode(seen.outcome).subarray(4)), seen.outcome);
    }
  }
});

Deno.test("dispatch() stays synchronous with a synchronous handler and turns any promise into an outcome", async () => {
  assert.ok((await runHook(defineModule({ account: () => "success" }), "account")).synchronous);
  assert.ok(
    !(await runHook(defineModule({ account: () => Promise.resolve("success" as const) }), "account"))
      .synchronous,
  );
  // deno-lint-ignore no-explicit-any
  const thenable = { then: (resolve: any) => resolve("ignore") };
  assert.equal(resultOf(await runHook(untyped({ account: () => thenable }), "account")).code, "ignore");
});

Deno.test("dispatch() takes every refusal that deny() makes, with its text", async () => {
  for (const hook of ALL) {
    for (const code of [...COMMON_CODES, ...HOOK_CODES[hook]].filter(isRefusal)) {
      const module = untyped({
        [hook]: ({ deny }: { deny: (...rest: string[]) => unknown }) => deny(code, "No."),
      });
      const { code: got, message } = resultOf(await runHook(module, hook));
      assert.deepEqual([got, message], [code, "No."]);
    }
  }
});

Deno.test("dispatch() answers hooks that the module leaves undefined by the table", async () => {
  const auth = defineModule({ authenticate: () => "success" });
  assert.equal(resultOf(await runHook(auth, "setCredentials")).code, "success");
  assert.equal(resultOf(await runHook(auth, "account")).code, "ignore");
  assert.equal(resultOf(await runHook(auth, "closeSession")).code, "ignore");
  const rest = defineModule({ openSession: () => "success", changePassword: { update: () => "success" } });
  assert.equal(resultOf(await runHook(rest, "closeSession")).code, "success");
  assert.equal(resultOf(await runHook(rest, "preliminary")).code, "success");
  assert.equal(resultOf(await runHook(rest, "setCredentials")).code, "ignore");
});

const counter = dataKey("counter", v.number());

const everything = {
  grants: { auth: ["env:APP_*", "set_item:tty", "set_authtok", "user_file:ticket-*"] },
} as const;

Deno.test("dispatch() sends every effect with success", async () => {
  const module = defineModule({
    ...everything,
    authenticate({ environment, items, setAuthtok, userFiles, data, failDelay }) {
      environment.set("APP_A", "1");
      environment.set("APP_A", "");
      environment.delete("APP_B");
      items.set("tty", "tty7");
      setAuthtok(bytesOf("first"));
      setAuthtok(bytesOf("second"));
      userFiles.set("ticket-1", "first");
      userFiles.set("ticket-1", "second");
      userFiles.delete("ticket-2");
      data.set(counter, 3);
      failDelay(Temporal.Duration.from({ seconds: 2 }));
      failDelay(Temporal.Duration.from({ milliseconds: 5 }));
      return "success";
    },
  });
  const result = resultOf(await runHook(module, "authenticate"));
  assert.deepEqual(result, {
    type: "result",
    code: "success",
    data_action: "set",
    data: bytesOf('{"counter":3}'),
    fail_delay_us: 2_000_000,
    items: [{ item: "tty", value: "tty7" }],
    environment: [{ name: "APP_A", value: "" }, { name: "APP_B" }],
    tokens: [{ token: "authtok", value: bytesOf("second") }],
    user_files: [{ name: "ticket-1", content: bytesOf("second") }, { name: "ticket-2" }],
  });
  assert.deepEqual(decode(encode(result).subarray(4)), result);
});

Deno.test("dispatch() sends data and delay with a refusal, and no items, environment, tokens or user files", async () => {
  const module = defineModule({
    ...everything,
    authenticate({ environment, items, setAuthtok, userFiles, data, failDelay, deny }) {
      environment.set("APP_A", "1");
      items.set("tty", "tty7");
      setAuthtok(bytesOf("token"));
      userFiles.set("ticket-1", "token");
      data.set(counter, 4);
      failDelay(Temporal.Duration.from({ microseconds: 1 }));
      return deny("auth_err", "No");
    },
  });
  const seen = await runHook(module, "authenticate");
  const { items, environment, tokens, user_files, data_action, fail_delay_us, message } = resultOf(seen);
  assert.deepEqual([items, environment, tokens, user_files], [[], [], [], []]);
  assert.deepEqual([data_action, fail_delay_us, message], ["set", 1, "No"]);
  assert.deepEqual(seen.logs, []);
});

Deno.test('dispatch() says so when effects are lost to "ignore"', async () => {
  const module = defineModule({
    ...everything,
    authenticate({ environment }) {
      environment.set("APP_A", "1");
      return "ignore";
    },
  });
  const seen = await runHook(module, "authenticate");
  assert.deepEqual(resultOf(seen).environment, []);
  assert.deepEqual(seen.logs, [
    'warning: items, environment, tokens and user files are not set with "ignore": return "success"',
  ]);
});

Deno.test("dispatch() refuses effects that do not fit into a frame", async () => {
  const module = defineModule({
    ...everything,
    authenticate({ environment }) {
      for (let i = 0; i < 5; i++) environment.set(`APP_${i}`, "x".repeat(LIMITS.ENV_VALUE_MAX));
      return "success";
    },
  });
  const { fault, message } = faultOf(await runHook(module, "authenticate"));
  assert.equal(fault, "protocol");
  assert.equal(message, "the effects of authenticate are 20548 bytes together: at most 16384 (FRAME_MAX)");
});

Deno.test("dispatch() knows the size of a result to the byte", async () => {
  const filled = (length: number) =>
    defineModule({
      ...everything,
      authenticate({ environment, items, setAuthtok, userFiles, data }) {
        for (const n of [1, 2]) environment.set(`APP_${n}`, "x".repeat(LIMITS.ENV_VALUE_MAX));
        environment.delete("APP_OLD");
        items.set("tty", "ä");
        setAuthtok(bytesOf("token"));
        userFiles.set("ticket-1", "z");
        userFiles.delete("ticket-2");
        data.set(dataKey("d", v.string()), "y".repeat(4080));
        environment.set("APP_3", "ö".repeat(100) + "x".repeat(length));
        return "success";
      },
    });
  const empty = encode(resultOf(await runHook(filled(0), "authenticate"))).length - 4;
  const room = LIMITS.FRAME_MAX - empty;
  assert.ok(room > 0 && room < LIMITS.ENV_VALUE_MAX - 200);
  const full = resultOf(await runHook(filled(room), "authenticate"));
  assert.equal(encode(full).length - 4, LIMITS.FRAME_MAX);
  assert.match(
    faultOf(await runHook(filled(room + 1), "authenticate")).message,
    /are 16385 bytes together: at most 16384/,
  );
});

Deno.test("dispatch() hands each hook what its flags say", async () => {
  type Shown = Record<string, unknown>;
  const show = async (hook: Hook, flags: number, names: string[], uid = 1000): Promise<unknown[]> => {
    let shown: unknown[] = [];
    const handler = (context: Shown) => {
      shown = names.map((name) => context[name]);
      return "success";
    };
    resultOf(await runHook(untyped({ [hook]: handler }), hook, { flags, uid }));
    return shown;
  };
  assert.deepEqual(await show("account", 0x8001, ["silent", "disallowNullAuthtok"]), [true, true]);
  assert.deepEqual(await show("account", 0, ["silent", "disallowNullAuthtok", "verb"]), [
    false,
    false,
    undefined,
  ]);
  for (
    const [flags, verb] of [[0, "establish"], [2, "establish"], [4, "delete"], [8, "reinitialize"], [
      16,
      "refresh",
    ]] as const
  ) {
    assert.deepEqual(await show("setCredentials", flags | 0x8000, ["verb", "silent"]), [verb, true]);
  }
  assert.deepEqual(await show("update", 0x2020, ["onlyIfExpired", "privileged"]), [true, false]);
  assert.deepEqual(await show("preliminary", 0x4000, ["onlyIfExpired", "privileged"], 0), [false, true]);
});

Deno.test("dispatch() refuses setCredentials with several verbs", async () => {
  const { fault, message } = faultOf(
    await runHook(defineModule({ setCredentials: () => "success" }), "setCredentials", { flags: 6 }),
  );
  assert.equal(fault, "protocol");
  assert.equal(message, "setCredentials was called with flags 6, which hold several verbs");
});

Deno.test("dispatch() answers user_unknown without a user", async () => {
  const module = defineModule({ account: () => "success" });
  assert.equal(resultOf(await runHook(module, "account", { user: "" })).code, "user_unknown");
});

Deno.test("the context has what came with the hook", async () => {
  const controller = new AbortController();
  let seen: unknown[] = [];
  const module = defineModule({
    account({ user, service, items, caller, now, random, continuity, signal, options }) {
      seen = [user, service, items.rhost, items.ruser, caller, now.toString(), [...random(2)], continuity];
      assert.equal(signal, controller.signal);
      assert.ok(Object.isFrozen(options));
      assert.throws(() => random(-1), {
        name: "RangeError",
        message: said("random() takes a number of octets, 0 to 65536"),
      });
      assert.throws(() => random(65537), RangeError);
      return "success";
    },
  });
  const scene = { items: { rhost: "10.0.0.1" }, signal: controller.signal, now: "2026-01-01T00:00:00Z" };
  resultOf(await runHook(module, "account", scene));
  assert.deepEqual(seen, [
    "anna",
    "sshd",
    "10.0.0.1",
    undefined,
    { pid: 4711, uid: 1000, euid: 0, started: undefined },
    "2026-01-01T00:00:00Z",
    [7, 7],
    "none",
  ]);
});

Deno.test("the context asks the host for the time, the signal and the options only when the handler does", () => {
  const module = loadModule(defineModule({ account: () => "success" }), { name: "m" });
  const never = (): never => {
    throw new Error("not asked for");
  };
  const outcome = dispatch(module, hookMessage("account"), {
    caller: undefined as never,
    signal: never,
    now: never,
    random: never,
  });
  assert.equal((outcome as { type: string }).type, "result");
});

Deno.test("the members of a context work when they are taken out of it", async () => {
  const module = defineModule({
    grants: { session: ["get_env", "env:APP"] },
    async openSession(
      { conversation: { info }, environment: { get, set }, lookup: { groups }, log: { warn }, deny },
    ) {
      info("Hello");
      warn("watch out");
      set("APP", get("LANG") ?? "C");
      return (await groups()).length === 0 ? "success" : deny("perm_denied", "No");
    },
  });
  const seen = await runHook(module, "openSession", { environment: { LANG: "de" } });
  assert.deepEqual(resultOf(seen).environment, [{ name: "APP", value: "de" }]);
  assert.deepEqual(seen.texts, ["text_info: Hello"]);
  assert.deepEqual(seen.logs, ["warning: watch out"]);
});

Deno.test("dispatch() never throws, whatever the handler returns or throws", async () => {
  const evil = Object.defineProperty(new Error(), "message", {
    get() {
      throw evil;
    },
  });
  const trap = () => {
    throw evil;
  };
  const revoked = Proxy.revocable({}, {});
  revoked.revoke();
  const values = [
    Object.defineProperty({}, "then", { get: trap }),
    new Proxy({}, { get: trap, has: trap, getPrototypeOf: trap }),
    revoked.proxy,
    { then: trap },
  ];
  for (const value of values) {
    for (const handler of [() => value, () => Promise.reject(value), () => Promise.reject(evil), trap]) {
      assert.equal(faultOf(await runHook(untyped({ account: handler }), "account")).fault, "threw");
    }
  }
});

Deno.test("dispatch() never throws, whatever the host does", async () => {
  const failing = () => {
    throw new Error("the connection is gone");
  };
  const broken = defineModule({
    account: () => {
      throw new Error("policy");
    },
  });
  const caller = { log: failing, text: failing };
  assert.equal(faultOf(await runHook(broken, "account", { caller })).message, "account threw Error: policy");
  const logs = defineModule({
    async account({ log }) {
      for (let i = 0; i < 40; i++) log.info("x");
      await null;
      return "success";
    },
  });
  assert.equal(
    faultOf(await runHook(logs, "account", { caller })).message,
    "account threw Error: the connection is gone",
  );
});

Deno.test("dispatch() cuts a fault's message visibly", async () => {
  const module = untyped({
    account: () => {
      throw new Error(`${"ä".repeat(1000)}\nsecond line`);
    },
  });
  const { message } = faultOf(await runHook(module, "account"));
  assert.ok(bytesOf(message).length <= LIMITS.FAULT_MAX);
  assert.match(message, /ä…$/);
});
