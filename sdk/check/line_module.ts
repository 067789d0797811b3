// SPDX-License-Identifier: MIT
/**
 * Compares a line of the shim with the module that it names.
 *
 * @module
 */

import { MODULE_NAME } from "../config/config.ts";
import type { Layout } from "../config/layout.ts";
import { gives } from "../grants.ts";
import { type Hook, LINE_TYPES, type LineType } from "../hooks.ts";
import { nearest } from "../nearest.ts";
import { type Finding, finding } from "./finding.ts";
import type { ShimLine } from "./shim_line.ts";

/** What a line has to fit. */
export interface LineTarget {
  /** The hooks of the module; `undefined` if they are not known. */
  readonly hooks: readonly Hook[] | undefined;
  /** The grants that it declares, by the type of the line; `undefined` if they are not known. */
  readonly grants: { readonly [T in LineType]?: readonly string[] | undefined } | undefined;
}

/** Whether a line asks the modules of `layout`, and not those of another installation. */
export function isAsked({ configDir }: ShimLine, layout: Layout): boolean {
  return configDir === layout.configDir;
}

/** Says it of a line that asks another installation, or another's sockets. */
export function checkFolders({ where, configDir, runtimeDir }: ShimLine, layout: Layout): Finding[] {
  if (configDir !== layout.configDir) {
    const what =
      `this line asks the modules of ${configDir}; those of ${layout.configDir} are looked at here`;
    return [
      finding("note", "other-config-dir", where, what, `nothing, or write config_dir=${layout.configDir}`),
    ];
  }
  if (runtimeDir === layout.runtimeDir) return [];
  const what =
    `this line looks for sockets in ${runtimeDir}; those of ${layout.runtimeDir} are looked at here`;
  return [
    finding("note", "other-runtime-dir", where, what, `nothing, or write runtime_dir=${layout.runtimeDir}`),
  ];
}

/** Whether the line names a module at all, and one that is there. */
export function checkName({ where, name, words }: ShimLine, known: ReadonlySet<string>): Finding[] {
  const comes = "each hook of this line ends with service_err";
  if (name === undefined) {
    const what = `the line names no module: ${comes}`;
    return [finding("error", "module-not-named", where, what, "write the name of one behind pam_deno.so")];
  }
  if (known.has(name)) return [];
  const meant = words.find((word) => known.has(word));
  if (meant !== undefined) {
    const what = `${name} is taken for the name of the module, because it has no = in it: ${comes}`;
    return [
      finding(
        "error",
        "module-unknown",
        where,
        what,
        `write it behind ${meant}, or with its value in front (debug=yes)`,
      ),
    ];
  }
  const near = nearest(name, known);
  const what = MODULE_NAME.test(name)
    ? `there is no module ${name}: ${comes}`
    : `${name} is not the name of a module (a-z, 0-9, _ and -, at most 64, not pam-deno): ${comes}`;
  const remedy = near === undefined
    ? `run \`pam-deno add SPECIFIER --name ${MODULE_NAME.test(name) ? name : "NAME"}\`, or mend the line`
    : `did you mean ${near}?`;
  return [finding("error", "module-unknown", where, what, remedy)];
}

/** Whether the line is of use to its module, and gives it what it needs. */
export function checkTarget(line: ShimLine, { hooks, grants }: LineTarget): Finding[] {
  const { where, name, line: { type } } = line;
  if (hooks && !hooks.some((hook) => LINE_TYPES[hook] === type)) {
    const what = `${name} has no hook for ${type} lines (it defines ${
      hooks.join(", ")
    }): this line does nothing`;
    return [finding("warning", "line-does-nothing", where, what, "remove the line")];
  }
  return grants ? checkGrants(line, grants[type] ?? []) : [];
}

function checkGrants(
  { where, name, grants, line: { type } }: ShimLine,
  declared: readonly string[],
): Finding[] {
  const findings: Finding[] = [];
  const missing = declared.filter((wanted) => !gives(grants, wanted));
  if (missing.length > 0) {
    const what = `${name} needs ${
      missing.join(", ")
    } on ${type} lines: without, each hook of this line ends with service_err`;
    const remedy = `look at what it asks for, then write grant=${declared.join(",")} in front of ${name}`;
    findings.push(finding("error", "grant-missing", where, what, remedy));
  }
  const extra = grants.filter((given) => !declared.some((wanted) => gives([given], wanted)));
  if (extra.length > 0) {
    const what = `${name} does not ask for ${extra.join(", ")} on ${type} lines`;
    findings.push(finding("warning", "grant-unused", where, what, "take it out of grant="));
  }
  return findings;
}
