// SPDX-License-Identifier: MIT
/**
 * A Debian that really boots, with systemd as its first process, beside this machine's own: nothing of it is seen or
 * left outside. It has no network but its own loopback.
 *
 * @module
 */

import { join } from "node:path";
import { debianTree, FOLDER } from "./debian.ts";
import {
  Bus,
  isThere,
  makeGroups,
  PATIENCE_MS,
  pause,
  PREFIX,
  remove,
  removeGroup,
  removeLeftovers,
  WITH_US,
} from "./host.ts";

/** How long a command may take, in ms, unless the caller says otherwise. */
const RUN_MS_MAX = 60_000;

/** The environment of every command inside. */
const ENVIRONMENT = ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LANG=C.UTF-8", "TERM=dumb"];

/** The status with which systemd-nspawn says that the machine wants to be started again. */
const REBOOT = 133;

/**
 * Boots a machine. What is written inside goes to memory. systemd filters addresses with bpf(2), which systemd-nspawn refuses unless
 * told. Arguments: tree, empty folder, name, groups…
 */
const BOOT_SCRIPT = `
set -e
tree=$1 at=$2 name=$3
shift 3
for group; do echo 0 >"$group/cgroup.procs"; done
mount -t tmpfs -o mode=0755 pam-deno-test "$at"
mkdir "$at/upper" "$at/work" "$at/root"
mount -t overlay -o "lowerdir=$tree,upperdir=$at/upper,workdir=$at/work" pam-deno-test "$at/root"
while :; do
	status=0
	systemd-nspawn -q -D "$at/root" --machine="$name" --register=no --keep-unit --boot --console=pipe \\
		--private-network --system-call-filter=bpf --resolv-conf=off --timezone=off || status=$?
	[ "$status" = ${REBOOT} ] || exit "$status"
done
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

/** How a command is run. */
export interface RunOptions {
  /** What it reads. */
  readonly stdin?: string;
  /** How long it may take, in ms; then it is killed. */
  readonly timeoutMs?: number;
}

/** A running machine. */
export class Machine implements AsyncDisposable {
  readonly #name: string;
  readonly #child: Deno.ChildProcess;
  readonly #ended: Promise<Deno.CommandStatus>;
  readonly #groups: readonly string[];
  readonly #bus: Bus;
  #console = "";
  #leader = 0;

  private constructor(name: string, tree: string, groups: readonly string[], bus: Bus) {
    this.#name = name;
    this.#groups = groups;
    this.#bus = bus;
    Deno.mkdirSync(this.#at, { recursive: true });
    this.#child = new Deno.Command("setpriv", {
      args: [...WITH_US, "sh", "-c", BOOT_SCRIPT, "sh", tree, this.#at, name, ...groups],
      clearEnv: true,
      env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", LANG: "C.UTF-8" },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#ended = this.#child.status;
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream.pipeThrough(new TextDecoderStream()).pipeTo(
        new WritableStream({ write: (text) => void (this.#console += text) }),
      );
    }
  }

  /**
   * Boots a machine and waits until everything in it that is started at boot is.
   *
   * @throws {Error} if it does not boot; what it wrote on its console is part of the message.
   */
  static async boot(): Promise<Machine> {
    const tree = await debianTree();
    const bus = await Bus.find();
    await removeLeftovers();
    const name = `${PREFIX}${Deno.pid}-${crypto.randomUUID().slice(0, 8)}`;
    const machine = new Machine(name, tree, makeGroups(name), bus);
    try {
      await machine.#up();
      await machine.#openGroups();
      return machine;
    } catch (error) {
      await machine.stop();
      throw error;
    }
  }

  /** Its root folder, as seen from outside. */
  get root(): string {
    return `/proc/${this.#leader}/root`;
  }

  get #at(): string {
    return join(FOLDER, this.#name);
  }

  /** Runs a command inside, as root, in an environment of its own. A word that is a whole script is for `sh -c`. */
  async run(command: readonly string[] | string, options: RunOptions = {}): Promise<Output> {
    const words = typeof command === "string" ? ["sh", "-c", command] : command;
    const seconds = (options.timeoutMs ?? RUN_MS_MAX) / 1000;
    const child = this.spawn(["timeout", "--kill-after=1", `${seconds}`, ...words]);
    const output = child.output();
    const writer = child.stdin.getWriter();
    // Who does not read what there is to read may leave before it was written.
    await writer.write(new TextEncoder().encode(options.stdin ?? "")).catch(() => {});
    await writer.close().catch(() => {});
    const { code, stdout, stderr } = await output;
    const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    return { code, stdout: decode(stdout), stderr: decode(stderr) };
  }

  /** Starts a command inside, which ends with the machine at the latest. */
  spawn(words: readonly string[]): Deno.ChildProcess {
    return new Deno.Command("nsenter", {
      args: ["-t", `${this.#leader}`, "-a", "--", "env", "-i", ...ENVIRONMENT, ...words],
      clearEnv: true,
      env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin" },
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  }

  /**
   * Runs a command inside that must succeed, and gives its output without the last newline.
   *
   * @throws {Error} if it fails, with all that it wrote.
   */
  async must(command: readonly string[] | string, options?: RunOptions): Promise<string> {
    const { code, stdout, stderr } = await this.run(command, options);
    if (code === 0) return stdout.trimEnd();
    throw new Error(
      `${typeof command === "string" ? command : command.join(" ")}: status ${code}\n${stdout}${stderr}`,
    );
  }

  /** Writes a file inside, and the folders above it. */
  async write(path: string, text: string | Uint8Array, mode = 0o644): Promise<void> {
    await this.must(["mkdir", "-p", join(path, "..")]);
    const bytes = typeof text === "string" ? new TextEncoder().encode(text) : text;
    Deno.writeFileSync(join(this.root, path), bytes, { mode });
    Deno.chmodSync(join(this.root, path), mode);
  }

  /** Copies a file of this machine into it. */
  async copy(from: string, path: string, mode = 0o644): Promise<void> {
    await this.must(["mkdir", "-p", join(path, "..")]);
    Deno.copyFileSync(from, join(this.root, path));
    Deno.chmodSync(join(this.root, path), mode);
  }

  /**
   * Waits until `what` gives something that counts as true.
   *
   * @throws {Error} after `timeoutMs`, naming `what` by `title`.
   */
  async until<T>(title: string, what: () => Promise<T>, timeoutMs = 10_000): Promise<T> {
    const end = performance.now() + timeoutMs;
    while (true) {
      const found = await what();
      if (found) return found;
      if (performance.now() > end) throw new Error(`waited ${timeoutMs} ms in vain: ${title}`);
      await pause();
    }
  }

  /** What a unit's property is. */
  async property(unit: string, name: string): Promise<string> {
    return await this.must(["systemctl", "show", "--value", "-p", name, "--", unit]);
  }

  /** The journal of a unit since the machine booted. */
  async journal(unit: string): Promise<string> {
    return await this.must(["journalctl", "--boot", "--no-pager", "--output=cat", `--unit=${unit}`]);
  }

  /** Boots it anew, with everything that was written so far; services may fail only if `mayFail`. */
  async reboot(mayFail = false): Promise<void> {
    const before = this.#leader;
    await this.run(["systemctl", "reboot"]);
    await this.until(
      "the machine goes down",
      () => Promise.resolve(!isThere(`/proc/${before}/ns`)),
      PATIENCE_MS,
    );
    await this.#up(mayFail);
    await this.#openGroups();
  }

  /** Ends it as a power failure would, and removes all that is left of it. */
  async stop(): Promise<void> {
    try {
      this.#child.kill("SIGKILL");
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
    }
    await this.#ended;
    for (const group of this.#groups) await removeGroup(group);
    remove(this.#at);
    await this.#bus.stop();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #up(mayFail = false): Promise<void> {
    let ended: Deno.CommandStatus | undefined;
    this.#ended.then((status) => ended = status);
    const end = performance.now() + PATIENCE_MS;
    while (performance.now() < end && !ended) {
      const leader = this.#findLeader();
      if (leader) {
        this.#leader = leader;
        const { stdout } = await this.run(["systemctl", "is-system-running", "--wait"]);
        if (stdout === "running\n" || (stdout === "degraded\n" && mayFail)) return;
        if (stdout === "degraded\n") {
          throw new Error(`services failed at boot:\n${await this.must(["systemctl", "--failed"])}`);
        }
      }
      await pause();
    }
    throw new Error(`the machine did not boot:\n${this.#console}`);
  }

  /** The first process inside: the child of systemd-nspawn, which is the child of the script, which is that of unshare. */
  #findLeader(): number | undefined {
    let pid: number | undefined = this.#child.pid;
    for (let depth = 0; depth < 3 && pid; depth++) pid = childOf(pid);
    return pid && readIfThere(`/proc/${pid}/comm`) === "systemd\n" ? pid : undefined;
  }

  /** systemd-nspawn lets the machine have control groups, but only look at memory and number of processes. */
  async #openGroups(): Promise<void> {
    for (const name of ["memory", "pids"]) {
      const path = join("/sys/fs/cgroup", name);
      if (isThere(path)) await this.must(["mount", "-o", "remount,bind,rw", path]);
    }
    await this.must(["systemctl", "daemon-reexec"]);
  }
}

function childOf(pid: number): number | undefined {
  return Number(readIfThere(`/proc/${pid}/task/${pid}/children`)?.split(" ")[0]) || undefined;
}

function readIfThere(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return undefined;
  }
}
