// SPDX-License-Identifier: MIT
/**
 * Looks at what the shim meets when it asks a module: the link that makes it known, the socket, and who answers there.
 *
 * @module
 */

import { join } from "node:path";
import { hookLink, type Layout, socketPath } from "../config/layout.ts";
import { stat } from "../config/place.ts";
import { SERVICE_WORKERS_DIR } from "../status/homes.ts";
import { knock, KnockError } from "../supervisor/knock.ts";
import { type ModuleStatus, readStatus, StatusError } from "../supervisor/status_file.ts";
import { type Finding, finding } from "./finding.ts";
import type { KnownModule } from "./modules.ts";
import { unreadable } from "./places.ts";

/** What a status file may be old, in ms: a supervisor that is alive writes it several times in as long. */
const STATUS_AGE_MAX_MS = 30_000;

/** The only mode of a socket: whoever may write to it may ask the module anything. */
const SOCKET_MODE = 0o600;
const WRITABLE_BY_OTHERS = 0o022;

/** Looks at a module that is configured. */
export async function checkServed(layout: Layout, module: KnownModule, systemd: boolean): Promise<Finding[]> {
  const findings = [...checkLink(layout, module), ...await checkSocket(layout, module.name, systemd)];
  return [...findings, ...checkStatus(layout, module, systemd)];
}

function startRemedy(name: string, systemd: boolean): string {
  return systemd
    ? `run \`systemctl enable --now pam-deno@${name}.socket\`, and see \`journalctl -u pam-deno@${name}\``
    : "start `pam-deno serve`, and see what it says";
}

function checkLink(layout: Layout, { name, linked, source }: KnownModule): Finding[] {
  const path = hookLink(layout, name);
  const remedy = `run \`pam-deno add\` again, or start \`pam-deno serve\``;
  const found = stat(path);
  if (!found) {
    const what = "the module has no hook link, so the shim does not know it: its lines end with service_err";
    return [finding("error", "link-missing", path, what, remedy)];
  }
  if (!found.isSymlink || linked === undefined) {
    const what = "it is not a symbolic link to a list of hooks: the module's lines end with service_err";
    return [finding("error", "link-broken", path, what, `remove it, and ${remedy}`)];
  }
  if (found.uid !== 0 && found.uid !== Deno.uid()) {
    const what =
      `it belongs to uid ${found.uid}: the shim does not trust it, and the module's lines end with service_err`;
    return [
      finding("error", "link-unsafe", path, what, `remove it, once you know who made it, and ${remedy}`),
    ];
  }
  const declared = source?.declaration.hooks.join(",");
  if (declared === undefined || declared === linked.join(",")) return [];
  const what = `it lists ${
    linked.join(",")
  }, and the installed module defines ${declared}: hooks are left out, or fail`;
  return [finding("error", "link-stale", path, what, `run \`pam-deno reload ${name}\``)];
}

async function checkSocket(layout: Layout, name: string, systemd: boolean): Promise<Finding[]> {
  const path = socketPath(layout, name);
  const found = stat(path);
  const remedy = startRemedy(name, systemd);
  if (!found) {
    const what = "there is no such socket: nobody serves the module, and its lines fail as unreachable";
    return [finding("error", "socket-missing", path, what, remedy)];
  }
  if (!found.isSocket) {
    const what = "it is not a socket: the module's lines end with service_err";
    return [finding("error", "socket-broken", path, what, `remove it, and ${remedy}`)];
  }
  if (found.uid !== 0 && found.uid !== Deno.uid()) {
    const what =
      `it belongs to uid ${found.uid}, who could answer for the module: the shim does not trust it`;
    return [finding("error", "socket-unsafe", path, what, `find out who made it, remove it, and ${remedy}`)];
  }
  const mode = found.mode! & 0o777;
  const findings: Finding[] = [];
  if (mode !== SOCKET_MODE) {
    const unsafe = (mode & WRITABLE_BY_OTHERS) !== 0;
    const what = `its mode is ${mode.toString(8)}, not 600` +
      (unsafe ? ": others than root can ask the module, and the shim does not trust it" : "");
    findings.push(finding(unsafe ? "error" : "warning", "socket-mode", path, what, `chmod 600 ${path}`));
  }
  return [...findings, ...await checkAnswer(path, remedy)];
}

