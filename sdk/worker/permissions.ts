// SPDX-License-Identifier: MIT
/**
 * The worker's check of itself: it may do exactly what it was told, and nothing else.
 *
 * It needs no permission, and runs before the module's code does. With `--no-prompt` a permission that is missing has the state
 * `"prompt"`, not `"denied"`: only `"granted"` says something. What cannot be seen from within, the user id for one, the
 * supervisor reads in /proc.
 *
 * @module
 */

import { SYS_KINDS } from "../permissions.ts";

/** What a worker was told it may do: scopes by kind, `true` being all there is, and a missing kind nothing at all. */
export type ToldPermissions = Readonly<Record<string, readonly string[] | true | undefined>>;

/** Every kind of permission that Deno has. */
export const PERMISSION_KINDS = ["read", "write", "net", "env", "sys", "run", "ffi", "import"] as const;

type Kind = typeof PERMISSION_KINDS[number];

/** Things that nobody is granted alone: whoever has them was granted more than a scope. */
const CANARIES: Readonly<Record<Kind, readonly string[]>> = {
  read: ["/", "/etc/shadow", "/proc/self/environ"],
  write: ["/", "/etc/shadow", "/proc/self/mem"],
  net: ["canary.invalid", "canary.invalid:1", "192.0.2.1:1"],
  env: ["PAM_DENO_CANARY", "PATH"],
  sys: SYS_KINDS,
  run: ["/bin/sh", "sh"],
  ffi: ["/", "/lib"],
  import: [],
};

/** Compares what this process may do with what it was told. Gives what is wrong in words; nothing if all is well. */
export function permissionProblems(told: ToldPermissions): string[] {
  const problems: string[] = [];
  for (const kind of Object.keys(told)) {
    if (!isKind(kind)) problems.push(`was told of a permission "${kind}" that there is not`);
  }
  for (const kind of PERMISSION_KINDS) {
    const scopes = told[kind] ?? [];
    if (scopes === true) {
      if (!isGranted(kind)) problems.push(`does not hold all of "${kind}"`);
      continue;
    }
    if (isGranted(kind)) problems.push(`holds all of "${kind}"${scopes.length ? " instead of a part" : ""}`);
    for (const canary of CANARIES[kind]) {
      const told = scopes.some((scope) => canary === scope || canary.startsWith(`${scope}/`));
      if (!told && isGranted(kind, canary)) problems.push(`holds "${kind}" for ${canary}`);
    }
    for (const scope of scopes) {
      if (!isGranted(kind, scope)) problems.push(`does not hold "${kind}" for ${scope}`);
    }
  }
  return problems;
}

function isKind(kind: string): kind is Kind {
  return (PERMISSION_KINDS as readonly string[]).includes(kind);
}

function isGranted(kind: Kind, scope?: string): boolean {
  const { state, partial } = Deno.permissions.querySync(descriptor(kind, scope));
  // Part of all is still a blanket grant, with holes.
  return state === "granted" || (scope === undefined && partial);
}

function descriptor(kind: Kind, scope: string | undefined): Deno.PermissionDescriptor {
  if (scope === undefined) return { name: kind } as Deno.PermissionDescriptor;
  switch (kind) {
    case "read":
    case "write":
    case "ffi":
      return { name: kind, path: scope };
    case "net":
    case "import":
      // Deno cannot be asked about a wildcard, but about a host that it covers.
      return { name: kind, host: scope.replace(/^\*\./, "canary.") } as Deno.PermissionDescriptor;
    case "env":
      return { name: kind, variable: scope };
    case "sys":
      return { name: kind, kind: scope } as Deno.PermissionDescriptor;
    case "run":
      return { name: kind, command: scope };
  }
}
