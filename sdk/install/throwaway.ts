// SPDX-License-Identifier: MIT
/**
 * Bundles a module as a throwaway user, who can read nothing but the module's own sources, the SDK and a package cache that was empty
 * before. So nothing of the machine can get into a bundle, whatever the module or its packages import.
 *
 * @module
 */

import { dirname, join } from "node:path";
import * as v from "valibot";
import type { Layout } from "../config/layout.ts";
import { isForeign, stat } from "../config/place.ts";
import { printable } from "../supervisor/lines.ts";
import { isLine } from "../text.ts";
import { sha256Of } from "./bundle_names.ts";
import type { BundlerAnswer, BundlerRequest, SourcesAnswer, SourcesRequest } from "./bundler_words.ts";
import { openJail } from "./jail.ts";
import { type Copied, copySources, findLocalModule, StageError } from "./stage.ts";

/** What is to be bundled. */
export type Source =
  | { readonly kind: "path"; readonly path: string }
  | { readonly kind: "npm" | "jsr"; readonly name: string; readonly version: string }
  | { readonly kind: "ready"; readonly path: string; readonly code: string };

/** A bundle that is not installed yet. */
export interface Bundled {
  /** The bundle. */
  readonly code: string;
  /** Its SHA-256 in hexadecimal. */
  readonly sha256: string;
  /** Its source map, if it has one. */
  readonly map: { readonly name: string; readonly text: string } | undefined;
  /** The deno.lock that names its packages, if it has any. */
  readonly lock: string | undefined;
  /** The module's main file, or the package. */
  readonly specifier: string;
  /** What it was made of; `undefined` if no folder of this machine was copied. */
  readonly copied: { readonly folder: string; readonly files: number } | undefined;
  /** What whoever decides should know. */
  readonly warnings: readonly string[];
}

/** How {@linkcode bundleAsThrowaway} may differ. */
export interface ThrowawayOptions {
  /** User ids to choose from; by default any that is free. */
  readonly uids?: readonly number[] | undefined;
  /** A folder of Deno's whose packages are used, and no other is downloaded; by default they all are. */
  readonly packages?: string | undefined;
  /** Whether the sources of a module in a folder are read where they are; by default a copy of them is. */
  readonly inPlace?: boolean | undefined;
}

/** A module that cannot be bundled. The message says why. */
export class ThrowawayError extends Error {
  override name = "ThrowawayError";
}

/** How long bundling may take, with all that is to be downloaded, in ms. */
const BUNDLE_MAX_MS = 300_000;
/** What a bundle, its map and its lockfile may be together, in bytes. */
const ANSWER_MAX = 64 * 1024 ** 2;
/** Lines of a complaint that are handed on. */
const COMPLAINT_LINES = 30;

/** The program that bundles; see bundler.ts. */
const BUNDLER = "bundler.js";
/** What it is started with: nothing is taken from where it is started, nothing is asked. */
const ALONE = ["--quiet", "--no-prompt", "--no-config", "--no-lock", "--no-remote", "--no-npm"];
/** What it may do, beside starting Deno: its user and its file system are what bounds it. */
const PERMISSIONS = ["--allow-read", "--allow-write", "--allow-env", "--allow-net"];

/** What is of use in a folder of Deno's: what people did with theirs is nobody's business. */
const PACKAGES = ["npm", "remote", "dl"];

/** What the administrator may have set up for this machine's network. Values that are paths are made readable. */
const HANDED_ON = [
  "NPM_CONFIG_REGISTRY",
  "JSR_URL",
  "HTTP_PROXY",
  "HTTPS_PROXY",
  "NO_PROXY",
  "http_proxy",
  "https_proxy",
  "no_proxy",
  "DENO_CERT",
  "DENO_TLS_CA_STORE",
  "NODE_EXTRA_CA_CERTS",
  "SSL_CERT_FILE",
  "SSL_CERT_DIR",
];

