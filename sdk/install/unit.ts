// SPDX-License-Identifier: MIT
/**
 * What a module is granted, for systemd: the drop-in that opens the unit's sandbox as far as Deno's flags open Deno's, so that each
 * of the two is enough when the other fails.
 *
 * The template `pam-deno@.service` is the sandbox of a module without grants. Nothing here may come out as anything but the value
 * that it is: paths and hosts may come out of options.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { join } from "node:path";
import type { ModuleConfig, ModuleLimits } from "../config/config.ts";
import { type Layout, unitName } from "../config/layout.ts";
import { mayWrite, scopesOf, SYS_GRANTABLE, usesNetwork } from "../config/permissions.ts";
import { noExecLine, type PathGrants, pathLines } from "./unit_paths.ts";

/** What the supervisor takes besides its workers. */
const SUPERVISOR_MIB = 128;
const SUPERVISOR_TASKS = 64;
/** A reload runs the new workers beside the old ones, which may wait for a person. */
const WHILE_RELOADING = 2;

/** What the template has for the default limits. */
export const TEMPLATE_LIMITS: Readonly<Record<string, string>> = {
  MemoryMax: "640M",
  TasksMax: "320",
  LimitNOFILE: "4096",
};

/** The longest user name that systemd takes, and what the template puts before the module's name. */
const USER_NAME_MAX = 31;
const USER_PREFIX = "pam-deno-";

/** Where resolvers keep their addresses and sockets; /etc/resolv.conf leads to one of them. */
const RESOLVER_FOLDERS = ["/run/systemd/resolve", "/run/resolvconf", "/run/NetworkManager"];

/** What of `sys` is only told by files of /proc that the template hides. */
const SYS_FROM_PROC = ["cpus", "osRelease", "systemMemoryInfo"];

const ADDRESS = /^(?:(\d{1,3}(?:\.\d{1,3}){3})|\[([0-9A-Fa-f:.]+)\]|(localhost))(?::\d+)?$/;

const HEAD = `# Made by pam-deno of FILE: edit that, then run pam-deno reload.
# What the module is granted, enforced by the kernel as well.
[Service]
`;

/** Where the drop-in of a module is. */
export function dropInFile({ unitDir }: Layout, name: string): string {
  return join(unitDir, `${unitName(name)}.d`, "50-pam-deno.conf");
}

/** The drop-in of a module; `undefined` if the template is right as it is, and there must be none. */
export function unitDropIn(config: ModuleConfig): string | undefined {
  const lines = [
    ...userLines(config),
    ...limitLines(config.limits, config.workers),
    ...mayWrite(config.permissions) ? ["LimitFSIZE=infinity"] : [],
    ...networkLines(config),
    ...pathLines(pathGrants(config)),
    ...environmentLines(config),
    ...systemLines(config),
    ...keptLines(config),
  ];
  if (lines.length === 0) return undefined;
  return `${HEAD.replace("FILE", () => `modules/${config.name}.jsonc`)}${[...new Set(lines)].join("\n")}\n`;
}

function userLines({ name, run_as }: ModuleConfig): string[] {
  if (run_as !== undefined) return ["DynamicUser=no", `User=${run_as}`];
  if (USER_PREFIX.length + name.length <= USER_NAME_MAX) return [];
  const digest = createHash("sha256").update(name).digest("hex");
  return [`User=_${USER_PREFIX}${digest.slice(0, 20)}`];
}

function limitLines({ memory_mib, tasks, descriptors }: ModuleLimits, workers: number): string[] {
  const processes = workers * WHILE_RELOADING;
  const wanted = {
    MemoryMax: `${SUPERVISOR_MIB + processes * memory_mib}M`,
    TasksMax: `${SUPERVISOR_TASKS + processes * tasks}`,
    LimitNOFILE: `${Math.max(descriptors, Number(TEMPLATE_LIMITS.LimitNOFILE))}`,
  };
  return Object.entries(wanted).flatMap(([key, value]) =>
    TEMPLATE_LIMITS[key] === value ? [] : [`${key}=${value}`]
  );
}

function networkLines({ permissions }: ModuleConfig): string[] {
  if (!usesNetwork(permissions)) return [];
  const open = ["PrivateNetwork=no", "RestrictAddressFamilies=AF_INET AF_INET6"];
  if (permissions.net === true) {
    return [
      ...open,
      "RestrictAddressFamilies=AF_NETLINK",
      "IPAddressDeny=",
      "SocketBindDeny=",
      "SystemCallFilter=bind",
      ...resolver(),
    ];
  }
  const hosts = scopesOf(permissions, "net").filter((scope) => socketPath(scope) === undefined);
  const addresses = hosts.map(addressOf);
  // A name may be any address, and whoever looks it up asks others: only the port of a listener stays closed.
  if (addresses.includes(undefined)) return [...open, "IPAddressDeny=", ...resolver()];
  return [...open, ...addresses.map((address) => `IPAddressAllow=${address}`)];
}

function resolver(): string[] {
  return RESOLVER_FOLDERS.flatMap((path) => [`BindReadOnlyPaths=-${path}`, noExecLine(path)]);
}

function addressOf(scope: string): string | undefined {
  const [, v4, v6, localhost] = ADDRESS.exec(scope) ?? [];
  return v4 ?? v6 ?? localhost;
}

function socketPath(scope: string): string | undefined {
  return scope.startsWith("unix:") ? scope.slice("unix:".length) : undefined;
}

/** What is granted, without what systemd puts in its place itself, and with sockets apart. */
function pathGrants({ permissions, state, credentials }: ModuleConfig): PathGrants {
  const sockets = scopesOf(permissions, "net").map(socketPath).filter((path) => path !== undefined);
  const ours = new Set([...sockets, ...credentials.map(({ path }) => path)]);
  const others = (kind: "read" | "write") =>
    permissions[kind] === true
      ? true
      : scopesOf(permissions, kind).filter((path) =>
        !ours.has(path) && (state === undefined || (path !== state && !path.startsWith(`${state}/`)))
      );
  const executed = [...scopesOf(permissions, "run"), ...scopesOf(permissions, "ffi")];
  return { read: others("read"), write: others("write"), sockets, executed };
}

function environmentLines({ permissions }: ModuleConfig): string[] {
  return scopesOf(permissions, "env").map((name) => `PassEnvironment=${name}`);
}

function systemLines({ permissions }: ModuleConfig): string[] {
  const asked = permissions.sys === true ? SYS_GRANTABLE : scopesOf(permissions, "sys");
  return [
    ...asked.some((kind) => SYS_FROM_PROC.includes(kind)) ? ["ProcSubset=all"] : [],
    ...asked.includes("networkInterfaces") ? ["RestrictAddressFamilies=AF_NETLINK"] : [],
  ];
}

function keptLines({ name, run_as, state, credentials }: ModuleConfig): string[] {
  return [
    ...state === undefined ? [] : stateLines(name, run_as === undefined),
    ...credentials.map(({ name, source }) => `LoadCredential=${name}:${source}`),
  ];
}

/** For a dynamic user systemd keeps the folder out of everybody else's way, and leaves a link in its place. */
function stateLines(name: string, dynamic: boolean): string[] {
  const folder = `pam-deno-state/${name}`;
  return [
    `StateDirectory=${folder}`,
    "StateDirectoryMode=0700",
    ...dynamic ? [] : [`BindPaths=/var/lib/${folder}`],
    noExecLine(join("/var/lib", dynamic ? "private" : "", folder)),
  ];
}
