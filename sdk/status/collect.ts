// SPDX-License-Identifier: MIT
/**
 * Puts together what can be said of each module: what is configured, what is installed, who runs it, and what its supervisor wrote.
 *
 * @module
 */

import { join } from "node:path";
import { ConfigError, listModules, MODULE_NAME, parseModuleConfig } from "../config/config.ts";
import { configFile, type Layout, socketPath } from "../config/layout.ts";
import { stat } from "../config/place.ts";
import { type InstallRecord, readRecord, RecordError } from "../install/record.ts";
import { suggestion } from "../nearest.ts";
import { knock, KnockError } from "../supervisor/knock.ts";
import { isProcess, lockHolder } from "../supervisor/lock_holder.ts";
import { type ModuleStatus, readStatus, StatusError } from "../supervisor/status_file.ts";
import { STATUS_FILE } from "../supervisor/status_writer.ts";
import { SERVICE_WORKERS_DIR, type UnitStatus, unitStatus } from "./homes.ts";

/** A status is of now if it was written within this time: a supervisor writes it every second. */
export const STATUS_AGE_MAX_MS = 5_000;

/** How long somebody may take to answer at a module's socket, in ms: a worker that is ready does at once. */
const KNOCK_MAX_MS = 2_000;

/** What is read of a configuration file, in bytes: nobody serves a longer one. */
const CONFIG_BYTES_MAX = 65_536;

/**
 * How a module is.
 *
 * - `"serving"`: it decides, and answers whoever may ask
 * - `"starting"`: its first worker is not ready yet
 * - `"failing"`: somebody runs it, and it cannot decide
 * - `"stopped"`: nobody runs it
 * - `"stale"`: its supervisor should be there and has not written for {@linkcode STATUS_AGE_MAX_MS}, or was killed
 * - `"not_installed"`: it is configured, and nothing was installed for it
 * - `"unknown"`: it is neither configured nor installed, or somebody runs it and whoever asks may not look
 */
export type ModuleState =
  | "serving"
  | "starting"
  | "failing"
  | "stopped"
  | "stale"
  | "not_installed"
  | "unknown";

/** What is installed for a module, in short. */
export interface InstalledSummary {
  /** The SHA-256 of its bundle. */
  readonly sha256: string;
  /** What was asked for. */
  readonly specifier: string;
  /** When, in ISO 8601 with UTC. */
  readonly since: string;
  /** The version of pam-deno that bundled it. */
  readonly runtime: string;
}

/** What can be said of a module. */
export interface ModuleReport {
  /** Its name. */
  readonly name: string;
  /** How it is. */
  readonly state: ModuleState;
  /** Why it is not well, or what else somebody should do; a sentence each. */
  readonly notes: readonly string[];
  /** Whether there is a configuration file. */
  readonly configured: boolean;
  /** What is installed. */
  readonly installed: InstalledSummary | undefined;
  /** Who runs it, or would. */
  readonly home: "systemd" | "serve" | "none";
  /** What systemd says of it. */
  readonly unit: UnitStatus | undefined;
  /** What its supervisor wrote last. Under systemd it is the word of the module's own user. */
  readonly status: ModuleStatus | undefined;
  /** Whether that is of now. */
  readonly current: boolean;
  /** How the log is read. */
  readonly log: string;
}

/** What {@linkcode collectStatus} found. */
export interface StatusReport {
  /** When. */
  readonly at: Date;
  /** The modules, by name. */
  readonly modules: readonly ModuleReport[];
}

/** Whether every module that was looked at is served. */
export function allServing({ modules }: StatusReport): boolean {
  return modules.every(({ state }) => state === "serving");
}

/**
 * Looks at the modules `names`, or at all that are configured or installed. It only reads. Most of it needs root, or to be the user
 * who serves: what may not be read is noted.
 */
export async function collectStatus(layout: Layout, names?: readonly string[]): Promise<StatusReport> {
  const configured = configuredNames(layout);
  const known = [...new Set([...configured, ...installedNames(layout)])].sort();
  const wanted = names === undefined || names.length === 0 ? known : [...new Set(names)].sort();
  const server = lockHolder(layout.runtimeDir);
  const problems: string[] = [];
  let units: ReadonlyMap<string, UnitStatus> | undefined;
  try {
    // Who serves the sockets by hand has them: what systemd says of its own is of no use then.
    if (server === undefined) units = await unitStatus(layout, wanted);
  } catch (error) {
    problems.push(`systemd could not be asked: ${(error as Error).message}`);
  }
  const at = new Date();
  const modules = await Promise.all(wanted.map((name) => {
    const unit = units?.get(name);
    const look = new Look({ layout, name, at, server, known, unit, problems });
    return answering(layout, look.report(configured.includes(name)));
  }));
  return { at, modules };
}

