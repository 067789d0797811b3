// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { join } from "node:path";
import { readStatus } from "../../../sdk/supervisor/status_file.ts";
import { STATUS_FILE, StatusWriter } from "../../../sdk/supervisor/status_writer.ts";
import type { Supervision } from "../../../sdk/supervisor/supervise.ts";
import { makeFolder } from "../worker/harness.ts";

/** Waits for `done`, for at most as long as it takes to be written anyway. */
async function soon(done: () => boolean): Promise<void> {
  const end = performance.now() + 800;
  while (!done() && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, 5));
  assert.ok(done());
}

Deno.test("StatusWriter.changed() writes at once, and what changes all the time a little later", async () => {
  using folder = makeFolder();
  const file = join(folder.path, STATUS_FILE);
  let restarts = 0;
  let asked = 0;
  const supervision = {
    get status() {
      asked++;
      return { workers: [], restarts, reloads: 0, hooks: {} };
    },
  } as unknown as Supervision;
  const options = { name: "test", folder: folder.path, supervision, bundle: () => "ab".repeat(32) };
  {
    using writer = new StatusWriter(options);
    assert.equal(readStatus(file)?.restarts, 0);
    await new Promise((resolve) => setTimeout(resolve, 60));
    restarts = 1;
    writer.changed();
    assert.equal(readStatus(file)?.restarts, 1);
    const before = asked;
    for (restarts = 2; restarts < 1_000; restarts++) writer.changed();
    assert.equal(readStatus(file)?.restarts, 1);
    await soon(() => readStatus(file)?.restarts === 1_000);
    assert.equal(asked, before + 1);
    restarts = 5;
    writer.changed();
  }
  // Whoever is done writes no more.
  await new Promise((resolve) => setTimeout(resolve, 100));
  assert.equal(readStatus(file)?.restarts, 1_000);
});
