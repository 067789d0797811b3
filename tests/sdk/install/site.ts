// SPDX-License-Identifier: MIT
/**
 * An installation of its own in a temporary folder, with the programs that it needs.
 *
 * @module
 */

import { join } from "node:path";
import { buildBundle } from "../../../scripts/build_bundle.ts";
import { buildRuntime } from "../../../scripts/build_runtime.ts";
import { addModule, type AddOptions, type AddResult } from "../../../sdk/install/add.ts";
import type { AddPlan } from "../../../sdk/install/plan.ts";
import { type Layout, layoutWith } from "../../../sdk/config/layout.ts";
import { makeFolder, ROOT, writeFiles } from "./folders.ts";

/** Built once for all tests of a file. */
let programs: Promise<string> | undefined;

/** The folder with the runtime and the bundler, built from what is being tested. */
export function builtPrograms(): Promise<string> {
  return programs ??= build();
}

async function build(): Promise<string> {
  const folder = Deno.realPathSync(Deno.makeTempDirSync({ prefix: "pam-deno-lib-" }));
  Deno.chmodSync(folder, 0o755);
  globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
  await Promise.all([
    buildRuntime(folder),
    buildBundle(folder, "bundler", "sdk/install/bundler.ts"),
  ]);
  return folder;
}

/** An installation for one test. */
export interface Site extends Disposable {
  /** Its folder. */
  readonly path: string;
  /** Where everything is. */
  readonly layout: Layout;
  /** What was shown before each question, the last one last. */
  readonly plans: AddPlan[];
  /** Adds a module without starting it; the answer to the question is yes unless it is told otherwise. */
  add(specifier: string, options?: Partial<AddOptions>, answer?: boolean): Promise<AddResult>;
  /** Writes the files of a module to `src/NAME` and gives that folder. */
  source(name: string, files: Readonly<Record<string, string>>): string;
  /** All that is installed: paths and what is in them. */
  installed(): Record<string, string>;
}

/** Makes an installation; `stateDir` may be elsewhere. */
export async function makeSite(changes: Partial<Layout> = {}): Promise<Site> {
  const libDir = await builtPrograms();
  const folder = makeFolder();
  const path = folder.path;
  Deno.chmodSync(path, 0o755);
  const layout = layoutWith({
    configDir: join(path, "etc"),
    runtimeDir: join(path, "run"),
    stateDir: join(path, "state"),
    keepDir: join(path, "keep"),
    cacheDir: join(path, "cache"),
    unitDir: join(path, "units"),
    pamDirs: [join(path, "pam.d")],
    libDir,
    sdkDir: ROOT,
    ...changes,
  });
  const plans: AddPlan[] = [];
  return {
    path,
    layout,
    plans,
    add: (specifier, options = {}, answer = true) =>
      addModule({ layout, specifier, start: false, ...options }, {
        progress: () => {},
        confirm: (plan) => {
          plans.push(plan);
          return Promise.resolve(answer);
        },
      }),
    source(name, files) {
      writeFiles(join(path, "src", name), files);
      return join(path, "src", name);
    },
    installed: () => ({ ...contents(layout.configDir), ...contents(layout.stateDir) }),
    [Symbol.dispose]: () => folder[Symbol.dispose](),
  };
}

/** All files and links below `folder` by their paths; folders end with a slash. */
export function contents(folder: string): Record<string, string> {
  const found: Record<string, string> = {};
  let entries: Deno.DirEntry[] = [];
  try {
    entries = [...Deno.readDirSync(folder)];
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  for (const { name, isDirectory, isSymlink } of entries) {
    const path = join(folder, name);
    if (isDirectory) Object.assign(found, { [`${path}/`]: "" }, contents(path));
    else found[path] = isSymlink ? `-> ${Deno.readLinkSync(path)}` : Deno.readTextFileSync(path);
  }
  return found;
}

/** The main file of a module that answers `account` with `code`, and declares `extra`. */
export function moduleText(code = "success", extra = ""): string {
  return `import { defineModule, type PamModule } from "@pam-deno/sdk";
export default defineModule({ ${extra} account: () => "${code}" }) as PamModule;
`;
}
