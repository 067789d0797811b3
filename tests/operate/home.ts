// SPDX-License-Identifier: MIT
/**
 * `pam-deno serve` and `supervise` over a private installation, and what can be seen of them from outside.
 *
 * @module
 */

import { ServiceDirectory, Transaction } from "@pam-deno/sdk/libpam";
import { join } from "node:path";
import type { PamCode } from "../../sdk/tokens.ts";
import { Command } from "../sdk/supervisor/site.ts";
import { ROOT } from "../sdk/worker/harness.ts";
import { Installation } from "./installation.ts";

/** The shim. */
export const SHIM: string = join(ROOT, "build", "pam_deno.so");

/** A module: its source and its configuration. */
export interface Installed {
  /** Its source; a policy if left out. */
  readonly source?: string;
  /** Keys of its configuration beside `module`. */
  readonly config?: Readonly<Record<string, unknown>>;
}

/** A running `serve`. */
export interface Home extends AsyncDisposable {
  /** What is installed. */
  readonly site: Installation;
  /** The program. */
  readonly command: Command;
  /** Shim options that name its folders. */
  readonly args: readonly string[];
  /** The folder of a module's files. */
  folder(name: string): string;
  /** Asks libpam about a user, with shim options beside those. */
  account(module: string, user: string, options?: readonly string[]): Promise<PamCode>;
}

/** Serves installed modules. */
export async function serveInstalled(modules: Readonly<Record<string, Installed>>): Promise<Home> {
  const site = new Installation();
  for (const [name, { source, config }] of Object.entries(modules)) await site.install(name, source, config);
  const command = new Command(["serve", ...site.words]);
  for (const name of Object.keys(modules)) await command.printed(new RegExp(`ready ${name} `));
  const { configDir, runtimeDir } = site.layout;
  const args = [`runtime_dir=${runtimeDir}`, `config_dir=${configDir}`];
  return {
    site,
    command,
    args,
    folder: (name) => join(runtimeDir, "workers", name),
    account: (module, user, options = []) => account({ args: [...args, ...options], module, user }),
    async [Symbol.asyncDispose]() {
      await command[Symbol.asyncDispose]();
      site[Symbol.dispose]();
    },
  };
}

/** One transaction through the real libpam, in the background. */
export async function account(
  { args, module, user }: {
    readonly args: readonly string[];
    readonly module: string;
    readonly user: string;
  },
): Promise<PamCode> {
  using services = ServiceDirectory.create();
  services.write("test", [{ type: "account", control: "required", module: SHIM, args: [...args, module] }]);
  using transaction = Transaction.start({
    service: "test",
    user,
    confdir: services.path,
    failDelay: "record",
  });
  return await transaction.background.account();
}

/** Waits for `ms` milliseconds: for what is to happen in a time, not for something to happen. */
export const sleep = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Waits until a file has another text. */
export async function changed(path: string, before: string, ms = 15_000): Promise<string> {
  for (const end = Date.now() + ms; Date.now() < end; await sleep(5)) {
    const text = read(path);
    if (text !== before) return text;
  }
  throw new Error(`${path} did not change: ${before}`);
}

/** The text of a file; nothing if it is not there. */
export function read(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch {
    return "";
  }
}

/** The processes of a module's workers that are there now. */
export function workersOf(supervisor: number, folder: string): number[] {
  const children = read(`/proc/${supervisor}/task/${supervisor}/children`).match(/\d+/g) ?? [];
  return children.map(Number).filter((pid) => read(`/proc/${pid}/cmdline`).includes(`${folder}/worker`));
}
