// SPDX-License-Identifier: MIT
/**
 * Tests `listen()` on a real descriptor: each test starts this very file as a worker without permissions, on both
 * paths, and talks to it as a caller would.
 */

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import net from "node:net";
import { createInterface, type Interface } from "node:readline";
import { type Connection, listen, type Listener } from "../../../sdk/worker/listen.ts";

const PERMISSIONS = ["run", "read", "write", "net", "env", "sys", "ffi", "import"] as const;

if (import.meta.main && Deno.args[0] === "worker") work(Deno.args[1] as "fast" | "plain");
else {
  for (const path of ["fast", "plain"] as const) {
    const test = (name: string, body: (bed: Bed) => Promise<void>) =>
      Deno.test(`listen() ${name}, on the ${path} path`, async () => {
        await using bed = new Bed(path);
        await body(bed);
      });
    defineTests(test);
  }
}

function defineTests(test: (name: string, body: (bed: Bed) => Promise<void>) => void) {
  test("answers and closes, without any permission", async (bed) => {
    const worker = await bed.start();
    assert.equal(worker.granted, "");
    for (let i = 0; i < 100; i++) assert.equal(await bed.ask("answer"), "answer");
    assert.deepEqual(worker.rest(), [], "the owner closed, so it is not told of an end");
  });

  test("keeps a connection for several frames", async (bed) => {
    const worker = await bed.start();
    const caller = bed.call();
    for (let i = 0; i < 10; i++) assert.equal(await caller.ask("keep"), "keep");
    caller.hangUp();
    await worker.said("end");
  });

  test("delivers a request larger than its buffer", async (bed) => {
    await bed.start();
    assert.equal(await bed.ask("measure" + "x".repeat(300_000) + "!"), "300008");
  });

  test("closes after the flush, also if the caller shut down its sending half", async (bed) => {
    await bed.start();
    for (const half of [false, true]) {
      const caller = bed.call();
      caller.socket.pause();
      caller.socket[half ? "end" : "write"]("large");
      await delay(100);
      assert.equal((await caller.untilEnd()).length, 600_000);
    }
  });

  test("sends what is written before the first read", async (bed) => {
    await bed.start("greet");
    assert.equal(await bed.ask("answer"), "hello answer");
  });

  test("tells the owner once that the caller hung up, and ignores what it writes then", async (bed) => {
    const worker = await bed.start();
    const caller = bed.call();
    caller.socket.write("later");
    await delay(20);
    caller.hangUp();
    await worker.said("end");
    await worker.said("wrote");
    assert.equal(await bed.ask("answer"), "answer");
    assert.deepEqual(worker.rest(), []);
  });

  test("survives a caller that is gone before the answer", async (bed) => {
    const worker = await bed.start();
    worker.signal("SIGSTOP");
    for (let i = 0; i < 20; i++) {
      const caller = bed.call();
      caller.socket.write("keep");
      await delay(2);
      caller.hangUp();
    }
    await delay(20);
    worker.signal("SIGCONT");
    for (let i = 0; i < 20; i++) await worker.said("end");
    assert.equal(await bed.ask("answer"), "answer");
  });

  test("breaks off a caller that does not read", async (bed) => {
    const worker = await bed.start();
    const caller = bed.call();
    caller.socket.pause();
    caller.socket.write("flood");
    await worker.said("end");
    await worker.said("open 0");
    assert.ok((await caller.untilEnd()).length < 2 << 20);
  });

  test("breaks off only the connection whose owner throws", async (bed) => {
    const worker = await bed.start();
    const other = bed.call();
    assert.equal(await other.ask("keep"), "keep");
    assert.equal(await bed.ask("throw"), "");
    await worker.said("error thrown by onData");
    assert.equal(await other.ask("keep"), "keep");
    other.hangUp();
    await worker.said("end");
  });

  test("wipes a chunk when the owner has seen it", async (bed) => {
    await bed.start();
    assert.equal(await bed.ask("wiped?"), "\0\0\0\0\0\0");
  });

  test("finishes open connections after stop(), and leaves new ones to the next worker", async (bed) => {
    const worker = await bed.start();
    const open = bed.call();
    assert.equal(await open.ask("keep"), "keep");
    worker.signal("SIGTERM");
    await worker.said("stopped");
    const waiting = bed.ask("answer");
    assert.equal(await open.ask("keep"), "keep");
    await bed.start();
    assert.equal(await waiting, "answer");
    open.hangUp();
    await worker.said("end");
    await worker.said("finished");
    assert.equal(await worker.exit, 0);
  });

  test("loses no caller when stop() comes in the midst of several", async (bed) => {
    const worker = await bed.start("stop");
    worker.signal("SIGSTOP");
    const answers = Array.from({ length: 20 }, () => bed.ask("answer"));
    await delay(50);
    worker.signal("SIGCONT");
    await worker.said("finished");
    await bed.start();
    assert.deepEqual(new Set(await Promise.all(answers)), new Set(["answer"]));
  });

  test("recovers from running out of descriptors, without spinning", async (bed) => {
    const worker = await bed.start("", 64);
    const callers = Array.from({ length: 100 }, () => bed.call());
    await delay(300);
    const before = processorTicks(worker.pid);
    await delay(500);
    assert.ok(processorTicks(worker.pid) - before < 10);
    for (const caller of callers) caller.hangUp();
    // A worker tries once a second, and takes as many callers as it has descriptors.
    assert.equal(await bed.ask("answer", 10), "answer");
  });

  test("says so when it cannot listen", async (bed) => {
    const worker = await bed.start("", undefined, 1000);
    await worker.said("threw Cannot listen on descriptor 1000");
  });
}

