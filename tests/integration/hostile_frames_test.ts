// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { join } from "node:path";
import process from "node:process";
import { FAILURES, type Hook, HOOKS } from "../../sdk/hooks.ts";
import { encode } from "../../sdk/wire/codec.ts";
import { LIMITS } from "../../sdk/wire/schema.ts";
import type { Harness } from "./harness.ts";
import { hex, Hostile, result, send, type Step } from "./hostile.ts";
import { assertSeen, play, type Scene, type Seen, shareHarness } from "./scene.ts";

let hostile: Hostile;

const shared = shareHarness(() => false);
Deno.test.beforeAll(async () => {
  hostile = await Hostile.start(shared(), "evil", Object.keys(HOOKS).join(","));
});
Deno.test.afterAll(() => hostile[Symbol.asyncDispose]());

/** Plays a hook against a worker that takes these steps once it has read the request. */
async function face(
  harness: Harness,
  hook: Hook,
  steps: readonly Step[],
  scene: Partial<Scene> = {},
): Promise<Seen> {
  await hostile.plan([{ read: 1 }, ...steps]);
  const seen = await play(harness, { module: "evil", hook, ...scene });
  await hostile.said("done");
  return seen;
}

const SUCCESS = hex(encode(result("success")));
const frame = (octets: string) => (octets.length / 2).toString(16).padStart(8, "0") + octets;
const HOOK_FRAME = frame("01" + "00".repeat(40));

const PROTOCOL: readonly [what: string, steps: Step[], log: string][] = [
  ["an empty frame", [{ send: "00000000" }], "a frame with a bad length: truncated"],
  ["a frame of FRAME_MAX + 1", [{ send: "00004001" }], "a frame with a bad length: too_long"],
  ["a frame of 4 GiB", [{ send: "ffffffff48" }], "a frame with a bad length: too_long"],
  [
    "text in place of a frame",
    [{ send: hex(new TextEncoder().encode("HTTP/1.1 200 OK\r\n")) }],
    "bad length",
  ],
  ["a tag that is none", [{ send: frame("7f") }], "a frame with the tag 0x7f, which is not its to send"],
  ["a tag of the shim", [{ send: HOOK_FRAME }], "a frame with the tag 0x01"],
  ["an answer to nothing", [{ send: frame("0300026161") }], "a frame with the tag 0x03"],
  ["a result without a body", [{ send: frame("48") }], "a malformed result: truncated"],
  [
    "a result with one octet more",
    [{ send: frame(SUCCESS.slice(8) + "00") }],
    "a malformed result: trailing",
  ],
  [
    "a result with a code that is none",
    [{ send: frame("48ff" + SUCCESS.slice(12)) }],
    "a malformed result: bad_value",
  ],
  ["two results", [{ send: SUCCESS + SUCCESS }], "sent more behind the end of the hook"],
  [
    "a success behind a refusal",
    [send(result("perm_denied"), result("success"))],
    "sent more behind the end",
  ],
  ["octets behind the result", [{ send: SUCCESS + "00" }], "sent more behind the end of the hook"],
  [
    "half a frame behind the result",
    [{ send: SUCCESS + "00000010" }],
    "sent more behind the end of the hook",
  ],
  [
    "a fault and a result",
    [send({ type: "fault", fault: "threw", message: "" }, result("success"))],
    "sent more",
  ],
  ["a text with NUL", [{ send: frame("46040003610062") + SUCCESS }], "a malformed text: bad_value"],
  ["a text that is not UTF-8", [{ send: frame("46040002ff61") + SUCCESS }], "a malformed text: bad_utf8"],
  ["a log line with a newline", [{ send: frame("47060003610a62") + SUCCESS }], "a malformed log: bad_value"],
  ["a look-up with a body", [{ send: frame("4300") + SUCCESS }], "a malformed look-up: trailing"],
  ["a result of incomplete", [send(result("incomplete"))], "the result is incomplete, which is not a code"],
  ["a result of conv_again", [send(result("conv_again"))], "the result is conv_again, which is not a code"],
  ["a result of abort", [send(result("abort"))], "the result is abort, which is not a code of this hook"],
  ["a fault of its own", [send({ type: "fault", fault: "protocol", message: "no" })], "the worker says: no"],
];

for (const [what, steps, log] of PROTOCOL) {
  Deno.test(`every hook is system_err if the worker sends this: ${what}`, async () => {
    for (const hook of Object.keys(HOOKS) as Hook[]) {
      if (hook === "update") continue; // Only the first pass is called: it fails.
      const seen = await face(shared(), hook, steps);
      const cause = new RegExp(
        `^err ${hook} evil: protocol, system_err in \\d+ ms for user nobody: .*${log}`,
      );
      assertSeen(seen, { code: "system_err", log: cause }, hook);
      assert.ok(seen.ms < 1000, `${seen.ms} ms`);
    }
  });
}

Deno.test("a worker that hangs up at any octet of its result breaks the hook off", async () => {
  for (let length = 0; length < SUCCESS.length / 2; length++) {
    const seen = await face(shared(), "account", [{ send: SUCCESS.slice(0, 2 * length) }, { close: true }]);
    assertSeen(seen, {
      code: "service_err",
      log: /^err account evil: broken_off, service_err .*: the worker hung up without a result/,
    }, `${length} octets`);
    assert.ok(seen.ms < 500, `${seen.ms} ms`);
  }
});

