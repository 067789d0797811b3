// SPDX-License-Identifier: MIT
/**
 * What a hostile module might try: each attempt gives what it got hold of, or throws.
 *
 * @module
 */

// deno-lint-ignore-file no-explicit-any -- reaching for what the types do not offer is the point

import { Buffer } from "node:buffer";
import childProcess from "node:child_process";
import dgram from "node:dgram";
import dns from "node:dns/promises";
import fs from "node:fs";
import http from "node:http";
import nodeModule from "node:module";
import net from "node:net";
import os from "node:os";
import { dirname } from "node:path";
import process from "node:process";
import tls from "node:tls";
import vm from "node:vm";

/** One attempt. `at` is what the test points it at: a path, `HOST:PORT`, a process id. */
export type Attempt = (at: string) => unknown;

/** The worker's own folder: its entry, its bundle, and what lies beside them. */
const OWN_FOLDER = dirname(new URL(import.meta.url).pathname);

const port = (at: string) => Number(at.split(":").at(-1));
const host = (at: string) => at.slice(0, at.lastIndexOf(":"));
/** Hides a specifier from the bundler. */
const hidden = (specifier: string) => [...specifier].join("");

/** Waits for an event emitter of Node's to succeed or to fail. */
function event<T>(emitter: any, success: string, value: () => T): Promise<T> {
  return new Promise((resolve, reject) => {
    emitter.once(success, () => resolve(value()));
    emitter.once("error", reject);
  });
}

function fileAttempts(prefix: string, read: (path: string) => unknown): Record<string, Attempt> {
  return {
    [`${prefix}: read /etc/shadow`]: () => read("/etc/shadow"),
    [`${prefix}: read /etc/passwd`]: () => read("/etc/passwd"),
    [`${prefix}: read /etc/shadow through /proc/self/root`]: () => read("/proc/self/root/etc/shadow"),
    [`${prefix}: read its own environment in /proc`]: () => read("/proc/self/environ"),
    [`${prefix}: read the environment of another process`]: (at) => read(`/proc/${at}/environ`),
    [`${prefix}: read the memory of another process`]: (at) => read(`/proc/${at}/mem`),
    [`${prefix}: read the arguments of another process`]: (at) => read(`/proc/${at}/cmdline`),
    [`${prefix}: read what lies beside its bundle`]: () => read(`${OWN_FOLDER}/worker.js`),
    [`${prefix}: read its own bundle`]: () => read(new URL(import.meta.url).pathname),
    [`${prefix}: read a file of another module`]: (at) => read(at),
    [`${prefix}: read the bundle of another module`]: (at) => read(at),
    [`${prefix}: read the state of another module`]: (at) => read(at),
    [`${prefix}: read the configuration of another module`]: (at) => read(at),
    [`${prefix}: read the code cache`]: (at) => read(at),
    [`${prefix}: read a file by a way through its own folder`]: () =>
      read(`${OWN_FOLDER}/../../../../etc/passwd`),
  };
}

function writeAttempts(prefix: string, write: (path: string) => unknown): Record<string, Attempt> {
  return {
    [`${prefix}: write to /tmp`]: () => write("/tmp/pam-deno-attempt"),
    [`${prefix}: write to /dev/shm`]: () => write("/dev/shm/pam-deno-attempt"),
    [`${prefix}: write to its own folder`]: () => write(`${OWN_FOLDER}/attempt`),
    [`${prefix}: write over its own bundle`]: () => write(new URL(import.meta.url).pathname),
    [`${prefix}: write to a folder of another module`]: (at) => write(`${at}-attempt`),
    [`${prefix}: write to the code cache`]: () => write(`${OWN_FOLDER}/../.cache/attempt`),
    [`${prefix}: write to the terminal`]: () => write("/dev/tty"),
  };
}