// The worker: what it does with a connection is the first word of what it receives.

function work(path: "fast" | "plain") {
  const [mode, fd] = [Deno.args[2], Number(Deno.args[3])];
  const encoder = new TextEncoder();
  const decoder = new TextDecoder();
  addEventListener("error", (event) => {
    event.preventDefault();
    console.log(`error ${event.error.message}`);
  });

  function serve(connection: Connection) {
    const write = (text: string) => connection.write(encoder.encode(text));
    const answer = (text: string) => {
      write(text);
      connection.close();
    };
    let measured = 0;
    const words: Record<string, (chunk: Uint8Array) => void> = {
      answer: () => answer("answer"),
      keep: () => write("keep"),
      measure: (chunk) => {
        measured += chunk.length;
        if (chunk.at(-1) === 33) answer(String(measured));
      },
      large: () => {
        for (let i = 0; i < 6; i++) write("x".repeat(100_000));
        connection.close();
      },
      later: () =>
        setTimeout(() => {
          answer("late");
          console.log("wrote");
        }, 100),
      flood: () => {
        for (let i = 0; i < 30; i++) write("x".repeat(100_000));
        setTimeout(() => console.log(`open ${listener.open}`), 50);
      },
      throw: () => {
        throw new Error("thrown by onData");
      },
      "wiped?": (chunk) => setTimeout(() => answer(decoder.decode(chunk)), 10),
    };
    let word: string | undefined;
    connection.onData = (chunk) => {
      word ??= Object.keys(words).find((word) => decoder.decode(chunk).startsWith(word));
      words[word ?? "throw"]!(chunk);
    };
    connection.onEnd = () => console.log("end");
    if (mode === "greet") write("hello ");
    if (mode === "stop") listener.stop();
  }

  let listener: Listener;
  try {
    listener = listen({ fd, path, onConnection: serve });
  } catch (error) {
    console.log("ready");
    return console.log(`threw ${(error as Error).message.replace(/ \(.*/, "")}`);
  }
  assert.equal(listener.path, path);
  Deno.addSignalListener("SIGTERM", () => {
    listener.stop();
    console.log("stopped");
  });
  listener.finished.then(() => {
    console.log("finished");
    Deno.exit(0);
  });
  const granted = PERMISSIONS.filter((name) => Deno.permissions.querySync({ name }).state === "granted");
  console.log(`ready ${granted.join()}`);
}

// The other side.

/** A listening socket, its workers and its callers. */
class Bed implements AsyncDisposable {
  readonly #path: "fast" | "plain";
  readonly #folder = Deno.makeTempDirSync({ prefix: "pam-deno-listen-" });
  readonly #socket = `${this.#folder}/test.sock`;
  readonly #fd = bindAndListen(this.#socket);
  readonly #workers: Worker[] = [];
  readonly #callers: Caller[] = [];

  constructor(path: "fast" | "plain") {
    this.#path = path;
    // Under this name, node:child_process does not give the child our own permissions.
    Deno.symlinkSync(Deno.execPath(), `${this.#folder}/pam-deno-worker`);
  }

