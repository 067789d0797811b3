// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { join } from "node:path";
import { type Jail, openJail } from "../../../sdk/install/jail.ts";
import { makeFolder, ROOT } from "./folders.ts";

const ROOT_ONLY = { ignore: Deno.uid() !== 0 };
const DENO = Deno.realPathSync(Deno.execPath());

interface Cell extends Disposable {
  readonly jail: Jail;
  readonly path: string;
  /** Runs a program of TypeScript with all of Deno's permissions, and gives what it printed. */
  run(
    code: string,
    options?: { network?: boolean; timeoutMs?: number; outputMax?: number },
  ): Promise<Awaited<ReturnType<Jail["run"]>>>;
}

function makeCell(): Cell {
  const folder = makeFolder();
  const { path } = folder;
  Deno.chmodSync(path, 0o711);
  const [root, work] = [join(path, "root"), join(path, "work")];
  for (const one of [root, work]) Deno.mkdirSync(one);
  const jail = openJail({ root, readable: [DENO], writable: [work] });
  return {
    jail,
    path,
    run(code, { network = false, timeoutMs = 20_000, outputMax = 65_536 } = {}) {
      const file = join(work, "program.ts");
      Deno.writeTextFileSync(file, code);
      return jail.run({
        command: [DENO, "run", "--quiet", "--no-config", "--no-check", "-A", file],
        env: { DENO_DIR: join(work, "cache"), HOME: work, NO_COLOR: "1" },
        network,
        timeoutMs,
        outputMax,
      });
    },
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  };
}

Deno.test({
  name: "openJail() runs a program as a user of its own without privileges",
  ...ROOT_ONLY,
  async fn() {
    using cell = makeCell();
    assert.equal(cell.jail.kind, "file system");
    const { stdout, stderr, success } = await cell.run(
      `console.log(Deno.readTextFileSync("/proc/self/status"));`,
    );
    assert.ok(success, stderr);
    const { uid } = cell.jail;
    assert.ok(uid! >= 61_184 && uid! <= 65_519);
    assert.match(stdout, new RegExp(`^Uid:\\s${uid}\\s${uid}\\s${uid}\\s${uid}$`, "m"));
    assert.match(stdout, new RegExp(`^Gid:\\s${uid}\\s${uid}\\s${uid}\\s${uid}$`, "m"));
    assert.match(stdout, /^Groups:\s*$/m);
    assert.match(stdout, /^NoNewPrivs:\s1$/m);
    for (const set of ["CapInh", "CapPrm", "CapEff", "CapAmb"]) {
      assert.match(stdout, new RegExp(`^${set}:\\s0+$`, "m"));
    }
  },
});

Deno.test({
  name: "openJail() shows no file of the machine, not even those that everybody may read",
  ...ROOT_ONLY,
  async fn() {
    using cell = makeCell();
    using other = makeFolder();
    Deno.chmodSync(other.path, 0o755);
    const secret = join(other.path, "secret");
    Deno.writeTextFileSync(secret, "x", { mode: 0o644 });
    const paths = [
      secret,
      "/etc/shadow",
      "/etc/passwd",
      "/etc/ssh",
      "/root",
      "/home",
      "/var",
      "/run",
      "/usr/share",
      "/sys",
      import.meta.filename!,
      // What leads to the Deno that runs in it is there, with nothing else in it.
    ].filter((path) => !Deno.realPathSync(Deno.execPath()).startsWith(`${path}/`));
    const { stdout, success, stderr } = await cell.run(
      `for (const path of ${
        JSON.stringify(paths)
      }) { try { Deno.statSync(path); console.log("there:", path); } catch (e) { if (!(e instanceof Deno.errors.NotFound)) throw e; } }
       try { Deno.writeTextFileSync("/etc/hosts", "x"); console.log("wrote"); } catch {}
       try { Deno.writeTextFileSync("/new", "x"); console.log("wrote"); } catch {}
       console.log("done");`,
    );
    assert.ok(success, stderr);
    assert.equal(stdout, "done\n");
  },
});

Deno.test({
  name: "openJail() gives no network that was not asked for, and shows no other process",
  ...ROOT_ONLY,
  async fn() {
    using cell = makeCell();
    const server = Deno.serve(
      { port: 0, hostname: "127.0.0.1", onListen: () => {} },
      () => new Response("hello"),
    );
    try {
      const code =
        `console.log([...Deno.readDirSync("/proc")].filter(({ name }) => /^\\d+$/.test(name)).length);
        console.log(await fetch("http://127.0.0.1:${server.addr.port}/").then((r) => r.text(), () => "nobody"));`;
      const without = await cell.run(code);
      assert.match(without.stdout, /^[1-4]\nnobody\n$/, without.stderr);
      const withNetwork = await cell.run(code, { network: true });
      assert.match(withNetwork.stdout, /^[1-4]\nhello\n$/, withNetwork.stderr);
    } finally {
      await server.shutdown();
    }
  },
});

