// SPDX-License-Identifier: MIT
/**
 * Starts what is measured: a supervisor with the README's module, and the C responder.
 *
 * @module
 */

import { join } from "node:path";
import type { Stage } from "./peers.ts";

/** How long a start may take. */
const START_MAX_MS = 30_000;

/** Reads the output of a process until `wanted` lines have matched. */
async function waitForLines(process: Deno.ChildProcess, pattern: RegExp, wanted: number): Promise<void> {
  const late = setTimeout(() => process.kill("SIGTERM"), START_MAX_MS);
  let found = 0;
  let rest = "";
  const reader = process.stdout.getReader();
  const decoder = new TextDecoder();
  for (let read; found < wanted && !(read = await reader.read()).done;) {
    const lines = (rest + decoder.decode(read.value, { stream: true })).split("\n");
    rest = lines.pop()!;
    found += lines.filter((line) => pattern.test(line)).length;
  }
  clearTimeout(late);
  await reader.cancel();
  if (found < wanted) throw new Error(`only ${found} of ${wanted} started`);
}

/** A time zone in which it is between 11 and 13 o'clock, so that the module under test allows during the whole run. */
function noonZone(now: Date): string {
  const behind = now.getUTCHours() - 12;
  return behind === 0 ? "Etc/GMT" : `Etc/GMT${behind > 0 ? "+" : "-"}${Math.abs(behind)}`;
}

/** The process whose command line names the worker's entry of a module. */
function findWorker(runtimeDir: string, module: string): number {
  for (const { name } of Deno.readDirSync("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const words = Deno.readTextFileSync(`/proc/${name}/cmdline`).split("\0");
      if (words.includes(join(runtimeDir, "workers", module, "worker.js")) && words[1] === "run") {
        return Number(name);
      }
    } catch {
      // It has ended meanwhile.
    }
  }
  throw new Error(`${module}: its worker is not there`);
}

/** Starts everything in a folder of its own, which goes when the stage is disposed of. */
export async function startServing(root: string): Promise<Stage> {
  const folder = await Deno.makeTempDir({ prefix: "pam-deno-bench-" });
  await Deno.chmod(folder, 0o755);
  const [config, runtime, confdir] = ["config", "run", "pam.d"].map((name) => join(folder, name));
  for (const dir of [confdir!, join(config!, "modules")]) await Deno.mkdir(dir, { recursive: true });
  const module = join(root, "examples/office-hours/module.ts");
  await Deno.writeTextFile(join(config!, "modules/office-hours.jsonc"), JSON.stringify({ module }));
  const pipes = { stdin: "null", stdout: "piped", stderr: "inherit" } as const;
  const supervisor = new Deno.Command(join(root, "scripts/pam-deno"), {
    args: ["serve", "--config-dir", config!, "--runtime-dir", runtime!],
    ...pipes,
  }).spawn();
  await waitForLines(supervisor, /^ready /, 1);
  await Deno.symlink("account", join(config!, "hooks", "c-responder"));
  const responder = new Deno.Command(join(root, "build/bench/responder"), {
    args: [join(runtime!, "c-responder.sock")],
    ...pipes,
  }).spawn();
  await waitForLines(responder, /^ready$/, 1);
  const so = join(root, "build/pam_deno.so");
  const line = (module: string, options: string) =>
    `${so} config_dir=${config} runtime_dir=${runtime} ${module} ${options}`;
  const tz = noonZone(new Date());
  return {
    root,
    folder,
    confdir: confdir!,
    workerPid: findWorker(runtime!, "office-hours"),
    lines: {
      pam_deno: line("office-hours", `tz=${tz} open=06:00 close=18:00`),
      c_responder: line("c-responder", `tz=${tz} open=06:00 close=18:00`),
    },
    async [Symbol.asyncDispose]() {
      for (const process of [responder, supervisor]) {
        process.kill("SIGTERM");
        await process.status;
      }
      await Deno.remove(folder, { recursive: true });
    },
  };
}