const FILES: Record<string, Attempt> = {
  ...fileAttempts("Deno", (path) => Deno.readTextFileSync(path).slice(0, 40)),
  ...fileAttempts("node:fs", (path) => fs.readFileSync(path).subarray(0, 40).toString()),
  ...writeAttempts("Deno", (path) => Deno.writeTextFileSync(path, "attempt")),
  ...writeAttempts("node:fs", (path) => fs.writeFileSync(path, "attempt")),
  "fetch(): read a file": async () => await (await fetch("file:///etc/passwd")).text(),
  "Deno: list a folder": () => [...Deno.readDirSync(OWN_FOLDER)].length,
  "Deno: list the sockets": (at) => [...Deno.readDirSync(dirname(at))].length,
  "Deno: ask whether a file exists": () => Deno.statSync("/etc/shadow").size,
  "Deno: make a temporary file": () => Deno.makeTempFileSync(),
  "Deno: make a link": () => Deno.symlinkSync("/etc/shadow", `${OWN_FOLDER}/link`),
  "Deno: make a hard link": () => Deno.linkSync("/etc/passwd", "/tmp/pam-deno-attempt"),
  "Deno: rename a file": () => Deno.renameSync(`${OWN_FOLDER}/worker.js`, `${OWN_FOLDER}/gone.js`),
  "Deno: remove a file": () => Deno.removeSync(`${OWN_FOLDER}/worker.js`),
  "Deno: change a mode": () => Deno.chmodSync(OWN_FOLDER, 0o777),
  "Deno: change the current folder": () => Deno.chdir("/tmp"),
  "node:sqlite: open a database": async () => {
    const { DatabaseSync } = await import("node:sqlite");
    return new DatabaseSync("/tmp/pam-deno-attempt.db").exec("create table t (a)");
  },
  "caches: keep something on disk": async () => {
    const cache = await caches.open("attempt");
    await cache.put("https://example.invalid/", new Response("attempt"));
    return "kept";
  },
  "localStorage: keep something on disk": () => localStorage.setItem("attempt", "kept") ?? "kept",
};

const NETWORK: Record<string, Attempt> = {
  "Deno: connect over TCP": async (at) =>
    (await Deno.connect({ hostname: host(at), port: port(at) })).remoteAddr,
  "node:net: connect over TCP": (at) => event(net.connect(port(at), host(at)), "connect", () => "connected"),
  "node:tls: connect": (at) => event(tls.connect(port(at), host(at)), "connect", () => "connected"),
  "node:http: request": (at) => event(http.get(`http://${at}/`), "response", () => "answered"),
  "fetch(): request": async (at) => (await fetch(`http://${at}/`)).status,
  "WebSocket: connect": (at) =>
    new Promise((resolve, reject) => {
      const socket = new WebSocket(`ws://${at}/`);
      socket.onopen = () => resolve("connected");
      socket.onerror = (event) => reject(new Error((event as ErrorEvent).message));
    }),
  "node:dgram: send over UDP": (at) =>
    new Promise((resolve, reject) => {
      const socket = dgram.createSocket("udp4");
      socket.once("error", reject);
      // Where the permission is missing, Deno reports it from a timer: binding first makes it come here.
      try {
        socket.connect(port(at), host(at), () =>
          socket.send("attempt", (error) =>
            error ? reject(error) : resolve("sent")));
      } catch (error) {
        reject(error);
      }
    }),
  "Deno: resolve a name": () => Deno.resolveDns("localhost", "A"),
  "node:dns: resolve a name": () => dns.lookup("localhost"),
  "node:dns: ask a server": () => new dns.Resolver().resolve4("localhost"),
  "Deno: listen on TCP": () => Deno.listen({ port: 0 }).addr,
  "Deno: listen on a Unix socket": () =>
    Deno.listen({ transport: "unix", path: "/tmp/pam-deno-attempt.sock" }).addr,
  "Deno: connect to its own socket": async (at) =>
    (await Deno.connect({ transport: "unix", path: at })).remoteAddr,
  "node:net: connect to its own socket": (at) => event(net.connect(at), "connect", () => "connected"),
  "node:net: connect to the socket of another module": (at) =>
    event(net.connect(at), "connect", () => "connected"),
  "node:net: listen on a Unix socket": () =>
    event(net.createServer().listen("/tmp/pam-deno-attempt.sock"), "listening", () => "listens"),
};

const PROCESSES: Record<string, Attempt> = {
  "Deno: start a program": () => new Deno.Command("/bin/true").outputSync().code,
  "Deno: start Deno itself": () =>
    new Deno.Command(Deno.execPath(), { args: ["eval", "-A", "1"] }).outputSync().code,
  "node:child_process: spawn a program": () =>
    childProcess.spawnSync("/bin/true").status ?? fail("not started"),
  "node:child_process: run a shell": () => childProcess.execSync("id").toString(),
  "node:child_process: fork": () => event(childProcess.fork("/tmp/attempt.js"), "spawn", () => "forked"),
  "Deno: load a library": () => Deno.dlopen("libc.so.6", {} as any).symbols,
  "process: load an addon": () => (process as any).dlopen({ exports: {} }, "/tmp/attempt.node"),
  "Deno: kill another process": (at) => Deno.kill(Number(at), "SIGKILL") ?? "killed",
  "process: kill another process": (at) => process.kill(Number(at), "SIGKILL"),
  "process: signal all processes": () => process.kill(-1, "SIGURG"),
  "process: become another user": () => process.setuid!(0) ?? "changed",
  "process: become another group": () => process.setgid!(0) ?? "changed",
  "Web Worker from a data: URL": () => worker("data:text/javascript,postMessage(1)"),
  "Web Worker from a blob: URL": () =>
    worker(URL.createObjectURL(new Blob(["postMessage(1)"], { type: "text/javascript" }))),
  "Web Worker from a file": () => worker(`file://${OWN_FOLDER}/worker.js`),
  "node:worker_threads by import()": async () => await import(hidden("node:worker_threads")),
  "node:worker_threads by require()": () => nodeModule.createRequire("/")("worker_threads").Worker.name,
  "node:worker_threads by getBuiltinModule()": () =>
    (process as any).getBuiltinModule("worker_threads").Worker.name,
  "node:inspector": async () => (await import(hidden("node:inspector"))).default.open(0),
  "node:v8: change flags": async () =>
    (await import(hidden("node:v8"))).default.setFlagsFromString("--allow-natives-syntax"),
};

