// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { join } from "node:path";
import { bundleModule, refuseImports } from "../../../sdk/install/bundle.ts";
import { makeFolder, ROOT } from "./folders.ts";

/** Writes files, by their paths in a new folder. */
function project(files: Record<string, string>): Disposable & { path: string; out: string } {
  const folder = makeFolder();
  for (const [name, text] of Object.entries(files)) {
    const path = join(folder.path, "src", name);
    Deno.mkdirSync(join(path, ".."), { recursive: true });
    Deno.writeTextFileSync(path, text);
  }
  const out = join(folder.path, "out");
  Deno.mkdirSync(out);
  return { path: join(folder.path, "src"), out, [Symbol.dispose]: () => folder[Symbol.dispose]() };
}

const bundle = (source: { path: string; out: string }, main = "module.ts") =>
  bundleModule({ entry: join(source.path, main), sdk: ROOT, into: source.out });

const SDK = `import { defineModule } from "@pam-deno/sdk";\n`;
const MODULE = `export default defineModule({ account: () => "success" });\n`;

/** What is left in the folder of bundles; nothing of a module that was refused may be. */
const left = (source: { out: string }) => [...Deno.readDirSync(source.out)].map(({ name }) => name);

Deno.test("bundleModule() names a bundle by the SHA-256 of its bytes, wherever its sources are", async () => {
  const files = {
    "deno.json":
      `{ "imports": { "valibot": "npm:valibot@^1.5.0", "own/": "./lib/" }, /* comments are fine */ }`,
    "module.ts":
      `${SDK}import * as v from "valibot";\nimport { x } from "own/x.ts";\nconsole.log(v.string, x);\n${MODULE}`,
    "lib/x.ts": `export const x: number = 1;\n`,
  };
  using one = project(files);
  using two = project(files);
  const [a, b] = [await bundle(one), await bundle(two)];
  assert.equal(a.sha256, b.sha256);
  const bytes = Deno.readFileSync(a.file);
  assert.equal(new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex(), a.sha256);
  assert.deepEqual(bytes, Deno.readFileSync(b.file));
  const text = new TextDecoder().decode(bytes);
  assert.match(text, /^\/\/ npm\/valibot\//m);
  assert.equal(text.includes(one.path), false);
  const [, map] = text.match(/^\/\/# sourceMappingURL=([0-9a-f]{64}\.js\.map)$/m)!;
  const { sources } = JSON.parse(Deno.readTextFileSync(join(one.out, map!)));
  assert.ok(sources.includes("module/module.ts") && sources.includes("module/lib/x.ts"), sources.join(" "));
  assert.deepEqual(left(one).sort(), [`${a.sha256}.js`, map].sort());
});

Deno.test("bundleModule() takes the SDK that is installed, whatever the module's deno.json says", async () => {
  using source = project({
    "deno.json": `{ "imports": { "@pam-deno/sdk": "jsr:@pam-deno/sdk@^9" } }`,
    "module.ts": SDK + MODULE,
  });
  assert.match(Deno.readTextFileSync((await bundle(source)).file), /^\/\/ sdk\/sdk\/module\.ts$/m);
});

Deno.test("bundleModule() takes a file without a deno.json, and its neighbours", async () => {
  using source = project({ "module.ts": `import "./a/b.ts";\n${SDK}${MODULE}`, "a/b.ts": "console.log(1);" });
  await bundle(source);
});

const refusals: [string, Record<string, string>, RegExp][] = [
  ["a file that is not there", { "other.ts": "" }, /module\.ts: there is no such file: check "module"$/],
  ["a missing import", { "module.ts": `import "./gone.ts";` }, /module\.ts:|gone\.ts/],
  [
    "an import that no deno.json names",
    { "module.ts": `import "nothing";` },
    /Import "nothing" not a dependency/,
  ],
  [
    "an import map of its own",
    { "deno.json": `{ "importMap": "x.json" }`, "module.ts": "" },
    /"importMap" is not supported: use "imports"$/,
  ],
  [
    "a deno.json that is none",
    { "deno.json": `{\n  "exports": "./module.ts",,\n}`, "module.ts": "" },
    /\/deno\.json:2: not JSON with comments: property name expected: mend it$/,
  ],
  ["a syntax error", { "module.ts": `export default {{;` }, /module\.ts: .*/],
  [
    "a file outside its folder",
    { "module.ts": `import text from "/etc/hostname" with { type: "text" }; console.log(text);` },
    /^BundleError: \/etc\/hostname is imported but stands outside the module's folder .*: move it there, or put a deno\.json in a folder that holds both, and add that folder$/,
  ],
  [
    "a file outside its folder whose name the bundler puts together",
    {
      "module.ts":
        `const text = await import("/etc/host" + "name", { with: { type: "text" } }); console.log(text);`,
    },
    /etc\/hostname/,
  ],
  [
    "a file above its folder",
    { "deno.json": "{}", "module.ts": `import "../out.ts";`, "../out.ts": "" },
    /out\.ts is imported but stands outside/,
  ],
];

for (const [what, files, message] of refusals) {
  Deno.test(`bundleModule() refuses ${what}, and leaves nothing`, async () => {
    using source = project(files);
    await assert.rejects(bundle(source), message);
    assert.deepEqual(left(source), []);
  });
}

Deno.test("bundleModule() refuses a symbolic link that leads out of the module's folder", async () => {
  using source = project({
    "module.ts": `import text from "./inside.txt" with { type: "text" }; console.log(text);`,
  });
  Deno.symlinkSync("/etc/hostname", join(source.path, "inside.txt"));
  await assert.rejects(
    bundle(source),
    /inside\.txt \(that is \/etc\/hostname\) is imported but stands outside/,
  );
  assert.deepEqual(left(source), []);
});

Deno.test("bundleModule() never runs the module", async () => {
  using source = project({
    "module.ts": `${SDK}Deno.writeTextFileSync(${JSON.stringify("/tmp/pam-deno-ran")}, "");\n${MODULE}`,
  });
  await bundle(source);
  assert.throws(() => Deno.statSync("/tmp/pam-deno-ran"), Deno.errors.NotFound);
});

for (
  const [what, code, name] of [
    ["a static import", `import "./other.js";`, "./other.js"],
    ["a re-export", `export * from "https://example.com/x.js";`, "https://example.com/x.js"],
    ["a dynamic import", `export const load = () => import("npm:left-pad");`, "npm:left-pad"],
    [
      "a text import",
      `import text from "/etc/hostname" with { type: "text" }; console.log(text);`,
      "/etc/hostname",
    ],
  ] as const
) {
  Deno.test(`refuseImports() refuses ${what} that is left in a bundle`, async () => {
    using source = project({ "bundle.js": `import "node:fs";\n${code}\n` });
    await assert.rejects(refuseImports(join(source.path, "bundle.js"), source.path), {
      name: "BundleError",
      message: `the bundle still imports ${
        JSON.stringify(name)
      }: only \`node:\` may be imported at run time; import it statically by its name`,
    });
  });
}

Deno.test("refuseImports() takes a bundle that imports nothing but node:", async () => {
  using source = project({
    "bundle.js": `import "node:fs";\nexport const load = () => import("node:net");\n`,
  });
  await refuseImports(join(source.path, "bundle.js"), source.path);
});

Deno.test("bundleModule() refuses a package that would inline a file outside, whichever way it imports it", async () => {
  using source = project({
    "deno.json": `{ "imports": { "valibot": "npm:valibot@^1.5.0" } }`,
    "module.ts": `${SDK}import * as v from "valibot";\nconsole.log(v.string);\n${MODULE}`,
    "../npm/outside.txt": "canary",
  });
  const { success, stdout } = await new Deno.Command(Deno.execPath(), { args: ["info", "--json"] }).output();
  assert.ok(success);
  const { npmCache } = JSON.parse(new TextDecoder().decode(stdout));
  const cache = join(source.path, "..", "cache");
  Deno.mkdirSync(cache);
  await new Deno.Command("cp", { args: ["-r", npmCache, join(cache, "npm")] }).output();
  const before = Deno.env.get("DENO_DIR");
  Deno.env.set("DENO_DIR", cache);
  try {
    const mains = new TextDecoder().decode(
      (await new Deno.Command("find", { args: [cache, "-path", "*/valibot/*/dist/index.mjs"] }).output())
        .stdout,
    ).trim().split("\n");
    const own = mains.map((main) => Deno.readTextFileSync(main));
    const outside = Deno.realPathSync(join(source.path, "..", "npm", "outside.txt"));
    for (const type of ["text", "bytes"]) {
      const line = `import x from ${JSON.stringify(outside)} with { type: "${type}" };\nglobalThis.x = x;\n`;
      mains.forEach((main, i) => Deno.writeTextFileSync(main, line + own[i]));
      await assert.rejects(
        bundle(source),
        /npm\/outside\.txt would be bundled: a package imports it from outside$/,
      );
      assert.deepEqual(left(source), []);
    }
    mains.forEach((main, i) => Deno.writeTextFileSync(main, own[i]!));
    await bundle(source);
  } finally {
    if (before === undefined) Deno.env.delete("DENO_DIR");
    else Deno.env.set("DENO_DIR", before);
  }
});

Deno.test("bundleModule() takes what names the imports from the folder that it is told, and from nothing above", async () => {
  const files = {
    "deno.json": `{ "imports": { "planted": "./planted.ts" } }`,
    "planted.ts": `console.log("planted");`,
    "own/module.ts": `import "planted";\n${SDK}${MODULE}`,
  };
  using source = project(files);
  const entry = join(source.path, "own/module.ts");
  await assert.rejects(
    bundleModule({ entry, root: join(source.path, "own"), sdk: ROOT, into: source.out }),
    /Import "planted" not a dependency/,
  );
});
