// SPDX-License-Identifier: MIT
/**
 * Writes the pam.d lines that a module is used with.
 *
 * @module
 */

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

/** One line for each type on which the module has a hook. Grants stand on it: whoever copies the line gives them. */
export function pamLines({ shim, options, name, hooks, grants }: PamLinesOptions): string[] {
  const types = new Set(hooks.map((hook) => LINE_TYPES[hook]));
  return [...types].map((type) => {
    const granted = grants[type]?.length ? [`grant=${grants[type].join(",")}`] : [];
    return [type, "required", shim, ...options, ...granted, name].join(" ");
  });
}