async function checkAnswer(path: string, remedy: string): Promise<Finding[]> {
  try {
    await knock(path);
    return [];
  } catch (error) {
    if (error instanceof Deno.errors.PermissionDenied) return [unreadable(path, error)];
    if (!(error instanceof KnockError)) throw error;
    const what = `no worker answers there: ${error.message}`;
    return [finding("error", "socket-silent", path, what, remedy)];
  }
}

/** Where the status of a module may be: that of its unit, and that of `serve`. */
function statusFiles({ runtimeDir }: Layout, name: string, systemd: boolean): string[] {
  const served = join(runtimeDir, "workers", name, "status.json");
  return systemd ? [join(SERVICE_WORKERS_DIR, name, "status.json"), served] : [served];
}

/** What the supervisor of a module says of it, if it says anything. */
export function statusOf(
  layout: Layout,
  name: string,
  systemd: boolean,
): { file: string; status: ModuleStatus } | undefined {
  for (const file of statusFiles(layout, name, systemd)) {
    const status = readStatus(file);
    if (status) return { file, status };
  }
}

function checkStatus(layout: Layout, { name, source }: KnownModule, systemd: boolean): Finding[] {
  let found;
  try {
    found = statusOf(layout, name, systemd);
  } catch (error) {
    if (error instanceof StatusError) {
      return [finding("warning", "status-broken", name, error.message, `run \`pam-deno reload ${name}\``)];
    }
    return [unreadable(name, error)];
  }
  if (!found) return [];
  const { file, status } = found;
  const age = Date.now() - Date.parse(status.written);
  if (age > STATUS_AGE_MAX_MS) {
    const what = `its supervisor last said something ${Math.round(age / 1000)} s ago`;
    return [finding("warning", "status-old", file, what, startRemedy(name, systemd))];
  }
  if (source && status.bundle !== source.sha256) {
    const what = `the bundle ${status.bundle.slice(0, 12)}… is served, and ${
      source.sha256.slice(0, 12)
    }… is installed`;
    return [finding("error", "bundle-not-served", file, what, `run \`pam-deno reload ${name}\``)];
  }
  return [];
}

/** Looks at links and sockets of modules that are not configured. */
export function checkLeftovers(
  { configDir, runtimeDir }: Layout,
  configured: ReadonlySet<string>,
): Finding[] {
  const findings: Finding[] = [];
  const hooks = join(configDir, "hooks");
  for (const { name } of list(hooks)) {
    // Names with a dot in front are those of a change that is being made.
    if (configured.has(name) || name.startsWith(".")) continue;
    const what = `the shim takes ${name} for a module by this link, and none of that name is configured`;
    findings.push(
      finding(
        "warning",
        "link-left",
        join(hooks, name),
        what,
        `run \`pam-deno remove ${name}\`, or remove the link`,
      ),
    );
  }
  for (const { name } of list(runtimeDir)) {
    const module = /^(.+)\.sock$/.exec(name)?.[1];
    if (module === undefined || configured.has(module)) continue;
    const what = `no module ${module} is configured: nobody is to listen there`;
    findings.push(
      finding(
        "warning",
        "socket-left",
        join(runtimeDir, name),
        what,
        `run \`pam-deno remove ${module}\`, or remove the socket`,
      ),
    );
  }
  return findings;
}

function list(folder: string): Deno.DirEntry[] {
  try {
    return [...Deno.readDirSync(folder)].sort((a, b) => a.name < b.name ? -1 : 1);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}
