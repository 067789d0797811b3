// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { join } from "node:path";
import { UID_FIRST, UID_LAST } from "../../sdk/supervisor/uid.ts";
import { ROOT } from "../sdk/worker/harness.ts";
import { read, serveInstalled, SHIM, workersOf } from "./home.ts";

const ignore = Deno.uid() !== 0;

/** A user that is neither the supervisor's nor any module's. */
const STRANGER = 60_123;

function field(pid: number, name: string): string {
  return read(`/proc/${pid}/status`).match(new RegExp(`^${name}:[ \\t]*(.*)$`, "m"))?.[1] ?? "";
}

/** What a user may do with a path, as the kernel says it. */
function may(uid: number, what: "r" | "w" | "x", path: string): boolean {
  const ids = [`--reuid=${uid}`, `--regid=${uid}`, "--clear-groups", "--"];
  return new Deno.Command("setpriv", { args: [...ids, "test", `-${what}`, path] }).outputSync().success;
}

Deno.test({
  name:
    "supervisor, worker and caller run as three users, and each worker as one of its own without privileges",
  ignore,
  async fn() {
    await using home = await serveInstalled({ one: {}, two: { config: { workers: 2 } } });
    const { command, site } = home;
    const [one] = workersOf(command.pid, home.folder("one"));
    const two = workersOf(command.pid, home.folder("two"));
    assert.equal(two.length, 2);
    assert.equal(field(command.pid, "Uid"), "0\t0\t0\t0");
    const uids = [one!, ...two].map((pid) => {
      const ids = field(pid, "Uid").split("\t");
      assert.equal(new Set([...ids, ...field(pid, "Gid").split("\t")]).size, 1);
      assert.equal(field(pid, "Groups").trim(), "");
      assert.equal(field(pid, "NoNewPrivs"), "1");
      for (const set of ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"]) {
        assert.match(field(pid, set), /^0+$/);
      }
      return Number(ids[0]);
    });
    assert.equal(uids[1], uids[2], "workers of one module are one user");
    assert.notEqual(uids[0], uids[1]);
    for (const uid of uids) assert.ok(uid >= UID_FIRST && uid <= UID_LAST, `uid ${uid}`);

    // The caller is root, whom the socket lets in; a stranger is told by the shim that nobody can be reached.
    assert.equal(await home.account("one", "denied"), "perm_denied");
    const { code, output } = callAs(STRANGER, home.args, "one");
    assert.equal(output, "authinfo_unavail\n");
    assert.equal(code, 0);
    assert.equal(Deno.lstatSync(site.socket("one")).uid, 0);
  },
});

/** A transaction of another user: it prints what libpam returned. */
function callAs(uid: number, args: readonly string[], module: string): { code: number; output: string } {
  const program = `
    import { ServiceDirectory, Transaction } from "@pam-deno/sdk/libpam";
    const [module, shim, ...args] = Deno.args;
    using services = ServiceDirectory.create();
    services.write("test", [{ type: "account", control: "required", module: shim, args: [...args, module] }]);
    using transaction = Transaction.start({ service: "test", user: "nobody", confdir: services.path, failDelay: "record" });
    console.log(transaction.account());
  `;
  const folder = Deno.makeTempDirSync({ prefix: "pam-deno-test-" });
  Deno.chmodSync(folder, 0o755);
  const file = join(folder, "call.ts");
  Deno.writeTextFileSync(file, program);
  try {
    const { code, stdout } = new Deno.Command("setpriv", {
      args: [
        ...[
          `--reuid=${uid}`,
          `--regid=${uid}`,
          "--clear-groups",
          "--",
          Deno.execPath(),
          "run",
          "--quiet",
          "-A",
          "--no-lock",
        ],
        ...[`--config=${join(ROOT, "deno.json")}`, file, module, SHIM, ...args],
      ],
      env: { DENO_DIR: join("/tmp", `pam-deno-test-cache-${uid}`), NO_COLOR: "1" },
      stderr: "inherit",
    }).outputSync();
    return { code, output: new TextDecoder().decode(stdout) };
  } finally {
    Deno.removeSync(folder, { recursive: true });
    removeIfThere(join("/tmp", `pam-deno-test-cache-${uid}`));
  }
}

