// SPDX-License-Identifier: MIT
/**
 * Pages for what is no text: a source with its lines, a folder with what is in it, a manual page.
 *
 * @module
 */

import type { Tree } from "../tidy/tree.ts";
import { escapeHtml, highlight, languageOf } from "./highlight.ts";
import type { Heading } from "./markdown.ts";
import { type Site, way } from "./site.ts";

/** A source, each line with an anchor such as `#L7`. */
export function sourceBody(path: string, text: string): string {
  const lines = highlightedLines(text.replace(/\n$/, ""), languageOf(path)).map((line, i) =>
    `<span class="line" id="L${i + 1}"><a href="#L${i + 1}" aria-hidden="true" tabindex="-1">${
      i + 1
    }</a>${line}\n</span>`
  );
  return `<h1>${escapeHtml(path)}</h1>
<pre class="source" tabindex="0" role="region" aria-label="Source"><code>${lines.join("")}</code></pre>
`;
}

/** The lines of a source; a colour that goes on over the end of a line ends there, and begins again on the next. */
function highlightedLines(code: string, word: string): string[] {
  const open: string[] = [];
  return highlight(code, word).split("\n").map((line) => {
    const before = open.join("");
    for (const [tag] of line.matchAll(/<span[^>]*>|<\/span>/g)) {
      if (tag === "</span>") open.pop();
      else open.push(tag);
    }
    return before + line + "</span>".repeat(open.length);
  });
}

/** What is in a folder; a folder with a README is that page. */
export function folderBody(path: string, tree: Tree, site: Site): string {
  const from = site.show(path, "folder");
  const names = new Set(
    [...tree.files.keys()].filter((file) => file.startsWith(`${path}/`)).map((file) =>
      file.slice(path.length + 1).split("/")[0]!
    ),
  );
  const items = [...names].map((name) => {
    const inside = `${path}/${name}`;
    const readme = tree.files.has(`${inside}/README.md`) ? `${inside}/README.md` : inside;
    const slash = tree.files.has(inside) ? "" : "/";
    return `<li><a href="${escapeHtml(way(from, site.place(readme)!))}">${escapeHtml(name)}${slash}</a></li>`;
  });
  return `<h1>${escapeHtml(path)}/</h1>\n<ul>${items.join("\n")}</ul>\n`;
}

/** A manual page: its HTML without title, and its headings. */
export interface Manual {
  readonly title: string;
  readonly body: string;
  readonly headings: readonly Heading[];
}

/** Lets mandoc make HTML of a manual page; throws if it cannot. */
export async function readManual(path: string, file: string): Promise<Manual> {
  const made = await new Deno.Command("mandoc", {
    args: ["-K", "utf-8", "-T", "html", "-O", "fragment", file],
    env: { LC_ALL: "C" },
  }).output()
    .catch((error: unknown) => {
      throw new Error(`${path}: mandoc cannot be started: scripts/setup installs what is missing`, {
        cause: error,
      });
    });
  const html = new TextDecoder().decode(made.stdout);
  const inside = /<div class="manual-text">\n([^]*)<\/div>\n<table class="foot">/.exec(html)?.[1];
  if (!made.success || inside === undefined) {
    throw new Error(`${path}: mandoc made nothing of it: ${new TextDecoder().decode(made.stderr).trim()}`);
  }
  const [, name, section] = /([^/]+)\.(\d)$/.exec(path) ?? [];
  const headings: Heading[] = [];
  // Its sections are parts of a page with a title of its own.
  const body = inside.replaceAll(
    /<h([12]) class="S[hs]" id="([^"]*)"><a class="permalink" href="[^"]*">([^]*?)<\/a><\/h\1>/g,
    (_, level, id, text) => {
      headings.push({ level: Number(level) + 1, id, text: sentence(text) });
      return `<h${Number(level) + 1} id="${id}">${sentence(text)}</h${Number(level) + 1}>`;
    },
  ).replaceAll(/<\/dl>\s*<dl class="Bl-tag">\s*<dt><\/dt>\s*/g, "").replaceAll(
    /<a class="permalink" href="[^"]*">([^]*?)<\/a>/g,
    "$1",
  );
  return { title: `${name}(${section})`, body: `<h1>${name}(${section})</h1>\n${body}`, headings };
}

/** The page with each mention of another manual page, by its title, as a link. */
export function linkedManuals(body: string, hrefs: ReadonlyMap<string, string>): string {
  return body.replaceAll(/<b>([\w.-]+)<\/b>\((\d)\)/g, (mention, name, section) => {
    const href = hrefs.get(`${name}(${section})`);
    return href === undefined ? mention : `<a href="${escapeHtml(href)}">${mention}</a>`;
  });
}

/** A heading that is all capitals, as other pages write theirs. */
function sentence(text: string): string {
  return text === text.toUpperCase() ? text[0]! + text.slice(1).toLowerCase() : text;
}
