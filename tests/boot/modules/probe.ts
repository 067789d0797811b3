// SPDX-License-Identifier: MIT
/**
 * A program that tries what a hostile module would, with all of Deno's permissions: only the kernel is left to refuse it. It prints a
 * line of JSON for each attempt of its argument.
 *
 * @module
 */

import { Buffer } from "node:buffer";
import dgram from "node:dgram";
import type { Attempt, Tried } from "../attempt.ts";

const LIBC = {
  setuid: { parameters: ["i32"], result: "i32" },
  unshare: { parameters: ["i32"], result: "i32" },
  chroot: { parameters: ["buffer"], result: "i32" },
  mount: { parameters: ["buffer", "buffer", "buffer", "u64", "buffer"], result: "i32" },
  personality: { parameters: ["u64"], result: "i32" },
  socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
  __errno_location: { parameters: [], result: "pointer" },
  syscall: { parameters: ["i64", "i64", "i64", "i64", "i64"], result: "i64" },
} as const;

const CLONE_NEWUSER = 0x10000000;
const PER_LINUX32 = 8;
const AF_NETLINK = 16;
const AF_PACKET = 17;
const SOCK_RAW = 3;
/** Numbers of x86-64. */
const SYS = { ptrace: 101, process_vm_readv: 310, io_uring_setup: 425 };

function cString(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${text}\0`);
}

/** Each gives a negative number if the kernel refuses. The last three would not work anyway; the reason tells. */
const CALLS: Readonly<
  Record<string, (libc: Deno.DynamicLibrary<typeof LIBC>["symbols"]) => number | bigint>
> = {
  "setuid(0)": (libc) => libc.setuid(0),
  "unshare(CLONE_NEWUSER)": (libc) => libc.unshare(CLONE_NEWUSER),
  "chroot(/)": (libc) => libc.chroot(cString("/")),
  "mount a tmpfs": (libc) => libc.mount(cString("x"), cString("/usr"), cString("tmpfs"), 0n, cString("")),
  "personality(PER_LINUX32)": (libc) => libc.personality(BigInt(PER_LINUX32)),
  "a netlink socket": (libc) => libc.socket(AF_NETLINK, SOCK_RAW, 0),
  "a packet socket": (libc) => libc.socket(AF_PACKET, SOCK_RAW, 0),
  ptrace: (libc) => libc.syscall(BigInt(SYS.ptrace), 0n, 0n, 0n, 0n),
  io_uring_setup: (libc) => libc.syscall(BigInt(SYS.io_uring_setup), 1n, 0n, 0n, 0n),
  process_vm_readv: (libc) => libc.syscall(BigInt(SYS.process_vm_readv), 1n, 0n, 0n, 0n),
};

const ATTEMPTS: Readonly<Record<Attempt["what"], (at: string) => unknown>> = {
  read: (at) => Deno.readTextFileSync(at).slice(0, 40),
  list: (at) => [...Deno.readDirSync(at)].map(({ name }) => name).sort().join(" "),
  write: (at) => Deno.writeTextFileSync(at, "was here"),
  execute: (at) => executeCopy(at),
  run: (at) => run(at.split(" ")),
  connect,
  listen: (at) => Deno.listen({ hostname: "127.0.0.1", port: Number(at) }).close(),
  udp: (at) => sendDatagram(Number(at)),
  unix: async (at) => (await Deno.connect({ transport: "unix", path: at })).close(),
  kill: (at) => Deno.kill(Number(at), "SIGTERM"),
  fill: (at) => fill(Number(at)),
  sleepers: (at) => startSleepers(Number(at)),
  call: (at) => {
    const { symbols } = Deno.dlopen("libc.so.6", LIBC);
    const result = Number(CALLS[at]!(symbols));
    const errno = new Deno.UnsafePointerView(symbols.__errno_location()!).getInt32();
    if (result < 0) throw new Error(`errno ${errno}`);
    return result;
  },
};

/** Where the kernel drops what is sent, nothing comes back. */
const CONNECT_MS_MAX = 2_000;

async function connect(at: string): Promise<void> {
  const [hostname, port] = at.split(":") as [string, string];
  const signal = AbortSignal.timeout(CONNECT_MS_MAX);
  (await Deno.connect({ hostname, port: Number(port), signal })).close();
}

async function run([program, ...args]: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(program!, { args }).output();
  const text = new TextDecoder().decode(success ? stdout : stderr).trim();
  if (!success) throw new Error(text);
  return text;
}

/** Copies a program into the folder and starts the copy. */
async function executeCopy(folder: string): Promise<string> {
  const copy = `${folder}/id`;
  Deno.copyFileSync("/usr/bin/id", copy);
  Deno.chmodSync(copy, 0o755);
  return await run([copy]);
}

/** Takes memory outside of V8's heap. */
function fill(mib: number): number {
  const kept: Uint8Array[] = [];
  while (kept.length < mib) kept.push(new Uint8Array(1 << 20).fill(1));
  return kept.length;
}

/** Starts programs that do nothing. */
function startSleepers(count: number): number {
  for (let n = 0; n < count; n++) {
    new Deno.Command("/usr/bin/sleep", { args: ["60"], stdin: "null", stdout: "null", stderr: "null" })
      .spawn();
  }
  return count;
}

function sendDatagram(port: number): Promise<number> {
  return new Promise<number>((resolve, reject) => {
    const socket = dgram.createSocket("udp4");
    socket.once("error", reject);
    socket.send("hello", port, "127.0.0.1", (error, bytes) => error ? reject(error) : resolve(bytes));
  });
}

async function attempt({ what, at }: Attempt): Promise<Tried> {
  try {
    return { what, at, got: JSON.stringify(await ATTEMPTS[what](at)) ?? "it" };
  } catch (error) {
    return { what, at, refused: `${(error as Error).name}: ${(error as Error).message}`.slice(0, 200) };
  }
}

const attempts = JSON.parse(Buffer.from(Deno.args[0]!, "base64").toString()) as Attempt[];
for (const one of attempts) console.log(`tried ${JSON.stringify(await attempt(one))}`);
Deno.exit(0);
