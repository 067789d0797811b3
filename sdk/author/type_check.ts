// SPDX-License-Identifier: MIT
/**
 * Whether a module type-checks. Bundling takes types away without a look at them.
 *
 * @module
 */

import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Layout } from "../config/layout.ts";
import { printable } from "../supervisor/lines.ts";
import { type Places, publishedNames, writeConfig } from "../install/import_map.ts";
import { isStrangers, type Subject } from "./subject.ts";

/** How long it may take, in ms: about 1 s after a change, 20 ms if nothing has changed. */
const CHECK_MAX_MS = 60_000;
/** Lines that are handed on. */
const LINES_MAX = 40;
/** What every module of a project is told, unless its own deno.json says something. */
const STRICT = { strict: true };

/** What the compiler says. */
export interface TypeCheck {
  /** `unchecked` if nobody looked; {@linkcode TypeCheck.text} then says why. */
  readonly verdict: "ok" | "wrong" | "unchecked";
  /** The complaint, with places, fit for a terminal; empty if there is none. */
  readonly text: string;
}

/** A module does not type-check. The message has what the compiler says. */
export class TypesError extends Error {
  override name = "TypesError";
}

/**
 * Goes on only with a module that the compiler has nothing against, or that nobody looked at; `word` is how it was named.
 *
 * @throws {TypesError} if it does not type-check.
 */
export function demandTypes({ verdict, text }: TypeCheck, word: string): void {
  if (verdict === "wrong") throw new TypesError(`${word}: it does not type-check:\n${text}`);
}

/** A module is looked at: nothing is written for it, no packages are laid beside it, and none of their scripts is run. */
const LOOK_ONLY = ["--quiet", "--no-lock", "--node-modules-dir=none"];

/**
 * Type-checks a module with what is taken from its own deno.json when it is bundled: names of imports and compiler options, and the SDK
 * that belongs to this program. The file itself would say more, such as where Deno writes a lockfile, and which scripts of packages it
 * runs. `into` is a folder of the caller's own.
 */
export async function checkTypes(
  subject: Subject,
  { sdkDir }: Pick<Layout, "sdkDir">,
  into: string,
  signal?: AbortSignal,
): Promise<TypeCheck> {
  if (Deno.uid() === 0 && isStrangers(subject)) {
    const text = `${subject.folder} can be changed by others than root: its types are not checked as root`;
    return { verdict: "unchecked", text };
  }
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["check", ...LOOK_ONLY, `--config=${writeOwnConfig(subject, sdkDir, into)}`, subject.file],
    cwd: into,
    env: { NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1", DENO_NO_PACKAGE_JSON: "1", RUST_BACKTRACE: "0" },
    stdin: "null",
    signal: signal ?? AbortSignal.timeout(CHECK_MAX_MS),
  }).output();
  if (success) return { verdict: "ok", text: "" };
  const decoder = new TextDecoder();
  const lines = `${decoder.decode(stderr)}${decoder.decode(stdout)}`.trim().split("\n");
  return { verdict: "wrong", text: lines.slice(0, LINES_MAX).map(keepIndent).join("\n") };
}

/** A line of the compiler, whose arrows stand below what they point at. */
function keepIndent(text: string): string {
  const [blank] = /^ */.exec(text)!;
  return blank + printable(text.slice(blank.length));
}

function writeOwnConfig({ project }: Subject, sdkDir: string, into: string): string {
  const places: Places = {
    own: { from: project.root, to: "module", owns: () => true },
    sdk: { from: sdkDir, to: "sdk", owns: () => true },
  };
  const folder = join(into, "types");
  Deno.mkdirSync(folder, { recursive: true });
  const config = { ...project.config, compilerOptions: project.config["compilerOptions"] ?? STRICT };
  const base = ({ from }: { from: string }) => pathToFileURL(`${from}/`).href;
  writeConfig({ ...project, config, lock: undefined }, places, base, namesIn(project), folder);
  return join(folder, "deno.json");
}

/** How a project's own imports name the published SDK. */
function namesIn({ config }: Subject["project"]): string[] {
  return publishedNames(JSON.stringify(config["imports"] ?? {}));
}
