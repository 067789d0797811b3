// SPDX-License-Identifier: MIT
/**
 * What `pam-deno try` does with its words: a place to try the module in, one run or one for each change, and an end that leaves nothing.
 *
 * @module
 */

import { userInfo } from "node:os";
import { PrivateFolder } from "../author/private_folder.ts";
import { Changes } from "../author/try/changes.ts";
import { ENDING } from "../author/try/scene.ts";
import { findShim } from "../author/try/shim.ts";
import { Keyboard } from "../author/try/keyboard.ts";
import { Person } from "../author/try/person.ts";
import { type Login, Trial } from "../author/try/trial.ts";
import { findSubject, type Subject } from "../author/subject.ts";
import { checkTypes, type TypeCheck } from "../author/type_check.ts";
import type { Layout } from "../config/layout.ts";
import { grantProblem, LINES } from "../grants.ts";
import type { PamItem } from "../tokens.ts";
import type { Context } from "./context.ts";
import { EXIT } from "./exit_code.ts";
import { CommandError, reportFailure, UsageError } from "./failure.ts";
import type { Output } from "./output.ts";
import { type Attempt, isInOrder, type Ran, runOnce, showRan, showTypes } from "./try_once.ts";
import type { TryWords } from "./try.ts";

/** The longest name of a service, in characters. */
const SERVICE_MAX = 64;
/** The format of what `--json` says: it grows when a key changes its meaning or goes, not when one is added. */
const TRY_FORMAT = 1;

/** Tries a module. Gives the status to end with. */
export async function runTrial(words: TryWords, { layout, output }: Context): Promise<number> {
  try {
    const subject = findSubject(words.module);
    if (words.inMemory) return await inMemory(words, subject, { layout, output });
    using keyboard = new Keyboard((text) => output.part(text));
    const person = new Person(words.answers, Deno.stdin.isTerminal() ? keyboard : undefined);
    const login = loginOf(words);
    const profile = words.as === undefined ? undefined : await profileOf(words.as, words);
    const trial = trialOf(words, { subject, layout, person });
    const attempt: Attempt = { words, subject, trial, person, login, output, profile };
    const leave = async () => {
      keyboard[Symbol.dispose]();
      await trial[Symbol.asyncDispose]();
    };
    return await endingWith(
      leave,
      (ended) => words.watch ? watch(attempt, layout, keyboard, ended) : once(attempt, layout, ended),
    );
  } catch (error) {
    return failed(error, words, output);
  }
}

/** What cannot be done, in one line too if that is wanted. */
function failed(
  error: unknown,
  { json, debug }: Pick<TryWords, "json"> & { debug?: boolean },
  output: Output,
) {
  return reportFailure(error, output, { json: json && "line", debug: debug ?? false });
}

async function once(attempt: Attempt, layout: Layout, ended: AbortSignal): Promise<number> {
  const { words, subject, trial, output } = attempt;
  // Beside the worker's start, which takes one processor: the bundler takes them all.
  const checking = Promise.withResolvers<TypeCheck>();
  const onBundled = () => {
    const types = checkTypes(subject, layout, trial.scene.work, ended);
    trial.beforeEnd(types);
    checking.resolve(types);
  };
  const ran = await runOnce(attempt, onBundled);
  if (!words.json) showRan(ran, output);
  const types = await checking.promise;
  if (words.json) showJson(ran, types, output);
  else showTypes(types, output);
  return isInOrder(ran) && types.verdict !== "wrong" ? EXIT.done : EXIT.failed;
}

function showJson({ document, problems }: Ran, types: TypeCheck | null, output: Output): void {
  output.jsonLine({ format: TRY_FORMAT, ...document, problems, types });
}

