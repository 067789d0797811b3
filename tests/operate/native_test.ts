// SPDX-License-Identifier: MIT
/**
 * Modules that were given the dangerous permissions `run` and `ffi`, and use them against who serves them.
 *
 * @module
 */

import assert from "node:assert/strict";
import { Command, gone, isThere } from "../sdk/supervisor/site.ts";
import { changed, type Home, read, serveInstalled, sleep, workersOf } from "./home.ts";
import type { Declaration } from "../../sdk/supervisor/probe.ts";
import { Client, hookMessage, within } from "../sdk/worker/client.ts";

const ignore = Deno.uid() !== 0;

const LIBC = `/lib/${Deno.build.arch}-linux-gnu/libc.so.6`;
const RUNS = {
  permissions: { run: ["/bin/bash"], net: ["127.0.0.1:9"] },
  dangerous: ["run"],
  limits: { tasks: 60 },
};
const CALLS_C = { permissions: { ffi: [LIBC] }, dangerous: ["ffi"] };

/** Leaves a process behind that cares for no signal and keeps all descriptors; the user's name says how many, and whether they multiply. */
const LEAVES = `
const script = {
  one: "trap '' TERM HUP INT; /usr/bin/setsid /usr/bin/sleep 1000 & disown; true",
  bomb: "trap '' TERM HUP INT; bomb() { while :; do bomb & /usr/bin/sleep 0.02; done; }; bomb & disown",
};
export default defineModule({
  async account({ user }) {
    if (!(user in script)) return user === "denied" ? "perm_denied" : "success";
    const { success } = await new Deno.Command("/bin/bash", {
      args: ["-c", script[user] + " 2>/dev/null"], stdin: "null", stdout: "inherit", stderr: "inherit",
    }).spawn().status;
    return success ? "success" : "perm_denied";
  },
});`;

const POLICY =
  `export default defineModule({ account: ({ user }) => user === "denied" ? "perm_denied" : "acct_expired" });`;

function uidOf(home: Home, name: string): number {
  return Deno.statSync(`/proc/${workersOf(home.command.pid, home.folder(name))[0]}`).uid!;
}

function processesOf(uid: number): number[] {
  return [...Deno.readDirSync("/proc")].map(({ name }) => Number(name)).filter((pid) =>
    pid > 0 && read(`/proc/${pid}/status`).includes(`\nUid:\t${uid}\t`) && isThere(pid)
  );
}

async function reload(home: Home, name: string): Promise<string> {
  const said = read(`${home.folder(name)}/reload`);
  Deno.kill(home.command.pid, "SIGHUP");
  return await changed(`${home.folder(name)}/reload`, said, 30_000);
}

function descriptors(pid: number): number {
  return [...Deno.readDirSync(`/proc/${pid}/fd`)].length;
}

Deno.test({
  name:
    "what a module leaves behind goes with its worker, costs its supervisor nothing, and is gone after a reload and at the end",
  ignore,
  async fn() {
    let uid: number;
    {
      await using home = await serveInstalled({ leaves: { source: LEAVES, config: RUNS } });
      const { command, site } = home;
      uid = uidOf(home, "leaves");
      const before = descriptors(command.pid);
      const [worker] = workersOf(command.pid, home.folder("leaves"));
      assert.equal(await home.account("leaves", "one"), "success");
      const [stray] = processesOf(uid).filter((pid) => pid !== worker);
      assert.ok(stray, "it left something behind");
      Deno.kill(worker!, "SIGKILL");
      await gone([worker!, stray]);
      await command.printed(/1 processes that workers of leaves had left behind were killed/);
      assert.equal(await home.account("leaves", "one"), "success");
      const more = processesOf(uid);
      assert.ok(more.length >= 2);
      await site.install("leaves", POLICY, RUNS);
      assert.match(await reload(home, "leaves"), /^ok /);
      await gone(more);
      assert.equal(await home.account("leaves", "nobody"), "acct_expired");
      assert.equal(processesOf(uid).length, 1);
      for (let i = 0; i < 100 && descriptors(command.pid) > before; i++) await sleep(50);
      assert.ok(descriptors(command.pid) <= before, `${descriptors(command.pid)} descriptors, not ${before}`);
      await site.install("leaves", LEAVES, RUNS);
      assert.match(await reload(home, "leaves"), /^ok /);
      assert.equal(await home.account("leaves", "one"), "success");
    }
    assert.deepEqual(processesOf(uid), []);
  },
});

Deno.test({
  name: "a module that fills its user's processes is served again by a supervisor that starts anew",
  ignore,
  async fn() {
    await using home = await serveInstalled({ bombs: { source: LEAVES, config: RUNS } });
    const uid = uidOf(home, "bombs");
    assert.equal(await home.account("bombs", "bomb"), "success");
    for (let i = 0; i < 200 && processesOf(uid).length < 50; i++) await sleep(20);
    const crowd = processesOf(uid);
    assert.ok(crowd.length >= 50, `${crowd.length} processes`);
    await home.command.end("SIGKILL");
    await using again = new Command(["serve", ...home.site.words]);
    await again.printed(/ready bombs /);
    await again.printed(
      /\d+ processes that workers of an earlier supervisor \(uid \d+\) had left behind were killed/,
    );
    await gone(crowd);
    assert.equal(await home.account("bombs", "denied"), "perm_denied");
  },
});

