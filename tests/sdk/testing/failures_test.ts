// SPDX-License-Identifier: MIT
// What a hook ends with that does not end well, by modules that are broken and by a runtime that says what the shim refuses.
import assert from "node:assert/strict";
import type { FailureClass, Hook } from "../../../sdk/hooks.ts";
import { loadModule } from "../../../sdk/load.ts";
import { defineModule } from "../../../sdk/module.ts";
import { Exchange, transmit } from "../../../sdk/testing/exchange.ts";
import { FakeTransaction } from "../../../sdk/testing/fake_transaction.ts";
import { runHook } from "../../../sdk/testing/run_hook.ts";
import type { Request } from "../../../sdk/testing/shim_rules.ts";
import type { PamCode } from "../../../sdk/tokens.ts";
import { WireError } from "../../../sdk/wire/errors.ts";
import { FINGERPRINT } from "../../../sdk/wire/fingerprint_gen.ts";
import { LIMITS, VERSION } from "../../../sdk/wire/schema.ts";
import type { MessageFrom, MessageOf } from "../../../sdk/wire/types.ts";

Deno.test("a handler that throws, rejects or answers nonsense ends in the class threw, without effects", async () => {
  const handlers: Record<string, [() => unknown, RegExp]> = {
    throws: [() => {
      throw new Error("The database is away");
    }, /The database is away/],
    rejects: [() => Promise.reject(new Error("The database is gone")), /The database is gone/],
    nothing: [() => undefined, /./],
    boolean: [() => true, /./],
  };
  for (const [name, [handler, cause]] of Object.entries(handlers)) {
    const module = defineModule({ account: handler as () => "success" });
    const result = await runHook(module, "account");
    assert.deepEqual([result.code, result.failure], ["service_err", "threw"], name);
    assert.match(result.cause ?? "", cause, name);
    assert.deepEqual([result.message, result.shown, result.data], [undefined, [], "kept"], name);
  }
});

Deno.test("a code of another hook ends in the class protocol", async () => {
  const module = defineModule({ account: (() => "session_err") as unknown as () => "success" });
  const result = await runHook(module, "account");
  assert.deepEqual([result.code, result.failure], ["system_err", "protocol"]);
  assert.match(result.cause ?? "", /session_err/);
});

Deno.test("a deny() that is not returned ends in the class threw, and its text is not shown", async () => {
  const module = defineModule({
    account({ deny }) {
      deny("perm_denied", "No");
      return "success";
    },
  });
  const result = await runHook(module, "account");
  assert.deepEqual([result.code, result.failure, result.shown], ["service_err", "threw", []]);
  assert.match(result.cause ?? "", /deny\(\) must be returned/);
});

Deno.test("each class of failure has the code of its hook", async () => {
  const broken = () => {
    throw new Error("Broken");
  };
  const module = defineModule({
    authenticate: broken,
    setCredentials: broken,
    account: broken,
    openSession: broken,
    closeSession: broken,
    changePassword: { preliminary: broken, update: broken },
  });
  const hungUp: Record<string, PamCode> = {
    authenticate: "service_err",
    setCredentials: "cred_err",
    account: "service_err",
    openSession: "service_err",
    closeSession: "service_err",
    preliminary: "try_again",
    update: "authtok_err",
  };
  for (const [hook, code] of Object.entries(hungUp) as [Hook, PamCode][]) {
    assert.equal((await runHook(module, hook)).code, "service_err", hook);
    const result = await runHook(module, hook, { hangUp: AbortSignal.abort() });
    assert.deepEqual([result.code, result.failure, result.cause], [
      code,
      "broken_off",
      "the application hung up",
    ], hook);
    const misconfigured = await runHook(module, hook, { items: { tty: "a\nb" } });
    assert.deepEqual([misconfigured.code, misconfigured.failure], ["system_err", "protocol"], hook);
  }
});