async function inMemory(
  words: TryWords,
  subject: Subject,
  { layout, output }: Pick<Context, "layout" | "output">,
): Promise<number> {
  if (words.watch || words.as !== undefined) {
    throw new UsageError(
      "--in-memory runs one hook: --watch and --as go through libpam; assertSurvives() of the test kit replays applications in memory",
    );
  }
  const { tryInMemory } = await import("../author/try/in_memory.ts");
  using scratch = new PrivateFolder("pam-deno-try-");
  const into = scratch.path;
  let rehearsal: AsyncDisposable | undefined;
  let checking: Promise<unknown> = Promise.resolve();
  const leave = async () => {
    await Promise.all([rehearsal?.[Symbol.asyncDispose](), checking.catch(() => {})]);
    scratch[Symbol.dispose]();
  };
  return await endingWith(leave, async (ended) => {
    const document = await tryInMemory({
      subject,
      layout,
      into,
      call: words.hook,
      flags: words.flags,
      login: loginOf(words),
      words: words.options,
      grants: grantsIn(words),
      allowed: allowedBy(words),
      answers: words.answers,
      now: words.now,
      onStarted: (started) => rehearsal = started,
    });
    const ran = { document, problems: [] };
    const asked = checkTypes(subject, layout, into, ended);
    checking = asked;
    if (!words.json) showRan(ran, output);
    const types = await asked;
    if (words.json) showJson(ran, types, output);
    else showTypes(types, output);
    return isInOrder(ran) && types.verdict !== "wrong" ? EXIT.done : EXIT.failed;
  });
}

/** Tries it again whenever one of its files has changed, until a signal ends this. */
async function watch(
  attempt: Attempt,
  layout: Layout,
  keyboard: Keyboard,
  ended: AbortSignal,
): Promise<number> {
  const { subject, trial } = attempt;
  using changes = new Changes();
  const always = [subject.file, ...subject.configFile === undefined ? [] : [subject.configFile]];
  let known: readonly string[] = [];
  for (;;) {
    const changed = changes.next();
    changes.watch([...always, ...known], { anyBeside: true });
    const outdated = new AbortController();
    changed.then(() => {
      outdated.abort();
      // Whoever saves while a question waits wants to see what was saved.
      keyboard.giveUp();
    });
    const since = Date.now();
    const onBundled = () => {
      known = trial.lastInputs;
      changes.watch([...always, ...known], { since });
    };
    await watchedRun(attempt, { layout, onBundled, signal: AbortSignal.any([ended, outdated.signal]) });
    await changed;
  }
}

/** What one of several runs is told. */
interface WatchedRun {
  readonly layout: Layout;
  /** Told when it is known which files the module is made of. */
  readonly onBundled: () => void;
  /** Says that what is being done is not wanted any more. */
  readonly signal: AbortSignal;
}

async function watchedRun(attempt: Attempt, { layout, onBundled, signal }: WatchedRun): Promise<void> {
  const { words, subject, trial, output } = attempt;
  if (!words.json) output.result(rule(output));
  try {
    const ran = await runOnce(attempt, onBundled);
    // Types take longer than the answer: they come behind it.
    if (words.json) showJson(ran, null, output);
    else showRan(ran, output);
  } catch (error) {
    if (!signal.aborted) failed(error, words, output);
    return;
  }
  if (signal.aborted) return;
  const checking = checkTypes(subject, layout, trial.scene.work, signal);
  trial.beforeEnd(checking);
  const types = await checking;
  if (!signal.aborted) showTypes(types, output);
}

/** A line between two runs, with the time. */
function rule(output: Output): string {
  const time = Temporal.Now.plainTimeISO().toString({ smallestUnit: "second" });
  return `── ${time} ${"─".repeat(Math.max(0, output.width - time.length - 4))}`;
}

/** Leaves nothing when it is over, and when a signal ends this process. */
async function endingWith<T>(
  leave: () => Promise<void>,
  run: (ended: AbortSignal) => Promise<T>,
): Promise<T> {
  PrivateFolder.leaveExitToOthers();
  const ended = new AbortController();
  const listeners = ENDING.map((signal) => {
    const listener = async () => {
      forget();
      ended.abort();
      await leave().catch(() => {});
      Deno.kill(Deno.pid, signal);
    };
    Deno.addSignalListener(signal, listener);
    return { signal, listener };
  });
  const forget = () => {
    for (const { signal, listener } of listeners) Deno.removeSignalListener(signal, listener);
  };
  try {
    return await run(ended.signal);
  } finally {
    ended.abort();
    await leave();
    forget();
  }
}

