// SPDX-License-Identifier: MIT
/**
 * What a worker may do to the machine: the administrator's list, checked and turned into `--allow-*` flags.
 *
 * The module's own declaration grants nothing. It is compared with the list so that a module which needs more is not started,
 * and the message says what to add.
 *
 * @module
 */

import { normalize } from "node:path/posix";
import { nearest } from "../nearest.ts";
import { SYS_KINDS } from "../permissions.ts";

/** The kinds that a module can be granted; the last two only as something dangerous. */
export const GRANTABLE = ["read", "write", "net", "env", "sys", "run", "ffi"] as const;

/** Kinds that no configuration grants. */
const REFUSED = {
  all: "would switch the sandbox off",
  import: "has no effect: a module's bundle imports nothing at run time",
} as const;

/** A kind that a module can be granted. */
export type GrantableKind = typeof GRANTABLE[number];

/** Kinds that can only be granted for what is named: without a name they would be the whole machine. */
export type NamedKind = "run" | "ffi";

/** What is granted, by kind: the scopes, or `true` for all there is. A kind that is missing is not granted at all. */
export type ScopedPermissions =
  & { readonly [K in Exclude<GrantableKind, NamedKind>]?: readonly string[] | true }
  & { readonly [K in NamedKind]?: readonly string[] };

/** A scope as configuration files and modules write it: a word, or the value of an option. */
export type Scope = string | { readonly option: string };

/** Permissions whose scopes may be taken from options. */
export type OpenPermissions = { readonly [kind: string]: readonly Scope[] };

/** Whether anything of `kind` is granted. */
export function isHeld(permissions: ScopedPermissions, kind: GrantableKind): boolean {
  return permissions[kind] === true || scopesOf(permissions, kind).length > 0;
}

/** The scopes that are granted for `kind`: none if it is not granted, and none if all of it is. */
export function scopesOf(permissions: ScopedPermissions, kind: GrantableKind): readonly string[] {
  const granted = permissions[kind];
  return granted === undefined || granted === true ? [] : granted;
}

/** Whether a module needs a network: a Unix socket is a file. */
export function usesNetwork(permissions: ScopedPermissions): boolean {
  return permissions.net === true || scopesOf(permissions, "net").some((scope) => !scope.startsWith(UNIX));
}

/** Whether a module may fill files; a folder to keep things in is one of what it may write. A Unix socket is filled by nobody. */
export function mayWrite(permissions: ScopedPermissions): boolean {
  const sockets = new Set(scopesOf(permissions, "net"));
  return permissions.write === true ||
    scopesOf(permissions, "write").some((path) => !sockets.has(`${UNIX}${path}`));
}

/** Variables that would change what a worker runs rather than what its module decides. */
const ENV_REFUSED =
  /^(?:LD_|DENO_|NODE_|GLIBC_TUNABLES$|GCONV_PATH$|MALLOC_|PATH$|HOME$|TMPDIR$|SSL|NOTIFY_SOCKET$|LISTEN_|WATCHDOG_)/;

const LABEL = "[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?";
const HOST = new RegExp(`^(?:(?:\\*\\.)?${LABEL}(?:\\.${LABEL})*|\\[[0-9A-Fa-f:.]+\\])(?::([0-9]{1,5}))?$`);
const EVERYWHERE = /^(?:0\.0\.0\.0|\[::\]|\*)(?::|$)/;
/** What stands before the path of a Unix socket. */
const UNIX = "unix:";

/** Kinds of system information that Deno knows but takes no flag for. */
const SYS_UNGRANTABLE = ["inspector", "umask"];

/** Kinds of system information that can be granted. */
export const SYS_GRANTABLE: readonly string[] = SYS_KINDS.filter((kind) => !SYS_UNGRANTABLE.includes(kind));

