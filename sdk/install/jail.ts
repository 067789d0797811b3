// SPDX-License-Identifier: MIT
/**
 * Runs a program on what a stranger wrote: as a throwaway user that nobody else is, without privileges, and where the kernel gives it,
 * in a file system that holds nothing but what the program needs. All paths are the same inside and outside.
 *
 * What it bounds is Deno and its bundler, which only read the stranger's sources. Should one of them be talked into more, or a source
 * name a file that is none of its business, there is nothing to find.
 *
 * @module
 */

import { dirname, join } from "node:path";
import { stat } from "../config/place.ts";
import { keepDescriptors } from "../supervisor/descriptors.ts";
import { isTakenHere, pickThrowawayUid } from "../supervisor/uid.ts";

/** What the program needs. */
export interface JailOptions {
  /** A folder of root's own, in which the file system is put together. */
  readonly root: string;
  /** Files and folders that it may read. Those that are not there are left out. */
  readonly readable: readonly string[];
  /** Folders that it may write; they are given to the throwaway user. */
  readonly writable: readonly string[];
  /** Closed folders of root's own that lead there. The throwaway user may pass through them only where it has no other way. */
  readonly through?: readonly string[] | undefined;
  /** User ids to take for the throwaway user, the first that nobody runs anything as; by default any that is free. */
  readonly uids?: readonly number[] | undefined;
}

/** A place to run programs in. */
export interface Jail {
  /** Whether there is a file system of its own, only a user of its own, or nothing of it. */
  readonly kind: "file system" | "user" | "nothing";
  /** The throwaway user, who is in a group of the same number and in no other; `undefined` if it is whoever runs this. */
  readonly uid: number | undefined;
  /** What whoever decides should know about it. */
  readonly warnings: readonly string[];
  /** Runs a program to its end; whatever it started ends with it. */
  run(call: JailedCall): Promise<JailedResult>;
}

/** A program to run. */
export interface JailedCall {
  /** The program and its arguments. */
  readonly command: readonly [program: string, ...args: string[]];
  /** Its whole environment. */
  readonly env: Readonly<Record<string, string>>;
  /** What it reads from its standard input. */
  readonly stdin?: string | undefined;
  /** Whether it may use the network. */
  readonly network: boolean;
  /** How long it may take, in ms. */
  readonly timeoutMs: number;
  /** How much it may print to each of its outputs, in bytes. */
  readonly outputMax: number;
}

/** What came of it. */
export interface JailedResult {
  /** Whether it ended by itself, with status 0. */
  readonly success: boolean;
  /** Why it was killed, if it was. */
  readonly killed: "it took too long" | "it printed too much" | undefined;
  /** What it printed. */
  readonly stdout: string;
  /** What it complained about. */
  readonly stderr: string;
}

/** The kernel or the machine does not allow what is needed. */
export class JailError extends Error {
  override name = "JailError";
}

/** Files that names of hosts are looked up with. */
const NAME_FILES = [
  "/etc/resolv.conf",
  "/etc/hosts",
  "/etc/nsswitch.conf",
  "/etc/host.conf",
  "/etc/gai.conf",
];

/** Devices that programs expect. */
const DEVICES = ["/dev/null", "/dev/zero", "/dev/urandom"];

/** Limits of one run; see setrlimit(2). Sizes are in bytes. */
const LIMITS = {
  core: 0,
  cpu: 300,
  data: 6 * 1024 ** 3,
  fsize: 512 * 1024 ** 2,
  nofile: 4096,
  nproc: 512,
} as const;

/** The mode of a folder that its group may only pass through. */
const PASSABLE_BY_GROUP = 0o710;

/** How long is waited for what was printed by a program that has ended, in ms. */
const OUTPUT_LATE_MS = 500;

/** How often is looked whether killed processes are gone, in ms. */
const KILL_LOOK_MS = 5;

/**
 * Lets go of what this process was itself started with, before anything else is done: the kernel has been told to, and where it could not
 * be, this closes what the shell can, and does not go on with more.
 */
const LET_GO = `
exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-
for fd in /proc/self/fd/*; do
  case \${fd##*/} in
    [0-9] | '*') ;;
    *)
      [ ! -e "$fd" ] || { echo "descriptor \${fd##*/} was handed on to pam-deno: start it without" >&2; exit 1; }
      ;;
  esac
done
`;

/** Puts the file system together in a mount namespace of its own, and goes on as the throwaway user. */
const SETUP = `${LET_GO}
set -eu
root=$1
shift
mount -o bind "$root" "$root"
while [ "$1" != -- ]; do
  mount -o "$1" "$2" "$root$2"
  shift 2
done
shift
mkdir -p "$root/proc"
mount -t proc -o nosuid,nodev,noexec,subset=pid proc "$root/proc" 2>/dev/null ||
  mount -t proc -o nosuid,nodev,noexec proc "$root/proc"
mount -o bind,remount,ro,nosuid,nodev "$root"
status=0
"$@" || status=$?
exit $status
`;

