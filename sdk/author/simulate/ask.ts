// SPDX-License-Identifier: MIT
/**
 * Asks a module all questions of a simulation, in a process that may do what the module declares and nothing else.
 *
 * @module
 */

import * as v from "valibot";
import type { Layout } from "../../config/layout.ts";
import { resolvePermissions, type ScopedPermissions } from "../../config/permissions.ts";
import { CODES, type PamCode } from "../../tokens.ts";
import { FAILURES } from "../../hooks.ts";
import { wordsOf } from "../../words.ts";
import { PrivateFolder } from "../private_folder.ts";
import { bundleSubject } from "../bundle.ts";
import { OptionError } from "../options.ts";
import { Rehearsal } from "../rehearsal.ts";
import { findSubject, type Subject } from "../subject.ts";
import { checkTypes, demandTypes } from "../type_check.ts";
import { cellsOf, Clock } from "./calendar.ts";
import { answerProblem, LateError, SimulationError } from "./errors.ts";
import type { Outcome } from "./outcome.ts";
import type { Run } from "./runs.ts";
import type { Asked, Simulation } from "./simulation.ts";
import { HOOK_MAX_MS, type SimulateAnswer, type SimulateProgress, type SimulateRequest } from "./task.ts";

/** What is asked, and what the databases say of whom. */
export interface Plan extends Asked {
  /** The entries of users. */
  readonly users: SimulateRequest["users"];
}

/** What is said while it goes on. */
export interface AskEvents {
  /** How many questions have been answered. */
  readonly progress: (asked: number) => void;
  /** Something that is worth knowing and no error. */
  readonly note: (text: string) => void;
}

/** A process that tells nothing for so long, in ms, is stuck: it tells when a hook has taken HOOK_MAX_MS. */
const SILENCE_MAX_MS = HOOK_MAX_MS + 1_500;
/** Permissions that no simulation gives: they are no sandbox any more. */
const NOT_GIVEN = ["run", "ffi"] as const;

/**
 * Asks all of it.
 *
 * @throws {SimulationError} if the module has no such hook, or answers nonsense.
 * @throws {TypesError} if it does not type-check.
 * @throws {OptionError} if it refuses the options.
 * @throws {LateError} if a hook takes too long.
 * @throws {RehearsalError} if it cannot be loaded.
 * @throws the reason of `signal` when that fires.
 */
export async function ask(
  plan: Plan,
  layout: Pick<Layout, "libDir" | "sdkDir" | "cacheDir">,
  events: AskEvents,
  signal?: AbortSignal,
): Promise<Simulation> {
  const subject = findSubject(plan.module);
  using scratch = new PrivateFolder("pam-deno-simulate-");
  const folder = scratch.path;
  const over = new AbortController();
  const until = signal === undefined ? over.signal : AbortSignal.any([over.signal, signal]);
  const asked = askSubject(plan, subject, { layout, folder, events, until });
  try {
    // Beside the work, and not before it: it takes a second after a change.
    const types = checkTypes(subject, layout, folder, until);
    await Promise.race([asked, types.then((check) => demandTypes(check, plan.module)).then(() => asked)]);
    const check = await types;
    demandTypes(check, plan.module);
    if (check.verdict === "unchecked") events.note(check.text);
    return await asked;
  } finally {
    // Whatever has failed: nothing that was started goes on, and nothing is left.
    over.abort();
    await asked.catch(() => {});
  }
}

interface Around {
  readonly layout: Pick<Layout, "libDir" | "sdkDir" | "cacheDir">;
  readonly folder: string;
  readonly events: AskEvents;
  /** Fires when nobody waits for the answers any more. */
  readonly until: AbortSignal;
}

async function askSubject(
  plan: Plan,
  subject: Subject,
  { layout, folder, events, until }: Around,
): Promise<Simulation> {
  const bundle = await bundleSubject(subject, layout, folder);
  bundle.warnings.forEach(events.note);
  const start = (permissions: ScopedPermissions) =>
    Rehearsal.start({ layout, bundle, word: plan.module, name: subject.name, permissions });
  // What it declares is read while it may do nothing.
  await using looked = await start({});
  const { hooks } = looked.declaration;
  if (!hooks.includes(plan.hook)) {
    throw new SimulationError(
      `${plan.module}: it has no handler for ${plan.hook}, so it has no say there: try --hook ${
        hooks.join(" or ")
      }`,
    );
  }
  const permissions = permissionsOf(plan, looked, events);
  if (Object.keys(permissions).length === 0) return await askRehearsal(plan, looked, events, until);
  await using allowed = await start(permissions);
  return await askRehearsal(plan, allowed, events, until);
}

