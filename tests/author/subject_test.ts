// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { join } from "node:path";
import { bundleSubject, SubjectBundleError } from "../../sdk/author/bundle.ts";
import { findSubject } from "../../sdk/author/subject.ts";
import { checkTypes } from "../../sdk/author/type_check.ts";
import { accountModule, Folder, LAYOUT, ROOT } from "./scene.ts";

const GOOD = accountModule(`return "success";`);

Deno.test("findSubject() finds a folder's main file, and a file's folder", () => {
  const folder = findSubject(join(ROOT, "examples/time-of-day"));
  assert.equal(folder.file, join(ROOT, "examples/time-of-day/module.ts"));
  assert.equal(folder.configFile, join(ROOT, "examples/time-of-day/deno.json"));
  assert.equal(folder.name, "time-of-day");
  const file = findSubject(join(ROOT, "examples/time-of-day/policy.ts"));
  assert.deepEqual([file.folder, file.name], [join(ROOT, "examples/time-of-day"), "policy"]);
});

Deno.test("findSubject() says what is missing, and where to write it", () => {
  using folder = new Folder({ "module.ts": GOOD });
  assert.throws(
    () => findSubject(folder.path),
    /no deno\.json in it says .* write "exports": ".\/module\.ts"/,
  );
  assert.throws(() => findSubject(join(folder.path, "other.ts")), /there is no such file or folder/);
  folder.write("deno.json", `{ "exports": "./mdoule.ts" }`);
  assert.throws(() => findSubject(folder.path), /names the main file mdoule\.ts, which is not there/);
});

Deno.test("bundleSubject() names the import that cannot be found", async () => {
  using folder = new Folder({ "module.ts": `import "./gone.ts";\n${GOOD}` });
  using into = new Folder();
  await assert.rejects(
    bundleSubject(findSubject(join(folder.path, "module.ts")), LAYOUT, into.path),
    (error) => error instanceof SubjectBundleError && /gone\.ts/.test(error.message),
  );
});

Deno.test("bundleSubject() takes no file from outside the module's folder", async () => {
  using folder = new Folder({
    "module.ts": `import text from "./x.txt" with { type: "text" };\n${GOOD};text;`,
  });
  using into = new Folder();
  Deno.symlinkSync("/etc/hostname", join(folder.path, "x.txt"));
  await assert.rejects(
    bundleSubject(findSubject(join(folder.path, "module.ts")), LAYOUT, into.path),
    /outside/,
  );
});

Deno.test("bundleSubject() reads a stranger's sources as nobody (needs root)", {
  ignore: Deno.uid() !== 0,
}, async () => {
  using folder = new Folder({ "module.ts": GOOD });
  using into = new Folder();
  Deno.chmodSync(folder.path, 0o755);
  for (const path of [folder.path, join(folder.path, "module.ts")]) Deno.chownSync(path, 1234, 1234);
  const { file, warnings } = await bundleSubject(
    findSubject(join(folder.path, "module.ts")),
    LAYOUT,
    into.path,
  );
  assert.match(Deno.readTextFileSync(file), /success/);
  assert.match(warnings.join("\n"), /can be changed by others than root/);
  const types = await checkTypes(findSubject(join(folder.path, "module.ts")), LAYOUT, into.path);
  assert.equal(types.verdict, "unchecked");
});

Deno.test("checkTypes() says where a type is wrong", async () => {
  using folder = new Folder({ "module.ts": accountModule(`return "sucess";`) });
  using into = new Folder();
  const subject = findSubject(join(folder.path, "module.ts"));
  const { verdict, text } = await checkTypes(subject, LAYOUT, into.path);
  assert.equal(verdict, "wrong");
  assert.match(text, /"?sucess"?[\s\S]*module\.ts:3:/);
  folder.write("module.ts", GOOD);
  assert.deepEqual(await checkTypes(subject, LAYOUT, into.path), { verdict: "ok", text: "" });
});

Deno.test("checkTypes() lets a module's deno.json write nothing", async () => {
  using folder = new Folder({ "module.ts": GOOD });
  using into = new Folder();
  const lock = join(into.path, "lock");
  const links = [ROOT];
  const imports = { "@pam-deno/sdk": "jsr:@pam-deno/sdk@*" };
  folder.write(
    "deno.json",
    JSON.stringify({ exports: "./module.ts", imports, links, nodeModulesDir: "auto", lock: { path: lock } }),
  );
  const { verdict, text } = await checkTypes(findSubject(folder.path), LAYOUT, into.path);
  assert.deepEqual({ verdict, text }, { verdict: "ok", text: "" });
  assert.deepEqual([...Deno.readDirSync(folder.path)].map(({ name }) => name).sort(), [
    "deno.json",
    "module.ts",
  ]);
  assert.throws(() => Deno.lstatSync(lock), Deno.errors.NotFound);
});

Deno.test("a workspace that somebody put above the private folder means nothing", async () => {
  using above = new Folder();
  const into = join(above.path, "private");
  Deno.mkdirSync(into);
  const lock = join(above.path, "lock");
  // The imports of a workspace count in its members.
  const imports = { "other": "data:text/javascript,export default 1" };
  above.write(
    "deno.json",
    JSON.stringify({ workspace: ["./*/*", "./*/*/*"], imports, lock: { path: lock } }),
  );
  using folder = new Folder({ "module.ts": `import "other";\n${GOOD}` });
  const subject = findSubject(join(folder.path, "module.ts"));
  await assert.rejects(bundleSubject(subject, LAYOUT, into), /other/);
  const { verdict } = await checkTypes(subject, LAYOUT, into);
  assert.equal(verdict, "wrong");
  assert.throws(() => Deno.lstatSync(lock), Deno.errors.NotFound);
});
