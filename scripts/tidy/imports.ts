// SPDX-License-Identifier: MIT
/**
 * Rules for who imports whom: the layers, dead files, and who may open a socket or a library.
 *
 * @module
 */

import { blank } from "./blank.ts";
import { filesOf, type Finding, matches, type SourceFile, type Tree } from "./tree.ts";

/** An import of a file. */
interface Import {
  /** The path of the imported file, or the specifier of what is no file of the tree. */
  readonly target: string;
  /** The line it stands on. */
  readonly line: number;
}

interface Layer {
  readonly name: string;
  readonly files: RegExp;
  /** What it may import from the tree. */
  readonly may: RegExp;
}

const CORE = "sdk/(?:tokens|hooks|coded|error_codes)\\.ts";
const ROOT = "sdk/[^/]+\\.ts";
const WIRE = "sdk/wire/.*";
const CONFIG = "sdk/config/.*";

/** First match wins. A file of `sdk` that no layer holds is a finding. */
const LAYERS: readonly Layer[] = [
  layer("tokens", "sdk/tokens\\.ts"),
  layer("hooks", "sdk/hooks\\.ts", "sdk/tokens\\.ts"),
  layer("wire", WIRE, CORE),
  layer("the SDK's facades", ROOT, WIRE),
  layer("worker", "sdk/worker/.*", ROOT, WIRE),
  // Both write the same log lines, and mean the same by a count.
  layer("configuration", "sdk/config/.*", ROOT),
  layer(
    "supervisor",
    "sdk/supervisor/.*",
    ROOT,
    WIRE,
    CONFIG,
    "sdk/install/(?:bundler_words|record)\\.ts",
    "sdk/worker/(?:loading|log|latency)\\.ts",
  ),
  layer("installation", "sdk/install/.*", ROOT, CONFIG, "sdk/supervisor/.*"),
  layer("status", "sdk/status/.*", ROOT, CONFIG, "sdk/install/(?:record|home)\\.ts", "sdk/supervisor/.*"),
  layer(
    "doctor",
    "sdk/check/.*",
    ROOT,
    WIRE,
    CONFIG,
    "sdk/(?:install|supervisor)/.*",
    "sdk/status/homes\\.ts",
  ),
  // What a module's author has: the published names alone.
  layer(
    "a template",
    "sdk/author/new/templates/.*",
    "mod\\.ts",
    "sdk/testing/mod\\.ts",
    "tests/stand_ins/.*",
  ),
  layer(
    "authoring",
    "sdk/author/.*",
    ROOT,
    WIRE,
    CONFIG,
    "sdk/(?:install|supervisor|testing|libpam)/.*",
    "sdk/worker/(?:loading|log|main|serving|witness)\\.ts",
  ),
  layer(
    "command",
    "sdk/command/.*",
    ROOT,
    CONFIG,
    "sdk/(?:author|install|supervisor|check|status)/.*",
    "sdk/worker/log\\.ts",
  ),
  // A scripted person answers the same way in memory and through libpam.
  layer("testing", "sdk/testing/.*", ROOT, WIRE, "sdk/libpam/(?:conversation|script)\\.ts"),
  layer("libpam", "sdk/libpam/.*", CORE),
  layer("the lint plugin", "sdk/lint/.*"),
  layer("the entry point", "mod\\.ts", ROOT),
];

function layer(name: string, files: string, ...may: string[]): Layer {
  return { name, files: new RegExp(`^${files}$`), may: new RegExp(`^(?:${[files, ...may].join("|")})$`) };
}

interface DenoJson {
  readonly exports?: Readonly<Record<string, string>>;
  readonly imports?: Readonly<Record<string, string>>;
}

/** The tree's deno.json. */
export function denoJson(tree: Tree): DenoJson & Readonly<Record<string, unknown>> {
  return JSON.parse(tree.files.get("deno.json")?.text ?? "{}");
}

/** What a file imports. */
export function importsOf(tree: Tree, file: SourceFile): Import[] {
  const names = denoJson(tree).imports ?? {};
  const code = blank(file.text, "ts", "comments");
  const quiet = blank(file.text, "ts", "comments and texts");
  const found: Import[] = [];
  const pattern = /\b(?:from|import)\s*\(?\s*"([^"\n]+)"/g;
  for (const { line, match } of matches(code, pattern)) {
    // Inside a text there is no import.
    if (quiet[match.index] === " ") continue;
    const specifier = match[1] ?? "";
    const local = names[specifier]?.startsWith("./") ? names[specifier].slice(2) : undefined;
    found.push({ target: local ?? resolve(file.path, specifier), line });
  }
  return found;
}

