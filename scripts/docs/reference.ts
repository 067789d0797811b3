// SPDX-License-Identifier: MIT
/**
 * The reference of the SDK: what `deno doc --html` makes of the entry points, joined to the site. Its pages search and colour with
 * scripts of their own, which lie beside them.
 *
 * @module
 */

import { dirname, join } from "node:path";
import { escapeHtml } from "./highlight.ts";
import { way } from "./site.ts";

/** What it has in its folder beside the style sheets of `deno doc`. */
export const SHEET = "reference.css";
/** Its folder in the site. */
export const FOLDER = "api";

/** Pages load what lies in the site, and ask nobody; `deno doc` hides what needs scripts with styles of elements. */
const POLICY = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src data:; " +
  "base-uri 'none'; form-action 'none'";

/** An entry point: what one imports, its file, and its page in the site. */
export interface EntryPoint {
  readonly specifier: string;
  readonly source: string;
  readonly output: string;
}

/** The reference, before its pages are joined to the site. */
export interface Reference {
  readonly entryPoints: readonly EntryPoint[];
  /** The page of each exported name. */
  readonly symbols: ReadonlyMap<string, string>;
  /** Its HTML files, from the top of the site. */
  readonly pages: readonly string[];
}

/** The entry points of deno.json. */
export function entryPointsOf(config: {
  readonly name: string;
  readonly exports: Readonly<Record<string, string>>;
}): EntryPoint[] {
  return Object.entries(config.exports).map(([name, file]) => ({
    specifier: name.replace(/^\./, config.name),
    source: file.replace(/^\.\//, ""),
    output: join(FOLDER, name, "index.html"),
  }));
}

/** Makes the reference in the folder `into` of the site, from the tree `root`. */
export async function makeReference(
  root: string,
  into: string,
  entryPoints: readonly EntryPoint[],
): Promise<Reference> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "doc",
      "--html",
      "--quiet",
      `--name=${entryPoints[0]!.specifier}`,
      `--output=${join(into, FOLDER)}`,
    ]
      .concat(entryPoints.map(({ source }) => source)),
    cwd: root,
    env: { NO_COLOR: "1" },
  }).output();
  if (!success) throw new Error(`deno doc --html failed:\n${new TextDecoder().decode(stderr)}`);
  const files = filesOf(into, FOLDER).map((file) => {
    // It links to names as URLs have them, and calls the files so, too.
    const decoded = decodeURIComponent(file);
    if (decoded !== file) Deno.renameSync(join(into, file), join(into, decoded));
    return decoded;
  }).sort();
  const symbols = new Map<string, string>();
  for (const { output } of entryPoints) {
    const folder = output.replace(/index\.html$/, "~/");
    for (const file of files) {
      const name = file.startsWith(folder) ? /^(\w+)\.html$/.exec(file.slice(folder.length))?.[1] : undefined;
      // What several entry points export is described where it stands first.
      if (name !== undefined && !symbols.has(name)) symbols.set(name, file);
    }
  }
  return { entryPoints, symbols, pages: files.filter((file) => file.endsWith(".html")) };
}

function filesOf(root: string, folder: string): string[] {
  return [...Deno.readDirSync(join(root, folder))].flatMap(({ name, isDirectory }) =>
    isDirectory ? filesOf(root, join(folder, name)) : [join(folder, name)]
  );
}

/** What a page of the reference needs of the site. */
export interface Joining {
  /** The tree's place on this machine, as a URL that ends with `/`. */
  readonly root: string;
  /** Where a source is shown. */
  readonly show: (path: string) => string;
  readonly front: string;
}

/** A page of the reference that belongs to the site: with ways to it, and without places of this machine. */
export function joined(page: string, html: string, { root, show, front }: Joining): string {
  // A page that only sends on to another one.
  if (!html.includes('id="content"')) return html;
  const slashes = (text: string) => text.replaceAll("/", "&#x2F;");
  const back = `<a class="skip" href="#content">Skip to the text</a>\n<p class="to-site">` +
    `<a href="${way(page, front)}">Documentation of pam-deno</a></p>`;
  return html
    .replace("<html>", '<html lang="en">')
    .replace(
      /<meta charset="utf-8">/,
      `$&\n  <meta http-equiv="Content-Security-Policy" content="${POLICY}">\n` +
        `  <link rel="icon" href="data:,">`,
    )
    .replace("</head>", `<link rel="stylesheet" href="${way(page, `${FOLDER}/${SHEET}`)}">\n</head>`)
    .replace("<body>", `<body>\n${back}`)
    .replace(/<input\s+type="text"\s+id="searchbar"/, '$& aria-label="Search the reference"')
    .replaceAll(/ href="((?:\.\.?&#x2F;)+)"/g, (_, up) => ` href="${up}index.html"`)
    // The type parameters of methods have no anchors.
    .replaceAll(/ href="([^"#]*)#(type_param_\w+)"/g, (link, file, id) => {
      const isHere = file === "" || join(dirname(page), file.replaceAll("&#x2F;", "/")) === page;
      return isHere && !html.includes(`id="${id}"`) ? "" : link;
    })
    .replaceAll(
      new RegExp(` href="${RegExp.escape(slashes(root))}([^"]*)"`, "g"),
      (_, path) =>
        ` href="${escapeHtml(way(page, show(path.replaceAll("&#x2F;", "/"))))}" aria-label="Source"`,
    );
}

/** The names of modules in the usage lines are those that one imports, not files of this tree. */
export function withSpecifiers(html: string, entryPoints: readonly EntryPoint[], name: string): string {
  return entryPoints.reduce(
    (text, { specifier }) => {
      const called = specifier === name ? "." : specifier.slice(name.length + 1);
      return text.replaceAll(` from &quot;${called}&quot;`, ` from &quot;${specifier}&quot;`);
    },
    html,
  );
}
