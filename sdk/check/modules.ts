// SPDX-License-Identifier: MIT
/**
 * Looks at what is configured and installed for each module, and whether the two are in step.
 *
 * @module
 */

import { dirname, join } from "node:path";
import {
  ConfigError,
  listModules,
  MODULE_NAME,
  type ModuleConfig,
  readModuleConfig,
} from "../config/config.ts";
import { configFile, hookLink, journalFile, type Layout, moduleStateDir } from "../config/layout.ts";
import { missingPermissions, resolvePermissions, type ScopedPermissions } from "../config/permissions.ts";
import { stat } from "../config/place.ts";
import { type Hook, HOOKS } from "../hooks.ts";
import { bundleFile, type InstallRecord, readRecord, RecordError, recordFile } from "../install/record.ts";
import { dropInFile, unitDropIn } from "../install/unit.ts";
import {
  installedSource,
  type ModuleSource,
  refuseMissing,
  SourceError,
  startWarnings,
} from "../supervisor/source.ts";
import { PAM_DENO_VERSION } from "../version.ts";
import { type Finding, finding } from "./finding.ts";
import { checkFolder, checkOwner, unreadable } from "./places.ts";

/** What is known of a module. */
export interface KnownModule {
  /** Its name. */
  readonly name: string;
  /** Its configuration, if it is there and right. */
  readonly config: ModuleConfig | undefined;
  /** The hooks that its link lists: what the shim goes by; `undefined` if there is no good link. */
  readonly linked: readonly Hook[] | undefined;
  /** What is installed for it, if it was installed and is unchanged. */
  readonly source: ModuleSource | undefined;
}

/** The modules of a layout, and what is wrong with them. */
export interface Modules {
  /** Every module that has a configuration file or a link. */
  readonly known: ReadonlyMap<string, KnownModule>;
  /** What is wrong. */
  readonly findings: readonly Finding[];
}

/** Reads all modules; `wanted` says of which the findings are wanted. */
export async function readModules(
  layout: Layout,
  systemd: boolean,
  wanted: (name: string) => boolean,
): Promise<Modules> {
  const known = new Map<string, KnownModule>();
  const findings: Finding[] = [];
  const { names, strange, problem } = listConfigured(layout);
  if (problem) findings.push(problem);
  for (const file of strange) {
    const what = "it is not NAME.jsonc with a NAME of a-z, 0-9, _ and -, other than pam-deno: it is not used";
    findings.push(finding("warning", "config-strange", file, what, "rename or remove it"));
  }
  findings.push(...checkInterrupted(layout));
  for (const name of new Set([...names, ...linkedNames(layout)])) {
    const reading = new Reading(layout, name, systemd, names.includes(name));
    known.set(name, await reading.read());
    if (wanted(name)) findings.push(...reading.findings);
  }
  return { known, findings };
}

function checkInterrupted(layout: Layout): Finding[] {
  const file = journalFile(layout);
  if (!stat(file)) return [];
  const what =
    "a command that installs is at work, or was interrupted: what it was to change may be half-done";
  return [
    finding(
      "warning",
      "change-pending",
      file,
      what,
      "wait for it; if nobody is at work, `pam-deno reload` puts back what was there, like any command that changes something",
    ),
  ];
}

function listConfigured({ configDir }: Layout): { names: string[]; strange: string[]; problem?: Finding } {
  try {
    return listModules(configDir);
  } catch (error) {
    // That the folder is missing is said with the other folders.
    return error instanceof ConfigError
      ? { names: [], strange: [] }
      : { names: [], strange: [], problem: unreadable(join(configDir, "modules"), error) };
  }
}

function linkedNames({ configDir }: Layout): string[] {
  try {
    return [...Deno.readDirSync(join(configDir, "hooks"))].map(({ name }) => name).filter((name) =>
      MODULE_NAME.test(name)
    );
  } catch {
    return [];
  }
}

