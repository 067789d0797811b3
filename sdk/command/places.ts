// SPDX-License-Identifier: MIT
/**
 * The options that every command has: where things are, for unusual layouts and for trying things out.
 *
 * @module
 */

import { object } from "@optique/core/constructs";
import { message } from "@optique/core/message";
import type { Message } from "@optique/core/message";
import { multiple, optional, withDefault } from "@optique/core/modifiers";
import type { InferValue } from "@optique/core/parser";
import { flag, option } from "@optique/core/primitives";
import { basename, dirname, join, resolve } from "node:path";
import { type Layout, layoutWith } from "../config/layout.ts";
import { pathWord } from "./path_word.ts";

function folder(name: `--${string}-dir`, description: Message) {
  return optional(option(name, pathWord("DIR", "directory"), { description, hidden: "usage" }));
}

/** The options that every command has. */
export const PLACES = object("Every command", {
  configDir: folder("--config-dir", message`Instead of /etc/pam-deno.`),
  runtimeDir: folder("--runtime-dir", message`Instead of /run/pam-deno.`),
  stateDir: folder("--state-dir", message`Instead of /var/lib/pam-deno.`),
  keepDir: folder("--keep-dir", message`Instead of /var/lib/pam-deno-state.`),
  cacheDir: folder("--cache-dir", message`Instead of /var/cache/pam-deno.`),
  unitDir: folder("--unit-dir", message`Instead of /etc/systemd/system.`),
  libDir: folder("--lib-dir", message`Where the program's files are.`),
  pamDirs: multiple(option("--pam-dir", pathWord("DIR", "directory"), {
    description: message`Instead of /etc/pam.d and /usr/lib/pam.d; may be repeated.`,
    hidden: "usage",
  })),
  debug: withDefault(
    flag("--debug", {
      description: message`Show where an unexpected error came from.`,
      hidden: "usage",
    }),
    false,
  ),
});

/** What they say. */
export type Places = InferValue<typeof PLACES>;

/** The layout that the options name. */
export function layoutOf(places: Places): Layout {
  const { cacheDir, configDir, keepDir, pamDirs, runtimeDir, stateDir, unitDir } = places;
  const libDir = resolve(places.libDir ?? ownLibDir());
  return layoutWith({
    ...cacheDir === undefined ? {} : { cacheDir },
    ...configDir === undefined ? {} : { configDir },
    ...keepDir === undefined ? {} : { keepDir },
    ...pamDirs.length === 0 ? {} : { pamDirs },
    ...runtimeDir === undefined ? {} : { runtimeDir },
    ...stateDir === undefined ? {} : { stateDir },
    ...unitDir === undefined ? {} : { unitDir },
    libDir,
    sdkDir: sdkDirOf(libDir),
  });
}

/** The folder of the program's files: where the bundled program is, or `build/` of the checkout that it is run from. */
function ownLibDir(): string {
  const own = import.meta.filename!;
  return basename(own) === "places.ts" ? join(dirname(own), "..", "..", "build") : dirname(own);
}

/** The package has the SDK beside the program; in a checkout it is the folder above `build/`. */
function sdkDirOf(libDir: string): string {
  const packaged = join(libDir, "sdk");
  try {
    Deno.statSync(join(packaged, "mod.ts"));
    return packaged;
  } catch {
    return dirname(libDir);
  }
}
