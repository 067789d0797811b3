// SPDX-License-Identifier: MIT
/**
 * Reads a page of Markdown: its headings, its links with their lines, and, once it is known where each link leads, its HTML.
 *
 * @module
 */

import Slugger from "github-slugger";
import MarkdownIt, { type Token } from "markdown-it";
import { escapeHtml, highlight, isLanguage, LANGUAGE_WORDS } from "./highlight.ts";
import type { Finding } from "../tidy/tree.ts";

/** A heading of a page. */
export interface Heading {
  readonly level: number;
  readonly text: string;
  /** Its anchor, the one that code hosts give it. */
  readonly id: string;
}

/** A link or picture of a page. */
export interface Link {
  /** As it stands there. */
  readonly href: string;
  readonly line: number;
  readonly picture: boolean;
}

/** A page that was read. */
export interface Page {
  /** The file, from the top of the tree. */
  readonly source: string;
  readonly headings: readonly Heading[];
  readonly links: readonly Link[];
  /** What cannot be shown. */
  readonly findings: readonly Finding[];
  readonly tokens: readonly Token[];
}

/** Where links of a page lead in the site. */
export interface Targets {
  /** What to write for a link of the page; `undefined` if it is none here. */
  readonly href: (href: string, picture: boolean) => string | undefined;
  /** What to call the page that a link leads to, if it leads to one. */
  readonly title: (href: string) => string | undefined;
  /** The reference of an exported name, if the site has one. */
  readonly symbol: (name: string) => string | undefined;
}

/** A block with a line that is longer is scrolled on every screen, so that keys must get to it. */
const CODE_COLUMNS = 88;
/** Code inside of a line that is not longer is one word: it fits on a narrow screen. */
const WORD_COLUMNS = 24;
/** A table with more columns is, too. */
const TABLE_COLUMNS = 4;
/** What may be the name of something exported: a word with letters of both sizes. */
const NAME = /^(?=\w*[a-z])(?=\w*[A-Z])([A-Za-z]\w*)(?:\(\))?$/;

const parser = new MarkdownIt({ html: true, linkify: true });
// README.md is a file, not a host in Moldova.
parser.linkify.set({ fuzzyLink: false, fuzzyEmail: false, fuzzyIP: false });

/** The text of a token and what is inside of it. */
function textOf(token: Token): string {
  return (token.children ?? []).map((child) => child.type === "softbreak" ? " " : child.content).join("");
}

function attribute(token: Token, name: string): string {
  return String(token.attrGet(name) ?? "");
}

/** Reads a page. */
export function readPage(source: string, text: string): Page {
  const tokens = parser.parse(text, {});
  const slugger = new Slugger();
  const headings: Heading[] = [];
  const links: Link[] = [];
  const findings: Finding[] = [];
  const finding = (line: number, message: string) => findings.push({ path: source, line, message });
  let line = 1;
  for (const [i, token] of tokens.entries()) {
    line = (token.map?.[0] ?? line - 1) + 1;
    if (token.type === "heading_open") {
      const inside = textOf(tokens[i + 1]!);
      const id = slugger.slug(inside);
      token.attrSet("id", id);
      headings.push({ level: Number(token.tag.slice(1)), text: inside, id });
    }
    if (token.type === "fence" && !isLanguage(token.info.trim())) {
      finding(line, `'${token.info.trim()}' is no language: one of ${LANGUAGE_WORDS.join(", ")}`);
    }
    if (token.type === "html_block") checkHtml(token.content, line, finding);
    let at = line;
    for (const child of token.children ?? []) {
      if (child.type === "softbreak" || child.type === "hardbreak") at++;
      if (child.type === "html_inline") checkHtml(child.content, at, finding);
      const picture = child.type === "image";
      if (picture && child.content === "") finding(at, "a picture without a text: say what is to be seen");
      if (picture || child.type === "link_open") {
        links.push({ href: attribute(child, picture ? "src" : "href"), line: at, picture });
      }
    }
  }
  const titles = headings.filter(({ level }) => level === 1).length;
  if (titles !== 1) finding(1, `${titles} headings of the first level: a page has one, its title`);
  return { source, headings, links, findings, tokens };
}

function checkHtml(html: string, line: number, finding: (line: number, message: string) => void): void {
  if (!/^\s*(?:<!--[^]*?-->\s*)*$/.test(html)) finding(line, `'${html.trim()}': write Markdown, not HTML`);
}