Deno.test("an application that hangs up fires the handler's signal and ends the hook at once", async () => {
  const heard = Promise.withResolvers<string>();
  const module = defineModule({
    account({ signal }) {
      signal.addEventListener("abort", () => heard.resolve("aborted"));
      return new Promise<"success">(() => {});
    },
  });
  const controller = new AbortController();
  using transaction = new FakeTransaction(module);
  const running = transaction.run("account", { hangUp: controller.signal });
  controller.abort();
  const result = await running;
  assert.deepEqual([result.code, result.failure], ["service_err", "broken_off"]);
  assert.equal(await heard.promise, "aborted");
  assert.equal((await transaction.run("setCredentials")).code, "ignore");
});

Deno.test("items and variables that cannot travel end in the class protocol, and the cause names them but not their value", async () => {
  const module = defineModule({ grants: { account: ["get_env"] }, account: () => "success" });
  const cases: [Parameters<typeof runHook>[2], RegExp][] = [
    [{ items: { rhost: "x".repeat(LIMITS.ITEM_MAX + 1) } }, /too_long.*items\[2\]/],
    [{ items: { ruser: "hidden\u0007" } }, /bad_value.*items\[2\]/],
    [{ environment: { A: "x".repeat(LIMITS.ENV_VALUE_MAX + 1) } }, /too_long.*environment\[0\]\.value/],
    [
      { environment: Object.fromEntries(Array.from({ length: 65 }, (_, i) => [`V${i}`, ""])) },
      /too_long.*environment/,
    ],
    [
      { environment: Object.fromEntries(Array.from({ length: 5 }, (_, i) => [`V${i}`, "x".repeat(4096)])) },
      /too_long/,
    ],
  ];
  for (const [options, cause] of cases) {
    const result = await runHook(module, "account", options);
    assert.deepEqual([result.code, result.failure], ["system_err", "protocol"]);
    assert.match(result.cause ?? "", cause);
    assert.ok(!(result.cause ?? "").includes("hidden"));
  }
  const prompt = { items: { user_prompt: "Who are you?\n" } };
  assert.equal((await runHook(module, "account", prompt)).code, "success");
});

Deno.test("log lines above LOG_LINES_MAX are dropped, not refused", async () => {
  const module = defineModule({
    account({ log }) {
      for (let i = 0; i < LIMITS.LOG_LINES_MAX + 8; i++) log.info("line");
      return "success";
    },
  });
  const result = await runHook(module, "account");
  assert.equal(result.code, "success");
  assert.ok(result.log.length <= LIMITS.LOG_LINES_MAX, `${result.log.length} lines`);
  assert.match(result.log.at(-1)?.text ?? "", /left out/);
});

/** A runtime whose one handler talks to the shim directly, past all checks of the SDK. */
async function play(
  talk: (exchange: Exchange) => unknown,
  { hook = "account", grants = [] }: { readonly hook?: Hook; readonly grants?: readonly string[] } = {},
) {
  const served: Request["type"][] = [];
  const shown: string[] = [];
  const exchange = new Exchange(hook, grants, {
    serve(request): MessageFrom<"shim"> {
      served.push(request.type);
      return request.type === "converse"
        ? { type: "answers", answers: [{ answer: new Uint8Array(1) }] }
        : { type: "absent" };
    },
    show: ({ text }) => shown.push(text),
  });
  const loaded = loadModule(defineModule({ account: () => "success", authenticate: () => "success" }), {
    name: "rude",
  });
  const module = { ...loaded, handlers: new Map([[hook, () => talk(exchange)]]) };
  const message: MessageOf<"hook"> = {
    type: "hook",
    version: VERSION,
    fingerprint: FINGERPRINT,
    hook,
    flags: 0,
    budget_ms: 1000,
    pid: 1,
    uid: 0,
    euid: 0,
    module: "rude",
    grants: [],
    options: [],
    items: [{ item: "user", value: "alice" }],
    environment: [],
  };
  const now = () => Temporal.Instant.from("2026-01-01T00:00:00Z");
  const random = (length: number) => new Uint8Array(length);
  const ended = await exchange.play(module, message, { now, random });
  return { ended, served, shown, exchange };
}

function assertRefused(ended: unknown, cause: string, failure: FailureClass = "protocol"): void {
  assert.deepEqual(ended, { failure, cause, errorCode: failure });
}

