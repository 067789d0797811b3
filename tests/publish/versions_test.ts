// SPDX-License-Identifier: MIT
import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { readTree } from "../../scripts/tidy/tree.ts";
import { disagreements, type Files, versionOf, withVersion } from "../../scripts/versions/rules.ts";

const ROOT = join(import.meta.dirname!, "../..");
const { files: TREE } = await readTree(ROOT);
const VERSION = versionOf(TREE);
/** No version of this tree. */
const OTHER = "9.8.7";

/** What is found in this tree with other texts: `path: message`. */
function found(change: Readonly<Record<string, string>>): string[] {
  const files: Files = new Map([
    ...TREE,
    ...Object.entries(change).map(([path, text]) => [path, { path, text }] as const),
  ]);
  return [...disagreements(files)].map(({ path, message }) => `${path}: ${message}`);
}

function textOf(path: string): string {
  return TREE.get(path)!.text;
}

Deno.test("the version is the same everywhere", () => {
  assert.deepEqual([...disagreements(TREE)], []);
});

const WRITTEN: readonly (readonly [path: string, what: RegExp])[] = [
  ["examples/totp/deno.json", /the version of a package is 9\.8\.7/],
  ["sdk/version.ts", /the version in the program is 9\.8\.7/],
  ["packaging/man/pam-deno.8", /the version in the title of a man page is 9\.8\.7/],
  ["packaging/man/pam-deno.conf.5", /the version in the title of a man page is 9\.8\.7/],
  ["README.md", /the name of the Debian package is 9\.8\.7/],
  ["docs/running.md", /the name of the Debian package is 9\.8\.7/],
  ["docs/publishing.md", /the name of the npm package is 9\.8\.7/],
  ["docs/writing_a_module.md", /the range of a package is 9\.8\.7/],
  ["examples/time-of-day/deno.json", /the range of a package is 9\.8\.7/],
];

for (const [path, what] of WRITTEN) {
  Deno.test(`disagreements() finds another version in ${path}: ${what.source.replace(/ is .*/, "")}`, () => {
    const wrong = found({ [path]: textOf(path).replaceAll(VERSION, OTHER) });
    assert.ok(wrong.length > 0 && wrong.every((line) => line.startsWith(`${path}: `)), wrong.join("\n"));
    assert.ok(wrong.some((line) => what.test(line)), wrong.join("\n"));
  });
}

Deno.test("disagreements() finds a package's range in a file of a kind that nobody thought of", () => {
  const text = `const IMPORT = "jsr:@pam-deno/sdk@^${OTHER}";\n`;
  assert.deepEqual(found({ "sdk/author/new/template.ts": text }).length, 1);
  assert.deepEqual(found({ "sdk/author/new/template.ts": text.replace(OTHER, VERSION) }), []);
});

Deno.test("disagreements() wants the version where it belongs", () => {
  const wrong = found({ "sdk/version.ts": "export const IDENT = 1;\n" });
  assert.deepEqual(wrong, [
    "sdk/version.ts: the version in the program is not here: write it, or mend this rule",
  ]);
});

Deno.test("disagreements() finds a man page of another date", () => {
  const text = textOf("packaging/man/pam_deno.8").replace(/^(\.TH \S+ 8) \S+/m, "$1 1999-12-31");
  const wrong = found({ "packaging/man/pam_deno.8": text });
  assert.equal(wrong.length, 1);
  assert.match(wrong[0]!, /the date of a man page is 1999-12-31, and another is/);
});

Deno.test("disagreements() finds a release in CHANGES.md that is later than the version", () => {
  const changes = (heading: string) => found({ "CHANGES.md": `# Changes\n\n## ${heading}\n\n- One.\n` });
  assert.match(changes(`${OTHER} (2026-11-20)`)[0]!, /^CHANGES\.md: 9\.8\.7 is released/);
  assert.deepEqual(changes("Unreleased"), []);
  assert.deepEqual(changes("0.0.1 (2026-01-01)"), []);
});

Deno.test("withVersion() changes all of it and nothing else, and back", () => {
  const apply = (files: Files, version: string, date: string): Files =>
    new Map([
      ...files,
      ...[...withVersion(files, version, date)].map(([path, text]) => [path, { path, text }] as const),
    ]);
  const after = apply(TREE, OTHER, "2031-02-03");
  assert.equal(versionOf(after), OTHER);
  assert.deepEqual([...disagreements(after)], []);
  assert.match(
    after.get("packaging/man/pam_deno.8")!.text,
    /^\.TH PAM_DENO 8 2031-02-03 "pam-deno 9\.8\.7"/m,
  );
  assert.equal(after.get("CHANGES.md")!.text, textOf("CHANGES.md"));
  const date = /^\.TH \S+ 8 (\S+)/m.exec(textOf("packaging/man/pam_deno.8"))![1]!;
  for (const { path, text } of apply(after, VERSION, date).values()) assert.equal(text, textOf(path), path);
});

/** Runs the script; gives its code and what it printed. */
async function versions(...args: string[]): Promise<{ code: number; text: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", join(ROOT, "scripts/versions.ts"), ...args],
    stdin: "null",
    env: { NO_COLOR: "1" },
  }).output();
  return { code, text: [stdout, stderr].map((octets) => new TextDecoder().decode(octets)).join("") };
}

Deno.test("deno task versions --set bumps a tree, its lock file too, and the check finds one that was missed", async () => {
  const root = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "pam-deno-versions-" }));
  try {
    for (const [path, { text }] of TREE) {
      if (path.startsWith("tests/")) continue;
      Deno.mkdirSync(dirname(join(root, path)), { recursive: true });
      Deno.writeTextFileSync(join(root, path), text);
    }
    const set = await versions("--root", root, "--set", OTHER, "--date", "2031-02-03");
    assert.equal(set.code, 0, set.text);
    assert.match(set.text, /^9\.8\.7 everywhere$/m);
    assert.match(Deno.readTextFileSync(join(root, "deno.lock")), /jsr:@pam-deno\/sdk@\^?9/);
    const readme = Deno.readTextFileSync(join(root, "README.md"));
    Deno.writeTextFileSync(join(root, "README.md"), readme.replaceAll(OTHER, VERSION));
    const check = await versions("--root", root);
    assert.equal(check.code, 1);
    assert.match(check.text, /^README\.md:\d+: the name of the Debian package is .*--set 9\.8\.7$/m);
  } finally {
    Deno.removeSync(root, { recursive: true });
  }
});

Deno.test("deno task versions refuses what is no version, and no date", async () => {
  assert.deepEqual(await versions("--set", "v2"), {
    code: 2,
    text: "versions: --set v2: write three numbers, as in 1.2.3\n",
  });
  assert.equal((await versions("--set", OTHER, "--date", "tomorrow")).code, 2);
});
