// SPDX-License-Identifier: MIT
/**
 * The Deno permissions that a module needs: what its process may do to the machine.
 *
 * @module
 */

/**
 * The name of a Deno permission that a module can ask for. `run` and `ffi` are not among them: a program or a
 * library that a module starts is out of the sandbox.
 *
 * @example
 * ```ts
 * import type { PermissionName } from "@pam-deno/sdk";
 *
 * const names: PermissionName[] = ["read", "net"];
 * // @ts-expect-error a program is out of the sandbox
 * const wrong: PermissionName = "run";
 * ```
 */
export type PermissionName = "read" | "write" | "net" | "env" | "sys";

const PERMISSION_NAMES: readonly string[] = [
  "read",
  "write",
  "net",
  "env",
  "sys",
] satisfies readonly PermissionName[];

/**
 * The names of the options that a validator's input type `I` knows.
 *
 * @example
 * ```ts
 * import type { OptionName } from "@pam-deno/sdk";
 *
 * const name: OptionName<{ rules: string; host?: string }> = "rules";
 * // @ts-expect-error the validator does not know it
 * const wrong: OptionName<{ rules: string; host?: string }> = "rule";
 * ```
 */
export type OptionName<I> = unknown extends I ? string : I extends object ? keyof I & string : string;

/**
 * One value of a permission: the path, host or name itself, or the option which holds it.
 *
 * @example
 * ```ts
 * import { defineModule, type PermissionValue } from "@pam-deno/sdk";
 * import assert from "node:assert/strict";
 * import * as v from "valibot";
 *
 * const hosts: PermissionValue<{ server: string }>[] = ["ldap.example.org:636", { option: "server" }];
 * const options = v.object({ server: v.string() });
 * const module = defineModule({ options, permissions: { net: hosts }, account: () => "ignore" });
 * assert.deepEqual(module.permissions, { net: hosts });
 * ```
 */
export type PermissionValue<I = unknown> = string | {
  /** The option whose value, or values, are meant. */
  readonly option: OptionName<I>;
};

/**
 * The Deno permissions that a module needs, each with its values: there is no unscoped permission. The
 * administrator sees them at
 * `pam-deno add` and gives them in the module's configuration; without it the worker has none.
 *
 * @example
 * ```ts
 * import { defineModule } from "@pam-deno/sdk";
 * import assert from "node:assert/strict";
 * import * as v from "valibot";
 *
 * const module = defineModule({
 *   options: v.object({ rules: v.string() }),
 *   permissions: { read: [{ option: "rules" }], net: ["ldap.example.org:636"] },
 *   account: () => "ignore",
 * });
 * assert.deepEqual(module.permissions.net, ["ldap.example.org:636"]);
 * ```
 */
export type Permissions<I = unknown> = { readonly [K in PermissionName]?: readonly PermissionValue<I>[] };

/**
 * What is wrong with `permissions`; `undefined` if nothing is. `options` are the names of the module's
 * options, if known.
 */
export function permissionsProblem(permissions: unknown, options?: ReadonlySet<string>): string | undefined {
  if (typeof permissions !== "object" || permissions === null || Array.isArray(permissions)) {
    return 'permissions must be an object, such as { read: [{ option: "rules" }] }';
  }
  for (const [name, values] of Object.entries(permissions)) {
    if (!PERMISSION_NAMES.includes(name)) {
      return `permissions has "${name}": the permissions are ${PERMISSION_NAMES.join(", ")}`;
    }
    if (!Array.isArray(values)) return `permissions.${name} must be a list of values`;
    for (const value of values) {
      if (typeof value === "string" && value !== "") continue;
      const option = (value as { readonly option?: unknown } | null)?.option;
      if (typeof option !== "string") {
        return `permissions.${name} holds something else than a string or { option: "NAME" }`;
      }
      if (options !== undefined && !options.has(option)) {
        return `permissions.${name} names the option "${option}", which the validator does not know`;
      }
    }
  }
  return undefined;
}

/** What `sys` can be narrowed to; the names of Deno's permission of that kind. */
export const SYS_KINDS: readonly string[] = [
  "cpus",
  "getPriority",
  "gid",
  "homedir",
  "hostname",
  "inspector",
  "loadavg",
  "networkInterfaces",
  "osRelease",
  "osUptime",
  "setPriority",
  "statfs",
  "systemMemoryInfo",
  "uid",
  "umask",
  "userInfo",
  "username",
];