function fail(why: string): never {
  throw new Error(why);
}

function worker(url: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const started = new Worker(url, { type: "module" });
    started.onmessage = () => resolve("started");
    started.onerror = (event) => {
      event.preventDefault();
      reject(new Error(event.message));
    };
  });
}

const IMPORTS: Record<string, Attempt> = {
  "import() from a data: URL": async () => await import(hidden("data:text/javascript,export default 1")),
  "import() from a blob: URL": async () =>
    await import(URL.createObjectURL(new Blob(["export default 1"], { type: "text/javascript" }))),
  "import() from the network": async (at) => await import(hidden(`http://${at}/attempt.js`)),
  "import() from disk": async (at) => await import(hidden(`file://${at}`)),
  "import() of what lies beside its bundle": async () =>
    await import(hidden(`${OWN_FOLDER}/worker_prepare.js`)),
  "import() of text": async () => await import(hidden("file:///etc/passwd"), { with: { type: "text" } }),
  "import() of a package": async () => await import(hidden("npm:valibot@1.5.0")),
  "import() of a JSR package": async () => await import(hidden("jsr:@std/assert@1")),
  "import() through node:vm": async () =>
    await vm.runInThisContext("import('data:text/javascript,export default 1')"),
  "require() from disk": (at) => nodeModule.createRequire("/")(at),
};

const SELF: Record<string, Attempt> = {
  "Deno: read an environment variable": () => Deno.env.get("HOME") ?? Deno.env.get("PATH") ?? "undefined",
  "Deno: read all environment variables": () => Object.keys(Deno.env.toObject()),
  "process: read all environment variables": () => Object.keys(process.env),
  "Deno: set an environment variable": () => Deno.env.set("ATTEMPT", "1") ?? "set",
  "Deno: read the name of the host": () => Deno.hostname(),
  "Deno: read the user id": () => Deno.uid(),
  "Deno: read the network interfaces": () => Deno.networkInterfaces(),
  "node:os: read the user": () => os.userInfo().username,
  "Deno: change the file mode mask": () => Deno.umask(0),
  "raise its permissions by asking": async () => {
    const { state } = await Deno.permissions.request({ name: "read" });
    return state === "granted" ? state : fail(`asking gives ${state}`);
  },
  "read memory by what is beneath Deno's API": () =>
    ops().op_ffi_read_u64(ops().op_ffi_ptr_create(4096n), 0n),
  "make a pointer by what is beneath Deno's API": () => ops().op_ffi_ptr_create(4096n),
  "kill by what is beneath Deno's API": (at) => ops().op_node_process_kill(Number(at), 9) ?? "killed",
  "write to descriptors that it did not open": () => descriptors((fd) => fs.writeSync(fd, Buffer.from("\n"))),
  "read descriptors that it did not open": () =>
    descriptors((fd) => fs.readSync(fd, Buffer.alloc(16), 0, 16, 0)),
};

/** What Deno's own JavaScript calls; as much of it as is within reach. */
function ops(): any {
  return (Deno as any)[(Deno as any).internal].core.ops;
}

/** Every descriptor that answers, standard input, output and error left out: those belong to the worker. */
function descriptors(use: (fd: number) => unknown): unknown {
  const found: number[] = [];
  for (let fd = 3; fd < 256; fd++) {
    try {
      use(fd);
      found.push(fd);
    } catch {
      // Not this one.
    }
  }
  return found.length > 0 ? found : fail("none of 3 to 255 answers");
}

/** All attempts, by name. */
export const ATTEMPTS: Readonly<Record<string, Attempt>> = {
  ...FILES,
  ...NETWORK,
  ...PROCESSES,
  ...IMPORTS,
  ...SELF,
};
