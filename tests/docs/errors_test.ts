// SPDX-License-Identifier: MIT
// The pages about errors: one for each code, of one shape, with links that lead somewhere and examples that do what they say.
import assert from "node:assert/strict";
import { join } from "node:path";
import { ERROR_CODES, type ErrorCode } from "../../sdk/error_codes.ts";
import { exampleOf, PAGES, ROOT, runExample, type Scene, walkSync } from "./errors.ts";

const CODES = Object.keys(ERROR_CODES) as ErrorCode[];

/** Where the examples of a page are run, if it matters. */
const SCENES: Readonly<Partial<Record<ErrorCode, Scene>>> = {
  "deny-of-another-hook": { times: 2 },
  "deny-not-returned": { items: { rhost: "203.0.113.9" } },
  "deny-thrown": { items: { rhost: "203.0.113.9" } },
  "no-error-thrown": { user: "guest" },
  "handler-threw": { options: ["tz=Mars/Olympus"] },
  "pam-error-not-caught": { conversation: () => "conv_err" },
  "data-holds-secret": { tokens: { authtok: "correct horse" } },
  "secret-wiped": { tokens: { authtok: "correct horse" } },
  "grants-invalid": { tokens: { authtok: "correct horse" } },
  "permissions-invalid": { options: ["rules=/etc/rules"] },
  "no-handler": { options: ["site=berlin"] },
  "grant-missing": { grants: { account: [] } },
  "option-unknown": { options: ["locked=refuse"] },
  "options-refused": { options: ["open=8"] },
};

const WITH_EXAMPLE = CODES.filter((code) => exampleOf(code, "wrong") !== undefined);

/** What the example of permission-missing may do: load itself, and in the right one what it declares. */
function permissionsOf(code: ErrorCode, kind: "wrong" | "right"): Deno.PermissionOptions {
  if (code !== "permission-missing") return "inherit";
  return { read: kind === "wrong" ? [ROOT] : [ROOT, "/etc/debian_version"], env: true };
}

for (const code of WITH_EXAMPLE) {
  const run = (kind: "wrong" | "right") => runExample(exampleOf(code, kind)!, SCENES[code] ?? {});
  Deno.test({
    name: `the wrong example of ${code}.md ends with that code`,
    permissions: permissionsOf(code, "wrong"),
    fn: async () => assert.deepEqual(await run("wrong"), [code]),
  });
  Deno.test({
    name: `the right example of ${code}.md does not end with that code`,
    permissions: permissionsOf(code, "right"),
    // One that is right refuses early what the other did not see coming.
    fn: async () => assert.deepEqual(await run("right"), code === "handler-threw" ? ["options-refused"] : []),
  });
}

Deno.test("what a page shows as right compiles as it stands", async () => {
  const folder = Deno.makeTempDirSync({ prefix: "pam-deno-errors-" });
  try {
    const files = WITH_EXAMPLE.map((code) => {
      const file = join(folder, `${code}.ts`);
      Deno.writeTextFileSync(file, exampleOf(code, "right")!);
      return file;
    });
    const { code, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["check", "--quiet", `--config=${join(ROOT, "deno.json")}`, ...files],
      env: { NO_COLOR: "1" },
    }).output();
    assert.equal(code, 0, new TextDecoder().decode(stderr));
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
});

Deno.test("a mistake of an author is shown by example, where a test can make it", () => {
  const authors = CODES.filter((code) => ["handler", "load"].includes(ERROR_CODES[code][0]));
  const without = authors.filter((code) => !WITH_EXAMPLE.includes(code));
  assert.deepEqual(without, [
    "data-unreadable",
    "several-verbs",
    "shim-older",
    "runtime-failed",
    "module-format",
    "configured-option-invalid",
  ]);
});

Deno.test("each code has a page, and each page a code", () => {
  const pages = [...Deno.readDirSync(PAGES)].map(({ name }) => name).filter((name) => name !== "README.md");
  assert.deepEqual(pages.toSorted(), CODES.map((code) => `${code}.md`).toSorted());
});

/** A page: what it is about and for whom, what happened, why, what to do, and where to read on. */
const SHAPE =
  /^# (\S+)\n\n(.+)\n\n## What happened\n\n[^#]+\n\n## Why\n\n[^#]+\n\n## What to do\n\n[^]+\n\n## See also\n\n(?:- \[.*\n)+$/;
const LINES_MAX = 65;

Deno.test("pages have one shape, and are short", () => {
  for (const code of CODES) {
    const page = Deno.readTextFileSync(join(PAGES, `${code}.md`));
    const [, title, about] = SHAPE.exec(page.replaceAll(/(?<=[^\n])\n(?: {2}(?=\S)|(?=For |[a-z]))/g, " ")) ??
      [];
    assert.equal(title, code);
    const [, summary] = ERROR_CODES[code];
    assert.match(about!, / For whoever (?:writes the module|looks after the machine)\.$/, code);
    assert.ok(about!.startsWith(`${summary}.`), code);
    assert.ok(page.split("\n").length <= LINES_MAX, code);
  }
});

Deno.test("links between pages lead to pages, say what those say, and not to the page itself", () => {
  for (const code of [...CODES, "README"]) {
    const page = Deno.readTextFileSync(join(PAGES, `${code}.md`)).replaceAll(/\n {2}/g, " ");
    const links = [...page.matchAll(/\[([^\]]+)\]\(([^)]+)\)(?:: (.*))?/g)];
    assert.ok(links.length > 0, code);
    for (const [, text, target, said] of links) {
      assert.equal(target, `${text}.md`, code);
      assert.ok(Object.hasOwn(ERROR_CODES, text!) && text !== code, `${code}: ${target}`);
      assert.equal(said?.toLowerCase(), ERROR_CODES[text as ErrorCode][1].toLowerCase(), code);
    }
  }
});

Deno.test("each code is brought about by a test: by its page's example, or by one that names it", () => {
  const tests = [...walkSync("tests")].filter((path) => !/error_codes|docs\/errors/.test(path))
    .map((path) => Deno.readTextFileSync(path)).join("\n");
  const missing = CODES.filter((code) =>
    !WITH_EXAMPLE.includes(code) && !new RegExp(`(?<![\\w-])${code}(?![\\w-])`).test(tests)
  );
  assert.deepEqual(missing, []);
});