/** What the module declares, with the options' values in their places. */
function permissionsOf(
  { module, options }: Plan,
  { declaration }: Rehearsal,
  { note }: AskEvents,
): ScopedPermissions {
  const open = { ...declaration.permissions };
  for (const kind of NOT_GIVEN) {
    if ((open[kind]?.length ?? 0) === 0) continue;
    note(`${module}: it declares the permission ${kind}, which a simulation does not give`);
    delete open[kind];
  }
  const { permissions, problems } = resolvePermissions(open, optionsOf(module, options));
  const [problem] = problems;
  if (problem !== undefined) {
    throw new SimulationError(
      `${module}: it cannot be given the permission ${problem.kind}: ${problem.problem}`,
    );
  }
  return permissions;
}

function optionsOf(module: string, words: readonly string[]): Readonly<Record<string, unknown>> {
  try {
    return wordsOf(words);
  } catch (error) {
    throw new OptionError(module, (error as Error).message);
  }
}

async function askRehearsal(
  plan: Plan,
  rehearsal: Rehearsal,
  events: AskEvents,
  until: AbortSignal,
): Promise<Simulation> {
  until.throwIfAborted();
  const { hook, options, calendar, rows, users } = plan;
  const instants = calendar.starts.slice(0, cellsOf(calendar));
  let done = 0;
  const silent = Promise.withResolvers<never>();
  silent.promise.catch(() => {});
  until.addEventListener("abort", () => silent.reject(until.reason));
  const stuck = () => silent.reject(lateError(plan, done, false));
  let timer = setTimeout(stuck, SILENCE_MAX_MS);
  try {
    const all = rows.length * instants.length;
    const task = rehearsal.run("simulate", { hook, options, rows, users, instants }, (value) => {
      const { asked } = (value ?? {}) as SimulateProgress;
      // It is the module's process that says so: it must not go on for ever with what is no progress.
      if (!Number.isSafeInteger(asked) || asked <= done || asked > all) return;
      clearTimeout(timer);
      timer = setTimeout(stuck, SILENCE_MAX_MS);
      events.progress(done = asked);
    });
    task.catch(() => {});
    const answer = await Promise.race([task, silent.promise]);
    return simulationOf(plan, answer);
  } finally {
    clearTimeout(timer);
  }
}

/** Says which question was not answered; where the process was stuck, which instant it had told of last. */
function lateError({ module, hook, calendar, rows }: Plan, question: number, isWaiting: boolean): LateError {
  const all = rows.length * cellsOf(calendar);
  const number = Math.max(0, Math.min(question, all - 1));
  const { user, service } = rows[number % rows.length]!;
  const at = new Clock(calendar).stamp(Math.floor(number / rows.length));
  const [where, why] = isWaiting
    ? [`about ${user}, ${service}, at ${at}`, "It waits for something that does not come"]
    : [`about somebody at ${at}, or soon after`, "It loops without an end, and never waits"];
  return new LateError(
    `${module}: ${hook} was not answered within ${
      HOOK_MAX_MS / 1000
    } s ${where}: a login would be refused then. ` +
      `${why}. ${number} of ${all} questions were answered; the others are not asked`,
  );
}

const COUNT = v.pipe(v.number(), v.safeInteger(), v.minValue(0));
const OUTCOME = v.object({
  code: v.picklist(Object.keys(CODES) as PamCode[]),
  failure: v.optional(v.picklist(Object.keys(FAILURES) as (keyof typeof FAILURES)[])),
  cause: v.optional(v.string()),
  texts: v.array(v.string()),
  asked: v.optional(v.literal(true)),
});
/** What comes from the process is a stranger's word, whatever types say. */
const ANSWER = v.union([
  v.object({ outcomes: v.array(OUTCOME), rows: v.array(v.array(COUNT)) }),
  v.object({ refused: v.string() }),
  v.object({ unknown: v.string() }),
  v.object({ late: COUNT }),
]);

function simulationOf(plan: Plan, answered: SimulateAnswer): Simulation {
  const { success, output: answer } = v.safeParse(ANSWER, answered);
  const { module, hook, options, calendar, rows } = plan;
  if (!success) throw answerProblem(module);
  if ("late" in answer) throw lateError(plan, answer.late, true);
  if ("refused" in answer) throw new OptionError(module, answer.refused);
  if ("unknown" in answer) throw new OptionError(module, `${answer.unknown}: take it out`, "option-unknown");
  const cells = cellsOf(calendar);
  const runs = answer.rows.map((row) => runsOf(row, answer.outcomes.length, cells));
  if (runs.length !== rows.length || runs.includes(undefined)) throw answerProblem(module);
  return {
    module,
    hook,
    options,
    calendar,
    rows,
    outcomes: answer.outcomes as Outcome[],
    runs: runs as Run[][],
  };
}

/** The runs of a row; `undefined` if they are not of all cells, or have an outcome that is none. */
function runsOf(row: readonly number[], outcomes: number, cells: number): Run[] | undefined {
  const runs: Run[] = [];
  let first = 0;
  for (let i = 0; i < row.length; i += 2) {
    const [length, value] = [row[i]!, row[i + 1] ?? outcomes];
    if (length < 1 || value >= outcomes) return undefined;
    runs.push({ first, cells: length, value });
    first += length;
  }
  return first === cells ? runs : undefined;
}