function resolve(from: string, specifier: string): string {
  if (!specifier.startsWith(".")) return specifier;
  return new URL(specifier, `file:///${from}`).pathname.slice(1);
}

/** Imports point one way: tokens, hooks, wire, facades, then worker, supervisor, testing; libpam knows the tables only. */
export function* direction(tree: Tree): Iterable<Finding> {
  for (const file of filesOf(tree, /^(sdk|examples)\/.*\.ts$|^mod\.ts$/)) {
    const { path } = file;
    const own = path.startsWith("examples/")
      ? exampleLayer(path)
      : LAYERS.find(({ files }) => files.test(path));
    if (own === undefined) {
      yield {
        path,
        line: 1,
        message: "no layer holds this file: put it into one, or add its layer to scripts/tidy/imports.ts",
      };
      continue;
    }
    for (const { target, line } of importsOf(tree, file)) {
      if (!tree.files.has(target) || own.may.test(target)) continue;
      yield {
        path,
        line,
        message:
          `${own.name} may not import '${target}': turn the dependency round, or move what both need down`,
      };
    }
  }
}

function exampleLayer(path: string): Layer {
  const folder = path.split("/", 2).join("/");
  return layer("an example", `${folder}/.*`, "mod\\.ts", "sdk/(?:testing|libpam)/mod\\.ts");
}

const SOCKETS = /^node:(net|dgram|http|https|http2|tls|child_process|cluster|worker_threads)$/;
// An example opens what its administrator grants it, in one file.
const MAY_OPEN_SOCKETS = /^sdk\/(worker|supervisor)\/|^examples\/ldap-account\/connection\.ts$/;
const MAY_DLOPEN = /^sdk\/(libpam|supervisor)\//;

/** Facades, test kit and wire know no socket; only libpam's client and the supervisor call C; nobody compiles a text. */
export function* reach(tree: Tree): Iterable<Finding> {
  for (const file of filesOf(tree, /^(sdk|examples)\/.*\.ts$|^mod\.ts$/)) {
    const { path } = file;
    for (const { target, line } of importsOf(tree, file)) {
      if (SOCKETS.test(target) && !MAY_OPEN_SOCKETS.test(path)) {
        yield { path, line, message: `'${target}' outside worker and supervisor: take the Caller interface` };
      }
    }
    const code = blank(file.text, "ts", "comments and texts");
    for (const { line } of matches(code, /\bDeno\.dlopen\b/g)) {
      if (!MAY_DLOPEN.test(path)) {
        yield { path, line, message: "'Deno.dlopen' outside libpam and supervisor: it ends the sandbox" };
      }
    }
    for (const { line, match } of matches(code, /\beval\s*\(|\bnew\s+Function\s*\(/g)) {
      yield { path, line, message: `'${match[0]}' compiles a text: write the code` };
    }
    if (!path.startsWith("sdk/supervisor/")) continue;
    for (const { line } of matches(code, /(?<![\w.])import\s*\(/g)) {
      yield { path, line, message: "the supervisor never loads a module: leave it to the worker" };
    }
  }
}

// Runners and people start these; nobody imports them.
const STARTED =
  /^scripts\/[^/]+\.ts$|_(test|bench)\.ts$|^examples\/[^/]+\/module\.ts$|^tests\/.*\/modules\/|\.d\.ts$/;

/** Every TypeScript file is imported, exported by deno.json, started by name, or named in a file that starts it. */
export function* deadFiles(tree: Tree): Iterable<Finding> {
  const sources = filesOf(tree, /\.ts$/);
  const entries = new Set(
    Object.values(denoJson(tree).exports ?? {}).map((path) => path.replace(/^\.\//, "")),
  );
  const imported = new Set(
    sources.flatMap((file) =>
      importsOf(tree, file).map(({ target }) => target).filter((target) => target !== file.path)
    ),
  );
  for (const { path } of sources) {
    if (imported.has(path) || entries.has(path) || STARTED.test(path) || isNamed(tree, path)) continue;
    yield { path, line: 1, message: "nobody imports, exports or starts this file: use it or remove it" };
  }
}

function isNamed(tree: Tree, path: string): boolean {
  const tail = path.split("/").slice(-2).join("/");
  return filesOf(tree, /\.(ts|json|sh)$|^scripts\/[^.]+$|(^|\/)Makefile$/).some((file) =>
    file.path !== path && file.text.includes(tail)
  );
}
