// SPDX-License-Identifier: MIT
/**
 * Who runs the modules of an installation: systemd, a `pam-deno serve`, or nobody.
 *
 * @module
 */

import { dirname, join } from "node:path";
import { type ModuleConfig, readModuleConfig } from "../config/config.ts";
import { DEFAULT_LAYOUT, type Layout, socketPath, unitName } from "../config/layout.ts";
import { stat } from "../config/place.ts";
import { knock, KnockError } from "../supervisor/knock.ts";
import { printable } from "../supervisor/lines.ts";
import { lockHolder } from "../supervisor/lock_holder.ts";
import { InstallError } from "./events.ts";
import { type Change, writeWhole } from "./journal.ts";
import { recordFile } from "./record.ts";
import { haveSecretsChanged } from "./secrets.ts";
import { dropInFile, unitDropIn } from "./unit.ts";

/** What runs modules here. */
export interface Home {
  /** Which one it is. */
  readonly kind: "systemd" | "serve" | "none";
  /** Starts `name`, also after a boot. */
  start(name: string): Promise<void>;
  /**
   * Makes `name` take a new configuration or bundle; the old worker goes on if the new one fails.
   *
   * @param unitChanged whether the drop-in of its unit was changed already
   */
  reload(name: string, unitChanged?: boolean): Promise<void>;
  /** Stops `name`, also after a boot. */
  stop(name: string): Promise<void>;
  /** Whether it is served now. */
  isRunning(name: string): Promise<boolean>;
  /** What runs it and where its log is, in one sentence for people. */
  describe(name: string): string;
}

/** This is there where systemd runs: see sd_booted(3). */
const SYSTEMD_RUNS = "/run/systemd/system";

/** How long systemctl(1) may take, in ms. */
const SYSTEMCTL_MAX_MS = 60_000;
/** How long a `pam-deno serve` may take to start or reload a module, in ms. A worker is given 10 s. */
const CHANGE_MAX_MS = 20_000;
/** How long a process may take to end, in ms; hooks in flight are given 10 s. */
const END_MAX_MS = 20_000;
/** How often is looked whether it is done, in ms. */
const LOOK_EVERY_MS = 20;

/** Finds out what runs the modules of `layout`. */
export function findHome(layout: Layout): Home {
  const pid = lockHolder(layout.runtimeDir);
  if (pid !== undefined) return new ServeHome(layout, pid);
  const usual = (["configDir", "runtimeDir", "stateDir", "unitDir"] as const)
    .every((folder) => layout[folder] === DEFAULT_LAYOUT[folder]);
  return usual && stat(SYSTEMD_RUNS) ? new SystemdHome(layout) : new NoHome(layout);
}

class SystemdHome implements Home {
  readonly kind = "systemd";
  readonly #layout: Layout;

  constructor(layout: Layout) {
    this.#layout = layout;
  }

  async start(name: string): Promise<void> {
    this.#writeDropIn(name);
    await systemctl("daemon-reload");
    await systemctl("enable", "--now", socketUnit(name), unitName(name));
    await this.#revive(name);
  }

