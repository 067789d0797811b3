// SPDX-License-Identifier: MIT
/**
 * What the tests of the package put into a Debian: packages, a module, an application that holds a session.
 *
 * @module
 */

import { basename, join } from "node:path";
import { ROOT, run } from "./built.ts";

/** What a booted machine and a root folder have in common. */
export interface Place {
  /** Copies a file of this machine into it. */
  copy(from: string, path: string, mode?: number): Promise<void> | void;
  /** Writes a file inside. */
  write(path: string, text: string, mode?: number): Promise<void> | void;
  /** Runs a command inside that must succeed, and gives its output. */
  must(command: readonly string[] | string): Promise<string>;
  /** Runs a command inside. */
  run(command: readonly string[] | string): Promise<{ code: number; stdout: string; stderr: string }>;
}

/** Whose module it is in the profile for pam-auth-update. */
export const SITE = "site";
/** The shim that applications load. */
export const SHIM = "/usr/lib/pam-deno/shim/pam_deno.so";
/** Where the application is inside that holds a session. */
export const SESSION = "/usr/local/bin/session";

/** Everybody but mallory. */
const MODULE = `
import { defineModule, type PamModule } from "@pam-deno/sdk";
export default defineModule({
  account: ({ user, deny }) => user === "mallory" ? deny("perm_denied", "not you") : "success",
  openSession: () => "success",
  closeSession: () => "success",
}) as PamModule;
`;

/** Copies a package into it and installs it; what dpkg said is the answer. */
export async function install(place: Place, deb: string): Promise<string> {
  const file = `/root/${basename(deb)}`;
  await place.copy(deb, file);
  const { code, stdout, stderr } = await place.run([
    "env",
    "DEBIAN_FRONTEND=noninteractive",
    "dpkg",
    "-i",
    file,
  ]);
  if (code !== 0) throw new Error(`dpkg -i ${file}: status ${code}\n${stdout}${stderr}`);
  return stdout + stderr;
}

/** Adds the module from its source, with nothing but what the package brings. */
export async function addSite(place: Place): Promise<void> {
  await place.write("/root/site/module.ts", MODULE);
  await place.must(["pam-deno", "add", "--yes", "--name", SITE, "/root/site/module.ts"]);
}

/** Writes a service file that asks the module, and lets libpam's own modules do the rest. */
export async function writeService(place: Place, service: string): Promise<void> {
  const lines = [
    "auth required pam_permit.so",
    `account required pam_deno.so ${SITE}`,
    `session required pam_deno.so ${SITE}`,
  ];
  await place.write(`/etc/pam.d/${service}`, `${lines.join("\n")}\n`);
}

/** Builds the application that holds a session and puts it there. */
export async function installSession(place: Place): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "pam-deno-test-" });
  try {
    const program = join(folder, "session");
    const source = join(ROOT, "tests/packaging/session.c");
    await run(["cc", "-std=c11", "-O1", "-Wall", "-Wextra", "-Werror", "-o", program, source, "-lpam"]);
    await place.copy(program, SESSION, 0o755);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** A session that is open. */
export class OpenSession {
  readonly #child: Deno.ChildProcess;
  readonly #reader: ReadableStreamDefaultReader<string>;

  private constructor(child: Deno.ChildProcess) {
    this.#child = child;
    this.#reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** Opens one with the process that `spawn` starts. */
  static async open(
    spawn: (words: readonly string[]) => Deno.ChildProcess,
    service: string,
    user: string,
  ): Promise<OpenSession> {
    const session = new OpenSession(spawn([SESSION, service, user]));
    const { value } = await session.#reader.read();
    if (value !== "opened: Success\n") throw new Error(`the session was not opened: ${value}`);
    return session;
  }

  /** Closes it, and gives what it said. */
  async close(): Promise<string> {
    await this.#child.stdin.close();
    let said = "";
    for (let part = await this.#reader.read(); !part.done; part = await this.#reader.read()) {
      said += part.value;
    }
    await this.#child.stderr.cancel();
    await this.#child.status;
    return said;
  }
}

/** A `pam-deno serve` that serves what was added. */
export class Serving implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #said: Promise<string>;

  /** Takes the process. */
  constructor(child: Deno.ChildProcess) {
    this.#child = child;
    this.#said = new Response(child.stderr).text();
  }

  /** Waits until it says that it serves. */
  async ready(): Promise<void> {
    const lines = this.#child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    let said = "";
    while (!/^ready site \(/m.test(said)) {
      const { value, done } = await lines.read();
      if (done) throw new Error(`pam-deno serve ended:\n${said}${await this.#said}`);
      said += value;
    }
    lines.releaseLock();
  }

  /** Ends it, and waits until it has ended. */
  async stop(): Promise<void> {
    const { pid } = this.#child;
    // Whoever was started is the child of what entered the namespaces, which hands no signal on.
    const children = Deno.readTextFileSync(`/proc/${pid}/task/${pid}/children`).split(" ").filter(Number);
    for (const child of children) Deno.kill(Number(child), "SIGTERM");
    await this.#child.stdin.close().catch(() => {});
    await this.#child.status;
    await this.#said;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }
}

/** Starts `pam-deno serve` and waits until it serves the module. */
export async function serving(
  place: Place & { spawn(words: readonly string[]): Deno.ChildProcess },
): Promise<Serving> {
  const serving = new Serving(place.spawn(["pam-deno", "serve"]));
  await serving.ready();
  return serving;
}
