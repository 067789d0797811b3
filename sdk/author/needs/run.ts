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

import { closeSync, constants, fstatSync, openSync, readFileSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { Layout } from "../../config/layout.ts";
import { resolvePermissions } from "../../config/permissions.ts";
import { stat } from "../../config/place.ts";
import { type GraphModule, moduleGraph } from "../../install/deno_tool.ts";
import { manifestsIn, readProject } from "../../install/import_map.ts";
import { type JailedResult, openJail } from "../../install/jail.ts";
import type { Declaration } from "../../supervisor/probe.ts";
import { OBSERVER_NAME } from "../../testing/observer.ts";
import { wordsOf } from "../../words.ts";
import type { Subject } from "../subject.ts";
import { type Check, type Owners, readAudit, TEST_FILE, type Uses, usesIn } from "./checks.ts";
import { preloadText, profilesText } from "./marks.ts";
import { countTests, failuresIn } from "./tap.ts";

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
/** What Deno may write of the checks, in bytes: about 1 KiB each. */
const AUDIT_MAX = 256 * 1024 ** 2;
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
  const graph = await moduleGraph(subject.file, config.map((path) => `--config=${path}`), subject.folder);
  const sdk = sdkOf(graph, subject);
  const stage = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "pam-deno-needs-" }));
  try {
    const files = prepare(stage, run, sdk);
    const ran = await runInJail(run, { stage, files, tests, config });
    if (!ran.success) throw new NeedsError(failure(subject, ran));
    const counted = countTests(ran.stdout);
    if (counted.tests === 0) throw new NeedsError(noTests(subject));
    const owners = ownersOf(subject, graph, sdk, [files.preload, files.profiles]);
    const uses = usesIn(checksIn(files.audit, subject), owners);
    if (uses.hooks.size === 0) throw new NeedsError(noHooks(subject));
    return { uses, ...counted };
  } finally {
    Deno.removeSync(stage, { recursive: true });
  }
}

/** What the tests' process is given besides the tests. */
interface Files {
  /** The folder that it may write. */
  readonly work: string;
  /** What is run before each file of tests. */
  readonly preload: string;
  /** The profiles. */
  readonly profiles: string;
  /** What Deno writes the checks to. */
  readonly audit: string;
}

function prepare(stage: string, { subject, declaration, options }: TestRun, sdk: string): Files {
  const work = join(stage, "work");
  for (const path of ["work", "root", ...EMPTY.map((name) => join("root", name))]) {
    Deno.mkdirSync(join(stage, path), { recursive: true, mode: 0o755 });
  }
  const [preload, profiles, audit] = ["preload.js", "profiles_test.js", "audit"].map((name) =>
    join(work, name)
  ) as [string, string, string];
  const module = pathToFileURL(subject.file).href;
  const { permissions } = resolvePermissions(declaration.permissions, wordsOf(options));
  const scene = { options, permissions };
  Deno.writeTextFileSync(preload, preloadText(module, dirname(subject.file), OBSERVER_NAME));
  Deno.writeTextFileSync(profiles, profilesText(module, `${sdk}sdk/testing/mod.ts`, OBSERVER_NAME, scene));
  return { work, preload, profiles, audit };
}

/** Where what is. */
interface Scene {
  readonly stage: string;
  readonly files: Files;
  readonly tests: readonly string[];
  readonly config: readonly string[];
}

async function runInJail({ subject, layout }: TestRun, scene: Scene): Promise<JailedResult> {
  const { stage, files: { work, preload, profiles, audit }, tests, config } = scene;
  const isRoot = Deno.uid() === 0;
  const root = join(stage, "root");
  if (isRoot) {
    Deno.chmodSync(stage, 0o711);
    copyLink("/etc/localtime", root);
  }
  const jail = openJail({
    root,
    readable: readableOf(subject, layout, config),
    writable: isRoot ? [work] : [],
    through: [stage],
  });
  if (isRoot && jail.kind !== "file system") throw new NeedsError(noJail(subject));
  return await jail.run({
    command: [
      isRoot ? Deno.realPathSync(Deno.execPath()) : Deno.execPath(),
      ...["test", "--no-prompt", "--no-check", "--quiet", "--reporter=tap", ...ALLOWED],
      `--v8-flags=--stack-trace-limit=${STACK_FRAMES}`,
      ...config.length > 0 ? [`--config=${config[0]}`] : ["--no-config"],
      ...hasLock(subject) ? ["--frozen"] : ["--no-lock"],
      `--preload=${preload}`,
      ...tests,
      profiles,
    ],
    env: {
      ...isRoot ? { HOME: work, TMPDIR: work, DENO_DIR: cacheDir(), PATH } : Deno.env.toObject(),
      DENO_AUDIT_PERMISSIONS: audit,
      DENO_TRACE_PERMISSIONS: "1",
      DENO_NO_UPDATE_CHECK: "1",
      NO_COLOR: "1",
    },
    network: true,
    timeoutMs: TESTS_MAX_MS,
    outputMax: OUTPUT_MAX,
  });
}

/** The checks in the audit. Whoever ran the tests could have put anything in its place, such as a link to a file of root's. */
function checksIn(path: string, { word }: Subject): Check[] {
  let fd;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const { size } = fstatSync(fd);
    if (!fstatSync(fd).isFile() || size > AUDIT_MAX) throw new Error("it is no file, or too large");
    return readAudit(readFileSync(fd, "utf8"));
  } catch (error) {
    // What a parser says quotes the text.
    const why = error instanceof SyntaxError ? "the tests have written to it" : (error as Error).message;
    throw new NeedsError(`${word}: Deno's record of the permission checks cannot be read: ${why}`);
  } finally {
    if (fd !== undefined) closeSync(fd);
  }
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
  const { links } = readProject(dirname(config)).config;
  const paths = Array.isArray(links) ? links.map((link) => resolve(dirname(config), String(link))) : [];
  return paths.filter((path) => manifestsIn(path).length > 0);
}

/** The workspace that a folder is a member of. */
function workspaceOf(folder: string): string[] {
  for (let at = dirname(folder); at !== dirname(at); at = dirname(at)) {
    const config = ["deno.json", "deno.jsonc"].map((name) => join(at, name)).find((path) => stat(path));
    if (config === undefined) continue;
    return Deno.readTextFileSync(config).includes('"workspace"') ? [at] : [];
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
): string {
  const why = ran.killed === undefined ? "its tests fail" : `its tests were ended: ${ran.killed}`;
  const shown = failuresIn(ran.stderr, ran.stdout);
  const hint = Deno.uid() === 0
    ? [
      `as root they run as a user that nobody is, who can read ${folder} only if everybody can (chmod -R go+rX), and write nothing there: ` +
      "or run this as the module's author",
    ]
    : [];
  return [`${word}: ${why}, so nothing says what it needs; they say:`, ...shown, ...hint].join("\n");
}
