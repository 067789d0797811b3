// SPDX-License-Identifier: MIT
/**
 * The documentation site is the same wherever it is built, and what is wrong with a page is said with its place and the remedy.
 *
 * @module
 */

import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { lookAt } from "../../scripts/docs/built.ts";
import { buildSite } from "../../scripts/docs/build.ts";
import type { Entry } from "../../scripts/docs/contents.ts";
import { highlight, languageOf } from "../../scripts/docs/highlight.ts";
import { externalProblem } from "../../scripts/docs/hosts.ts";
import { readPage } from "../../scripts/docs/markdown.ts";
import { outputOf, way } from "../../scripts/docs/site.ts";
import { readTree } from "../../scripts/tidy/tree.ts";
import { ROOT } from "./page.ts";

/** All files below a folder with what is in them. */
function filesIn(folder: string, below = ""): Map<string, Uint8Array> {
  const found = new Map<string, Uint8Array>();
  for (const { name, isDirectory } of Deno.readDirSync(join(folder, below))) {
    const path = join(below, name);
    if (isDirectory) { for (const [file, bytes] of filesIn(folder, path)) found.set(file, bytes); }
    else found.set(path, Deno.readFileSync(join(folder, path)));
  }
  return found;
}

class Folder implements Disposable {
  readonly path = Deno.makeTempDirSync({ prefix: "pam-deno-site-" });

