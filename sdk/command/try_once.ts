// SPDX-License-Identifier: MIT
/**
 * One run of `pam-deno try`, and what it prints.
 *
 * @module
 */

import { documentOf, hooksOf, type TryDocument } from "../author/try/document.ts";
import type { Person } from "../author/try/person.ts";
import { reportOf } from "../author/try/report.ts";
import { lineTypeOf, type Login, type Trial } from "../author/try/trial.ts";
import { type Call, CALLS } from "../author/try/application_words.ts";
import type { Subject } from "../author/subject.ts";
import type { TypeCheck } from "../author/type_check.ts";
import { isRefusal } from "../result.ts";
import type { PamCode } from "../tokens.ts";
import type { Output } from "./output.ts";
import type { TryWords } from "./try.ts";

/** What is tried, and where it is told. */
export interface Attempt {
  readonly words: TryWords;
  readonly subject: Subject;
  readonly trial: Trial;
  readonly person: Person;
  readonly login: Login;
  readonly output: Output;
}

/** What a run came to. */
export interface Ran {
  readonly document: TryDocument;
  /** What is not in order beside the module's own failures, a sentence each. */
  readonly problems: readonly string[];
}

/** Bundles the module, serves it and calls a hook. */
export async function runOnce({ words, subject, trial, person, login }: Attempt): Promise<Ran> {
  person.reset();
  const { bundle } = await trial.serve();
  const call = words.hook ?? firstHook(trial);
  trial.scene.writeService(login.service, [trial.lineOf(lineTypeOf(call))]);
  await trial.begin(login);
  const seen = await trial.call(call, words.flags);
  await trial.application.end();
  const document = documentOf(seen, {
    subject,
    trial,
    login,
    flags: words.flags,
    person,
    now: words.now?.toString(),
    before: { environment: login.environment },
  });
  const { unused } = person;
  const problems = [
    ...bundle.warnings,
    ...trial.served.declared.warnings,
    ...seen.trouble !== undefined && document.failure === null ? [`after the hook ${seen.trouble}`] : [],
    ...unused === 0 ? [] : [`${unused} of the answers ${unused === 1 ? "was" : "were"} not asked for`],
  ];
  return { document, problems };
}

function firstHook({ served: { declared } }: Trial): Call {
  return CALLS.find((call) => hooksOf(call).some((hook) => declared.hooks.includes(hook)))!;
}

const GREEN = "\x1b[32m";
const RED = "\x1b[31m";
const PLAIN = "\x1b[0m";

/** Tells a person what a run came to. */
export function showRan({ document, problems }: Ran, output: Output): void {
  const { title, lines } = reportOf(document);
  const first = output.wrapped(title);
  output.result(output.colour ? coloured(first, document.code) : first);
  for (const line of lines) output.result(output.wrapped(line));
  for (const problem of problems) output.note(`pam-deno: ${problem}`);
}

function coloured(title: string, code: PamCode): string {
  return (isRefusal(code) ? RED : GREEN) + title.replace(code, `${code}${PLAIN}`);
}

/** Tells a person what the compiler says. */
export function showTypes({ verdict, text }: TypeCheck, output: Output): void {
  if (verdict === "unchecked") output.note(`pam-deno: ${text}`);
  if (verdict === "wrong") output.note(`pam-deno: it does not type-check:\n${text}`);
}

/** Whether a run is in order, whatever the module decided. */
export function isInOrder({ document, problems }: Ran): boolean {
  return document.failure === null && problems.length === 0;
}
