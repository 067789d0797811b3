// SPDX-License-Identifier: MIT
/**
 * Looks at what systemd says of the units of modules.
 *
 * @module
 */

import { type Finding, finding } from "./finding.ts";

/** How long systemctl may take. */
const SYSTEMCTL_MAX_MS = 10_000;

const PROPERTIES = ["LoadState", "ActiveState", "SubState", "Result", "UnitFileState", "NeedDaemonReload"];

/** What systemd says of a unit, by the names of properties. */
export type UnitState = Readonly<Record<string, string>>;

/** Looks at socket and service of each module. */
export async function checkUnits(names: readonly string[]): Promise<Finding[]> {
  const findings: Finding[] = [];
  for (const name of names) {
    try {
      const [socket, service] = await Promise.all([
        show(`pam-deno@${name}.socket`),
        show(`pam-deno@${name}.service`),
      ]);
      findings.push(...judgeUnits(name, socket, service));
    } catch (error) {
      const what = `systemctl cannot be asked: ${(error as Error).message}`;
      findings.push(finding("warning", "units-unknown", name, what, "see whether systemd is well"));
    }
  }
  return findings;
}

async function show(unit: string): Promise<UnitState> {
  const { success, stdout, stderr } = await new Deno.Command("/bin/systemctl", {
    args: ["show", "--no-pager", `--property=${PROPERTIES.join(",")}`, "--", unit],
    stdin: "null",
    signal: AbortSignal.timeout(SYSTEMCTL_MAX_MS),
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr).trim());
  return readProperties(new TextDecoder().decode(stdout));
}

/** Reads `NAME=VALUE` lines. */
export function readProperties(text: string): UnitState {
  const pairs = text.split("\n").filter((line) => line.includes("=")).map((line) => {
    const at = line.indexOf("=");
    return [line.slice(0, at), line.slice(at + 1)];
  });
  return Object.fromEntries(pairs);
}

/** What is wrong with the units of the module `name`. */
export function judgeUnits(name: string, socket: UnitState, service: UnitState): Finding[] {
  const unit = `pam-deno@${name}.socket`;
  if (socket.LoadState !== "loaded" || service.LoadState !== "loaded") {
    const what = "systemd has no template pam-deno@.socket or pam-deno@.service: nothing starts the module";
    return [finding("error", "unit-missing", unit, what, "reinstall the package of pam-deno")];
  }
  const findings: Finding[] = [];
  if (socket.ActiveState !== "active") {
    const what = `it is ${socket.ActiveState} (${socket.Result}): nobody listens for the module`;
    findings.push(finding("error", "unit-inactive", unit, what, `run \`systemctl enable --now ${unit}\``));
  }
  if (socket.UnitFileState !== "enabled") {
    const what = "it is not enabled: after the next boot nobody listens for the module";
    findings.push(finding("error", "unit-not-enabled", unit, what, `run \`systemctl enable ${unit}\``));
  }
  if (service.ActiveState === "failed") {
    const what = `pam-deno@${name}.service has failed (${service.Result})`;
    findings.push(finding("error", "unit-failed", unit, what, `see \`journalctl -u pam-deno@${name}\``));
  }
  if (socket.NeedDaemonReload === "yes" || service.NeedDaemonReload === "yes") {
    const what = "its files were changed, and systemd has not read them since";
    findings.push(finding("warning", "unit-not-reloaded", unit, what, `run \`pam-deno reload ${name}\``));
  }
  return findings;
}
