// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import type { PamCode } from "../../sdk/tokens.ts";
import { assertSeen, fixture, play, type Scene, shareHarness } from "./scene.ts";
import type { ErrorCode } from "../../sdk/error_codes.ts";
import { behind } from "../sdk/codes.ts";

const shared = shareHarness((harness) => {
  harness.configure("mistakes", fixture("mistakes"));
  harness.configure("endless", fixture("mistakes"));
});

const THREW = "err account mistakes: threw, service_err in \\d+ ms for user nobody: the worker says: ";
const BROKEN = "err account mistakes: protocol, system_err in \\d+ ms for user nobody: the worker says: ";

const ROWS: readonly [mistake: string, code: PamCode, log: string, errorCode: ErrorCode][] = [
  ["throw", "service_err", `^${THREW}.*RangeError.*the table has no row for today`, "handler-threw"],
  ["throw a string", "service_err", `^${THREW}.*just words`, "no-error-thrown"],
  ["throw two lines", "service_err", `^${THREW}.*one \\| PAM success\\?\\[2J%n%s`, "handler-threw"],
  ["reject", "service_err", `^${THREW}.*the server said no`, "handler-threw"],
  ["return nothing", "service_err", `^${THREW}account returned nothing`, "nothing-returned"],
  [
    "return true",
    "service_err",
    `^${THREW}account returned true: return "success" or deny`,
    "boolean-returned",
  ],
  ["return false", "service_err", `^${THREW}account returned false: .*not a boolean`, "boolean-returned"],
  ["return a number", "service_err", `^${THREW}account returned 0`, "no-code-returned"],
  ["resolve to nothing", "service_err", `^${THREW}account returned nothing`, "nothing-returned"],
  [
    "return a code of another hook",
    "system_err",
    `^${BROKEN}.*"session_err", which is a code of openSession`,
    "wrong-code",
  ],
  ["return incomplete", "system_err", `^${BROKEN}.*"incomplete", which is no code of any hook`, "wrong-code"],
  ["return a word", "system_err", `^${BROKEN}.*"yes", which is no code of any hook`, "wrong-code"],
  ["deny and return success", "service_err", `^${THREW}.*deny\\(\\) must be returned`, "deny-not-returned"],
  [
    "deny with success",
    "service_err",
    `^${THREW}.*deny\\(\\) does not take "success" in account`,
    "deny-takes-refusals",
  ],
  ["throw a denial", "service_err", `^${THREW}.*deny\\(\\) must be returned`, "deny-thrown"],
];

for (const [mistake, code, log, errorCode] of ROWS) {
  Deno.test(`a handler that does this is refused, and the log says it: ${mistake}`, async () => {
    const seen = await play(shared(), {
      module: "mistakes",
      hook: "account",
      options: ["grant=prompt"],
      args: [`do=${mistake}`],
    });
    assertSeen(seen, { code, log: new RegExp(log) });
    const fault = seen.log.find(({ text }) => text.includes("the worker says: "))!;
    assert.ok(fault.text.endsWith(behind(errorCode)), fault.text);
    assert.equal(fault.text.split("https://jsr.io/").length, 2, "one code on a line");
  });
}

Deno.test("what a handler throws is logged with its place in the module", async () => {
  const { log } = await play(shared(), { module: "mistakes", hook: "account", args: ["do=throw"] });
  assert.ok(
    log.some(({ text }) => /RangeError: the table .*mistakes\.ts:\d+:\d+/.test(text)),
    JSON.stringify(log),
  );
});

Deno.test("mistakes in other hooks have the codes of those hooks", async () => {
  const rows: [Scene["hook"], string[], PamCode, RegExp][] = [
    ["closeSession", [], "service_err", /^err closeSession mistakes: threw, .*cannot close/],
    [
      "update",
      ["grant=authtok"],
      "system_err",
      /^err update mistakes: protocol, .*"nothing", which is no code/,
    ],
  ];
  for (const [hook, options, code, log] of rows) {
    assertSeen(await play(shared(), { module: "mistakes", hook, options }), { code, log });
  }
});

