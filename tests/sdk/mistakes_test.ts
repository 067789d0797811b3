// SPDX-License-Identifier: MIT
// The usual mistakes of a handler that no compiler has seen: each ends the hook in its class, with a message
// that says what to do.
import assert from "node:assert/strict";
import { defineModule } from "../../mod.ts";
import type { Hook } from "../../sdk/hooks.ts";
import { faultOf, resultOf, runHook, type Scene, type Seen, untyped } from "./run_hook.ts";

type Any = Record<string, (...rest: unknown[]) => unknown>;

async function failing(
  hook: Hook,
  handler: (context: never) => unknown,
  expected: readonly ["threw" | "protocol" | "misconfigured", string],
  scene: Scene = {},
): Promise<Seen> {
  const seen = await runHook(untyped({ [hook]: handler }), hook, scene);
  assert.deepEqual(seen.outcome, { type: "fault", fault: expected[0], message: expected[1] });
  return seen;
}

async function fails(...mistake: Parameters<typeof failing>): Promise<void> {
  await failing(...mistake);
}

Deno.test("a handler that returns nothing", () =>
  fails("account", () => undefined, [
    "threw",
    'account returned nothing: every way through it must return a code, such as "ignore", or deny(…)',
  ]));

Deno.test("an async handler that returns nothing", () =>
  fails("openSession", () => Promise.resolve(), [
    "threw",
    'openSession returned nothing: every way through it must return a code, such as "ignore", or deny(…)',
  ]));

Deno.test("a handler that returns a boolean", () =>
  fails("account", () => true, [
    "threw",
    'account returned true: return "success" or deny("perm_denied", "…"), not a boolean',
  ]));

Deno.test("a handler that returns a code of another hook", () =>
  fails("account", () => "maxtries", [
    "protocol",
    'account returned "maxtries", which is a code of authenticate: it may return acct_expired, auth_err, ' +
    "new_authtok_reqd, success, ignore, perm_denied, user_unknown, authinfo_unavail, conv_err, service_err, " +
    "system_err, buf_err",
  ]));

Deno.test("a handler that returns a string that is no code", () =>
  fails("openSession", () => "PAM_SUCCESS", [
    "protocol",
    'openSession returned "PAM_SUCCESS", which is no code of any hook: it may return session_err, success, ' +
    "ignore, perm_denied, user_unknown, authinfo_unavail, conv_err, service_err, system_err, buf_err",
  ]));

for (const code of ["incomplete", "conv_again", "constructor", "__proto__", "SUCCESS", ""]) {
  Deno.test(`a handler that returns ${JSON.stringify(code)}`, async () => {
    assert.equal(faultOf(await runHook(untyped({ account: () => code }), "account")).fault, "protocol");
  });
}

for (const value of [0, 1, null, {}, [], { code: "success" }, Symbol("success"), 10n, () => "success"]) {
  Deno.test(`a handler that returns a ${typeof value} ${Deno.inspect(value)}`, async () => {
    const { fault, message } = faultOf(await runHook(untyped({ account: () => value }), "account"));
    assert.equal(fault, "threw");
    assert.match(message, /return a code, such as "success", or deny\(…\)$/);
  });
}

Deno.test("deny() called and not returned", () =>
  fails("account", ({ deny }: Any) => {
    deny!("perm_denied", "Closed");
    return "success";
  }, [
    "threw",
    'account called deny() and returned something else: deny() must be returned, write "return deny(…)"',
  ]));

Deno.test("deny() thrown", async () => {
  const seen = await failing("account", ({ deny }: Any) => {
    throw deny!("perm_denied", "Closed");
  }, ["threw", 'account threw what deny() made: deny() must be returned, write "return deny(…)"']);
  assert.deepEqual(seen.logs, [], "no stack: nothing is broken");
});

Deno.test("deny() with a code that the hook does not have", () =>
  fails("account", ({ deny }: Any) => deny!("maxtries", "Closed"), [
    "threw",
    'account threw TypeError: deny() does not take "maxtries" in account: it takes "acct_expired", "auth_err", ' +
    '"perm_denied", "user_unknown", "authinfo_unavail", "conv_err", "service_err", "system_err", "buf_err"',
  ]));

Deno.test("deny() with success", async () => {
  const seen = await runHook(untyped({ account: ({ deny }: Any) => deny!("success", "Welcome") }), "account");
  assert.match(faultOf(seen).message, /deny\(\) does not take "success" in account/);
});

