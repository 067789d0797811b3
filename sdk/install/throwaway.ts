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
import { stat } from "../config/place.ts";
import { printable } from "../supervisor/lines.ts";
import { sha256Of } from "./bundle_names.ts";
import type { BundlerAnswer, BundlerRequest } from "./bundler.ts";
import { openJail } from "./jail.ts";
import { type Copied, copySources, findLocalModule } from "./stage.ts";

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
  /** What whoever decides should know. */
  readonly warnings: readonly string[];
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
    main: v.pipe(v.string(), v.regex(/^(?!\/)(?!(?:.*\/)?\.\.(?:\/|$))/)),
    code: v.string(),
    map: v.optional(v.string()),
    lock: v.optional(v.string()),
  }),
]);

/**
 * Bundles a module in the staging folder `stage`. Nothing of it is run.
 *
 * @throws {ThrowawayError} if it cannot be bundled.
 */
export async function bundleAsThrowaway(layout: Layout, source: Source, stage: string): Promise<Bundled> {
  const work = join(stage, "work");
  const [folder, cache, into, root, sdk] = ["work/module", "work/cache", "work/out", "root", "sdk"]
    .map((name) => join(stage, name)) as [string, string, string, string, string];
  for (const path of [folder, cache, into, root, join(sdk, "sdk")]) {
    Deno.mkdirSync(path, { recursive: true, mode: 0o755 });
  }
  const { request, label, copied } = prepare(source, folder);
  const bundler = realFile(join(layout.libDir, "bundler.js"));
  const deno = Deno.realPathSync(Deno.execPath());
  copySdk(layout, sdk);
  const env = environment();
  const readable = [
    ...[deno, bundler, sdk],
    ...provideEsbuild(layout, cache),
    ...Object.values(env).filter((value) => value.startsWith("/")),
  ];
  const writable = [work, cache, into, ...source.kind === "npm" || source.kind === "jsr" ? [folder] : []];
  const jail = openJail({ root, readable, writable: Deno.uid() === 0 ? writable : [] });
  const flags = ["--quiet", "--no-prompt", "--no-config", "--no-lock", "--no-remote", "--no-npm"];
  const permissions = ["--allow-read", "--allow-write", "--allow-env", "--allow-net", `--allow-run=${deno}`];
  const { success, killed, stdout, stderr } = await jail.run({
    command: [deno, "run", ...flags, ...permissions, bundler],
    env: { ...env, HOME: work, TMPDIR: into, DENO_DIR: cache, DENO_NO_UPDATE_CHECK: "1", NO_COLOR: "1" },
    stdin: JSON.stringify({ ...request, folder, into, sdk } satisfies BundlerRequest),
    // A ready bundle has everything in it.
    network: source.kind !== "ready",
    timeoutMs: BUNDLE_MAX_MS,
    outputMax: ANSWER_MAX,
  });
  const said = readAnswer(success ? stdout : "", killed ?? stderr);
  if ("error" in said) throw new ThrowawayError(explain(said.error, folder, label, copied?.links ?? []));
  const specifier = source.kind === "path" ? join(label, said.main) : label;
  const warnings = [...jail.warnings, ...copied?.foreign ? [warnOf(copied.foreign)] : []];
  return { ...await checkBundle(said), lock: said.lock, specifier, warnings };
}

function warnOf(foreign: string): string {
  return `${foreign} can be changed by others than root: what is installed is what it was a moment ago`;
}

function realFile(path: string): string {
  if (!stat(path)) throw new ThrowawayError(`${path}: it was not built: run \`deno task build\``);
  return Deno.realPathSync(path);
}

type Part = BundlerRequest extends infer R
  ? R extends BundlerRequest ? Omit<R, "folder" | "into" | "sdk"> : never
  : never;

/** Puts what is there into the staging folder; `label` is what people call it. */
function prepare(source: Source, folder: string): { request: Part; label: string; copied?: Copied } {
  switch (source.kind) {
    case "path": {
      const local = findLocalModule(source.path);
      const copied = copySources(local.folder, folder);
      return { request: { kind: "folder", main: local.main }, label: local.folder, copied };
    }
    case "npm":
    case "jsr": {
      const { kind, name, version } = source;
      return { request: { kind, name, version }, label: `${kind}:${name}@${version}` };
    }
    case "ready":
      Deno.writeTextFileSync(join(folder, "bundle.js"), source.code, { mode: 0o644 });
      return { request: { kind: "ready", main: "bundle.js" }, label: source.path };
  }
}

/** The SDK without a deno.json beside it, in which Deno would look for what its imports mean. */
function copySdk({ sdkDir }: Layout, to: string): void {
  Deno.copyFileSync(join(sdkDir, "mod.ts"), join(to, "mod.ts"));
  copySources(Deno.realPathSync(join(sdkDir, "sdk")), join(to, "sdk"));
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
function provideEsbuild({ libDir }: Layout, cache: string): string[] {
  const own = Deno.env.get("DENO_DIR") ?? join(Deno.env.get("HOME") ?? "/root", ".cache", "deno");
  for (const from of [join(libDir, "dl"), join(own, "dl")]) {
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

/** A message about a staging folder, as one about where the sources came from; it may quote them, so it is made harmless. */
function explain(message: string, folder: string, label: string, links: readonly string[]): string {
  const [said] = message.replaceAll(`file://${folder}`, label).replaceAll(folder, label).split(
    "\n\nStack backtrace:",
  );
  const lines = said!.trim().split("\n").slice(0, COMPLAINT_LINES).map(printable);
  const left = links.length > 0 ? [`Symbolic links are not followed: ${links.slice(0, 5).join(", ")}`] : [];
  return [...lines, ...left].join("\n");
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
