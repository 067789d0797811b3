// SPDX-License-Identifier: MIT
/**
 * The text of a configuration file, and what was found wrong in it: everything at once, each with its line and column.
 *
 * @module
 */

import { findNodeAtLocation, getNodeValue, parseTree, printParseErrorCode } from "jsonc-parser";
import type { JSONPath, Node, ParseError } from "jsonc-parser";

/** Something wrong with a configuration file. The message has one line for each problem: `FILE:LINE:COLUMN: what, and the remedy`. */
export class ConfigError extends Error {
  override name = "ConfigError";
}

/** A file's text, and what was found wrong with it. */
export class Source {
  readonly #text: string;
  readonly #file: string;
  readonly #problems: [offset: number, message: string][] = [];
  #root: Node | undefined;

  /** `file` is what the messages call it. */
  constructor(text: string, file: string) {
    this.#text = text;
    this.#file = file;
  }

  /**
   * Reads the text as JSON with comments and trailing commas.
   *
   * @throws {ConfigError} if it is not.
   */
  parse(): unknown {
    const errors: ParseError[] = [];
    this.#root = parseTree(this.#text, errors, { allowTrailingComma: true });
    for (const { error, offset } of errors) {
      const words = printParseErrorCode(error).replace(/(?<=[a-z])(?=[A-Z])/g, " ").toLowerCase();
      this.#problems.push([offset, `not JSON with comments: ${words}`]);
    }
    if (this.#root) this.#refuseTwice(this.#root);
    this.throwIfWrong();
    return getNodeValue(this.#root!);
  }

  /** Of two keys with the same name one would silently win. */
  #refuseTwice(node: Node): void {
    const seen = new Set<string>();
    for (const child of node.children ?? []) {
      this.#refuseTwice(child);
      const key = node.type === "object" ? child.children?.[0] : undefined;
      if (!key) continue;
      if (seen.has(key.value)) {
        this.#problems.push([key.offset, `the key ${JSON.stringify(key.value)} stands here twice`]);
      }
      seen.add(key.value);
    }
  }

  /** Notes a problem at `path`, or at the nearest place above that exists; `key` points at the key instead of its value. */
  problem(path: JSONPath, message: string, key = false): void {
    let node: Node | undefined;
    for (let depth = path.length; !node && depth >= 0; depth--) {
      node = this.#root && findNodeAtLocation(this.#root, path.slice(0, depth));
    }
    const at = key && node?.parent?.type === "property" ? node.parent : node;
    this.#problems.push([at?.offset ?? 0, message]);
  }

  /** @throws {ConfigError} with all that was noted, if anything was. */
  throwIfWrong(): void {
    if (this.#problems.length === 0) return;
    const lines = this.#problems.sort(([a], [b]) => a - b).map(([offset, message]) => {
      const before = this.#text.slice(0, offset).split("\n");
      return `${this.#file}:${before.length}:${before.at(-1)!.length + 1}: ${message}`;
    });
    throw new ConfigError([...new Set(lines)].join("\n"));
  }
}