Deno.test("a denial of another hook", async () => {
  let kept: unknown;
  const module = untyped({
    account: ({ deny }: Any) => kept = deny!("perm_denied", "Closed"),
    openSession: () => kept,
  });
  assert.equal((await runHook(module, "account")).outcome.type, "result");
  assert.deepEqual((await runHook(module, "openSession")).outcome, {
    type: "fault",
    fault: "threw",
    message: "openSession returned what the deny() of another hook made: call the deny() of its own context",
  });
});

Deno.test("an object that looks like a denial", () =>
  fails("account", () => ({ code: "perm_denied", message: "Closed" }), [
    "threw",
    'account returned an object: return a code, such as "success", or deny(…)',
  ]));

Deno.test("a handler that throws", async () => {
  const seen = await failing("account", () => {
    throw new RangeError("no such zone: Mars/Olympus");
  }, ["threw", "account threw RangeError: no such zone: Mars/Olympus"]);
  assert.equal(seen.logs.length, 1);
  assert.match(
    seen.logs[0]!,
    /^error: RangeError: no such zone: Mars\/Olympus \| at .*mistakes_test\.ts:\d+:\d+/,
  );
});

Deno.test("a handler that rejects, with a cause", async () => {
  const seen = await failing(
    "account",
    () => Promise.reject(new Error("no rules", { cause: new Error("file is gone") })),
    ["threw", "account threw Error: no rules"],
  );
  assert.match(seen.logs[0]!, /caused by Error: file is gone/);
});

Deno.test("a handler that throws something that is no Error", async () => {
  await fails("account", () => {
    throw "perm_denied";
  }, ["threw", 'account threw "perm_denied", which is no Error']);
  await fails("account", () => Promise.reject(undefined), [
    "threw",
    "account threw undefined, which is no Error",
  ]);
});

Deno.test("a handler that throws an error which cannot be read", () =>
  fails("account", () => {
    throw Object.defineProperty(new Error("x"), "message", {
      get() {
        throw new Error("no");
      },
    });
  }, ["threw", "account threw an error that cannot be shown"]));

Deno.test("a question that is not awaited", async () => {
  const module = defineModule({
    grants: { auth: ["prompt"] },
    authenticate({ conversation }) {
      conversation.promptHidden("PIN: ");
      return "success";
    },
  });
  const { outcome } = await runHook(module, "authenticate", { answers: ["1234"] });
  assert.deepEqual(outcome, {
    type: "fault",
    fault: "threw",
    message: "authenticate returned before conversation.promptHidden() had an answer: " +
      'a question was asked but not awaited, write "await"',
  });
});

Deno.test("a question that is not awaited and fails is no unhandled rejection", async () => {
  const module = defineModule({
    account({ lookup }) {
      lookup.passwd();
      return "success";
    },
  });
  const caller = { lookupPasswd: () => Promise.reject(new Error("gone")) };
  assert.match(
    faultOf(await runHook(module, "account", { caller })).message,
    /^account returned before lookup\.passwd\(\) had an answer/,
  );
});

Deno.test("a handler that throws while a question is open ends when the answer is there", async () => {
  let answered = false;
  const module = defineModule({
    grants: { auth: ["authtok"] },
    authenticate({ authtok }) {
      authtok();
      throw new Error("too soon");
    },
  });
  const getToken = () =>
    new Promise<Uint8Array>((resolve) =>
      setTimeout(() => {
        answered = true;
        resolve(new Uint8Array(1));
      }, 5)
    );
  const seen = await runHook(module, "authenticate", { caller: { getToken } });
  assert.ok(answered);
  assert.equal(faultOf(seen).message, "authenticate threw Error: too soon");
});

Deno.test("a grant that the module does not declare", async () => {
  const uses: Record<string, (context: never) => unknown> = {
    'conversation.prompt() needs the grant "prompt"': ({ conversation }: Record<string, Any>) =>
      conversation!.prompt!("?"),
    'conversation.converse() needs the grant "prompt"': ({ conversation }: Record<string, Any>) =>
      conversation!.converse!([]),
    'authtok() needs the grant "authtok"': ({ authtok }: Any) => authtok!(),
    'setAuthtok() needs the grant "set_authtok"': ({ setAuthtok }: Any) => setAuthtok!(new Uint8Array(1)),
    'environment.get() needs the grant "get_env"': ({ environment }: Record<string, Any>) =>
      environment!.get!("LANG"),
    'environment.set("APP") needs the grant "env:APP"': ({ environment }: Record<string, Any>) =>
      environment!.set!("APP", "1"),
    'environment.delete("APP") needs the grant "env:APP"': ({ environment }: Record<string, Any>) =>
      environment!.delete!("APP"),
    'items.set("user") needs the grant "set_item:user"': ({ items }: Record<string, Any>) =>
      items!.set!("user", "root"),
    'lookup.ageing() needs the grant "shadow"': ({ lookup }: Record<string, Any>) => lookup!.ageing!(),
  };
  for (const [message, use] of Object.entries(uses)) {
    // The line gives everything: what counts in here is what the module declares.
    const scene = {
      grants: ["prompt", "authtok", "set_authtok", "get_env", "env:APP", "set_item:user", "shadow"],
    };
    await fails("authenticate", use, [
      "threw",
      `authenticate threw TypeError: ${message}: add it to grants.auth in defineModule() and to grant= on the pam.d line`,
    ], scene);
  }
});

