// SPDX-License-Identifier: MIT
/**
 * The code of an error that was thrown: the one that it has itself, or the one of its kind.
 *
 * @module
 */

import { codeIn } from "./coded.ts";
import type { ErrorCode } from "./error_codes.ts";

/** The code of each kind of error that the programs of pam-deno throw, by the name of its class. A test looks whether one is missing. */
export const CODES_BY_NAME: Readonly<Record<string, ErrorCode>> = {
  ApplicationError: "try-failed",
  AttemptError: "try-failed",
  BundleError: "bundle-failed",
  CalendarError: "misused",
  CandidateError: "workers-not-ready",
  CommandError: "failed",
  ConfigError: "config-invalid",
  DeclinedError: "declined",
  DenoToolError: "bundle-failed",
  ElfError: "shim-broken",
  HandedOverError: "socket-handed-over",
  IdentityError: "run-as-refused",
  InstallError: "install-failed",
  JailError: "jail-failed",
  KnockError: "socket-silent",
  LateError: "simulation-late",
  LibcError: "system-refused",
  LibpamError: "libpam-refused",
  NeedsError: "tests-say-nothing",
  NewModuleError: "new-refused",
  OptionError: "options-refused",
  PackageError: "bundle-failed",
  PamError: "pam-error-not-caught",
  PeopleError: "users-not-read",
  PlaceError: "place-unsafe",
  ProbeError: "module-broken",
  ProjectError: "project-refused",
  RecordError: "record-damaged",
  RehearsalError: "module-broken",
  SimulationError: "simulation-refused",
  SourceError: "bundle-changed",
  StageError: "module-not-found",
  StatusError: "status-broken",
  SubjectBundleError: "bundle-failed",
  SubjectError: "module-not-found",
  ThrowawayError: "bundle-failed",
  TypesError: "types-wrong",
  UsageError: "misused",
  WireError: "protocol",
  WorkersError: "workers-not-ready",
};

/** The code of what was thrown; `undefined` for what nobody wrote for a person. */
export function codeOf(error: unknown): ErrorCode | undefined {
  if (!(error instanceof Error)) return undefined;
  const { errorCode } = error as { readonly errorCode?: ErrorCode };
  return errorCode ?? codeIn(error.message) ??
    (Object.hasOwn(CODES_BY_NAME, error.name) ? CODES_BY_NAME[error.name] : undefined);
}
