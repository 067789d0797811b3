// SPDX-License-Identifier: MIT
/**
 * Lays what a module used beside what it declares.
 *
 * @module
 */

import { dirname } from "node:path";
import { missingPermissions, resolvePermissions, type Scope } from "../../config/permissions.ts";
import { gives, LINES } from "../../grants.ts";
import type { LineType } from "../../hooks.ts";
import type { Declaration } from "../../supervisor/probe.ts";
import type { Words } from "../../words.ts";
import type { GrantUse, Moment, PermissionUse, Uses } from "./checks.ts";

/** From as many files of one folder on, the folder is named in their place. */
export const FOLDER_FROM = 5;

/**
 * What is said of one permission or grant: `needed` and declared; `missing`: needed and not declared; `unused`: declared, and nothing needed
 * it; `wide`: declared, and less would have done; `state`: a file of an option that is written and read, which belongs into the module's
 * state folder, where it needs no declaration; `optional`: used, but only where it is there; `administrator`: needed, and only the configuration can say it; `impossible`: needed, and
 * a module cannot have it without breaking its sandbox.
 */
export type Verdict =
  | "needed"
  | "missing"
  | "unused"
  | "wide"
  | "state"
  | "optional"
  | "administrator"
  | "impossible";

/** One permission or grant. */
export interface Finding {
  /** The kind of permission, or the type of line. */
  readonly kind: string;
  /** What of it, as `defineModule` says it. */
  readonly value: Scope;
  /** Whether it is declared. */
  readonly declared: boolean;
  /** What is said of it. */
  readonly verdict: Verdict;
  /** What would have done, if it is too wide. */
  readonly enough?: readonly string[];
  /** Who needed it: tests by their places, then profiles. */
  readonly by: readonly Need[];
}

/** Who needed something. */
export interface Need {
  /** The hook, or `load`. */
  readonly hook: string;
  /** The test or profile. */
  readonly by: string;
  /** The place in the module's sources. */
  readonly at?: string;
}

/** All of it. */
export interface Comparison {
  /** Permissions, by kind. */
  readonly permissions: readonly Finding[];
  /** Grants, by type of line. */
  readonly grants: readonly Finding[];
  /** The smallest declaration that would have done. */
  readonly smallest: Pick<Declaration, "permissions" | "grants">;
  /** Hooks that the module defines and that neither test nor profile ran. */
  readonly not_run: readonly string[];
}

/** Kinds that `defineModule` can declare. */
const DECLARABLE = ["read", "write", "net", "env", "sys"];
const PATHS = ["read", "write"];

/** Whether what is declared does. What is unused or wide does only if `strict` is false: a test may be missing. */
export function isEnough({ permissions, grants }: Comparison, strict: boolean): boolean {
  const bad: readonly Verdict[] = ["missing", "impossible", ...strict ? ["unused", "wide"] as const : []];
  return ![...permissions, ...grants].some(({ verdict }) => bad.includes(verdict));
}

/** Compares them. */
export function compare({ permissions, grants, hooks }: Declaration, uses: Uses): Comparison {
  const used = relevant(uses.permissions);
  const found = permissionFindings(permissions, used);
  const given = LINES.flatMap((line) =>
    grantFindings(line, grants[line] ?? [], uses.grants.filter((use) => use.line === line))
  );
  return {
    permissions: found,
    grants: given,
    smallest: { permissions: smallestOf(found), grants: smallestOf(given) as Declaration["grants"] },
    not_run: hooks.filter((hook) => !uses.hooks.has(hook)),
  };
}

/** What is worth a line: whoever connects to a Unix socket also reads and writes it, and Deno asks for each. */
function relevant(uses: readonly PermissionUse[]): PermissionUse[] {
  const sockets = new Set(uses.filter(({ kind }) => kind === "net").map(({ value }) => value));
  return uses.filter(({ kind, value }) => !(PATHS.includes(kind) && sockets.has(`unix:${value}`)));
}

function permissionFindings(declared: Declaration["permissions"], uses: readonly PermissionUse[]): Finding[] {
  const left = new Set(uses);
  const findings: Finding[] = [];
  for (const [kind, scopes] of Object.entries(declared)) {
    for (const value of scopes) {
      const mine = uses.filter((use) => use.kind === kind && covers(value, use));
      for (const use of mine) left.delete(use);
      const enough = narrower(value, mine);
      const verdict = mine.length === 0 ? "unused" : enough === undefined ? "needed" : "wide";
      findings.push({ kind, value, declared: true, verdict, ...enough && { enough }, by: needsOf(mine) });
    }
  }
  return [...findings, ...missing([...left])].sort((a, b) => order(a.kind) - order(b.kind));
}

function order(kind: string): number {
  const at = DECLARABLE.indexOf(kind);
  return at < 0 ? DECLARABLE.length : at;
}

/** Whether what is declared covers what was used, by the options of that hook. */
function covers(scope: Scope, { kind, value, words }: PermissionUse): boolean {
  if (value === undefined) return false;
  const { permissions } = resolvePermissions({ [kind]: [scope] }, { ...words });
  return missingPermissions({ [kind]: [value] }, permissions).length === 0;
}

/** What would have done in the place of a path or a host. An option's value is the administrator's, and as wide as they like. */
function narrower(scope: Scope, uses: readonly PermissionUse[]): string[] | undefined {
  const values = [...new Set(uses.map(({ value }) => value!))].sort();
  if (typeof scope !== "string" || values.length === 0 || values.includes(scope)) return undefined;
  return values.length < FOLDER_FROM ? values : undefined;
}

