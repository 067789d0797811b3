// SPDX-License-Identifier: MIT
/**
 * Goes back to what was served before.
 *
 * @module
 */

import { ConfigError, type ModuleConfig, parseModuleConfig } from "../config/config.ts";
import { configFile, type Layout } from "../config/layout.ts";
import { stat } from "../config/place.ts";
import { makePlan } from "./add.ts";
import { sha256Of } from "./bundle_names.ts";
import { type AddResult, InstallError, type InstallEvents } from "./events.ts";
import { findHome } from "./home.ts";
import { install, prepareFolders, readConfiguration, resultOf } from "./install.ts";
import { lockState, writeWhole } from "./journal.ts";
import { bundleFile, type InstalledBundle, type InstallRecord, PREVIOUS_MAX, readRecord } from "./record.ts";
import { recover } from "./recover.ts";

/** What to go back to. */
export interface RollbackOptions {
  /** Where everything is. */
  readonly layout: Layout;
  /** The module's name. */
  readonly name: string;
  /** The first digits of the SHA-256 of an earlier bundle; by default the one before. */
  readonly to?: string | undefined;
  /** Whether to reload it where a supervisor runs. Default true. */
  readonly start?: boolean | undefined;
}

/**
 * Restores the bundle and the configuration that were there before. What is there now is kept, to go back to in turn; a configuration
 * that is wrong is kept beside its file.
 *
 * @throws {InstallError} if there is nothing to go back to, or it does not start: then everything is as it was.
 * @throws {RecordError} if the record of what was installed is damaged.
 */
export async function rollbackModule(options: RollbackOptions, events: InstallEvents): Promise<AddResult> {
  const { layout, name, start } = options;
  using _lock = lockState(layout);
  const home = findHome(layout);
  await recover(layout, home);
  prepareFolders(layout);
  const record = readRecord(layout, name);
  if (!record) throw new InstallError(`${name}: it was not added: \`pam-deno status\` shows what is there`);
  const target = choose(record, options);
  await checkBundle(layout, name, target);
  const file = configFile(layout, name);
  const before = readConfiguration(layout, name);
  const config = parseModuleConfig(target.configuration, name, file);
  const held = readHeld(record, before, name, file);
  const plan = makePlan({
    name,
    current: target,
    before,
    held: held.config,
    configuration: { text: target.configuration, config, warnings: [] },
    upgradeFrom: record.current,
    warnings: held.problem === undefined ? [] : [`${held.problem}: it is kept as ${brokenFile(file)}`],
  });
  const installation = {
    layout,
    home,
    plan,
    bundled: undefined,
    record: recordAfter(record, target, held.text),
    start: start ?? true,
  };
  if (!await events.confirm(plan)) return resultOf(installation, false);
  if (held.problem !== undefined) writeWhole(brokenFile(file), before!);
  return await install(installation, events);
}

/** Where a configuration is kept that nobody can serve with: nobody takes it for a module's. */
function brokenFile(file: string): string {
  return `${file}.broken~`;
}

/** What is configured now: at three in the morning it may be what has to be gone back from. */
interface Held {
  /** The text to go back to in turn; `undefined` if it is the one that was installed. */
  readonly text: string | undefined;
  /** What it says, if it says anything. */
  readonly config: ModuleConfig | undefined;
  /** What is wrong with the file. */
  readonly problem?: string;
}

function readHeld({ current }: InstallRecord, before: string | undefined, name: string, file: string): Held {
  if (before === undefined) return { text: undefined, config: undefined };
  try {
    return { text: before, config: parseModuleConfig(before, name, file) };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const [problem] = error.message.split("\n");
    return { text: undefined, config: parseIfFit(current.configuration, name, file), problem: problem! };
  }
}

/** A later version of pam-deno may have written what this one does not know. */
function parseIfFit(text: string, name: string, file: string): ModuleConfig | undefined {
  try {
    return parseModuleConfig(text, name, file);
  } catch (error) {
    if (error instanceof ConfigError) return undefined;
    throw error;
  }
}

function choose({ previous }: InstallRecord, { name, to }: RollbackOptions): InstalledBundle {
  const [last] = previous;
  if (!last) {
    throw new InstallError(`${name}: there is nothing to go back to: only one version of it was ever added`);
  }
  if (to === undefined) return last;
  const found = previous.filter(({ sha256 }) => sha256.startsWith(to.toLowerCase()));
  const distinct = new Set(found.map(({ sha256 }) => sha256));
  if (distinct.size === 1) return found[0]!;
  const known = previous.map(({ sha256, specifier }) => `  ${sha256.slice(0, 16)} ${specifier}`).join("\n");
  throw new InstallError(
    `${name}: ${
      distinct.size === 0 ? "no earlier bundle begins" : "several earlier bundles begin"
    } with ${to}; there are\n${known}`,
  );
}

/** What is installed then: the target, and before it what is there now. */
function recordAfter(
  record: InstallRecord,
  target: InstalledBundle,
  configuration: string | undefined,
): InstallRecord {
  const now = { ...record.current, configuration: configuration ?? record.current.configuration };
  const previous = [now, ...record.previous.filter((one) => one !== target)];
  return { current: target, previous: previous.slice(0, PREVIOUS_MAX) };
}

async function checkBundle(layout: Layout, name: string, { sha256 }: InstalledBundle): Promise<void> {
  const file = bundleFile(layout, name, sha256);
  if (!stat(file)?.isFile) {
    throw new InstallError(`${file} is gone: add that version again with \`pam-deno add\``);
  }
  if (await sha256Of(Deno.readTextFileSync(file)) === sha256) return;
  throw new InstallError(
    `${file} is not what was installed: find out who changed it, then add that version again with \`pam-deno add\``,
  );
}
