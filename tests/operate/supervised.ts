// SPDX-License-Identifier: MIT
/**
 * `supervise NAME` as a service manager starts it: as a user of its own, with the socket in its descriptor 3, and told where to notify.
 *
 * @module
 */

import { join } from "node:path";
import { buildBundle } from "../../scripts/build_bundle.ts";
import { makeCache } from "../../sdk/supervisor/cache.ts";
import { handingOn } from "../../sdk/supervisor/descriptors.ts";
import { makeLauncher } from "../../sdk/supervisor/launch.ts";
import { bindModuleSocket, type ModuleSocket } from "../../sdk/supervisor/socket.ts";
import { within } from "../sdk/worker/client.ts";
import { ROOT } from "../sdk/worker/harness.ts";
import type { Installation } from "./installation.ts";
import { NOTIFY_LISTENER } from "./notify_listener.ts";

/** The user that supervisors and their workers run as: one of those that systemd gives. */
export const SERVICE_UID = 64_321;

const PATIENCE_MS = 15_000;
const BUILD = join(ROOT, "build");

await Deno.mkdir(BUILD, { recursive: true });
await buildBundle(BUILD, "supervise", "sdk/supervisor/main.ts");

/** The flags that the unit has beside the permissions. */
const UNIT_FLAGS = [
  "run",
  "--quiet",
  "--no-prompt",
  "--no-remote",
  "--no-npm",
  "--no-config",
  "--no-lock",
];

const START = `set -eu
. "$OWN_PERMISSIONS"
if [ -n "\${FD:-}" ]; then
  exec 3<&"$FD"
  export LISTEN_FDS=1 LISTEN_PID=$$
fi
if [ -n "\${WATCHDOG_USEC:-}" ]; then export WATCHDOG_PID=$$; fi
words=$(own_permissions "$DENO" "$LIB" "$KIND" "$@")
IFS='
'
exec setpriv --reuid="$SERVICE_UID" --regid="$SERVICE_UID" --clear-groups "$DENO" $FLAGS $words "$LIB/supervise.js" "$@"
`;

/** How a {@linkcode Supervised} differs from the usual. */
export interface SupervisedOptions {
  /** Variables beside the usual. */
  readonly env?: Readonly<Record<string, string>>;
  /** Whether the socket is handed over; it is by default. */
  readonly handsOver?: boolean;
  /** What is handed over in place of the module's socket. */
  readonly fd?: number;
  /** Where to notify: a path, or an abstract name that begins with `@`. */
  readonly notify?: string;
}

/** Makes the compiled code that a package would have made. */
export async function warm(site: Installation): Promise<void> {
  const { cacheDir, libDir } = site.layout;
  const folder = join(site.path, "warm");
  for (const path of [folder, cacheDir]) Deno.mkdirSync(path, { recursive: true });
  Deno.renameSync(
    await makeCache(folder, makeLauncher(folder), join(libDir, "worker.js")),
    join(cacheDir, "runtime"),
  );
}

