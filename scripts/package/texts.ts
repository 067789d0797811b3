// SPDX-License-Identifier: MIT
/**
 * The texts of the package that are made of others: its control file, its changelog, the sums of its files, the unit.
 *
 * @module
 */

import { join } from "node:path";
import { run, type Staging } from "./files.ts";

/** What a package is called and made for. */
export interface Identity {
  /** Its version. */
  readonly version: string;
  /** Debian's name of the processor. */
  readonly arch: string;
  /** Seconds since 1970: the time of everything in it. */
  readonly epoch: number;
}

/** Replaces `@NAME@` by what stands under NAME; a name without a value is an error. */
export function fillIn(text: string, values: Readonly<Record<string, string>>): string {
  return text.replace(/@([A-Z]+)@/g, (whole, name: string) => {
    const value = values[name];
    if (value === undefined) throw new Error(`${whole}: nothing to put there`);
    return value;
  });
}

/** What a Debian package that has these programs depends on, as dpkg-shlibdeps(1) finds it. */
export async function libraryPackages(programs: readonly string[]): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: "pam-deno-package-" });
  try {
    await Deno.mkdir(join(folder, "debian"));
    await Deno.writeTextFile(
      join(folder, "debian/control"),
      "Source: pam-deno\n\nPackage: pam-deno\nArchitecture: any\n",
    );
    const found = await run(["dpkg-shlibdeps", "--warnings=1", "-O", ...programs], { cwd: folder });
    const packages = /^shlibs:Depends=(.+)$/m.exec(found)?.[1];
    if (!packages) throw new Error(`dpkg-shlibdeps found nothing that ${programs.join(", ")} need`);
    return packages;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** The newest part of CHANGES.md as an entry of a Debian changelog. */
export function changelog(changes: string, maintainer: string, { version, epoch }: Identity): string {
  const newest = changes.split(/^## .*$/m)[1] ?? "";
  const items = newest.split(/^- /m).slice(1).map((item) => item.replace(/\s+/g, " ").trim());
  if (items.length === 0) throw new Error("CHANGES.md: no list of changes under the first heading");
  const date = new Date(epoch * 1000).toUTCString().replace("GMT", "+0000");
  return [
    `pam-deno (${version}) bookworm; urgency=medium`,
    "",
    ...items.map((item) => wrap(item, "  * ", "    ")),
    "",
    ` -- ${maintainer}  ${date}`,
    "",
  ].join("\n");
}

const COLUMNS = 79;

function wrap(text: string, first: string, others: string): string {
  const lines: string[] = [];
  let line = first.trimEnd();
  for (const word of text.split(" ")) {
    if (line.length + 1 + word.length > COLUMNS) {
      lines.push(line);
      line = others.trimEnd() + others.slice(others.trimEnd().length, -1);
    }
    line += ` ${word}`;
  }
  return [...lines, line].join("\n");
}

/** The sums of all files, as `debsums` checks them. */
export async function sums(staging: Staging, conffiles: readonly string[]): Promise<string> {
  const files = staging.files().filter((file) => !conffiles.includes(`/${file}`));
  const lines = await run(["md5sum", "--", ...files], { cwd: staging.root });
  // md5sum(1) puts a backslash before such a line, and doubles those in it; dpkg reads names as they are.
  return lines.replaceAll(/^\\.*$/mg, (line) => line.slice(1).replaceAll("\\\\", "\\"));
}

/** How the unit starts the supervisor: with every permission that it needs by name, and none else. */
export async function execStart(root: string): Promise<string> {
  const lib = "/usr/lib/pam-deno";
  const workers = "/run/pam-deno-workers/%i";
  const script = `. "$0"; own_permissions ${lib}/deno ${lib} supervise --workers-dir ${workers} %i`;
  const flags = await run(["sh", "-c", script, join(root, "sdk/supervisor/own_permissions.sh")]);
  return [
    `${lib}/deno run --quiet --no-prompt --no-remote --no-npm --no-config --no-lock`,
    ...flags.trim().split("\n"),
    `${lib}/supervise.js %i`,
  ].join(" \\\n  ");
}
