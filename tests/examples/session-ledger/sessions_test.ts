// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import * as v from "valibot";
import { LineOptions } from "../../../examples/session-ledger/options.ts";
import { configurations } from "../readme.ts";
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

Deno.test({
  name:
    "a session is closed by a child of its process, and one that a child opens is another one (needs root)",
  ignore: NOT_ROOT,
  async fn() {
    await using scene = await Scene.start({ kind: "sqlite", options: { limit: 1 } });
    const [one, two] = scene.callers(2);
    assert.ok(one && two);
    assert.equal(await one.open(), "success");
    assert.equal(
      await one.inChild("open"),
      "perm_denied",
      "the child has its module data, and is another process",
    );
    assert.deepEqual(await scene.pids(), [one.pid]);
    assert.equal(await one.inChild("close"), "success");
    assert.deepEqual(await scene.pids(), []);
    assert.equal(await one.close(), "success", "again, by whoever opened it");
    assert.equal(await two.open(), "success");
    assert.equal(await one.close(), "success");
    assert.deepEqual(await scene.pids(), [two.pid], "another one's session is not ended by that");
    assert.equal(await two.inChild("close"), "success");
    assert.equal(await two.inChild("open"), "success");
    assert.equal(await one.open(), "success", "the child that opened it is gone");
  },
});

Deno.test({
  name: "the README's configuration of a machine is served, and does what it says (needs root)",
  ignore: NOT_ROOT,
  async fn() {
    const [machine] = configurations("session-ledger");
    const { module: _, options, ...config } = machine as { module: string; options: Record<string, unknown> };
    await using scene = await Scene.start({ kind: "sqlite", options, config });
    const callers = scene.callers(4);
    const codes = [];
    for (const caller of callers) codes.push(await caller.open());
    assert.deepEqual(codes, ["success", "success", "success", "perm_denied"]);
  },
});

Deno.test("the README's configuration of a fleet has options that the module takes", () => {
  const [, fleet] = configurations("session-ledger");
  const { options, permissions } = fleet as {
    options: Record<string, string>;
    permissions: { net: string[] };
  };
  const words = { ...options, limit: String(options.limit), password_file: "/run/credentials/redis" };
  const { store, limit, hostGoneMs } = v.parse(LineOptions, words);
  assert.equal(new URL(store).host, permissions.net[0]);
  assert.equal(limit, 3);
  assert.equal(hostGoneMs, 3_600_000);
});
