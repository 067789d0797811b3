// SPDX-License-Identifier: MIT
/**
 * What an `add` or a `rollback` would change, for a person to look at before it happens.
 *
 * @module
 */

import type { Hook, LineType } from "../hooks.ts";
import { line } from "../text.ts";
import type { InstalledBundle } from "./record.ts";

/** The longest word that is shown, in bytes: modules choose some of them. */
const WORD_MAX = 1_024;

/** Two lists compared. */
export interface Difference {
  /** What is new. */
  readonly added: readonly string[];
  /** What is not there any more. */
  readonly removed: readonly string[];
  /** What stays. */
  readonly kept: readonly string[];
}

/** What would be changed. */
export interface AddPlan {
  /** The module's name. */
  readonly name: string;
  /** What was asked for: an absolute path, or a `jsr:` or `npm:` specifier with an exact version. */
  readonly specifier: string;
  /** The SHA-256 of the bundle that would be served. */
  readonly sha256: string;
  /** What is served now; `undefined` if the module is new. */
  readonly upgradeFrom: InstalledBundle | undefined;
  /** What the module may do to the machine, as `KIND "SCOPE"`. */
  readonly permissions: Difference;
  /** What it asks to do to logins, by the type of the pam.d line. The lines themselves are the administrator's. */
  readonly grants: { readonly [T in LineType]?: Difference };
  /** The hooks that it defines. */
  readonly hooks: Difference;
  /** The folder that was copied to make it, and how many files of it; `undefined` if none was. */
  readonly copied?: { readonly folder: string; readonly files: number } | undefined;
  /** Words of the `"dangerous"` list: what breaks the sandbox. */
  readonly dangerous: Difference;
  /** What whoever decides should know. */
  readonly warnings: readonly string[];
  /** The configuration file before; `undefined` if there is none. */
  readonly configurationBefore: string | undefined;
  /** The configuration file after. */
  readonly configuration: string;
}

/** Whether a plan lets the module do more than before, to the machine or to logins: what asks it more, it may decide. */
export function widens({ permissions, grants, hooks, dangerous }: AddPlan): boolean {
  return [permissions, dangerous, hooks, ...Object.values(grants)].some(({ added }) => added.length > 0);
}

/** Compares two lists. Both orders are kept. */
export function compare(before: readonly string[], after: readonly string[]): Difference {
  return {
    added: after.filter((word) => !before.includes(word)),
    removed: before.filter((word) => !after.includes(word)),
    kept: after.filter((word) => before.includes(word)),
  };
}

/**
 * A plan as lines to read: what widens first, then each list with `+`, `-` and two spaces for what stays. Nothing that a module says can
 * move the cursor, or turn the direction of what is read.
 */
export function formatPlan(plan: AddPlan): string[] {
  return planLines(plan).map((text) => {
    const [mark] = /^ *(?:[-+] )?/.exec(text)!;
    return mark + line(text.slice(mark.length), WORD_MAX);
  });
}

function planLines(plan: AddPlan): string[] {
  const { name, specifier, sha256, upgradeFrom, permissions, grants, hooks, copied, dangerous, warnings } =
    plan;
  const lines = [
    upgradeFrom === undefined ? `Add ${name}` : `Change ${name}`,
    ...upgradeFrom === undefined || upgradeFrom.specifier === specifier
      ? [`    ${specifier}`]
      : [`  - ${upgradeFrom.specifier}`, `  + ${specifier}`],
    ...upgradeFrom === undefined || upgradeFrom.sha256 === sha256
      ? [`    SHA-256 ${sha256}`]
      : [`  - SHA-256 ${upgradeFrom.sha256}`, `  + SHA-256 ${sha256}`],
  ];
  if (copied) {
    lines.push(
      `    made of a copy of ${copied.folder} (${copied.files} ${copied.files === 1 ? "file" : "files"})`,
    );
  }
  if (upgradeFrom !== undefined) lines.push("", ...describeWidening(plan));
  for (const warning of warnings) lines.push("", `WARNING: ${warning}`);
  lines.push("", ...section("Hooks", hooks, "none"));
  lines.push(...section("To the machine it may", permissions, "nothing: no file, no network, no program"));
  if (Object.values(dangerous).some((list) => list.length > 0)) {
    lines.push(...section("DANGEROUS: this ends the sandbox", dangerous, "nothing"));
  }
  const types = Object.entries(grants).filter(([, { added, removed, kept }]) =>
    added.length + removed.length + kept.length > 0
  );
  if (types.length === 0) lines.push("To logins it asks for", "    nothing but to decide");
  for (const [type, difference] of types) {
    lines.push(...section(`To logins it asks for, on ${type} lines`, difference, "nothing"));
  }
  return lines;
}

function describeWidening(plan: AddPlan): string[] {
  if (!widens(plan)) return ["It may do no more than before."];
  const { permissions, grants, hooks, dangerous } = plan;
  const more = [
    ...hooks.added.map((hook) => `  + the hook ${hook}: it decides where it did not before`),
    ...dangerous.added.map((word) => `  + ${word}, which ends the sandbox`),
    ...permissions.added.map((word) => `  + ${word}`),
    ...Object.entries(grants).flatMap(([type, { added }]) =>
      added.map((word) => `  + ${word}, if its ${type} lines are given it`)
    ),
  ];
  return ["THIS LETS IT DO MORE THAN BEFORE:", ...more];
}

function section(title: string, { added, removed, kept }: Difference, none: string): string[] {
  const lines = [
    ...kept.map((word) => `    ${word}`),
    ...removed.map((word) => `  - ${word}`),
    ...added.map((word) => `  + ${word}`),
  ];
  return [title, ...lines.length > 0 ? lines : [`    ${none}`]];
}

/** The hooks and grants that two declarations differ by. */
export function compareDeclarations(
  before: { readonly hooks: readonly Hook[]; readonly grants: GrantLists } | undefined,
  after: { readonly hooks: readonly Hook[]; readonly grants: GrantLists },
): Pick<AddPlan, "grants" | "hooks"> {
  const types = [
    ...new Set([...Object.keys(before?.grants ?? {}), ...Object.keys(after.grants)]),
  ] as LineType[];
  return {
    hooks: compare(before?.hooks ?? [], after.hooks),
    grants: Object.fromEntries(
      types.map((type) => [type, compare(before?.grants[type] ?? [], after.grants[type] ?? [])]),
    ),
  };
}

type GrantLists = { readonly [T in LineType]?: readonly string[] | undefined };
