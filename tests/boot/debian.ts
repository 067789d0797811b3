// SPDX-License-Identifier: MIT
/**
 * A Debian 12 in a folder, made once from the packages that this machine's own apt offers, and only read by the tests.
 *
 * @module
 */

import { join } from "node:path";

/** The project's folder. */
export const ROOT: string = join(import.meta.dirname!, "..", "..");

/** Where the tree, and the empty folders that machines are mounted on, are kept. */
export const FOLDER: string = join(ROOT, "build", "boot");

const RELEASE = "bookworm";

/** What a server has, and what the tests call. Everything that the package of pam-deno depends on must be among it. */
const PACKAGES = [
  "cron",
  "dbus",
  "iproute2",
  "libpam-systemd",
  "man-db",
  "openssh-client",
  "openssh-server",
  "pamtester",
  "procps",
  "sudo",
  "systemd",
  "systemd-sysv",
];

/** Texts and translations, which nothing here reads. */
const LEFT_OUT = ["/usr/share/doc/*", "/usr/share/locale/*", "/usr/share/info/*"];

/** What apt must be told here as on the outside: how it gets through, and what it may overlook. */
const APT_SETTINGS = /^Acquire::(Check-[\w-]+|https?::[\w:.-]+) ".+";$/;

/**
 * Gives the folder of the tree. The first call on a machine makes it, which takes about half a minute.
 *
 * @throws {Error} if this machine's apt has no Debian 12, or packages are missing.
 */
export async function debianTree(): Promise<string> {
  Deno.mkdirSync(FOLDER, { recursive: true });
  const tree = join(FOLDER, RELEASE);
  using lock = Deno.openSync(join(FOLDER, "lock"), { create: true, write: true });
  await lock.lock(true);
  const made = join(FOLDER, `${RELEASE}.packages`);
  const wanted = PACKAGES.join("\n");
  if (readIfThere(made) === wanted) return tree;
  remove(made);
  await makeTree(tree);
  Deno.writeTextFileSync(made, wanted);
  return tree;
}

async function makeTree(tree: string): Promise<void> {
  remove(tree);
  const { success, stdout, stderr } = await new Deno.Command("mmdebstrap", {
    args: [
      "--quiet",
      "--variant=minbase",
      `--include=${PACKAGES.join(",")}`,
      '--aptopt=Acquire::Languages "none"',
      ...(await aptSettings()).map((line) => `--aptopt=${line}`),
      ...LEFT_OUT.map((path) => `--dpkgopt=path-exclude=${path}`),
      // Who boots it gets an identity of its own, and keys that no other has.
      '--customize-hook=: >"$1/etc/machine-id"',
      RELEASE,
      tree,
      ...sources(),
    ],
    clearEnv: true,
    env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", HOME: "/root", LANG: "C.UTF-8" },
  }).output();
  if (success) return;
  remove(tree);
  const said = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  throw new Error(`mmdebstrap could not make ${tree}:\n${said}`);
}

/** The files in which this machine's apt finds Debian itself. */
function sources(): string[] {
  const folder = "/etc/apt/sources.list.d";
  const files = [
    "/etc/apt/sources.list",
    ...[...readDirectory(folder)].filter((name) => /\.(list|sources)$/.test(name)).map((name) =>
      join(folder, name)
    ),
  ];
  const found = files.filter((file) => /(^|\s)bookworm(\s|-updates|$)/m.test(readIfThere(file) ?? ""));
  if (found.length === 0) {
    throw new Error(`no file of apt's sources has ${RELEASE}: the boot tests need a Debian 12`);
  }
  return found;
}

async function aptSettings(): Promise<string[]> {
  const { stdout } = await new Deno.Command("apt-config", { args: ["dump"] }).output();
  return new TextDecoder().decode(stdout).split("\n").filter((line) => APT_SETTINGS.test(line));
}

function* readDirectory(path: string): Iterable<string> {
  try {
    for (const { name } of Deno.readDirSync(path)) yield name;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

function readIfThere(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return undefined;
  }
}

function remove(path: string): void {
  try {
    Deno.removeSync(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