const ANSWER = v.union([
  v.strictObject({ error: v.string() }),
  v.strictObject({
    main: v.pipe(v.string(), v.check(isLine), v.regex(/^(?!\/)(?!(?:.*\/)?\.\.(?:\/|$))/)),
    code: v.string(),
    map: v.optional(v.string()),
    lock: v.optional(v.string()),
    inputs: v.optional(v.array(v.string())),
  }),
]);

/**
 * Bundles a module in the staging folder `stage`. Nothing of it is run.
 *
 * @throws {ThrowawayError} if it cannot be bundled.
 */
export async function bundleAsThrowaway(
  layout: Pick<Layout, "libDir" | "sdkDir">,
  source: Source,
  stage: string,
  { uids, packages, inPlace }: ThrowawayOptions = {},
): Promise<Bundled> {
  const work = join(stage, "work");
  const [copy, own, into, root, sdkCopy] = ["work/module", "work/cache", "work/out", "root", "sdk"]
    .map((name) => join(stage, name)) as [string, string, string, string, string];
  for (const path of [copy, own, into, root, join(sdkCopy, "sdk")]) {
    Deno.mkdirSync(path, { recursive: true, mode: 0o755 });
  }
  const { request, label, folder, only, copied } = prepare(source, copy, inPlace ?? false);
  const bundler = realFile(join(layout.libDir, BUNDLER));
  const deno = Deno.realPathSync(Deno.execPath());
  const cache = packages ?? own;
  const sdk = provideSdk(layout, folder, sdkCopy);
  const env = environment();
  const readable = [
    ...[deno, bundler, sdk],
    ...folder === copy ? [] : only === undefined ? [folder] : only.map((name) => join(folder, name)),
    ...packages === undefined ? provideEsbuild(layout, cache) : PACKAGES.map((name) => join(packages, name)),
    ...Object.values(env).filter((value) => value.startsWith("/")),
  ];
  const writable = [work, own, into, ...source.kind === "npm" || source.kind === "jsr" ? [copy] : []];
  const jail = openJail({
    root,
    readable,
    writable: Deno.uid() === 0 ? writable : [],
    through: [stage],
    uids,
  });
  const { success, killed, stdout, stderr } = await jail.run({
    command: [deno, "run", ...ALONE, ...PERMISSIONS, `--allow-run=${deno}`, bundler],
    env: { ...env, HOME: work, TMPDIR: into, DENO_DIR: cache, DENO_NO_UPDATE_CHECK: "1", NO_COLOR: "1" },
    stdin: JSON.stringify({ ...request, folder, into, sdk } satisfies BundlerRequest),
    // A ready bundle has everything in it.
    network: source.kind !== "ready",
    timeoutMs: BUNDLE_MAX_MS,
    outputMax: ANSWER_MAX,
  });
  const said = readAnswer(success ? stdout : "", killed ?? stderr);
  if ("error" in said) throw new ThrowawayError(explain(said.error, { folder, label, only, copied }));
  refuseLies(said, source, request);
  const specifier = source.kind === "path" ? join(label, said.main) : label;
  // What was fetched belongs to the throwaway user: that it does is no news.
  const inputs = source.kind === "path" ? said.inputs : [];
  const found = copied ? copied.foreign : inputs?.find((path) => path.startsWith(folder) && isOthers(path));
  const warnings = [...jail.warnings, ...found === undefined ? [] : [warnOf(found, copied !== undefined)]];
  return {
    ...await checkBundle(said),
    lock: said.lock,
    specifier,
    copied: copied && { folder: label, files: copied.files },
    warnings,
  };
}

/**
 * Bundles a module in a folder for a `serve`, as often as its sources change: from where it is and with the packages that root has
 * already, so that it needs neither time nor a network; or else from a copy, like one that is installed.
 */
