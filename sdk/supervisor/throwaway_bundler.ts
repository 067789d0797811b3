// SPDX-License-Identifier: MIT
/**
 * Runs the bundler as a throwaway user, for modules that root serves without having installed them. What is staged, and the cache of
 * packages, is all it is given: a package whose sources name a file of the machine gets nothing.
 *
 * @module
 */

import { join, relative } from "node:path";
import { stat } from "../config/place.ts";
import { DenoToolError, runDenoTool } from "../install/deno_tool.ts";
import type { Identity } from "./uid.ts";

/** Puts the cache of packages, which is root's, where the throwaway user can get at it, in a mount namespace of its own. */
const SETUP = `mount --bind "$1" "$2"; shift 2; exec "$@"`;

const UNSHARE = ["/usr/bin/unshare", "/bin/unshare"];
const SETPRIV = ["/usr/bin/setpriv", "/bin/setpriv"];

/** Where the throwaway user sees the cache of packages, in the staging folder. */
const PACKAGES = ".packages";

/** How long bundling may take, in ms. */
const BUNDLE_MAX_MS = 120_000;

/** What runs one of Deno's tools in a folder. */
export type Bundler = typeof runDenoTool;

/** The bundler as `user`; `undefined` where mount namespaces are not usable. */
export function throwawayBundler({ uid, gid }: Identity): Bundler | undefined {
  const unshare = UNSHARE.find((path) => stat(path));
  const setpriv = SETPRIV.find((path) => stat(path));
  if (!unshare || !setpriv) return undefined;
  const namespace = [unshare, "--mount", "--propagation", "private", "--"] as const;
  const [program, ...options] = namespace;
  const works = new Deno.Command(program, {
    args: [...options, "/bin/sh", "-c", `mount --bind "$1" "$1"`, "sh", "/tmp"],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  });
  if (!works.outputSync().success) return undefined;
  const drop = [
    setpriv,
    ...[`--reuid=${uid}`, `--regid=${gid}`, "--clear-groups", "--pdeathsig", "KILL", "--no-new-privs"],
    ...["--inh-caps=-all", "--ambient-caps=-all", "--bounding-set=-all", "--"],
  ];
  return async (args, cwd) => {
    const { denoDir } = JSON.parse(await runDenoTool(["info", "--json"], cwd)) as { denoDir: string };
    const cache = join(cwd, PACKAGES);
    Deno.mkdirSync(cache, { mode: 0o755 });
    openTo(cwd, uid);
    const { success, stderr } = await new Deno.Command(program, {
      args: [...options, "/bin/sh", "-ec", SETUP, "sh", denoDir, cache, ...drop, Deno.execPath(), ...args],
      cwd,
      env: { DENO_DIR: cache, HOME: cwd, NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" },
      clearEnv: true,
      stdin: "null",
      stdout: "null",
      signal: AbortSignal.timeout(BUNDLE_MAX_MS),
    }).output();
    const output = args.find((word) => word.startsWith("--output="))?.slice("--output=".length);
    // It made no link of what root is about to read.
    if (success && output && [output, `${output}.map`].every((path) => stat(path)?.isFile)) {
      rename(output, `${PACKAGES}/`, `${relative(Deno.realPathSync(cwd), Deno.realPathSync(denoDir))}/`);
      return "";
    }
    throw new DenoToolError(`deno ${args[0]} failed:\n${new TextDecoder().decode(stderr).trim()}`);
  };
}

/** Lets a user write to a folder, and read what is in it. */
function openTo(folder: string, uid: number): void {
  Deno.chownSync(folder, uid, null);
  makeReadable(folder);
}

function makeReadable(folder: string): void {
  Deno.chmodSync(folder, 0o755);
  for (const { name, isDirectory, isFile } of Deno.readDirSync(folder)) {
    const path = join(folder, name);
    if (isDirectory) makeReadable(path);
    else if (isFile) Deno.chmodSync(path, 0o644);
  }
}

/** Lets a bundle and its source map say where their sources are for whoever goes on with them. */
function rename(output: string, from: string, to: string): void {
  const code = Deno.readTextFileSync(output).split("\n");
  const named = code.map((line) =>
    line.startsWith(`// ${from}`) ? `// ${to}${line.slice(3 + from.length)}` : line
  );
  Deno.writeTextFileSync(output, named.join("\n"));
  const map = JSON.parse(Deno.readTextFileSync(`${output}.map`)) as { sources: string[] };
  map.sources = map.sources.map((source) =>
    source.startsWith(from) ? to + source.slice(from.length) : source
  );
  Deno.writeTextFileSync(`${output}.map`, JSON.stringify(map));
}
