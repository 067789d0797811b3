// SPDX-License-Identifier: MIT
/**
 * What is in the package and where: one table, and what is made on the way.
 *
 * @module
 */

import { basename, dirname, join } from "node:path";
import { buildSite } from "../docs/build.ts";
import { stageExamples } from "./examples.ts";
import { PLAIN, PROGRAM, run, Staging } from "./files.ts";
import { stageSdk } from "./sdk.ts";
import { execStart, fillIn } from "./texts.ts";

const LIB = "/usr/lib/pam-deno";
const DOC = "/usr/share/doc/pam-deno";

/** From the tree, to the installed system, with a mode. */
const COPIES: readonly (readonly [from: string, to: string, mode?: number])[] = [
  ["packaging/bin/pam-deno", "/usr/bin/pam-deno", PROGRAM],
  ["build/worker.js", `${LIB}/worker.js`],
  ["build/supervise.js", `${LIB}/supervise.js`],
  ["build/pam-deno.js", `${LIB}/pam-deno.js`],
  ["build/bundler.js", `${LIB}/bundler.js`],
  ["build/rehearsal.js", `${LIB}/rehearsal.js`],
  ["build/try_worker.js", `${LIB}/try_worker.js`],
  ["sdk/supervisor/own_permissions.sh", `${LIB}/own_permissions.sh`],
  ["sdk/command/launch.sh", `${LIB}/launch.sh`],
  ["packaging/warm.js", `${LIB}/warm.js`],
  ["packaging/systemd/reload-and-wait", `${LIB}/reload-and-wait`, PROGRAM],
  ["packaging/systemd/pam-deno@.socket", "/lib/systemd/system/pam-deno@.socket"],
  // systemd wants it to be named by its place.
  ["packaging/systemd/user-files.mount", "/lib/systemd/system/run-pam\\x2ddeno-user.mount"],
  ["packaging/tmpfiles/pam-deno.conf", "/usr/lib/tmpfiles.d/pam-deno.conf"],
  ["packaging/pam-configs/pam-deno", "/usr/share/pam-configs/pam-deno"],
  ["packaging/apparmor/pam-deno", "/etc/apparmor.d/pam-deno"],
  ["packaging/completion/pam-deno.bash", "/usr/share/bash-completion/completions/pam-deno"],
  ["packaging/completion/_pam-deno", "/usr/share/zsh/vendor-completions/_pam-deno"],
  ["packaging/completion/pam-deno.fish", "/usr/share/fish/vendor_completions.d/pam-deno.fish"],
  ["packaging/debian/copyright", `${DOC}/copyright`],
  ["packaging/debian/doc-base", "/usr/share/doc-base/pam-deno.pam-deno"],
  ["packaging/debian/lintian-overrides", "/usr/share/lintian/overrides/pam-deno"],
  ["README.md", `${DOC}/README.md`],
  ["docs/pam-deno.schema.json", "/usr/share/pam-deno/pam-deno.schema.json"],
  ["docs/running.md", `${DOC}/running.md`],
  ["docs/configuration.md", `${DOC}/configuration.md`],
];

/** Bundles of ours, which have source maps. */
const PROGRAMS = [
  "worker.js",
  "supervise.js",
  "pam-deno.js",
  "bundler.js",
  "rehearsal.js",
  "try_worker.js",
];

const MAN_PAGES = ["packaging/man/pam-deno.8", "packaging/man/pam_deno.8", "packaging/man/pam-deno.conf.5"];

/** There though nothing is in them: what `add` fills. */
const FOLDERS = [
  "/etc/pam-deno/modules",
  "/etc/pam-deno/hooks",
  "/var/lib/pam-deno/modules",
  "/var/cache/pam-deno",
];

/** Fills the staging folder from the tree `root`, which is built. */
export async function stageContents(staging: Staging, root: string): Promise<void> {
  const missing = [...COPIES.map(([from]) => from), ...MAN_PAGES].filter((from) => !isFile(join(root, from)));
  if (missing.length > 0) throw new Error(`the package needs ${missing.join(", ")}`);
  for (const [from, to, mode = PLAIN] of COPIES) staging.copy(join(root, from), to, mode);
  for (const name of PROGRAMS) {
    staging.write(`${LIB}/${name}.map`, await installedMap(join(root, "build", `${name}.map`)));
  }
  for (const page of MAN_PAGES) {
    const section = page.at(-1);
    await staging.compress(
      `/usr/share/man/man${section}/${basename(page)}`,
      await Deno.readTextFile(join(root, page)),
    );
  }
  const unit = await Deno.readTextFile(join(root, "packaging/systemd/pam-deno@.service"));
  staging.write("/lib/systemd/system/pam-deno@.service", fillIn(unit, { EXECSTART: await execStart(root) }));
  for (const folder of FOLDERS) staging.folder(folder);
  await stageShim(staging, root);
  await stageTools(staging);
  await stageSdk(staging, root, `${LIB}/sdk`);
  stageErrorPages(staging, root, `${LIB}/sdk/docs/errors`);
  await stageExamples(staging, root, `${LIB}/sdk`);
  await stagePages(staging, root);
}

