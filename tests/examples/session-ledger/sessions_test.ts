// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { Scene } from "./scene.ts";

const NOT_ROOT = Deno.uid() !== 0;

for (
  const [name, kind, tls] of [["SQLite", "sqlite", false], ["Redis", "redis", false], [
    "Redis over TLS",
    "redis",
    true,
  ]] as const
) {
  Deno.test({
    name: `sessions in ${name} are recorded, counted, closed and reaped through libpam (needs root)`,
    ignore: NOT_ROOT,
    async fn() {
      await using scene = await Scene.start({ kind, tls, options: { limit: 2 } });
      const [one, two, three, other] = scene.callers(4);
      assert.ok(one && two && three && other);
      assert.equal(await one.open(), "success", scene.log.join("\n") + scene.harness.output);
      assert.equal(await one.open(), "success", "twice on one handle");
      assert.equal(await two.open(), "success");
      assert.equal(await three.open(), "perm_denied");
      assert.deepEqual(await scene.pids(), [one.pid, two.pid].sort((a, b) => a - b));
      const [session] = await scene.open();
      assert.equal(session?.service, "ledger");
      assert.equal(session?.user, "nobody");
      assert.match(session?.tty ?? "", /^pts\/\d+$/);
      assert.ok((session?.started ?? 0) > 0);
      assert.equal(await one.close(), "success");
      assert.equal(await one.close(), "success", "twice");
      assert.equal(await other.close(), "success", "without an open");
      assert.equal(await three.open(), "success");
      assert.equal(await other.open(), "perm_denied");
      await two.kill();
      assert.equal(await other.open(), "success", "the process of a session is gone");
      assert.deepEqual(await scene.pids(), [three.pid, other.pid].sort((a, b) => a - b));
      const history = await scene.store.history(10, AbortSignal.timeout(5000));
      assert.deepEqual(history.map(({ pid, how }) => [pid, how]), [[two.pid, "reaped"], [one.pid, "closed"]]);
      assert.match(
        scene.log.join("\n"),
        /info pam_deno\(ledger:session\): .*Ended 1 sessions whose processes are gone/,
      );
    },
  });
}
