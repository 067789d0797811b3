// SPDX-License-Identifier: MIT
/**
 * The program `supervise NAME`: keeps one module served for a service manager, which gives it its user, its sandbox and its socket.
 *
 * It is as small as it can be, since there is one for each module. Its ExecStart= is that of packaging/systemd/pam-deno@.service, with
 * the permissions that `own_permissions.sh` writes.
 *
 * It ends with 0 after SIGTERM; with 1 if its first worker does not become ready, or what it serves is not to be trusted any more;
 * with 2 if it is called wrongly; with 78 if configuration or bundle are wrong.
 *
 * @module
 */

import { DEFAULT_LAYOUT, layoutWith } from "../config/layout.ts";
import { IDENT } from "../version.ts";
import { configureLog } from "../worker/log.ts";
import { serveOne, type ServeOneOptions } from "./serve_one.ts";

const USAGE =
  `usage: supervise NAME [--config-dir DIR] [--runtime-dir DIR] [--state-dir DIR] [--keep-dir DIR] [--cache-dir DIR]
                      [--lib-dir DIR] [--workers-dir DIR]`;

const MISUSED = 2;

/** Options, and what of the layout they are. */
const FOLDERS = {
  "--config-dir": "configDir",
  "--runtime-dir": "runtimeDir",
  "--state-dir": "stateDir",
  "--keep-dir": "keepDir",
  "--cache-dir": "cacheDir",
  "--lib-dir": "libDir",
} as const;

/** What the words of the command line say; `undefined` if they are wrong. */
export function parseWords(
  words: readonly string[],
  env: { get(name: string): string | undefined },
): ServeOneOptions | undefined {
  const changes: Record<string, string> = {};
  const names: string[] = [];
  let workersDir: string | undefined;
  for (let i = 0; i < words.length; i++) {
    const found = /^(--[a-z-]+)(?:=(.*))?$/s.exec(words[i]!);
    if (!found) {
      names.push(words[i]!);
      continue;
    }
    const option = found[1]!;
    const value = found[2] ?? words[++i];
    if (value === undefined) return undefined;
    if (option === "--workers-dir") workersDir = value;
    else if (Object.hasOwn(FOLDERS, option)) changes[FOLDERS[option as keyof typeof FOLDERS]] = value;
    else return undefined;
  }
  const [name, ...more] = names;
  if (name === undefined || more.length > 0) return undefined;
  const layout = layoutWith({ ...DEFAULT_LAYOUT, ...changes });
  // systemd gives each unit a folder of its own; without it there is one for all.
  const given = env.get("RUNTIME_DIRECTORY");
  const folder = workersDir === undefined && given
    ? given
    : `${workersDir ?? `${layout.runtimeDir}/workers`}/${name}`;
  return { name, layout, folder, env, pid: Deno.pid };
}

async function main(words: readonly string[]): Promise<number> {
  if (words.length === 1 && words[0] === "--version") {
    console.log(IDENT);
    return 0;
  }
  const options = parseWords(words, Deno.env);
  if (!options) {
    console.error(USAGE);
    return MISUSED;
  }
  const { name } = options;
  configureLog({
    style: Deno.env.get("JOURNAL_STREAM") ? "journal" : "plain",
    // What the module says stands beside what is said about it: the unit's name tells which module it is.
    prefix: ([, kind]) => kind === "supervisor" ? "pam-deno: " : `${name}: `,
  });
  return await serveOne(options);
}

if (import.meta.main) Deno.exit(await main(Deno.args));