Deno.test("openJail() ends what takes too long, what prints too much, and all that they started", async () => {
  using cell = makeCell();
  const spawn =
    `new Deno.Command(Deno.execPath(), { args: ["eval", "setInterval(() => {}, 1000)"] }).spawn();`;
  const late = await cell.run(`${spawn} setInterval(() => {}, 1000);`, { timeoutMs: 1_500 });
  assert.deepEqual([late.success, late.killed], [false, "it took too long"]);
  const loud = await cell.run(`for (;;) console.log("x".repeat(10000));`, { outputMax: 100_000 });
  assert.deepEqual([loud.success, loud.killed], [false, "it printed too much"]);
  assert.ok(loud.stdout.length <= 100_000);
  if (cell.jail.uid === undefined) return;
  const left = [...Deno.readDirSync("/proc")].filter(({ name }) => {
    try {
      return /^\d+$/.test(name) && Deno.statSync(`/proc/${name}`).uid === cell.jail.uid &&
        !/^State:\s*Z/m.test(Deno.readTextFileSync(`/proc/${name}/status`));
    } catch {
      return false;
    }
  });
  assert.deepEqual(left, []);
});

Deno.test({
  name: "openJail() falls back to a user of its own, and says so, where it may not mount",
  ...ROOT_ONLY,
  async fn() {
    using folder = makeFolder();
    // Nobody else gets through, and who has to gets no further.
    Deno.chmodSync(folder.path, 0o700);
    const secret = join(folder.path, "secret");
    Deno.writeTextFileSync(secret, "x", { mode: 0o600 });
    const work = join(folder.path, "work");
    Deno.mkdirSync(work);
    const look = `console.log(Deno.uid()); try { console.log(Deno.readTextFileSync(${
      JSON.stringify(secret)
    })); } catch (e) { console.log(e.name); }`;
    const program = `import { openJail } from ${JSON.stringify(join(ROOT, "sdk/install/jail.ts"))};
      const jail = openJail({ root: "/nowhere", readable: [], writable: [${
      JSON.stringify(work)
    }], through: [${JSON.stringify(folder.path)}] });
      const command = [Deno.execPath(), "eval", ${JSON.stringify(look)}];
      const result = await jail.run({ command, env: { DENO_DIR: ${
      JSON.stringify(work)
    } }, network: false, timeoutMs: 20000, outputMax: 65536 });
      console.log(JSON.stringify({ kind: jail.kind, uid: jail.uid, warnings: jail.warnings, ...result }));`;
    const { stdout, stderr, success } = await new Deno.Command("setpriv", {
      args: [
        "--bounding-set=-sys_admin",
        "--inh-caps=-all",
        Deno.execPath(),
        "eval",
        "--config",
        join(ROOT, "deno.json"),
        program,
      ],
    }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
    const said = JSON.parse(new TextDecoder().decode(stdout));
    assert.equal(said.kind, "user");
    const { mode, uid, gid } = Deno.statSync(folder.path);
    assert.deepEqual([uid, gid, mode! & 0o777], [0, said.uid, 0o710]);
    assert.equal(said.stdout, `${said.uid}\nPermissionDenied\n`, said.stderr);
    assert.match(said.warnings[0], /^Mount namespaces are not usable here/);
  },
});

Deno.test({
  name: "openJail() hands nothing on that this process was itself started with",
  ...ROOT_ONLY,
  async fn() {
    using folder = makeFolder();
    const { path } = folder;
    Deno.writeTextFileSync(join(path, "secret"), "x");
    Deno.mkdirSync(join(path, "root"));
    const program = `import { openJail } from ${JSON.stringify(join(ROOT, "sdk/install/jail.ts"))};
      const jail = openJail({ root: ${JSON.stringify(join(path, "root"))}, writable: [],
        readable: ["/bin/ls", "/usr/bin/ls", "/lib/x86_64-linux-gnu", "/lib64", "/usr/lib"] });
      const call = { env: {}, network: false, timeoutMs: 20000, outputMax: 65536 };
      const { stdout, stderr } = await jail.run({ command: ["/bin/ls", "/proc/self/fd"], ...call });
      console.log(jail.kind + " " + stdout.trim().split("\\n").join(" ") + stderr);`;
    const deno = [Deno.execPath(), "eval", "--config", join(ROOT, "deno.json"), program];
    const { stdout, stderr } = await new Deno.Command("bash", {
      args: ["-c", `exec 5<"$1" 9<"$1" 42<"$1"; shift; exec "$@"`, "bash", join(path, "secret"), ...deno],
    }).output();
    // The last one is the folder that ls(1) reads.
    assert.equal(new TextDecoder().decode(stdout), "file system 0 1 2 3\n", new TextDecoder().decode(stderr));
  },
});
