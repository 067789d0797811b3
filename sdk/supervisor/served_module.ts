// SPDX-License-Identifier: MIT
/**
 * One of the modules that `pam-deno serve` serves: made ready, reloaded, and stopped.
 *
 * @module
 */

import { getLogger } from "@logtape/logtape";
import { join } from "node:path";
import { ConfigError, type ModuleConfig, readModuleConfig } from "../config/config.ts";
import { hookLink, type Layout } from "../config/layout.ts";
import { stat } from "../config/place.ts";
import { CREDENTIALS, giveCredentials, giveState, takeCredentials } from "./entrusted.ts";
import { bundleFromSources } from "./from_sources.ts";
import { replaceLink } from "./libc.ts";
import { type Machinery, ModuleFiles } from "./module_files.ts";
import { type Declaration, probe } from "./probe.ts";
import { describeProblem } from "./problem.ts";
import { type ModuleSocket, prepareModuleSocket } from "./socket.ts";
import { installedSource, type ModuleSource, refuseMissing, startWarnings } from "./source.ts";
import type { OwnUser } from "./strays.ts";
import { StatusWriter } from "./status_writer.ts";
import { type Service, Supervision } from "./supervise.ts";
import { checkReach, type Identity, type Users } from "./uid.ts";
import type { WorkerProcess } from "./worker_process.ts";

/** What the modules of a `serve` share. */
export interface Served {
  /** The folders. */
  readonly layout: Layout;
  /** The folder of the workers' files. */
  readonly folder: string;
  /** How workers are started. */
  readonly machinery: Promise<Machinery>;
  /** Who workers run as, where they have users of their own. */
  readonly users: Users | undefined;
  /** Told of every change in which processes there are. */
  readonly onProcesses: () => void;
}

/** What is served of a module by now. */
interface Fit {
  readonly config: ModuleConfig;
  readonly source: ModuleSource;
  readonly service: Service & { readonly files: ReadonlySet<string> };
}

const logger = getLogger(["pam-deno", "supervisor"]);

/** A module that is served. */
export class ServedModule {
  /** Its name. */
  readonly name: string;
  readonly #served: Served;
  readonly #files: ModuleFiles;
  #fit: Fit | undefined;
  #socket: ModuleSocket | undefined;
  #supervision: Supervision | undefined;
  #status: StatusWriter | undefined;
  #stopping = false;
  /** From the start of its preparation until its first worker was ready, in ms. */
  startMs = 0;

  /** Makes the folder of its files. */
  constructor(name: string, served: Served) {
    this.name = name;
    this.#served = served;
    this.#files = new ModuleFiles(join(served.folder, name));
  }

  /** Its configuration, once it is served. */
  get config(): ModuleConfig {
    return this.#fit!.config;
  }

  /** What it declares, once it is served. */
  get declaration(): Declaration {
    return this.#fit!.source.declaration;
  }

  /** The processes that there are now. */
  get processes(): readonly WorkerProcess[] {
    return this.#supervision?.processes ?? [];
  }

  /** The users that its workers have had, and nobody else has. */
  get ownUsers(): readonly OwnUser[] {
    return this.#supervision?.ownUsers ?? [];
  }

  /** Whether workers are started for it. */
  get isServed(): boolean {
    return this.#supervision !== undefined;
  }

  /**
   * Starts to serve it.
   *
   * @throws {Error} if it cannot be served; if that is only its worker's fault, it is tried again and again.
   */
  start(): Promise<void> {
    return this.#noting(() => this.#start());
  }

