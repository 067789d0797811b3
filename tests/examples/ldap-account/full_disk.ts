// SPDX-License-Identifier: MIT
/**
 * A login before, on and after a full disk; prints what each ended with. To be run by outage_test.ts, with the folder of a small file system.
 *
 * @module
 */

import { join } from "node:path";
import { FakeTransaction } from "@pam-deno/sdk/testing";
import module, { close } from "../../../examples/ldap-account/module.ts";
import { entry, Fake, message, result } from "./fake.ts";
import { PEOPLE } from "./slapd.ts";

const BLOCK = new Uint8Array(1024);

/** Writes until nothing fits any more. */
function fill(path: string): void {
  using file = Deno.openSync(path, { create: true, append: true });
  try {
    while (true) file.writeSync(BLOCK);
  } catch (error) {
    if ((error as { code?: string }).code !== "ENOSPC") throw error;
  }
}

const [folder = ""] = Deno.args;
await using fake = new Fake();
let locked: readonly string[] = [];
fake.behaviour = async (id, send) => {
  await send(message(id, entry(`uid=alice,${PEOPLE}`, { uid: ["alice"], pwdAccountLockedTime: locked })));
  await send(message(id, result(0)));
};
const configured = {
  server: `127.0.0.1:${fake.port}`,
  tls: "none",
  base: PEOPLE,
  cache_file: join(folder, "cache.db"),
};
using transaction = new FakeTransaction(module, {
  configured,
  options: ["cache=8h"],
  now: "2026-08-03T12:00:00Z",
});

async function login(): Promise<void> {
  const { code, log } = await transaction.run("account");
  console.log(code);
  for (const { text } of log) console.error(text);
}

await login();
// What is written again needs no more room: the journal has to be gone.
fake.closes = true;
fake.drop();
await login();
close();
Deno.removeSync(join(folder, "cache.db-journal"));
fill(join(folder, "filler"));
console.log("disk full");
locked = ["000001010000Z"];
fake.closes = false;
transaction.advance({ minutes: 5 });
await login();
fake.closes = true;
fake.drop();
await login();
// Another process, with room again.
close();
Deno.removeSync(join(folder, "filler"));
await login();