Deno.test("a result that comes in pieces is taken all the same", async () => {
  for (let length = 1; length < SUCCESS.length / 2; length += 3) {
    const pieces = [SUCCESS.slice(0, 2 * length), SUCCESS.slice(2 * length)];
    const seen = await face(shared(), "account", [{ send: pieces[0]! }, { pause: 5 }, { send: pieces[1]! }]);
    assertSeen(seen, { code: "success" });
  }
});

Deno.test("an octet every 100 ms does not prolong the deadline", async () => {
  const seen = await face(shared(), "account", [{ drip: SUCCESS, everyMs: 100 }], {
    options: ["timeout=450ms"],
  });
  assertSeen(seen, { code: "service_err", log: /^err account evil: broken_off, .*did not answer in time/ });
  assert.ok(seen.ms >= 440 && seen.ms < 600, `${seen.ms} ms`);
});

Deno.test("texts and log lines without end do not prolong the deadline", async () => {
  const line = hex(encode({ type: "log", level: "info", text: "still here" }));
  const steps = Array.from({ length: 20 }, () => [{ send: line }, { pause: 50 }]).flat();
  const seen = await face(shared(), "account", steps, { options: ["timeout=300ms"] });
  assertSeen(seen, { code: "service_err", log: /^err account evil: broken_off, .*did not answer in time/ });
  assert.ok(seen.ms >= 290 && seen.ms < 500, `${seen.ms} ms`);
});

Deno.test("a worker that reads nothing and says nothing costs the deadline, not the processor", async () => {
  for (const options of [["timeout=300ms"], ["timeout=300ms", "on_unreachable=ignore"]]) {
    await hostile.plan([{ pause: 500 }, { close: true }]);
    const before = process.cpuUsage();
    const seen = await play(shared(), { module: "evil", hook: "account", options });
    const after = process.cpuUsage();
    await hostile.said("done");
    assertSeen(seen, { code: "service_err", log: /^err account evil: broken_off, .*did not answer in time/ });
    assert.ok(seen.ms >= 290 && seen.ms < 450, `${seen.ms} ms`);
    const spent = (after.user - before.user + after.system - before.system) / 1000;
    assert.ok(spent < 100, `${spent} ms of processor time`);
  }
});

Deno.test("every fault has the code of its class in every hook", async () => {
  const classes = {
    busy: "broken_off",
    no_common_version: "broken_off",
    threw: "threw",
    protocol: "protocol",
    misconfigured: "misconfigured",
  } as const;
  for (const [fault, failure] of Object.entries(classes) as [keyof typeof classes, keyof typeof FAILURES][]) {
    for (const hook of Object.keys(HOOKS) as Hook[]) {
      if (hook === "update") continue;
      const seen = await face(shared(), hook, [send({ type: "fault", fault, message: "100%s \u202e" })]);
      const code = FAILURES[failure][hook];
      const log = new RegExp(`^err ${hook} evil: ${failure}, ${code} in .*: the worker says.*: 100%s `);
      assertSeen(seen, { code, log }, `${hook} ${fault}`);
    }
  }
});

Deno.test("update has codes of its own when only the second pass fails", async () => {
  const rows: [Step[], keyof typeof FAILURES][] = [
    [[{ close: true }], "broken_off"],
    [[send({ type: "fault", fault: "threw", message: "x" })], "threw"],
    [[{ send: "00000000" }], "protocol"],
    [[send({ type: "fault", fault: "misconfigured", message: "x" })], "misconfigured"],
  ];
  for (const [steps, failure] of rows) {
    await hostile.plan([{ read: 1 }, send(result("success")), { close: true }]);
    const harness = shared();
    const called = play(harness, {
      module: "evil",
      hook: "update",
      call: (transaction) => transaction.background.changePassword(),
    });
    await hostile.said("done");
    await hostile.plan([{ read: 1 }, ...steps]);
    const seen = await called;
    await hostile.said("done");
    const code = FAILURES[failure].update;
    assertSeen(seen, { code, log: new RegExp(`^err update evil: ${failure}, ${code} in`) });
  }
});

Deno.test("a list of hooks that others could have changed counts before what a worker says", async () => {
  const harness = shared();
  for (const place of [join(harness.configDir, "hooks"), harness.configDir]) {
    const mode = Deno.statSync(place).mode! & 0o7777;
    Deno.chmodSync(place, 0o777);
    const seen = await face(harness, "account", [{ send: SUCCESS }]);
    Deno.chmodSync(place, mode);
    assertSeen(seen, {
      code: "service_err",
      log:
        /^err account evil: misconfigured, .* has mode 0777: others than its owner could put something in its/,
    });
  }
});

Deno.test("a result as large as a frame can be is taken", async () => {
  const environment = Array.from({ length: 3 }, (_, i) => ({ name: `APP_${i}`, value: "x".repeat(4096) }));
  const seen = await face(
    shared(),
    "account",
    [send(
      result("success", { environment, data_action: "set", data: new Uint8Array(LIMITS.DATA_MAX - 64) }),
    )],
    { options: ["grant=env:APP_*"] },
  );
  assertSeen(seen, { code: "success" });
});
