// SPDX-License-Identifier: MIT
/**
 * The public API of the SDK as a text: the declarations that `deno pack` makes, without comments. It is committed as
 * tests/publish/api_gen.txt, so that a review sees what a change does to authors.
 *
 * Usage: `deno task api` writes it, `deno task api --check` compares it
 *
 * @module
 */

import { dirname, join } from "node:path";
import { run, Staging } from "../package/files.ts";
import { TOP, unpack } from "../pack/tarball.ts";

const ROOT = dirname(dirname(import.meta.dirname!));

/** The committed text. */
export const API_FILE: string = join(ROOT, "tests/publish/api_gen.txt");

const NOTE = "Generated from the SDK's sources: run deno task api";

/** The declarations of a file, without comments. */
export function declarations(text: string): string {
  return text.replaceAll(/\/\*\*[\s\S]*?\*\/ ?/g, "").trim();
}

async function format(text: string): Promise<string> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--ext=ts", "--line-width=110", "--no-config", "-"],
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(text));
  await writer.close();
  const { success, stdout } = await child.output();
  if (!success) throw new Error("deno fmt cannot read the declarations of deno pack");
  return new TextDecoder().decode(stdout);
}

/** The text of the package in a folder: first its entry points, then the files that they name. */
export async function readApi(folder: string): Promise<string> {
  const stage = await Deno.makeTempDir({ prefix: "pam-deno-api-" });
  try {
    const archive = join(stage, "package.tgz");
    const flags = ["--quiet", "--allow-dirty", "--no-source-maps", "--output", archive];
    await run([Deno.execPath(), "pack", ...flags], { cwd: folder, env: { NO_COLOR: "1" } });
    await unpack(archive, stage);
    const at = (path: string) => join(stage, TOP, path);
    const { exports } = JSON.parse(await Deno.readTextFile(at("package.json")));
    const parts: string[] = [`// ${NOTE}`];
    const entries = new Map<string, string>();
    for (const [name, { types }] of Object.entries<{ types?: string }>(exports)) {
      // Without types nobody could use it: deno pack says why.
      if (types === undefined) throw new Error(`the entry point ${name} has no declarations`);
      entries.set(types.replace("./", ""), name);
    }
    const files = new Staging(join(stage, TOP)).files().filter((path) => path.endsWith(".d.ts"));
    for (const path of [...entries.keys(), ...files.filter((path) => !entries.has(path))]) {
      const entry = entries.get(path);
      const title = entry === undefined ? path : `${path}: the entry point ${entry}`;
      parts.push(`// ==== ${title}`, declarations(await Deno.readTextFile(at(path))));
    }
    return await format(`${parts.join("\n\n")}\n`);
  } finally {
    await Deno.remove(stage, { recursive: true });
  }
}

if (import.meta.main) {
  const text = await readApi(ROOT);
  if (Deno.args[0] !== "--check") await Deno.writeTextFile(API_FILE, text);
  else if (text !== await Deno.readTextFile(API_FILE)) {
    const child = new Deno.Command("diff", {
      args: ["-u", "--label", "committed", "--label", "now", API_FILE, "-"],
      stdin: "piped",
      stdout: "inherit",
    }).spawn();
    await new Blob([text]).stream().pipeTo(child.stdin);
    await child.status;
    console.error(
      "The public API has changed: if that is meant, deno task api, and CHANGES.md tells authors",
    );
    Deno.exit(1);
  }
}
