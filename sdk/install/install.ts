// SPDX-License-Identifier: MIT
/**
 * Makes a plan true: writes what is new, starts it, tries it, and puts everything back if any of that fails.
 *
 * @module
 */

import { dirname, join } from "node:path";
import { configFile, hookLink, type Layout, moduleStateDir, socketPath } from "../config/layout.ts";
import { parseModuleConfig } from "../config/config.ts";
import { checkPlace, stat } from "../config/place.ts";
import { type Knock, knock } from "../supervisor/knock.ts";
import { type AddResult, InstallError, type InstallEvents } from "./events.ts";
import { dropInChange, type Home } from "./home.ts";
import { type Change, change, type Interrupted, writeWhole } from "./journal.ts";
import { breakGlassLines, pamLines, shimWords } from "./pam_lines.ts";
import type { AddPlan } from "./plan.ts";
import { bundleFile, type InstalledBundle, type InstallRecord, PREVIOUS_MAX, recordFile } from "./record.ts";
import { prune, settle } from "./recover.ts";
import type { Bundled } from "./throwaway.ts";
import { dropInFile } from "./unit.ts";

/** What is to be made true. */
export interface Installation {
  /** Where everything is. */
  readonly layout: Layout;
  /** Who runs modules here. */
  readonly home: Home;
  /** What was shown and accepted. */
  readonly plan: AddPlan;
  /** The bundle that is not there yet; `undefined` if it is. */
  readonly bundled: Bundled | undefined;
  /** What is installed then. */
  readonly record: InstallRecord;
  /** Whether to start or reload it. */
  readonly start: boolean;
}

/** Makes sure that the folders are there which a module is installed in, and that nobody else could change what is in them. */
export function prepareFolders(layout: Layout): void {
  for (
    const folder of [
      join(layout.configDir, "modules"),
      join(layout.configDir, "hooks"),
      join(layout.stateDir, "modules"),
    ]
  ) {
    Deno.mkdirSync(folder, { recursive: true, mode: 0o755 });
    checkPlace(folder);
  }
}

/**
 * Makes the plan true.
 *
 * @throws {InstallError} if it does not start or answer; then everything is as it was.
 */
export async function install(installation: Installation, events: InstallEvents): Promise<AddResult> {
  const { layout, home, plan } = installation;
  const { name } = plan;
  events.progress("writing");
  if (readConfiguration(layout, name) !== plan.configurationBefore) {
    throw new InstallError(
      `${configFile(layout, name)} was changed meanwhile: nothing was done; look at it and try again`,
    );
  }
  const changes = changesOf(installation);
  const about = {
    name,
    running: await home.isRunning(name),
    unitChanged: changes.some(({ path }) => path === dropInFile(layout, name)),
  };
  using interruption = new Interruption();
  let pending;
  try {
    writeBundle(installation);
    pending = change(layout, about, changes);
  } catch (error) {
    prune(layout, name);
    throw new InstallError(`${name} was not changed: ${messageOf(error)}`);
  }
  let selfTest;
  try {
    interruption.throwIfAsked();
    selfTest = await interruption.race(startAndTest(installation, about, events));
  } catch (error) {
    events.progress("putting everything back");
    pending.undo();
    prune(layout, name);
    const after = await settle(layout, home, about).then(() => "", messageOf);
    throw new InstallError(
      `${name} was not changed: ${messageOf(error)}${
        after && `\nWhat was there before did not start again: ${after}`
      }`,
    );
  }
  pending.commit();
  prune(layout, name);
  return { ...resultOf(installation, true), started: selfTest !== undefined, selfTest };
}

/** Starts or reloads the module and knocks at its socket; `undefined` if nobody runs modules, or it is not wanted. */
async function startAndTest(
  { layout, home, start }: Installation,
  { name, running, unitChanged }: Interrupted,
  events: InstallEvents,
): Promise<Knock | undefined> {
  if (!start || home.kind === "none") return undefined;
  events.progress(running ? "reloading" : "starting");
  await (running ? home.reload(name, unitChanged) : home.start(name));
  events.progress("testing");
  return await knock(socketPath(layout, name));
}

function messageOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return isDiskFull(message) ? `the disk is full: make room and try again (${message})` : message;
}