/** The hooks that a link lists; `undefined` if it is none, or lists something else. */
export function readHookLink(layout: Layout, name: string): Hook[] | undefined {
  try {
    const words = Deno.readLinkSync(hookLink(layout, name)).split(",");
    return words.every((word) => Object.hasOwn(HOOKS, word)) ? words as Hook[] : undefined;
  } catch {
    return undefined;
  }
}

/** One module being looked at. */
class Reading {
  readonly findings: Finding[] = [];
  readonly #layout: Layout;
  readonly #name: string;
  readonly #systemd: boolean;
  readonly #configured: boolean;
  readonly #file: string;

  constructor(layout: Layout, name: string, systemd: boolean, configured: boolean) {
    this.#layout = layout;
    this.#name = name;
    this.#systemd = systemd;
    this.#configured = configured;
    this.#file = configFile(layout, name);
  }

  async read(): Promise<KnownModule> {
    const config = this.#configured ? this.#readConfig() : undefined;
    const record = this.#readRecord();
    const source = await this.#readSource(record);
    if (config) {
      this.#checkDangers(config);
      this.#checkStep(config, record);
      this.#checkDropIn(config, record);
      if (source) this.#checkPermissions(config, source);
    }
    return { name: this.#name, config, linked: readHookLink(this.#layout, this.#name), source };
  }

  #add(severity: Finding["severity"], id: Finding["id"], where: string, what: string, remedy: string): void {
    this.findings.push(finding(severity, id, where, what, remedy));
  }

