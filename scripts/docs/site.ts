// SPDX-License-Identifier: MIT
/**
 * The pages of the site and where they lie in it; where a link of a page leads, and what to say of one that leads nowhere.
 *
 * @module
 */

import { basename, dirname, join, relative } from "node:path/posix";
import { nearest } from "../../sdk/nearest.ts";
import type { Finding, Tree } from "../tidy/tree.ts";
import { type Entry, FRONT, type Part } from "./contents.ts";
import { externalProblem } from "./hosts.ts";
import type { Heading, Link, Page } from "./markdown.ts";

/** A page of the site, with its place. */
export interface Placed {
  readonly entry: Entry;
  /** Its file, from the top of the site. */
  readonly output: string;
  /** What lists call it. */
  readonly title: string;
  readonly headings: readonly Heading[];
}

/** A file or folder of the tree that is shown because something links to it. */
export interface Shown {
  /** Its path, from the top of the tree. */
  readonly path: string;
  readonly kind: "file" | "folder" | "picture";
}

/** Where a page lies in the site. */
export function outputOf(source: string): string {
  if (source === FRONT.source) return "index.html";
  const html = source.replace(/\.md$/, "").replace(/(?<=\/)README$/, "index") + ".html";
  if (source.startsWith("docs/")) return html.slice("docs/".length);
  if (source.startsWith("packaging/man/")) return html.slice("packaging/".length);
  return html.includes("/") ? html : html.toLowerCase();
}

/** Where a file or folder of the tree is shown. */
export function listingOf({ path, kind }: Shown): string {
  if (kind === "picture") return `source/${path}`;
  return kind === "folder" ? `source/${path}/index.html` : `source/${path}.html`;
}

/** The way from one file of the site to another. */
export function way(from: string, to: string): string {
  const [file = "", anchor] = to.split("#", 2);
  const path = file === from ? "" : relative(dirname(from), file);
  return (path + (anchor === undefined ? "" : `#${anchor}`)) || "#content";
}

/** All pages with the folders that belong to them, in the order in which one reads on. */
export function entriesOf(tree: Tree, parts: readonly Part[]): Entry[] {
  return [FRONT, ...parts.flatMap(({ pages }) => pages)].flatMap((entry) => {
    if (entry.folder === undefined) return [entry];
    const sources = [...tree.files.keys()].filter((path) =>
      path !== entry.source && dirname(path) === entry.folder && path.endsWith(".md")
    );
    return [entry, ...sources.sort().map((source) => ({ source, about: entry.about, within: entry.source }))];
  });
}

/** What is wrong with the table of contents. */
export function* contentsFindings(tree: Tree, entries: readonly Entry[]): Iterable<Finding> {
  const path = "scripts/docs/contents.ts";
  const text = tree.files.get(path)?.text ?? "";
  const lineOf = (source: string) =>
    text.slice(0, Math.max(0, text.indexOf(`"${source}"`))).split("\n").length;
  const listed = new Set<string>();
  for (const { source } of entries) {
    const line = lineOf(source);
    if (!tree.files.has(source)) {
      yield {
        path,
        line,
        message: `'${source}' does not exist: write it or take it out${near(source, tree)}`,
      };
    }
    if (listed.has(source)) yield { path, line, message: `'${source}' is listed twice: take one out` };
    listed.add(source);
  }
  for (const source of tree.files.keys()) {
    if (!/^docs\/.*\.md$/.test(source) || listed.has(source)) continue;
    yield { path: source, line: 1, message: `is not in the table of contents: list it in ${path}` };
  }
}

function near(path: string, tree: Tree): string {
  const folder = dirname(path);
  const beside = [...tree.files.keys()].filter((file) => dirname(file) === folder);
  const found = nearest(path, beside) ?? sameName(path, tree);
  return found === undefined ? "" : ` (the nearest is '${found}')`;
}

/** The one file that has the same name elsewhere. */
function sameName(path: string, tree: Tree): string | undefined {
  const found = [...tree.files.keys()].filter((file) => basename(file) === basename(path));
  return found.length === 1 ? found[0] : undefined;
}

/** What a site is made of. */
export interface SiteOptions {
  readonly tree: Tree;
  readonly pages: readonly Placed[];
  /** The reference of an entry point's file, and of an exported name; empty for a site without. */
  readonly entryPoints: ReadonlyMap<string, string>;
  readonly symbols: ReadonlyMap<string, string>;
  /** Whether sources that pages link to are shown. */
  readonly sources: boolean;
}

