// SPDX-License-Identifier: MIT
/**
 * A whole installation in a temporary folder: configuration, state, sockets, pam.d and the shim. Nothing of the machine's own is
 * touched. All of it is right at first; tests break it.
 *
 * @module
 */

import assert from "node:assert/strict";
import { join } from "node:path";
import { checkInstallation, type CheckOptions } from "../../../sdk/check/check.ts";
import type { Finding } from "../../../sdk/check/finding.ts";
import { type Layout, layoutWith } from "../../../sdk/config/layout.ts";
import { makeRuntimeDir } from "../../../sdk/config/place.ts";
import { loadModule } from "../../../sdk/load.ts";
import { bindModuleSocket } from "../../../sdk/supervisor/socket.ts";
import { PAM_DENO_VERSION } from "../../../sdk/version.ts";
import { Exchange, type ExchangeContext } from "../../../sdk/worker/exchange.ts";
import { listen } from "../../../sdk/worker/listen.ts";
import { Mirror } from "../../../sdk/worker/mirror.ts";
import { Report } from "../../../sdk/worker/report.ts";
import { Traffic } from "../../../sdk/worker/traffic.ts";

/** The project's folder. */
export const ROOT = join(import.meta.dirname!, "..", "..", "..");

/** The shim as it was built. */
export const SHIM = join(ROOT, "build", "pam_deno.so");

/** A bundle as an author may write it: an account hook, and one option `tz` that must be UTC. */
export const BUNDLE = `export default {
  pamModule: 1,
  options: {
    "~standard": {
      version: 1,
      vendor: "test",
      validate(value) {
        return value.tz === undefined || value.tz === "UTC"
          ? { value }
          : { issues: [{ message: "this is no zone", path: ["tz"] }] };
      },
      jsonSchema: {
        input: () => ({ type: "object", properties: { tz: { type: "string" } }, additionalProperties: false }),
      },
    },
  },
  grants: {},
  permissions: {},
  handlers: { account: () => "success" },
};
`;

/** What {@linkcode BUNDLE} declares. */
export const DECLARATION = { hooks: ["account"], grants: {}, permissions: {} };

/** What is installed for a module. */
export interface Installed {
  /** Its bundle; {@linkcode BUNDLE} if left out. */
  readonly bundle?: string;
  /** What it declared. */
  readonly declaration?: { hooks: string[]; grants: unknown; permissions: unknown };
  /** Keys of its configuration, beside `module`. */
  readonly config?: Record<string, unknown>;
  /** Fields of the record that differ. */
  readonly record?: Record<string, unknown>;
}

/** An installation. */
export class Scene implements AsyncDisposable {
  readonly folder: string = Deno.makeTempDirSync({ prefix: "pam-deno-test-" });
  readonly layout: Layout;
  readonly securityDir: string = join(this.folder, "security");
  readonly #served: AsyncDisposable[] = [];

  constructor(changes: Partial<Layout> = {}) {
    Deno.chmodSync(this.folder, 0o755);
    const at = (name: string) => join(this.folder, name);
    this.layout = layoutWith({
      configDir: at("config"),
      runtimeDir: at("run"),
      stateDir: at("state"),
      keepDir: at("keep"),
      cacheDir: at("cache"),
      unitDir: at("units"),
      pamDirs: [at("pam.d")],
      libDir: join(ROOT, "build"),
      sdkDir: ROOT,
      ...changes,
    });
    for (const name of ["config/modules", "config/hooks", "state/modules", "pam.d", "security"]) {
      Deno.mkdirSync(at(name), { recursive: true, mode: 0o755 });
    }
    makeRuntimeDir(this.layout.runtimeDir);
    Deno.copyFileSync(SHIM, join(this.securityDir, "pam_deno.so"));
    Deno.chmodSync(join(this.securityDir, "pam_deno.so"), 0o644);
  }

  /** A path in the installation. */
  at(...names: string[]): string {
    return join(this.folder, ...names);
  }

