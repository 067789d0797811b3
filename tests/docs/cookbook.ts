// SPDX-License-Identifier: MIT
/**
 * The policies of docs/cookbook.md in a folder of their own, each with its lines for pam.d and what a person sees.
 *
 * @module
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { PamModule } from "@pam-deno/sdk";
import { Page, ROOT } from "./page.ts";

/** The page. */
export const PAGE = new Page("docs/cookbook.md");

/** How long a policy of the cookbook may be, in lines. */
export const LINES_MAX = 20;

/** A line for pam.d. */
export interface Line {
  /** Its type. */
  readonly type: string;
  /** Its control. */
  readonly control: string;
  /** The grants. */
  readonly grants: readonly string[];
  /** What the module is called. */
  readonly module: string;
  /** The words behind that, without brackets. */
  readonly options: readonly string[];
}

/** One recipe. */
export interface Recipe {
  /** Its heading. */
  readonly title: string;
  /** What its file is called, without `.ts`. */
  readonly name: string;
  /** Its file. */
  readonly text: string;
  /** Its lines for pam.d. */
  readonly lines: readonly Line[];
  /** What a person sees. */
  readonly seen: string;
}

function lineOf(text: string): Line {
  const words = [...text.matchAll(/\[([^\]]*)\]|(\S+)/g)].map(([, bracketed, plain]) => bracketed ?? plain!);
  const [type, control, shim, ...rest] = words;
  assert.equal(shim, "pam_deno.so", text);
  const at = rest.findIndex((word) => !word.includes("="));
  const grants = rest.slice(0, at).flatMap((word) => word.replace(/^grant=/, "").split(","));
  return { type: type!, control: control!, grants, module: rest[at]!, options: rest.slice(at + 1) };
}

/** All recipes, in order. */
export const RECIPES: readonly Recipe[] = PAGE.sections.map(({ title, blocks }) => {
  const [policy, lines] = blocks;
  const after = PAGE.text.slice(PAGE.text.indexOf(`## ${title}\n`));
  return {
    title,
    name: policy!.file!.replace(/\.ts$/, ""),
    text: policy!.text,
    lines: lines!.text.trim().split("\n").map(lineOf),
    seen: /^> (.*)$/m.exec(after)![1]!,
  };
});

/** A folder with all files of the page. */
export class Kitchen implements Disposable {
  /** Where it is. */
  readonly path: string = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "pam-deno-cookbook-" }));

  /** Writes them. */
  constructor() {
    // Workers have users of their own, and must get to their module.
    Deno.chmodSync(this.path, 0o755);
    for (const { file, text } of PAGE.blocks) {
      if (file !== undefined) {
        Deno.writeTextFileSync(this.at(file), text.replaceAll("/home/you/pam-deno", ROOT));
      }
    }
  }

  /** A path in it. */
  at(name: string): string {
    return join(this.path, name);
  }

  /** A policy of the page, with this program's SDK. */
  async module(name: string): Promise<PamModule> {
    return (await import(pathToFileURL(this.at(`${name}.ts`)).href)).default;
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.path, { recursive: true });
  }
}
