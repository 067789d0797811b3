// SPDX-License-Identifier: MIT
import { assertSurvives, type ProfileName, PROFILES, runProfile } from "@pam-deno/sdk/testing";
import assert from "node:assert/strict";
import { join } from "node:path";
import module from "./module.ts";
import { SqliteStore } from "./sqlite_store.ts";

const NAMES = Object.keys(PROFILES) as ProfileName[];

/** A ledger in a folder of its own, gone at the end. */
class Ledger implements Disposable {
  readonly #folder = Deno.makeTempDirSync();
  readonly path = join(this.#folder, "sessions.db");

  [Symbol.dispose](): void {
    Deno.removeSync(this.#folder, { recursive: true });
  }
}

/** Nobody but root may have a session, and sudo's is root's. */
const scene = (ledger: Ledger, limit: number) => ({
  configured: { store: ledger.path, limit },
  users: { alice: { uid: 1000 }, root: { uid: 0 } },
});

Deno.test("the module survives every application, and leaves no session open behind it", async () => {
  for (const name of NAMES) {
    using ledger = new Ledger();
    const [seen] = await assertSurvives(module, [name], scene(ledger, 1));
    const opened = seen!.steps.some(({ hook }) => hook === "openSession");
    // login and the others do the same once more: nothing of the first is counted.
    await assertSurvives(module, [name], scene(ledger, 1));
    assert.equal(opened, !["passwd", "locker", "polkit"].includes(name));
  }
});

Deno.test("a limit that is reached refuses where a session would be opened, and nowhere else", async () => {
  using ledger = new Ledger();
  const store = new SqliteStore(ledger.path);
  await using _ = { [Symbol.asyncDispose]: async () => await store.close?.() };
  const first = await runProfile(module, "login", scene(ledger, 0));
  assert.equal(first.outcome, "refused");
  assert.equal(first.refusedBy?.hook, "openSession");
  assert.equal((await runProfile(module, "polkit", scene(ledger, 0))).outcome, "passed");
});
