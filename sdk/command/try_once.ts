// SPDX-License-Identifier: MIT
/**
 * One run of `pam-deno try`, and what it prints.
 *
 * @module
 */

import { userInfo } from "node:os";
import { findShim } from "../author/try/shim.ts";
import { ENDING } from "../author/try/scene.ts";
import { documentOf, hooksOf, type TryDocument } from "../author/try/document.ts";
import { Keyboard } from "../author/try/keyboard.ts";
import { Person } from "../author/try/person.ts";
import { reportOf } from "../author/try/report.ts";
import { lineTypeOf, type Login, Trial } from "../author/try/trial.ts";
import { type Call, CALLS } from "../author/try/application_words.ts";
import { findSubject, type Subject } from "../author/subject.ts";
import { checkTypes, type TypeCheck } from "../author/type_check.ts";
import { isRefusal } from "../result.ts";
import type { PamCode, PamItem } from "../tokens.ts";
import type { Context } from "./context.ts";
import { CommandError, UsageError } from "./failure.ts";
import type { Output } from "./output.ts";
import type { TryWords } from "./try.ts";

/** Tries a module once. Gives whether all is in order, whatever the module decided. */
export async function tryOnce(words: TryWords, context: Context): Promise<boolean> {
  const { layout, output } = context;
  const subject = findSubject(words.module);
  const place = findShim(layout);
  if (place.file === undefined) throw new CommandError(noShim(place.looked, place.problem));
  using keyboard = new Keyboard((text) => output.part(text));
  const person = new Person(words.answers, Deno.stdin.isTerminal() ? keyboard : undefined);
  const login = loginOf(words);
  const trial = new Trial({
    subject,
    layout,
    shim: place.file,
    words: words.options,
    grants: words.grants.length === 0 ? undefined : words.grants.flatMap((word) => word.split(",")),
    allowed: allowedBy(words),
    now: words.now,
    timeout: words.timeout,
    person,
  });
  return await endingWith(trial, keyboard, async () => {
    const types = checkTypes(subject, layout, trial.scene.work);
    types.catch(() => {});
    await trial.serve();
    const call = words.hook ?? firstHook(trial);
    trial.scene.writeService(login.service, [trial.lineOf(lineTypeOf(call))]);
    await trial.begin(login);
    const seen = await trial.call(call, words.flags);
    const document = documentOf(seen, {
      subject,
      trial,
      login,
      flags: words.flags,
      person,
      now: words.now?.toString(),
      before: { environment: login.environment },
    });
    const problems = problemsOf(trial, person);
    if (!words.json) show(document, output);
    const check = await types;
    if (words.json) {
      output.result(JSON.stringify({ ...document, problems, types: check }));
    } else tell(problems, check, output);
    return document.failure === null && problems.length === 0 && check.verdict !== "wrong";
  });
}

/** Ends the trial when it is over, and when a signal ends this process. */
async function endingWith<T>(trial: Trial, keyboard: Keyboard, run: () => Promise<T>): Promise<T> {
  const listeners = ENDING.map((signal) => {
    const listener = async () => {
      forget();
      keyboard[Symbol.dispose]();
      await trial[Symbol.asyncDispose]().catch(() => {});
      Deno.kill(Deno.pid, signal);
    };
    Deno.addSignalListener(signal, listener);
    return { signal, listener };
  });
  const forget = () => {
    for (const { signal, listener } of listeners) Deno.removeSignalListener(signal, listener);
  };
  try {
    return await run();
  } finally {
    await trial[Symbol.asyncDispose]();
    forget();
  }
}

function noShim(looked: readonly string[], problem: string | undefined): string {
  const where = looked.length === 0 ? "" : `; looked at:\n  ${looked.join("\n  ")}`;
  return `pam_deno.so is not here${
    problem === undefined ? "" : ` (${problem})`
  }: install the package pam-deno, or run \`deno task build\` in a checkout${where}\nwithout libpam: add --in-memory`;
}

function loginOf({ user, service, rhost, tty, ruser, items, environment }: TryWords): Login {
  const named = { rhost, tty, ruser };
  const given = [...Object.entries(named), ...items].filter((entry): entry is [string, string] =>
    entry[1] !== undefined
  );
  for (const [name] of given) {
    if (name === "service" || name === "user") throw new UsageError(`--item ${name}: use --${name}`);
  }
  return {
    service,
    user: user ?? ownName(),
    items: Object.fromEntries(given) as Partial<Record<PamItem, string>>,
    environment: Object.fromEntries(environment),
  };
}

function ownName(): string {
  try {
    return userInfo().username;
  } catch {
    throw new UsageError("nobody knows your name here: say who logs in with --user");
  }
}

function allowedBy({ allowed }: TryWords): Record<string, string[]> {
  const scopes: Record<string, string[]> = {};
  for (const [kind, scope] of allowed) (scopes[kind] ??= []).push(scope);
  return scopes;
}

function firstHook({ served: { declared } }: Trial): Call {
  return CALLS.find((call) => hooksOf(call).some((hook) => declared.hooks.includes(hook)))!;
}

/** What is not in order beside the module's own failures. */
function problemsOf({ served: { declared } }: Trial, { unused }: Person): string[] {
  return [
    ...declared.warnings,
    ...unused === 0 ? [] : [`${unused} of the answers ${unused === 1 ? "was" : "were"} not asked for`],
  ];
}

const GREEN = "\x1b[32m";
const RED = "\x1b[31m";
const PLAIN = "\x1b[0m";

function show(document: TryDocument, output: Output): void {
  const { title, lines } = reportOf(document);
  const first = output.wrapped(title);
  output.result(output.colour ? coloured(first, document.code) : first);
  for (const line of lines) output.result(output.wrapped(line));
}

function coloured(title: string, code: PamCode): string {
  return (isRefusal(code) ? RED : GREEN) + title.replace(code, `${code}${PLAIN}`);
}

function tell(problems: readonly string[], { verdict, text }: TypeCheck, output: Output): void {
  for (const problem of problems) output.note(`pam-deno: ${problem}`);
  if (verdict === "unchecked") output.note(`pam-deno: ${text}`);
  if (verdict === "wrong") output.note(`pam-deno: it does not type-check:\n${text}`);
}
