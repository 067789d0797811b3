// SPDX-License-Identifier: MIT
/**
 * Shows what was found to programs, as one JSON document.
 *
 * @module
 */

import type { HookStatistics } from "../supervisor/status_file.ts";
import { line } from "../text.ts";
import { allServing, type ModuleReport, type ModuleState, type StatusReport } from "./collect.ts";

/** The longest text of somebody else's that is shown, in bytes. */
const TEXT_MAX = 1_024;

/** The format of {@linkcode StatusDocument}: it grows when a key changes its meaning or goes, not when one is added. */
export const STATUS_FORMAT = 1;

/** What {@linkcode statusJson} gives. Times are ISO 8601 in UTC; what there is not is `null`. */
export interface StatusDocument {
  /** {@linkcode STATUS_FORMAT}. */
  readonly format: typeof STATUS_FORMAT;
  /** When it was looked at. */
  readonly at: string;
  /** Whether every module below is served; the status of the command says the same. */
  readonly all_serving: boolean;
  /** The modules, by name. */
  readonly modules: readonly ModuleDocument[];
}

/** One module in a {@linkcode StatusDocument}. */
export interface ModuleDocument {
  /** Its name. */
  readonly name: string;
  /** How it is. */
  readonly state: ModuleState;
  /** What somebody should know or do, a sentence each. */
  readonly notes: readonly string[];
  /** Whether there is a configuration file. */
  readonly configured: boolean;
  /** What `pam-deno add` installed. */
  readonly installed: {
    readonly sha256: string;
    readonly specifier: string;
    readonly since: string;
    readonly runtime: string;
  } | null;
  /** Who runs it. */
  readonly home: ModuleReport["home"];
  /** What systemd says. */
  readonly unit: {
    readonly active: string;
    readonly sub: string;
    readonly result: string;
    readonly restarts: number;
    readonly listening: boolean;
  } | null;
  /** What its supervisor wrote last. */
  readonly status: {
    /** Whether it is of now: if not, so is nothing below. */
    readonly current: boolean;
    readonly written: string;
    /** The SHA-256 of the bundle that is served. */
    readonly bundle: string;
    readonly supervisor: { readonly pid: number; readonly since: string; readonly uptime_s: number };
    readonly workers: readonly {
      readonly pid: number;
      readonly state: "starting" | "ready" | "leaving";
      readonly since: string;
      readonly uptime_s: number;
      readonly in_flight: number;
    }[];
    /** Since the supervisor began: how often each hook ended with each code, and how long the last of them took. */
    readonly hooks: Readonly<
      Record<string, {
        readonly total: number;
        readonly codes: Readonly<Record<string, number>>;
        readonly p50_ms: number | null;
        readonly p99_ms: number | null;
      }>
    >;
    readonly restarts: number;
    readonly reloads: number;
    readonly last_failure: string | null;
  } | null;
  /** How its log is read. */
  readonly log: string;
}

/** What was found, for programs. Strings in it are on one line and control no terminal. */
export function statusJson(report: StatusReport): StatusDocument {
  return {
    format: STATUS_FORMAT,
    at: report.at.toISOString(),
    all_serving: allServing(report),
    modules: report.modules.map((module) => moduleJson(module, report.at)),
  };
}

function moduleJson(module: ModuleReport, at: Date): ModuleDocument {
  const { name, state, notes, configured, installed, home, unit, log } = module;
  return {
    name: shown(name),
    state,
    notes: notes.map(shown),
    configured,
    installed: installed === undefined ? null : { ...installed, specifier: shown(installed.specifier) },
    home,
    unit: unit === undefined ? null : {
      active: shown(unit.active),
      sub: shown(unit.sub),
      result: shown(unit.result),
      restarts: unit.restarts,
      listening: unit.listening,
    },
    status: statusOf(module, at),
    log,
  };
}

function statusOf({ status, current }: ModuleReport, at: Date): ModuleDocument["status"] {
  if (status === undefined) return null;
  const { written, bundle, supervisor, since, workers, hooks, restarts, reloads, lastFailure } = status;
  const then = current ? at : new Date(written);
  const uptime = (from: string) => Math.max(0, Math.round((then.getTime() - Date.parse(from)) / 1_000));
  return {
    current,
    written,
    bundle,
    supervisor: { pid: supervisor, since, uptime_s: uptime(since) },
    workers: workers.map(({ pid, state, started, inFlight }) => ({
      pid,
      state,
      since: started,
      uptime_s: uptime(started),
      in_flight: inFlight,
    })),
    hooks: Object.fromEntries(
      Object.entries(hooks).map(([hook, { codes, p50Ms, p99Ms }]) => [
        hook,
        { total: totalOf(codes), codes, p50_ms: p50Ms ?? null, p99_ms: p99Ms ?? null },
      ]),
    ),
    restarts,
    reloads,
    last_failure: lastFailure === undefined ? null : shown(lastFailure),
  };
}

/** How often a hook ended. */
export function totalOf(codes: HookStatistics["codes"]): number {
  return Object.values(codes).reduce((sum, count) => sum + count, 0);
}

/** Somebody else's text on one line and without anything that controls a terminal. */
export function shown(text: string): string {
  return line(text, TEXT_MAX);
}