Deno.test("a request without its grant ends the hook before it is served", async () => {
  const messages = [{ style: "prompt_echo_off", text: "Password: " }] as const;
  const rude = await play(async (shim) => {
    await shim.converse(messages).catch(() => "caught, which does not help");
    return "success";
  });
  assertRefused(
    rude.ended,
    "the worker sent converse without the grant prompt: write grant=prompt on the pam.d line if the module may do that",
  );
  assert.deepEqual(rude.served, []);
  const polite = await play(async (shim) => {
    await shim.converse(messages);
    return "success";
  }, { grants: ["prompt"] });
  assert.deepEqual(polite.served, ["converse"]);
  assert.ok("code" in polite.ended && polite.ended.code === "success");
});

Deno.test("a token, the shadow entry, and a conversation of texts alone are refused", async () => {
  const token = (shim: Exchange) => shim.getToken("authtok").then(() => "success", () => "ignore");
  assertRefused(
    (await play(token, { grants: ["authtok"] })).ended,
    "the worker sent get_token, but there is no token in this hook",
  );
  const without = await play(token, { hook: "authenticate" });
  assert.ok("cause" in without.ended);
  assert.match(without.ended.cause, /^the worker sent get_token without the grant authtok/);
  const shadow = await play((shim) => shim.lookupAgeing().then(() => "success", () => "ignore"));
  assert.ok("cause" in shadow.ended);
  assert.match(shadow.ended.cause, /^the worker sent lookup_ageing without the grant shadow/);
  const texts = await play(
    (shim) => shim.converse([{ style: "text_info", text: "Hi" }]).catch(() => "ignore"),
    {
      grants: ["prompt"],
    },
  );
  assertRefused(texts.ended, "the worker sent a converse without a prompt in it");
});

Deno.test("requests and texts above their limits end the hook", async () => {
  const requests = await play(async (shim) => {
    for (let i = 0; i <= LIMITS.REQUESTS_MAX; i++) await shim.lookupPasswd();
    return "success";
  });
  assertRefused(requests.ended, `the worker sent more than ${LIMITS.REQUESTS_MAX} requests`);
  assert.equal(requests.served.length, LIMITS.REQUESTS_MAX);
  const texts = await play((shim) => {
    for (let i = 0; i < LIMITS.TEXTS_MAX + 5; i++) shim.text("text_info", `text ${i}`);
    return "success";
  });
  assertRefused(texts.ended, `the worker sent more than ${LIMITS.TEXTS_MAX} texts`);
  assert.equal(texts.shown.length, LIMITS.TEXTS_MAX);
});

Deno.test("after the hook was ended nothing is served, shown or logged any more", async () => {
  const { ended, served, shown, exchange } = await play(async (shim) => {
    await shim.lookupAgeing().catch(() => undefined);
    shim.text("error_msg", "late");
    shim.log("error", "late");
    await assert.rejects(shim.lookupPasswd(), { message: "The connection is gone" });
    return "success";
  });
  assert.ok("failure" in ended);
  assert.deepEqual([served, shown, exchange.lines], [[], [], []]);
});

Deno.test("log lines of a runtime that does not count them are dropped and counted", async () => {
  const { ended, exchange } = await play((shim) => {
    for (let i = 0; i < LIMITS.LOG_LINES_MAX + 3; i++) shim.log("info", `line ${i}`);
    return "success";
  });
  assert.ok("code" in ended && ended.code === "success");
  assert.equal(exchange.lines.length, LIMITS.LOG_LINES_MAX + 1);
  assert.deepEqual(exchange.lines.at(-1), {
    level: "warning",
    text: "3 more lines of the module were dropped",
  });
});

Deno.test("transmit() gives the other side's view, and refuses what the codec refuses", () => {
  const sent: MessageOf<"log"> = { type: "log", level: "info", text: "Grüße" };
  const received = transmit(sent, "worker");
  assert.deepEqual(received, sent);
  assert.notEqual(received, sent);
  assert.throws(
    () => transmit(sent, "shim"),
    (error) => error instanceof WireError && error.kind === "bad_tag",
  );
  assert.throws(
    () => transmit({ ...sent, text: "a\nb" }, "worker"),
    (error) => error instanceof WireError && error.kind === "bad_value",
  );
});
