// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { join } from "node:path";
import { FAILURES } from "../sdk/hooks.ts";
import { Page, ROOT, Serving, shell } from "./docs/page.ts";

const README = new Page("README.md");
/** The folder in which the README's reader works, and what each run of the test puts in its place. */
const FOLDER = "/tmp/policy";

Deno.test("README.md begins with the module of examples/office-hours", () => {
  const file = Deno.readTextFileSync(join(ROOT, "examples/office-hours/module.ts"));
  assert.equal(README.file("examples/office-hours/module.ts"), file.slice(file.indexOf("import ")));
});

Deno.test("README.md leads an author from a file to a decision", async () => {
  const folder = await Deno.makeTempDir({ prefix: "pam-deno-readme-" });
  await Deno.chmod(folder, 0o755);
  const here = (text: string) => text.replaceAll(FOLDER, folder);
  await Deno.mkdir(join(folder, "modules"));
  try {
    for (const file of ["remote.ts", "modules/remote.jsonc", "remote_test.ts", "decide.ts"]) {
      await Deno.writeTextFile(join(folder, file), here(README.file(`${FOLDER}/${file}`)));
    }
    assert.match((await shell(here(README.command("remote_test.ts")))).out, /1 passed \| 0 failed/);
    await using serving = new Serving(here(README.command("scripts/pam-deno serve")));
    const said = await serving.ready();
    assert.match(said, /^ready remote \(account\) in \d+ ms\n +account required .*pam_deno\.so .* remote\n/m);
    const expected = README.blocks.find(({ language, text }) =>
      language === "" && text.startsWith("root ::1")
    );
    assert.equal((await shell(here(README.command("decide.ts")))).out, expected?.text);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("README.md has the codes of every class of failure", () => {
  const table = /<!-- begin failures -->([\s\S]*?)<!-- end failures -->/.exec(README.text)?.[1] ?? "";
  for (const [name, codes] of Object.entries(FAILURES)) {
    const row = table.split("\n").find((line) => line.startsWith(`| ${name} `));
    assert.ok(row, `the table has no row for ${name}`);
    const found = [...row.matchAll(/`(\w+)`/g)].map(([, code]) => code);
    const password = codes.preliminary === codes.update ? [codes.update] : [codes.preliminary, codes.update];
    assert.equal(codes.authenticate, codes.account);
    assert.equal(codes.authenticate, codes.openSession);
    assert.equal(codes.openSession, codes.closeSession);
    assert.deepEqual(found, [codes.account, codes.setCredentials, ...password], name);
  }
});
