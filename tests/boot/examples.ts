// SPDX-License-Identifier: MIT
/**
 * Modules of `examples/` in a machine, as their READMEs say: added, configured, and on the lines of services that people use.
 *
 * @module
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { bundleModule } from "../../sdk/install/bundle.ts";
import { addWords, configurations, type ExampleName, pamLines } from "../examples/readme.ts";
import { ROOT } from "./debian.ts";
import type { Machine, Output } from "./machine.ts";
import { addModule, PASSWORD, service } from "./site.ts";

/** How long a person waits for what is shown, in seconds. */
const DIALOGUE_S_MAX = 30;

/** The main file of an example. */
export function entryOf(name: ExampleName): string {
  return join(ROOT, "examples", name, "module.ts");
}

/** The unit of a module. */
export function unitOf(name: string): string {
  return `pam-deno@${name}.service`;
}

/**
 * Adds an example with the words of its README, and gives it the README's configuration.
 *
 * @param change what stands in the options in place of what the README has there, because it is this machine's
 */
export async function addAsInReadme(
  machine: Machine,
  name: ExampleName,
  change: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  const [add, folder, ...flags] = addWords(name);
  assert.deepEqual([add, folder], ["add", `examples/${name}`]);
  // There is no network for the packages that it imports: it is bundled outside, and added as one file.
  await addModule(machine, name, entryOf(name), flags);
  await configure(machine, name, change);
}

/** Writes the README's configuration anew, and reloads the module. */
export async function configure(
  machine: Machine,
  name: ExampleName,
  change: Readonly<Record<string, unknown>> = {},
): Promise<void> {
  const [configuration] = configurations(name);
  const { options, ...keys } = configuration as { options: object };
  const changed = { ...keys, module: `/root/${name}.js`, options: { ...options, ...change } };
  await machine.write(`/etc/pam-deno/modules/${name}.jsonc`, JSON.stringify(changed));
  await machine.must(["pam-deno", "reload", name]);
}

/** The lines of an example's README for a type of pam.d, with further words. */
export function linesOf(name: ExampleName, type: "auth" | "account" | "session", words = ""): string[] {
  const lines = pamLines(name).filter((line) => line.startsWith(type));
  assert.ok(lines.length > 0, `examples/${name}/README.md has no ${type} line`);
  return lines.map((line) => line.includes("pam_deno.so") ? `${line} ${words}` : line);
}

/** Where lines go in a service's file. */
export interface Wiring {
  /** Behind `@include common-auth`. */
  readonly auth?: readonly string[];
  /** In front of `@include common-account`. */
  readonly account?: readonly string[];
  /** In front of `@include common-session`. */
  readonly before?: readonly string[];
  /** Behind `@include common-session`. */
  readonly session?: readonly string[];
}

/** Puts lines into the files of services, and takes them out again when it is disposed. A file without includes has them at its end. */
export async function wired(
  machine: Machine,
  services: readonly string[],
  { auth = [], account = [], before = [], session = [] }: Wiring,
): Promise<AsyncDisposable> {
  const files = new Map<string, string[]>();
  for (const name of services) {
    const lines = (await machine.must(["cat", `/etc/pam.d/${name}`])).split("\n");
    files.set(name, lines);
    const around = new Map([
      ["@include common-auth", [[], auth]],
      ["@include common-account", [account, []]],
      ["@include common-session", [before, session]],
    ]);
    const placed = lines.flatMap((line) => {
      const [front = [], behind = []] = around.get(line.trim()) ?? [];
      around.delete(line.trim());
      return [...front, line, ...behind];
    });
    await service(machine, name, [...placed, ...[...around.values()].flat(2)]);
  }
  return {
    async [Symbol.asyncDispose]() {
      for (const [name, lines] of files) await service(machine, name, lines);
    },
  };
}

/** Becomes another user, as an ordinary user who types the password and whatever else is asked. Root's runuser opens a session itself. */
export async function su(
  machine: Machine,
  from: string,
  to: string,
  command: string,
  ...typed: string[]
): Promise<Output> {
  const stdin = [PASSWORD, ...typed].map((line) => `${line}\n`).join("");
  return await machine.run([
    "setpriv",
    "--reuid",
    from,
    "--regid",
    from,
    "--init-groups",
    "--",
    "su",
    to,
    "-c",
    command,
  ], { stdin });
}

/** Lets a person log in over the loopback with sshd's keyboard-interactive, on a terminal; `stdout` is what that showed. */
export async function dialogue(
  machine: Machine,
  user: string,
  command: string,
  steps: readonly (readonly [shown: string, typed: string])[],
): Promise<Output> {
  const file = await Deno.makeTempFile({ prefix: "pam-deno-test-" });
  const encode = (text: string) => new TextEncoder().encode(text).toBase64();
  try {
    const lines = steps.map(([shown, typed]) => `${encode(shown)}\n${encode(`${typed}\r`)}\n`);
    await Deno.writeTextFile(file, lines.join(""));
    const leader = machine.root.split("/")[2]!;
    const options = ["PreferredAuthentications=keyboard-interactive", "StrictHostKeyChecking=accept-new"];
    const ssh = ["ssh", ...options.flatMap((option) => ["-o", option]), `${user}@127.0.0.1`, command];
    const enter = ["nsenter", "-t", leader, "-a", "--", "env", "-i", "PATH=/usr/bin:/bin", "HOME=/root"];
    const script = join(ROOT, "tests", "applications", "dialogue.exp");
    const { code, stdout, stderr } = await new Deno.Command("expect", {
      args: ["-f", script, "--", `${DIALOGUE_S_MAX}`, file, ...enter, ...ssh],
      stdin: "null",
    }).output();
    const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes).replaceAll("\r\n", "\n");
    return { code, stdout: text(stdout), stderr: text(stderr) };
  } finally {
    await Deno.remove(file);
  }
}

/** Makes one file of a program of `examples/`, and gives its path inside. */
export async function installProgram(machine: Machine, source: string): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: "pam-deno-test-" });
  try {
    const { file } = await bundleModule({ entry: source, sdk: ROOT, into: folder });
    const inside = `/root/program-${source.split("/").at(-1)!.replace(/\.ts$/, ".js")}`;
    await machine.copy(file, inside);
    return inside;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** What the processes of a unit see at a path: owner, group, mode, and kind. */
export async function seenBy(machine: Machine, unit: string, path: string): Promise<string> {
  const pid = await machine.property(unit, "MainPID");
  return await machine.must(["nsenter", "-t", pid, "-m", "--", "stat", "-c", "%u %g %a %F", path]);
}
