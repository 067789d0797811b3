// SPDX-License-Identifier: MIT
/**
 * Reads a pam.d line of the shim by the grammar of `shim/args.c`, and says what the shim would say of it.
 *
 * @module
 */

import { basename } from "node:path";
import { MODULE_NAME } from "../config/config.ts";
import { DEFAULT_LAYOUT } from "../config/layout.ts";
import { type PamLine, type PamType, shimArguments } from "../config/pam_d.ts";
import { grantProblem } from "../grants.ts";
import { suggestion } from "../nearest.ts";
import { byteLength } from "../text.ts";
import { LIMITS } from "../wire/schema.ts";
import { type Finding, finding } from "./finding.ts";

/** A line of the shim. */
export interface ShimLine {
  /** The line. */
  readonly line: PamLine & { readonly type: PamType };
  /** `FILE:LINE`. */
  readonly where: string;
  /** The module; `undefined` if the line names none. */
  readonly name: string | undefined;
  /** The module's options. */
  readonly words: readonly string[];
  /** The grants of the line, those left out that do not exist there. */
  readonly grants: readonly string[];
  /** Whether the line has `on_unreachable=ignore`. */
  readonly ignoresUnreachable: boolean;
  /** Where the shim looks for the links of modules. */
  readonly configDir: string;
  /** Where it looks for their sockets. */
  readonly runtimeDir: string;
}

/** The longest line that libpam reads, in octets. */
const LINE_MAX = 1_023;
/** The longest duration of an option, in ms: 600 s. */
const DURATION_MAX_MS = 600_000;
/** The longest folder of an option, in octets. */
const FOLDER_MAX = 255;

const DURATION = (value: string) => {
  const [, number, unit] = /^([0-9]+)(ms|s)$/.exec(value) ?? [];
  const ms = Number(number) * (unit === "s" ? 1000 : 1);
  return ms >= 1 && ms <= DURATION_MAX_MS;
};

const FOLDER = (value: string) =>
  byteLength(value) <= FOLDER_MAX && /^(?:\/(?!\.{1,2}(?:\/|$))[^/]+)+$/.test(value);

/** The options of the shim: what takes a value, and what it is to be. */
const OPTIONS: Readonly<
  Record<string, { readonly takes: (value: string) => boolean; readonly wants: string }>
> = {
  timeout: { takes: DURATION, wants: "1ms to 600s, such as 5s" },
  prompt_timeout: { takes: DURATION, wants: "1ms to 600s, such as 120s" },
  on_unreachable: { takes: (value) => value === "ignore", wants: "ignore" },
  debug: { takes: (value) => value === "yes" || value === "no", wants: "yes or no" },
  runtime_dir: { takes: FOLDER, wants: "a path from /, at most 255 octets, without //, . and .." },
  config_dir: { takes: FOLDER, wants: "a path from /, at most 255 octets, without //, . and .." },
  instance: { takes: (value) => MODULE_NAME.test(value), wants: "a name of a-z, 0-9, _ and -" },
  grant: { takes: () => true, wants: "grants with commas between them" },
};

/** Options that no module has: behind the module's name they are a mistake. */
const OURS_ALONE = ["grant", "on_unreachable", "prompt_timeout", "runtime_dir", "config_dir"];

/** Takes a line apart; `undefined` if it is not the shim's, or libpam cannot use it. */
export function readShimLine(line: PamLine): ShimLine | undefined {
  const parts = shimArguments(line);
  const { type } = line;
  if (parts === undefined || type === undefined || type === "@include" || line.problem !== undefined) {
    return undefined;
  }
  const options = new Map(parts.shim.map((word) => cut(word)));
  return {
    line: { ...line, type },
    where: `${line.file}:${line.line}`,
    name: parts.name,
    words: parts.options,
    grants: grantsOf(parts.shim).filter((grant) => grantProblem(grant, type) === undefined),
    ignoresUnreachable: options.get("on_unreachable") === "ignore",
    configDir: options.get("config_dir") ?? DEFAULT_LAYOUT.configDir,
    runtimeDir: options.get("runtime_dir") ?? DEFAULT_LAYOUT.runtimeDir,
  };
}

/** Whether a line is meant to be the shim's, however it is spelt. */
export function meansShim({ module, type }: PamLine): boolean {
  return type !== "@include" && /^pam[_-]deno(?:\.so)?$/i.test(basename(module));
}

function cut(word: string): [name: string, value: string] {
  const at = word.indexOf("=");
  return [word.slice(0, at), word.slice(at + 1)];
}

