// SPDX-License-Identifier: MIT
/**
 * Builds the Debian package `build/pam-deno_VERSION_ARCH.deb`. The same sources give the same bytes, anywhere and at any time: all in it
 * has the time of the last commit, or SOURCE_DATE_EPOCH.
 * usage: deno task package [--version VERSION] [--output FOLDER]
 *
 * @module
 */

import { basename, dirname, join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { stageContents } from "./package/contents.ts";
import { PROGRAM, run, Staging } from "./package/files.ts";
import { changelog, fillIn, type Identity, libraryPackages, sums } from "./package/texts.ts";

const ROOT = dirname(import.meta.dirname!);
const LIB = "/usr/lib/pam-deno";
/** What dpkg runs, and what else belongs beside the control file. */
const SCRIPTS = ["postinst", "prerm", "postrm"];
/** Most of it is Deno: more effort takes a minute and saves 3 MB. */
const COMPRESSION = ["-Zxz", "-z2"];

/** When the package was made, as far as anybody can see: seconds since 1970. */
export async function sourceDate(): Promise<number> {
  const given = Number(Deno.env.get("SOURCE_DATE_EPOCH"));
  if (given > 0) return given;
  const git = await new Deno.Command("git", {
    args: ["log", "-1", "--format=%ct"],
    cwd: ROOT,
    stderr: "null",
  })
    .output().catch(() => undefined);
  const committed = Number(new TextDecoder().decode(git?.stdout));
  if (git?.success && committed > 0) return committed;
  const { mtime } = await Deno.stat(join(ROOT, "CHANGES.md"));
  return Math.floor(mtime!.getTime() / 1000);
}

/** Writes what dpkg reads to the folder `DEBIAN`, and what is made of it to the documentation. */
async function stageControl(staging: Staging, identity: Identity): Promise<void> {
  const source = (name: string) => Deno.readTextFile(join(ROOT, "packaging/debian", name));
  const control = await source("control");
  const maintainer = /^Maintainer: (.+)$/m.exec(control)![1]!;
  const changes = await Deno.readTextFile(join(ROOT, "CHANGES.md"));
  await staging.compress("/usr/share/doc/pam-deno/changelog", changelog(changes, maintainer, identity));
  staging.settle(identity.epoch);
  const programs = ["deno", "shim/pam_deno.so.dist", "try_application"].map((name) =>
    join(staging.root, LIB, name)
  );
  const sizes = staging.files().map((file) => Math.ceil(Deno.statSync(join(staging.root, file)).size / 1024));
  const conffiles = await source("conffiles");
  const md5sums = await sums(staging, conffiles.trim().split("\n"));
  staging.write("DEBIAN/md5sums", md5sums);
  staging.write("DEBIAN/conffiles", conffiles);
  for (const name of SCRIPTS) staging.write(`DEBIAN/${name}`, await source(name), PROGRAM);
  staging.write(
    "DEBIAN/control",
    fillIn(control, {
      VERSION: identity.version,
      ARCH: identity.arch,
      SHLIBS: await libraryPackages(programs),
      SIZE: String(sizes.reduce((sum, size) => sum + size, 0)),
    }),
  );
  staging.settle(identity.epoch);
}

/** Makes the package in the folder `output` from a tree that is built, and gives its path. */
async function makePackage(output: string, identity: Identity): Promise<string> {
  const folder = await Deno.makeTempDir({ dir: join(ROOT, "build"), prefix: ".package-" });
  const file = join(output, `pam-deno_${identity.version}_${identity.arch}.deb`);
  try {
    const staging = new Staging(join(folder, "tree"));
    await stageContents(staging, ROOT);
    await stageControl(staging, identity);
    await run(
      ["dpkg-deb", "--root-owner-group", ...COMPRESSION, "--build", staging.root, join(folder, "made.deb")],
      { env: { SOURCE_DATE_EPOCH: String(identity.epoch) }, stdout: "null" },
    );
    // In one step: others may be reading the one of before.
    const beside = join(output, `${basename(folder)}.deb`);
    await Deno.copyFile(join(folder, "made.deb"), beside);
    await Deno.rename(beside, file);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  return file;
}

if (import.meta.main) {
  const { values } = parseArgs({
    args: Deno.args,
    options: { version: { type: "string" }, output: { type: "string", default: join(ROOT, "build") } },
  });
  await run([Deno.execPath(), "run", "-A", join(ROOT, "scripts/build.ts")], { stdout: "inherit" });
  const { version } = JSON.parse(await Deno.readTextFile(join(ROOT, "deno.json")));
  const arch = (await run(["dpkg", "--print-architecture"])).trim();
  const epoch = await sourceDate();
  const output = resolve(values.output);
  await Deno.mkdir(output, { recursive: true });
  console.log(await makePackage(output, { version: values.version ?? version, arch, epoch }));
}
