// SPDX-License-Identifier: MIT
/**
 * What is around the text of each page: its head, the ways to other pages, its foot.
 *
 * @module
 */

import { FRONT, type Part } from "./contents.ts";
import { escapeHtml } from "./highlight.ts";
import { type Placed, way } from "./site.ts";

/** Pages load the style sheet and the icon that lie beside them, run nothing, and ask nobody. */
const POLICY = "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'none'";

/** Files of the site that every page uses. */
export const STYLE = "style.css";
export const ICON = "icon.svg";
/** The reference's first page. */
export const REFERENCE = "api/index.html";

/** What is the same on all pages. */
export interface Frame {
  readonly parts: readonly Part[];
  readonly pages: readonly Placed[];
  readonly version: string;
  /** Where the licence is shown, if it is. */
  readonly licence: string | undefined;
  /** The entry points of the reference: what one imports, and where it is in the site; empty for a site without. */
  readonly reference: readonly (readonly [specifier: string, output: string])[];
}

/** A page to put into the frame. */
export interface Sheet {
  readonly output: string;
  readonly title: string;
  readonly about: string;
  /** The text, as HTML. */
  readonly body: string;
  /** The file of the tree that it is made of. */
  readonly source: string;
  /** Its place among the pages, if it has one. */
  readonly page?: Placed;
}

/** The headings that the list of pages shows below the current one. */
const LEVEL_LISTED = 2;

function link(from: string, to: string, text: string, more = ""): string {
  return `<a href="${escapeHtml(way(from, to))}"${more}>${escapeHtml(text)}</a>`;
}

/** The list of all pages, with the headings of the current one. */
function list(frame: Frame, sheet: Sheet): string {
  const bySource = new Map(frame.pages.map((page) => [page.entry.source, page]));
  const item = (page: Placed): string => {
    if (page !== sheet.page) return `<li>${link(sheet.output, page.output, page.title)}</li>`;
    const headings = page.headings.filter(({ level }) => level === LEVEL_LISTED)
      .map(({ id, text }) => `<li><a href="#${escapeHtml(id)}">${escapeHtml(text)}</a></li>`);
    const below = headings.length === 0 ? "" : `<ul class="headings">${headings.join("")}</ul>`;
    return `<li>${link(sheet.output, page.output, page.title, ' aria-current="page"')}${below}</li>`;
  };
  const parts = frame.parts.map(({ title, pages }) => {
    const items = pages.flatMap(({ source }) => {
      // A page of a folder shows itself below the page that it belongs to, and not its siblings.
      const isInside = sheet.page?.entry.within === source;
      return [bySource.get(source)!, ...isInside ? [sheet.page!] : []];
    });
    return `<p class="part">${escapeHtml(title)}</p>\n<ul>${items.map(item).join("")}</ul>`;
  });
  if (frame.reference.length > 0) {
    const items = frame.reference.map(([specifier, output]) =>
      `<li>${link(sheet.output, output, specifier)}</li>`
    );
    parts.push(`<p class="part">Reference of the SDK</p>\n<ul>${items.join("")}</ul>`);
  }
  return parts.join("\n");
}

/** The page before and the page behind: those of a folder follow each other, and others go on without them. */
function turns({ pages }: Frame, { output, page }: Sheet): string {
  if (page === undefined) return "";
  const { within } = page.entry;
  const row = pages.filter(({ entry }) =>
    entry.within === within || (within !== undefined && entry.source === within)
  );
  const at = row.indexOf(page);
  const [before, behind] = [row[at - 1], row[at + 1]];
  const turn = (word: string, to: Placed | undefined, rel: string) =>
    to === undefined ? "" : `<a class="${rel}" rel="${rel}" href="${escapeHtml(way(output, to.output))}">` +
      `<span>${word}</span> ${escapeHtml(to.title)}</a>`;
  return `<nav class="turns" aria-label="Previous and next page">${turn("Previous", before, "prev")}` +
    `${turn("Next", behind, "next")}</nav>`;
}

/** A whole page. */
export function framed(frame: Frame, sheet: Sheet): string {
  const { output, title, about, body, source } = sheet;
  const name = source === FRONT.source ? title : `${title} · pam-deno`;
  const pages = list(frame, sheet);
  const reference = frame.reference.length === 0 ? "" : link(output, REFERENCE, "Reference of the SDK");
  return `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${POLICY}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<meta name="description" content="${escapeHtml(about)}">
<title>${escapeHtml(name)}</title>
<link rel="icon" type="image/svg+xml" href="${way(output, ICON)}">
<link rel="stylesheet" href="${way(output, STYLE)}">
</head>
<body>
<a class="skip" href="#content">Skip to the text</a>
<header>
${link(output, outputOfFront(frame), "pam-deno", ' class="name"')}
${reference}
<details class="menu"><summary>All pages</summary><nav aria-label="All pages">
${pages}
</nav></details>
</header>
<div class="columns">
<nav class="side" aria-label="Pages">
${pages}
</nav>
<main id="content" tabindex="-1">
${body}${turns(frame, sheet)}
</main>
</div>
<footer>
<p>pam-deno ${escapeHtml(frame.version)}, made from <code>${escapeHtml(source)}</code>, under the
${frame.licence === undefined ? "MIT licence" : link(output, frame.licence, "MIT licence")}.</p>
</footer>
</body>
</html>
`;
}

function outputOfFront({ pages }: Frame): string {
  return pages[0]!.output;
}