Deno.test({
  name: "a worker with an outdated bundle is killed ten seconds after a reload, whoever it waits for",
  ignore,
  async fn() {
    const asks = `export default defineModule({
      grants: { auth: ["prompt"] },
      authenticate: async ({ conversation }) => (await conversation.prompt("?"), "success"),
    });`;
    const hooks: Declaration = {
      hooks: ["authenticate"],
      grants: { auth: ["prompt"] },
      permissions: {},
    };
    await using home = await serveInstalled({ stubborn: {} });
    const { command, site } = home;
    await site.install("stubborn", asks, {}, hooks);
    assert.match(await reload(home, "stubborn"), /^ok /);
    using client = await Client.connect(site.socket("stubborn"));
    await client.send(
      hookMessage({ hook: "authenticate", module: "stubborn", grants: [{ grant: "prompt" }] }),
    );
    assert.equal((await client.receive())?.type, "converse");
    const old = workersOf(command.pid, home.folder("stubborn"));
    await site.install("stubborn");
    assert.match(await reload(home, "stubborn"), /^ok /);
    const began = performance.now();
    assert.deepEqual(old.map(isThere), [true]);
    while (old.some(isThere)) {
      assert.ok(performance.now() - began < 12_000, "it is still there");
      await sleep(50);
    }
    await command.printed(/Worker \d+ of stubborn ended by SIGKILL: it did not leave within 10000 ms/);
    assert.equal(await home.account("stubborn", "nobody"), "success");
  },
});

Deno.test({
  name: "a socket that a module has shut lets callers in again after a reload",
  ignore,
  async fn() {
    const source = `
    const { symbols } = Deno.dlopen(${JSON.stringify(LIBC)}, {
      shutdown: { parameters: ["i32", "i32"], result: "i32" },
      getsockopt: { parameters: ["i32", "i32", "i32", "buffer", "buffer"], result: "i32" },
    });
    export default defineModule({
      account({ user }) {
        if (user !== "shut") return "success";
        const [value, length] = [new Int32Array(1), new Uint32Array([4])];
        for (let fd = 3; fd < 256; fd++) {
          value[0] = 0;
          symbols.getsockopt(fd, 1, 30, new Uint8Array(value.buffer), new Uint8Array(length.buffer));
          if (value[0] === 1) symbols.shutdown(fd, 0);
        }
        return "success";
      },
    });`;
    await using home = await serveInstalled({ shuts: { source, config: CALLS_C }, other: {} });
    const { command, site } = home;
    assert.equal(await home.account("shuts", "shut"), "success");
    assert.equal(await home.account("shuts", "nobody"), "authinfo_unavail", "the socket is shut");
    await site.install("shuts", POLICY);
    assert.match(await reload(home, "shuts"), /^ok /);
    await command.printed(/shuts\.sock let nobody in: made a new one/);
    assert.equal(await home.account("shuts", "nobody"), "acct_expired");
    assert.equal(await home.account("other", "denied"), "perm_denied");
    const { mode, uid } = Deno.lstatSync(site.socket("shuts"));
    assert.deepEqual([mode! & 0o777, uid], [0o600, 0]);
  },
});

Deno.test({
  name: "a module that lies about its arguments costs its supervisor no memory",
  ignore,
  async fn() {
    // PR_SET_MM_MAP makes what /proc/PID/cmdline shows as long as the process likes.
    const source = `
    const { symbols } = Deno.dlopen(${JSON.stringify(LIBC)}, {
      mmap: { parameters: ["u64", "usize", "i32", "i32", "i32", "i64"], result: "i64" },
      open: { parameters: ["buffer", "i32"], result: "i32" },
      read: { parameters: ["i32", "buffer", "u64"], result: "i64" },
      sbrk: { parameters: ["i64"], result: "i64" },
      prctl: { parameters: ["i32", "u64", "buffer", "u64", "u64"], result: "i32" },
    });
    const text = new Uint8Array(4_096);
    const fd = symbols.open(new TextEncoder().encode("/proc/self/stat\\0"), 0);
    symbols.read(fd, text, 4_096n);
    const stat = new TextDecoder().decode(text).replace(/^.*\\) /s, "").split(" ").map((n) => BigInt(n.match(/^-?\\d+/)?.[0] ?? 0));
    const field = (n) => stat[n - 3];
    const size = 400n << 20n;
    const area = BigInt(symbols.mmap(0n, size, 1, 0x4022, -1, 0n));
    const map = new BigUint64Array([field(26), field(27), field(45), field(46), field(47), BigInt(symbols.sbrk(0n)), field(28), area, area + size, field(50), field(51), 0n, 0xffffffff00000000n]);
    const done = symbols.prctl(35, 14n, new Uint8Array(map.buffer), BigInt(map.byteLength), 0n);
    console.log("lied " + done);
    export default defineModule({ account: () => "success" });`;
    await using home = await serveInstalled({
      lies: {
        source,
        config: CALLS_C,
      },
    });
    await home.command.printed(/lied 0/);
    const peak = Number(/^VmHWM:\s+(\d+)/m.exec(read(`/proc/${home.command.pid}/status`))![1]) / 1024;
    assert.ok(peak < 300, `the supervisor took ${Math.round(peak)} MiB`);
    assert.equal(await within(5_000, home.account("lies", "nobody"), "an answer"), "success");
  },
});
