// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { join } from "node:path";
import { layoutWith } from "../../../sdk/config/layout.ts";
import { copySources, findLocalModule, makeStage } from "../../../sdk/install/stage.ts";
import { makeFolder, ROOT, writeFiles } from "./folders.ts";
import { contents } from "./site.ts";

const AS_ROOT = { ignore: Deno.uid() !== 0 };
/** A user id that is nobody's. */
const STRANGER = 64_321;

const SECRET = "nobody may read this";
/** How often a folder is copied while somebody exchanges what is in it. */
const COPIES = 300;

Deno.test("copySources() copies regular files, and no link, hidden file or installed package", () => {
  using folder = makeFolder();
  const [from, to] = [join(folder.path, "from"), join(folder.path, "to")];
  writeFiles(from, {
    "module.ts": "1",
    "lib/x.ts": "2",
    ".env": "secret",
    ".git/config": "x",
    "node_modules/a/index.js": "x",
  });
  Deno.symlinkSync("/etc/hostname", join(from, "linked"));
  Deno.symlinkSync("/etc", join(from, "lib/linked"));
  Deno.mkdirSync(to);
  const { links, foreign } = copySources(from, to);
  assert.deepEqual(links.toSorted(), [join(from, "lib/linked"), join(from, "linked")]);
  assert.equal(foreign, undefined);
  assert.deepEqual(contents(to), {
    [join(to, "lib/")]: "",
    [join(to, "lib/x.ts")]: "2",
    [join(to, "module.ts")]: "1",
  });
});

Deno.test("copySources() names what others could have changed", () => {
  using folder = makeFolder();
  const [from, to] = [join(folder.path, "from"), join(folder.path, "to")];
  writeFiles(from, { "module.ts": "1" });
  Deno.chmodSync(join(from, "module.ts"), 0o666);
  Deno.mkdirSync(to);
  assert.equal(copySources(from, to).foreign, join(from, "module.ts"));
});

for (
  const [what, make] of [
    ["files", (path) => Deno.writeTextFileSync(path, "")],
    ["folders", (path) => Deno.mkdirSync(path)],
    ["links", (path) => Deno.symlinkSync("/etc", path)],
  ] satisfies [string, (path: string) => void][]
) {
  Deno.test(`copySources() refuses a folder that no module is: too many ${what}`, () => {
    using folder = makeFolder();
    const [from, to] = [join(folder.path, "from"), join(folder.path, "to")];
    Deno.mkdirSync(from);
    for (let i = 0; i <= 5_000; i++) make(join(from, `${i}`));
    Deno.mkdirSync(to);
    assert.throws(() => copySources(from, to), /more than 5000 files and folders: it is copied as a whole/);
  });
}

Deno.test("copySources() copies only what is named, if something is", () => {
  using folder = makeFolder();
  const [from, to] = [join(folder.path, "from"), join(folder.path, "to")];
  writeFiles(from, { "deno.json": "{}", "a/module.ts": "1", "a/secret": "x", "secret": "x" });
  Deno.symlinkSync("/etc/hostname", join(from, "linked"));
  Deno.mkdirSync(to);
  const { files, links } = copySources(from, to, ["a/module.ts", "deno.json", "linked", "gone"]);
  assert.deepEqual([files, links], [2, [join(from, "linked")]]);
  assert.deepEqual(contents(to), {
    [join(to, "a/")]: "",
    [join(to, "a/module.ts")]: "1",
    [join(to, "deno.json")]: "{}",
  });
});

Deno.test({
  name:
    "copySources() leaves out what the folder's owner may not read, a second name of such a file included",
  ...AS_ROOT,
  fn() {
    using folder = makeFolder();
    const [from, to] = [join(folder.path, "from"), join(folder.path, "to")];
    writeFiles(folder.path, {
      "shadow": SECRET,
      "from/module.ts": "1",
      "from/own": "2",
      "from/shared": "3",
      "from/closed/x": SECRET,
    });
    Deno.chmodSync(join(folder.path, "shadow"), 0o640);
    Deno.linkSync(join(folder.path, "shadow"), join(from, "second"));
    Deno.chmodSync(join(from, "closed"), 0o700);
    Deno.chmodSync(join(from, "own"), 0o600);
    for (const path of [from, join(from, "module.ts"), join(from, "own")]) {
      Deno.chownSync(path, STRANGER, STRANGER);
    }
    Deno.mkdirSync(to);
    const { closed, files } = copySources(from, to);
    assert.deepEqual(closed, [join(from, "closed"), join(from, "second")]);
    assert.equal(files, 3);
    assert.deepEqual(Object.values(contents(to)).toSorted(), ["1", "2", "3"]);
  },
});

