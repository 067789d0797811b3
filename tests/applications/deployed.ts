// SPDX-License-Identifier: MIT
/**
 * Modules of `examples/` on a stage, deployed as their READMEs tell an administrator, and what the log has of them.
 *
 * @module
 */

import { join } from "node:path";
import { configurations, type ExampleName, pamLines } from "../examples/readme.ts";
import type { Seen } from "./recorded.ts";
import { ROOT, type Stage } from "./stage.ts";

/** Keys of a module's configuration. */
type Config = Readonly<Record<string, unknown>> & { readonly options?: Readonly<Record<string, unknown>> };

/**
 * Configures a module as its README has it: where it has several configurations, as the first.
 *
 * @param more keys in place of those of the README; of `options`, only those that are named
 */
export function deploy(stage: Stage, name: ExampleName, more: Config = {}): void {
  const { module: _, ...config } = configurations(name)[0] as Config;
  const options = { ...config.options, ...more.options };
  stage.module(name, join(ROOT, "examples", name, "module.ts"), { ...config, ...more, options });
}

/**
 * The README's lines of pam.d, with every decision in the log.
 *
 * @param words options of the module behind those of the README
 */
export function readmeLines(name: ExampleName, words = ""): string[] {
  return pamLines(name).map((line) => {
    const ours = line.includes(" pam_deno.so ");
    return ours ? `${line.replace(" pam_deno.so ", " pam_deno.so debug=yes ")} ${words}`.trimEnd() : line;
  });
}

/** Those of them for one type. */
export function readmeLinesOf(type: string, name: ExampleName, words = ""): string[] {
  return readmeLines(name, words).filter((line) => line.startsWith(`${type} `));
}

/** What the shim tells of a decision. */
export interface Decision {
  /** `account`, `openSession` … */
  readonly hook: string;
  /** The module. */
  readonly module: string;
  /** What libpam was told. */
  readonly code: string;
  /** Whom it was about; only of refusals. */
  readonly user?: string;
  /** The process that asked. */
  readonly pid: number;
}

const DECISION =
  /^pam_deno\([^)]*\): (?<hook>\w+) (?<module>[\w-]+): (?<code>\w+) in \d+ ms(?: for user (?<user>\S+))?$/;
const SAYS = /^pam_deno\([^)]*\): \w+ (?<module>[\w-]+) says: (?<text>.*)$/s;

/** The decisions that were made, in the order in which they were. */
export function decisions({ lines }: Pick<Seen, "lines">): Decision[] {
  return lines.flatMap(({ text, pid }) => {
    const found = DECISION.exec(text)?.groups as Omit<Decision, "pid"> | undefined;
    return found === undefined ? [] : [{ ...found, pid }];
  });
}

/** Decisions as words, for a comparison: `account account-ageing: success`. */
export function told(seen: Pick<Seen, "lines">): string[] {
  return decisions(seen).map(({ hook, module, code }) => `${hook} ${module}: ${code}`);
}

/** What a worker wrote to the log. */
export function said({ lines }: Pick<Seen, "lines">, module: ExampleName): string[] {
  return lines.flatMap(({ text }) => {
    const found = SAYS.exec(text)?.groups;
    return found?.module === module ? [found.text!] : [];
  });
}
