// SPDX-License-Identifier: MIT
/**
 * A Debian 12 in which nothing runs: a root folder of its own, in namespaces of its own for mounts, processes and the network.
 *
 * @module
 */

import { dirname, join } from "node:path";
import { debianTree, FOLDER } from "../boot/debian.ts";

const RUN_MS_MAX = 120_000;
const ENVIRONMENT = {
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
  HOME: "/root",
  LANG: "C.UTF-8",
  TERM: "dumb",
  DEBIAN_FRONTEND: "noninteractive",
};

/** What is written inside goes to memory, and is gone with the first process. Arguments: tree, empty folder. */
const SCRIPT = `
set -e
tree=$1 at=$2
mount -t tmpfs -o mode=0755 pam-deno-test "$at"
mkdir "$at/upper" "$at/work" "$at/root"
mount -t overlay -o "lowerdir=$tree,upperdir=$at/upper,workdir=$at/work" pam-deno-test "$at/root"
mount -t proc proc "$at/root/proc"
mount -t tmpfs -o mode=0755 pam-deno-test "$at/root/run"
mount -t tmpfs -o mode=0755 pam-deno-test "$at/root/dev"
for name in null zero full random urandom; do
  : >"$at/root/dev/$name"
  mount --bind "/dev/$name" "$at/root/dev/$name"
done
ln -s /proc/self/fd "$at/root/dev/fd"
echo ready
exec sleep infinity
`;

/** What a command said. */
export interface Output {
  /** Its exit status. */
  readonly code: number;
  /** What it wrote on standard output. */
  readonly stdout: string;
  /** What it wrote on standard error. */
  readonly stderr: string;
}

/** The root folder, until it is disposed of; with it goes every process that was started in it. */
export class Root implements AsyncDisposable {
  readonly #at: string;
  readonly #child: Deno.ChildProcess;
  #leader = 0;

  private constructor(tree: string) {
    // Seen through /proc, a link would lead to the wrong place.
    this.#at = join(Deno.realPathSync(FOLDER), `root-${crypto.randomUUID().slice(0, 8)}`);
    Deno.mkdirSync(this.#at, { recursive: true });
    this.#child = new Deno.Command("setpriv", {
      args: [
        ...["--pdeathsig", "KILL", "--", "unshare", "--mount", "--propagation", "private", "--net"],
        ...["--pid", "--fork", "--kill-child=KILL", "--mount-proc", "--"],
        ...["sh", "-c", SCRIPT, "sh", tree, this.#at],
      ],
      clearEnv: true,
      env: ENVIRONMENT,
      stdin: "null",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
  }

  /** Makes one. */
  static async make(): Promise<Root> {
    const root = new Root(await debianTree());
    try {
      await root.#ready();
    } catch (error) {
      await root[Symbol.asyncDispose]();
      throw error;
    }
    return root;
  }

  async #ready(): Promise<void> {
    const { value, done } = await this.#child.stdout.getReader().read();
    if (done || new TextDecoder().decode(value) !== "ready\n") {
      throw new Error("the root folder could not be made");
    }
    const children = `/proc/${this.#child.pid}/task/${this.#child.pid}/children`;
    this.#leader = Number(Deno.readTextFileSync(children).trim());
  }

  /** Where `path` inside is, seen from outside. */
  path(path: string): string {
    return join(`/proc/${this.#leader}/root`, this.#at, "root", path);
  }

  /** Starts a command inside. */
  spawn(words: readonly string[]): Deno.ChildProcess {
    return new Deno.Command("nsenter", {
      args: [
        ...["-t", `${this.#leader}`, "--mount", "--net", "--pid", "--"],
        ...["chroot", join(this.#at, "root"), ...words],
      ],
      clearEnv: true,
      env: ENVIRONMENT,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  }

  /** Runs a command inside, as root. A text is for `sh -c`. */
  async run(command: readonly string[] | string): Promise<Output> {
    const words = typeof command === "string" ? ["sh", "-c", command] : command;
    const child = this.spawn(["timeout", "--kill-after=1", `${RUN_MS_MAX / 1000}`, ...words]);
    await child.stdin.close();
    const { code, stdout, stderr } = await child.output();
    const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return { code, stdout: decode(stdout), stderr: decode(stderr) };
  }

  /** Runs a command inside that must succeed, and gives what it wrote on both streams. */
  async must(command: readonly string[] | string): Promise<string> {
    const { code, stdout, stderr } = await this.run(command);
    if (code === 0) return stdout + stderr;
    throw new Error(`${command}: status ${code}\n${stdout}${stderr}`);
  }

  /** Writes a file inside, and the folders above it. */
  write(path: string, text: string, mode = 0o644): void {
    Deno.mkdirSync(dirname(this.path(path)), { recursive: true });
    Deno.writeTextFileSync(this.path(path), text);
    Deno.chmodSync(this.path(path), mode);
  }

  /** Copies a file of this machine into it. */
  copy(from: string, path: string, mode = 0o644): void {
    Deno.mkdirSync(dirname(this.path(path)), { recursive: true });
    Deno.copyFileSync(from, this.path(path));
    Deno.chmodSync(this.path(path), mode);
  }

  /** A file's text, or `undefined`. */
  read(path: string): string | undefined {
    try {
      return Deno.readTextFileSync(this.path(path));
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    }
  }

  /** Whether there is something. */
  has(path: string): boolean {
    try {
      Deno.lstatSync(this.path(path));
      return true;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return false;
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
    }
    await this.#child.status;
    if (!this.#child.stdout.locked) await this.#child.stdout.cancel();
    Deno.removeSync(this.#at);
  }
}