Deno.test("copySources() reads nothing outside, however quickly somebody exchanges folders and files for links", async () => {
  using folder = makeFolder();
  const { path } = folder;
  writeFiles(path, {
    "outside/x.ts": SECRET,
    "from/lib/x.ts": "1",
    "from/x.ts": "1",
    "attack.ts": `const from = Deno.args[0];
      const swap = (name, target) => {
        const at = from + "/from/" + name;
        Deno.renameSync(at, from + "/aside");
        Deno.symlinkSync(target, at);
        Deno.removeSync(at);
        Deno.renameSync(from + "/aside", at);
      };
      Deno.stdout.writeSync(new Uint8Array(1));
      for (;;) { swap("lib", from + "/outside"); swap("x.ts", from + "/outside/x.ts"); }`,
  });
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-check", "--no-config", "-A", join(path, "attack.ts"), path],
    stdin: "null",
    stdout: "piped",
  }).spawn();
  try {
    const reader = child.stdout.getReader();
    await reader.read();
    let links = 0;
    for (let i = 0; i < COPIES; i++) {
      const to = join(path, "to");
      Deno.mkdirSync(to);
      links += copySources(join(path, "from"), to).links.length;
      assert.equal(Object.values(contents(to)).includes(SECRET), false);
      Deno.removeSync(to, { recursive: true });
    }
    assert.ok(links > 0, "nothing was exchanged meanwhile");
    await reader.cancel();
  } finally {
    child.kill("SIGKILL");
    await child.status;
  }
});

Deno.test("findLocalModule() finds the folder that says what the module is, and what of it is the module", () => {
  using folder = makeFolder();
  const { path } = folder;
  writeFiles(path, {
    "a/deno.json": "{}",
    "a/deno.lock": "{}",
    "a/module.ts": "",
    "a/src/module.ts": "",
    "b/policy.ts": "",
    "b/secret": "",
  });
  const a = join(path, "a");
  const manifests = ["deno.json", "deno.lock"];
  assert.deepEqual(findLocalModule(a), { folder: a, main: undefined, alone: false, manifests });
  assert.deepEqual(findLocalModule(join(a, "module.ts")), {
    folder: a,
    main: "module.ts",
    alone: false,
    manifests,
  });
  assert.deepEqual(findLocalModule(join(a, "src/module.ts")), {
    folder: a,
    main: "src/module.ts",
    alone: true,
    manifests,
  });
  assert.deepEqual(findLocalModule(join(path, "b/policy.ts")), {
    folder: join(path, "b"),
    main: "policy.ts",
    alone: true,
    manifests: [],
  });
});

const PLANTED: [what: string, plant: (folder: string) => void][] = [
  ["a manifest of somebody else", (folder) => Deno.chownSync(join(folder, "deno.json"), STRANGER, STRANGER)],
  ["a manifest that everybody may write", (folder) => Deno.chmodSync(join(folder, "deno.json"), 0o666)],
  ["a folder of somebody else", (folder) => Deno.chownSync(folder, STRANGER, STRANGER)],
  ["a folder like /tmp", (folder) => Deno.chmodSync(folder, 0o1777)],
];
for (const [what, plant] of PLANTED) {
  for (const main of ["module.ts", "src/module.ts"]) {
    Deno.test({
      name: `findLocalModule() lets ${what} decide nothing about ${main}`,
      ...AS_ROOT,
      fn() {
        using folder = makeFolder();
        const { path } = folder;
        writeFiles(path, { "deno.json": "{}", [main]: "" });
        plant(path);
        assert.throws(() => findLocalModule(join(path, main)), {
          name: "StageError",
          message: /deno\.json would say what it imports, and others than its owner could have written that/,
        });
        // Whoever names the folder means it.
        assert.equal(findLocalModule(path).alone, false);
      },
    });
  }
}

Deno.test({
  name: "findLocalModule() takes the manifest of whoever owns the file",
  ...AS_ROOT,
  fn() {
    using folder = makeFolder();
    const { path } = folder;
    writeFiles(path, { "deno.json": "{}", "module.ts": "" });
    for (const name of ["", "deno.json", "module.ts"]) Deno.chownSync(join(path, name), STRANGER, STRANGER);
    assert.equal(findLocalModule(join(path, "module.ts")).folder, path);
  },
});

Deno.test("findLocalModule() looks for no manifest above a folder that everybody may write", () => {
  using folder = makeFolder();
  const { path } = folder;
  writeFiles(path, { "deno.json": "{}", "shared/policy.ts": "" });
  Deno.chmodSync(join(path, "shared"), 0o1777);
  assert.deepEqual(findLocalModule(join(path, "shared/policy.ts")).manifests, []);
});

Deno.test("makeStage() makes a folder that nobody else can pass through", () => {
  using folder = makeFolder();
  using stage = makeStage(layoutWith({ stateDir: join(folder.path, "state") }));
  assert.equal(Deno.statSync(stage.path).mode! & 0o777, 0o700);
});

for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
  Deno.test(`makeStage() leaves nothing when ${signal} ends the command`, async () => {
    using folder = makeFolder();
    const stateDir = join(folder.path, "state");
    const code = `import { makeStage } from ${JSON.stringify(join(ROOT, "sdk/install/stage.ts"))};
      const stage = makeStage({ stateDir: ${JSON.stringify(stateDir)} });
      Deno.writeTextFileSync(stage.path + "/secret", "x");
      console.log("made");
      await new Promise((resolve) => setTimeout(resolve, 60_000));`;
    const args = ["eval", "--quiet", "--no-check", "--config", join(ROOT, "deno.json"), code];
    const child = new Deno.Command(Deno.execPath(), { args, stdin: "null", stdout: "piped" }).spawn();
    const reader = child.stdout.getReader();
    assert.equal(new TextDecoder().decode((await reader.read()).value), "made\n");
    child.kill(signal);
    assert.equal((await child.status).signal, signal);
    await reader.cancel();
    assert.deepEqual(contents(stateDir), {});
  });
}
