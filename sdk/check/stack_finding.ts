// SPDX-License-Identifier: MIT
/**
 * Findings about stacks. One line often stands in the stacks of many services: it is said once, with their names.
 *
 * @module
 */

import type { PamLine } from "../config/pam_d.ts";
import { type Finding, finding, type Severity } from "./finding.ts";
import type { Entry, Stack } from "./stack.ts";

/** Something about one line in one stack. */
export interface StackFinding {
  /** See {@linkcode Finding}. */
  readonly severity: Severity;
  /** See {@linkcode Finding}. */
  readonly id: Finding["id"];
  /** The line. */
  readonly line: PamLine;
  /** See {@linkcode Finding}; without the name of the service. */
  readonly what: string;
  /** See {@linkcode Finding}. */
  readonly remedy: string;
}

/** How many services are named. */
const NAMED_MAX = 4;

/** A line as people find it. */
export function placeOf({ line }: Pick<Entry, "line">): string {
  return `${line.file}:${line.line}`;
}

/** A line in a sentence. */
export function named(entry: Entry): string {
  return `${entry.line.module} (${placeOf(entry)})`;
}

/** Gathers what is found in stacks. */
export class StackFindings {
  readonly #found: Map<string, { finding: StackFinding; services: Set<string> }> = new Map();

  /** Adds what was found in a stack. */
  add({ service }: Stack, found: Iterable<StackFinding>): void {
    for (const finding of found) {
      const key = JSON.stringify([finding.id, placeOf(finding), finding.what]);
      const known = this.#found.get(key) ?? { finding, services: new Set() };
      known.services.add(service);
      this.#found.set(key, known);
    }
  }

  /** All of it. */
  list(): Finding[] {
    return [...this.#found.values()].map(({ finding: { severity, id, line, what, remedy }, services }) =>
      finding(severity, id, placeOf({ line }), `in ${stacks([...services], line)}: ${what}`, remedy)
    );
  }
}

function stacks(services: readonly string[], { type }: PamLine): string {
  const names = services.slice(0, NAMED_MAX).join(", ");
  const more = services.length > NAMED_MAX ? ` and ${services.length - NAMED_MAX} more` : "";
  const kind = type === "@include" || type === undefined
    ? "stacks"
    : `${type} stack${services.length === 1 ? "" : "s"}`;
  return `the ${kind} of ${names}${more}`;
}
