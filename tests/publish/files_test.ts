// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { join } from "node:path";
import { PublishError, readPackage } from "../../scripts/publish/package.ts";
import { type Package, packageFindings } from "../../scripts/publish/rules.ts";

const ROOT = Deno.realPathSync(join(import.meta.dirname!, "../.."));
const LICENSE = Deno.readTextFileSync(join(ROOT, "LICENSE"));
const { workspace } = JSON.parse(Deno.readTextFileSync(join(ROOT, "deno.json")));

for (const folder of [".", ...workspace as string[]]) {
  Deno.test(`the package in ${folder} is what is meant to be published`, async () => {
    const found = await readPackage(join(ROOT, folder));
    assert.deepEqual([...packageFindings(found, LICENSE)], []);
    assert.ok(found.reached.length > 0 && found.reached.every((path) => path.endsWith(".ts")));
  });
}

Deno.test("the SDK publishes what authors import, and nothing of the command", async () => {
  const { files } = await readPackage(ROOT);
  for (const path of ["mod.ts", "sdk/testing/mod.ts", "sdk/libpam/mod.ts"]) assert.ok(files.has(path), path);
  const others = [...files.keys()].filter((path) =>
    /^sdk\/(?:author|check|command|config|install|status|supervisor|worker)\//.test(path)
  );
  assert.deepEqual(others, []);
});

const WELL: Package = {
  name: "@pam-deno/totp",
  reached: ["module.ts"],
  files: new Map([
    ["LICENSE", LICENSE],
    ...["README.md", "deno.json", "enroll.ts", "module.ts", "pam.d"].map((path) => [path, ""] as const),
  ]),
};

/** What is found in a package that is well but for these files: with another text, or `undefined` for none. */
function findings(
  change: Readonly<Record<string, string | undefined>>,
  more: Partial<Package> = {},
): string[] {
  const files = new Map(WELL.files);
  for (const [path, text] of Object.entries(change)) {
    if (text === undefined) files.delete(path);
    else files.set(path, text);
  }
  return [...packageFindings({ ...WELL, files, ...more }, LICENSE)];
}

Deno.test("packageFindings() has nothing to say of a package that is as it should be", () => {
  assert.deepEqual(findings({}), []);
});

const PLANTED:
  readonly (readonly [what: string, change: Record<string, string | undefined>, finding: RegExp])[] = [
    ["a test", { "module_test.ts": "" }, /module_test\.ts is a test: exclude it/],
    ["a folder of tests", { "tests/scene.ts": "" }, /tests\/scene\.ts is a test/],
    [
      "something built",
      { "build/module.js": "" },
      /build\/module\.js is something that was built or fetched/,
    ],
    ["a hidden file", { ".env": "" }, /\.env is hidden or a key/],
    ["a key by its name", { "server.pem": "" }, /server\.pem is hidden or a key/],
    [
      "a key by its text",
      { "pam.d": `-----BEGIN EC ${"PRIVATE"} KEY-----` },
      /pam\.d has a private key in it/,
    ],
    ["a token", { "pam.d": `npm_${"a1B2".repeat(9)}` }, /pam\.d has a token in it/],
    ["what no export reaches", { "scene.ts": "" }, /scene\.ts is published and no export reaches it/],
    [
      "a missing export",
      { "module.ts": undefined },
      /module\.ts is reached by its exports and is not published/,
    ],
    ["a missing README", { "README.md": undefined }, /README\.md belongs to it and is not published/],
    ["a missing LICENSE", { LICENSE: undefined }, /LICENSE belongs to it and is not published/],
    ["another LICENSE", { LICENSE: "All rights reserved\n" }, /its LICENSE is not that of this tree/],
  ];

for (const [what, change, finding] of PLANTED) {
  Deno.test(`packageFindings() finds ${what}`, () => {
    assert.ok(findings(change).some((found) => finding.test(found)), findings(change).join("\n"));
  });
}

Deno.test("packageFindings() wants every package to be named", () => {
  assert.match(findings({}, { name: "@pam-deno/stranger" })[0]!, /nobody has said what belongs to it/);
});

Deno.test("readPackage() refuses slow types, and a folder that is no package", async () => {
  const folder = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "pam-deno-slow-" }));
  try {
    const manifest = { name: "@example/slow", version: "0.1.0", license: "MIT", exports: "./module.ts" };
    Deno.writeTextFileSync(join(folder, "deno.json"), JSON.stringify(manifest));
    Deno.writeTextFileSync(join(folder, "module.ts"), "export const of = [1].map((one) => [one]);\n");
    await assert.rejects(readPackage(folder), (error: Error) => {
      assert.ok(error instanceof PublishError);
      assert.match(error.message, /missing-explicit-type|slow types/);
      return true;
    });
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});
