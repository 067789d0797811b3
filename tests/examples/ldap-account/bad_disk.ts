// SPDX-License-Identifier: MIT
/**
 * Logins before, on and after a disk that is full, or that became read-only; prints what each ended with. To be run by outage_test.ts, with
 * the word for it and the folder of a small file system of its own.
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

const [trouble, folder = ""] = Deno.args;
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

async function login(server: "there" | "away"): Promise<void> {
  fake.closes = server === "away";
  if (fake.closes) fake.drop();
  transaction.advance({ minutes: 5 });
  const { code, log } = await transaction.run("account");
  console.log(code);
  for (const { text } of log) console.error(text);
}

async function remount(how: "ro" | "rw"): Promise<void> {
  const { success } = await new Deno.Command("mount", { args: ["-o", `remount,${how}`, folder] }).output();
  if (!success) throw new Error(`The file system cannot be made ${how}`);
}

await login("there");
await login("away");
// The next worker, which has to open the file.
close();
if (trouble === "full") {
  // What is written again needs no more room: the journal has to be gone.
  Deno.removeSync(join(folder, "cache.db-journal"));
  fill(join(folder, "filler"));
} else {
  await remount("ro");
}
locked = ["000001010000Z"];
await login("there");
await login("away");
if (trouble === "full") {
  Deno.removeSync(join(folder, "filler"));
  close();
} else {
  await remount("rw");
}
await login("away");
locked = [];
await login("there");
await login("away");
close();
