// SPDX-License-Identifier: MIT
/**
 * What of a folder becomes a part of what is installed, who decides that, and who can see it meanwhile.
 *
 * @module
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { stagesDir } from "../../../sdk/install/stage.ts";
import { addModule } from "../../../sdk/install/add.ts";
import { formatPlan } from "../../../sdk/install/plan.ts";
import { bundleFile } from "../../../sdk/install/record.ts";
import { makeFolder, writeFiles } from "./folders.ts";
import { contents, makeSite, moduleText } from "./site.ts";

const AS_ROOT = { ignore: Deno.uid() !== 0 };
/** A user id that is nobody's. */
const STRANGER = 64_322;
const SECRET = "nobody may read this";
const TAKES_SECRET =
  `import secret from "./secret.txt" with { type: "text" };\nconsole.log(secret);\n${moduleText()}`;

Deno.test({
  name: "addModule() takes nothing that a stranger put above the file",
  ...AS_ROOT,
  async fn() {
    using site = await makeSite();
    const folder = site.source("shared", {
      "deno.json": `{ "imports": { "@std/assert": "./evil.ts" } }`,
      "evil.ts": `console.log("${SECRET}");`,
      "own/policy.ts": `import "@std/assert";\n${moduleText()}`,
    });
    Deno.chmodSync(folder, 0o1777);
    for (const name of ["deno.json", "evil.ts"]) Deno.chownSync(join(folder, name), STRANGER, STRANGER);
    await assert.rejects(site.add(join(folder, "own/policy.ts")), {
      name: "InstallError",
      message:
        /shared\/deno\.json would say what it imports, and others than its owner could have written that/,
    });
    assert.deepEqual(site.plans, []);
  },
});

Deno.test("addModule() takes a file without a deno.json beside it alone, and says so if it needs more", async () => {
  using site = await makeSite();
  const folder = site.source("home", {
    "package.json": "{}",
    "secret.txt": SECRET,
    "bin/policy.ts": TAKES_SECRET,
    "bin/secret.txt": SECRET,
    "bin/gate.ts": moduleText(),
  });
  for (const manifest of ["there", "gone"]) {
    if (manifest === "gone") Deno.removeSync(join(folder, "package.json"));
    await assert.rejects(site.add(join(folder, "bin/policy.ts")), (error: Error) => {
      assert.match(error.message, /bin\/policy\.ts was taken alone, since no deno\.json is beside it/);
      assert.doesNotMatch(error.message, new RegExp(SECRET));
      return true;
    });
  }
  const { plan } = await site.add(join(folder, "bin/gate.ts"));
  assert.deepEqual(plan.copied, { folder: join(folder, "bin"), files: 1 });
  assert.ok(formatPlan(plan).includes(`    made of a copy of ${join(folder, "bin")} (1 file)`));
});

Deno.test("addModule() takes a file's names of packages from the nearest deno.json, and nothing else from there", async () => {
  using site = await makeSite();
  const folder = site.source("checkout", {
    "deno.json":
      `{ "name": "@pam-deno/sdk", "exports": "./gone.ts", "workspace": [], "imports": { "own": "node:path" } }`,
    "private.ts": "",
    "examples/gate.ts": `import { sep } from "own";\nconsole.log(sep);\n${moduleText()}`,
  });
  const { plan, sha256 } = await site.add(join(folder, "examples/gate.ts"));
  assert.deepEqual(plan.copied, { folder, files: 1 });
  assert.equal(plan.specifier, join(folder, "examples/gate.ts"));
  assert.match(Deno.readTextFileSync(bundleFile(site.layout, "gate", sha256)), /from "node:path"/);
});

Deno.test({
  name: "addModule() lets nobody into what it copied, and has removed it before it asks",
  ...AS_ROOT,
  async fn() {
    using site = await makeSite();
    const { layout } = site;
    const folder = site.source("gate", {
      "deno.json": `{ "exports": "./module.ts" }`,
      "module.ts": moduleText(),
      "secret.txt": SECRET,
    });
    Deno.chmodSync(folder, 0o700);
    const seen: string[] = [];
    await addModule({ layout, specifier: folder, start: false }, {
      progress(step) {
        if (step !== "loading it without permissions") return;
        const [stage] = Deno.readDirSync(stagesDir(layout));
        const path = join(stagesDir(layout), stage!.name);
        assert.ok(Object.values(contents(path)).includes(SECRET));
        const { mode, uid, gid } = Deno.statSync(path);
        seen.push(`${uid} ${gid} ${(mode! & 0o777).toString(8)}`);
      },
      confirm() {
        assert.equal(Object.values(contents(layout.stateDir)).includes(SECRET), false);
        assert.throws(() => Deno.statSync(stagesDir(layout)), Deno.errors.NotFound);
        seen.push("asked");
        return Promise.resolve(false);
      },
    });
    assert.deepEqual(seen, ["0 0 700", "asked"]);
  },
});

/** A site whose bundler was talked into answering something else. */
async function lyingSite(answer: unknown) {
  const lib = makeFolder();
  Deno.chmodSync(lib.path, 0o755);
  writeFiles(lib.path, { "bundler.js": `console.log(${JSON.stringify(JSON.stringify(answer))});` });
  const site = await makeSite({ libDir: lib.path });
  return {
    site,
    [Symbol.dispose]() {
      site[Symbol.dispose]();
      lib[Symbol.dispose]();
    },
  };
}

Deno.test("addModule() installs the ready bundle whose hash was given, whatever the bundler answers", async () => {
  using lying = await lyingSite({ main: "bundle.js", code: `console.log("another");` });
  const ready = join(lying.site.path, "policy.js");
  Deno.writeTextFileSync(ready, "export default 1;\n");
  const sha256 = new Uint8Array(await crypto.subtle.digest("SHA-256", Deno.readFileSync(ready))).toHex();
  await assert.rejects(lying.site.add(ready, { sha256 }), {
    name: "InstallError",
    message: /it answers with another module than it was asked for/,
  });
});

for (
  const main of ["../x.ts", "a/../../x.ts", "a\n/../../x.ts", "a\n../x.ts", "/etc/passwd", "\u001b[2Jx.ts"]
) {
  Deno.test(`addModule() takes no ${JSON.stringify(main)} for the name of a main file`, async () => {
    using lying = await lyingSite({ main, code: "export default 1;" });
    const folder = lying.site.source("gate", { "deno.json": "{}" });
    await assert.rejects(lying.site.add(folder), { name: "InstallError", message: /the bundler failed/ });
    assert.deepEqual(lying.site.plans, []);
  });
}

Deno.test("addModule() takes no other main file than the one that was named", async () => {
  using lying = await lyingSite({ main: "other.ts", code: "export default 1;" });
  const folder = lying.site.source("gate", { "module.ts": moduleText() });
  await assert.rejects(lying.site.add(join(folder, "module.ts")), {
    name: "InstallError",
    message: /another module/,
  });
});
