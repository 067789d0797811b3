// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { inspect } from "node:util";
import { configureSync, type LogRecord, resetSync } from "@logtape/logtape";
import { defineModule, Secret } from "../../mod.ts";
import { isSecret, withoutSecrets } from "../../sdk/secret.ts";
import { bytesOf, faultOf, resultOf, runHook } from "./run_hook.ts";

const CANARY = "hunter22";

Deno.test("Secret prints as [secret] whichever way it is printed", () => {
  const secret = new Secret(bytesOf(CANARY));
  const printed = [
    String(secret),
    `${secret}`,
    "" + secret,
    JSON.stringify({ secret }),
    Deno.inspect(secret),
    Deno.inspect({ deep: [secret] }),
    inspect(secret),
    inspect({ secret }, { showHidden: true }),
    JSON.stringify(Object.entries(secret)),
    JSON.stringify(structuredClone({ ...secret })),
  ];
  for (const text of printed) assert.ok(!text.includes(CANARY) && !text.includes("104"), text);
  assert.deepEqual(printed.slice(0, 4), ["[secret]", "[secret]", "[secret]", '{"secret":"[secret]"}']);
});

Deno.test("Secret.use() hands over the octets until the Secret is wiped", () => {
  const bytes = bytesOf(CANARY);
  const secret = new Secret(bytes);
  assert.equal(secret.use((octets) => new TextDecoder().decode(octets)), CANARY);
  secret[Symbol.dispose]();
  secret[Symbol.dispose]();
  assert.ok(bytes.every((octet) => octet === 0));
  assert.throws(() => secret.use(() => 1), { name: "TypeError", message: /^this Secret has been wiped/ });
  assert.throws(() => secret.equals(bytes), TypeError);
  assert.equal(String(secret), "[secret]");
});

Deno.test("Secret.equals() compares octets and other Secrets", () => {
  const secret = new Secret(bytesOf(CANARY));
  assert.ok(secret.equals(bytesOf(CANARY)));
  assert.ok(secret.equals(new Secret(bytesOf(CANARY))));
  assert.ok(!secret.equals(bytesOf("hunter2")));
  assert.ok(!secret.equals(bytesOf("hunter222")));
  assert.ok(!secret.equals(bytesOf("Hunter22")));
  assert.ok(!secret.equals(new Uint8Array(0)));
  assert.ok(new Secret(new Uint8Array(0)).equals(new Uint8Array(0)));
  assert.ok(!new Secret(new Uint8Array(1)).equals(new Uint8Array(2)), "zeros are not absence");
});

Deno.test("withoutSecrets() finds secrets that are wiped, and others beside them", () => {
  const wiped = new Secret(bytesOf(CANARY));
  wiped[Symbol.dispose]();
  const live = new Secret(bytesOf("pässwörd"));
  assert.equal(
    withoutSecrets(`a ${CANARY} b pässwörd c ${CANARY}${CANARY}`, [wiped, live]),
    "a [secret] b [secret] c [secret][secret]",
  );
  assert.equal(withoutSecrets("nothing here", [wiped, live, new Secret(new Uint8Array(0))]), "nothing here");
  assert.equal(
    withoutSecrets("pin is 42", [new Secret(bytesOf("42"))]),
    "[withheld: a token may be in this line]",
  );
});

Deno.test("withoutSecrets() is quick with a huge text and a long secret", () => {
  const long = new Secret(bytesOf("x".repeat(511)));
  const started = performance.now();
  withoutSecrets("y".repeat(10_000_000), [long, long, long, long]);
  assert.ok(performance.now() - started < 1000);
});

Deno.test("Secrets are wiped when the hook ends", async () => {
  let kept: Secret[] = [];
  let octets: Uint8Array[] = [];
  const module = defineModule({
    grants: { auth: ["authtok", "prompt"] },
    async authenticate({ authtok, conversation }) {
      kept = [await authtok(), await conversation.promptHidden("PIN: ")];
      octets = kept.map((secret) => secret.use((bytes) => bytes));
      assert.ok(octets[0]!.some((octet) => octet !== 0));
      return "success";
    },
  });
  resultOf(await runHook(module, "authenticate", { answers: ["1234"] }));
  assert.ok(octets.every((bytes) => bytes.every((octet) => octet === 0)));
  assert.throws(() => kept[0]!.use(() => 1), TypeError);
});

Deno.test("Secrets are wiped when the application hangs up, and not at the deadline", async () => {
  for (const [reason, wiped] of [["AbortError", true], ["TimeoutError", false]] as const) {
    const controller = new AbortController();
    const seen: boolean[] = [];
    const module = defineModule({
      grants: { auth: ["authtok"] },
      async authenticate({ authtok, log }) {
        const octets = (await authtok()).use((bytes) => bytes);
        controller.abort(new DOMException("over", reason));
        seen.push(octets.every((octet) => octet === 0));
        log.info("still here");
        return "success";
      },
    });
    const { late } = await runHook(module, "authenticate", { signal: controller.signal });
    assert.deepEqual(seen, [wiped]);
    assert.deepEqual(late, wiped ? ["still here"] : []);
  }
});

Deno.test("no log line, fault or LogTape record holds a token", async () => {
  const records: LogRecord[] = [];
  configureSync({
    sinks: { test: (record) => void records.push(record) },
    loggers: [
      { category: ["pam-deno"], sinks: ["test"], lowestLevel: "trace" },
      { category: ["logtape", "meta"], sinks: [], lowestLevel: "error" },
    ],
  });
  try {
    const module = defineModule({
      grants: { auth: ["authtok"] },
      async authenticate({ authtok, log }) {
        using password = await authtok();
        const text = password.use((bytes) => new TextDecoder().decode(bytes));
        log.info(`it is ${text}`, { text, password, deep: { password, text, octets: bytesOf(text) } });
        log.info("{map}", { map: new Map([[1, text]]), error: new Error(text), octets: bytesOf(text) });
        log.info("it is {text}", { text });
        throw new Error(`cannot bind with ${text}`, { cause: new Error(text) });
      },
    });
    const seen = await runHook(module, "authenticate");
    assert.equal(faultOf(seen).message, "authenticate threw Error: cannot bind with [secret]");
    assert.equal(seen.logs.length, 4);
    assert.match(seen.logs[0]!, /^info: it is \[secret\] text="\[secret\]" password=\[secret\]/);
    const everything =
      JSON.stringify([seen, records.map(({ message, properties }) => [message, properties])]) +
      Deno.inspect(records, { depth: 10 });
    assert.ok(!everything.includes(CANARY) && !everything.includes(`${bytesOf(CANARY)[0]},`), everything);
    assert.equal(records.length, 4);
    assert.deepEqual(records[0]!.category, ["pam-deno", "policy"]);
    assert.equal(records[0]!.properties.password, "[secret]");
  } finally {
    resetSync();
  }
});

Deno.test("isSecret() takes nothing but Secrets", () => {
  assert.ok(isSecret(new Secret(new Uint8Array(0))));
  assert.ok(new Secret(new Uint8Array(0)) instanceof Secret);
  for (const value of [undefined, null, {}, "[secret]", new Uint8Array(1), { use() {} }]) {
    assert.ok(!isSecret(value));
  }
});