function grantsOf(words: readonly string[]): string[] {
  const lists = words.map(cut).filter(([name]) => name === "grant").map(([, value]) => value);
  return [...new Set(lists.flatMap((list) => list.split(",")).filter((word) => word !== ""))];
}

/** What is wrong with the words of a line, whatever module it names. */
export function checkWords(line: PamLine): Finding[] {
  const where = `${line.file}:${line.line}`;
  if (line.problem !== undefined) {
    return [
      finding(
        "error",
        "pam-line-broken",
        where,
        `libpam cannot use this line: ${line.problem}`,
        "mend the line",
      ),
    ];
  }
  if (basename(line.module) !== "pam_deno.so") {
    return [
      finding(
        "error",
        "shim-misspelt",
        where,
        `${line.module} is not the name of the shim's file, and libpam adds nothing to it: the line fails for everybody`,
        "write pam_deno.so",
      ),
    ];
  }
  const parts = shimArguments(line)!;
  return [
    ...checkLength(line, where),
    ...parts.shim.flatMap((word) => checkOption(word, where)),
    ...checkGrantWords(line, parts.shim, where),
    ...checkModuleWords(parts.options, where),
  ];
}

/** The blanks that libpam reads besides are not known here: this is the least that the line has. */
function checkLength({ type, control, bracketed, module, args }: PamLine, where: string): Finding[] {
  const least = byteLength([type, bracketed ? `[${control}]` : control, module, ...args].join(" "));
  if (least <= LINE_MAX) return [];
  return [
    finding(
      "error",
      "pam-line-too-long",
      where,
      `the line has at least ${least} octets, and some versions of libpam read ${LINE_MAX}: the whole file is refused then`,
      "move options into the module's configuration",
    ),
  ];
}

function checkOption(word: string, where: string): Finding[] {
  const [name, value] = cut(word);
  const option = Object.hasOwn(OPTIONS, name) ? OPTIONS[name] : undefined;
  if (option === undefined) {
    return [
      finding(
        "error",
        "shim-option-unknown",
        where,
        `the shim knows no option ${name}=${
          suggestion(name, Object.keys(OPTIONS))
        }: it is logged and ignored`,
        `take it out, or put it behind the module's name if it is the module's; the shim's are ${
          Object.keys(OPTIONS).join(", ")
        }`,
      ),
    ];
  }
  if (option.takes(value)) return [];
  return [
    finding(
      "error",
      "shim-option-value",
      where,
      `${word} is not a value of that option: every hook of this line ends with service_err`,
      `${name}= takes ${option.wants}`,
    ),
  ];
}

function checkGrantWords({ type }: PamLine, words: readonly string[], where: string): Finding[] {
  const grants = grantsOf(words);
  const findings = grants.flatMap((grant) => {
    const problem = grantProblem(grant, type as PamType);
    if (problem === undefined) return [];
    const why = problem.slice(problem.indexOf('": ') + 3);
    return [
      finding(
        "error",
        "grant-unknown",
        where,
        `the grant ${grant} is not given: ${why}`,
        "mend or remove the word",
      ),
    ];
  });
  if (grants.length <= LIMITS.GRANTS_MAX) return findings;
  const what =
    `${grants.length} grants on a line that can have ${LIMITS.GRANTS_MAX}: every hook of it ends with service_err`;
  return [
    ...findings,
    finding("error", "grants-too-many", where, what, "take out what the module does not need"),
  ];
}

function checkModuleWords(words: readonly string[], where: string): Finding[] {
  const findings: Finding[] = [];
  for (const word of words) {
    const [name] = word.includes("=") ? cut(word) : [word];
    if (word.includes("=") && OURS_ALONE.includes(name)) {
      const what =
        `${word} stands behind the module's name, and so is the module's: the shim does not see it`;
      findings.push(
        finding("warning", "shim-option-behind-name", where, what, "write it in front of the module's name"),
      );
    }
    if (byteLength(word) <= LIMITS.OPTION_MAX) continue;
    const what =
      `an option of the module has more than ${LIMITS.OPTION_MAX} octets: every hook ends with service_err`;
    findings.push(
      finding("error", "module-options-too-long", where, what, "move it into the module's configuration"),
    );
  }
  if (words.length <= LIMITS.OPTIONS_MAX) return findings;
  const what =
    `${words.length} options of the module where ${LIMITS.OPTIONS_MAX} can stand: every hook ends with service_err`;
  return [
    ...findings,
    finding("error", "module-options-too-many", where, what, "move options into the module's configuration"),
  ];
}
