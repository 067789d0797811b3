// SPDX-License-Identifier: MIT
/**
 * What an application does about the answers that it gets: which of its calls it makes, again or not at all.
 *
 * @module
 */

import type { PamCode } from "../../tokens.ts";
import type { Profile, ProfileCall, ProfileStep } from "./profile.ts";

/**
 * The course that an application takes through its calls. Whoever replays a profile asks it before each step, and tells it what came of
 * each call.
 *
 * @example su, whose account is refused
 * ```ts
 * import { PROFILE_DATA, ProfileCourse } from "@pam-deno/sdk/testing";
 * import assert from "node:assert/strict";
 *
 * const course = new ProfileCourse(PROFILE_DATA.su);
 * const called: string[] = [];
 * for (const step of PROFILE_DATA.su.steps) {
 *   if (!course.isCalled(step)) continue;
 *   called.push(step.call);
 *   course.note(step, step.call === "account" ? "perm_denied" : "success");
 * }
 * assert.deepEqual(called, ["authenticate", "account"]);
 * assert.equal(course.refusedBy?.call, "account");
 * ```
 */
export class ProfileCourse {
  readonly #profile: Profile;
  readonly #succeeded = new Set<ProfileCall>();
  readonly #made = new Map<ProfileStep, number>();
  #expired: boolean;
  #refusedBy: ProfileStep | undefined;

  /**
   * The course of an application that has called nothing.
   *
   * @param profile The application.
   * @param expired Whether the password has expired whatever account says. Default: what the profile says.
   */
  constructor(profile: Profile, expired: boolean = profile.expired ?? false) {
    this.#profile = profile;
    this.#expired = expired;
  }

  /** The step with which it has refused; none if it has not. */
  get refusedBy(): ProfileStep | undefined {
    return this.#refusedBy;
  }

  /**
   * Whether it makes a call now.
   *
   * @param step The next step of the profile.
   */
  isCalled({ when, needs = [], alsoAfter = [] }: ProfileStep): boolean {
    if (when === "expired" && !this.#expired) return false;
    if (this.#refusedBy !== undefined && !alsoAfter.includes(this.#refusedBy.call)) return false;
    return needs.every((call) => this.#succeeded.has(call));
  }

  /**
   * Notes what came of a call.
   *
   * @param step The step.
   * @param code What libpam answered; `ignore` of the one module that there is counts as success, which others are taken to say.
   * @param questionFailed Whether a question failed during the call.
   * @returns `again` if it makes the same call once more, `next` if not.
   */
  note(step: ProfileStep, code: PamCode, questionFailed = false): "again" | "next" {
    const isEnded = questionFailed && step.call === "authenticate" &&
      this.#profile.limits?.failureEnds === true;
    const refused = isRefusal(code);
    const made = (this.#made.get(step) ?? 0) + 1;
    this.#made.set(step, made);
    if (refused && !isEnded && made < (step.tries ?? 1)) return "again";
    if (isEnded || this.#ends(step, code)) this.#refusedBy ??= step;
    else if (!refused) this.#succeeded.add(step.call);
    return "next";
  }

  /**
   * Refuses after all, as applications do that look at PAM_USER in the end.
   *
   * @param isOther Whether PAM_USER is not any more what it was.
   */
  finish(isOther: boolean): void {
    const [last] = [...this.#made.keys()].slice(-1);
    if (isOther && this.#profile.refusesOtherUser === true) this.#refusedBy ??= last;
  }

  /** Whether it gives up after a call. */
  #ends({ call, ignores = [] }: ProfileStep, code: PamCode): boolean {
    if (isRefusal(code)) return ignores !== "all" && !ignores.includes(code);
    if (call !== "account") return false;
    this.#expired ||= code === "new_authtok_reqd";
    return this.#expired && !this.#profile.steps.some(({ when }) => when === "expired");
  }
}

/** Whether a code refuses. Whoever has nothing to say leaves it to the others, who say success here. */
export function isRefusal(code: PamCode): boolean {
  return code !== "success" && code !== "ignore" && code !== "new_authtok_reqd";
}
