// SPDX-License-Identifier: MIT
/**
 * Looks at every line of pam.d that names the shim, and at the stacks that they stand in.
 *
 * @module
 */

import type { Layout } from "../config/layout.ts";
import { listPamFiles, PAM_TYPES, type PamLine } from "../config/pam_d.ts";
import { type Finding, finding } from "./finding.ts";
import { checkFolders, checkName, checkTarget, isAsked, type LineTarget } from "./line_module.ts";
import { checkOwner, unreadable } from "./places.ts";
import { checkWords, meansShim, readShimLine, type ShimLine } from "./shim_line.ts";
import { buildStack, type Entry, PamFiles } from "./stack.ts";
import { StackFindings } from "./stack_finding.ts";
import { checkStack } from "./stack_rules.ts";

/** What is known of modules, for the lines that name them. */
export interface LineModules {
  /** The names that the shim knows. */
  readonly known: ReadonlySet<string>;
  /** What a line with this module has to fit. */
  targetOf(name: string): LineTarget;
}

/** The lines of pam.d that name the shim. */
export class PamD {
  /** The lines, those included that libpam cannot use. */
  readonly lines: readonly PamLine[];
  /** Those that ask a module of this layout. */
  readonly asking: readonly ShimLine[];
  readonly #layout: Layout;
  readonly #files: PamFiles;
  readonly #findings: Finding[] = [];

  /** Reads the files; one that cannot be read is a finding. */
  constructor(layout: Layout) {
    this.#layout = layout;
    this.#files = new PamFiles(this.#list());
    const lines: PamLine[] = [];
    for (const file of this.#files.services.values()) {
      const read = this.#files.linesOf(file);
      if (read instanceof Error) this.#findings.push(unreadable(file, read));
      else lines.push(...read.filter(meansShim));
    }
    this.lines = lines;
    this.asking = lines.flatMap((line) => readShimLine(line) ?? []).filter((line) => isAsked(line, layout));
  }

  #list(): Map<string, string> {
    try {
      return listPamFiles(this.#layout.pamDirs);
    } catch (error) {
      this.#findings.push(unreadable(this.#layout.pamDirs.join(" "), error));
      return new Map();
    }
  }

  /** All that is wrong, for the lines that `wanted` picks by their module. */
  check(modules: LineModules, wanted: (name: string | undefined) => boolean): Finding[] {
    const lines = this.lines.filter((line) => wanted(readShimLine(line)?.name));
    return [
      ...this.#findings,
      ...this.#checkFiles(lines),
      ...this.#checkServiceNames(lines),
      ...lines.flatMap((line) => this.#checkLine(line, modules)),
      ...this.#checkStacks(modules, wanted),
    ];
  }

  #checkFiles(lines: readonly PamLine[]): Finding[] {
    const files = new Set(lines.map(({ file }) => file));
    return [...files].flatMap((file) => checkOwner(file, "who gets in"));
  }

  /** libpam looks for a service in lower case. */
  #checkServiceNames(lines: readonly PamLine[]): Finding[] {
    const files = new Set(lines.map(({ file }) => file));
    return [...this.#files.services].filter(([name, file]) => files.has(file) && name !== name.toLowerCase())
      .filter(([, file]) => !this.#files.parts().has(file))
      .map(([name, file]) => {
        const what = "libpam looks for the file of a service in lower case: nobody reads this one";
        return finding("warning", "service-not-read", file, what, `rename it to ${name.toLowerCase()}`);
      });
  }

  #checkLine(line: PamLine, modules: LineModules): Finding[] {
    const findings = checkWords(line);
    const shim = readShimLine(line);
    if (shim === undefined) return findings;
    if (line.optional) {
      const what =
        "by the - in front libpam says nothing if the shim is missing, and the line fails all the same";
      findings.push(finding("note", "missing-is-silent", shim.where, what, "take the - out"));
    }
    findings.push(...checkFolders(shim, this.#layout));
    if (!isAsked(shim, this.#layout)) return findings;
    const problems = checkName(shim, modules.known);
    if (problems.length > 0) return [...findings, ...problems];
    return [...findings, ...checkTarget(shim, modules.targetOf(shim.name!))];
  }

  #checkStacks(modules: LineModules, wanted: (name: string | undefined) => boolean): Finding[] {
    const found = new StackFindings();
    const parts = this.#files.parts();
    for (const [service, file] of this.#files.services) {
      if (parts.has(file)) continue;
      for (const type of PAM_TYPES) {
        const stack = buildStack(this.#files, service, type);
        const asksWanted = stack.entries.some(({ line }) =>
          meansShim(line) && wanted(readShimLine(line)?.name)
        );
        if (asksWanted) found.add(stack, checkStack(stack, (entry) => this.#moduleOf(entry, modules)));
      }
    }
    return found.list();
  }

  #moduleOf({ line }: Entry, modules: LineModules): LineTarget {
    const shim = readShimLine(line);
    const isOurs = shim?.name !== undefined && isAsked(shim, this.#layout) && modules.known.has(shim.name);
    return isOurs ? modules.targetOf(shim.name) : { hooks: undefined, grants: undefined };
  }
}