function removeIfThere(path: string): void {
  try {
    Deno.removeSync(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

Deno.test({
  name: "a module's user can change nothing of its own files, and see nothing of another module's",
  ignore,
  async fn() {
    await using home = await serveInstalled({ one: { config: { options: {} } }, two: {} });
    const { command, site } = home;
    const [pid] = workersOf(command.pid, home.folder("one"));
    const uid = Number(field(pid!, "Uid").split("\t")[0]);
    const mine = [...Deno.readDirSync(home.folder("one"))].map(({ name }) => join(home.folder("one"), name));
    assert.ok(mine.some((path) => path.endsWith("/worker.js")), mine.join(" "));
    assert.ok(mine.some((path) => /\/[0-9a-f]{64}\.js$/.test(path)), mine.join(" "));
    assert.ok(may(uid, "r", join(home.folder("one"), "worker.js")));
    for (const path of [home.folder("one"), ...mine]) {
      assert.ok(!may(uid, "w", path), `${path} can be written to`);
    }
    assert.ok(!may(uid, "r", home.folder("one")), "its folder can be listed");
    for (const name of ["worker.js", "worker_prepare.js", "status.json"]) {
      assert.ok(!may(uid, "r", join(home.folder("two"), name)), `it can read ${name} of another`);
      assert.ok(!may(STRANGER, "r", join(home.folder("one"), name)), `a stranger can read ${name}`);
    }
    assert.ok(!may(uid, "w", site.socket("one")), "it can connect to its own socket");
    const cache = join(site.layout.runtimeDir, "workers", ".cache");
    for (const { name, isFile } of Deno.readDirSync(cache)) {
      if (!isFile) continue;
      assert.ok(may(uid, "r", join(cache, name)), `${name} cannot be read`);
      assert.ok(!may(uid, "w", join(cache, name)), `${name} can be written to`);
    }
  },
});

Deno.test({
  name:
    "the kernel holds a worker to descriptors, processes, data and no core, and a module cannot raise them",
  ignore,
  async fn() {
    await using home = await serveInstalled({
      one: { config: { limits: { descriptors: 2_000, tasks: 40, memory_mib: 300 } } },
      two: { config: { state: true } },
    });
    const [keeper] = workersOf(home.command.pid, home.folder("two"));
    assert.match(read(`/proc/${keeper}/limits`), /^Max file size +unlimited /m, "it keeps files");
    const [pid] = workersOf(home.command.pid, home.folder("one"));
    const limits = read(`/proc/${pid}/limits`);
    assert.match(limits, /^Max file size +0 +0 /m, "nothing was granted to write");
    assert.match(limits, /^Max core file size +0 +0 /m);
    assert.match(limits, /^Max open files +2000 +2000 /m);
    assert.match(limits, /^Max processes +144 +144 /m);
    assert.match(limits, new RegExp(`^Max data size +${(600 + 1024) * 1024 * 1024} `, "m"));
    assert.equal(await home.account("one", "nobody"), "success");
  },
});

Deno.test({
  name:
    "run_as names the module's user, refuses root without a word about it, and an unknown one with a remedy",
  ignore,
  async fn() {
    await using home = await serveInstalled({
      one: { config: { run_as: "nobody" } },
      number: { config: { run_as: 61_000 } },
    });
    const { command, site } = home;
    const uidOf = (name: string) =>
      field(workersOf(command.pid, home.folder(name))[0]!, "Uid").split("\t")[0];
    assert.equal(uidOf("one"), "65534");
    assert.equal(uidOf("number"), "61000");
    assert.equal(await home.account("one", "denied"), "perm_denied");
    await site.install("unknown", undefined, { run_as: "no-such-user" });
    Deno.kill(command.pid, "SIGHUP");
    await command.printed(
      /error pam-deno: unknown: "run_as": there is no user "no-such-user" here: make it, or name another \[run-as-refused\]/,
    );
    assert.equal(await home.account("one", "nobody"), "success");
  },
});
