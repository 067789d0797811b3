// SPDX-License-Identifier: MIT
/**
 * Puts files into the folder that becomes the package: with the modes and the time that the package says, whatever the machine's are.
 *
 * @module
 */

import { dirname, join } from "node:path";

/** The mode of a file that is only read. */
export const PLAIN = 0o644;
/** The mode of a program. */
export const PROGRAM = 0o755;

/** Runs a program and gives what it prints; throws if it fails. */
export async function run(command: readonly string[], options: Deno.CommandOptions = {}): Promise<string> {
  const [program = "", ...args] = command;
  const output = await new Deno.Command(program, { ...options, args, stderr: "inherit" }).output()
    .catch((error: unknown) => {
      throw new Error(`${program} cannot be started: scripts/setup installs what is missing`, {
        cause: error,
      });
    });
  if (!output.success) throw new Error(`${command.join(" ")}: failed with ${output.code}`);
  return (options.stdout ?? "piped") === "piped" ? new TextDecoder().decode(output.stdout) : "";
}

/** The folder that becomes the package. Paths in it are those of the installed system, without the first `/`. */
export class Staging {
  /** The folder itself. */
  readonly root: string;

  /** Takes an empty folder. */
  constructor(root: string) {
    this.root = root;
  }

  /** Where `path` of the installed system is while the package is made; its folder is there. */
  at(path: string): string {
    const file = join(this.root, path);
    Deno.mkdirSync(dirname(file), { recursive: true });
    return file;
  }

  /** Makes a folder that the package brings along though nothing is in it. */
  folder(path: string): void {
    Deno.mkdirSync(join(this.root, path), { recursive: true });
  }

  /** Copies a file. */
  copy(from: string, path: string, mode: number = PLAIN): void {
    const file = this.at(path);
    Deno.copyFileSync(from, file);
    Deno.chmodSync(file, mode);
  }

  /** Writes a file. */
  write(path: string, text: string, mode: number = PLAIN): void {
    const file = this.at(path);
    Deno.writeTextFileSync(file, text);
    Deno.chmodSync(file, mode);
  }

  /** Makes a symbolic link. */
  link(path: string, target: string): void {
    Deno.symlinkSync(target, this.at(path));
  }

  /** Writes a file compressed as documentation is: without name and time. */
  async compress(path: string, text: string): Promise<void> {
    this.write(path, text);
    await run(["gzip", "--best", "--no-name", join(this.root, path)]);
  }

  /** All files, folders left out, sorted. */
  files(folder = ""): string[] {
    const found: string[] = [];
    for (const { name, isDirectory, isFile } of Deno.readDirSync(join(this.root, folder))) {
      if (isDirectory) found.push(...this.files(join(folder, name)));
      else if (isFile) found.push(join(folder, name));
    }
    return found.sort();
  }

  /** Gives folders their mode and everything the time `epoch`, in seconds. */
  settle(epoch: number, folder = ""): void {
    const path = join(this.root, folder);
    for (const { name, isDirectory, isFile } of [...Deno.readDirSync(path)]) {
      if (isDirectory) this.settle(epoch, join(folder, name));
      // The time of a link is cut by dpkg-deb, as all that are later than SOURCE_DATE_EPOCH.
      else if (isFile) Deno.utimeSync(join(path, name), epoch, epoch);
    }
    Deno.chmodSync(path, 0o755);
    Deno.utimeSync(path, epoch, epoch);
  }
}