/** The documentation as pages, without what is about the sources: the reference of the SDK alone would be 17 MB. */
async function stagePages(staging: Staging, root: string): Promise<void> {
  const into = await Deno.makeTempDir({ prefix: "pam-deno-package-" });
  try {
    const { findings } = await buildSite({ root, into, whole: false });
    if (findings.length > 0) {
      throw new Error(findings.map(({ path, message }) => `${path}: ${message}`).join("\n"));
    }
    const pages = new Staging(into);
    for (const file of pages.files()) staging.copy(join(into, file), `${DOC}/html/${file}`);
  } finally {
    await Deno.remove(into, { recursive: true });
  }
}

/** What `pam-deno explain` shows. Not below /usr/share/doc, which an installation may leave out. */
function stageErrorPages(staging: Staging, root: string, into: string): void {
  const folder = join(root, "docs", "errors");
  for (const { name } of Deno.readDirSync(folder)) staging.copy(join(folder, name), join(into, name));
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** In the package the program's folder takes the place of the tree's. */
async function installedMap(file: string): Promise<string> {
  const map = JSON.parse(await Deno.readTextFile(file)) as { sources: string[] };
  map.sources = map.sources.map((source) => source.replace(/^\.\.\//, ""));
  return JSON.stringify(map);
}

/**
 * What is written in C. The module is a link, so that postinst decides when a new shim is the one that applications load; the other is
 * what `pam-deno try` calls it from.
 */
async function stageShim(staging: Staging, root: string): Promise<void> {
  const shim = `${LIB}/shim/pam_deno.so`;
  staging.copy(join(root, "build/pam_deno.so"), `${shim}.dist`);
  staging.copy(join(root, "build/try_application"), `${LIB}/try_application`, PROGRAM);
  for (const file of [`${shim}.dist`, `${LIB}/try_application`]) {
    await run(["strip", "--strip-unneeded", "--remove-section=.comment", join(staging.root, file)]);
  }
  const multiarch = (await run(["dpkg-architecture", "--query=DEB_HOST_MULTIARCH"])).trim();
  staging.link(`/lib/${multiarch}/security/pam_deno.so`, shim);
}

/** Deno, under both of its names, and the esbuild that it bundles with. */
async function stageTools(staging: Staging): Promise<void> {
  staging.copy(Deno.realPathSync(Deno.execPath()), `${LIB}/deno`, PROGRAM);
  staging.link(`${LIB}/pam-deno-worker`, "deno");
  const { denoDir } = JSON.parse(await run([Deno.execPath(), "info", "--json"])) as { denoDir: string };
  const found = await bundlerOf(denoDir);
  staging.copy(found, `${LIB}/esbuild`, PROGRAM);
  // Where Deno looks for it below DENO_DIR.
  staging.link(`${LIB}/dl/${basename(dirname(found))}/${basename(found)}`, "../../esbuild");
}

/** The esbuild that this Deno bundles with: the one with which it can do so when it can reach nobody. */
async function bundlerOf(denoDir: string): Promise<string> {
  for (const { name } of Deno.readDirSync(join(denoDir, "dl"))) {
    for (const { name: file } of Deno.readDirSync(join(denoDir, "dl", name))) {
      const path = join(denoDir, "dl", name, file);
      if (name.startsWith("esbuild-") && await bundlesWith(path)) return path;
    }
  }
  throw new Error(`${denoDir}/dl: no esbuild that ${Deno.execPath()} bundles with: run scripts/setup`);
}

async function bundlesWith(esbuild: string): Promise<boolean> {
  const folder = await Deno.makeTempDir({ prefix: "pam-deno-package-" });
  try {
    const place = join(folder, "deno/dl", basename(dirname(esbuild)));
    await Deno.mkdir(place, { recursive: true });
    await Deno.symlink(esbuild, join(place, basename(esbuild)));
    await Deno.writeTextFile(join(folder, "empty.js"), "export {};\n");
    const { success } = await new Deno.Command(Deno.execPath(), {
      args: ["bundle", "--quiet", "--no-config", "--output=out.js", "empty.js"],
      cwd: folder,
      env: { DENO_DIR: join(folder, "deno"), NPM_CONFIG_REGISTRY: "http://127.0.0.1:9/" },
      stderr: "null",
    }).output();
    return success;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
