// SPDX-License-Identifier: MIT
/**
 * Looks for whatever would go wrong at a login, and changes nothing.
 *
 * @module
 */

import { dirname, join } from "node:path";
import { DEFAULT_LAYOUT, type Layout } from "../config/layout.ts";
import { stat } from "../config/place.ts";
import { type Declaration, ProbeError } from "../supervisor/probe.ts";
import { checkAccounts } from "./accounts.ts";
import { type Finding, finding } from "./finding.ts";
import { type KnownModule, readModules } from "./modules.ts";
import { PamD } from "./pam_d.ts";
import { checkPlaces, unreadable } from "./places.ts";
import { type Bundle, Prober } from "./probing.ts";
import { checkRuntime } from "./runtime.ts";
import { checkLeftovers, checkServed, statusOf } from "./serving.ts";
import { checkShim, securityFolders } from "./shim.ts";
import type { ShimLine } from "./shim_line.ts";
import { checkUnits } from "./units.ts";

/** What to look at. */
export interface CheckOptions {
  /** Where everything is. */
  readonly layout: Layout;
  /** Only these modules; what all of them need is looked at in any case. */
  readonly names?: readonly string[] | undefined;
  /** The folders where libpam looks for modules, for tests. */
  readonly securityDirs?: readonly string[] | undefined;
  /** Told when a new step begins; `step` is a short phrase. */
  progress?(step: string): void;
}

/** Looks at an installation and gives all that was found. What cannot be looked at is a finding too. */
export async function checkInstallation(options: CheckOptions): Promise<readonly Finding[]> {
  const check = new Check(options);
  await check.run();
  return check.findings;
}

class Check {
  readonly #options: CheckOptions;
  readonly #layout: Layout;
  readonly #names: ReadonlySet<string> | undefined;
  /** Whether systemd runs the modules of this layout: it knows one runtime folder only. */
  readonly #systemd: boolean;
  readonly #found: Map<string, Finding> = new Map();
  #known: ReadonlyMap<string, KnownModule> = new Map();
  readonly #declared: Map<string, Declaration> = new Map();

  constructor(options: CheckOptions) {
    this.#options = options;
    this.#layout = options.layout;
    this.#names = options.names?.length ? new Set(options.names) : undefined;
    this.#systemd = options.layout.runtimeDir === DEFAULT_LAYOUT.runtimeDir &&
      options.layout.unitDir === DEFAULT_LAYOUT.unitDir && stat("/run/systemd/system") !== undefined;
  }

