// SPDX-License-Identifier: MIT
/**
 * Builds the site: reads all pages, holds their links to the tree, writes them, and looks at what came out.
 *
 * @module
 */

import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { type Finding, readTree, type Tree } from "../tidy/tree.ts";
import { lookAt } from "./built.ts";
import { type Entry, type Part, PARTS } from "./contents.ts";
import { folderBody, linkedManuals, type Manual, readManual, sourceBody } from "./listing.ts";
import { type Page, readPage, renderPage } from "./markdown.ts";
import {
  entryPointsOf,
  FOLDER,
  joined,
  makeReference,
  type Reference,
  SHEET,
  withSpecifiers,
} from "./reference.ts";
import { type Frame, framed, ICON, STYLE } from "./shell.ts";
import { contentsFindings, entriesOf, outputOf, type Placed, Site, way } from "./site.ts";

/** What to build. */
export interface BuildOptions {
  /** The top of the tree. */
  readonly root: string;
  /** The folder of the site, which is empty. */
  readonly into: string;
  /**
   * Whether it has all: the reference of the SDK, sources that pages link to, and pages about them. Without, links to those are plain
   * text, and nothing is checked but what was built: so the Debian package has it.
   */
  readonly whole: boolean;
  /** Says what is being done. */
  readonly step?: (text: string) => void;
  /** The table of contents; the project's own if it is not given. */
  readonly parts?: readonly Part[];
}

/** What was built, or why not. */
export interface BuildResult {
  readonly pages: number;
  readonly links: number;
  /** The site is of no use if there is one. */
  readonly findings: readonly Finding[];
}

/** A page that was read: Markdown or a manual page. */
type Read = { readonly entry: Entry } & ({ readonly page: Page } | { readonly manual: Manual });

async function read(root: string, tree: Tree, entry: Entry): Promise<Read> {
  const { source } = entry;
  return source.endsWith(".md")
    ? { entry, page: readPage(source, tree.files.get(source)!.text) }
    : { entry, manual: await readManual(source, join(root, source)) };
}

function placed(read: Read): Placed {
  const { entry } = read;
  const { headings } = "page" in read ? read.page : read.manual;
  const title = "page" in read ? headings.find(({ level }) => level === 1)?.text : read.manual.title;
  return { entry, headings, output: outputOf(entry.source), title: entry.title ?? title ?? entry.source };
}

/** The table of contents without pages that are of use only beside the sources. */
function withoutSources(parts: readonly Part[]): Part[] {
  return parts.map((part) => ({ ...part, pages: part.pages.filter(({ withSources }) => !withSources) }));
}

/** Two pages in one place. */
function* collisions(pages: readonly Placed[]): Iterable<Finding> {
  const seen = new Map<string, string>();
  for (const { output, entry: { source } } of pages) {
    const other = seen.get(output);
    if (other !== undefined) {
      yield { path: source, line: 1, message: `would be ${output}, as ${other}: rename it` };
    }
    seen.set(output, source);
  }
}

/** Builds the site. */
export async function buildSite(options: BuildOptions): Promise<BuildResult> {
  const { root, into, whole, step = () => {} } = options;
  const parts = whole ? options.parts ?? PARTS : withoutSources(options.parts ?? PARTS);
  const tree = await readTree(root);
  const entries = entriesOf(tree, parts);
  const unlisted = whole ? [...contentsFindings(tree, entries)] : [];
  if (unlisted.length > 0) return { pages: 0, links: 0, findings: unlisted };
  const config = JSON.parse(tree.files.get("deno.json")!.text);
  let reference: Reference = { entryPoints: [], symbols: new Map(), pages: [] };
  const exported = entryPointsOf(config);
  if (whole && exported.length > 0) {
    step("the reference of the SDK");
    reference = await makeReference(root, into, exported);
  }
  step(`${entries.length} pages`);
  const sources = await Promise.all(entries.map((entry) => read(root, tree, entry)));
  const pages = sources.map(placed);
  const entryPoints = new Map(reference.entryPoints.map(({ source, output }) => [source, output]));
  const site = new Site({ tree, pages, entryPoints, symbols: reference.symbols, sources: whole });
  const findings = [
    ...collisions(pages),
    ...sources.flatMap((read) => "page" in read ? read.page.findings : []),
    ...sources.flatMap((read) => whole && "page" in read ? [...site.findings(read.page)] : []),
  ];
  if (findings.length > 0) return { pages: pages.length, links: 0, findings };
  const frame: Frame = {
    parts,
    pages,
    version: config.version,
    licence: whole ? site.show("LICENSE") : undefined,
    reference: reference.entryPoints.map(({ specifier, output }) => [specifier, output]),
  };
  const written = new Writer(into);
  for (const [i, read] of sources.entries()) {
    const page = pages[i]!;
    const { output, title } = page;
    const body = "page" in read
      ? renderPage(read.page, {
        href: (href, picture) => site.href(page, { href, picture }),
        title: (href) => site.title(page, href),
        symbol: (name) => site.symbol(output, name),
      })
      : linkedManuals(read.manual.body, manuals(page, pages));
    const { source, about } = page.entry;
    written.html(output, framed(frame, { output, title, about, body, source, page }));
  }
  await joinReference({ written, reference, site, root, config });
  await writeShown({ written, frame, site, tree, root });
  await writeAssets(written, reference.pages.length > 0);
  step("every link");
  return lookAt(written.files);
}

