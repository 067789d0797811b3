// SPDX-License-Identifier: MIT
/**
 * Looks at the folders that the shim and root trust: who owns them, and who else may write there.
 *
 * @module
 */

import { join } from "node:path";
import type { Layout } from "../config/layout.ts";
import { checkPlace, isForeign, MARKER, PlaceError, stat } from "../config/place.ts";
import { type Finding, finding } from "./finding.ts";

/** The folders of a layout, and what the machine lacks without each. */
export function checkPlaces({ configDir, runtimeDir, stateDir, cacheDir, pamDirs }: Layout): Finding[] {
  const inConfig = stat(configDir)
    ? [
      ...checkFolder(join(configDir, "modules"), "no module is configured"),
      ...checkFolder(
        join(configDir, "hooks"),
        "the shim knows no module: each line of pam_deno.so ends with service_err",
      ),
    ]
    : [];
  return [
    ...checkFolder(configDir, "no module is configured"),
    ...inConfig,
    ...checkFolder(runtimeDir, "no module is served"),
    ...[stateDir, cacheDir, ...pamDirs].filter((path) => stat(path)).flatMap((path) => checkFolder(path, "")),
    ...[configDir, runtimeDir].flatMap(checkLinks),
    ...checkMarker(runtimeDir),
  ];
}

/** Whether a folder is there and nobody but root can change what is in it. */
export function checkFolder(path: string, without: string): Finding[] {
  try {
    checkPlace(path);
    return [];
  } catch (error) {
    if (error instanceof PlaceError) {
      // The folder that is wrong is often one above several of ours: it is named once.
      const [, at = path] = /^(\/.*?) (?:belongs to|can be written|is not a folder)/.exec(error.message) ??
        [];
      const remedy = "chown it to root, and chmod go-w it, once you know who changed it";
      return [finding("error", "place-unsafe", at, error.message, remedy)];
    }
    if (error instanceof Deno.errors.NotFound) {
      return [
        finding(
          "error",
          "place-missing",
          path,
          `there is no such folder: ${without}`,
          "reinstall pam-deno, or start `pam-deno serve`",
        ),
      ];
    }
    return [unreadable(path, error)];
  }
}

/** The shim follows no link on the way to what it trusts. */
function checkLinks(path: string): Finding[] {
  const parts = path.split("/").slice(1);
  return parts.flatMap((_, i) => {
    const at = `/${parts.slice(0, i + 1).join("/")}`;
    if (!stat(at)?.isSymlink) return [];
    const what =
      `${at} is a symbolic link, and the shim follows none on the way to ${path}: each hook ends with service_err`;
    return [
      finding(
        "error",
        "place-is-link",
        at,
        what,
        "write the path that it leads to into runtime_dir= and config_dir=",
      ),
    ];
  });
}

function checkMarker(runtimeDir: string): Finding[] {
  if (!stat(runtimeDir)) return [];
  const path = join(runtimeDir, MARKER);
  const found = stat(path);
  const remedy = "run `systemd-tmpfiles --create`, or start `pam-deno serve`";
  if (!found) {
    const what = "the marker of the runtime folder is not there: on_unreachable=ignore ignores nothing";
    return [finding("warning", "marker-missing", path, what, remedy)];
  }
  if (found.isFile && !isForeign(path)) return [];
  const what = "the marker of the runtime folder is not a regular file that only root can change";
  return [finding("error", "marker-unsafe", path, what, `remove it, and ${remedy}`)];
}

/** A finding about something that could not be looked at. */
export function unreadable(where: string, error: unknown): Finding {
  const what = `it cannot be looked at: ${error instanceof Error ? error.message : String(error)}`;
  return finding("error", "unreadable", where, what, Deno.uid() === 0 ? "see the reason" : "run it as root");
}

/** A file that somebody else than root could change. */
export function checkOwner(path: string, what: string): Finding[] {
  try {
    if (!isForeign(path)) return [];
  } catch (error) {
    return [unreadable(path, error)];
  }
  return [
    finding(
      "error",
      "file-unsafe",
      path,
      `others than root can change ${what}`,
      "chown it to root, and chmod go-w it",
    ),
  ];
}