/**
 * The same report, or that it fails after all because nobody answers at the module's socket: what its supervisor writes says nothing
 * about that, and a module's own code can shut the socket. Who may not ask is left with what there is.
 */
async function answering(layout: Layout, report: ModuleReport): Promise<ModuleReport> {
  if (report.state !== "serving") return report;
  const { name, notes } = report;
  const path = socketPath(layout, name);
  try {
    await knock(path, KNOCK_MAX_MS);
  } catch (error) {
    if (error instanceof KnockError && !error.isAnswered) {
      const note = `nobody answers at its socket ${path} (${error.message}): \`pam-deno reload ${name}\``;
      return { ...report, state: "failing", notes: [...notes, note] };
    }
    const mayNot = [Deno.errors.PermissionDenied, Deno.errors.NotCapable].some((kind) =>
      error instanceof kind
    );
    if (!mayNot && !(error instanceof KnockError)) throw error;
  }
  return report;
}

function configuredNames({ configDir }: Layout): string[] {
  try {
    return listModules(configDir).names;
  } catch (error) {
    if (error instanceof ConfigError) return [];
    throw error;
  }
}

function installedNames({ stateDir }: Layout): string[] {
  try {
    const folder = [...Deno.readDirSync(join(stateDir, "modules"))];
    return folder.filter(({ name, isDirectory }) => isDirectory && MODULE_NAME.test(name)).map(({ name }) =>
      name
    );
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}

interface LookOptions {
  readonly layout: Layout;
  readonly name: string;
  readonly at: Date;
  readonly server: number | undefined;
  readonly known: readonly string[];
  readonly unit: UnitStatus | undefined;
  readonly problems: readonly string[];
}

/** A look at one module. */
class Look {
  readonly #options: LookOptions;
  readonly #notes: string[];
  #unreadable = false;

  constructor(options: LookOptions) {
    this.#options = options;
    this.#notes = [...options.problems];
  }

  report(configured: boolean): ModuleReport {
    const { name, unit, server } = this.#options;
    if (configured) this.#checkConfiguration();
    const record = this.#readRecord();
    const status = this.#readStatus();
    const current = status !== undefined && this.#isCurrent(status);
    const state = this.#state(configured, record, status, current);
    const { current: bundle } = record ?? {};
    if (current && bundle !== undefined && status.bundle !== bundle.sha256) {
      this.#notes.push(`it serves another bundle than is installed: \`pam-deno reload ${name}\``);
    }
    return {
      name,
      state,
      notes: this.#notes,
      configured,
      installed: bundle && {
        sha256: bundle.sha256,
        specifier: bundle.specifier,
        since: bundle.installed,
        runtime: bundle.runtime,
      },
      home: server !== undefined ? "serve" : unit !== undefined ? "systemd" : "none",
      unit,
      status,
      current,
      log: unit === undefined ? "the output of `pam-deno serve`" : `journalctl -u pam-deno@${name}`,
    };
  }

  /** What is wrong with the file is worth saying whatever serves: the next start or reload would fail by it. */
  #checkConfiguration(): void {
    const { layout, name } = this.#options;
    const file = configFile(layout, name);
    try {
      const { isFile, size } = Deno.statSync(file);
      if (!isFile || size > CONFIG_BYTES_MAX) return;
      parseModuleConfig(Deno.readTextFileSync(file), name, file);
    } catch (error) {
      if (error instanceof ConfigError) this.#notes.push(...error.message.split("\n"));
      else if (error instanceof Deno.errors.PermissionDenied) this.#noteUnreadable("its configuration");
      else if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }

  #readRecord(): InstallRecord | undefined {
    const { layout, name } = this.#options;
    try {
      return readRecord(layout, name);
    } catch (error) {
      if (error instanceof RecordError) this.#notes.push(error.message);
      else if (error instanceof Deno.errors.PermissionDenied) this.#noteUnreadable("what is installed");
      else throw error;
      return undefined;
    }
  }

  /** The newest of what supervisors wrote. Each home has its own place for it. */
  #readStatus(): ModuleStatus | undefined {
    const { layout, name, unit } = this.#options;
    const folders = [join(layout.runtimeDir, "workers", name)];
    if (unit !== undefined) folders.push(join(SERVICE_WORKERS_DIR, name));
    const found = folders.map((folder) => this.#readStatusIn(folder)).filter((status) =>
      status !== undefined
    );
    return found.sort((a, b) => a.written < b.written ? 1 : -1)[0];
  }

  #readStatusIn(folder: string): ModuleStatus | undefined {
    try {
      const status = readStatus(join(folder, STATUS_FILE));
      return status?.name === this.#options.name ? status : undefined;
    } catch (error) {
      if (error instanceof StatusError) this.#notes.push(error.message);
      else if (error instanceof Deno.errors.PermissionDenied) {
        this.#noteUnreadable("what its supervisor says");
      } else throw error;
      return undefined;
    }
  }

  #noteUnreadable(what: string): void {
    this.#unreadable = true;
    this.#notes.push(`${what} may be read by root only: run this as root`);
  }

  /** Whether a status is of now, and of the supervisor that there is. */
  #isCurrent({ written, supervisor }: ModuleStatus): boolean {
    const { at, unit, server } = this.#options;
    const age = at.getTime() - Date.parse(written);
    // Not `>`: what is no time has no age, and is not of now.
    if (!(Math.abs(age) <= STATUS_AGE_MAX_MS) || !isProcess(supervisor)) return false;
    return server !== undefined ? supervisor === server : unit === undefined || supervisor === unit.mainPid;
  }

  #state(
    configured: boolean,
    record: InstallRecord | undefined,
    status: ModuleStatus | undefined,
    current: boolean,
  ): ModuleState {
    const { layout, name, known, unit, server } = this.#options;
    if (!known.includes(name)) {
      this.#notes.push(`there is no module of this name${suggestion(name, known)}`);
      return "unknown";
    }
    if (!configured) this.#notes.push(`${configFile(layout, name)} is missing: run \`pam-deno add\` again`);
    if (current && status !== undefined) return this.#currentState(status);
    if (server === undefined && unit === undefined) return this.#stoppedState(record, status);
    if (server === undefined && unit !== undefined && unit.mainPid === 0) {
      return this.#unitState(unit, record);
    }
    if (status !== undefined) {
      this.#notes.push(
        `its supervisor has not said anything for ${STATUS_AGE_MAX_MS / 1_000} s: look at its log`,
      );
      return "stale";
    }
    if (this.#unreadable) return "unknown";
    if (unit?.active === "activating") return "starting";
    const runs = server === undefined ? "systemd" : "`pam-deno serve`";
    this.#notes.push(`${runs} runs it and it does not come up: its log says why`);
    return "failing";
  }

  #currentState({ workers, lastFailure }: ModuleStatus): ModuleState {
    const { layout, name, unit } = this.#options;
    const path = socketPath(layout, name);
    if (!workers.some(({ state }) => state === "ready")) {
      return lastFailure === undefined ? "starting" : "failing";
    }
    if (stat(path)?.isSocket && unit?.listening !== false) return "serving";
    const remedy = unit === undefined
      ? "stop and start `pam-deno serve`"
      : `systemctl restart pam-deno@${name}.socket`;
    this.#notes.push(`its socket ${path} is gone, so that nobody reaches it: ${remedy}`);
    return "failing";
  }

  #stoppedState(record: InstallRecord | undefined, status: ModuleStatus | undefined): ModuleState {
    const { layout, name } = this.#options;
    if (status !== undefined && stat(socketPath(layout, name))) {
      this.#notes.push("its supervisor is gone without having stopped it: start `pam-deno serve` again");
      return "stale";
    }
    if (record === undefined && status === undefined && !this.#unreadable) {
      this.#notes.push(
        "nothing is installed for it: `pam-deno add` does that, and `pam-deno serve` does without for a module in a folder",
      );
      return "not_installed";
    }
    this.#notes.push("nobody runs it: start `pam-deno serve`, or its systemd unit");
    return "stopped";
  }

  #unitState({ active, sub, result, listening }: UnitStatus, record: InstallRecord | undefined): ModuleState {
    const { name } = this.#options;
    if (active === "failed" || active === "activating") {
      this.#notes.push(`systemd says ${active} (${sub}), result ${result}`);
      return active === "failed" || sub === "auto-restart" ? "failing" : "starting";
    }
    if (record === undefined && !this.#unreadable) {
      this.#notes.push(`nothing is installed for it: \`pam-deno add\` with \`--name ${name}\` does that`);
      return "not_installed";
    }
    this.#notes.push(
      listening
        ? "it is stopped, and the first caller starts it"
        : `it is stopped: systemctl enable --now pam-deno@${name}.socket pam-deno@${name}.service`,
    );
    return "stopped";
  }
}