/** Where programs may be. */
const BINS = ["/usr/bin", "/bin", "/usr/sbin", "/sbin"];

function find(program: string): string | undefined {
  return BINS.map((folder) => join(folder, program)).find((path) => stat(path));
}

function must(program: string): string {
  const path = find(program);
  if (path === undefined) throw new JailError(`${program} is missing: install util-linux and coreutils`);
  return path;
}

/** Prepares a place to run programs in. The folders that it may write are given away: nothing must follow links in them afterwards. */
export function openJail(options: JailOptions): Jail {
  if (Deno.uid() !== 0) {
    const warnings = ["You are not root: the module's sources are read with all that you may do yourself"];
    return { kind: "nothing", uid: undefined, warnings, run: (call) => runAlone(ownCommand(call), call) };
  }
  const uid = options.uids?.find((uid) => processesOf(uid).length === 0) ??
    pickThrowawayUid((uid) => isTakenHere(uid) || processesOf(uid).length > 0);
  for (const folder of options.writable) Deno.chownSync(folder, uid, uid);
  const run = (command: readonly string[], call: JailedCall) =>
    runAlone(command, call).finally(() => killAll(uid));
  if (!canMount()) {
    const warnings = [
      "Mount namespaces are not usable here: the module's sources are read by a user of their own, which can read what everybody can",
    ];
    for (const folder of options.through ?? []) {
      Deno.chownSync(folder, null, uid);
      Deno.chmodSync(folder, PASSABLE_BY_GROUP);
    }
    return { kind: "user", uid, warnings, run: (call) => run(userCommand(uid, call), call) };
  }
  const mounts = buildRoot(options);
  return {
    kind: "file system",
    uid,
    warnings: [],
    run: (call) => run(rootCommand(options.root, mounts, uid, call), call),
  };
}

function canMount(): boolean {
  const unshare = find("unshare");
  if (unshare === undefined) return false;
  const args = [
    "--mount",
    "--propagation",
    "private",
    "--pid",
    "--fork",
    "--ipc",
    "--uts",
    "--mount-proc",
    "--",
    must("true"),
  ];
  return new Deno.Command(unshare, { args, stdin: "null", stdout: "null", stderr: "null" }).outputSync()
    .success;
}

/** Makes the places that things are mounted at, and gives the pairs of mount(8)'s options and paths. */
function buildRoot({ root, readable, writable }: JailOptions): string[] {
  const libraries = librariesOf([Deno.realPathSync(Deno.execPath())]);
  const files = [...new Set([...readable, ...libraries, ...NAME_FILES, ...DEVICES])].filter(exists);
  const pairs: string[] = [];
  for (const path of [...writable, ...files].sort()) {
    const target = join(root, path);
    const isFolder = Deno.statSync(path).isDirectory;
    Deno.mkdirSync(isFolder ? target : dirname(target), { recursive: true, mode: 0o755 });
    if (!isFolder) Deno.writeTextFileSync(target, "", { mode: 0o644 });
    pairs.push(mountOptions(path, writable), path);
  }
  Deno.mkdirSync(join(root, "proc"), { recursive: true });
  return pairs;
}

function mountOptions(path: string, writable: readonly string[]): string {
  if (DEVICES.includes(path)) return "bind,nosuid,noexec";
  return writable.includes(path) ? "bind,nosuid,nodev,noexec" : "bind,ro,nosuid,nodev";
}

