// SPDX-License-Identifier: MIT
/**
 * What the tests of the libpam client share: a module of our own that talks as it is told, and stacks of one line.
 *
 * @module
 */

import {
  type LineType,
  ServiceDirectory,
  type ServiceLine,
  Transaction,
  type TransactionOptions,
} from "@pam-deno/sdk/libpam";

const SOURCE = new URL("probe_module.c", import.meta.url).pathname;
const LINE_TYPES: readonly LineType[] = ["auth", "account", "session", "password"];

/** Compiles the probe module into `dir` and returns its path. */
export function buildProbe(dir: string): string {
  const path = `${dir}/pam_probe.so`;
  const { success, stderr } = new Deno.Command("cc", {
    args: [
      "-D_GNU_SOURCE",
      "-std=c11",
      "-Wall",
      "-Wextra",
      "-Werror",
      "-shared",
      "-fPIC",
      "-fvisibility=hidden",
    ]
      .concat(["-o", path, SOURCE, "-lpam"]),
  }).outputSync();
  if (!success) throw new Error(`cc failed:\n${new TextDecoder().decode(stderr)}`);
  return path;
}

/** A stack that is one module, required, on lines of all four types. */
export function allTypes(module: string, args: readonly string[] = []): ServiceLine[] {
  return LINE_TYPES.map((type) => ({ type, control: "required", module, args }));
}

/** A directory with one service, `probe`, whose stack is one module. */
export function serviceOf(module: string, args: readonly string[] = []): ServiceDirectory {
  const services = ServiceDirectory.create();
  services.write("probe", allTypes(module, args));
  return services;
}

/** Starts a transaction with the service `probe` for `nobody`. */
export function start(services: ServiceDirectory, options: Partial<TransactionOptions> = {}): Transaction {
  return Transaction.start({ service: "probe", user: "nobody", confdir: services.path, ...options });
}

/** Runs a program with Deno in a process of its own. */
export async function runDeno(
  code: string,
  options: { readonly permissions?: readonly string[]; readonly env?: Readonly<Record<string, string>> } = {},
): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  const config = new URL("../../../deno.json", import.meta.url).pathname;
  const dir = await Deno.makeTempDir();
  try {
    await Deno.writeTextFile(`${dir}/main.ts`, code);
    const output = await new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--no-prompt",
        "--quiet",
        "--config",
        config,
        ...options.permissions ?? ["-A"],
        `${dir}/main.ts`,
      ],
      env: { NO_COLOR: "1", ...options.env },
    }).output();
    const decoder = new TextDecoder();
    return {
      code: output.code,
      stdout: decoder.decode(output.stdout),
      stderr: decoder.decode(output.stderr),
    };
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}