/** The site. */
export class Site {
  /** Its pages, in order. */
  readonly pages: readonly Placed[];
  /** What its pages link to beside pages, by its place in the site. */
  readonly shown: Map<string, Shown> = new Map();
  readonly #tree: Tree;
  readonly #bySource: ReadonlyMap<string, Placed>;
  readonly #entryPoints: ReadonlyMap<string, string>;
  readonly #symbols: ReadonlyMap<string, string>;
  readonly #sources: boolean;

  constructor({ tree, pages, entryPoints, symbols, sources }: SiteOptions) {
    this.#sources = sources;
    this.pages = pages;
    this.#tree = tree;
    this.#bySource = new Map(pages.map((page) => [page.entry.source, page]));
    this.#entryPoints = entryPoints;
    this.#symbols = symbols;
  }

  /** Where the documentation of an exported name is, from the page `from` of the site. */
  symbol(from: string, name: string): string | undefined {
    const output = this.#symbols.get(name);
    return output === undefined ? undefined : way(from, output);
  }

  /** Where a file of the tree is shown as it is, which it is from now on. */
  show(path: string, kind: Shown["kind"] = "file"): string {
    const output = listingOf({ path, kind });
    this.shown.set(output, { path, kind });
    return output;
  }

  /** Where a path of the tree, as a link names it, is found in the site; `undefined` if it is not shown there. */
  place(path: string, picture = false): string | undefined {
    const placed = this.#bySource.get(path)?.output ?? this.#entryPoints.get(path);
    if (placed !== undefined) return placed;
    if (!this.#sources && !picture) return undefined;
    if (this.#tree.files.has(path)) return this.show(path, picture ? "picture" : "file");
    const isFolder = [...this.#tree.files.keys()].some((file) => file.startsWith(`${path}/`));
    return isFolder ? this.show(path, "folder") : undefined;
  }

  /** What to write into the page `from` for its link `href`; `undefined` if it leads to what is not shown. */
  href(from: Placed, { href, picture }: Pick<Link, "href" | "picture">): string | undefined {
    if (/^[\w+.-]+:|^#/.test(href)) return href;
    const { path, anchor } = target(from.entry.source, href);
    const output = this.place(path, picture);
    return output === undefined ? undefined : way(from.output, output + anchor);
  }

  /** What the page is called that a link leads to; `undefined` if it leads to none, or into one. */
  title(from: Placed, href: string): string | undefined {
    const { path, anchor } = target(from.entry.source, href);
    return anchor === "" ? this.#bySource.get(path)?.title : undefined;
  }

  /** What is wrong with the links of a page. */
  *findings({ source, links }: Page): Iterable<Finding> {
    for (const { href, line, picture } of links) {
      const message = /^[\w+.-]+:/.test(href) ? externalProblem(href) : this.#problem(source, href, picture);
      if (message !== undefined) yield { path: source, line, message };
    }
  }

  #problem(source: string, href: string, picture: boolean): string | undefined {
    const { path, anchor } = target(source, href);
    if (path.startsWith("../")) return `the link to '${href}' leaves the tree: mend it`;
    if (this.place(path, picture) === undefined) {
      return `the link to '${href}' leads nowhere: mend it${near(path, this.#tree)}`;
    }
    const page = this.#bySource.get(path);
    if (page === undefined && path.endsWith(".md") && this.#tree.files.has(path)) {
      return `'${path}' is no page of the site: list it in scripts/docs/contents.ts`;
    }
    if (anchor === "" || this.#entryPoints.has(path)) return undefined;
    const id = decodeURIComponent(anchor.slice(1));
    const known = page?.headings.map((heading) => heading.id) ?? this.#lines(path);
    if (known.includes(id)) return undefined;
    const found = nearest(id, known);
    return `'${path}' has no anchor '#${id}': mend the link` +
      (found === undefined ? "" : ` (the nearest is '#${found}')`);
  }

  #lines(path: string): string[] {
    const text = this.#tree.files.get(path)?.text ?? "";
    return Array.from({ length: text.split("\n").length }, (_, i) => `L${i + 1}`);
  }
}

/** The path that a link of the file `source` names, and its anchor with the `#`, or none. */
function target(source: string, href: string): { path: string; anchor: string } {
  const at = href.indexOf("#");
  const [file, anchor] = at < 0 ? [href, ""] : [href.slice(0, at), href.slice(at)];
  const path = file === "" ? source : join(dirname(source), decodeURIComponent(file)).replace(/\/$/, "");
  return { path, anchor };
}