/** A running `supervise`. */
export class Supervised implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #ear: Deno.ChildProcess | undefined;
  readonly #socket: ModuleSocket | undefined;
  readonly #done: Promise<unknown>;
  /** The folder of the module's files. */
  readonly folder: string;
  /** What was notified. */
  readonly messages: string[] = [];
  stderr = "";
  #look = () => {};

  private constructor(
    site: Installation,
    name: string,
    options: SupervisedOptions,
    ear: Deno.ChildProcess | undefined,
  ) {
    const { env = {}, handsOver = true, fd: other, notify } = options;
    this.#ear = ear;
    this.folder = join(site.path, "workers", name);
    Deno.mkdirSync(join(site.path, "workers"), { recursive: true, mode: 0o755 });
    Deno.mkdirSync(this.folder, { recursive: true, mode: 0o700 });
    Deno.chownSync(this.folder, SERVICE_UID, SERVICE_UID);
    this.#socket = handsOver && other === undefined
      ? bindModuleSocket(site.layout.runtimeDir, name)
      : undefined;
    const fd = other ?? this.#socket?.fd;
    const command = new Deno.Command("/bin/bash", {
      args: ["-c", START, "bash", name, ...site.words, "--workers-dir", join(site.path, "workers")],
      env: {
        PATH: "/usr/bin:/bin",
        OWN_PERMISSIONS: join(ROOT, "sdk", "supervisor", "own_permissions.sh"),
        DENO: Deno.realPathSync(Deno.execPath()),
        LIB: site.layout.libDir,
        FLAGS: UNIT_FLAGS.join("\n"),
        KIND: fd === undefined ? "supervise-alone" : "supervise",
        SERVICE_UID: String(SERVICE_UID),
        DENO_DIR: join(site.layout.cacheDir, "runtime"),
        NO_COLOR: "1",
        DENO_NO_UPDATE_CHECK: "1",
        MALLOC_ARENA_MAX: "1",
        MALLOC_TRIM_THRESHOLD_: "65536",
        MALLOC_TOP_PAD_: "0",
        ...fd === undefined ? {} : { FD: String(fd) },
        ...notify ? { NOTIFY_SOCKET: notify } : {},
        ...env,
      },
      clearEnv: true,
      stdin: "null",
      stdout: "null",
      stderr: "piped",
    });
    this.#child = fd === undefined ? command.spawn() : handingOn(fd, () => command.spawn());
    this.#done = this.#read(this.#child.stderr, (text) => this.stderr += text);
  }

  /** Starts it, and whoever listens to what it notifies. */
  static async start(site: Installation, name: string, options: SupervisedOptions = {}): Promise<Supervised> {
    if (!options.notify) return new Supervised(site, name, options, undefined);
    const ear = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--quiet",
        "-A",
        "--unstable-net",
        NOTIFY_LISTENER,
        options.notify,
      ],
      stdin: "null",
      stdout: "piped",
    }).spawn();
    const heard = Promise.withResolvers<void>();
    const early: string[] = [];
    let take = (message: string) => void early.push(message);
    (async () => {
      let rest = "";
      for await (const chunk of ear.stdout.pipeThrough(new TextDecoderStream())) {
        const lines = (rest + chunk).split("\n");
        rest = lines.pop()!;
        for (const line of lines) take(JSON.parse(line));
        heard.resolve();
      }
    })();
    await within(PATIENCE_MS, heard.promise, "the ear");
    const supervised = new Supervised(site, name, options, ear);
    take = (message) => {
      supervised.messages.push(message);
      supervised.#look();
    };
    return supervised;
  }

  async #read(stream: ReadableStream<Uint8Array>, add: (text: string) => void): Promise<void> {
    for await (const chunk of stream.pipeThrough(new TextDecoderStream())) {
      add(chunk);
      this.#look();
    }
  }

  get pid(): number {
    return this.#child.pid;
  }

  /** Sends it a signal. */
  kill(signal: Deno.Signal): void {
    this.#child.kill(signal);
  }

  /** Waits until what it logged and notified matches. */
  async said(pattern: RegExp): Promise<RegExpMatchArray> {
    const found = Promise.withResolvers<RegExpMatchArray>();
    const all = () => `${this.stderr}${this.messages.map((message) => `\nnotify ${message}\n`).join("")}`;
    this.#look = () => {
      const match = all().match(pattern);
      if (match) found.resolve(match);
    };
    this.#look();
    try {
      return await within(PATIENCE_MS, found.promise, `something like ${pattern}`);
    } catch (error) {
      throw new Error(`${(error as Error).message}; it said:\n${all()}`);
    }
  }

  /** Waits for its end. */
  async end(): Promise<Deno.CommandStatus> {
    const status = await within(PATIENCE_MS, this.#child.status, "the end of supervise");
    await this.#done;
    return status;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      this.#child.kill("SIGTERM");
    } catch {
      // It has ended.
    }
    await this.end();
    this.#ear?.kill("SIGKILL");
    await this.#ear?.status;
    this.#socket?.[Symbol.dispose]();
  }
}
