// SPDX-License-Identifier: MIT
/**
 * The Debian package, made when it is missing or older than what it is made of, and an earlier one to upgrade from. As a program it
 * makes the package.
 *
 * @module
 */

import { join } from "node:path";

/** The project's folder. */
export const ROOT: string = join(import.meta.dirname!, "..", "..");

const FOLDER = join(ROOT, "build");
/** What the package is made of, from the top of the tree. */
export const SOURCES: readonly string[] = [
  "CHANGES.md",
  "PROTOCOL.md",
  "README.md",
  "SECURITY.md",
  "deno.json",
  "deno.lock",
  "docs",
  "examples",
  "mod.ts",
  "packaging",
  "scripts/build.ts",
  "scripts/build_bundle.ts",
  "scripts/build_runtime.ts",
  "scripts/docs",
  "scripts/package",
  "scripts/package.ts",
  "scripts/tidy/tree.ts",
  "sdk",
  "shim",
  "tests/shim",
];
/** The version of the earlier package. */
export const EARLIER = "0.0.9~test";
const DECODER = new TextDecoder();

/** Runs a program that must succeed, and gives what it printed. */
export async function run(command: readonly string[], options: Deno.CommandOptions = {}): Promise<string> {
  const [program = "", ...args] = command;
  const { success, stdout, stderr } = await new Deno.Command(program, { ...options, args }).output();
  if (success) return DECODER.decode(stdout);
  throw new Error(`${command.join(" ")}\n${DECODER.decode(stdout)}${DECODER.decode(stderr)}`);
}

/** A number that changes with every change of a source. */
async function stateOfSources(): Promise<string> {
  const found = await run(["find", ...SOURCES, "-type", "f", "-printf", "%p %s %T@ %m\n"], { cwd: ROOT });
  const bytes = new TextEncoder().encode(found.split("\n").sort().join("\n"));
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
}

/** Gives the package's file: `build/pam-deno_VERSION_ARCH.deb`. */
export async function debianPackage(): Promise<string> {
  await Deno.mkdir(FOLDER, { recursive: true });
  using lock = await Deno.open(join(FOLDER, "package.lock"), { create: true, write: true });
  await lock.lock(true);
  const made = join(FOLDER, "package.made");
  const state = await stateOfSources();
  const [before, file] = (await readIfThere(made)).split("\n");
  if (before === state && file && await isThere(join(ROOT, file))) return join(ROOT, file);
  const said = await run([Deno.execPath(), "run", "-A", join(ROOT, "scripts/package.ts")]);
  const path = said.trim().split("\n").at(-1)!;
  await Deno.writeTextFile(made, `${state}\n${path.slice(ROOT.length + 1)}\n`);
  return path;
}

/** Gives the file of an earlier package: version {@linkcode EARLIER}, with a shim that says it is of that time. */
export function earlierPackage(): Promise<string> {
  return repacked(`pam-deno_${EARLIER}.deb`, async (folder) => {
    const control = join(folder, "DEBIAN/control");
    const text = await Deno.readTextFile(control);
    await Deno.writeTextFile(control, text.replace(/^Version: .*$/m, `Version: ${EARLIER}`));
    const shim = join(folder, "usr/lib/pam-deno/shim/pam_deno.so.dist");
    await Deno.writeFile(shim, earlierShim(await Deno.readFile(shim)));
  });
}

/** Gives the file of the same package without compression, which is unpacked in no time. */
export function plainPackage(): Promise<string> {
  return repacked("pam-deno_plain.deb", () => Promise.resolve());
}

/** Makes another package of {@linkcode debianPackage}, if it is not there yet. */
async function repacked(name: string, change: (folder: string) => Promise<void>): Promise<string> {
  const newer = await debianPackage();
  using lock = await Deno.open(join(FOLDER, "package.lock"), { create: true, write: true });
  await lock.lock(true);
  const file = join(FOLDER, "tests", name);
  const { mtime } = await Deno.stat(newer);
  if (await isThere(file) && (await Deno.stat(file)).mtime! > mtime!) return file;
  await Deno.mkdir(join(FOLDER, "tests"), { recursive: true });
  const folder = await Deno.makeTempDir({ prefix: "pam-deno-test-" });
  try {
    await run(["dpkg-deb", "--raw-extract", newer, folder]);
    await change(folder);
    await run(["dpkg-deb", "--root-owner-group", "-Znone", "--build", folder, `${file}.new`]);
    await Deno.rename(`${file}.new`, file);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  return file;
}

/** The same shim, but for its version and the fingerprint of its protocol, in the text by which it can be told. */
function earlierShim(shim: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const latin = new TextDecoder("latin1").decode(shim);
  const ident = /pam_deno (\S+) protocol \d+ fingerprint ([0-9a-f]+)/.exec(latin);
  if (!ident) throw new Error("the shim does not say what it is");
  const other = ident[0].replace(ident[1]!, "0".repeat(ident[1]!.length))
    .replace(ident[2]!, "0".repeat(ident[2]!.length));
  const changed = shim.slice();
  changed.set(new TextEncoder().encode(other), ident.index);
  return changed;
}

/** A package's field. */
export async function field(deb: string, name: string): Promise<string> {
  return (await run(["dpkg-deb", "--field", deb, name])).trim();
}

async function isThere(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

async function readIfThere(path: string): Promise<string> {
  return await Deno.readTextFile(path).catch(() => "");
}

if (import.meta.main) console.log(await debianPackage());
