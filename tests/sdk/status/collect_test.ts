// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { configFile, type Layout, layoutWith, socketPath } from "../../../sdk/config/layout.ts";
import { lockRuntimeDir, stat } from "../../../sdk/config/place.ts";
import { type InstallRecord, recordFile } from "../../../sdk/install/record.ts";
import { allServing, collectStatus, type ModuleReport } from "../../../sdk/status/collect.ts";
import { lockHolder } from "../../../sdk/supervisor/lock_holder.ts";
import { type ModuleStatus, writeStatus } from "../../../sdk/supervisor/status_file.ts";
import { encode } from "../../../sdk/wire/mod.ts";

const SHA = "ab".repeat(32);

const NO_COMMON_VERSION = encode({ type: "fault", fault: "no_common_version", message: "worker: version 1" });

/** The folders of an installation, in a place of their own. */
class Place implements Disposable {
  readonly #root = Deno.makeTempDirSync({ prefix: "pam-deno-test-" });
  readonly layout: Layout = layoutWith({
    configDir: join(this.#root, "config"),
    runtimeDir: join(this.#root, "run"),
    stateDir: join(this.#root, "state"),
  });

  /** Writes a module's configuration file. */
  configure(name: string): void {
    write(configFile(this.layout, name), '{ "module": "./module.ts" }');
  }

  /** Writes a module's record. */
  install(name: string, sha256: string = SHA): void {
    const record: InstallRecord = {
      current: {
        specifier: "npm:@acme/policy@1.0.0",
        sha256,
        declaration: { hooks: ["account"], grants: {}, permissions: {} },
        configuration: "{}",
        runtime: "0.2.0",
        installed: "2026-11-20T10:00:00.000Z",
      },
      previous: [],
    };
    write(recordFile(this.layout, name), JSON.stringify(record));
  }

  /** Where a supervisor of this place writes what it says of a module. */
  statusFile(name: string): string {
    return join(this.layout.runtimeDir, "workers", name, "status.json");
  }

  /** Writes what a supervisor, by default this process, says of a module. */
  say(name: string, change: Partial<ModuleStatus> = {}): void {
    const now = new Date().toISOString();
    Deno.mkdirSync(dirname(this.statusFile(name)), { recursive: true });
    writeStatus(this.statusFile(name), {
      name,
      supervisor: Deno.pid,
      since: now,
      written: now,
      bundle: SHA,
      workers: [{ pid: Deno.pid, state: "ready", started: now, inFlight: 0 }],
      restarts: 0,
      reloads: 0,
      hooks: {},
      ...change,
    });
  }

  /** Listens on a module's socket, and answers there as a worker does whom somebody greets who speaks no version. */
  listen(name: string, answer: Uint8Array = NO_COMMON_VERSION): Deno.UnixListener {
    Deno.mkdirSync(this.layout.runtimeDir, { recursive: true });
    const path = socketPath(this.layout, name);
    // An earlier one may not have been removed yet.
    if (stat(path)) Deno.removeSync(path);
    const listener = Deno.listen({ transport: "unix", path });
    void (async () => {
      for await (const connection of listener) {
        await connection.read(new Uint8Array(1_024));
        await connection.write(answer);
        connection.close();
      }
    })();
    return listener;
  }

  /** Takes the lock that `pam-deno serve` holds. */
  lock(): Deno.FsFile {
    Deno.mkdirSync(this.layout.runtimeDir, { recursive: true });
    return lockRuntimeDir(this.layout.runtimeDir);
  }

  async report(name: string): Promise<ModuleReport> {
    const { modules: [module, ...more] } = await collectStatus(this.layout, [name]);
    assert.deepEqual(more, []);
    return module!;
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.#root, { recursive: true });
  }
}

function write(path: string, text: string): void {
  Deno.mkdirSync(dirname(path), { recursive: true });
  Deno.writeTextFileSync(path, text);
}

Deno.test("collectStatus() finds what is configured and what is installed, by name", async () => {
  using place = new Place();
  assert.deepEqual((await collectStatus(place.layout)).modules, []);
  place.configure("b");
  place.install("c");
  place.configure("a");
  place.install("a");
  write(join(place.layout.configDir, "modules", "Not a name.jsonc"), "{}");
  const { modules } = await collectStatus(place.layout);
  assert.deepEqual(modules.map(({ name, configured, installed }) => [name, configured, installed?.sha256]), [
    ["a", true, SHA],
    ["b", true, undefined],
    ["c", false, SHA],
  ]);
  assert.deepEqual(modules.map(({ state }) => state), ["stopped", "not_installed", "stopped"]);
  assert.match(modules[2]!.notes.join(), /modules\/c\.jsonc is missing/);
  assert.equal(modules[0]!.log, "the output of `pam-deno serve`");
});

Deno.test("collectStatus() says that there is no module of a name, and which one is meant", async () => {
  using place = new Place();
  place.configure("office-hours");
  const report = await collectStatus(place.layout, ["ofice-hours"]);
  assert.equal(report.modules[0]?.state, "unknown");
  assert.match(report.modules[0].notes.join(), /did you mean "office-hours"/);
  assert.equal(allServing(report), false);
});

Deno.test("collectStatus() says that a module is served whose supervisor says so, and that another bundle is installed", async () => {
  using place = new Place();
  place.configure("a");
  place.install("a");
  using _socket = place.listen("a");
  place.say("a");
  const report = await collectStatus(place.layout);
  assert.equal(report.modules[0]?.state, "serving");
  assert.deepEqual(report.modules[0].notes, []);
  assert.equal(allServing(report), true);
  place.install("a", "cd".repeat(32));
  assert.match(
    (await place.report("a")).notes.join(),
    /another bundle than is installed: `pam-deno reload a`/,
  );
});

Deno.test("collectStatus() says that a module fails or starts that has no worker to decide", async () => {
  using place = new Place();
  place.configure("a");
  using _socket = place.listen("a");
  const [now] = [new Date().toISOString()];
  const workers = [{ pid: 1, state: "starting", started: now, inFlight: 0 }] as const;
  place.say("a", { workers });
  assert.equal((await place.report("a")).state, "starting");
  place.say("a", { workers, lastFailure: "ended with status 1" });
  assert.equal((await place.report("a")).state, "failing");
  place.say("a", { workers: [], lastFailure: "ended with status 1" });
  assert.equal((await place.report("a")).state, "failing");
});

Deno.test("collectStatus() says that a module fails whose socket is gone", async () => {
  using place = new Place();
  place.configure("a");
  place.say("a");
  const { state, notes } = await place.report("a");
  assert.equal(state, "failing");
  assert.match(notes.join(), /socket .*a\.sock is gone/);
});

Deno.test("collectStatus() says that a module fails where nobody answers, whatever its supervisor says", async (t) => {
  using place = new Place();
  place.configure("a");
  const path = socketPath(place.layout, "a");
  await t.step("since nobody listens at the socket that is there", async () => {
    Deno.mkdirSync(place.layout.runtimeDir, { recursive: true });
    const listener = Deno.listen({ transport: "unix", path: `${path}~` });
    // Deno would remove it where it was made: what is left is as a module leaves it that shuts its socket.
    Deno.renameSync(`${path}~`, path);
    listener.close();
    place.say("a");
    const report = await collectStatus(place.layout);
    assert.equal(report.modules[0]?.state, "failing");
    assert.equal(allServing(report), false);
    assert.match(
      report.modules[0].notes.join(),
      /nobody answers at its socket .*refused.*`pam-deno reload a`/,
    );
    Deno.removeSync(path);
  });
  await t.step("since whoever listens hangs up", async () => {
    using _socket = place.listen("a", new Uint8Array());
    place.say("a");
    const { state, notes } = await place.report("a");
    assert.equal(state, "failing");
    assert.match(notes.join(), /nobody answers at its socket .*hung up/);
  });
  await t.step("but not because a worker has too much to do", async () => {
    using _socket = place.listen("a", encode({ type: "fault", fault: "busy", message: "too many" }));
    place.say("a");
    const { state, notes } = await place.report("a");
    assert.deepEqual([state, notes], ["serving", []]);
  });
});

Deno.test("collectStatus() takes nothing old for true", async (t) => {
  using place = new Place();
  place.configure("a");
  using _socket = place.listen("a");
  const past = new Date(Date.now() - 6_000).toISOString();
  const future = new Date(Date.now() + 60_000).toISOString();
  const ended = new Deno.Command("true").spawn();
  await ended.status;
  const changes: Record<string, Partial<ModuleStatus>> = {
    "written 6 s ago": { written: past },
    "written in the future": { written: future },
    "written at no time": { written: `${new Date().toISOString().slice(0, 10)}T23:59:59+23` },
    "of a supervisor that has ended": { supervisor: ended.pid },
  };
  for (const [what, change] of Object.entries(changes)) {
    await t.step(what, async () => {
      place.say("a", change);
      const { state, current, notes } = await place.report("a");
      assert.equal(state, "stale");
      assert.equal(current, false);
      assert.match(notes.join(), /gone without having stopped/);
    });
  }
  await t.step("of another process than the one that serves", async () => {
    using _lock = place.lock();
    const other = new Deno.Command("sleep", { args: ["60"] }).spawn();
    place.say("a", { supervisor: other.pid });
    const { state, notes } = await place.report("a");
    other.kill();
    await other.status;
    assert.equal(state, "stale");
    assert.match(notes.join(), /has not said anything/);
  });
  await t.step("of another module", async () => {
    place.configure("b");
    place.say("b", { name: "a" });
    const { state, status } = await place.report("b");
    assert.equal(state, "not_installed");
    assert.equal(status, undefined);
  });
});

Deno.test("collectStatus() says who serves, and what it does not serve", async () => {
  using place = new Place();
  place.configure("a");
  place.configure("b");
  using _socket = place.listen("a");
  assert.equal(lockHolder(place.layout.runtimeDir), undefined);
  const lock = place.lock();
  assert.equal(lockHolder(place.layout.runtimeDir), Deno.pid);
  place.say("a");
  const { modules: [a, b] } = await collectStatus(place.layout);
  assert.deepEqual([a?.home, a?.state], ["serve", "serving"]);
  assert.deepEqual([b?.home, b?.state], ["serve", "failing"]);
  assert.match(b!.notes.join(), /its log says why/);
  lock.close();
  assert.equal(lockHolder(place.layout.runtimeDir), undefined);
});

Deno.test("collectStatus() reads no status that is none, names the file, and quotes nothing of it", async () => {
  using place = new Place();
  place.configure("a");
  using _lock = place.lock();
  write(place.statusFile("a"), '{"name":"forged"}');
  const { state, notes } = await place.report("a");
  assert.equal(state, "failing");
  assert.ok(notes.join().includes(place.statusFile("a")));
  assert.doesNotMatch(notes.join(), /forged/);
});

Deno.test("collectStatus() tells what is wrong with a configuration file, also of a module that is served", async () => {
  using place = new Place();
  place.configure("a");
  using _socket = place.listen("a");
  place.say("a");
  write(configFile(place.layout, "a"), '{\n  "modul": "./module.ts"\n}');
  const { state, notes } = await place.report("a");
  assert.equal(state, "serving");
  assert.ok(
    notes.join("\n").includes(`${configFile(place.layout, "a")}:2:3: "modul" is not a key`),
    notes.join("\n"),
  );
});

Deno.test("collectStatus() names a record that is damaged, and the remedy", async () => {
  using place = new Place();
  place.configure("a");
  place.install("a");
  write(recordFile(place.layout, "a"), "{");
  const { notes } = await place.report("a");
  assert.match(notes.join(), /installed\.json: damaged.*pam-deno add/);
});

Deno.test({
  name: "collectStatus() says what only root may read, to who is not root",
  ignore: Deno.uid() !== 0,
  fn: async () => {
    using place = new Place();
    place.configure("a");
    place.say("a");
    Deno.chmodSync(join(place.layout.runtimeDir, "workers"), 0o700);
    const root = dirname(place.layout.runtimeDir);
    Deno.chmodSync(root, 0o755);
    const code = `
      import { collectStatus } from ${JSON.stringify(import.meta.resolve("../../../sdk/status/collect.ts"))};
      const { modules } = await collectStatus(${JSON.stringify(place.layout)});
      console.log(JSON.stringify(modules));`;
    const script = join(root, "collect.js");
    Deno.writeTextFileSync(script, code, { mode: 0o644 });
    const bundled = join(root, "bundled.js");
    const bundle = await new Deno.Command(Deno.execPath(), {
      args: ["bundle", "--quiet", `--output=${bundled}`, script],
      cwd: new URL("../../..", import.meta.url),
    }).output();
    assert.ok(bundle.success, new TextDecoder().decode(bundle.stderr));
    const lookAsNobody = async (): Promise<ModuleReport[]> => {
      const { stdout, stderr } = await new Deno.Command("setpriv", {
        args: [
          "--reuid=65534",
          "--regid=65534",
          "--clear-groups",
          Deno.execPath(),
          "run",
          "--quiet",
          "-A",
          "--no-config",
          bundled,
        ],
        env: { DENO_DIR: join(root, "cache-of-nobody"), HOME: root },
        cwd: "/",
      }).output();
      const text = new TextDecoder().decode(stdout);
      assert.notEqual(text, "", new TextDecoder().decode(stderr));
      return JSON.parse(text);
    };
    const [module] = await lookAsNobody();
    assert.match(module!.notes.join(), /what its supervisor says may be read by root only: run this as root/);
    assert.notEqual(module!.state, "serving");
    // Somebody serves, and how the module is only its own supervisor knows.
    using _lock = place.lock();
    const [served] = await lookAsNobody();
    assert.equal(served!.home, "serve");
    assert.equal(served!.state, "unknown");
    assert.match(served!.log, /pam-deno serve/);
  },
});
