// SPDX-License-Identifier: MIT
/**
 * Takes a module away.
 *
 * @module
 */

import { basename, dirname, join } from "node:path";
import { configFile, hookLink, type Layout, moduleStateDir } from "../config/layout.ts";
import { readPamLines, shimArguments } from "../config/pam_d.ts";
import { stat } from "../config/place.ts";
import { InstallError } from "./events.ts";
import { findHome } from "./home.ts";
import { type Change, change, lockState } from "./journal.ts";
import { recordFile } from "./record.ts";
import { recover, settle } from "./recover.ts";
import { dropInFile } from "./unit.ts";

/** What to remove. */
export interface RemoveOptions {
  /** Where everything is. */
  readonly layout: Layout;
  /** The module's name. */
  readonly name: string;
  /** Remove it although a pam.d line names it. */
  readonly force?: boolean | undefined;
  /** Remove what it kept, too. */
  readonly purge?: boolean | undefined;
}

/** What happens on the way. */
export interface RemoveEvents {
  /** A new step begins. */
  progress(step: string): void;
  /** Asks whether to go on; `what` are the files and folders that go. */
  confirm(what: readonly string[]): Promise<boolean>;
}

/** What came of it. */
export interface RemoveResult {
  /** The module's name. */
  readonly name: string;
  /** False if the question was answered with no: then nothing was changed. */
  readonly accepted: boolean;
  /** What is gone, for people. */
  readonly removed: readonly string[];
  /** The pam.d lines that still name it, as `FILE:LINE`: only with `force`. */
  readonly stillNamed: readonly string[];
}

/**
 * Removes a module: stops it, and takes away its hook link, configuration, bundles and drop-in.
 *
 * @throws {InstallError} if a pam.d line names it, or it is not there.
 */
export async function removeModule(options: RemoveOptions, events: RemoveEvents): Promise<RemoveResult> {
  const { layout, name } = options;
  using _lock = lockState(layout);
  const home = findHome(layout);
  await recover(layout, home);
  const paths = [
    configFile(layout, name),
    hookLink(layout, name),
    moduleStateDir(layout, name),
    dropInFile(layout, name),
  ]
    .filter((path) => stat(path));
  if (paths.length === 0) {
    throw new InstallError(`${name}: there is no such module: \`pam-deno status\` shows what is there`);
  }
  const stillNamed = linesThatName(layout, name);
  if (stillNamed.length > 0 && !options.force) {
    throw new InstallError(
      `${name} is used: without it these lines fail every login that comes to them. Take them out first, or say --force:\n  ${
        stillNamed.join("\n  ")
      }`,
    );
  }
  const kept = options.purge ? keptBy(layout, name) : [];
  const removed = [...paths, ...kept];
  if (!await events.confirm(removed)) return { name, accepted: false, removed: [], stillNamed };
  events.progress("removing");
  const running = await home.isRunning(name);
  const changes = changesOf(layout, name);
  const about = { name, running, unitChanged: changes.some(({ path }) => path === dropInFile(layout, name)) };
  const pending = change(layout, about, changes);
  try {
    if (running) events.progress("stopping");
    await home.stop(name);
  } catch (error) {
    pending.undo();
    await settle(layout, home, about).catch(() => {});
    throw new InstallError(`${name} was not removed: ${(error as Error).message}`);
  }
  pending.commit();
  removeFolder(moduleStateDir(layout, name));
  removeIfEmpty(dirname(dropInFile(layout, name)));
  // The link first: it is what is looked at when something is in the way.
  for (const path of kept) removeFolder(path);
  return { name, accepted: true, removed, stillNamed };
}

/** Where systemd puts the folders of users that are there only while they run something. A link to it stands where it was asked for. */
const PRIVATE = "private";

/** What the module kept: its folder, or a link, and the folder that the service manager made for it. No link is followed. */
function keptBy({ keepDir }: Layout, name: string): string[] {
  return [join(keepDir, name), join(dirname(keepDir), PRIVATE, basename(keepDir), name)].filter((path) =>
    stat(path)
  );
}

function changesOf(layout: Layout, name: string): Change[] {
  const gone: Change[] = [
    { path: configFile(layout, name), kind: "file", content: undefined },
    { path: hookLink(layout, name), kind: "link", content: undefined },
    { path: recordFile(layout, name), kind: "file", content: undefined },
    { path: dropInFile(layout, name), kind: "file", content: undefined },
  ];
  return gone.filter(({ path }) => stat(path));
}

/** The pam.d lines that name the module, as `FILE:LINE`. */
function linesThatName({ pamDirs }: Layout, name: string): string[] {
  return readPamLines(pamDirs).filter((line) => shimArguments(line)?.name === name)
    .map(({ file, line }) => `${file}:${line}`);
}

/** Others may have drop-ins of their own there. */
function removeIfEmpty(folder: string): void {
  if (stat(folder) && [...Deno.readDirSync(folder)].length === 0) Deno.removeSync(folder);
}

function removeFolder(path: string): void {
  const found = stat(path);
  if (found) Deno.removeSync(path, { recursive: true });
}
