// SPDX-License-Identifier: MIT
/**
 * What a module must not do in a replay, whoever is let in.
 *
 * @module
 */

import type { HookResult } from "../hook_result.ts";
import { isRefusal } from "./course.ts";
import type { StepResult } from "./result.ts";

const VERBS: readonly string[] = ["establish_cred", "delete_cred", "reinitialize_cred", "refresh_cred"];

/** All problems of a replay, in the order of its hooks. */
export function problemsOf(steps: readonly StepResult[]): string[] {
  return [...steps.flatMap(failureOf), ...repeatsOf(steps)];
}

/** A hook that ended with a code that is not the module's. */
function failureOf({ hook, process, continuity, result: { failure, cause } }: StepResult): string[] {
  if (failure === undefined) return [];
  return [`${hook} in ${process} failed with data ${continuity} (${failure}): ${cause}`];
}

/** setCredentials with one verb that does something else the second time: the process that has the session takes what came last. */
function repeatsOf(steps: readonly StepResult[]): string[] {
  const first = new Map<string, StepResult>();
  return steps.filter(({ hook }) => hook === "setCredentials").flatMap((one) => {
    const verb = (one.step.flags ?? []).find((flag) => VERBS.includes(flag)) ?? "establish_cred";
    const before = first.get(`${verb} ${one.user}`);
    first.set(`${verb} ${one.user}`, before ?? one);
    const differs = before === undefined ? undefined : difference(before.result, one.result);
    return differs === undefined
      ? []
      : [`setCredentials (${verb}) is called twice, and the second time it ${differs}`];
  });
}

function difference(first: HookResult, second: HookResult): string | undefined {
  if (isRefusal(first.code) !== isRefusal(second.code)) {
    return `ends with ${second.code} and not ${first.code}`;
  }
  const effects = ({ items, environment }: HookResult) => ({ ...items, ...environment });
  const [one, two] = [effects(first), effects(second)];
  const names = [...new Set([...Object.keys(one), ...Object.keys(two)])];
  const other = names.find((name) =>
    one[name as keyof typeof one] !== two[name as keyof typeof two] && name in two
  );
  return other === undefined ? undefined : `sets ${other} to something else`;
}