/** What every scope of a kind looks like, for whoever checks a file without this program. */
export const SCOPE_PATTERNS: { readonly [K in GrantableKind]: string } = {
  read: "^/[^,]+$",
  write: "^/[^,]+$",
  net: "^(?!unix:)[^,\\s/]+$|^unix:/[^,]+$",
  env: "^[A-Za-z_][A-Za-z0-9_]*$",
  sys: `^(?:${SYS_GRANTABLE.join("|")})$`,
  run: "^/[^,]+$",
  ffi: "^/[^,]+$",
};

/** What nobody sees, or what tears a scope apart so that it reads as something else. */
const UNREADABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]|\s\s/u;

/** Why `scope` cannot be granted for `kind`, or `undefined` if it can. Blanket scopes are refused. */
export function scopeError(kind: GrantableKind, scope: string): string | undefined {
  if (scope === "" || scope.includes(",") || UNREADABLE.test(scope)) {
    return "is empty, or has a comma, an invisible character or several blanks in a row in it";
  }
  switch (kind) {
    case "read":
    case "write":
    case "run":
    case "ffi":
      return pathError(kind, scope);
    case "net": {
      if (scope.startsWith(UNIX)) return pathError(kind, scope.slice(UNIX.length));
      const port = HOST.exec(scope)?.[1];
      if (EVERYWHERE.test(scope)) return "is every host: name the hosts";
      if (!HOST.test(scope) || Number(port ?? 1) < 1 || Number(port ?? 1) > 65535) {
        return "is not `HOST`, `HOST:PORT` or `unix:/PATH`";
      }
      return undefined;
    }
    case "env":
      if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(scope)) return "is not the name of one environment variable";
      return ENV_REFUSED.test(scope) ? "would change the worker itself and is never handed on" : undefined;
    case "sys":
      return SYS_GRANTABLE.includes(scope) ? undefined : `is not one of ${SYS_GRANTABLE.join(", ")}`;
  }
}

const USES = { read: "read", write: "written", net: "connected to", run: "started", ffi: "loaded" };

function pathError(kind: keyof typeof USES, path: string): string | undefined {
  if (!path.startsWith("/")) return "is not an absolute path";
  const plain = normalize(path);
  if (plain === "/") return `is the whole file system: name what is to be ${USES[kind]}`;
  return plain === path ? undefined : `is written in a roundabout way: write ${plain}`;
}

/** A scope that could not be resolved or granted. */
export interface ScopeProblem {
  /** The kind it stands under. */
  readonly kind: string;
  /** Its position in the list, if it stands in one. */
  readonly index?: number;
  /** What is wrong. */
  readonly problem: string;
}

/** What {@linkcode resolvePermissions} gives. */
export interface Resolution {
  /** What is granted. */
  readonly permissions: ScopedPermissions;
  /** Scopes that cannot be granted. */
  readonly problems: readonly ScopeProblem[];
  /** Options that a scope is taken from and that have no value. */
  readonly unset: readonly string[];
}

/**
 * Puts the values of options in their places and checks every scope. Whoever may connect to a Unix socket may also read and write it:
 * Deno asks for all three.
 */
export function resolvePermissions(
  open: { readonly [kind: string]: readonly Scope[] | true },
  options: Readonly<Record<string, unknown>>,
): Resolution {
  const permissions: { [kind: string]: string[] | true } = {};
  const problems: ScopeProblem[] = [];
  const unset: string[] = [];
  for (const [kind, scopes] of Object.entries(open)) {
    if (!isGrantable(kind)) {
      problems.push({ kind, problem: kindProblem(kind) });
      continue;
    }
    if (scopes === true) {
      permissions[kind] = true;
      continue;
    }
    for (const [index, scope] of scopes.entries()) {
      const words = typeof scope === "string" ? [scope] : wordsOf(own(options, scope.option));
      if (words === undefined) unset.push((scope as { option: string }).option);
      for (const word of words ?? []) {
        const wrong = scopeError(kind, word);
        if (wrong) problems.push({ kind, index, problem: `${JSON.stringify(word)} ${wrong}` });
        else for (const [of, granted] of meant(kind, word)) add(permissions, of, granted);
      }
    }
  }
  for (const [kind, scopes] of Object.entries(permissions)) {
    if (scopes !== true) permissions[kind] = [...new Set(scopes)].sort();
  }
  return { permissions: permissions as ScopedPermissions, problems, unset: [...new Set(unset)] };
}

