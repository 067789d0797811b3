// SPDX-License-Identifier: MIT
/**
 * Where everything is. The defaults are where the package puts things and where the shim looks; all of it can be moved, so that
 * everything can be tried as an ordinary user and tested without touching the machine's own.
 *
 * @module
 */

import { join, resolve } from "node:path";

/** The folders of one installation. All paths are absolute. */
export interface Layout {
  /** The administrator's: `modules/NAME.jsonc`, and the hook links in `hooks/`. Default `/etc/pam-deno`. */
  readonly configDir: string;
  /** The sockets `NAME.sock` and the marker. Default `/run/pam-deno`. */
  readonly runtimeDir: string;
  /** What `add` installed: `modules/NAME/`, see `sdk/install/record.ts`. Default `/var/lib/pam-deno`. */
  readonly stateDir: string;
  /** What modules keep: a folder `NAME/` for each that has `"state": true`. Default `/var/lib/pam-deno-state`. */
  readonly keepDir: string;
  /** The compiled code of the runtime: root-owned, only read. Default `/var/cache/pam-deno`. */
  readonly cacheDir: string;
  /** Where unit drop-ins go. Default `/etc/systemd/system`. */
  readonly unitDir: string;
  /** The pam.d folders that `check` reads. Default `/etc/pam.d` and `/usr/lib/pam.d`. */
  readonly pamDirs: readonly string[];
  /**
   * The program's own files, only read: `worker.js`, `supervise.js`, `pam-deno.js`, `sdk/mod.ts` and the rest of the SDK's sources. In a
   * checkout `build/`, in the package `/usr/lib/pam-deno`.
   */
  readonly libDir: string;
  /** The folder of the SDK's `mod.ts`: in a checkout its root, in the package `/usr/lib/pam-deno/sdk`. */
  readonly sdkDir: string;
}

/** The layout of an installed package. */
export const DEFAULT_LAYOUT: Layout = {
  configDir: "/etc/pam-deno",
  runtimeDir: "/run/pam-deno",
  stateDir: "/var/lib/pam-deno",
  keepDir: "/var/lib/pam-deno-state",
  cacheDir: "/var/cache/pam-deno",
  unitDir: "/etc/systemd/system",
  pamDirs: ["/etc/pam.d", "/usr/lib/pam.d"],
  libDir: "/usr/lib/pam-deno",
  sdkDir: "/usr/lib/pam-deno/sdk",
};

/** {@linkcode DEFAULT_LAYOUT} with other folders in place of some; relative paths are taken from the current folder. */
export function layoutWith(changes: Partial<Layout>): Layout {
  const { pamDirs, ...folders } = { ...DEFAULT_LAYOUT, ...changes };
  const absolute = Object.entries(folders).map(([key, path]) => [key, resolve(path)]);
  return { ...Object.fromEntries(absolute), pamDirs: pamDirs.map((path) => resolve(path)) } as Layout;
}

/** The administrator's file about a module. */
export function configFile({ configDir }: Layout, name: string): string {
  return join(configDir, "modules", `${name}.jsonc`);
}

/** The link by which the shim knows a module and its hooks. */
export function hookLink({ configDir }: Layout, name: string): string {
  return join(configDir, "hooks", name);
}

/** The folder of what was installed for a module. */
export function moduleStateDir({ stateDir }: Layout, name: string): string {
  return join(stateDir, "modules", name);
}

/** The file that is there while a change of what is installed is being made, and after one that was interrupted. */
export function journalFile({ stateDir }: Layout): string {
  return join(stateDir, "pending.json");
}

/** A module's socket. */
export function socketPath({ runtimeDir }: Layout, name: string): string {
  return join(runtimeDir, `${name}.sock`);
}

/** The name of a module's unit. */
export function unitName(name: string): string {
  return `pam-deno@${name}.service`;
}

/** Where a module finds what it keeps and what it was entrusted with. Both are folders of its own. */
export interface ModulePlaces {
  /** What it keeps. */
  readonly state: string;
  /** Copies of its credentials. */
  readonly credentials: string;
}

/** The places of a module that systemd runs: made by systemd, from `StateDirectory=` and `LoadCredential=`. */
export function servicePlaces(name: string): ModulePlaces {
  return {
    state: join(DEFAULT_LAYOUT.keepDir, name),
    credentials: join("/run/credentials", unitName(name)),
  };
}
