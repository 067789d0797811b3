// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { join } from "node:path";
import { PAM_DENO_VERSION } from "../../../sdk/version.ts";
import { COMMANDS, pamDeno, ROOT } from "./program.ts";

const MAN = join(ROOT, "packaging", "man");
const PAGES = ["pam-deno.8", "pam_deno.8"] as const;

/** A page as one reads it. */
async function page(name: (typeof PAGES)[number]): Promise<string> {
  const { code, stdout } = await new Deno.Command("mandoc", {
    args: ["-T", "utf8", "-O", "width=1000", join(MAN, name)],
  }).output();
  assert.equal(code, 0);
  // deno-lint-ignore no-control-regex
  return new TextDecoder().decode(stdout).replace(/.\x08/g, "");
}

for (const name of PAGES) {
  Deno.test(`${name} has nothing that mandoc or groff complains about`, async () => {
    const mandoc = await new Deno.Command("mandoc", { args: ["-T", "lint", "-W", "all", join(MAN, name)] })
      .output();
    assert.equal(new TextDecoder().decode(mandoc.stdout) + new TextDecoder().decode(mandoc.stderr), "");
    const groff = await new Deno.Command("groff", { args: ["-man", "-ww", "-z", join(MAN, name)] }).output();
    assert.equal(new TextDecoder().decode(groff.stderr), "");
    assert.equal(groff.code, 0);
  });

  Deno.test(`${name} is of this version`, () => {
    assert.match(
      Deno.readTextFileSync(join(MAN, name)),
      new RegExp(`^\\.TH .* "pam-deno ${PAM_DENO_VERSION}" `, "m"),
    );
  });
}

/** The options that a text names. */
function options(text: string): string[] {
  return [...new Set(text.match(/(?<![\w-])--[a-z][a-z0-9-]*/g))].sort();
}

Deno.test("pam-deno(8) has every command, each with all its options and no other", async () => {
  const text = await page("pam-deno.8");
  const { stdout: status } = await pamDeno(["help", "status"]);
  const every = options(status.slice(status.indexOf("Every command:")));
  for (const command of COMMANDS) {
    const { stdout } = await pamDeno(["help", command]);
    const own = text.match(new RegExp(`^   ${command}\\n([^]*?)(?=^ {0,3}\\S)`, "m"))?.[1] ?? "";
    assert.ok(own.length > 50, `${command} is not in pam-deno(8)`);
    const expected = options(stdout).filter((option) => !every.includes(option));
    assert.deepEqual(options(own), expected, command);
    const synopsis = section(text, "SYNOPSIS").match(new RegExp(`pam-deno ${command}.*`))?.[0] ?? "";
    assert.deepEqual(options(synopsis), expected, `${command} in the synopsis`);
  }
  assert.deepEqual(options(section(text, "OPTIONS")), [...every, "--json", "--yes"].sort());
});

function section(text: string, name: string): string {
  return text.match(new RegExp(`^${name}\\n([^]*?)(?=^\\S)`, "m"))?.[1] ?? "";
}

Deno.test("pam_deno(8) has every option of the shim and every grant", async () => {
  const text = await page("pam_deno.8");
  const source = Deno.readTextFileSync(join(ROOT, "shim", "args.c"));
  const table = source.slice(source.indexOf("args_table[] = {"), source.indexOf("\n};"));
  const known = [...table.matchAll(/\{ "(\w+)="/g)].map((match) => match[1]!);
  const described = [...section(text, "OPTIONS").matchAll(/^ {7}(\w+)=/gm)].map((match) => match[1]!);
  assert.ok(known.length >= 7);
  assert.deepEqual(described.filter((name) => name !== "grant").sort(), known.toSorted());
  const grants = Deno.readTextFileSync(join(ROOT, "shim", "grants.c"));
  const words = [...grants.matchAll(/^\t\{ "(\w+)",\s+GRANT_/gm)].map((match) => match[1]!);
  const told = [...section(text, "GRANTS").matchAll(/^ {7}([a-z_]+)(?::NAME)?(?:$| )/gm)].map((match) =>
    match[1]!
  );
  const prefixes = [...grants.matchAll(/^#define \w+_PREFIX\s+"(\w+):"$/gm)].map((match) => match[1]!);
  assert.ok(prefixes.length >= 3);
  assert.deepEqual(told.sort(), [...words, ...prefixes].sort());
});

Deno.test("pam_deno(8) lists the variables that no grant covers", async () => {
  const source = Deno.readTextFileSync(join(ROOT, "shim", "grants.c"));
  const begin = source.indexOf("grants_denied[][");
  const denied = [...source.slice(begin, source.indexOf("};", begin)).matchAll(/"([^"]+)"/g)].map((match) =>
    match[1]!
  );
  const listed = (await page("pam_deno.8")).match(/LD_\*[^.]*\./)?.[0].replace(".", "").split(/,\s+/);
  assert.ok(denied.length > 50);
  assert.deepEqual(listed?.map((word) => word.trim()), denied);
});