/** All that a scope stands for. */
function meant(kind: GrantableKind, scope: string): [GrantableKind, string][] {
  if (kind !== "net" || !scope.startsWith(UNIX)) return [[kind, scope]];
  const path = scope.slice(UNIX.length);
  return [[kind, scope], ["read", path], ["write", path]];
}

function add(permissions: { [kind: string]: string[] | true }, kind: string, scope: string): void {
  const scopes = permissions[kind] ??= [];
  if (scopes !== true) scopes.push(scope);
}

/** Whether `kind` can be granted at all. */
export function isGrantable(kind: string): kind is GrantableKind {
  return (GRANTABLE as readonly string[]).includes(kind);
}

/** Why nothing of `kind` can be granted. */
export function kindProblem(kind: string): string {
  if (Object.hasOwn(REFUSED, kind)) {
    return `${JSON.stringify(kind)} is refused: it ${REFUSED[kind as keyof typeof REFUSED]}`;
  }
  const near = nearest(kind, GRANTABLE);
  return `${JSON.stringify(kind)} is not a kind of permission: ${
    near ? `did you mean "${near}"?` : `known are ${GRANTABLE.join(", ")}`
  }`;
}

function own(options: Readonly<Record<string, unknown>>, name: string): unknown {
  return Object.hasOwn(options, name) ? options[name] : undefined;
}

function wordsOf(value: unknown): readonly string[] | undefined {
  if (value === undefined) return undefined;
  return (Array.isArray(value) ? value : [value]).map(String);
}

/** The command-line flags that give exactly `permissions`, always in the same order. */
export function permissionFlags(permissions: ScopedPermissions): string[] {
  return GRANTABLE.flatMap((kind) => {
    if (permissions[kind] === true) return [`--allow-${kind}`];
    const scopes = scopesOf(permissions, kind);
    return scopes.length > 0 ? [`--allow-${kind}=${scopes.join(",")}`] : [];
  });
}

/** What of `needed` is not covered by `granted`: as the lines of a `permissions` block that would grant it. */
export function missingPermissions(needed: ScopedPermissions, granted: ScopedPermissions): string[] {
  return GRANTABLE.flatMap((kind) => {
    if (granted[kind] === true) return [];
    if (needed[kind] === true) return [`"${kind}": true`];
    const missing = scopesOf(needed, kind).filter((scope) =>
      !scopesOf(granted, kind).some((held) => covers(kind, held, scope))
    );
    return missing.length ? [`"${kind}": ${JSON.stringify(missing)}`] : [];
  });
}

/** Whether whoever holds `held` may do all that `scope` names. */
function covers(kind: GrantableKind, held: string, scope: string): boolean {
  if (held === scope) return true;
  switch (kind) {
    case "read":
    case "write":
    case "ffi":
      return scope.startsWith(held.endsWith("/") ? held : `${held}/`);
    case "net": {
      const [host, port] = splitPort(scope);
      const [heldHost, heldPort] = splitPort(held);
      return (heldPort === undefined || heldPort === port) &&
        (heldHost === host || (heldHost.startsWith("*.") && host.endsWith(heldHost.slice(1))));
    }
    default:
      return false;
  }
}

function splitPort(scope: string): [string, string | undefined] {
  const at = scope.lastIndexOf(":");
  return at > scope.lastIndexOf("]") ? [scope.slice(0, at), scope.slice(at + 1)] : [scope, undefined];
}