  #readConfig(): ModuleConfig | undefined {
    try {
      return readModuleConfig(this.#layout.configDir, this.#name);
    } catch (error) {
      if (!(error instanceof ConfigError)) this.findings.push(unreadable(this.#file, error));
      else for (const line of error.message.split("\n")) this.#addConfigError(line);
      return undefined;
    }
  }

  /** A line is `FILE:LINE:COLUMN: what`, or `FILE: what`. */
  #addConfigError(line: string): void {
    const [, where = this.#file, what = line] = /^(\/[^\n]*?(?::\d+:\d+)?): (.*)$/s.exec(line) ?? [];
    const remedy = `mend the file, then run \`pam-deno reload ${this.#name}\``;
    this.#add("error", "config-invalid", where, what, remedy);
  }

  #readRecord(): InstallRecord | undefined {
    const file = recordFile(this.#layout, this.#name);
    try {
      refuseSpecial(file);
      const record = readRecord(this.#layout, this.#name);
      if (record) {
        this.findings.push(...checkFolder(moduleStateDir(this.#layout, this.#name), ""));
        this.findings.push(...checkOwner(file, "what is served under this name"));
      }
      return record;
    } catch (error) {
      if (!(error instanceof RecordError)) this.findings.push(unreadable(file, error));
      else {
        this.#add(
          "error",
          "record-damaged",
          file,
          error.message,
          `run \`pam-deno add\` again, or \`pam-deno remove ${this.#name}\``,
        );
      }
      return undefined;
    }
  }

  async #readSource(record: InstallRecord | undefined): Promise<ModuleSource | undefined> {
    if (!record) return undefined;
    try {
      refuseSpecial(bundleFile(this.#layout, this.#name, record.current.sha256));
      const source = await installedSource(this.#layout, this.#name);
      if (source) this.findings.push(...checkOwner(source.file, "the bundle, and so what decides"));
      return source;
    } catch (error) {
      const where = moduleStateDir(this.#layout, this.#name);
      if (!(error instanceof SourceError)) this.findings.push(unreadable(where, error));
      else {
        const remedy = `run \`pam-deno add\` again, or \`pam-deno rollback ${this.#name}\``;
        this.#add("error", "bundle-changed", where, error.message, remedy);
      }
      return undefined;
    }
  }

  #checkDangers(config: ModuleConfig): void {
    for (const danger of startWarnings(config)) {
      this.#add(
        "warning",
        "dangerous",
        config.file,
        danger,
        "take it out unless this module cannot do without",
      );
    }
  }

  #checkStep({ module, file }: ModuleConfig, record: InstallRecord | undefined): void {
    if (!record) return this.#checkUninstalled(module, file);
    const { specifier, runtime } = record.current;
    const again = `run \`pam-deno add ${module} --name ${this.#name}\``;
    if (specifier !== module) {
      const what = `it names ${module}, but ${specifier} is installed, and served`;
      this.#add("error", "not-in-step", file, what, `${again}, or write the other back`);
    }
    if (runtime !== PAM_DENO_VERSION) {
      const what =
        `its bundle was made by pam-deno ${runtime}, with that version's SDK in it; this is ${PAM_DENO_VERSION}`;
      this.#add("note", "bundle-older", file, what, `${again} when it suits`);
    }
  }

  #checkUninstalled(module: string, file: string): void {
    if (!module.startsWith("/")) {
      const what = `${module} is not installed: it is not served`;
      return this.#add(
        "error",
        "not-installed",
        file,
        what,
        `run \`pam-deno add ${module} --name ${this.#name}\``,
      );
    }
    if (!stat(module)) {
      return this.#add("error", "module-missing", file, `${module}: there is no such file`, 'mend "module"');
    }
    const what = `${module} is not installed: it is bundled from its sources whenever it is started`;
    this.#add("note", "not-installed", file, what, `run \`pam-deno add ${module} --name ${this.#name}\``);
    const unsafe = [
      ...checkOwner(module, "the module, and so what decides"),
      ...checkFolder(dirname(module), ""),
    ];
    for (const { where, what, remedy } of unsafe) this.#add("warning", "module-unsafe", where, what, remedy);
  }

  #checkPermissions(config: ModuleConfig, { declaration }: ModuleSource): void {
    try {
      refuseMissing(config, declaration);
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      return this.#addConfigError(error.message);
    }
    const needed = resolvePermissions(declaration.permissions, config.options).permissions;
    const unused = missingPermissions(withoutOwn(config), needed);
    if (unused.length === 0) return;
    const what = `the module does not ask for all that it is granted: ${unused.join(", ")}`;
    this.#add("note", "permissions-unused", config.file, what, 'take it out of "permissions"');
  }

  /** The drop-in is of use where systemd runs modules; one that is there must be right in any case. */
  #checkDropIn(config: ModuleConfig, record: InstallRecord | undefined): void {
    const file = dropInFile(this.#layout, this.#name);
    const wanted = unitDropIn(config);
    const found = readText(file);
    if (found !== undefined) this.findings.push(...checkOwner(file, "the sandbox of a module"));
    if (found === wanted || (found === undefined && !(this.#systemd && record))) return;
    const what = found === undefined
      ? "there is no such file, so systemd's sandbox stays closer than the permissions granted"
      : "it was made from another configuration: systemd's sandbox is not what the module is granted";
    this.#add("error", "drop-in-stale", file, what, `run \`pam-deno reload ${this.#name}\``);
  }
}

/** What is granted without the folders of the module's own that its configuration brings. */
function withoutOwn({ permissions, state, credentials }: ModuleConfig): ScopedPermissions {
  const own = [state, ...credentials.map(({ path }) => path)].filter((path) => path !== undefined);
  return Object.fromEntries(
    Object.entries(permissions).map(([kind, scopes]) => [
      kind,
      Array.isArray(scopes) ? scopes.filter((scope) => !own.includes(scope)) : scopes,
    ]),
  );
}

/** Whatever is no regular file may have no end, or wait for somebody. */
function refuseSpecial(file: string): void {
  try {
    if (!Deno.statSync(file).isFile) throw new Error(`${file} is not a regular file`);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

function readText(file: string): string | undefined {
  refuseSpecial(file);
  try {
    return Deno.readTextFileSync(file);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