  /** Writes the file of a service. `SHIM` stands for the shim with the folders of this installation. */
  pam(service: string, ...lines: string[]): string {
    const { configDir, runtimeDir } = this.layout;
    const shim = `pam_deno.so config_dir=${configDir} runtime_dir=${runtimeDir}`;
    const file = this.at("pam.d", service);
    Deno.writeTextFileSync(file, lines.map((line) => `${line.replace("SHIM", shim)}\n`).join(""));
    return file;
  }

  /** Writes the configuration of a module. */
  configure(name: string, config: Record<string, unknown> | string): string {
    const file = this.at("config", "modules", `${name}.jsonc`);
    Deno.writeTextFileSync(file, typeof config === "string" ? config : JSON.stringify(config, null, 2));
    Deno.chmodSync(file, 0o644);
    return file;
  }

  /** Leaves a module as `add` does: configuration, bundle, record and link. */
  async install(
    name: string,
    { bundle = BUNDLE, declaration = DECLARATION, config = {}, record = {} }: Installed = {},
  ): Promise<void> {
    const specifier = `npm:${name}@1.0.0`;
    const folder = this.at("state", "modules", name);
    Deno.mkdirSync(folder, { recursive: true });
    const bytes = new TextEncoder().encode(bundle);
    const sha256 = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
    Deno.writeFileSync(join(folder, `${sha256}.js`), bytes);
    const configuration = JSON.stringify({ module: specifier, ...config });
    const current = {
      specifier,
      sha256,
      declaration,
      configuration,
      runtime: PAM_DENO_VERSION,
      installed: "2026-01-02T03:04:05Z",
      ...record,
    };
    Deno.writeTextFileSync(join(folder, "installed.json"), JSON.stringify({ current, previous: [] }));
    this.configure(name, { module: specifier, ...config });
    this.link(name, declaration.hooks.join(","));
  }

  /** Makes the link that the shim knows a module by. */
  link(name: string, hooks: string): void {
    const path = this.at("config", "hooks", name);
    Deno.symlinkSync(hooks, `${path}.new`);
    Deno.renameSync(`${path}.new`, path);
  }

  /** Answers on a module's socket as a worker does. */
  serve(name: string): void {
    const handlers = { account: () => "success" };
    const module = loadModule({ pamModule: 1, grants: {}, permissions: {}, handlers }, { name });
    const socket = bindModuleSocket(this.layout.runtimeDir, name);
    const context: ExchangeContext = {
      module,
      traffic: new Traffic({ hooks: 8, waiting: 8, waiting_per_person: 8 }),
      report: new Report(() => {}),
      open: new Set(),
      mirror: new Mirror(),
      strangerLogged: false,
    };
    const listener = listen({
      fd: socket.fd,
      onConnection: (connection) => void new Exchange(context, connection),
    });
    this.#served.push({
      async [Symbol.asyncDispose]() {
        listener.stop();
        await listener.finished;
      },
    });
  }

  /** What is found. */
  async check(options: Partial<CheckOptions> = {}): Promise<readonly Finding[]> {
    return await checkInstallation({ layout: this.layout, securityDirs: [this.securityDir], ...options });
  }

  /** The one finding of this kind, which must be there. */
  async finds(id: string, options: Partial<CheckOptions> = {}): Promise<Finding> {
    const findings = await this.check(options);
    const found = findings.filter((one) => one.id === id);
    assert.equal(found.length, 1, `${id} in ${JSON.stringify(findings, null, 2)}`);
    return found[0]!;
  }

  /** Nothing of this kind is found. */
  async lacks(id: string, options: Partial<CheckOptions> = {}): Promise<void> {
    const findings = await this.check(options);
    assert.deepEqual(findings.filter((one) => one.id === id), []);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const one of this.#served) await one[Symbol.asyncDispose]();
    Deno.removeSync(this.folder, { recursive: true });
  }
}

/** The bundle of the module `hours`. */
export function bundleOf(scene: Scene): string {
  const folder = scene.at("state", "modules", "hours");
  return join(folder, [...Deno.readDirSync(folder)].find(({ name }) => name.endsWith(".js"))!.name);
}