/** What replays the application of that name. */
async function profileOf(name: string, words: TryWords): Promise<Attempt["profile"]> {
  const { hook, service, flags, items, environment, user, rhost, tty, ruser, answers, now } = words;
  if (hook !== undefined || service !== undefined || flags.length > 0) {
    throw new UsageError(
      "--as says what is called, where and with which flags: leave --hook, --service and --flag out",
    );
  }
  const { replayOf } = await import("../author/try/profile_trial.ts");
  const replay = replayOf(name);
  if (typeof replay === "string") throw new UsageError(replay);
  return ({ subject, trial, person }) =>
    replay({
      scene: { user, rhost, tty, by: ruser },
      items: Object.fromEntries(items),
      environment: Object.fromEntries(environment),
      password: answers[0],
      subject,
      trial,
      person,
      now: now?.toString(),
    });
}

function trialOf(
  words: TryWords,
  { subject, layout, person }: {
    readonly subject: Subject;
    readonly layout: Layout;
    readonly person: Person;
  },
): Trial {
  const { file, looked, problem } = findShim(layout);
  if (file === undefined) throw new CommandError(noShim(looked, problem), { code: "shim-missing" });
  return new Trial({
    subject,
    layout,
    shim: file,
    words: words.options,
    grants: grantsIn(words),
    allowed: allowedBy(words),
    now: words.now,
    timeout: words.timeout,
    person,
    again: words.watch,
  });
}

function noShim(looked: readonly string[], problem: string | undefined): string {
  const why = problem === undefined ? "" : ` (${problem})`;
  const where = looked.length === 0 ? "" : `\nlooked for it as:\n  ${looked.join("\n  ")}`;
  return `pam_deno.so is not here${why}: install the package pam-deno, or run \`deno task build\` in a checkout${where}\nwithout it, --in-memory tries the module with the test kit`;
}

function loginOf({ user, service, rhost, tty, ruser, items, environment }: TryWords): Login {
  const given = [...Object.entries({ rhost, tty, ruser }), ...items].filter((
    entry,
  ): entry is [string, string] => entry[1] !== undefined);
  for (const [name] of given) {
    if (name === "service" || name === "user") throw new UsageError(`--item ${name}: use --${name}`);
  }
  if (service !== undefined) demandService(service);
  return {
    service: service ?? "login",
    user: user ?? ownName(),
    items: Object.fromEntries(given) as Partial<Record<PamItem, string>>,
    environment: Object.fromEntries(environment),
  };
}

/** A service is the name of a file: libpam takes what is behind the last slash, and so no path is meant. */
function demandService(service: string): void {
  if (service.length <= SERVICE_MAX && /^[^/\p{Cc}.][^/\p{Cc}]*$/u.test(service)) return;
  const said = JSON.stringify(service);
  throw new UsageError(`--service ${said}: it is the name of a file in /etc/pam.d, such as sshd or login`);
}

function ownName(): string {
  try {
    return userInfo().username;
  } catch {
    throw new UsageError("nobody knows your name here: say who logs in with --user");
  }
}

/** The grants that are said, each of which some type of line can have. */
function grantsIn({ grants }: TryWords): string[] | undefined {
  const words = grants.flatMap((word) => word.split(","));
  for (const word of words) {
    const problems = LINES.map((line) => grantProblem(word, line));
    const [problem] = problems;
    if (problem === undefined || problems.includes(undefined)) continue;
    throw new UsageError(`--grant ${word}: ${problem.slice(problem.indexOf('": ') + 3)}`);
  }
  return grants.length === 0 ? undefined : words;
}

function allowedBy({ allowed }: TryWords): Record<string, string[]> {
  const scopes: Record<string, string[]> = {};
  for (const [kind, scope] of allowed) (scopes[kind] ??= []).push(scope);
  return scopes;
}
