// SPDX-License-Identifier: MIT
/**
 * Who runs modules here, as far as it can be seen from outside without asking them: systemd, or a `pam-deno serve`.
 *
 * @module
 */

import { DEFAULT_LAYOUT, type Layout, unitName } from "../config/layout.ts";
import { stat } from "../config/place.ts";

/** Where systemd makes the folders of its modules, from `RuntimeDirectory=` of the unit. */
export const SERVICE_WORKERS_DIR = "/run/pam-deno-workers";
/** This is there where systemd runs: see sd_booted(3). */
const SYSTEMD_RUNS = "/run/systemd/system";
/** How long systemctl(1) may take. */
const SYSTEMCTL_MAX_MS = 5_000;

/** What systemd says of a module. */
export interface UnitStatus {
  /** Of the service: `active`, `activating`, `failed`, `inactive` and others, see systemctl(1). */
  readonly active: string;
  /** The same more closely, `auto-restart` for one. */
  readonly sub: string;
  /** Why it ended: `success`, `exit-code`, `oom-kill`, `watchdog` and others. */
  readonly result: string;
  /** How often systemd itself started it again. */
  readonly restarts: number;
  /** The process id of its supervisor; 0 if there is none. */
  readonly mainPid: number;
  /** Whether its socket listens. */
  readonly listening: boolean;
}

/**
 * What systemd says of the modules `names`; `undefined` where it does not run, where `layout` is not the one that its units serve, or
 * where it has no such units.
 *
 * @throws {Error} if it does run and cannot be asked.
 */
export async function unitStatus(
  { runtimeDir }: Layout,
  names: readonly string[],
): Promise<ReadonlyMap<string, UnitStatus> | undefined> {
  if (runtimeDir !== DEFAULT_LAYOUT.runtimeDir || names.length === 0 || !stat(SYSTEMD_RUNS)) return undefined;
  const properties = "Id,LoadState,ActiveState,SubState,Result,MainPID,NRestarts";
  const units = names.flatMap((name) => [unitName(name), socketName(name)]);
  const { success, stdout, stderr } = await new Deno.Command("systemctl", {
    args: ["show", `--property=${properties}`, "--", ...units],
    env: { LC_ALL: "C.UTF-8", SYSTEMD_COLORS: "0", SYSTEMD_PAGER: "" },
    stdin: "null",
    signal: AbortSignal.timeout(SYSTEMCTL_MAX_MS),
  }).output();
  if (!success) {
    throw new Error(`systemctl show failed: ${new TextDecoder().decode(stderr).trim().split("\n", 1)[0]}`);
  }
  const shown = parseShow(new TextDecoder().decode(stdout));
  const found = names.flatMap((name): [string, UnitStatus][] => {
    const service = shown.get(unitName(name));
    if (service?.["LoadState"] !== "loaded") return [];
    return [[name, {
      active: service["ActiveState"] ?? "unknown",
      sub: service["SubState"] ?? "unknown",
      result: service["Result"] ?? "unknown",
      restarts: Number(service["NRestarts"]) || 0,
      mainPid: Number(service["MainPID"]) || 0,
      listening: shown.get(socketName(name))?.["ActiveState"] === "active",
    }]];
  });
  return found.length > 0 ? new Map(found) : undefined;
}

function socketName(name: string): string {
  return unitName(name).replace(/\.service$/, ".socket");
}

/** What `systemctl show` prints for several units: a block of `KEY=VALUE` for each, by its Id. */
export function parseShow(text: string): ReadonlyMap<string, Readonly<Record<string, string>>> {
  const blocks = text.split(/\n\n+/).map((block) =>
    Object.fromEntries(
      block.split("\n").filter((line) => line.includes("=")).map((line) => {
        const at = line.indexOf("=");
        return [line.slice(0, at), line.slice(at + 1)];
      }),
    )
  );
  return new Map(blocks.flatMap((block) => block["Id"] === undefined ? [] : [[block["Id"], block]]));
}