  /**
   * Reads everything again, and takes it if the new workers are ready.
   *
   * @throws {Error} if not: what served it before goes on.
   */
  reload(): Promise<void> {
    return this.#noting(async () => {
      const fit = await this.#look();
      await this.#supervision!.reload(fit.service);
      this.#adopted(fit);
      this.#status?.write();
    });
  }

  /** Removes its socket: who comes now is told at once that nobody serves, and may go to another line of the stack. */
  close(): void {
    this.#stopping = true;
    this.#socket?.[Symbol.dispose]();
    this.#status?.[Symbol.dispose]();
  }

  /** Lets workers finish for at most `graceMs`. */
  async stop(graceMs?: number): Promise<void> {
    this.close();
    await this.#supervision?.stop(graceMs);
  }

  /** Removes what it leaves behind when it is not configured any more: first of all what the shim knows it by. */
  forget(): void {
    const link = hookLink(this.#served.layout, this.name);
    if (stat(link)) Deno.removeSync(link);
  }

  /** Leaves word how it went, for whoever asked for it. */
  async #noting(change: () => Promise<void>): Promise<void> {
    let problem: string | undefined;
    try {
      await change();
    } catch (error) {
      [problem] = describeProblem(this.name, error);
      throw error;
    } finally {
      if (!this.#stopping) this.#files.noteReload(problem);
    }
  }

  async #start(): Promise<void> {
    const begin = performance.now();
    const { layout, onProcesses } = this.#served;
    const { name } = this;
    // Its number stands in what workers start from, so it comes first; callers find it when there is somebody to wait for.
    const socket = this.#socket = prepareModuleSocket(layout.runtimeDir, name);
    let fit;
    try {
      fit = await this.#look();
    } catch (error) {
      socket[Symbol.dispose]();
      throw error;
    }
    if (this.#stopping) return;
    const supervision = this.#supervision = new Supervision({
      name,
      fd: socket.fd,
      socket,
      ...fit.service,
      onProcesses,
      // Callers must not wait in a backlog that nobody will ever empty.
      onGivenUp: () => socket[Symbol.dispose](),
      onStatus: () => this.#status?.changed(),
    });
    this.#adopted(fit);
    socket.publish();
    onProcesses();
    const bundle = () => this.#fit!.source.sha256;
    this.#status = new StatusWriter({ name, folder: this.#files.folder, supervision, bundle });
    await supervision.ready;
    this.#status.write();
    this.startMs = performance.now() - begin;
  }

  #readConfig(): ModuleConfig {
    const { layout, folder } = this.#served;
    const credentials = join(folder, this.name, CREDENTIALS);
    const places = { state: join(layout.keepDir, this.name), credentials };
    return readModuleConfig(layout.configDir, this.name, places);
  }

  async #look(): Promise<Fit> {
    const config = this.#readConfig();
    const { layout, users } = this.#served;
    const machinery = await this.#served.machinery;
    const identity = users?.of(config);
    this.#files.openFor(identity);
    if (identity) checkReach(identity, [machinery.runtime, machinery.launcher.program, this.#files.folder]);
    const source = await installedSource(layout, this.name) ??
      await this.#develop(config, machinery, identity);
    refuseMissing(config, source.declaration);
    if (config.state) giveState(config.state, identity);
    giveCredentials(config, this.#files.folder, identity);
    const fd = this.#socket!.fd;
    return { config, source, service: this.#files.plan(machinery, { config, source, fd, identity }) };
  }

  /** Bundles a module that was not installed, and reads what it declares. */
  async #develop(
    config: ModuleConfig,
    machinery: Machinery,
    identity: Identity | undefined,
  ): Promise<ModuleSource> {
    const { name } = this;
    const { layout, users } = this.#served;
    if (!config.module.startsWith("/")) {
      throw new ConfigError(
        `${config.file}: ${config.module} is not installed: run \`pam-deno add ${config.module} --name ${name}\``,
      );
    }
    const prober = identity && users?.prober(identity);
    const { warnings, ...source } = await bundleFromSources({
      layout,
      path: config.module,
      parent: this.#served.folder,
      into: this.#files.folder,
      uids: users?.bundlers(name) ?? [],
    });
    for (const warning of warnings) logger.warn("{name}: {warning}", { name, warning });
    const declaration = await probe(this.#files.planProbe(machinery, { config, source, identity, prober }));
    return { ...source, declaration };
  }

  #adopted(fit: Fit): void {
    const { name } = this;
    this.#fit = fit;
    this.#files.sweep(fit.service.files);
    takeCredentials(fit.config, this.#files.folder);
    replaceLink(fit.source.declaration.hooks.join(","), hookLink(this.#served.layout, name));
    for (const warning of startWarnings(fit.config)) logger.warn("{name}: {warning}", { name, warning });
  }
}