  async start(mode = "", descriptors?: number, fd = 3): Promise<Worker> {
    const flags = ["--no-prompt", "--no-remote", "--no-npm", "--no-config"];
    const file = new URL(import.meta.url).pathname;
    const command = [
      `${this.#folder}/pam-deno-worker`,
      "run",
      ...flags,
      file,
      "worker",
      this.#path,
      mode,
      `${fd}`,
    ];
    if (descriptors) command.unshift("/usr/bin/prlimit", `--nofile=${descriptors}`, "--");
    const worker = new Worker(command, this.#fd);
    this.#workers.push(worker);
    worker.granted = (await worker.line()).replace(/^ready ?/, "");
    return worker;
  }

  call(): Caller {
    const caller = new Caller(this.#socket);
    this.#callers.push(caller);
    return caller;
  }

  /** Sends a request and returns what comes until the end of the connection. */
  async ask(request: string, seconds?: number): Promise<string> {
    const caller = this.call();
    caller.socket.write(request);
    return await caller.untilEnd(seconds);
  }

  async [Symbol.asyncDispose]() {
    for (const caller of this.#callers) caller.hangUp();
    for (const worker of this.#workers) await worker.kill();
    libc().close(this.#fd);
    Deno.removeSync(this.#folder, { recursive: true });
  }
}

class Worker {
  readonly pid: number;
  granted = "";
  readonly exit: Promise<number | null>;
  readonly #lines: string[] = [];
  readonly #reader: Interface;

  constructor([file, ...args]: string[], fd: number) {
    const child = spawn(file!, args, { stdio: ["ignore", "pipe", "inherit", fd] });
    this.pid = child.pid!;
    this.exit = new Promise((resolve) => child.on("close", resolve));
    this.#reader = createInterface(child.stdout!);
    this.#reader.on("line", (line) => this.#lines.push(line));
  }

  /** Waits for the next line, which must be this one. */
  async said(line: string) {
    assert.equal(await this.line(), line);
  }

  async line(): Promise<string> {
    for (let i = 0; i < 500 && this.#lines.length === 0; i++) await delay(10);
    return this.#lines.shift() ?? "(nothing)";
  }

  /** Sends a signal: node:child_process sends only the first one. */
  signal(name: Deno.Signal) {
    Deno.kill(this.pid, name);
  }

  /** What it has said besides. */
  rest = () => this.#lines.splice(0);

  async kill() {
    try {
      this.signal("SIGKILL");
    } catch {
      // It has left by itself.
    }
    await this.exit;
    this.#reader.close();
  }
}

class Caller {
  readonly socket: net.Socket;
  #received = "";
  #ended = false;

  constructor(path: string) {
    this.socket = net.connect({ path, allowHalfOpen: true });
    this.socket.setEncoding("latin1");
    this.socket.on("data", (text: string) => this.#received += text);
    for (const event of ["end", "close"]) this.socket.on(event, () => this.#ended = true);
    this.socket.on("error", () => {});
  }

  /** Sends a request and returns the next answer; the connection stays. */
  async ask(request: string): Promise<string> {
    this.socket.write(request);
    for (let i = 0; i < 500 && this.#received === "" && !this.#ended; i++) await delay(2);
    const answer = this.#received;
    this.#received = "";
    return answer;
  }

  /** Returns all that comes; the limit is less than the time that a worker waits for a slow reader. */
  async untilEnd(seconds = 3): Promise<string> {
    this.socket.resume();
    for (let i = 0; i < seconds * 200 && !this.#ended; i++) await delay(5);
    assert.ok(this.#ended, "the connection did not end");
    this.hangUp();
    return this.#received;
  }

  hangUp = () => this.socket.destroy();
}

function libc() {
  return Deno.dlopen("libc.so.6", {
    socket: { parameters: ["i32", "i32", "i32"], result: "i32" },
    bind: { parameters: ["i32", "buffer", "u32"], result: "i32" },
    listen: { parameters: ["i32", "i32"], result: "i32" },
    close: { parameters: ["i32"], result: "i32" },
  }).symbols;
}

/** Returns a listening descriptor, as a service manager would hand it down. */
function bindAndListen(path: string): number {
  const AF_UNIX = 1;
  const SOCK_STREAM_CLOEXEC = 1 | 0o2000000;
  const address = new Uint8Array(110);
  new DataView(address.buffer).setUint16(0, AF_UNIX, true);
  new TextEncoder().encodeInto(path, address.subarray(2, 109));
  const { socket, bind, listen } = libc();
  const fd = socket(AF_UNIX, SOCK_STREAM_CLOEXEC, 0);
  assert.ok(fd >= 0 && bind(fd, address, address.length) === 0 && listen(fd, 128) === 0);
  return fd;
}

/** How much processor time a process has used, in hundredths of a second. */
function processorTicks(pid: number): number {
  const fields = Deno.readTextFileSync(`/proc/${pid}/stat`).split(") ")[1]!.split(" ");
  return Number(fields[11]) + Number(fields[12]);
}

const delay = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
