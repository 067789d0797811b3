// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { join } from "node:path";
import { gone } from "../sdk/supervisor/site.ts";
import { changed, read, serveInstalled, sleep, workersOf } from "./home.ts";

const ignore = Deno.uid() !== 0;

Deno.test({
  name: "SIGHUP makes pam-deno serve take what changed, serve what is new, and drop what is gone",
  ignore,
  async fn() {
    await using home = await serveInstalled({ stays: {}, changes: {}, goes: {} });
    const { command, site } = home;
    const { configDir } = site.layout;
    const [gone_] = workersOf(command.pid, home.folder("goes"));
    await site.install(
      "changes",
      `export default defineModule({ account: () => "acct_expired", openSession: () => "success" });`,
      {},
      {
        hooks: ["account", "openSession"],
        grants: {},
        permissions: {},
      },
    );
    await site.install("comes");
    Deno.removeSync(join(configDir, "modules", "goes.jsonc"));
    Deno.kill(command.pid, "SIGHUP");
    await command.printed(/Read the configuration again: 3 modules are served/);
    await command.printed(/ready comes \(account\)/);
    assert.equal(await home.account("stays", "denied"), "perm_denied");
    assert.equal(await home.account("changes", "nobody"), "acct_expired");
    assert.equal(await home.account("comes", "denied"), "perm_denied");
    assert.equal(await home.account("goes", "nobody"), "service_err", "the shim does not know it any more");
    assert.equal(Deno.readLinkSync(join(configDir, "hooks", "changes")), "account,openSession");
    for (const path of [join(configDir, "hooks", "goes"), site.socket("goes"), home.folder("goes")]) {
      assert.throws(() => Deno.lstatSync(path), Deno.errors.NotFound, path);
    }
    await gone([gone_!]);
  },
});

Deno.test({
  name: "a reload that fails leaves the module as it was, names file and remedy, and reloads the others",
  ignore,
  async fn() {
    await using home = await serveInstalled({ broken: {}, hash: {}, throws: {}, good: {} });
    const { command, site } = home;
    const before = new Map(
      ["broken", "hash", "throws", "good"].map((name) => [name, workersOf(command.pid, home.folder(name))]),
    );
    site.configure("broken", `{ "module": "/m.ts", }\n{`);
    const sha256 = await site.install("hash");
    Deno.writeTextFileSync(join(site.layout.stateDir, "modules", "hash", `${sha256}.js`), "// another\n");
    await site.install("throws", `throw new Error("at the top");`);
    await site.install("good", `export default defineModule({ account: () => "acct_expired" });`);
    Deno.kill(command.pid, "SIGHUP");
    await command.printed(/Read the configuration again/);
    for (
      const said of [
        /error pam-deno: .*broken\.jsonc:2:1: /,
        /error pam-deno: broken was not reloaded: what served it before goes on/,
        /error pam-deno: hash: .*: its SHA-256 is [0-9a-f]{64}: it is not the file that was installed/,
        /error throws: The new worker \d+ ended with status 1.* \[workers-not-ready\]/,
        /error pam-deno: throws was not reloaded: what served it before goes on/,
        /info pam-deno: good was reloaded/,
      ]
    ) await command.printed(said);
    for (const name of ["broken", "hash", "throws"]) {
      assert.match(read(join(home.folder(name), "reload")), /^failed: .+ at /, name);
      assert.deepEqual(workersOf(command.pid, home.folder(name)), before.get(name), name);
      assert.equal(await home.account(name, "denied"), "perm_denied", name);
      assert.equal(await home.account(name, "nobody"), "success", name);
    }
    assert.match(read(join(home.folder("good"), "reload")), /^ok at /);
    assert.equal(await home.account("good", "nobody"), "acct_expired");
  },
});

Deno.test({
  name: "the old worker that a reload replaces finishes what it has, and only then leaves",
  ignore,
  async fn() {
    const slow = `export default defineModule({
      async account({ user }) {
        if (user === "slow") await new Promise((resolve) => setTimeout(resolve, 6_000));
        return "success";
      },
    });`;
    await using home = await serveInstalled({ hours: { source: slow, config: { workers: 2 } } });
    const { command, site } = home;
    const old = workersOf(command.pid, home.folder("hours"));
    assert.equal(old.length, 2);
    const waiting = home.account("hours", "slow", ["timeout=30s"]);
    await sleep(200);
    await site.install("hours", `export default defineModule({ account: () => "acct_expired" });`, {
      workers: 3,
    });
    const said = read(join(home.folder("hours"), "reload"));
    Deno.kill(command.pid, "SIGHUP");
    await changed(join(home.folder("hours"), "reload"), said);
    assert.equal(await home.account("hours", "nobody"), "acct_expired");
    assert.ok(
      workersOf(command.pid, home.folder("hours")).some((pid) => old.includes(pid)),
      "one is still at work",
    );
    assert.equal(await waiting, "success");
    await gone(old);
    assert.equal(workersOf(command.pid, home.folder("hours")).length, 3);
    const left = [...Deno.readDirSync(home.folder("hours"))].map(({ name }) => name).filter((name) =>
      name.startsWith("worker")
    );
    assert.deepEqual(left.sort(), ["worker.1.js", "worker.1_prepare.js"]);
  },
});

Deno.test({
  name: "pam-deno serve says in a file what it serves, every second",
  ignore,
  async fn() {
    await using home = await serveInstalled({ hours: {} });
    const file = join(home.folder("hours"), "status.json");
    for (const user of ["nobody", "denied", "denied"]) await home.account("hours", user);
    const parse = () => JSON.parse(read(file));
    for (let i = 0; i < 50 && !parse().hooks.account; i++) await sleep(100);
    const status = parse();
    assert.deepEqual(status.hooks.account.codes, { success: 1, perm_denied: 2 });
    assert.equal(status.name, "hours");
    assert.equal(status.supervisor, home.command.pid);
    assert.match(status.bundle, /^[0-9a-f]{64}$/);
    const pids = workersOf(home.command.pid, home.folder("hours"));
    assert.deepEqual(status.workers.map(({ pid, state }: { pid: number; state: string }) => [pid, state]), [[
      pids[0],
      "ready",
    ]]);
    Deno.kill(pids[0]!, "SIGKILL");
    for (let i = 0; i < 50 && parse().restarts !== 1; i++) await sleep(100);
    assert.equal(parse().restarts, 1);
    assert.equal(parse().lastFailure, "ended by SIGKILL");
    Deno.kill(home.command.pid, "SIGHUP");
    for (let i = 0; i < 50 && parse().reloads !== 1; i++) await sleep(100);
    assert.equal(parse().reloads, 1);
  },
});
