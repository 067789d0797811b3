// SPDX-License-Identifier: MIT
/**
 * A private installation for `supervise`: configuration, bundles with their records, and folders of its own, as `pam-deno add` would
 * leave them.
 *
 * @module
 */

import { join } from "node:path";
import { type Layout, layoutWith, moduleStateDir } from "../../sdk/config/layout.ts";
import { bundleModule } from "../../sdk/install/bundle.ts";
import { type InstallRecord, recordFile } from "../../sdk/install/record.ts";
import type { Declaration } from "../../sdk/supervisor/probe.ts";
import { makeFolder, ROOT, writeModule } from "../sdk/worker/harness.ts";

/** A module that denies the user `denied` and takes everybody else. */
export const POLICY = `export default defineModule({
  account: ({ user }) => user === "denied" ? "perm_denied" : "success",
});`;

const ACCOUNT: Declaration = { hooks: ["account"], grants: {}, permissions: {} };

/** One private installation. */
export class Installation implements Disposable {
  readonly #folder = makeFolder();
  /** Its folders. */
  readonly layout: Layout;

  constructor() {
    const under = (name: string) => join(this.#folder.path, name);
    // Workers are another user, and must get there.
    Deno.chmodSync(this.#folder.path, 0o755);
    this.layout = layoutWith({
      configDir: under("config"),
      runtimeDir: under("run"),
      stateDir: under("state"),
      keepDir: under("keep"),
      cacheDir: under("cache"),
      libDir: join(ROOT, "build"),
      sdkDir: ROOT,
    });
    for (
      const folder of ["config", "config/modules", "config/hooks", "run", "state", "state/modules", "keep"]
    ) {
      Deno.mkdirSync(under(folder), { mode: 0o755 });
    }
    Deno.writeTextFileSync(under("run/.pam-deno"), "");
  }

  /** The folder of everything. */
  get path(): string {
    return this.#folder.path;
  }

  /** The options that name its folders. */
  get words(): string[] {
    const { configDir, runtimeDir, stateDir, keepDir, cacheDir, libDir } = this.layout;
    return [
      ...["--config-dir", configDir, "--runtime-dir", runtimeDir, "--state-dir", stateDir],
      ...["--keep-dir", keepDir, "--cache-dir", cacheDir, "--lib-dir", libDir],
    ];
  }

  /** The socket of a module. */
  socket(name: string): string {
    return join(this.layout.runtimeDir, `${name}.sock`);
  }

  /** Installs a module with this source in place of what there was, and gives the SHA-256 of its bundle. */
  async install(
    name: string,
    source: string = POLICY,
    config: Readonly<Record<string, unknown>> = {},
    declaration: Declaration = ACCOUNT,
  ): Promise<string> {
    const from = join(this.#folder.path, `src-${name}`);
    Deno.mkdirSync(from, { recursive: true });
    const module = writeModule(from, source);
    const into = moduleStateDir(this.layout, name);
    Deno.mkdirSync(into, { recursive: true });
    const { sha256 } = await bundleModule({ entry: module, sdk: ROOT, into });
    const configuration = JSON.stringify({ module, ...config });
    this.configure(name, configuration);
    const installed = new Date().toISOString();
    const current = { specifier: module, sha256, declaration, configuration, runtime: "0.1.0", installed };
    const record: InstallRecord = { current, previous: [] } as unknown as InstallRecord;
    Deno.writeTextFileSync(recordFile(this.layout, name), JSON.stringify(record));
    const link = join(this.layout.configDir, "hooks", name);
    try {
      Deno.removeSync(link);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    Deno.symlinkSync(declaration.hooks.join(","), link);
    return sha256;
  }

  /** Writes the text of a module's configuration file. */
  configure(name: string, text: string): void {
    Deno.writeTextFileSync(join(this.layout.configDir, "modules", `${name}.jsonc`), text, { mode: 0o644 });
  }

  [Symbol.dispose](): void {
    this.#folder[Symbol.dispose]();
  }
}