  async reload(name: string, unitChanged = false): Promise<void> {
    if (!await this.isRunning(name)) return await this.start(name);
    const secretsChanged = haveSecretsChanged(readModuleConfig(this.#layout.configDir, name));
    const changed = this.#writeDropIn(name) || unitChanged;
    const unit = await propertiesOf(unitName(name), ["NeedDaemonReload", "ExecMainStartTimestamp"]);
    // systemd notices a file that was changed, but not a folder that is new.
    const unitDiffers = changed || unit["NeedDaemonReload"] === "yes";
    if (unitDiffers) await systemctl("daemon-reload");
    if (!unitDiffers) {
      try {
        // A new worker proves itself beside the old one, which goes on if it is not fit.
        await systemctl("reload", unitName(name));
      } catch (error) {
        // At a socket that was shut no worker can start.
        if (await answers(this.#layout, name) === undefined) throw error;
      }
    }
    // What the kernel enforces, and what systemd copied at the start, change with a new process only; and what another bundle started,
    // native code above all, ends for sure with all of the unit only. Callers wait in the backlog meanwhile.
    const isOther = this.#isInstalledSince(name, timeOf(unit["ExecMainStartTimestamp"]));
    if (unitDiffers || secretsChanged || isOther) {
      await systemctl("restart", unitName(name));
    }
    await this.#revive(name);
  }

  /** Whether something was installed after `time`, in ms. What the unit itself says of its bundle is the module's user's word. */
  #isInstalledSince(name: string, time: number): boolean {
    const { mtime, ctime } = stat(recordFile(this.#layout, name)) ?? {};
    return !(Math.max(Number(mtime ?? 0), Number(ctime ?? 0)) < time);
  }

  /**
   * Makes the socket anew if nobody answers there although the service is up: whoever has its descriptor can shut it for everybody and
   * for good, and no worker that comes later can open it.
   */
  async #revive(name: string): Promise<void> {
    if (await answers(this.#layout, name) === undefined) return;
    // The service requires the socket, and so it is restarted too.
    await systemctl("restart", socketUnit(name));
    await systemctl("start", unitName(name));
    const problem = await answers(this.#layout, name);
    if (problem === undefined) return;
    throw new InstallError(
      `nobody answers at ${
        socketPath(this.#layout, name)
      }, although it was made anew: ${problem}; see journalctl -u ${unitName(name)}`,
    );
  }

  async stop(name: string): Promise<void> {
    await systemctl("disable", "--now", socketUnit(name), unitName(name));
    await systemctl("daemon-reload");
  }

  async isRunning(name: string): Promise<boolean> {
    const { success } = await run(["is-active", "--quiet", unitName(name)]);
    return success;
  }

  describe(name: string): string {
    return `systemd runs it as ${unitName(name)}; its log: journalctl -u ${unitName(name)}`;
  }

  /** Whoever edits a configuration and reloads changes what the kernel enforces too. Says whether it did. */
  #writeDropIn(name: string): boolean {
    const change = dropInChange(this.#layout, readModuleConfig(this.#layout.configDir, name));
    if (change?.content !== undefined) writeWhole(change.path, change.content);
    else if (change) Deno.removeSync(change.path);
    return change !== undefined;
  }
}

/**
 * How the drop-in of a module's unit has to change, whoever runs it now; `undefined` if it is right, or there are no units here. Its
 * folder is made.
 */
export function dropInChange(layout: Layout, config: ModuleConfig): Change | undefined {
  if (!stat(layout.unitDir)?.isDirectory) return undefined;
  const path = dropInFile(layout, config.name);
  const content = unitDropIn(config);
  const before = stat(path) ? Deno.readTextFileSync(path) : undefined;
  if (content === before) return undefined;
  Deno.mkdirSync(dirname(path), { recursive: true, mode: 0o755 });
  return { path, kind: "file", content };
}

/** Why nobody answers at a module's socket; `undefined` if somebody does, or this process may not ask. */
async function answers(layout: Layout, name: string): Promise<string | undefined> {
  try {
    await knock(socketPath(layout, name));
  } catch (error) {
    if (error instanceof KnockError) return error.isAnswered ? undefined : error.message;
    if (!(error instanceof Deno.errors.PermissionDenied)) throw error;
  }
  return undefined;
}

function socketUnit(name: string): string {
  return unitName(name).replace(/\.service$/, ".socket");
}

async function run(args: string[]): Promise<{ success: boolean; said: string }> {
  const { success, stdout, stderr } = await new Deno.Command("systemctl", {
    args,
    env: { SYSTEMD_COLORS: "0", SYSTEMD_PAGER: "" },
    stdin: "null",
    signal: AbortSignal.timeout(SYSTEMCTL_MAX_MS),
  }).output();
  const decoder = new TextDecoder();
  return { success, said: decoder.decode(stderr) + decoder.decode(stdout) };
}

/** Properties of a unit, by name. */
async function propertiesOf(unit: string, names: readonly string[]): Promise<Record<string, string>> {
  const { said } = await run(["show", "--timestamp=us+utc", `--property=${names.join(",")}`, "--", unit]);
  return Object.fromEntries(
    said.split("\n").map((line) => [line.split("=", 1)[0]!, line.slice(line.indexOf("=") + 1)]),
  );
}

/** A point of time as systemctl(1) writes it, `Fri 2026-11-20 13:30:00.123456 UTC`, in ms; NaN if it is none. */
function timeOf(text: string | undefined): number {
  const [, date, time] = /^\w+ ([\d-]+) ([\d:]+(?:\.\d+)?) UTC$/.exec(text ?? "") ?? [];
  return Date.parse(`${date}T${time}Z`);
}

async function systemctl(...args: string[]): Promise<void> {
  const { success, said } = await run(args);
  if (success) return;
  const unit = args.at(-1)!;
  const log = unit.endsWith(".service") ? await lastLog(unit) : "";
  throw new InstallError(
    `systemctl ${args.join(" ")} failed: ${said.trim().split("\n").map(printable).join("\n  ")}${log}`,
  );
}

/** The last lines of a unit's log: why it does not start is said there. */
async function lastLog(unit: string): Promise<string> {
  try {
    const { stdout } = await new Deno.Command("journalctl", {
      args: ["--unit", unit, "--lines", "8", "--output", "cat", "--no-pager", "--quiet"],
      stdin: "null",
      stderr: "null",
      signal: AbortSignal.timeout(5_000),
    }).output();
    const lines = new TextDecoder().decode(stdout).trim().split("\n").filter((line) => line !== "");
    return lines.length > 0 ? `\nIts log says:\n  ${lines.map(printable).join("\n  ")}` : "";
  } catch {
    return "";
  }
}

class ServeHome implements Home {
  readonly kind = "serve";
  readonly #layout: Layout;
  readonly #pid: number;

  constructor(layout: Layout, pid: number) {
    this.#layout = layout;
    this.#pid = pid;
  }

  start(name: string): Promise<void> {
    return this.reload(name);
  }

  async reload(name: string): Promise<void> {
    const before = this.#answer(name);
    this.#hangUp();
    await this.#until(
      () => this.#answer(name) !== before,
      CHANGE_MAX_MS,
      `it did not say how it went with ${name}`,
    );
    const answer = this.#answer(name);
    if (answer === before || answer === undefined || answer.startsWith("ok")) return;
    throw new InstallError(
      `\`pam-deno serve\` did not take it, and goes on as before: ${printable(answer.trim())}`,
    );
  }

  /** It stops what is configured no more. */
  async stop(name: string): Promise<void> {
    this.#hangUp();
    await this.#until(() => !this.#listens(name), END_MAX_MS, `it goes on serving ${name}`);
  }

  isRunning(name: string): Promise<boolean> {
    return Promise.resolve(this.#listens(name));
  }

  describe(name: string): string {
    return `\`pam-deno serve\` (process ${this.#pid}) serves it at ${
      socketPath(this.#layout, name)
    }, and logs where that was started`;
  }

  #listens(name: string): boolean {
    return stat(socketPath(this.#layout, name))?.isSocket ?? false;
  }

  /** What the supervisor said of the last reload. */
  #answer(name: string): string | undefined {
    try {
      return Deno.readTextFileSync(join(this.#layout.runtimeDir, "workers", name, "reload"));
    } catch {
      return undefined;
    }
  }

  #hangUp(): void {
    // It may have ended since, and its number may be somebody else's.
    if (lockHolder(this.#layout.runtimeDir) !== this.#pid) {
      throw new InstallError("`pam-deno serve` has ended: start it again");
    }
    Deno.kill(this.#pid, "SIGHUP");
  }

  async #until(done: () => boolean, maxMs: number, problem: string): Promise<void> {
    const end = performance.now() + maxMs;
    while (!done()) {
      if (lockHolder(this.#layout.runtimeDir) !== this.#pid) {
        throw new InstallError("`pam-deno serve` has ended meanwhile: see its log");
      }
      if (performance.now() > end) {
        throw new InstallError(`\`pam-deno serve\` (process ${this.#pid}): ${problem}: see its log`);
      }
      await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
    }
  }
}

/** Nobody runs modules: what is installed waits until somebody does. */
class NoHome implements Home {
  readonly kind = "none";
  readonly #layout: Layout;

  constructor(layout: Layout) {
    this.#layout = layout;
  }

  start(): Promise<void> {
    return Promise.resolve();
  }

  reload(): Promise<void> {
    return Promise.resolve();
  }

  stop(): Promise<void> {
    return Promise.resolve();
  }

  isRunning(): Promise<boolean> {
    return Promise.resolve(false);
  }

  describe(): string {
    const { configDir, runtimeDir } = this.#layout;
    return `Nothing serves modules here: run \`pam-deno serve --config-dir ${configDir} --runtime-dir ${runtimeDir}\``;
  }
}
