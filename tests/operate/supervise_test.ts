// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { join } from "node:path";
import { Notifier } from "../../sdk/supervisor/notify.ts";
import { gone } from "../sdk/supervisor/site.ts";
import { account, read, workersOf } from "./home.ts";
import { Installation } from "./installation.ts";
import { SERVICE_UID, Supervised, warm } from "./supervised.ts";

const ignore = Deno.uid() !== 0;

function argsOf({ layout }: Installation): string[] {
  return [`runtime_dir=${layout.runtimeDir}`, `config_dir=${layout.configDir}`];
}

function statusField(pid: number, field: string): string {
  return read(`/proc/${pid}/status`).match(new RegExp(`^${field}:\\s*(.*)$`, "m"))?.[1] ?? "";
}

for (const kind of ["path", "abstract"] as const) {
  Deno.test({
    name: `supervise serves the socket that it was handed, and notifies a service manager (${kind} name)`,
    ignore,
    async fn() {
      using site = new Installation();
      const sha256 = await site.install("hours");
      await warm(site);
      const notify = kind === "path" ? join(site.path, "notify") : `@pam-deno-test-${crypto.randomUUID()}`;
      const env = { WATCHDOG_USEC: "400000" };
      await using one = await Supervised.start(site, "hours", { notify, env });
      await one.said(/^notify READY=1\nSTATUS=serving with the bundle [0-9a-f]{12}$/m);
      const args = argsOf(site);
      assert.equal(await account({ args, module: "hours", user: "nobody" }), "success");
      assert.equal(await account({ args, module: "hours", user: "denied" }), "perm_denied");
      const [worker, ...more] = workersOf(one.pid, one.folder);
      assert.deepEqual(more, []);
      for (const pid of [one.pid, worker!]) {
        assert.equal(statusField(pid, "Uid").split("\t")[0], String(SERVICE_UID));
        assert.equal(BigInt(`0x${statusField(pid, "CapEff")}`), 0n);
      }
      assert.equal(statusField(worker!, "NoNewPrivs"), "1");
      // Nothing of its own: whoever runs the machine holds the socket.
      assert.deepEqual(Deno.lstatSync(site.socket("hours")).uid, 0);
      await one.said(/notify WATCHDOG=1\n[^]*notify WATCHDOG=1\n/);

      await one.said(/is served from the bundle/);
      const next = await site.install(
        "hours",
        `export default defineModule({ account: () => "acct_expired" });`,
      );
      assert.notEqual(next, sha256);
      one.kill("SIGHUP");
      await one.said(
        new RegExp(
          `notify RELOADING=1\\nMONOTONIC_USEC=\\d{6,}\\n[^]*notify READY=1\\nSTATUS=serving with the bundle ${
            next.slice(0, 12)
          }`,
        ),
      );
      assert.match(read(join(one.folder, "reload")), /^ok at /);
      assert.equal(await account({ args, module: "hours", user: "nobody" }), "acct_expired");

      const workers = workersOf(one.pid, one.folder);
      one.kill("SIGTERM");
      await one.said(/notify STOPPING=1\n/);
      assert.equal((await one.end()).code, 0);
      await gone(workers);
      assert.equal(
        Deno.lstatSync(site.socket("hours")).isSocket,
        true,
        "the socket is not its own to remove",
      );
    },
  });
}

Deno.test({
  name:
    "supervise notifies the watchdog while it replaces a worker that hangs, and not in place of another process",
  ignore,
  async fn() {
    using site = new Installation();
    await site.install(
      "hours",
      `export default defineModule({ account({ user }) { if (user === "loop") for (;;); return "success"; } });`,
    );
    await warm(site);
    const notify = join(site.path, "notify");
    const args = [...argsOf(site), "timeout=500ms"];
    await using one = await Supervised.start(site, "hours", { notify, env: { WATCHDOG_USEC: "200000" } });
    await one.said(/notify WATCHDOG=1/);
    const loop = account({ args, module: "hours", user: "loop" });
    await one.said(/ended by SIGKILL: it stopped beating/);
    assert.equal(await loop, "service_err");
    await one.said(/A new worker is ready/);
    one.messages.length = 0;
    await one.said(/notify WATCHDOG=1/);
    assert.equal(await account({ args, module: "hours", user: "nobody" }), "success");

    const other = {
      get: (name: string) => ({ NOTIFY_SOCKET: notify, WATCHDOG_USEC: "200000", WATCHDOG_PID: "1" })[name],
    };
    assert.equal(new Notifier(other, Deno.pid).watchdogMs, undefined);
    assert.equal(new Notifier(other, 1).watchdogMs, 100);
  },
});