/** How the site differs from what markdown-it writes. */
function rules(targets: Targets): void {
  const { rules } = parser.renderer;
  /** Names that the current section has linked. */
  let named = new Set<string>();
  let inLink = false;
  let inTable = false;
  rules["html_block"] = rules["html_inline"] = () => "";
  rules["heading_open"] = (tokens, i) => {
    const { tag } = tokens[i]!;
    if (tag === "h1" || tag === "h2") named = new Set();
    return `<${tag} id="${escapeHtml(attribute(tokens[i]!, "id"))}">`;
  };
  rules["heading_close"] = (tokens, i) => {
    const { tag } = tokens[i]!;
    const id = attribute(tokens[i - 2]!, "id");
    const label = `Link to “${textOf(tokens[i - 1]!)}”`;
    const anchor = `<a class="anchor" href="#${escapeHtml(id)}" aria-label="${escapeHtml(label)}">#</a>`;
    return tag === "h1" ? "</h1>\n" : `${anchor}</${tag}>\n`;
  };
  let isLink = true;
  rules["link_open"] = (tokens, i) => {
    inLink = true;
    const href = targets.href(attribute(tokens[i]!, "href"), false);
    isLink = href !== undefined;
    return href === undefined ? "" : `<a href="${escapeHtml(href)}">`;
  };
  rules["link_close"] = () => {
    inLink = false;
    return isLink ? "</a>" : "";
  };
  // A link that shows a file's name is one to a page that has a title.
  rules["text"] = (tokens, i) => {
    const { content } = tokens[i]!;
    const before = tokens[i - 1];
    const href = before?.type === "link_open" ? attribute(before, "href") : "";
    const isName = content !== "" && (href === content || href.endsWith(`/${content}`));
    return escapeHtml((isName ? targets.title(href) : undefined) ?? content);
  };
  rules["image"] = (tokens, i) => {
    const { content } = tokens[i]!;
    return `<img src="${escapeHtml(targets.href(attribute(tokens[i]!, "src"), true) ?? "")}" alt="${
      escapeHtml(content)
    }">`;
  };
  rules["code_inline"] = (tokens, i) => {
    const { content } = tokens[i]!;
    const code = inlineCode(content, inTable);
    const name = NAME.exec(content)?.[1];
    const href = name === undefined || inLink || named.has(name) ? undefined : targets.symbol(name);
    if (href === undefined) return code;
    named.add(name!);
    return `<a class="symbol" href="${escapeHtml(href)}">${code}</a>`;
  };
  rules["fence"] = rules["code_block"] = (tokens, i) => {
    const { content, info } = tokens[i]!;
    return codeBlock(content, info.trim());
  };
  rules["table_open"] = (tokens, i) => {
    inTable = true;
    const columns = tokens.slice(i, tokens.findIndex((token, at) => at > i && token.type === "thead_close"))
      .filter(({ type }) => type === "th_open").length;
    const label = headingBefore(tokens, i);
    const wide = columns > TABLE_COLUMNS ? ` class="table wide" tabindex="0"` : ` class="table"`;
    return `<div${wide} role="region" aria-label="${escapeHtml(label)}"><table>\n`;
  };
  rules["table_close"] = () => {
    inTable = false;
    return "</table></div>\n";
  };
  rules["th_open"] = (tokens, i) => `<th scope="col"${classes(sideOf(tokens[i]!))}>`;
  rules["td_open"] = (tokens, i) => {
    const isLong = textOf(tokens[i + 1]!).length > WORD_COLUMNS;
    return `<td${classes(isLong ? "long" : "", sideOf(tokens[i]!))}>`;
  };
}

/** The side that a cell is aligned to. The page may have no styles of its own: a class says the same. */
function sideOf(cell: Token): string {
  return /^text-align:(right|center)$/.exec(attribute(cell, "style"))?.[1] ?? "";
}

function classes(...names: string[]): string {
  const given = names.filter((name) => name !== "");
  return given.length === 0 ? "" : ` class="${given.join(" ")}"`;
}

function headingBefore(tokens: readonly Token[], i: number): string {
  const opening = tokens.slice(0, i).findLastIndex(({ type }) => type === "heading_open");
  return opening < 0 ? "Table" : `Table: ${textOf(tokens[opening + 1]!)}`;
}

/** Code inside of a line: a short word is not broken, a long one where a reader would. */
function inlineCode(content: string, inTable: boolean): string {
  const text = escapeHtml(content);
  if (!inTable && content.length <= WORD_COLUMNS) return `<code class="word">${text}</code>`;
  return `<code>${text.replaceAll(/[/_=,](?=\w)/g, "$&<wbr>")}</code>`;
}

/** A block of code. */
export function codeBlock(code: string, word: string): string {
  const isLong = code.split("\n").some((line) => line.length > CODE_COLUMNS);
  const focus = isLong ? ' tabindex="0" role="region" aria-label="Code"' : "";
  return `<pre${focus}><code>${highlight(code, word)}</code></pre>\n`;
}

/** The page as HTML. */
export function renderPage(page: Page, targets: Targets): string {
  rules(targets);
  return parser.renderer.render([...page.tokens], parser.options, {});
}
