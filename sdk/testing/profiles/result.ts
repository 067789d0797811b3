// SPDX-License-Identifier: MIT
/**
 * What was seen of a replay, and how it is told.
 *
 * @module
 */

import type { Hook } from "../../hooks.ts";
import { formatResult, type HookResult, type SeenLine, type SeenMessage } from "../hook_result.ts";
import type { ProfileStep } from "./profile.ts";
import type { ProfileName } from "./profiles.ts";

/**
 * One hook of a replay.
 *
 * @example
 * ```ts
 * import { defineModule } from "@pam-deno/sdk";
 * import { runProfile, type StepResult } from "@pam-deno/sdk/testing";
 * import assert from "node:assert/strict";
 *
 * const module = defineModule({ openSession: () => "success" });
 * const { steps } = await runProfile(module, "sudo");
 * const opened: StepResult | undefined = steps.find(({ hook }) => hook === "openSession");
 * assert.deepEqual([opened?.user, opened?.process, opened?.result.code], ["root", "sudo", "success"]);
 * ```
 */
export interface StepResult {
  /** The hook. */
  readonly hook: Hook;
  /** The call that led to it. */
  readonly step: ProfileStep;
  /** The process that made it, by the name that the profile has for it. */
  readonly process: string;
  /** Its number as the module saw it. */
  readonly pid: number;
  /** PAM_USER when it was called. */
  readonly user: string | undefined;
  /** What the module found of earlier hooks. */
  readonly continuity: "same" | "resumed" | "none";
  /** All else that was seen of it. */
  readonly result: HookResult;
}

/**
 * What came of a replay.
 *
 * @example
 * ```ts
 * import { defineModule } from "@pam-deno/sdk";
 * import { type ProfileResult, runProfile } from "@pam-deno/sdk/testing";
 * import assert from "node:assert/strict";
 *
 * const module = defineModule({ account: ({ deny }) => deny("perm_denied", "Closed") });
 * const seen: ProfileResult = await runProfile(module, "login");
 * assert.equal(seen.outcome, "refused");
 * assert.equal(seen.refusedBy?.hook, "account");
 * assert.deepEqual(seen.shown, [{ style: "error_msg", text: "Closed" }]);
 * ```
 */
export interface ProfileResult {
  /** Which application. */
  readonly profile: ProfileName;
  /** `passed`: the person is in, or the password is changed, as far as this module is concerned. All others are taken to say success. */
  readonly outcome: "passed" | "refused";
  /** The hook at which the application gave up. */
  readonly refusedBy: StepResult | undefined;
  /** Every hook, in order. */
  readonly steps: readonly StepResult[];
  /** Texts that the application could show to the person. */
  readonly shown: readonly SeenMessage[];
  /** Questions that reached the person. */
  readonly prompted: readonly SeenMessage[];
  /** Lines of the log. */
  readonly log: readonly SeenLine[];
  /** The PAM environment in the session: of the process that last set credentials or opened it. */
  readonly environment: Readonly<Record<string, string>>;
  /** What a module must not do, whoever is let in: see {@linkcode assertSurvives}. */
  readonly problems: readonly string[];
}

/**
 * Tells all that was seen of a replay, over several lines. There is no token and no answer in it.
 *
 * @param result What was seen.
 * @returns The lines.
 *
 * @example
 * ```ts
 * import { defineModule } from "@pam-deno/sdk";
 * import { formatProfile, runProfile } from "@pam-deno/sdk/testing";
 * import assert from "node:assert/strict";
 *
 * const text = formatProfile(await runProfile(defineModule({ account: () => "success" }), "cron"));
 * assert.match(text, /^cron: passed\n1\. account \(silent\) in cron about alice/);
 * ```
 */
export function formatProfile(result: ProfileResult): string {
  const { profile, outcome, refusedBy, steps, problems } = result;
  const lines = steps.flatMap((one, i) => {
    const { hook, process, user, continuity, step } = one;
    const flags = step.flags === undefined ? "" : ` (${step.flags.join(", ")})`;
    const head = `${i + 1}. ${hook}${flags} in ${process} about ${user ?? "nobody yet"}, data ${continuity}`;
    if (!one.result.handled) return [`${head}: ${one.result.code}, as the module does not define it`];
    return [`${head}: ${one.result.code}`, ...formatResult(one.result).split("\n").filter(isTelling)];
  });
  const end = refusedBy === undefined ? "" : ` by ${refusedBy.hook}: ${refusedBy.result.code}`;
  return [`${profile}: ${outcome}${end}`, ...lines, ...problems.map((problem) => `problem: ${problem}`)].join(
    "\n",
  );
}

/** Whether a line of a hook says something that its head has not. */
function isTelling(line: string): boolean {
  return !/^ {2}(?:hook|code): +\w+$|: +(?:nothing|none|kept)$/.test(line);
}
