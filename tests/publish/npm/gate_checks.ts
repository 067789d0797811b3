// SPDX-License-Identifier: MIT
/**
 * What somebody who has the SDK from npm tests the module in gate.ts with, under Node.js.
 *
 * @module
 */

import {
  assertCode,
  assertFailure,
  assertLogged,
  assertShown,
  FakeTransaction,
  runHook,
} from "@pam-deno/sdk/testing";
import assert from "node:assert/strict";
import { test } from "node:test";
import gate from "./gate.ts";

test("account goes by the hour, in the time of the test", async () => {
  const at = (now: string) => runHook(gate, "account", { now, options: ["from=8", "tz=Europe/Berlin"] });
  assertCode(await at("2026-01-01T07:00:00Z"), "success");
  const early = await at("2026-01-01T06:59:59Z");
  assertCode(early, "perm_denied");
  assertShown(early, "Open from 8", "error_msg");
});

test("an option that cannot be read is a failure, not a yes", async () => {
  const result = await runHook(gate, "account", { options: ["from=dawn"] });
  assertFailure(result, "misconfigured", 'option "from": Cannot read it: write an hour');
});

test("a ticket goes from the conversation to the environment of the session", async () => {
  using transaction = new FakeTransaction(gate, { conversation: [{ prompt: "Ticket: ", answer: "OPS-7" }] });
  const asked = await transaction.run("authenticate");
  assertCode(asked, "success");
  assertLogged(asked, 'asked for "OPS-7" of={ list: [ 1, 2 ], more: true }', "info");
  assertCode(await transaction.run("openSession"), "success");
  assert.deepEqual(transaction.environment, { TICKET: "OPS-7" });
});

test("libpam is not here, and says what has it", async () => {
  await assert.rejects(import("@pam-deno/sdk/libpam"), /run this program with Deno/);
});
