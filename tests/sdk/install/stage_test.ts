// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { join } from "node:path";
import { copySources, findLocalModule } from "../../../sdk/install/stage.ts";
import { contents } from "./site.ts";
import { makeFolder, writeFiles } from "./folders.ts";

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

Deno.test("copySources() refuses a folder that no module is", () => {
  using folder = makeFolder();
  const [from, to] = [join(folder.path, "from"), join(folder.path, "to")];
  Deno.mkdirSync(from);
  for (let i = 0; i <= 5_000; i++) Deno.writeTextFileSync(join(from, `${i}`), "");
  Deno.mkdirSync(to);
  assert.throws(() => copySources(from, to), /more than 5000 files: it is copied as a whole/);
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

Deno.test("findLocalModule() finds the folder that says what the module is", () => {
  using folder = makeFolder();
  const { path } = folder;
  writeFiles(path, { "a/deno.json": "{}", "a/src/module.ts": "", "b/policy.ts": "" });
  assert.deepEqual(findLocalModule(join(path, "a")), { folder: join(path, "a"), main: undefined });
  assert.deepEqual(findLocalModule(join(path, "a/src/module.ts")), {
    folder: join(path, "a"),
    main: "src/module.ts",
  });
  assert.deepEqual(findLocalModule(join(path, "b/policy.ts")), {
    folder: join(path, "b"),
    main: "policy.ts",
  });
});