export async function bundleSources(
  { path, stage, uids, ...layout }: SourcesRequest,
): Promise<SourcesAnswer> {
  const source: Source = { kind: "path", path };
  const attempt = async (name: string, options: ThrowawayOptions): Promise<SourcesAnswer> => {
    try {
      const folder = join(stage, name);
      Deno.mkdirSync(folder, { mode: 0o700 });
      const { code, sha256, map, warnings } = await bundleAsThrowaway(layout, source, folder, {
        uids,
        ...options,
      });
      return { code, sha256, map, warnings: Deno.uid() === 0 ? warnings : [] };
    } catch (error) {
      if (error instanceof StageError || error instanceof ThrowawayError) return { error: error.message };
      throw error;
    }
  };
  const packages = ownCache();
  const first = await attempt("here", {
    packages: hasEsbuild(packages) ? packages : undefined,
    inPlace: true,
  });
  if (!("error" in first) || Deno.uid() !== 0) return first;
  const second = await attempt("copied", {});
  return "error" in second ? first : second;
}

function warnOf(foreign: string, copied: boolean): string {
  const comes = copied ? "what is installed is what it was a moment ago" : "and with it what decides";
  return `${printable(foreign)} can be changed by others than root: ${comes}`;
}

/** Whether others can change a file, which may be gone by now. */
function isOthers(path: string): boolean {
  return stat(path) !== undefined && isForeign(path);
}

function realFile(path: string): string {
  if (!stat(path)) throw new ThrowawayError(`${path}: it was not built: run \`deno task build\``);
  return Deno.realPathSync(path);
}

type Part = BundlerRequest extends infer R
  ? R extends BundlerRequest ? Omit<R, "folder" | "into" | "sdk"> : never
  : never;

/** Puts what is there into the folder `copy`, and says which folder to bundle; `label` is what people call it. */
function prepare(
  source: Source,
  copy: string,
  inPlace: boolean,
): { request: Part; label: string; folder: string; only?: readonly string[] | undefined; copied?: Copied } {
  switch (source.kind) {
    case "path": {
      const { folder: label, main, alone, manifests } = findLocalModule(source.path);
      const only = alone ? [main!] : undefined;
      if (!inPlace) {
        const beside = alone ? `${copy}-manifests` : undefined;
        if (beside) Deno.mkdirSync(beside, { mode: 0o755 });
        if (beside) copySources(label, beside, manifests);
        const request: Part = { kind: "folder", main, manifests: beside };
        return { request, label, folder: copy, only, copied: copySources(label, copy, only) };
      }
      if (label === "/") throw new StageError(`${source.path}: put the module in a folder of its own`);
      const request: Part = { kind: "folder", main };
      // Where nothing says that the folder is a module's, it may be anything.
      return { request, label, folder: label, only: manifests.length === 0 ? only : undefined };
    }
    case "npm":
    case "jsr": {
      const { kind, name, version } = source;
      return { request: { kind, name, version }, label: `${kind}:${name}@${version}`, folder: copy };
    }
    case "ready":
      Deno.writeTextFileSync(join(copy, "bundle.js"), source.code, { mode: 0o644 });
      return { request: { kind: "ready", main: "bundle.js" }, label: source.path, folder: copy };
  }
}

/**
 * The folder of the SDK: a copy without a deno.json beside it, in which Deno would look for what its imports mean. A module in the SDK's
 * own folder has that: there Deno takes the name of the SDK for the package that the folder is.
 */
function provideSdk({ sdkDir }: Pick<Layout, "sdkDir">, folder: string, copy: string): string {
  const real = Deno.realPathSync(sdkDir);
  if (real === folder) return real;
  Deno.copyFileSync(join(real, "mod.ts"), join(copy, "mod.ts"));
  copySources(Deno.realPathSync(join(real, "sdk")), join(copy, "sdk"));
  return copy;
}

function environment(): Record<string, string> {
  return Object.fromEntries(HANDED_ON.flatMap((name) => {
    const value = Deno.env.get(name);
    return value === undefined ? [] : [[name, value]];
  }));
}

/**
 * Puts the bundler's engine where Deno looks for it, and gives what has to be readable: the installed one, else that of the
 * administrator's own Deno. Without it Deno gets one from npm's registry.
 */
