// SPDX-License-Identifier: MIT
import { assertSurvives } from "@pam-deno/sdk/testing";
import assert from "node:assert/strict";
import module, { close } from "../../../examples/ldap-account/module.ts";
import { entry, Fake, message, result } from "./fake.ts";
import { PEOPLE } from "./slapd.ts";

Deno.test("the module survives every application while there is a directory", async () => {
  await using fake = new Fake();
  fake.behaviour = async (id, send) => {
    await send(message(id, entry(`uid=alice,${PEOPLE}`, { uid: ["alice"], objectClass: ["account"] })));
    await send(message(id, result(0)));
  };
  const configured = { server: `127.0.0.1:${fake.port}`, tls: "none", base: PEOPLE };
  const seen = await assertSurvives(module, undefined, { configured });
  // Only passwd asks nothing about the account.
  assert.equal(fake.asked, seen.length - 1);
  close();
});
