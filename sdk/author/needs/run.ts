// SPDX-License-Identifier: MIT
/**
 * Runs a module's tests and the profiles, and gives what the module needed meanwhile.
 *
 * Tests are programs, which may do whatever their author likes. Whoever runs `deno test` in a module's folder trusts them that far, so an
 * ordinary user's run as that user. As root they would hold the machine: there they run as a throwaway user in a file system that has
 * nothing but /usr, the module's folder, the SDK and Deno's packages. Where that cannot be had they are not run.
 *
 * @module
 */

import { basename, dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { parse } from "jsonc-parser";
import type { Layout } from "../../config/layout.ts";
import { resolvePermissions } from "../../config/permissions.ts";
import { stat } from "../../config/place.ts";
import type { GraphModule } from "../../install/deno_tool.ts";
import { type Jail, type JailedResult, openJail } from "../../install/jail.ts";
import type { Declaration } from "../../supervisor/probe.ts";
import { OBSERVER_NAME } from "../../testing/observer.ts";
import { wordsOf } from "../../words.ts";
import { PrivateFolder } from "../private_folder.ts";
import { readStrangers } from "../strangers_file.ts";
import type { Subject } from "../subject.ts";
import { type Owners, readAudit, TEST_FILE, type Uses, usesIn } from "./checks.ts";
import { preloadText, profilesText } from "./marks.ts";
import { countTests, failuresIn } from "./tap.ts";

/** How long finding out what it imports may take, in ms: packages may have to be downloaded. */
const GRAPH_MAX_MS = 120_000;
/** How long the tests may take, in ms. */
const TESTS_MAX_MS = 300_000;
/** What they may print, in bytes. */
const OUTPUT_MAX = 16 * 1024 ** 2;
/** Deno keeps only the ten innermost places otherwise; a connection by node:net has as many of its own. */
const STACK_FRAMES = 64;
/**
 * Tests may do everything. With nothing refused at all the audit would have every read as a write too, so one place is that nobody has.
 * Deno's permission broker would see as much, but knows nothing of what a test takes from itself with `permissions`.
 */
const NOWHERE = "/nonexistent/pam-deno-needs";
const ALLOWED = ["--allow-all", `--deny-read=${NOWHERE}`, `--deny-write=${NOWHERE}`];
/** What the audit may be, in bytes: more than that is no test's, but somebody's who fills memory. */
const AUDIT_MAX = 64 * 1024 ** 2;
/** What a deno.json may be, in bytes. */
const CONFIG_MAX = 1024 ** 2;
/** How deep below the module's folder tests are looked for. */
const DEPTH_MAX = 8;

/** Folders that every machine has, which are empty for tests that root runs. */
const EMPTY = ["etc", "run", "var", "srv", "home"];
/** Where programs are for tests that root runs. */
const PATH = "/usr/local/bin:/usr/bin:/bin";

/** Tests that say nothing about what the module needs. The message says why. */
export class NeedsError extends Error {
  override name = "NeedsError";
}

/** What {@linkcode runTests} takes. */
export interface TestRun {
  /** The module. */
  readonly subject: Subject;
  /** What it declares. */
  readonly declaration: Declaration;
  /** Where the SDK is. */
  readonly layout: Pick<Layout, "sdkDir">;
  /** The words of the pam.d line that profiles are run with. */
  readonly options: readonly string[];
}

/** What came of it. */
export interface TestRunResult {
  /** What the module used. */
  readonly uses: Uses;
  /** How many tests there were, without profiles. */
  readonly tests: number;
  /** How many profiles. */
  readonly profiles: number;
}

/**
 * Runs them.
 *
 * @throws {NeedsError} if there are no tests, if they fail, or if root cannot run them as somebody else.
 */
export async function runTests(run: TestRun): Promise<TestRunResult> {
  const { subject, layout } = run;
  if (subject.folder === "/") {
    throw new NeedsError(`${subject.word}: put the module into a folder of its own`);
  }
  const tests = testsOf(subject);
  const config = configOf(subject, layout);
  using scratch = new PrivateFolder("pam-deno-needs-");
  const stage = scratch.path;
  const place = prepare(stage, subject, { readable: readableOf(subject, layout, config), config });
  const graph = await graphOf(subject, place);
  const sdk = sdkOf(graph, subject);
  writeMarks(run, place, sdk);
  const ran = await testIn(place, tests);
  if (!ran.success) throw new NeedsError(failure(subject, ran));
  const counted = countTests(ran.stdout);
  if (counted.tests === 0) throw new NeedsError(noTests(subject));
  const owners = ownersOf(subject, graph, sdk, [place.preload, place.profiles]);
  const uses = usesIn(readAudit(auditIn(subject, place.audit)), owners);
  if (uses.hooks.size === 0) throw new NeedsError(noHooks(subject));
  return { uses, ...counted };
}

/** Where the tests run, and what they are given besides the tests. */
interface Place {
  readonly jail: Jail;
  /** Which Deno. */
  readonly deno: string;
  /** How it finds out what names stand for. */
  readonly resolving: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** What is run before each file of tests. */
  readonly preload: string;
  /** The profiles. */
  readonly profiles: string;
  /** What Deno writes the checks to. */
  readonly audit: string;
}

function prepare(
  stage: string,
  subject: Subject,
  { readable, config }: { readonly readable: readonly string[]; readonly config: readonly string[] },
): Place {
  const folder = (name: string) => join(stage, name);
  // Tests write to one; the other is root's, who follows no links there.
  const [work, told, root] = [folder("work"), folder("told"), folder("root")];
  for (const path of [work, told, root, ...EMPTY.map((name) => join(root, name))]) {
    Deno.mkdirSync(path, { recursive: true, mode: 0o755 });
  }
  const isRoot = Deno.uid() === 0;
  if (isRoot) Deno.chmodSync(stage, 0o711);
  const jail = openJail({
    root,
    readable: [...readable, told],
    writable: isRoot ? [work] : [],
    through: [stage],
  });
  if (isRoot && jail.kind !== "file system") throw new NeedsError(noJail(subject));
  // Behind all places that were made for what is mounted: none of them is made through it.
  copyLink("/etc/localtime", root);
  return {
    jail,
    deno: isRoot ? Deno.realPathSync(Deno.execPath()) : Deno.execPath(),
    resolving: [
      ...config.length > 0 ? [`--config=${config[0]}`] : ["--no-config"],
      ...hasLock(subject) ? ["--frozen"] : ["--no-lock"],
    ],
    env: {
      ...isRoot ? { HOME: work, TMPDIR: work, DENO_DIR: cacheDir(), PATH } : Deno.env.toObject(),
      DENO_NO_UPDATE_CHECK: "1",
      NO_COLOR: "1",
      RUST_BACKTRACE: "0",
    },
    preload: join(told, "preload.js"),
    profiles: join(told, "profiles_test.js"),
    audit: join(work, "audit"),
  };
}

function writeMarks({ subject, declaration, options }: TestRun, place: Place, sdk: string): void {
  const module = pathToFileURL(subject.file).href;
  const { permissions } = resolvePermissions(declaration.permissions, wordsOf(options));
  const scene = { options, permissions };
  Deno.writeTextFileSync(place.preload, preloadText(module, dirname(subject.file), OBSERVER_NAME));
  Deno.writeTextFileSync(
    place.profiles,
    profilesText(module, `${sdk}sdk/testing/mod.ts`, OBSERVER_NAME, scene),
  );
}

function testIn(place: Place, tests: readonly string[]): Promise<JailedResult> {
  const { jail, deno, resolving, env, preload, profiles, audit } = place;
  return jail.run({
    command: [
      deno,
      ...["test", "--no-prompt", "--no-check", "--quiet", "--reporter=tap", ...ALLOWED],
      `--v8-flags=--stack-trace-limit=${STACK_FRAMES}`,
      ...resolving,
      `--preload=${preload}`,
      ...tests,
      profiles,
    ],
    env: { ...env, DENO_AUDIT_PERMISSIONS: audit, DENO_TRACE_PERMISSIONS: "1" },
    network: true,
    timeoutMs: TESTS_MAX_MS,
    outputMax: OUTPUT_MAX,
  });
}

/**
 * What the module is made of, as Deno finds it with the module's own deno.json: that may name any file to write, so it is read where tests
 * run, and not by root.
 */
async function graphOf(
  subject: Subject,
  { jail, deno, resolving, env }: Place,
): Promise<readonly GraphModule[]> {
  const command = [deno, "info", "--json", ...resolving, subject.file] as const;
  const ran = await jail.run({ command, env, network: true, timeoutMs: GRAPH_MAX_MS, outputMax: OUTPUT_MAX });
  const modules: GraphModule[] = ran.success ? JSON.parse(ran.stdout).modules : [];
  const main = pathToFileURL(subject.file).href;
  const error = modules.find(({ specifier }) => specifier === main)?.error;
  if (ran.success && error === undefined) return modules;
  const said = error === undefined ? ran : { killed: undefined, stdout: "", stderr: error };
  throw new NeedsError(failure(subject, said, "what it imports cannot be found out"));
}

/** What was noted while tests ran, who could put anything in its place. */
function auditIn({ word }: Subject, path: string): string {
  const text = readStrangers(path, AUDIT_MAX);
  if (text !== undefined) return text;
  throw new NeedsError(
    `${word}: what Deno noted of its permissions is not there, or more than ${AUDIT_MAX / 1024 ** 2} MiB: ` +
      "its tests must leave it alone, and run hooks less often",
  );
}

/** The files that `deno test` would take, in the module's own folder and below. */
function testsOf(subject: Subject): string[] {
  const found: string[] = [];
  const look = (folder: string, depth: number) => {
    for (const { name, isDirectory, isFile } of Deno.readDirSync(folder)) {
      if (name.startsWith(".") || name === "node_modules") continue;
      if (isDirectory && depth < DEPTH_MAX) look(join(folder, name), depth + 1);
      else if (isFile && TEST_FILE.test(name)) found.push(join(folder, name));
    }
  };
  look(dirname(subject.file), 0);
  if (found.length === 0) throw new NeedsError(noTests(subject));
  return found.sort();
}

function noTests({ word, file }: Subject): string {
  return `${word}: it has no tests in ${dirname(file)}, so nothing says what it needs: write ${
    basename(file).replace(/\.\w+$/, "")
  }_test.ts with a test for each answer`;
}

function noHooks({ word }: Subject): string {
  return `${word}: none of its tests runs a hook with runHook() or a FakeTransaction, and the profiles do not get beyond its ` +
    "options: write such a test, or give the profiles the options with --option NAME=VALUE";
}

function noJail({ word }: Subject): string {
  return `${word}: its tests would run as root with all of this machine, since mount namespaces are not usable here: run this as an ` +
    "ordinary user";
}

/** The deno.json that imports are named in: that of the module, else the one beside the SDK, as in a checkout. */
function configOf({ configFile }: Subject, { sdkDir }: Pick<Layout, "sdkDir">): string[] {
  if (configFile !== undefined) return [configFile];
  const beside = join(sdkDir, "deno.json");
  return stat(beside) ? [Deno.realPathSync(beside)] : [];
}

function hasLock({ folder }: Subject): boolean {
  for (let at = folder;; at = dirname(at)) {
    if (stat(join(at, "deno.lock"))) return true;
    if (at === dirname(at)) return false;
  }
}

/** What the tests read besides their own. */
function readableOf(
  { folder, file }: Subject,
  { sdkDir }: Pick<Layout, "sdkDir">,
  config: readonly string[],
): string[] {
  const packages = ["npm", "remote", "dl"].map((name) => join(cacheDir(), name));
  const machine = ["/usr", "/bin", "/sbin", "/lib", "/lib64"];
  return [
    ...[Deno.realPathSync(Deno.execPath()), folder, dirname(file), Deno.realPathSync(sdkDir)],
    ...[...config, ...config.flatMap(linkedBy), ...workspaceOf(folder), ...packages],
    ...machine,
  ];
}

/** The packages that a deno.json links, and nothing else that it may name. */
function linkedBy(config: string): string[] {
  const text = readStrangers(config, CONFIG_MAX) ?? "{}";
  const { links } = (parse(text, [], { allowTrailingComma: true }) ?? {}) as { links?: unknown };
  if (!Array.isArray(links)) return [];
  const folders = links.map((link) => resolve(dirname(config), String(link)));
  // What a stranger links to is the stranger's: root's jail does not show other places because a stranger names them.
  const owner = stat(config)?.uid;
  return Deno.uid() === 0 && owner !== 0 ? folders.filter((path) => stat(path)?.uid === owner) : folders;
}

/** The workspace that a folder is a member of. */
function workspaceOf(folder: string): string[] {
  for (let at = dirname(folder); at !== dirname(at); at = dirname(at)) {
    const config = ["deno.json", "deno.jsonc"].map((name) => join(at, name)).find((path) => stat(path));
    if (config === undefined) continue;
    return readStrangers(config, CONFIG_MAX)?.includes('"workspace"') ? [at] : [];
  }
  return [];
}

/** Some links are read as such. */
function copyLink(path: string, root: string): void {
  try {
    Deno.symlinkSync(Deno.readLinkSync(path), join(root, path));
  } catch {
    // It is none, or not there.
  }
}

function cacheDir(): string {
  return Deno.env.get("DENO_DIR") ?? join(Deno.env.get("HOME") ?? "/root", ".cache", "deno");
}

/** Where the SDK is that the module imports: what its main file's URL begins with. */
function sdkOf(graph: readonly GraphModule[], { word }: Subject): string {
  const entries = graph.map(({ specifier }) => specifier).filter((url) =>
    /^(?:file:\/\/.*|https:\/\/[^/]+\/@pam-deno\/sdk\/[^/]+)\/mod\.ts$/.test(url) &&
    graph.some(({ specifier }) => specifier === url.replace(/mod\.ts$/, "sdk/module.ts"))
  );
  if (entries.length > 0) return entries[0]!.replace(/mod\.ts$/, "");
  throw new NeedsError(
    `${word}: nothing says where @pam-deno/sdk is, which it and its tests import: write ` +
      '"imports": { "@pam-deno/sdk": "jsr:@pam-deno/sdk@^0.1.0" } into a deno.json beside it',
  );
}

function ownersOf(subject: Subject, graph: readonly GraphModule[], sdk: string, own: string[]): Owners {
  return {
    module: new Set(graph.map(({ specifier }) => specifier)),
    sdk: [`${sdk}mod.ts`, `${sdk}sdk/`],
    own: new Set(own.map((path) => pathToFileURL(path).href)),
    folder: `${pathToFileURL(dirname(subject.file)).href}/`,
  };
}

function failure(
  { word, folder }: Subject,
  ran: { killed: string | undefined; stdout: string; stderr: string },
  what = "its tests fail",
): string {
  const why = ran.killed === undefined ? what : `${what}: ${ran.killed}`;
  const shown = failuresIn(ran.stderr, ran.stdout);
  const hint = Deno.uid() === 0
    ? [
      `as root tests run as a user that nobody is, who can read ${folder} only if everybody can (chmod -R go+rX), and write nothing there: ` +
      "or run this as the module's author",
    ]
    : [];
  return [`${word}: ${why}, so nothing says what it needs:`, ...shown, ...hint].join("\n");
}
