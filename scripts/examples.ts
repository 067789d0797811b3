// SPDX-License-Identifier: MIT
/**
 * Holds the public API to its documentation: every entry point and every exported name has prose, and an example that
 * `deno test --doc` runs. Members need no example; `deno doc --lint` wants their prose.
 *
 * Usage: `deno run -A scripts/examples.ts ENTRY…`
 *
 * @module
 */

import type { Finding } from "./tidy/tree.ts";

/** A doc comment, as `deno doc --json` has it. */
export interface Doc {
  /** The prose in front of the tags. */
  readonly doc?: string;
  /** The tags. */
  readonly tags?: readonly { readonly kind: string; readonly doc?: string }[];
}

/** A place in a source; lines count from 0. */
interface Location {
  readonly filename: string;
  readonly line: number;
  readonly col: number;
}

/** One declaration of an exported name; of kind `reference` if another entry point has it in full. */
export interface Declaration {
  readonly location: Location;
  readonly declarationKind: string;
  readonly kind: string;
  readonly jsDoc?: Doc;
  readonly def?: { readonly target?: Location; readonly hasBody?: boolean };
}

/** What `deno doc --json` prints of entry points. */
export interface DocJson {
  readonly version: number;
  readonly nodes: Readonly<
    Record<string, {
      readonly module_doc?: Doc;
      readonly symbols: readonly { readonly name: string; readonly declarations: readonly Declaration[] }[];
    }>
  >;
}

/** The layout of the JSON that this script reads. */
const JSON_VERSION = 2;

// As `deno test --doc` finds blocks to run.
const RUN = /^```(?:ts|typescript)(?![^\n]*\bignore\b)[^\n]*\n/m;

function hasExample(doc: Doc | undefined): boolean {
  return doc?.tags?.some((tag) => tag.kind === "example" && RUN.test(tag.doc ?? "")) ?? false;
}

function hasProse(doc: Doc | undefined): boolean {
  return (doc?.doc ?? "").trim() !== "";
}

function place({ filename, line, col }: Location): string {
  return `${filename}:${line}:${col}`;
}

/** What of `json` lacks prose or an example. Paths are taken relative to the folder `root`, a URL with a slash at its end. */
export function* undocumented(json: DocJson, root: string): Iterable<Finding> {
  if (json.version !== JSON_VERSION) {
    throw new TypeError(
      `deno doc --json printed version ${json.version}, this script reads ${JSON_VERSION}: adapt scripts/examples.ts`,
    );
  }
  const at = ({ filename, line }: Location) => ({ path: filename.replace(root, ""), line: line + 1 });
  const seen = new Set(
    Object.values(json.nodes).flatMap(({ symbols }) => symbols).flatMap(({ declarations }) => declarations)
      .filter(({ kind }) => kind !== "reference").map(({ location }) => place(location)),
  );
  for (const [filename, { module_doc, symbols }] of Object.entries(json.nodes)) {
    if (!hasExample(module_doc)) {
      const message =
        "an entry point without an example that runs: add '@example' with a ```ts block to @module";
      yield { ...at({ filename, line: 0, col: 0 }), message };
    }
    for (const { name, declarations } of symbols) {
      const exported = declarations.filter(({ declarationKind }) => declarationKind === "export");
      // The body of an overloaded function is no part of its interface.
      const full = exported.filter(({ kind, def }) =>
        kind !== "reference" && !(exported.length > 1 && def?.hasBody === true)
      );
      for (const { location, jsDoc } of full.filter(({ jsDoc }) => !hasProse(jsDoc))) {
        const tags = jsDoc === undefined ? "no doc comment" : "no prose in its doc comment";
        yield {
          ...at(location),
          message: `'${name}' has ${tags}: say what it is, with units, limits, errors`,
        };
      }
      const [first] = full;
      if (first !== undefined && !full.some(({ jsDoc }) => hasExample(jsDoc))) {
        const message =
          `'${name}' has no example that runs: add '@example' with a \`\`\`ts block that asserts`;
        yield { ...at(first.location), message };
      }
      for (const { location, def } of exported.filter(({ kind }) => kind === "reference")) {
        if (def?.target !== undefined && seen.has(place(def.target))) continue;
        const message = `'${name}' is exported from where this check does not look: name its entry point too`;
        yield { ...at(location), message };
      }
    }
  }
}

/** What `deno doc --json` prints of the entry points at `paths`. */
export async function readDoc(paths: readonly string[]): Promise<DocJson> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["doc", "--json", ...paths],
  }).output();
  if (!success) throw new Error(`deno doc --json failed: ${new TextDecoder().decode(stderr).trim()}`);
  const json = JSON.parse(new TextDecoder().decode(stdout));
  if (Object.keys(json.nodes ?? {}).length < paths.length) {
    throw new Error(`deno doc --json printed fewer entry points than ${paths.length}: check their paths`);
  }
  return json;
}

if (import.meta.main) {
  const json = await readDoc(Deno.args);
  const findings = [...undocumented(json, new URL("..", import.meta.url).href)];
  for (const { path, line, message } of findings) console.log(`${path}:${line}: ${message}`);
  Deno.exit(findings.length === 0 ? 0 : 1);
}
