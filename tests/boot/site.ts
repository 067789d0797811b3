// SPDX-License-Identifier: MIT
/**
 * An administrator's work inside a machine: installs the package, adds modules, writes lines, logs people in.
 *
 * @module
 */

import { basename } from "node:path";
import { bundleModule } from "../../sdk/install/bundle.ts";
import { ROOT } from "./debian.ts";
import type { Machine, Output } from "./machine.ts";

/** The password of everybody inside but root, who has none. */
export const PASSWORD = "correct horse";

/** An ordinary user inside. */
export const ALICE = "alice";

/** Installs a package as the README does. There is no network. */
export async function installPackage(machine: Machine, file: string): Promise<void> {
  const inside = `/root/${basename(file)}`;
  await machine.copy(file, inside);
  await machine.must(["env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-y", inside]);
}

/** Makes users who can log in, with a password and, from root's account, with a key. */
export async function makeUsers(machine: Machine, names: readonly string[]): Promise<void> {
  await machine.must("mkdir -pm 0700 /root/.ssh && ssh-keygen -q -t ed25519 -N '' -f /root/.ssh/id_ed25519");
  for (const name of names) {
    await machine.must(["useradd", "--create-home", "--shell", "/bin/sh", name]);
    await machine.must(["chpasswd"], { stdin: `${name}:${PASSWORD}\n` });
    await machine.must(
      `install -d -m 0700 -o ${name} ~${name}/.ssh &&
       install -m 0600 -o ${name} /root/.ssh/id_ed25519.pub ~${name}/.ssh/authorized_keys`,
    );
  }
}

/** Logs in over the loopback with root's key and runs a command. */
export async function ssh(machine: Machine, user: string, command: string): Promise<Output> {
  const options = ["BatchMode=yes", "StrictHostKeyChecking=accept-new", "ConnectTimeout=10"];
  return await machine.run([
    "ssh",
    ...options.flatMap((option) => ["-o", option]),
    `${user}@127.0.0.1`,
    command,
  ]);
}

/** Bundles a module of the tests and adds it as an administrator adds a ready bundle. */
export async function addModule(
  machine: Machine,
  name: string,
  source: string,
  words: readonly string[] = [],
): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: "pam-deno-test-" });
  try {
    const { file, sha256 } = await bundleModule({ entry: source, sdk: ROOT, into: folder });
    const inside = `/root/${name}.js`;
    await machine.copy(file, inside);
    return await machine.must([
      "pam-deno",
      "add",
      "--yes",
      "--name",
      name,
      ...words,
      inside,
      "--sha256",
      sha256,
    ]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Adds the example of the package once more under another name. */
export async function addExample(machine: Machine, name: string): Promise<string> {
  const folder = "/usr/share/pam-deno/examples/time-of-day";
  const sum = await machine.must(["sha256sum", `${folder}/time-of-day.js`]);
  const hash = sum.split(" ")[0]!;
  const file = `${folder}/time-of-day.js`;
  return await machine.must(["pam-deno", "add", "--yes", "--name", name, file, "--sha256", hash]);
}

/** Words of the example that admit everybody at any time. */
export const OPEN = "tz=UTC hours=00:00-24:00";

/** Makes a service of its own of these lines; nobody else uses it. */
export async function service(machine: Machine, name: string, lines: readonly string[]): Promise<void> {
  await machine.write(`/etc/pam.d/${name}`, `${lines.join("\n")}\n`);
}

/** Asks for an account once, and gives what the application showed and how it ended. */
export async function askAccount(machine: Machine, name: string, user: string): Promise<Output> {
  return await machine.run(["pamtester", name, user, "acct_mgmt"]);
}

/** Processes of this package inside, with who they are. */
export interface OwnProcess {
  /** Its id inside. */
  readonly pid: number;
  /** The lines of /proc/PID/status. */
  readonly status: Readonly<Record<string, string>>;
  /** Its control group's unit. */
  readonly unit: string;
}

/** All processes inside that run a program of the package. */
export async function ownProcesses(machine: Machine): Promise<OwnProcess[]> {
  const found = await machine.must(
    `for exe in /proc/[0-9]*/exe; do
       case $(readlink "$exe") in /usr/lib/pam-deno/*) echo "\${exe%/exe}" | tr -dc '0-9\\n';; esac
     done`,
  );
  return await Promise.all(
    found.split("\n").filter(Boolean).map(async (pid) => {
      const status = await machine.must(["cat", `/proc/${pid}/status`]);
      const fields = status.split("\n").map((line) => line.split(/:\s+/, 2) as [string, string]);
      const unit = await machine.must(["ps", "-o", "unit=", "-p", pid]);
      return { pid: Number(pid), status: Object.fromEntries(fields), unit: unit.trim() };
    }),
  );
}