function provideEsbuild({ libDir }: Pick<Layout, "libDir">, cache: string): string[] {
  for (const from of [join(libDir, "dl"), join(ownCache(), "dl")]) {
    const found = entries(from).filter((folder) => folder.startsWith("esbuild-"))
      .flatMap((folder) => entries(join(from, folder)).map((file) => join(folder, file)));
    if (found.length === 0) continue;
    return found.map((path) => {
      const real = Deno.realPathSync(join(from, path));
      const link = join(cache, "dl", path);
      Deno.mkdirSync(dirname(link), { recursive: true, mode: 0o755 });
      Deno.symlinkSync(real, link);
      return real;
    });
  }
  return [];
}

/** Where Deno keeps what whoever runs this has downloaded. */
function ownCache(): string {
  return Deno.env.get("DENO_DIR") ?? join(Deno.env.get("HOME") ?? "/root", ".cache", "deno");
}

function hasEsbuild(cache: string): boolean {
  return entries(join(cache, "dl")).some((name) => name.startsWith("esbuild-"));
}

function entries(folder: string): string[] {
  return stat(folder)?.isDirectory ? [...Deno.readDirSync(folder)].map(({ name }) => name) : [];
}

function readAnswer(stdout: string, complaint: string): BundlerAnswer {
  try {
    return v.parse(ANSWER, JSON.parse(stdout));
  } catch {
    return { error: `the bundler failed: ${complaint.trim() || "it ended without a word"}` };
  }
}

/** Whatever answered has read what a stranger wrote: it does not choose what was asked for. */
function refuseLies(
  said: { readonly main: string; readonly code: string },
  source: Source,
  request: Part,
): void {
  const wrong = source.kind === "ready"
    ? said.code !== source.code
    : request.kind === "folder" && request.main !== undefined && request.main !== said.main;
  if (wrong) {
    throw new ThrowawayError("the bundler failed: it answers with another module than it was asked for");
  }
}

/** Where sources came from and went. */
interface Taken {
  readonly folder: string;
  readonly label: string;
  readonly only?: readonly string[] | undefined;
  readonly copied?: Copied | undefined;
}

/** Examples of what was left out that are named. */
const EXAMPLES = 5;
/** What is said where a file that is imported was not taken. */
const MISSING = /not found|stands outside|no such file/i;

/** A message about a staging folder, as one about where the sources came from; it may quote them, so it is made harmless. */
function explain(message: string, { folder, label, only, copied }: Taken): string {
  const [said] = message.replaceAll(`file://${folder}`, label).replaceAll(folder, label).split(
    "\n\nStack backtrace:",
  );
  const lines = said!.trim().split("\n").slice(0, COMPLAINT_LINES).map(printable);
  const { links = [], closed = [] } = copied ?? {};
  if (links.length > 0) lines.push(`Symbolic links are not followed: ${examples(links)}`);
  if (closed.length > 0) {
    lines.push(`What the owner of ${label} may not read was not taken: ${examples(closed)}`);
  }
  if (only && MISSING.test(said!)) {
    const file = join(label, only[0]!);
    lines.push(
      `${file} was taken alone, since no deno.json is beside it: if it is a part of a module, put one into ${
        dirname(file)
      }, or add the folder that has one`,
    );
  }
  return lines.join("\n");
}

function examples(paths: readonly string[]): string {
  return paths.slice(0, EXAMPLES).map(printable).join(", ");
}

async function checkBundle({ code, map }: { code: string; map?: string | undefined }) {
  const sha256 = await sha256Of(code);
  if (map === undefined) return { code, sha256, map: undefined };
  const name = `${await sha256Of(map)}.js.map`;
  if (!code.trimEnd().endsWith(`//# sourceMappingURL=${name}`)) {
    throw new ThrowawayError("the bundler failed: its source map is another's");
  }
  return { code, sha256, map: { name, text: map } };
}
