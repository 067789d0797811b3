// SPDX-License-Identifier: MIT
/**
 * What `pam-deno try` tells of a call, for a person.
 *
 * @module
 */

import { permissionFlags } from "../../config/permissions.ts";
import type { DescribedPermission, TryDocument } from "./document.ts";
import { see } from "../../coded.ts";
import { describePlace } from "./places.ts";
import type { SeenPrompt } from "./person.ts";
import type { ProfileDocument } from "./profile_trial.ts";
import type { PamCode } from "../../tokens.ts";

/** Where the second column begins. */
const COLUMN = 13;

/** A title and lines, two columns; what has nothing to say is left out. */
export function reportOf(seen: TryDocument): { readonly title: string; readonly lines: readonly string[] } {
  const { hook, code, login } = seen;
  const rhost = login.items["rhost"];
  const who = `${login.user ?? "nobody"} at ${login.service}${rhost === undefined ? "" : ` from ${rhost}`}`;
  return {
    title: `${code}  ${hook}, ${who}${seen.in_memory ? ", in memory" : ""}`,
    lines: [
      `  ${seen.means}`,
      ...eventsOf(seen),
      ...row("time", [
        `${tenths(seen.service_ms)} ms of the service, ${tenths(seen.human_ms)} ms of the person`,
      ]),
      ...row(
        "clock",
        seen.now === null
          ? []
          : [seen.in_memory ? `stood at ${seen.now}` : `began at ${seen.now} and ran on`],
      ),
      ...row("permissions", permissions(seen)),
      ...row("grants", grants(seen)),
      ...row("pam.d", [seen.line]),
    ],
  };
}

/** The steps of a replay. */
export function profileReportOf({ profile, steps, module }: ProfileDocument): {
  readonly title: string;
  readonly steps: readonly {
    readonly line: string;
    readonly code: PamCode;
    readonly events: readonly string[];
  }[];
} {
  const [wide, far] = [longest(steps.map(({ hook }) => hook)), longest(steps.map(processOf))];
  return {
    title: `${profile}: ${module}`,
    steps: steps.map((step, index) => {
      const flags = step.login.flags.length === 0 ? "" : ` (${step.login.flags.join(", ")})`;
      const undefined_ = step.defined ? "" : ", which it does not define";
      return {
        line: `${String(index + 1).padStart(2)}. ${step.hook.padEnd(wide)} ${
          processOf(step).padEnd(far)
        } ${step.code}${undefined_}${flags}`,
        code: step.code,
        events: eventsOf(step),
      };
    }),
  };
}

function processOf({ process, pid }: { readonly process: string; readonly pid: number }): string {
  return `${process} ${pid}`;
}

function longest(texts: readonly string[]): number {
  return Math.max(0, ...texts.map(({ length }) => length));
}

/** What happened in a call, beside its code. */
export function eventsOf(seen: TryDocument): string[] {
  const { shown, prompts, items, environment, tokens, user_files, fail_delay_ms, log } = seen;
  return [
    ...row("failed", failure(seen)),
    ...row("afterwards", seen.trouble === null || seen.failure !== null ? [] : [seen.trouble]),
    ...row("shown", shown.map(({ style, text }) => `${style === "error_msg" ? "error" : "info"} "${text}"`)),
    ...row("asked", prompts.map(question)),
    ...row("items", changes(items)),
    ...row("environment", changes(environment)),
    ...row("tokens", tokens.map((name) => `${name} was set`)),
    ...row("user files", Object.entries(user_files).map(([name, what]) => `${name} was ${what}`)),
    ...row("module data", data(seen)),
    ...row("delay", fail_delay_ms > 0 ? [`${fail_delay_ms} ms, give or take a half, if it is refused`] : []),
    ...row("logged", log.map(({ level, text }) => `${level}  ${text}`)),
  ];
}

function tenths(ms: number): number {
  return Math.round(ms * 10) / 10;
}

function row(title: string, lines: readonly string[]): string[] {
  return lines.map((line, index) => `  ${(index === 0 ? title : "").padEnd(COLUMN)}${line}`);
}

function failure({ failure }: TryDocument): string[] {
  if (failure === null) return [];
  return [
    `${failure.class}: ${failure.cause}`,
    ...failure.place === null ? [] : [`at ${describePlace(failure.place)}`],
    failure.remedy,
    see(failure.error_code),
  ];
}

const BY: Readonly<Record<SeenPrompt["by"], string>> = {
  option: "answered by --answer",
  terminal: "answered",
  application: "answered by the application",
  nobody: "not answered",
};

function question({ style, text, by }: SeenPrompt): string {
  return `"${text}", ${BY[by]}${style === "prompt_echo_off" ? ", hidden" : ""}`;
}

function changes(changed: Readonly<Record<string, string | null>>): string[] {
  return Object.entries(changed).map(([name, value]) =>
    value === null ? `${name} was deleted` : `${name}=${value}`
  );
}

function data({ data: { changed, keys }, continuity }: TryDocument): string[] {
  const has = keys.length === 0 ? "" : `: ${keys.join(", ")}`;
  const from = continuity === "resumed" ? ", carried over from another process" : "";
  if (changed === "deleted") return ["deleted"];
  if (changed === "set") return [`set${has}${from}`];
  return keys.length === 0 ? [] : [`as they were${has}${from}`];
}

function permissions({ permissions: { held, used, refused } }: TryDocument): string[] {
  const flags = permissionFlags(held).map((flag) => flag.replace("--allow-", "").replace("=", " "));
  return [
    flags.length === 0 ? "none" : `held: ${flags.join("; ")}`,
    ...used.map((one) => `used: ${asked(one)}`),
    ...refused.map((one) => `refused: ${asked(one)}`),
  ];
}

function asked({ kind, scope, place }: DescribedPermission): string {
  return `${kind} ${scope}${place === null ? "" : `, at ${describePlace(place)}`}`;
}

function grants({ grants: { given, used } }: TryDocument): string[] {
  if (given.length === 0) return ["none"];
  return [`given: ${given.join(", ")}`, `used: ${used.length === 0 ? "none was seen" : used.join(", ")}`];
}