function missing(uses: readonly PermissionUse[]): Finding[] {
  const groups = new Map<string, { kind: string; value: Scope; uses: PermissionUse[] }>();
  for (const use of uses) {
    const value = optionFor(use) ?? folderFor(use) ?? use.value ?? "*";
    const key = JSON.stringify([use.kind, value]);
    const group = groups.get(key) ?? { kind: use.kind, value, uses: [] };
    groups.set(key, group);
    group.uses.push(use);
  }
  const isBoth = (value: Scope) =>
    typeof value === "object" && PATHS.every((kind) => groups.has(JSON.stringify([kind, value])));
  return inFolders([...groups.values()]).map(({ kind, value, uses }) => {
    if (isBoth(value)) return { kind, value, declared: false, verdict: "state", by: needsOf(uses) };
    const possible = DECLARABLE.includes(kind) && value !== "*";
    const verdict = uses.every(({ looked }) => looked)
      ? "optional"
      : isText(value)
      ? "administrator"
      : possible
      ? "missing"
      : "impossible";
    return { kind, value, declared: false, verdict, by: needsOf(uses) };
  });
}

type Group = { kind: string; value: Scope; uses: PermissionUse[] };

/** Many files of one folder as that folder. */
function inFolders(groups: readonly Group[]): Group[] {
  const folderOf = ({ kind, value }: Group) =>
    PATHS.includes(kind) && typeof value === "string" && dirname(value) !== "/"
      ? `${kind} ${dirname(value)}`
      : "";
  const byFolder = Map.groupBy(groups, folderOf);
  return [...byFolder].flatMap(([folder, members]) => {
    if (folder === "" || members.length < FOLDER_FROM) return members;
    const [{ kind, value }] = members as [Group];
    return [{ kind, value: dirname(value as string), uses: members.flatMap(({ uses }) => uses) }];
  });
}

/** The option whose value is what was used, or covers it. */
function optionFor(use: PermissionUse): Scope | undefined {
  const names = Object.keys(use.words).filter((option) => covers({ option }, use));
  return names.length === 0 ? undefined : { option: names[0]! };
}

/** What stands before the name of an option whose file's folder is meant: no declaration can say that. */
const FOLDER_OF = "the folder of option ";

function folderFor({ kind, value, words }: PermissionUse): string | undefined {
  if (!PATHS.includes(kind)) return undefined;
  const name = Object.keys(words).find((name) =>
    [words[name]].flat().some((word) =>
      typeof word === "string" && word.startsWith("/") && dirname(word) === value
    )
  );
  return name === undefined ? undefined : `${FOLDER_OF}${name}`;
}

function isText(value: Scope): boolean {
  return typeof value === "string" && value.startsWith(FOLDER_OF);
}

function grantFindings(line: LineType, declared: readonly string[], uses: readonly GrantUse[]): Finding[] {
  const left = new Set(uses);
  const findings = declared.map((value): Finding => {
    const mine = uses.filter(({ grant }) => gives([value], grant));
    for (const use of mine) left.delete(use);
    const names = [...new Set(mine.map(({ grant }) => grant))].sort();
    // One name says that a prefix was not needed; several may be any.
    const wide = value.endsWith("*") && names.length === 1 && sameEverywhere(mine);
    const verdict = mine.length === 0 ? "unused" : wide ? "wide" : "needed";
    return { kind: line, value, declared: true, verdict, ...wide && { enough: names }, by: needsOf(mine) };
  });
  const more = Map.groupBy(left, ({ grant }) => grant);
  return [
    ...findings,
    ...[...more].map(([value, uses]): Finding => ({
      ...{ kind: line, value, declared: false, verdict: "missing" },
      by: needsOf(uses),
    })),
  ];
}

/** Whether a name was the same with other options: where options were never others, nobody knows whether it comes from them. */
function sameEverywhere(uses: readonly GrantUse[]): boolean {
  const name = uses[0]!.grant.replace(/^[^:]*:/, "");
  const isOption = (words: Words) =>
    Object.values(words).flat().some((word) =>
      typeof word === "string" && word !== "" && name.includes(word)
    );
  return !uses.some(({ words }) => isOption(words));
}

function needsOf(uses: readonly Moment[]): Need[] {
  const seen = new Map<string, Need>();
  for (const { hook, by, at } of uses) {
    const key = `${hook} ${by}`;
    const before = seen.get(key);
    if (before === undefined || (before.at === undefined && at !== undefined)) {
      seen.set(key, { hook, by, ...at !== undefined && { at } });
    }
  }
  // Deno loads files of tests in any order.
  const isProfile = ({ by }: Need) => by.startsWith("profile ");
  return [...seen.values()].sort((a, b) =>
    Number(isProfile(a)) - Number(isProfile(b)) || byPlace.compare(a.by, b.by) ||
    byPlace.compare(a.hook, b.hook)
  );
}

const byPlace = new Intl.Collator("en", { numeric: true });

/** The verdicts on what belongs into the declaration. */
const DECLARED_FOR: readonly Verdict[] = ["needed", "missing", "wide"];

/** What would have done, in the order of what is declared. */
function smallestOf(findings: readonly Finding[]): Record<string, Scope[]> {
  const smallest: Record<string, Scope[]> = {};
  for (const { kind, value, verdict, enough } of findings) {
    if (!DECLARED_FOR.includes(verdict)) continue;
    (smallest[kind] ??= []).push(...enough ?? [value]);
  }
  return smallest;
}
