// SPDX-License-Identifier: MIT
/**
 * What commands that change an installation tell whoever called them, and what comes of them.
 *
 * @module
 */

import type { ErrorCode } from "../error_codes.ts";
import type { Knock } from "../supervisor/knock.ts";
import type { AddPlan } from "./plan.ts";

/** Something that cannot be installed, removed or taken back. The message says what, where and the remedy. */
export class InstallError extends Error {
  override name = "InstallError";
  /** The stable code of what failed. */
  readonly errorCode: ErrorCode;

  constructor(message: string, errorCode: ErrorCode = "install-failed") {
    super(message);
    this.errorCode = errorCode;
  }
}

/** What happens on the way. */
export interface InstallEvents {
  /** A new step begins; `step` is a short phrase such as `bundling`. */
  progress(step: string): void;
  /** Asks whether to go on. Nothing has been changed by then, and nothing is if the answer is false. */
  confirm(plan: AddPlan): Promise<boolean>;
}

/** What came of it. */
export interface AddResult {
  /** The module's name. */
  readonly name: string;
  /** The SHA-256 of its bundle. */
  readonly sha256: string;
  /** What was changed. */
  readonly plan: AddPlan;
  /** False if the question was answered with no: then nothing was changed. */
  readonly accepted: boolean;
  /** The pam.d lines to use it with, grants included. */
  readonly pamLines: readonly string[];
  /** For each of these lines the one to put right before it, so that uid 0 gets in whatever happens. */
  readonly breakGlass: readonly string[];
  /** Whether a supervisor serves it now. */
  readonly started: boolean;
  /** What the end-to-end self-test through the socket saw; `undefined` if it was not run because nothing was started. */
  readonly selfTest: Knock | undefined;
  /** What remains to be done, such as how to start it where no supervisor runs. */
  readonly advice: readonly string[];
}
