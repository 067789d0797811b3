// SPDX-License-Identifier: MIT
/**
 * What a module needs, found out from its tests and the profiles, beside what it declares.
 *
 * @module
 */

import type { Layout } from "../../config/layout.ts";
import { PrivateFolder } from "../private_folder.ts";
import { bundleSubject } from "../bundle.ts";
import { demandOptions } from "../options.ts";
import { Rehearsal } from "../rehearsal.ts";
import type { Subject } from "../subject.ts";
import { checkTypes, demandTypes } from "../type_check.ts";
import { compare, type Comparison } from "./compare.ts";
import { runTests, type TestRunResult } from "./run.ts";

/** What {@linkcode findNeeds} takes. */
export interface NeedsOptions {
  /** The folders of the program. */
  readonly layout: Layout;
  /** The words of the pam.d line that profiles are run with. */
  readonly options: readonly string[];
  /** Says what is being done. */
  readonly onStep: (text: string) => void;
}

/** What it gives. */
export interface Needs extends Comparison, Pick<TestRunResult, "tests" | "profiles"> {
  /** What whoever reads it should know. */
  readonly warnings: readonly string[];
}

/**
 * Finds it out.
 *
 * @throws {TypesError} if it does not type-check.
 * @throws {NeedsError} if it has no tests, or they fail.
 * @throws {SubjectBundleError} if it cannot be bundled.
 * @throws {RehearsalError} if it cannot be loaded.
 * @throws {OptionError} if it refuses an option, or ignores it.
 */
export async function findNeeds(subject: Subject, { layout, options, onStep }: NeedsOptions): Promise<Needs> {
  using scratch = new PrivateFolder("pam-deno-needs-");
  const folder = scratch.path;
  onStep(`loading ${subject.word}`);
  const types = checkTypes(subject, layout, folder);
  const bundle = await bundleSubject(subject, layout, folder);
  const { name, word } = subject;
  const started = await Rehearsal.start({ layout, bundle, word, name, permissions: {} });
  const { declaration } = started;
  const refused = await demandOptions(started, { word, options }).finally(() =>
    started[Symbol.asyncDispose]()
  );
  const check = await types;
  demandTypes(check, word);
  onStep(`running the tests of ${word}`);
  const { uses, tests, profiles } = await runTests({ subject, declaration, layout, options });
  const warnings = [
    ...check.verdict === "unchecked" ? [check.text] : [],
    ...refused === undefined ? [] : [
      `${word}: the profiles say nothing, since it refuses a line without options (${refused}): give them with --option WORD`,
    ],
    ...bundle.warnings,
  ];
  return { ...compare(declaration, uses), tests, profiles, warnings };
}
