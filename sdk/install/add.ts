// SPDX-License-Identifier: MIT
/**
 * Installs a module, or another version of it.
 *
 * @module
 */

import { basename, dirname, resolve } from "node:path";
import { MODULE_NAME, type ModuleConfig, parseModuleConfig } from "../config/config.ts";
import { configFile, type Layout } from "../config/layout.ts";
import { isPackage, moduleProblem, parseSpecifier } from "../config/specifier.ts";
import { codeOf } from "../failure_codes.ts";
import type { Declaration } from "../supervisor/probe.ts";
import { PAM_DENO_VERSION } from "../version.ts";
import { RESERVED_NAMES } from "../words.ts";
import { sha256Of } from "./bundle_names.ts";
import { type Configuration, describePermissions, makeConfiguration } from "./configuration.ts";
import { describeBundle } from "./describe.ts";
import { type AddResult, InstallError, type InstallEvents } from "./events.ts";
import { findHome } from "./home.ts";
import { install, isDiskFull, nextRecord, prepareFolders, readConfiguration, resultOf } from "./install.ts";
import { lockState } from "./journal.ts";
import { type AddPlan, compare, compareDeclarations } from "./plan.ts";
import { type InstalledBundle, type InstallRecord, readRecord, RecordError } from "./record.ts";
import { recover } from "./recover.ts";
import { makeStage, StageError } from "./stage.ts";
import { bundleAsThrowaway, type Bundled, type Source, ThrowawayError } from "./throwaway.ts";

export { type AddResult, InstallError, type InstallEvents };

/** What to add. */
export interface AddOptions {
  /** Where everything is. */
  readonly layout: Layout;
  /** A file or folder, `npm:NAME@VERSION`, `jsr:@SCOPE/NAME@VERSION`, or a ready bundle's file together with {@linkcode AddOptions.sha256}. */
  readonly specifier: string;
  /** The module's name; by default it is taken from the specifier. */
  readonly name?: string | undefined;
  /** The SHA-256 that a ready bundle must have, in hexadecimal. With it nothing is bundled and nothing is downloaded. */
  readonly sha256?: string | undefined;
  /** Options to write into the configuration; they go over those that stand there. */
  readonly options?: Readonly<Record<string, unknown>> | undefined;
  /** Words of the `"dangerous"` list that the administrator accepts. */
  readonly dangerous?: readonly string[] | undefined;
  /** Whether to start or reload it where a supervisor runs. Default true. */
  readonly start?: boolean | undefined;
}

/** The largest ready bundle, in bytes. */
const READY_BYTES_MAX = 32 * 1024 ** 2;

/** Names of files that say nothing about a module. */
const NAMELESS = /^(?:module|mod|main|index|bundle)$/;

/**
 * Adds a module, or changes it to another version: bundles it as a throwaway user, asks, installs and starts it.
 *
 * @throws {InstallError} saying what is wrong; then everything is as it was.
 * @throws {ConfigError} if the configuration that is there is wrong.
 * @throws {PlaceError} if somebody else could change where it is to be installed.
 */
export async function addModule(options: AddOptions, events: InstallEvents): Promise<AddResult> {
  const { layout } = options;
  const source = await readSource(options);
  const name = options.name ?? nameOf(source);
  checkName(name, options);
  using _lock = lockState(layout);
  const home = findHome(layout);
  const recovered = await recover(layout, home);
  if (recovered) events.progress(`put back what an interrupted command left of ${recovered}`);
  prepareFolders(layout);
  const before = readConfiguration(layout, name);
  const { record, damaged } = readRecordIfFit(layout, name);
  if (options.name === undefined) refuseTaken(name, source, before, record);
  const file = configFile(layout, name);
  const set = options.options ?? {};
  const held = before === undefined ? undefined : parseModuleConfig(before, name, file);
  const told = { ...held?.options, ...set };
  const { bundled, declaration } = await look(layout, source, { name, told }, events);
  const configuration = makeConfiguration({
    name,
    file,
    before,
    specifier: bundled.specifier,
    declaration,
    options: set,
    dangerous: options.dangerous ?? [],
  });
  const current: InstalledBundle = {
    specifier: bundled.specifier,
    sha256: bundled.sha256,
    declaration,
    configuration: configuration.text,
    runtime: PAM_DENO_VERSION,
    installed: new Date().toISOString(),
  };
  const warnings = [...damaged, ...bundled.warnings, ...configuration.warnings];
  const plan = makePlan({
    name,
    current,
    before,
    held,
    configuration,
    upgradeFrom: record?.current,
    copied: bundled.copied,
    warnings,
  });
  const installation = {
    layout,
    home,
    plan,
    bundled,
    record: nextRecord(current, record, before),
    start: options.start ?? true,
  };
  if (!await events.confirm(plan)) return resultOf(installation, false);
  return await install(installation, events);
}

/** Bundles and loads it. Nothing of its sources is left when this is over: whoever is asked may think for long. */
async function look(
  layout: Layout,
  source: Source,
  { name, told }: { readonly name: string; readonly told: Readonly<Record<string, unknown>> },
  events: InstallEvents,
): Promise<{ bundled: Bundled; declaration: Declaration }> {
  using stage = makeStage(layout);
  const bundled = await bundle(layout, source, stage.path, events);
  events.progress("loading it without permissions");
  return { bundled, declaration: await describeBundle(layout, bundled, told, { name, stage: stage.path }) };
}

