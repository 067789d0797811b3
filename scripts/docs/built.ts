// SPDX-License-Identifier: MIT
/**
 * Looks at the site as it was built: every link and every file that a page loads is there, with its anchor, nothing is loaded from
 * elsewhere, and links to elsewhere are to hosts that are known.
 *
 * @module
 */

import { Parser } from "htmlparser2";
import { dirname, join } from "node:path/posix";
import { nearest } from "../../sdk/nearest.ts";
import type { Finding } from "../tidy/tree.ts";
import { externalProblem } from "./hosts.ts";

/** A reference of a page to something else. */
interface Use {
  readonly href: string;
  readonly line: number;
  /** Whether a browser fetches it by itself. */
  readonly loaded: boolean;
}

interface Built {
  readonly ids: ReadonlySet<string>;
  readonly uses: readonly Use[];
  readonly findings: readonly Finding[];
}

const LOADED = new Set(["img", "link", "script", "source", "iframe", "object", "embed", "video", "audio"]);

function readHtml(path: string, html: string): Built {
  const ids = new Set<string>();
  const uses: Use[] = [];
  const findings: Finding[] = [];
  // The parser knows where it is, in characters; lines are counted on the way.
  let [line, seen] = [1, 0];
  const parser = new Parser({
    onopentag(name, attributes) {
      for (; seen < parser.startIndex; seen++) if (html.charCodeAt(seen) === 10) line++;
      const { id, href, src } = attributes;
      if (id !== undefined && id !== "") {
        if (ids.has(id)) findings.push({ path, line, message: `'#${id}' is there twice` });
        ids.add(id);
      }
      for (const value of [href, src]) {
        if (value !== undefined) uses.push({ href: value, line, loaded: LOADED.has(name) });
      }
    },
  });
  parser.end(html);
  return { ids, uses, findings };
}

/** What was looked at, and what is wrong. */
export interface Looked {
  readonly pages: number;
  readonly links: number;
  readonly findings: readonly Finding[];
}

/** Looks at a site, all files of which are given by their paths; only HTML has a text. */
export function lookAt(files: ReadonlyMap<string, string | undefined>): Looked {
  const built = new Map<string, Built>();
  for (const [path, html] of files) if (html !== undefined) built.set(path, readHtml(path, html));
  const findings: Finding[] = [];
  let links = 0;
  for (const [path, { uses, findings: own }] of built) {
    // Overloads in the reference repeat the anchors of their examples.
    if (!path.startsWith("api/")) findings.push(...own);
    for (const { href, line, loaded } of uses) {
      links++;
      const message = problem(path, href, loaded, files, built);
      if (message !== undefined) findings.push({ path, line, message });
    }
  }
  return { pages: built.size, links, findings };
}

function problem(
  from: string,
  href: string,
  loaded: boolean,
  files: ReadonlyMap<string, string | undefined>,
  built: ReadonlyMap<string, Built>,
): string | undefined {
  if (href.startsWith("data:") && loaded) return undefined;
  if (/^[\w+.-]+:|^\/\//.test(href)) {
    return loaded ? `'${href}' is loaded from elsewhere` : externalProblem(href);
  }
  const [path = "", anchor = ""] = href.split("#", 2);
  const file = path === "" ? from : join(dirname(from), decodeURIComponent(path.split("?")[0]!));
  if (!files.has(file)) {
    const found = nearest(file, files.keys());
    return `'${href}' leads nowhere` + (found === undefined ? "" : ` (the nearest is '${found}')`);
  }
  const ids = built.get(file)?.ids;
  const id = decodeURIComponent(anchor);
  if (id === "" || ids === undefined || ids.has(id)) return undefined;
  const found = nearest(id, ids);
  return `'${file}' has no anchor '#${id}'` + (found === undefined ? "" : ` (the nearest is '#${found}')`);
}
