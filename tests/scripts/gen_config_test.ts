// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { parseModuleConfig } from "../../sdk/config/config.ts";
import { GRANTABLE } from "../../sdk/config/permissions.ts";
import { DANGEROUS_WORDS } from "../../sdk/config/schema.ts";
import { toManual, toMarkdown } from "../../scripts/gen/document.ts";
import { configFiles } from "../../scripts/gen_config.ts";

const ROOT = new URL("../../", import.meta.url);
const files = new Map(configFiles(ROOT).map(({ path, text }) => [path, text]));
const reference = files.get("docs/configuration.md")!;

Deno.test("every example in the reference is a configuration that the parser takes", () => {
  const examples = [...reference.matchAll(/```jsonc\n([^]*?)```/g)].map(([, text]) => text!);
  assert.equal(examples.length, 3);
  for (const text of examples) {
    assert.equal(parseModuleConfig(text, "directory", "x.jsonc").name, "directory");
  }
});

Deno.test("the reference says what the parser says of mistakes", () => {
  const shown = /```text\n([^]*?)```/.exec(reference)![1]!.trimEnd();
  assert.match(shown, /directory\.jsonc:3:3: "permisions" is not a key/);
  assert.ok(shown.split("\n").length >= 3);
});

Deno.test("the reference and the manual page name every kind of permission and every dangerous word", () => {
  const manual = files.get("packaging/man/pam-deno.conf.5")!;
  for (const word of [...GRANTABLE, ...DANGEROUS_WORDS]) {
    assert.ok(reference.includes(`\`${word}\``), word);
    assert.ok(manual.includes(`\\fB${word}\\fR`), word);
  }
});

Deno.test("toManual() leaves nothing to roff", () => {
  const text = toManual(["head"], [
    { heading: 'A "b"', level: 2 },
    { text: ".PP is not a macro here. 'Nor' is this, a back\\slash, a-dash, ^ and ~ and `co de.`" },
    { code: ".x\n\\fB'y'", language: "text" },
  ]);
  assert.equal(
    text,
    `head
.SS "A ""b"""
\\&.PP is not a macro here.
\\(aqNor\\(aq is this, a back\\eslash, a\\-dash, \\(ha and \\(ti and \\fBco de.\\fR
.PP
.in +4n
.EX
\\&.x
\\efB\\(aqy\\(aq
.EE
.in
`,
  );
});

Deno.test("toManual() breaks lines where a word ends", () => {
  const text = toManual([], [{ text: "word ".repeat(40).trim() }]);
  for (const line of text.split("\n")) assert.ok(line.length <= 80, line);
  assert.equal(text.replaceAll("\n", " ").trim(), `.PP ${"word ".repeat(40).trim()}`);
});

Deno.test("toMarkdown() keeps a bar in a cell in its cell", () => {
  assert.equal(
    toMarkdown("T", "n", [{ head: ["a", "b"], table: [["x|y", "z"]] }]),
    "# T\n\n<!-- n -->\n\n| a | b |\n| --- | --- |\n| x\\|y | z |\n",
  );
});

const LINTERS: [program: string, args: string[], complaints: "stdout" | "stderr"][] = [
  ["/usr/bin/mandoc", ["-T", "lint"], "stdout"],
  ["/usr/bin/groff", ["-man", "-ww", "-z"], "stderr"],
];
for (const [program, args, where] of LINTERS) {
  const isThere = await Deno.stat(program).then(() => true, () => false);
  Deno.test({
    name: `${program} has nothing to say about pam-deno.conf(5)`,
    ignore: !isThere,
    fn: async () => {
      const page = new URL("packaging/man/pam-deno.conf.5", ROOT).pathname;
      const output = await new Deno.Command(program, { args: [...args, page], stdin: "null" }).output();
      assert.equal(new TextDecoder().decode(output[where]), "");
    },
  });
}
