// SPDX-License-Identifier: MIT
/**
 * What `pam-deno try` tells of a call, for a person.
 *
 * @module
 */

import { permissionFlags } from "../../config/permissions.ts";
import type { DescribedPermission, TryDocument } from "./document.ts";
import { describePlace } from "./places.ts";
import type { SeenPrompt } from "./person.ts";

/** Where the second column begins. */
const COLUMN = 13;

/** A title and lines, two columns; what has nothing to say is left out. */
export function reportOf(seen: TryDocument): { readonly title: string; readonly lines: readonly string[] } {
  const { hook, code, login } = seen;
  const rhost = login.items["rhost"];
  const who = `${login.user ?? "nobody"} at ${login.service}${rhost === undefined ? "" : ` from ${rhost}`}`;
  return {
    title: `${code}  ${hook}, ${who}`,
    lines: [
      `  ${seen.means}`,
      ...row("failed", failure(seen)),
      ...row(
        "shown",
        seen.shown.map(({ style, text }) => `${style === "error_msg" ? "error" : "info"} "${text}"`),
      ),
      ...row("asked", seen.prompts.map(question)),
      ...row("items", changes(seen.items)),
      ...row("environment", changes(seen.environment)),
      ...row("tokens", seen.tokens.map((name) => `${name} was set`)),
      ...row("user files", Object.entries(seen.user_files).map(([name, what]) => `${name} was ${what}`)),
      ...row("module data", data(seen)),
      ...row(
        "delay",
        seen.fail_delay_ms > 0 ? [`${seen.fail_delay_ms} ms, give or take a half, if it is refused`] : [],
      ),
      ...row("logged", seen.log.map(({ level, text }) => `${level}  ${text}`)),
      ...row("time", [`${seen.service_ms} ms of the service, ${seen.human_ms} ms of the person`]),
      ...row("clock", seen.now === null ? [] : [`began at ${seen.now} and ran on`]),
      ...row("permissions", permissions(seen)),
      ...row("grants", grants(seen)),
      ...row("pam.d", [seen.line]),
    ],
  };
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
  ];
}

const BY: Readonly<Record<SeenPrompt["by"], string>> = {
  option: "answered by --answer",
  terminal: "answered",
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
