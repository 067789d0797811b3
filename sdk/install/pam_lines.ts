// SPDX-License-Identifier: MIT
/**
 * Writes the pam.d lines that a module is used with.
 *
 * @module
 */

import { join } from "node:path";
import { DEFAULT_LAYOUT, type Layout } from "../config/layout.ts";
import { stat } from "../config/place.ts";
import { type Hook, LINE_TYPES, type LineType } from "../hooks.ts";

/** What a module's lines are made of. */
export interface PamLinesOptions {
  /** The shim's file. */
  readonly shim: string;
  /** Shim options that every line needs. */
  readonly options: readonly string[];
  /** The module's name. */
  readonly name: string;
  /** The hooks it defines. */
  readonly hooks: readonly Hook[];
  /** The grants it needs, by the type of the line. */
  readonly grants: { readonly [T in LineType]?: readonly string[] | undefined };
}

/** The shim's file and the shim options that every line needs in this layout: in the package's own, libpam finds it and it finds us. */
export function shimWords(layout: Layout): Pick<PamLinesOptions, "options" | "shim"> {
  const { configDir, libDir, runtimeDir } = layout;
  const options = [
    ...runtimeDir === DEFAULT_LAYOUT.runtimeDir ? [] : [`runtime_dir=${realPath(runtimeDir)}`],
    ...configDir === DEFAULT_LAYOUT.configDir ? [] : [`config_dir=${realPath(configDir)}`],
  ];
  return { shim: options.length > 0 ? join(libDir, "pam_deno.so") : "pam_deno.so", options };
}

/** The shim takes no link on the way. */
function realPath(path: string): string {
  return stat(path) ? Deno.realPathSync(path) : path;
}

/** One line for each type on which the module has a hook. Grants stand on it: whoever copies the line gives them. */
export function pamLines({ shim, options, name, hooks, grants }: PamLinesOptions): string[] {
  return typesOf(hooks).map((type) => {
    const granted = grants[type]?.length ? [`grant=${grants[type].join(",")}`] : [];
    return [type, "required", shim, ...options, ...granted, name].join(" ");
  });
}

/**
 * For each line of {@linkcode pamLines} the one to put right before it: for uid 0 it jumps over one line, the next, wherever the two are
 * included from. What else the stack has to say about root is still asked.
 */
export function breakGlassLines(hooks: readonly Hook[]): string[] {
  return typesOf(hooks).map((type) => `${type} [success=1 default=ignore] pam_succeed_if.so quiet uid = 0`);
}

function typesOf(hooks: readonly Hook[]): LineType[] {
  return [...new Set(hooks.map((hook) => LINE_TYPES[hook]))];
}
