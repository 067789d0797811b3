// SPDX-License-Identifier: MIT
/**
 * Names a bundle by its bytes, and its inputs by what they are: the same sources give the same bytes on any machine, whatever registry
 * or mirror they came from.
 *
 * @module
 */

import { resolve } from "node:path";

/** What {@linkcode nameBundle} gives: both files with their names, which the SHA-256 of their bytes make. */
export interface NamedBundle {
  /** The SHA-256 of the bundle in hexadecimal. */
  readonly sha256: string;
  /** The bundle. Its last line names the source map. */
  readonly code: string;
  /** `SHA256.js.map`, with the SHA-256 of the map. */
  readonly mapName: string;
  /** Its source map. */
  readonly map: string;
  /** The inputs: `module/…`, `sdk/…`, `npm/…`, `jsr/…` or a URL. */
  readonly sources: readonly string[];
}

/** Where packages come from on this machine. */
export interface Origins {
  /** The ways from the staging folder to the packages of a registry of npm. */
  readonly npm: readonly string[];
  /** The address of JSR's files. */
  readonly jsr: string;
}

/** What the bundler writes in front of a CommonJS file, and of one that is loaded later: its way is the key of an object. */
const WRAPPER = /= __(?:commonJS|esm)\(\{$/;
const WRAPPED = /^( *")((?:\.\.\/|deno:)[^"\\]+)("\((?:exports(?:, module)?)?\) \{)$/;

/** Names a bundle and its source map by their bytes, after taking out where packages came from. */
export async function nameBundle(code: string, map: string, origins: Origins): Promise<NamedBundle> {
  const rename = (source: string) => renameSource(source, origins);
  const parsed = JSON.parse(map) as { sources: string[] };
  parsed.sources = parsed.sources.map(rename);
  // What is inlined as octets has no place in the source map: only the bundler's comment says where it came from.
  const sources = new Set(parsed.sources);
  const newMap = JSON.stringify(parsed);
  const mapName = `${await sha256Of(newMap)}.js.map`;
  const lines = code.split("\n").map((line, i, all) => {
    const [, before, wrapped, behind] = (WRAPPER.test(all[i - 1] ?? "") && WRAPPED.exec(line)) || [];
    if (wrapped !== undefined) {
      const source = rename(wrapped);
      sources.add(source);
      return `${before}${source}${behind}`;
    }
    if (line.startsWith("//# sourceMappingURL=")) return `//# sourceMappingURL=${mapName}`;
    if (!/^\/\/ (?:\.\.\/|deno:)/.test(line)) return line;
    const source = rename(line.slice(3));
    sources.add(source);
    return `// ${source}`;
  });
  const newCode = lines.join("\n");
  return { sha256: await sha256Of(newCode), code: newCode, mapName, map: newMap, sources: [...sources] };
}

function renameSource(source: string, { npm, jsr }: Origins): string {
  const plain = source.replace(/^deno:/, "");
  if (plain.startsWith(jsr)) return `jsr/${plain.slice(jsr.length)}`;
  const cache = npm.find((way) => plain.startsWith(way));
  return cache === undefined ? plain : `npm/${plain.slice(cache.length)}`;
}

/** The SHA-256 of a text's UTF-8 in hexadecimal. */
export async function sha256Of(text: string): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text))).toHex();
}

/** The first of `sources` that is no part of a module; a package may import by paths that the module graph does not list. */
export function strangeSource(sources: readonly string[]): string | undefined {
  const strange = sources.find((source) =>
    !/^(?:(?:module|sdk|npm|jsr)\/(?!.*\.\.\/)|https:\/\/|dataurl:)/.test(source)
  );
  return strange === undefined ? undefined : resolve("/", strange);
}