async function bundle(
  layout: Layout,
  source: Source,
  stage: string,
  events: InstallEvents,
): Promise<Bundled> {
  events.progress(source.kind === "ready" ? "checking the bundle" : "bundling");
  try {
    return await bundleAsThrowaway(layout, source, stage);
  } catch (error) {
    if (error instanceof StageError || error instanceof ThrowawayError) {
      throw new InstallError(error.message, codeOf(error));
    }
    if (error instanceof Error && isDiskFull(error.message)) {
      throw new InstallError(
        `${layout.stateDir}: the disk is full: nothing was changed; make room and try again`,
      );
    }
    throw error;
  }
}

/** What the specifier names. */
async function readSource({ specifier, sha256 }: AddOptions): Promise<Source> {
  const problem = moduleProblem(specifier);
  if (problem) throw new InstallError(`${JSON.stringify(specifier)} ${problem}`);
  if (isPackage(specifier)) {
    if (sha256 !== undefined) {
      throw new InstallError("--sha256 is for a ready bundle's file, not for a package");
    }
    const { registry, name, version } = parseSpecifier(specifier);
    return { kind: registry, name, version };
  }
  const path = resolve(specifier);
  return sha256 === undefined
    ? { kind: "path", path }
    : { kind: "ready", path, code: await readReady(path, sha256) };
}

async function readReady(path: string, sha256: string): Promise<string> {
  let bytes;
  try {
    if (Deno.statSync(path).size > READY_BYTES_MAX) {
      throw new InstallError(`${path}: more than ${READY_BYTES_MAX / 1024 ** 2} MiB: not a bundle`);
    }
    bytes = Deno.readFileSync(path);
  } catch (error) {
    if (error instanceof InstallError) throw error;
    throw new InstallError(`${path}: cannot be read (${(error as Error).message})`);
  }
  let code;
  try {
    code = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new InstallError(`${path}: not UTF-8: not a bundle`);
  }
  const found = await sha256Of(code);
  if (found === sha256.toLowerCase()) return code;
  throw new InstallError(
    `${path}: its SHA-256 is ${found}, not ${sha256}: it is not the bundle that was meant`,
  );
}

/** A module's name, from what is added. */
function nameOf(source: Source): string {
  const raw = source.kind === "path" || source.kind === "ready"
    ? nameOfPath(source.path)
    : source.name.split("/").at(-1)!;
  return raw.toLowerCase().replace(/[^a-z0-9_-]+/g, "-").replace(/^pam-deno-(?=.)/, "").replace(
    /^[-_]+|[-_]+$/g,
    "",
  );
}

function nameOfPath(path: string): string {
  const stem = basename(path).replace(/\.[a-z]+$/i, "");
  return NAMELESS.test(stem) ? basename(dirname(path)) : stem;
}

function checkName(name: string, { specifier, name: given }: AddOptions): void {
  const hint = given === undefined ? `: no name can be made of ${specifier}; give one with --name` : "";
  if (!MODULE_NAME.test(name)) {
    throw new InstallError(
      `${
        JSON.stringify(name)
      } is not the name of a module: it has only a-z, 0-9, _ and -, at most 64, begins with a letter or digit, and is not pam-deno${hint}`,
    );
  }
  if (RESERVED_NAMES.has(name)) {
    throw new InstallError(
      `${JSON.stringify(name)} is a word of libpam's own on every pam.d line: give another name with --name`,
    );
  }
}

function readRecordIfFit(
  layout: Layout,
  name: string,
): { record: InstallRecord | undefined; damaged: string[] } {
  try {
    return { record: readRecord(layout, name), damaged: [] };
  } catch (error) {
    if (!(error instanceof RecordError)) throw error;
    return {
      record: undefined,
      damaged: [`What was installed before is not known any more: ${error.message}`],
    };
  }
}

/** A name that was not given may be somebody else's already. */
function refuseTaken(
  name: string,
  source: Source,
  before: string | undefined,
  record: InstallRecord | undefined,
): void {
  const held = record?.current.specifier ??
    (before === undefined ? undefined : "something that was not added");
  if (held === undefined || originOf(held) === originOf(specifierOf(source))) return;
  const folder = source.kind === "path" && (held === source.path || held.startsWith(`${source.path}/`));
  if (folder) return;
  throw new InstallError(
    `${name} is there already, and is ${held}: to put this in its place, say --name ${name}; else give it another name with --name`,
  );
}

function specifierOf(source: Source): string {
  return source.kind === "path" || source.kind === "ready"
    ? source.path
    : `${source.kind}:${source.name}@${source.version}`;
}

/** A specifier without its version. */
function originOf(specifier: string): string {
  return isPackage(specifier) ? specifier.replace(/@[^@/]*$/, "") : specifier;
}

interface PlanOptions {
  readonly name: string;
  readonly current: InstalledBundle;
  /** The text of the configuration file. */
  readonly before: string | undefined;
  readonly copied?: AddPlan["copied"];
  /** What it says, or said when it was last right. */
  readonly held: ModuleConfig | undefined;
  readonly configuration: Configuration;
  readonly upgradeFrom: InstalledBundle | undefined;
  readonly warnings: readonly string[];
}

/** Compares what would be installed with what is. */
export function makePlan(
  { name, current, before, held, configuration, upgradeFrom, copied, warnings }: PlanOptions,
): AddPlan {
  return {
    name,
    specifier: current.specifier,
    sha256: current.sha256,
    upgradeFrom,
    permissions: compare(held ? describePermissions(held) : [], describePermissions(configuration.config)),
    ...compareDeclarations(upgradeFrom?.declaration, current.declaration),
    copied,
    dangerous: compare(held?.dangerous ?? [], configuration.config.dangerous),
    warnings,
    configurationBefore: before,
    configuration: configuration.text,
  };
}
