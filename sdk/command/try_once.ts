// SPDX-License-Identifier: MIT
/**
 * One run of `pam-deno try`, and what it prints.
 *
 * @module
 */

import { documentOf, hooksOf, itemsOf, type TryDocument } from "../author/try/document.ts";
import type { Person } from "../author/try/person.ts";
import type { ProfileDocument } from "../author/try/profile_trial.ts";
import { profileReportOf, reportOf } from "../author/try/report.ts";
import { lineTypeOf, type Login, type Trial } from "../author/try/trial.ts";
import { type Call, CALLS } from "../author/try/application_words.ts";
import type { Subject } from "../author/subject.ts";
import type { TypeCheck } from "../author/type_check.ts";
import { see } from "../coded.ts";
import { isRefusal } from "../result.ts";
import { printable } from "../supervisor/lines.ts";
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
  /** Replays an application, if one was named. */
  readonly profile: ((attempt: Attempt) => Promise<ProfileDocument>) | undefined;
}

/** What a run came to. */
export interface Ran {
  /** What `--json` says. */
  readonly document: TryDocument | ProfileDocument;
  /** What is not in order beside the module's own failures, a sentence each. */
  readonly problems: readonly string[];
}

/** Bundles the module, serves it, and calls a hook or replays an application. */
export async function runOnce(attempt: Attempt, onBundled: () => void = () => {}): Promise<Ran> {
  const { trial, person, profile } = attempt;
  person.reset();
  const { bundle, declared } = await trial.serve(onBundled);
  const document = profile === undefined ? await callHook(attempt) : await profile(attempt);
  const { unused } = person;
  const problems = [
    ...bundle.warnings,
    ...declared.warnings,
    ...unused === 0 ? [] : [`${unused} of the answers ${unused === 1 ? "was" : "were"} not asked for`],
  ];
  return { document, problems };
}

async function callHook({ words, subject, trial, person, login }: Attempt): Promise<TryDocument> {
  const call = words.hook ?? firstHook(trial);
  trial.scene.writeService(login.service, [trial.lineOf(lineTypeOf(call))]);
  await trial.begin(login);
  const seen = await trial.call(call, words.flags);
  await trial.application.end();
  return documentOf(seen, {
    subject,
    trial,
    login,
    flags: words.flags,
    person,
    now: words.now?.toString(),
    alone: true,
    before: { items: itemsOf(login), environment: login.environment },
  });
}

function firstHook({ served: { declared } }: Trial): Call {
  return CALLS.find((call) => hooksOf(call).some((hook) => declared.hooks.includes(hook)))!;
}

const GREEN = "\x1b[32m";
const RED = "\x1b[31m";
const PLAIN = "\x1b[0m";

/** Tells a person what a run came to. */
export function showRan({ document, problems }: Ran, output: Output): void {
  if ("steps" in document) showProfile(document, output);
  else {
    const { title, lines } = reportOf(document);
    show(title, document.code, output);
    for (const line of lines) output.result(output.wrapped(harmless(line)));
  }
  for (const problem of problems) output.note(`pam-deno: ${harmless(problem)}`);
}

function showProfile(document: ProfileDocument, output: Output): void {
  const { title, steps } = profileReportOf(document);
  output.result(output.wrapped(harmless(title)));
  for (const { line, code, events } of steps) {
    show(line, code, output);
    for (const event of events) output.result(output.wrapped(harmless(event)));
  }
  show(document.verdict, document.code, output);
}

/** A line with a code in it, which is coloured where that may be. */
function show(text: string, code: PamCode, output: Output): void {
  const shown = output.wrapped(harmless(text));
  output.result(output.colour ? coloured(shown, code) : shown);
}

/** What a module said, in one line: it can neither end that and begin another one of the report, nor move the cursor. */
function harmless(text: string): string {
  return printable(text.replaceAll("\n", "\\n"));
}

function coloured(title: string, code: PamCode): string {
  return (isRefusal(code) ? RED : GREEN) + title.replace(code, `${code}${PLAIN}`);
}

/** Tells a person what the compiler says. */
export function showTypes({ verdict, text }: TypeCheck, output: Output): void {
  if (verdict === "unchecked") output.note(`pam-deno: ${text}`);
  if (verdict === "wrong") {
    output.note(`pam-deno: it does not type-check:\n${text}\npam-deno: ${see("types-wrong")}`);
  }
}

/** Whether a run is in order, whatever the module decided. */
export function isInOrder({ document, problems }: Ran): boolean {
  const calls = "steps" in document ? document.steps : [document];
  return problems.length === 0 && calls.every(({ failure, trouble }) => failure === null && trouble === null);
}
