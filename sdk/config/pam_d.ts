// SPDX-License-Identifier: MIT
/**
 * Reads the lines of pam.d folders, as libpam reads them: comments, lines that go on, words in brackets, `@include`.
 *
 * Nothing is judged here. What libpam would refuse is given with what is wrong about it, because one such line breaks its stack.
 *
 * @module
 */

import { basename, join } from "node:path";
import { RESERVED_NAMES } from "../words.ts";
import { stat } from "./place.ts";

/** The four types of a line. */
export const PAM_TYPES = ["auth", "account", "session", "password"] as const;

/** The type of a line. */
export type PamType = typeof PAM_TYPES[number];

/** One line of a pam.d file that says something. */
export interface PamLine {
  /** The file it stands in. */
  readonly file: string;
  /** Where in it: the first line, counted from 1, of those that are joined by a backslash at the end. */
  readonly line: number;
  /** Its type; `@include` stands for the lines of all types of another file; `undefined` if libpam does not know the word. */
  readonly type: PamType | "@include" | undefined;
  /** Whether the type has a `-` before it: libpam is silent if the file of the module is not there. */
  readonly optional: boolean;
  /** What becomes of the result: one word in lower case, or what stands between `[` and `]` with single spaces; "" behind `@include`. */
  readonly control: string;
  /** Whether {@linkcode PamLine.control} stood in brackets. */
  readonly bracketed: boolean;
  /** The module's file as it is written; for `include`, `substack` and `@include` the name of the other file. */
  readonly module: string;
  /** The module's arguments. */
  readonly args: readonly string[];
  /** What keeps libpam from using this line, if anything. */
  readonly problem: string | undefined;
}

/** Files larger than this are not read: libpam's own are a few KiB. */
const FILE_BYTES_MAX = 1_048_576;

/** The controls of one word; `include` and `substack` take the lines of another file. */
const CONTROLS = ["required", "requisite", "sufficient", "optional", "include", "substack"];

/** The file name of the shim. */
const SHIM = "pam_deno.so";

/**
 * Reads all pam.d files of `folders`, in the order of their names. A folder that is not there is left out. As in libpam, a file of
 * an earlier folder hides the one of the same name in a later folder.
 *
 * @throws {Error} if a file cannot be read or is too large; the message names it.
 */
export function readPamLines(folders: readonly string[]): PamLine[] {
  return [...listPamFiles(folders).values()].flatMap(readPamFile);
}

/** The pam.d files of `folders` by the name of their service, sorted: what {@linkcode readPamLines} reads. */
export function listPamFiles(folders: readonly string[]): Map<string, string> {
  const files = new Map<string, string>();
  for (const folder of folders) {
    for (const name of stat(folder) ? [...Deno.readDirSync(folder)].map(({ name }) => name).sort() : []) {
      const file = join(folder, name);
      if (isService(name) && !files.has(name) && isFile(file)) files.set(name, file);
    }
  }
  return files;
}

/**
 * Reads one pam.d file.
 *
 * @throws {Error} if it cannot be read or is too large; the message names it.
 */
export function readPamFile(file: string): PamLine[] {
  const { size, isFile } = Deno.statSync(file);
  if (!isFile) throw new Error(`${file}: not a regular file`);
  if (size > FILE_BYTES_MAX) throw new Error(`${file}: more than ${FILE_BYTES_MAX} bytes`);
  return parsePamFile(Deno.readTextFileSync(file), file);
}

/** What a package manager or an editor left beside a file is nobody's service. */
function isService(name: string): boolean {
  return !name.startsWith(".") && !/~$|\.(?:dpkg-\w+|rpm\w+|bak|orig|swp)$/.test(name);
}

function isFile(file: string): boolean {
  try {
    return Deno.statSync(file).isFile;
  } catch (error) {
    // Whatever else is in the way is said when it is read: one file must not hide the others.
    return !(error instanceof Deno.errors.NotFound);
  }
}

