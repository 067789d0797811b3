// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { join } from "node:path";
import { buildBundle } from "../../../scripts/build_bundle.ts";
import { configFile, hookLink, type Layout, socketPath } from "../../../sdk/config/layout.ts";
import { findHome } from "../../../sdk/install/home.ts";
import { readRecord } from "../../../sdk/install/record.ts";
import { removeModule } from "../../../sdk/install/remove.ts";
import { rollbackModule } from "../../../sdk/install/rollback.ts";
import { knock } from "../../../sdk/supervisor/knock.ts";
import { readStatus } from "../../../sdk/supervisor/status_file.ts";
import { isPending } from "../../../sdk/install/journal.ts";
import { ADD_PROGRAM } from "./add_program.ts";
import { ROOT, writeFiles } from "./folders.ts";
import { makeSite, moduleText, type Site } from "./site.ts";

/** A running `pam-deno serve`. */
interface Serve extends AsyncDisposable {
  /** What it has printed and logged. */
  readonly said: () => string;
}

/** Starts `pam-deno serve` and waits until it serves `name`. */
async function startServe({ layout }: Site, name: string): Promise<Serve> {
  const folders =
    (["configDir", "runtimeDir", "stateDir", "keepDir", "cacheDir", "unitDir", "libDir"] as const)
      .flatMap((folder) => [`--${folder.replace("Dir", "-dir")}`, layout[folder]]);
  const child = new Deno.Command(Deno.execPath(), {
    args: [
      "run",
      "--quiet",
      "--no-check",
      "-A",
      "--config",
      join(ROOT, "deno.json"),
      join(ROOT, "sdk/command/main.ts"),
      "serve",
      ...folders,
    ],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let said = "";
  const ready = Promise.withResolvers<void>();
  const collect = async (stream: ReadableStream<Uint8Array<ArrayBuffer>>) => {
    for await (const chunk of stream.pipeThrough(new TextDecoderStream())) {
      said += chunk;
      if (said.includes(`ready ${name} (`)) ready.resolve();
    }
  };
  const collected = Promise.all([collect(child.stdout), collect(child.stderr)]);
  const ended = child.status.then(({ code }) => assert.fail(`serve ended with ${code}:\n${said}`));
  ended.catch(() => {});
  await Promise.race([ready.promise, ended]);
  return {
    said: () => said,
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await Promise.all([child.status, collected]);
    },
  };
}

/** The SHA-256 of the bundle that is served, once the supervisor has said it. */
async function servedBundle({ runtimeDir }: Layout, name: string, expected: string): Promise<void> {
  const file = join(runtimeDir, "workers", name, "status.json");
  for (let i = 0; i < 100; i++) {
    if (readStatus(file)?.bundle === expected) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  assert.equal(readStatus(file)?.bundle, expected);
}

const gate = (site: Site, text: string) =>
  site.source("gate", { "deno.json": `{ "exports": "./module.ts" }`, "module.ts": text });
const events = { progress: () => {}, confirm: () => Promise.resolve(true) };

Deno.test("findHome() finds nobody, and says what to run", async () => {
  using site = await makeSite();
  const home = findHome(site.layout);
  assert.equal(home.kind, "none");
  assert.equal(await home.isRunning("gate"), false);
  assert.match(home.describe("gate"), /run `pam-deno serve --config-dir /);
});

Deno.test("a running serve takes what is added, upgraded, rolled back and removed", async () => {
  using site = await makeSite();
  const { layout } = site;
  const other = site.source("other", {
    "deno.json": `{ "exports": "./module.ts" }`,
    "module.ts": moduleText(),
  });
  await site.add(other);
  await using serve = await startServe(site, "other");
  assert.equal(findHome(layout).kind, "serve");

  const first = await site.add(gate(site, moduleText()), { start: true });
  assert.equal(first.started, true);
  assert.match(first.selfTest!.answer, /./);
  await servedBundle(layout, "gate", first.sha256);
  assert.equal(Deno.readLinkSync(hookLink(layout, "gate")), "account");

  const second = await site.add(gate(site, moduleText("perm_denied")), { start: true });
  await servedBundle(layout, "gate", second.sha256);

  const back = await rollbackModule({ layout, name: "gate" }, events);
  assert.equal(back.sha256, first.sha256);
  await servedBundle(layout, "gate", first.sha256);
  await knock(socketPath(layout, "gate"));

  await removeModule({ layout, name: "gate" }, events);
  assert.throws(() => Deno.lstatSync(socketPath(layout, "gate")), Deno.errors.NotFound);
  assert.throws(() => Deno.lstatSync(hookLink(layout, "gate")), Deno.errors.NotFound);
  await knock(socketPath(layout, "other"));
  assert.ok(serve.said().includes("ready gate ("));
});

Deno.test("addModule() puts everything back if what it installed does not start, and the old worker goes on", async () => {
  using site = await makeSite();
  const { layout } = site;
  const { sha256 } = await site.add(gate(site, moduleText()));
  await using _serve = await startServe(site, "gate");
  const before = site.installed();
  // It loads, and declares the same each time but in a worker that is to serve.
  const crash = `${
    moduleText("perm_denied")
  }if (/worker[^/]*\\.js$/.test(Deno.mainModule)) throw new Error("not today");\n`;
  await assert.rejects(site.add(gate(site, crash), { start: true }), (error: Error) => {
    assert.equal(error.name, "InstallError");
    assert.match(
      error.message,
      /^gate was not changed: `pam-deno serve` did not take it, and goes on as before: failed/,
    );
    return true;
  });
  assert.deepEqual(site.installed(), before);
  assert.equal(readRecord(layout, "gate")!.current.sha256, sha256);
  await knock(socketPath(layout, "gate"));
  await servedBundle(layout, "gate", sha256);
  // The same for a module that was not there before.
  await assert.rejects(
    site.add(site.source("fresh", { "deno.json": `{ "exports": "./module.ts" }`, "module.ts": crash }), {
      start: true,
    }),
    {
      name: "InstallError",
    },
  );
  assert.deepEqual(site.installed(), before);
  assert.throws(() => Deno.statSync(configFile(layout, "fresh")), Deno.errors.NotFound);
});

Deno.test("findHome() tells at once why a running serve does not take a new module", async () => {
  // A checkout, where modules are served from their sources too.
  using site = await makeSite({ libDir: join(ROOT, "build") });
  const { layout } = site;
  await buildBundle(layout.libDir, "bundler", "sdk/install/bundler.ts");
  await site.add(gate(site, moduleText()));
  await using _serve = await startServe(site, "gate");
  const home = findHome(layout);
  const sources: Record<string, [module: string, config: object, problem: RegExp]> = {
    // All of it is found out before anybody listens.
    broken: [`throw new Error("not today");`, {}, /failed: broken: .*not today/],
    silent: [`export default {};`, {}, /failed: silent: /],
    asking: [moduleText("success", `permissions: { read: ["/etc/motd"] },`), {}, /failed: .*read/],
    mistyped: [moduleText(), { wrokers: 2 }, /failed: .*"wrokers" is not a key/],
  };
  for (const [name, [text, config, problem]] of Object.entries(sources)) {
    const module = join(
      site.source(name, { "deno.json": `{ "exports": "./module.ts" }`, "module.ts": text }),
      "module.ts",
    );
    Deno.writeTextFileSync(configFile(layout, name), JSON.stringify({ module, ...config }), { mode: 0o644 });
    const begin = performance.now();
    await assert.rejects(home.start(name), { name: "InstallError", message: problem });
    const took = performance.now() - begin;
    assert.ok(took < 10_000, `${name}: ${took} ms`);
    Deno.removeSync(configFile(layout, name));
  }
});

Deno.test("an add that is killed while the new worker starts is undone by the next command", async () => {
  using site = await makeSite();
  const { layout } = site;
  const { sha256 } = await site.add(gate(site, moduleText()));
  await using _serve = await startServe(site, "gate");
  const before = site.installed();
  gate(site, moduleText("perm_denied"));
  for (const step of ["reloading", "testing"]) {
    const options = JSON.stringify({ layout, specifier: join(site.path, "src/gate") });
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--no-check", "-A", "--config", join(ROOT, "deno.json"), ADD_PROGRAM, options],
      stdin: "null",
      stdout: "piped",
    }).spawn();
    let text = "";
    for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      if (!text.includes(`${step}\n`)) continue;
      child.kill("SIGKILL");
      break;
    }
    assert.equal((await child.status).signal, "SIGKILL");
    assert.equal(isPending(layout), true);
    // Any command that changes something does this first.
    await assert.rejects(removeModule({ layout, name: "gone" }, events), /there is no such module/);
    assert.deepEqual(site.installed(), before);
    await servedBundle(layout, "gate", sha256);
    await knock(socketPath(layout, "gate"));
  }
});

Deno.test("removeModule() refuses while a pam.d line names the module, and says which", async () => {
  using site = await makeSite();
  const { layout, path } = site;
  await site.add(gate(site, moduleText()));
  Deno.mkdirSync(join(path, "pam.d"));
  const file = join(path, "pam.d/sshd");
  Deno.writeTextFileSync(
    file,
    "# one\nauth required pam_unix.so\naccount required \\\n pam_deno.so timeout=2s gate\n",
  );
  const before = site.installed();
  await assert.rejects(removeModule({ layout, name: "gate" }, events), (error: Error) => {
    assert.ok(error.message.includes(`${file}:3`), error.message);
    return true;
  });
  assert.deepEqual(site.installed(), before);
  const declined = await removeModule({ layout, name: "gate", force: true }, {
    ...events,
    confirm: () => Promise.resolve(false),
  });
  assert.equal(declined.accepted, false);
  assert.deepEqual(site.installed(), before);
  const { stillNamed } = await removeModule({ layout, name: "gate", force: true }, events);
  assert.deepEqual(stillNamed, [`${file}:3`]);
  assert.deepEqual(Object.values(site.installed()).filter((text) => text !== ""), []);
  await assert.rejects(removeModule({ layout, name: "gate" }, events), /gate: there is no such module/);
});

Deno.test("removeModule() leaves what a module kept unless it is told to remove that too", async () => {
  using site = await makeSite();
  const { layout } = site;
  const kept = join(layout.keepDir, "gate", "ledger");
  const folder = gate(site, moduleText());
  await site.add(folder);
  Deno.mkdirSync(join(kept, ".."), { recursive: true });
  Deno.writeTextFileSync(kept, "x");
  await removeModule({ layout, name: "gate" }, events);
  assert.equal(Deno.readTextFileSync(kept), "x");
  await site.add(folder);
  await removeModule({ layout, name: "gate", purge: true }, events);
  assert.throws(() => Deno.statSync(join(kept, "..")), Deno.errors.NotFound);
});

Deno.test("removeModule() removes what a module kept where systemd put it, and follows no link", async () => {
  using site = await makeSite();
  const { layout, path } = site;
  await site.add(gate(site, moduleText()));
  const kept = join(layout.keepDir, "gate");
  const real = join(path, "private/keep/gate");
  const elsewhere = join(path, "elsewhere");
  writeFiles(path, { "private/keep/gate/ledger": "x", "private/keep/other/ledger": "x", "elsewhere/x": "x" });
  Deno.symlinkSync(elsewhere, join(real, "linked"));
  Deno.mkdirSync(layout.keepDir);
  Deno.symlinkSync("../private/keep/gate", kept);
  const { removed } = await removeModule({ layout, name: "gate", purge: true }, events);
  assert.deepEqual(removed.slice(-2), [kept, real]);
  for (const gone of [kept, real]) assert.throws(() => Deno.lstatSync(gone), Deno.errors.NotFound);
  assert.equal(Deno.readTextFileSync(join(path, "private/keep/other/ledger")), "x");
  assert.equal(Deno.readTextFileSync(join(elsewhere, "x")), "x");
});

Deno.test("rollbackModule() restores bundle and configuration, and can go back in turn", async () => {
  using site = await makeSite();
  const { layout } = site;
  await assert.rejects(rollbackModule({ layout, name: "gate" }, events), /gate: it was not added/);
  const first = await site.add(gate(site, moduleText()));
  const file = configFile(layout, "gate");
  await assert.rejects(rollbackModule({ layout, name: "gate" }, events), /there is nothing to go back to/);
  const own = Deno.readTextFileSync(file).replace("{", "{ // ours\n");
  Deno.writeTextFileSync(file, own);
  const second = await site.add(
    gate(site, moduleText("perm_denied", `permissions: { read: ["/etc/motd"] },`)),
  );
  const changed = Deno.readTextFileSync(file);
  const third = await site.add(gate(site, moduleText("acct_expired")));
  let shown;
  const back = await rollbackModule({ layout, name: "gate", to: first.sha256.slice(0, 10), start: false }, {
    ...events,
    confirm: (plan) => {
      shown = plan.permissions;
      return Promise.resolve(true);
    },
  });
  assert.deepEqual(shown, { added: [], removed: [`read "/etc/motd"`], kept: [] });
  assert.equal(back.sha256, first.sha256);
  assert.equal(Deno.readTextFileSync(file), own);
  const { current, previous } = readRecord(layout, "gate")!;
  assert.equal(current.sha256, first.sha256);
  assert.deepEqual(previous.map(({ sha256 }) => sha256), [third.sha256, second.sha256]);
  await rollbackModule({ layout, name: "gate", to: second.sha256, start: false }, events);
  assert.equal(Deno.readTextFileSync(file), changed);
  await assert.rejects(
    rollbackModule({ layout, name: "gate", to: "0".repeat(10) }, events),
    new RegExp(`no earlier bundle begins with 0000000000; there are\\n  ${first.sha256.slice(0, 16)} `),
  );
});

Deno.test("rollbackModule() refuses a bundle that is not what was installed", async () => {
  using site = await makeSite();
  const { layout } = site;
  const first = await site.add(gate(site, moduleText()));
  await site.add(gate(site, moduleText("perm_denied")));
  const bundle = join(layout.stateDir, "modules/gate", `${first.sha256}.js`);
  Deno.writeTextFileSync(bundle, "export default 1;");
  const before = site.installed();
  await assert.rejects(rollbackModule({ layout, name: "gate" }, events), /is not what was installed/);
  assert.deepEqual(site.installed(), before);
});