Deno.test("mistakes around a question are refused when the person has answered", async () => {
  const rows: [mistake: string, asks: boolean, log: RegExp][] = [
    ["forget await", true, /^err authenticate mistakes: threw, .*conversation\.prompt\(\).*write "await"/],
    ["forget to return", true, /^err authenticate mistakes: threw, .*returned nothing/],
    ["reject after a question", true, /^err authenticate mistakes: threw, .*alice broke it at true/],
    [
      "take a token without its grant",
      false,
      /^err authenticate mistakes: threw, .*authtok\(\) needs the grant "authtok"/,
    ],
  ];
  for (const [mistake, asks, log] of rows) {
    const seen = await play(shared(), {
      module: "mistakes",
      hook: "authenticate",
      options: ["grant=prompt"],
      args: [`do=${mistake}`],
      conversation: asks ? [{ prompt: "Name: ", answer: "alice" }] : [],
    });
    assertSeen(seen, { code: "service_err", log, shown: asks ? ["prompt_echo_on Name: "] : [] }, mistake);
  }
});

Deno.test("an option that does not parse ends the hook, and the log names it", async () => {
  const seen = await play(shared(), { module: "mistakes", hook: "account", args: ["hour=nine"] });
  assertSeen(seen, {
    code: "service_err",
    log: /^err account mistakes: misconfigured, service_err in \d+ ms for user nobody: .*hour/,
  });
});

Deno.test("an option that the module does not know is logged and ignored", async () => {
  const seen = await play(shared(), { module: "mistakes", hook: "account", args: ["hours=9"] });
  assertSeen(seen, {
    code: "success",
    log: /^warning account mistakes says: .*"hours".*did you mean "hour"/,
  });
});

Deno.test("a handler that never answers is broken off at the deadline, and the next hook is answered", async () => {
  const seen = await play(shared(), {
    module: "mistakes",
    hook: "account",
    options: ["timeout=300ms"],
    args: ["do=never answer"],
  });
  assertSeen(seen, {
    code: "service_err",
    log: /^err account mistakes: broken_off, service_err in \d+ ms .*did not answer in time: raise timeout=/,
  });
  assert.ok(seen.ms >= 300 && seen.ms < 600, `${seen.ms} ms`);
  assertSeen(await play(shared(), { module: "mistakes", hook: "account" }), { code: "success" });
});

Deno.test("a rejection after the answer replaces the worker and loses no hook", async () => {
  const harness = shared();
  const worker = await harness.worker("mistakes");
  const answered = await play(harness, { module: "mistakes", hook: "account", args: ["do=reject later"] });
  assertSeen(answered, { code: "success" });
  await harness.printed(/mistakes: A rejection that nobody handles: .*too late to tell/);
  assertSeen(await play(harness, { module: "mistakes", hook: "account" }), { code: "success" });
  assert.notEqual(await harness.worker("mistakes", [worker]), worker);
});

Deno.test("a handler in an endless loop costs its deadline, and its worker is replaced", async () => {
  const harness = shared();
  const worker = await harness.worker("endless");
  const scene: Scene = { module: "endless", hook: "account" };
  const seen = await play(harness, { ...scene, options: ["timeout=300ms"], args: ["do=loop"] });
  assertSeen(seen, {
    code: "service_err",
    log: /^err account endless: broken_off, .*did not answer in time/,
  });
  assert.ok(seen.ms >= 300 && seen.ms < 600, `${seen.ms} ms`);
  const waiting = await play(harness, {
    ...scene,
    options: ["timeout=30s"],
    call: (transaction) => transaction.background.account(),
  });
  assertSeen(waiting, { code: "success" });
  await harness.printed(
    /endless: Worker \d+ of endless ended by SIGKILL: it stopped beating for \d+ ms, as a handler/,
  );
  assert.notEqual(await harness.worker("endless", [worker]), worker);
});