/** The lines of one pam.d file, whose text is `text`. */
export function parsePamFile(text: string, file: string): PamLine[] {
  const lines: PamLine[] = [];
  let joined = "";
  let first = 0;
  for (const [at, raw] of text.split("\n").entries()) {
    const line = raw.replace(/^[ \t]+/, "");
    // A comment or an empty line between lines that are joined does not part them.
    if (line === "" || line.startsWith("#")) continue;
    if (joined === "") first = at + 1;
    const [code = "", comment] = line.split(/#(.*)/s, 2);
    const trimmed = code.replace(/[ \t]+$/, "");
    if (comment === undefined && trimmed.endsWith("\\")) {
      joined += `${trimmed.slice(0, -1)} `;
      continue;
    }
    lines.push(parseLine(joined + code, file, first));
    joined = "";
  }
  if (joined.trim() !== "") {
    const { problem: _, ...rest } = parseLine(joined, file, first);
    lines.push({ ...rest, problem: "the file ends with a backslash: libpam drops the line" });
  }
  return lines;
}

interface Word {
  readonly text: string;
  readonly bracketed: boolean;
}

/** The words of a line. One that begins with `[` goes to the next `]` that has no backslash before it. */
function words(text: string): Word[] {
  return [...text.matchAll(/\[((?:\\\]|[^\]])*)\]?|[^ \t\n[][^ \t\n]*/g)].map(([whole, inner]) =>
    inner === undefined
      ? { text: whole, bracketed: false }
      : { text: inner.replaceAll("\\]", "]"), bracketed: true }
  );
}

function parseLine(text: string, file: string, line: number): PamLine {
  const [type, ...rest] = words(text);
  const word = type!.text.toLowerCase();
  const common = { file, line, optional: word.startsWith("-") };
  if (word === "@include") {
    const [other, ...args] = rest.map(({ text }) => text);
    const problem = other === undefined ? "@include names no file" : undefined;
    const include = { type: "@include", control: "", bracketed: false, module: other ?? "", args } as const;
    return { ...common, ...include, problem };
  }
  const plain = PAM_TYPES.find((name) => name === word.replace(/^-/, ""));
  const [control, module, ...args] = rest;
  const bracketed = control?.bracketed ?? false;
  return {
    ...common,
    type: plain,
    control: bracketed ? control!.text.trim().replace(/[ \t]+/g, " ") : control?.text.toLowerCase() ?? "",
    bracketed,
    module: module?.text ?? "",
    args: args.map(({ text }) => text),
    problem: plain === undefined
      ? `${JSON.stringify(type!.text)} is not one of ${PAM_TYPES.join(", ")}`
      : control === undefined
      ? "it has no control word"
      : !bracketed && !CONTROLS.includes(control.text.toLowerCase())
      ? `${JSON.stringify(control.text)} is not one of ${CONTROLS.join(", ")}, and not in brackets`
      : module === undefined
      ? "it names no module"
      : undefined,
  };
}

/** What a line of pam_deno.so says. */
export interface ShimArguments {
  /** The shim's own options, such as `timeout=5s`. */
  readonly shim: readonly string[];
  /** The module; `undefined` if the line names none. */
  readonly name: string | undefined;
  /** The module's options. */
  readonly options: readonly string[];
}

/** Takes the arguments of a line of pam_deno.so apart as the shim does; `undefined` if the line is another module's. */
export function shimArguments(
  { module, control, type, bracketed, args }: PamLine,
): ShimArguments | undefined {
  if (basename(module) !== SHIM || type === "@include") return undefined;
  if (!bracketed && (control === "include" || control === "substack")) return undefined;
  // libpam's own words may stand anywhere and are nobody else's.
  const own = args.filter((word) => !RESERVED_NAMES.has(word) && !word.startsWith("authtok_type="));
  const at = own.findIndex((word) => !word.includes("="));
  if (at < 0) return { shim: own, name: undefined, options: [] };
  return { shim: own.slice(0, at), name: own[at], options: own.slice(at + 1) };
}