/** Whether something is there, with links followed. */
function exists(path: string): boolean {
  try {
    Deno.statSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** The shared libraries of programs that are trusted: ldd(1) runs their loader. */
function librariesOf(programs: readonly string[]): string[] {
  const { stdout } = new Deno.Command(must("ldd"), { args: [...programs], stdin: "null", stderr: "null" })
    .outputSync();
  return new TextDecoder().decode(stdout).match(/(?<=\s)\/\S+(?= \(0x)/g) ?? [];
}

function limitOptions(): string[] {
  return Object.entries(LIMITS).map(([name, value]) => `--${name}=${value}:${value}`);
}

/** The command in a file system, a network, and a world of processes of its own. */
function rootCommand(root: string, mounts: readonly string[], uid: number, call: JailedCall): string[] {
  return [
    // Should whoever runs this be killed, unshare(1) is, and with it all that is in its namespace.
    ...[must("setpriv"), "--pdeathsig", "KILL", "--"],
    ...[must("unshare"), "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child=KILL"],
    ...["--ipc", "--uts", ...call.network ? [] : ["--net"], "--"],
    ...[must("sh"), "-c", SETUP, "jail", root, ...mounts, "--"],
    ...[must("prlimit"), ...limitOptions(), "--"],
    ...[must("setpriv"), "--no-new-privs", "--inh-caps=-all", "--"],
    ...[must("chroot"), `--userspec=${uid}:${uid}`, "--groups=", root],
    ...call.command,
  ];
}

function userCommand(uid: number, call: JailedCall): string[] {
  const unshare = [must("unshare"), "--net", "--", must("true")] as [string, ...string[]];
  const works = !call.network &&
    new Deno.Command(unshare[0], { args: unshare.slice(1), stdin: "null", stdout: "null", stderr: "null" })
      .outputSync().success;
  return [
    ...works ? unshare.slice(0, 3) : [],
    ...[must("prlimit"), ...limitOptions(), "--"],
    ...[must("sh"), "-c", `${LET_GO}\nexec "$@"`, "jail"],
    ...[must("setpriv"), `--reuid=${uid}`, `--regid=${uid}`, "--clear-groups", "--no-new-privs"],
    ...["--inh-caps=-all", "--bounding-set=-all", "--pdeathsig", "KILL", "--"],
    ...call.command,
  ];
}

function ownCommand(call: JailedCall): string[] {
  const setpriv = find("setpriv");
  return [...setpriv ? [setpriv, "--no-new-privs", "--pdeathsig", "KILL", "--"] : [], ...call.command];
}

async function runAlone([program, ...args]: readonly string[], call: JailedCall): Promise<JailedResult> {
  keepDescriptors();
  const child = new Deno.Command(program!, {
    args,
    env: { ...call.env },
    clearEnv: true,
    cwd: "/",
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    // In a group of its own, which can be ended as a whole.
    detached: true,
  }).spawn();
  let killed: JailedResult["killed"];
  const over = new AbortController();
  const kill = (why: NonNullable<JailedResult["killed"]>) => {
    killed ??= why;
    endGroup(child.pid);
  };
  const timer = setTimeout(() => kill("it took too long"), call.timeoutMs);
  const tooMuch = () => kill("it printed too much");
  const outputs = [
    readAll(child.stdout, call.outputMax, tooMuch, over.signal),
    readAll(child.stderr, call.outputMax, tooMuch, over.signal),
  ] as const;
  try {
    await write(child.stdin, call.stdin ?? "");
    const { success } = await child.status;
    // What it left behind may hold its outputs open for ever.
    endGroup(child.pid);
    const late = setTimeout(() => over.abort(), OUTPUT_LATE_MS);
    const [stdout, stderr] = await Promise.all(outputs);
    clearTimeout(late);
    return { success: success && killed === undefined, killed, stdout, stderr };
  } finally {
    clearTimeout(timer);
  }
}

function endGroup(pid: number): void {
  try {
    Deno.kill(-pid, "SIGKILL");
  } catch {
    // There is nobody left in it.
  }
}

async function write(stdin: WritableStream<Uint8Array>, text: string): Promise<void> {
  try {
    const writer = stdin.getWriter();
    await writer.write(new TextEncoder().encode(text));
    await writer.close();
  } catch {
    // It has ended already: its status says why.
  }
}

async function readAll(
  stream: ReadableStream<Uint8Array>,
  max: number,
  tooMuch: () => void,
  over: AbortSignal,
): Promise<string> {
  const decoder = new TextDecoder();
  const reader = stream.getReader();
  const cancel = () => void reader.cancel().catch(() => {});
  over.addEventListener("abort", cancel);
  let text = "";
  let left = max;
  for (;;) {
    const { value, done } = await reader.read();
    if (done) break;
    left -= value.length;
    if (left < 0) tooMuch();
    else text += decoder.decode(value, { stream: true });
  }
  over.removeEventListener("abort", cancel);
  return text;
}

/** The processes of a user, those left out that have ended and wait for somebody to notice. */
function processesOf(uid: number): number[] {
  return [...Deno.readDirSync("/proc")].flatMap(({ name }) => {
    if (!/^\d+$/.test(name) || stat(`/proc/${name}`)?.uid !== uid) return [];
    return /^State:\s*[ZX]/m.test(readStatus(name)) ? [] : [Number(name)];
  });
}

function readStatus(pid: string): string {
  try {
    return Deno.readTextFileSync(`/proc/${pid}/status`);
  } catch {
    return "State:\tX (dead)";
  }
}

/** Ends all that a throwaway user runs, and waits until it is gone: its files are about to be removed. */
async function killAll(uid: number): Promise<void> {
  for (let pids = processesOf(uid); pids.length > 0; pids = processesOf(uid)) {
    for (const pid of pids) {
      try {
        Deno.kill(pid, "SIGKILL");
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      }
    }
    await new Promise((resolve) => setTimeout(resolve, KILL_LOOK_MS));
  }
}