/** The ways from a page to the manual pages, by their titles. */
function manuals(from: Placed, pages: readonly Placed[]): Map<string, string> {
  const others = pages.filter((page) => page !== from && !page.entry.source.endsWith(".md"));
  return new Map(others.map(({ title, output }) => [title, way(from.output, output)]));
}

/** Writes files of the site, and remembers them. */
class Writer {
  readonly into: string;
  /** What was written, by its path in the site; the text only of HTML. */
  readonly files: Map<string, string | undefined> = new Map();

  constructor(into: string) {
    this.into = into;
  }

  html(path: string, text: string): void {
    this.files.set(path, text);
    this.bytes(path, new TextEncoder().encode(text));
  }

  bytes(path: string, bytes: Uint8Array): void {
    if (!this.files.has(path)) this.files.set(path, undefined);
    const file = join(this.into, path);
    Deno.mkdirSync(dirname(file), { recursive: true });
    Deno.writeFileSync(file, bytes);
  }
}

interface Joined {
  readonly written: Writer;
  readonly reference: Reference;
  readonly site: Site;
  readonly root: string;
  readonly config: { readonly name: string };
}

async function joinReference({ written, reference, site, root, config }: Joined): Promise<void> {
  const place = `${pathToFileURL(root)}/`;
  const joining = { root: place, show: (path: string) => site.show(path), front: site.pages[0]!.output };
  for (const page of reference.pages) {
    const html = await Deno.readTextFile(join(written.into, page));
    const named = withSpecifiers(html, reference.entryPoints, config.name);
    written.html(page, joined(page, named, joining));
  }
  if (reference.pages.length === 0) return;
  for (const { name, isFile } of Deno.readDirSync(join(written.into, FOLDER))) {
    const path = join(FOLDER, name);
    if (isFile && !written.files.has(path)) written.files.set(path, undefined);
  }
}

interface Listed {
  readonly written: Writer;
  readonly frame: Frame;
  readonly site: Site;
  readonly tree: Tree;
  readonly root: string;
}

/** Writes what pages link to beside pages. A folder shows more, which is written behind it. */
async function writeShown({ written, frame, site, tree, root }: Listed): Promise<void> {
  for (const [output, { path, kind }] of site.shown) {
    if (kind === "picture") {
      written.bytes(output, await Deno.readFile(join(root, path)));
      continue;
    }
    const body = kind === "folder"
      ? folderBody(path, tree, site)
      : sourceBody(path, tree.files.get(path)!.text);
    const about = kind === "folder" ? `What is in ${path}` : `The source ${path}`;
    written.html(output, framed(frame, { output, title: path, about, body, source: path }));
  }
}

const ASSETS = join(import.meta.dirname!, "assets");

async function writeAssets(written: Writer, reference: boolean): Promise<void> {
  written.bytes(STYLE, await Deno.readFile(join(ASSETS, STYLE)));
  written.bytes(ICON, await Deno.readFile(join(ASSETS, ICON)));
  if (reference) written.bytes(join(FOLDER, SHEET), await Deno.readFile(join(ASSETS, SHEET)));
}