/** Whether a message is about a disk that is full. */
export function isDiskFull(message: string): boolean {
  return /ENOSPC|No space left/i.test(message);
}

/** What is there to say about a plan, made true or not. */
export function resultOf({ layout, home, plan, record, start }: Installation, accepted: boolean): AddResult {
  const { name } = plan;
  const { hooks, grants } = record.current.declaration;
  return {
    name,
    sha256: record.current.sha256,
    plan,
    accepted,
    pamLines: pamLines({ ...shimWords(layout), name, hooks, grants }),
    breakGlass: breakGlassLines(hooks),
    started: false,
    selfTest: undefined,
    advice: accepted ? adviceOf(home, name, start) : [],
  };
}

function adviceOf(home: Home, name: string, start: boolean): string[] {
  return [
    ...home.kind === "none" || start
      ? [home.describe(name)]
      : [`It is not served yet: run \`pam-deno reload ${name}\``],
    "Keep a shell of root open while you change a file of /etc/pam.d, and try it with pamtester(1) before anybody has to rely on it.",
  ];
}

/** Bundles are named by what is in them: writing one changes nothing that counts. */
function writeBundle({ layout, plan, bundled }: Installation): void {
  if (!bundled) return;
  const folder = moduleStateDir(layout, plan.name);
  Deno.mkdirSync(folder, { recursive: true, mode: 0o755 });
  checkPlace(folder);
  const { sha256, code, map, lock } = bundled;
  if (lock !== undefined) writeWhole(join(folder, `${sha256}.lock`), lock);
  if (map) writeWhole(join(folder, map.name), map.text);
  writeWhole(bundleFile(layout, plan.name, sha256), code);
}

function changesOf({ layout, plan, record }: Installation): Change[] {
  const { name, configuration } = plan;
  const dropIn = dropInChange(layout, parseModuleConfig(configuration, name, configFile(layout, name)));
  return [
    ...dropIn ? [dropIn] : [],
    { path: configFile(layout, name), kind: "file", content: configuration },
    { path: hookLink(layout, name), kind: "link", content: record.current.declaration.hooks.join(",") },
    { path: recordFile(layout, name), kind: "file", content: `${JSON.stringify(record, null, 2)}\n` },
  ];
}

/** What is installed once `current` is, after what was installed before. `configuration` is the text of the file now. */
export function nextRecord(
  current: InstalledBundle,
  before: InstallRecord | undefined,
  configuration: string | undefined,
): InstallRecord {
  if (!before) return { current, previous: [] };
  // Whoever goes back wants what was served, with what was changed in the file since.
  const last = { ...before.current, configuration: configuration ?? before.current.configuration };
  const same = last.sha256 === current.sha256 && last.configuration === current.configuration;
  const previous = same ? before.previous : [last, ...before.previous];
  return { current, previous: previous.slice(0, PREVIOUS_MAX) };
}

/** Notices that somebody wants it to stop, so that it is put back in order. */
class Interruption implements Disposable {
  readonly #asked = Promise.withResolvers<never>();
  readonly #listener: () => void;
  #isAsked = false;

  constructor() {
    this.#asked.promise.catch(() => {});
    this.#listener = () => {
      this.#isAsked = true;
      this.#asked.reject(new InstallError("it was interrupted"));
    };
    for (const signal of SIGNALS) Deno.addSignalListener(signal, this.#listener);
  }

  throwIfAsked(): void {
    if (this.#isAsked) throw new InstallError("it was interrupted");
  }

  race<T>(promise: Promise<T>): Promise<T> {
    return Promise.race([promise, this.#asked.promise]);
  }

  [Symbol.dispose](): void {
    for (const signal of SIGNALS) Deno.removeSignalListener(signal, this.#listener);
  }
}

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** The text of a module's configuration file; `undefined` if there is none. */
export function readConfiguration(layout: Layout, name: string): string | undefined {
  const file = configFile(layout, name);
  const found = stat(file);
  if (!found) return undefined;
  if (!found.isFile) throw new InstallError(`${file} is in the way: it is not a regular file; remove it`);
  checkPlace(dirname(file));
  return Deno.readTextFileSync(file);
}
