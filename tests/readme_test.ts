// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { join } from "node:path";
import { FAILURES } from "../sdk/hooks.ts";
import { Page, ROOT, shell } from "./docs/page.ts";

const README = new Page("README.md");
/** The folder in which the README's reader works, and what each run of the test puts in its place. */
const FOLDER = "/tmp/policy";

Deno.test("README.md begins with a module of ten lines, and what the command that tries it prints", async () => {
  const file = Deno.readTextFileSync(join(ROOT, "examples/weekend/module.ts"));
  const block = README.file("examples/weekend/module.ts");
  assert.equal(block, file.slice(file.indexOf("import ")));
  assert.ok(block.trimEnd().split("\n").length <= 10);
  const screen = /<!-- begin first screen -->([\s\S]*?)<!-- end first screen -->/.exec(README.text)?.[1] ??
    "";
  const [, command, printed] = /```sh\n([\s\S]*?)```\n\n```\n([\s\S]*?)```/.exec(screen) ?? [];
  const { out } = await shell(command!);
  assert.equal(withoutTimes(out), withoutTimes(printed!));
});

/** What is measured is another each time. */
function withoutTimes(text: string): string {
  return text.replaceAll(/\d+(?:\.\d+)? ms of/g, "… ms of");
}

Deno.test("README.md leads an author from a file to a test and through an application", async () => {
  const folder = await Deno.makeTempDir({ prefix: "pam-deno-readme-" });
  const here = (text: string) => text.replaceAll(FOLDER, folder);
  try {
    for (const file of ["remote.ts", "remote_test.ts"]) {
      await Deno.writeTextFile(join(folder, file), here(README.file(`${FOLDER}/${file}`)));
    }
    assert.match((await shell(here(README.command("remote_test.ts")))).out, /1 passed \| 0 failed/);
    const { out } = await shell(here(README.command("--as sshd-publickey")));
    assert.match(out, /account.*success/);
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