Deno.test("a pam.d line that gives less than the module declares", async () => {
  const module = defineModule({
    grants: { auth: ["prompt", "env:KRB5*"], account: ["shadow"] },
    authenticate: () => "success",
    account: () => "success",
  });
  const { outcome } = await runHook(module, "authenticate", { grants: ["env:KRB*", "shadow"] });
  assert.deepEqual(outcome, {
    type: "fault",
    fault: "misconfigured",
    message: "the auth line does not give prompt: write grant=prompt on it, before the name policy",
  });
  const none = await runHook(module, "authenticate", { grants: ["env:KRB5CCNAME"] });
  assert.equal(
    faultOf(none).message,
    "the auth line does not give prompt,env:KRB5*: write grant=prompt,env:KRB5* on it, before the name policy",
  );
  const enough = await runHook(module, "account", { grants: ["shadow"] });
  assert.equal(resultOf(enough).code, "success");
});

Deno.test("a misspelt option", async () => {
  const seen = await runHook(defineModule({ account: () => "success" }), "account", { options: ["tz=UTC"] });
  assert.equal(resultOf(seen).code, "success");
  assert.deepEqual(seen.logs, ['warning: option "tz" is unknown and ignored']);
});

Deno.test("an effect after the handler has returned", async () => {
  const after = Promise.withResolvers<void>();
  const done = Promise.withResolvers<void>();
  const module = defineModule({
    grants: { session: ["env:APP", "set_item:tty", "prompt"] },
    openSession(context) {
      const { environment, items, data, conversation, failDelay, log } = context;
      after.promise.then(async () => {
        environment.set("APP", "1");
        items.set("tty", "tty1");
        data.delete({ name: "x", schema: undefined as never });
        data.set({ name: "x", schema: undefined as never }, 1 as never);
        conversation.info("Hello");
        failDelay(Temporal.Duration.from({ seconds: 1 }));
        log.info("still here");
        await assert.rejects(
          () => conversation.prompt("?"),
          /conversation\.prompt\(\) came after openSession had ended/,
        );
        done.resolve();
      }).catch(done.reject);
      return "success";
    },
  });
  const seen = await runHook(module, "openSession");
  after.resolve();
  await done.promise;
  const late = (what: string) =>
    `${what} came after openSession had ended and has no effect: await what the handler starts`;
  assert.deepEqual(seen.late, [
    late('environment.set("APP")'),
    late('items.set("tty")'),
    late('data.delete("x")'),
    late('data.set("x")'),
    late("conversation.info()"),
    late("failDelay()"),
    "still here",
    late("conversation.prompt()"),
  ]);
  assert.deepEqual(seen.texts, []);
  assert.deepEqual(seen.logs, []);
  assert.deepEqual(resultOf(seen).environment, []);
});

Deno.test("a handler that throws has no effect", async () => {
  const module = defineModule({
    grants: { auth: ["env:APP", "set_item:tty", "set_authtok"] },
    authenticate({ environment, items, setAuthtok, failDelay }) {
      environment.set("APP", "1");
      items.set("tty", "tty1");
      setAuthtok(new Uint8Array([1, 2]));
      failDelay(Temporal.Duration.from({ seconds: 1 }));
      throw new Error("half way");
    },
  });
  const { outcome } = await runHook(module, "authenticate");
  assert.deepEqual(outcome, { type: "fault", fault: "threw", message: "authenticate threw Error: half way" });
});

Deno.test("a PamError that nobody catches says what to do by its code", async () => {
  const module = defineModule({
    grants: { auth: ["prompt"] },
    async authenticate({ conversation }) {
      await conversation.prompt("Ticket: ");
      return "success";
    },
  });
  const { outcome } = await runHook(module, "authenticate", { answers: [undefined] });
  assert.deepEqual(outcome, {
    type: "fault",
    fault: "threw",
    message: 'authenticate did not catch a PamError, "the person gave no answer: conv_err": ' +
      "catch it and return a code",
  });
});