  write(path: string, text: string): void {
    const file = join(this.path, path);
    Deno.mkdirSync(dirname(file), { recursive: true });
    Deno.writeTextFileSync(file, text);
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}

/** Asserts that a page has its landmarks, one title, and headings whose levels do not jump. */
function assertOutline(path: string, html: string): void {
  for (const tag of ['<html lang="en">', "<header>", '<nav class="side"', '<main id="content"', "<footer>"]) {
    assert.equal(html.split(tag).length, 2, `${path}: ${tag}`);
  }
  const levels = [...html.matchAll(/<h([1-6])[ >]/g)].map(([, level]) => Number(level));
  assert.deepEqual(levels.filter((level) => level === 1), [1], path);
  for (const [i, level] of levels.entries()) {
    assert.ok(level <= (levels[i - 1] ?? 0) + 1, `${path}: a heading of level ${level} is number ${i}`);
  }
}

Deno.test("buildSite() makes the same bytes of the same sources in another folder, names neither, and gives pages an outline", async () => {
  using here = new Folder();
  using copy = new Folder();
  using there = new Folder();
  for (const { path, text } of (await readTree(ROOT)).files.values()) copy.write(path, text);
  const [first, second] = await Promise.all([
    buildSite({ root: ROOT, into: here.path, whole: true }),
    buildSite({ root: copy.path, into: there.path, whole: true }),
  ]);
  assert.deepEqual([first.findings, second.findings], [[], []]);
  const [made, again] = [filesIn(here.path), filesIn(there.path)];
  for (const [path, bytes] of made) {
    if (path.endsWith(".html") && !path.startsWith("api/")) {
      assertOutline(path, new TextDecoder().decode(bytes));
    }
  }
  assert.deepEqual([...again.keys()].sort(), [...made.keys()].sort());
  const decoder = new TextDecoder();
  for (const [path, bytes] of made) {
    const text = decoder.decode(bytes);
    assert.ok(text === decoder.decode(again.get(path)), `${path} differs`);
    for (const place of [ROOT, copy.path]) {
      for (const written of [`${place}/`, place.replaceAll("/", "&#x2F;")]) {
        assert.ok(!text.includes(written), `${path} names ${place}`);
      }
    }
  }
});

/** A tree with a page that says `text` beside one that is in order, and what is found wrong with it. */
async function findingsOf(text: string, more: Readonly<Record<string, string>> = {}): Promise<string[]> {
  using tree = new Folder();
  using site = new Folder();
  const entry = (source: string): Entry => ({ source, about: "a page" });
  const files = {
    "deno.json": '{ "name": "@example/tree", "version": "1.0.0", "exports": {} }',
    "LICENSE": "free\n",
    "docs/index.md": "# Front\n",
    "docs/page.md": text,
    "docs/running.md": "# Running\n\n## Add a module\n",
    ...more,
  };
  for (const [path, content] of Object.entries(files)) tree.write(path, content);
  const { findings } = await buildSite({
    root: tree.path,
    into: site.path,
    whole: true,
    parts: [{ title: "Part", about: "A part", pages: [entry("docs/page.md"), entry("docs/running.md")] }],
  });
  return findings.map(({ path, line, message }) => `${path}:${line}: ${message}`);
}

const WRONG: readonly (readonly [what: string, text: string, finding: string])[] = [
  [
    "a file that is not there",
    "# T\n\nSee [it](runing.md).\n",
    "docs/page.md:3: the link to 'runing.md' leads nowhere: mend it (the nearest is 'docs/running.md')",
  ],
  [
    "a file in another folder",
    "# T\n\nOne\ntwo [it](../running.md).\n",
    "docs/page.md:4: the link to '../running.md' leads nowhere: mend it (the nearest is 'docs/running.md')",
  ],
  [
    "an anchor",
    "# T\n\n[it](running.md#add-module)\n",
    "docs/page.md:3: 'docs/running.md' has no anchor '#add-module': mend the link (the nearest is '#add-a-module')",
  ],
  [
    "a line that a source does not have",
    "# T\n\n[it](../LICENSE#L9)\n",
    "docs/page.md:3: 'LICENSE' has no anchor '#L9': mend the link (the nearest is '#L1')",
  ],
  [
    "a way out of the tree",
    "# T\n\n[it](../../etc)\n",
    "docs/page.md:3: the link to '../../etc' leaves the tree: mend it",
  ],
  [
    "a page that nobody listed",
    "# T\n\n[it](../NOTES.md)\n",
    "docs/page.md:3: 'NOTES.md' is no page of the site: list it in scripts/docs/contents.ts",
  ],
  [
    "a host",
    "# T\n\n- one\n- [it](https://githup.com/a)\n",
    "docs/page.md:4: 'githup.com' is not in the list of hosts in scripts/docs/hosts.ts: mend the link, or add it there " +
    "(the nearest is 'github.com')",
  ],
  [
    "a protocol",
    "# T\n\n[it](http://github.com/)\n",
    "docs/page.md:3: 'http://github.com/': a page links with https: and nothing else",
  ],
  [
    "a language",
    "# T\n\n```tss\n```\n",
    "docs/page.md:3: 'tss' is no language: one of bash, c, console, css, diff, h, html, ini, js, json, jsonc, md, pam, sh, text, toml, ts, tsx, txt, " +
    "yaml, yml",
  ],
  ["HTML", "# T\n\n<b>x</b>\n", "docs/page.md:3: '<b>': write Markdown, not HTML"],
  [
    "a second title",
    "# T\n\n# U\n",
    "docs/page.md:1: 2 headings of the first level: a page has one, its title",
  ],
  [
    "a picture without words",
    "# T\n\n![](../a.svg)\n",
    "docs/page.md:3: a picture without a text: say what is to be seen",
  ],
];

for (const [what, text, finding] of WRONG) {
  Deno.test(`buildSite() names file, line and remedy of ${what}`, async () => {
    const found = await findingsOf(text, { "NOTES.md": "# Notes\n", "a.svg": "<svg/>" });
    assert.equal(found[0], finding);
  });
}

Deno.test("buildSite() refuses a page of docs/ that is not listed, and one that is listed and missing", async () => {
  assert.deepEqual(await findingsOf("# T\n", { "docs/errors/more.md": "# More\n" }), [
    "docs/errors/more.md:1: is not in the table of contents: list it in scripts/docs/contents.ts",
  ]);
  using tree = new Folder();
  using site = new Folder();
  tree.write("docs/index.md", "# Front\n");
  const { findings } = await buildSite({
    root: tree.path,
    into: site.path,
    whole: true,
    parts: [{ title: "Part", about: "A part", pages: [{ source: "docs/indexx.md", about: "a page" }] }],
  });
  assert.deepEqual(findings.map(({ message }) => message), [
    "'docs/indexx.md' does not exist: write it or take it out (the nearest is 'docs/index.md')",
  ]);
});

Deno.test("buildSite() takes the pages of a folder behind the page that they belong to", async () => {
  using tree = new Folder();
  using site = new Folder();
  tree.write("deno.json", '{ "name": "@example/tree", "version": "1.0.0", "exports": {} }');
  tree.write("LICENSE", "free\n");
  tree.write("docs/index.md", "# Front\n\n[E](errors/README.md)\n");
  tree.write("docs/errors/README.md", "# Errors\n\n- [b](b.md)\n- [a](a.md)\n");
  for (const name of ["b", "a"]) tree.write(`docs/errors/${name}.md`, `# Error ${name}\n`);
  const pages = [{ source: "docs/errors/README.md", about: "errors", folder: "docs/errors" }];
  const { findings } = await buildSite({
    root: tree.path,
    into: site.path,
    whole: true,
    parts: [{ title: "Part", about: "A part", pages }],
  });
  assert.deepEqual(findings, []);
  const html = Deno.readTextFileSync(join(site.path, "errors/a.html"));
  assert.match(html, /<a class="prev" rel="prev" href="index\.html"><span>Previous<\/span> Errors<\/a>/);
  assert.match(html, /<a class="next" rel="next" href="b\.html"><span>Next<\/span> Error b<\/a>/);
});

Deno.test("lookAt() finds what a built page names and what is not there", () => {
  const page = (body: string) => `<!DOCTYPE html>\n<body>\n${body}\n</body>`;
  const { findings, links } = lookAt(
    new Map([
      ["a.html", page('<p id="one"><a href="b.html#two">b</a>\n<a href="c.html">c</a>')],
      [
        "b.html",
        page('<p id="to"><p id="to"><img src="https://github.com/x.png"><script src="x.js"></script>'),
      ],
    ]),
  );
  assert.equal(links, 4);
  assert.deepEqual(findings.map(({ path, line, message }) => `${path}:${line}: ${message}`).sort(), [
    "a.html:3: 'b.html' has no anchor '#two' (the nearest is '#to')",
    "a.html:4: 'c.html' leads nowhere (the nearest is 'a.html')",
    "b.html:3: '#to' is there twice",
    "b.html:3: 'https://github.com/x.png' is loaded from elsewhere",
    "b.html:3: 'x.js' leads nowhere",
  ]);
});

Deno.test("externalProblem() lets through hosts of the list and those that belong to nobody", () => {
  for (const href of ["https://github.com/x", "https://idp.example.org/t", "http://127.0.0.1:8080/"]) {
    assert.equal(externalProblem(href), undefined, href);
  }
  assert.match(externalProblem("https://name:word@github.com/")!, /has a name or a password/);
  assert.match(externalProblem("javascript:alert(1)")!, /links with https: and nothing else/);
});

Deno.test("readPage() gives headings the anchors of code hosts, and links the line that they stand on", () => {
  const page = readPage(
    "x.md",
    "# One `two`\n\n## A: b, c!\n\n## A: b, c!\n\n| a |\n| - |\n| [x](y) |\n| [z](w) |\n",
  );
  assert.deepEqual(page.headings.map(({ id }) => id), ["one-two", "a-b-c", "a-b-c-1"]);
  assert.deepEqual(page.links.map(({ href, line }) => [href, line]), [["y", 9], ["w", 10]]);
  assert.deepEqual(page.findings, []);
});

Deno.test("highlight() colours pam.d lines, and leaves nothing of a text to mean something in HTML", () => {
  assert.equal(languageOf("examples/totp/pam.d"), "pam");
  const line = highlight("auth required pam_deno.so x <y>", "pam");
  assert.match(line, /<span class="hljs-keyword">auth<\/span> <span class="hljs-literal">required<\/span>/);
  assert.doesNotMatch(line, /<y>/);
  assert.equal(highlight('a <b> & "c"', ""), "a &lt;b&gt; &amp; &quot;c&quot;");
});

Deno.test("outputOf() and way() put pages where relative links find them", () => {
  assert.deepEqual(
    ["docs/index.md", "docs/running.md", "README.md", "examples/totp/README.md", "packaging/man/pam_deno.8"]
      .map(outputOf),
    ["index.html", "running.html", "readme.html", "examples/totp/index.html", "man/pam_deno.8.html"],
  );
  assert.equal(way("examples/totp/index.html", "running.html#see-it"), "../../running.html#see-it");
  assert.equal(way("running.html", "running.html#see-it"), "#see-it");
});