Deno.test({
  name: "supervise keeps the old worker if the new one is not fit, and says so",
  ignore,
  async fn() {
    using site = new Installation();
    await site.install("hours");
    await warm(site);
    const notify = join(site.path, "notify");
    await using one = await Supervised.start(site, "hours", { notify });
    await one.said(/notify READY=1/);
    const workers = workersOf(one.pid, one.folder);
    const args = argsOf(site);
    const good = read(join(site.layout.configDir, "modules", "hours.jsonc"));

    const failures: [change: () => Promise<unknown> | void, said: RegExp][] = [
      [
        () => site.install("hours", `throw new Error("at the top");`),
        /notify READY=1\nSTATUS=not reloaded, the old worker goes on: hours: .*ended with status/,
      ],
      [
        () => site.install("hours", `export default defineModule({ openSession: () => "success" });`),
        /its hooks are .* and were .* when it was installed/,
      ],
      [
        async () => {
          await site.install("hours");
          site.configure("hours", `{ "module": 1 }`);
        },
        /notify READY=1\nSTATUS=not reloaded, the old worker goes on: .*hours\.jsonc:1:/,
      ],
      [
        async () => {
          const sha256 = await site.install("hours");
          const bundle = join(site.layout.stateDir, "modules", "hours", `${sha256}.js`);
          Deno.writeTextFileSync(bundle, `${read(bundle)}// changed\n`);
          site.configure("hours", good);
        },
        /notify READY=1\nSTATUS=not reloaded, .*: hours: .*\.js: its SHA-256 is [0-9a-f]{64}: it is not the file that was installed/,
      ],
    ];
    for (const [change, said] of failures) {
      await change();
      one.stderr = "";
      one.messages.length = 0;
      one.kill("SIGHUP");
      await one.said(said);
      await one.said(/hours was not reloaded: what served it before goes on \[not-reloaded\]/);
      assert.match(read(join(one.folder, "reload")), /^failed: .* at /);
      assert.deepEqual(workersOf(one.pid, one.folder), workers);
      assert.equal(await account({ args, module: "hours", user: "denied" }), "perm_denied");
      assert.equal(await account({ args, module: "hours", user: "nobody" }), "success");
    }
  },
});

Deno.test({
  name:
    "supervise ends with 78 and a remedy if configuration, record or bundle are wrong, and with 1 if its worker does not start",
  ignore,
  async fn() {
    using site = new Installation();
    await warm(site);
    const state = (name: string) => join(site.layout.stateDir, "modules", name);
    const sha256 = await site.install("hash");
    Deno.writeTextFileSync(join(state("hash"), `${sha256}.js`), "// another\n");
    await site.install("gone");
    for (const { name } of Deno.readDirSync(state("gone"))) {
      if (/^[0-9a-f]{64}\.js$/.test(name)) Deno.removeSync(join(state("gone"), name));
    }
    await site.install("record");
    Deno.writeTextFileSync(join(state("record"), "installed.json"), "{");
    await site.install("key");
    site.configure("key", `{ "module": "/m.ts", "permisions": {} }`);
    site.configure("absent", `{ "module": "/m.ts" }`);
    await site.install("owner");
    Deno.chownSync(join(site.layout.configDir, "modules", "owner.jsonc"), 12_345, null);
    await site.install("throws", `throw new Error("at the top");`);
    const expected: [string, number, RegExp][] = [
      [
        "hash",
        78,
        /hash: .*\.js: its SHA-256 is [0-9a-f]{64}: it is not the file that was installed; find out who changed it, then run `pam-deno add` again, or `pam-deno rollback hash`/,
      ],
      ["gone", 78, /gone: .*\.js: cannot be read .*: run `pam-deno add` again/],
      [
        "record",
        78,
        /record: .*installed\.json: damaged .*: run `pam-deno add` again, or `pam-deno remove record`/,
      ],
      ["key", 78, /key\.jsonc:1:\d+: .*did you mean "permissions"\?/],
      ["absent", 78, /absent: it is not installed: run `pam-deno add/],
      ["owner", 78, /owner\.jsonc: others can change this file: chown it to root/],
      ["throws", 1, /at the top[^]*throws: .*the worker ended with status/],
    ];
    for (const [name, code, said] of expected) {
      await using one = await Supervised.start(site, name);
      assert.equal((await one.end()).code, code, one.stderr);
      assert.match(one.stderr, said);
    }
  },
});

Deno.test({
  name: "supervise refuses a descriptor that is no listening Unix socket",
  ignore,
  async fn() {
    using site = new Installation();
    await site.install("hours");
    await warm(site);
    using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const inode = [...Deno.readDirSync("/proc/self/fd")].map(({ name }) => Number(name)).filter((fd) => {
      try {
        return Deno.readLinkSync(`/proc/self/fd/${fd}`).startsWith("socket:");
      } catch {
        return false;
      }
    });
    assert.ok(inode.length > 0 && listener.addr.transport === "tcp");
    await using one = await Supervised.start(site, "hours", { fd: inode.at(-1)! });
    assert.equal((await one.end()).code, 78);
    assert.match(
      one.stderr,
      /Descriptor 3 that was handed over is not a listening Unix stream socket.* \[socket-handed-over\]/,
    );
  },
});

Deno.test({
  name:
    "supervise binds a socket of its own where none is handed over, takes the place of a stale one, and refuses a second of its kind",
  ignore,
  async fn() {
    using site = new Installation();
    await site.install("hours");
    await warm(site);
    const { runtimeDir } = site.layout;
    for (const path of [runtimeDir, join(runtimeDir, ".pam-deno")]) {
      Deno.chownSync(path, SERVICE_UID, SERVICE_UID);
    }
    await using first = await Supervised.start(site, "hours", { handsOver: false });
    await first.said(/is served from the bundle/);
    const { ino, mode, uid } = Deno.lstatSync(site.socket("hours"));
    assert.deepEqual([mode! & 0o777, uid], [0o600, SERVICE_UID]);
    await using second = await Supervised.start(site, "hours", { handsOver: false });
    assert.equal((await second.end()).code, 78);
    assert.match(second.stderr, /Another supervisor serves .*: stop it first/);
    assert.equal(Deno.lstatSync(site.socket("hours")).ino, ino);
    first.kill("SIGKILL");
    await first.end();
    assert.equal(Deno.lstatSync(site.socket("hours")).isSocket, true, "it is left behind");
    await using third = await Supervised.start(site, "hours", { handsOver: false });
    await third.said(/is served from the bundle/);
    assert.notEqual(Deno.lstatSync(site.socket("hours")).ino, ino);
    third.kill("SIGTERM");
    assert.equal((await third.end()).code, 0);
    assert.throws(() => Deno.lstatSync(site.socket("hours")), Deno.errors.NotFound);
  },
});