  /** Each once, in the order in which they were found. */
  get findings(): Finding[] {
    return [...this.#found.values()];
  }

  async run(): Promise<void> {
    const layout = this.#layout;
    let pamD: PamD | undefined;
    await this.#step("folders", "/", () => checkPlaces(layout));
    await this.#step("pam.d", layout.pamDirs.join(" "), () => {
      pamD = new PamD(layout);
      return [];
    });
    await this.#step("shim", "pam_deno.so", () => {
      return checkShim(pamD?.lines ?? [], this.#options.securityDirs ?? securityFolders());
    });
    await this.#step("runtime", layout.libDir, () => checkRuntime(layout));
    await this.#step("configuration", layout.configDir, () => this.#readModules());
    const modules = [...this.#known.values()].filter(({ name }) => this.#wanted(name));
    await this.#step("users", layout.configDir, () => checkAccounts(this.#known.values()));
    for (const module of modules.filter((module) => this.#isConfigured(module))) {
      const { name } = module;
      await this.#step(`serving of ${name}`, name, () => checkServed(layout, module, this.#systemd));
    }
    await this.#step(
      "leftovers",
      layout.runtimeDir,
      () => this.#names ? [] : checkLeftovers(layout, this.#configured()),
    );
    if (this.#systemd) {
      const names = modules.filter((module) => this.#isConfigured(module)).map(({ name }) => name);
      await this.#step("units", "systemd", () => checkUnits(names));
    }
    if (!pamD) return;
    await this.#checkLines(pamD, modules);
  }

  /** Runs one step; an exception in it is a finding, and the next step is taken all the same. */
  async #step(step: string, where: string, look: () => Finding[] | Promise<Finding[]>): Promise<void> {
    this.#options.progress?.(step);
    try {
      this.#add(await look());
    } catch (error) {
      this.#add([unreadable(where, error)]);
    }
  }

  #add(findings: readonly Finding[]): void {
    for (const one of findings) this.#found.set(JSON.stringify([one.id, one.where, one.what]), one);
  }

  #wanted(name: string | undefined): boolean {
    return this.#names === undefined || (name !== undefined && this.#names.has(name));
  }

  #isConfigured({ name }: KnownModule): boolean {
    return stat(join(this.#layout.configDir, "modules", `${name}.jsonc`)) !== undefined;
  }

  #configured(): Set<string> {
    return new Set(
      [...this.#known.values()].filter((module) => this.#isConfigured(module)).map(({ name }) => name),
    );
  }

  async #readModules(): Promise<Finding[]> {
    const { known, findings } = await readModules(this.#layout, this.#systemd, (name) => this.#wanted(name));
    this.#known = known;
    const unknown = [...this.#names ?? []].filter((name) => !known.has(name));
    return [
      ...findings,
      ...unknown.map((name) => {
        const what = `there is no module ${name}`;
        return finding(
          "error",
          "module-unknown",
          name,
          what,
          `configured are: ${[...known.keys()].join(", ") || "none"}`,
        );
      }),
    ];
  }

  /** The lines of pam.d, and what the modules themselves say of them. */
  async #checkLines(pamD: PamD, modules: readonly KnownModule[]): Promise<void> {
    using prober = new LazyProber(this.#layout);
    for (const module of modules) {
      const { name, config } = module;
      const lines = pamD.asking.filter((line) => line.name === name);
      if (!config || lines.length === 0) continue;
      await this.#step(`options of ${name}`, name, async () => {
        const bundle = module.source ?? await this.#servedBundle(name);
        if (!bundle) return [notChecked(config.file, "it is neither installed nor served")];
        try {
          const declaration = module.source?.declaration ?? await prober.get().declaration(config, bundle);
          this.#declared.set(name, declaration);
          return judge(
            lines,
            config.file,
            await prober.get().validate(config, bundle, lines.map(({ words }) => words)),
          );
        } catch (error) {
          if (!(error instanceof ProbeError)) return [notChecked(config.file, (error as Error).message)];
          const remedy =
            "see the reason, and ask its author; `pam-deno rollback` goes back to the version before";
          return [
            finding(
              "error",
              "module-broken",
              config.file,
              `the module cannot be loaded: ${error.message}`,
              remedy,
            ),
          ];
        }
      });
    }
    await this.#step("lines of pam.d", this.#layout.pamDirs.join(" "), () => {
      const known = new Set(
        [...this.#known.values()].filter(({ linked, config }) => linked || config).map(({ name }) => name),
      );
      const targetOf = (name: string) => {
        const { source, linked } = this.#known.get(name) ?? {};
        const declaration = source?.declaration ?? this.#declared.get(name);
        return { hooks: declaration?.hooks ?? linked, grants: declaration?.grants };
      };
      return pamD.check({ known, targetOf }, (name) => this.#wanted(name));
    });
  }

  /** The bundle that `serve` made of a module that is not installed. Where systemd runs modules, they own that folder. */
  async #servedBundle(name: string): Promise<Bundle | undefined> {
    const found = this.#systemd ? undefined : statusOf(this.#layout, name, false);
    if (!found) return undefined;
    const file = join(dirname(found.file), `${found.status.bundle}.js`);
    if (!stat(file)?.isFile) return undefined;
    const bytes = Deno.readFileSync(file);
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
    return digest === found.status.bundle ? { file, bytes } : undefined;
  }
}

function notChecked(where: string, why: string): Finding {
  const what = `options and grants on its pam.d lines were not compared with the module: ${why}`;
  return finding("note", "options-not-checked", where, what, "start it, then check again");
}

function judge(
  lines: readonly ShimLine[],
  file: string,
  verdicts: readonly { readonly error?: string | undefined; readonly warnings: readonly string[] }[],
): Finding[] {
  return verdicts.flatMap(({ error, warnings }, i) => {
    const { where, name } = lines[i]!;
    const findings = warnings.map((warning) => {
      const configured = warning.startsWith("configured ");
      const remedy = configured ? `mend the file, then run \`pam-deno reload ${name}\`` : "mend the option";
      return finding(
        "warning",
        "option-unknown",
        configured ? file : where,
        `${name} says: ${warning}`,
        remedy,
      );
    });
    if (error === undefined) return findings;
    const what = `${name} refuses the options of this line: ${error}: each hook of it ends with service_err`;
    return [...findings, finding("error", "options-refused", where, what, "mend the option")];
  });
}

/** Made when it is needed first: most of the time it takes to look is its. */
class LazyProber implements Disposable {
  readonly #layout: Layout;
  #prober: Prober | undefined;

  constructor(layout: Layout) {
    this.#layout = layout;
  }

  get(): Prober {
    return this.#prober ??= new Prober(this.#layout);
  }

  [Symbol.dispose](): void {
    this.#prober?.[Symbol.dispose]();
  }
}
