// SPDX-License-Identifier: MIT
/**
 * The task of asking a module about many logins, one after the other, in the process that rehearses it.
 *
 * Time goes on as it does for a worker: everybody is asked about one instant before anybody is asked about the next. A module that
 * remembers until when something holds never sees its clock go back.
 *
 * @module
 */

import { type Hook, LINE_TYPES } from "../../hooks.ts";
import { type LoadedModule, loadModule } from "../../load.ts";
import { refuse } from "../../libpam/conversation.ts";
import { Handle } from "../../testing/handle.ts";
import { HookCall } from "../../testing/hook_call.ts";
import type { HookResult } from "../../testing/hook_result.ts";
import type { FakeTransactionOptions, TestUser } from "../../testing/options.ts";
import { Person } from "../../testing/person.ts";
import { usersOf } from "../../testing/users.ts";
import type { TaskContext } from "../tasks.ts";
import { type Outcome, OutcomeTable } from "./outcome.ts";
import { RunBuilder } from "./runs.ts";

/** How long one hook may take, in ms: the service budget of a worker. */
export const HOOK_MAX_MS = 5_000;
/** How often everything else has its turn, in ms. */
const TURN_MS = 100;
/** How often is told how far it is, in ms: often, so that it is known where a module stops that never waits. */
const PROGRESS_MS = 2;

/** Who logs in, to what, from where. */
export interface Row {
  /** PAM_USER. */
  readonly user: string;
  /** PAM_SERVICE. */
  readonly service: string;
  /** PAM_RHOST; left out where there is none. */
  readonly rhost?: string;
}

/** What is asked. */
export interface SimulateRequest {
  /** Which hook. */
  readonly hook: Hook;
  /** The words of the pam.d line. */
  readonly options: readonly string[];
  /** Who logs in. */
  readonly rows: readonly Row[];
  /** What the databases say of each of them. */
  readonly users: Readonly<Record<string, TestUser>>;
  /** When, in ms since 1970. */
  readonly instants: readonly number[];
}

/** How far it is. */
export interface SimulateProgress {
  /** Questions that were answered. */
  readonly asked: number;
}

/** What was answered. */
export type SimulateAnswer =
  | {
    /** The outcomes that there were. */
    readonly outcomes: readonly Outcome[];
    /** For each row its runs: how many cells, and the number of their outcome, one after the other. */
    readonly rows: readonly (readonly number[])[];
  }
  /** The module refuses the options, and says why. */
  | { readonly refused: string }
  /** The module knows a word of them not, and ignores it. */
  | { readonly unknown: string }
  /** A hook took longer than {@linkcode HOOK_MAX_MS}; the number of the question. */
  | { readonly late: number };

/** Asks all of it. */
export async function simulateTask(
  { hook, options, rows, users, instants }: SimulateRequest,
  { module, name, configured, progress }: TaskContext,
): Promise<SimulateAnswer> {
  const loaded = loadModule(module, { name, configured });
  const { error, warnings } = loaded.options.parse(options);
  if (error !== undefined) return { refused: error };
  if (warnings.length > 0) return { unknown: warnings[0]! };
  const table = new OutcomeTable();
  const runs = rows.map(() => new RunBuilder());
  const questions = rows.map((row) => new Question(loaded, hook, row, { options, users }));
  using watch = new Watch();
  let asked = 0;
  for (const instant of instants) {
    const now = Temporal.Instant.fromEpochMilliseconds(instant);
    if (watch.isTelling) progress({ asked } satisfies SimulateProgress);
    for (const [i, question] of questions.entries()) {
      const result = await question.ask(now, watch.signal);
      if (watch.signal.aborted) return { late: asked };
      runs[i]!.push(table.numberOf(outcomeOf(result)));
      asked++;
      if (watch.isDue) await watch.again();
    }
  }
  return {
    outcomes: table.outcomes,
    rows: runs.map(({ runs }) => runs.flatMap(({ cells, value }) => [cells, value])),
  };
}

/** Says when a hook takes too long. Arming a timer for each hook would take longer than most of them. */
class Watch implements Disposable {
  readonly #late = new AbortController();
  #timer = this.#arm();
  #due = performance.now() + TURN_MS;
  #told = 0;

  get signal(): AbortSignal {
    return this.#late.signal;
  }

  /** Whether the process has been busy for long enough. */
  get isDue(): boolean {
    return performance.now() >= this.#due;
  }

  /** Whether it is time to tell how far it is. */
  get isTelling(): boolean {
    const now = performance.now();
    if (now < this.#told + PROGRESS_MS) return false;
    this.#told = now;
    return true;
  }

  /** Lets everything else have its turn, and begins to count again. */
  async again(): Promise<void> {
    clearTimeout(this.#timer);
    await new Promise((resolve) => setTimeout(resolve, 0));
    this.#timer = this.#arm();
    this.#due = performance.now() + TURN_MS;
  }

  #arm(): ReturnType<typeof setTimeout> {
    return setTimeout(() => this.#late.abort(), HOOK_MAX_MS);
  }

  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
  }
}

/** One row's login, which is begun anew for each instant. */
class Question {
  readonly #module: LoadedModule;
  readonly #hook: Hook;
  readonly #scene: FakeTransactionOptions;
  readonly #users: ReturnType<typeof usersOf>;
  readonly #grants: readonly string[];
  readonly #person = new Person(refuse);

  constructor(
    module: LoadedModule,
    hook: Hook,
    { user, service, rhost }: Row,
    { options, users }: Pick<SimulateRequest, "options" | "users">,
  ) {
    this.#module = module;
    this.#hook = hook;
    this.#scene = { user, service, users, options, ...(rhost === undefined ? {} : { items: { rhost } }) };
    this.#users = usersOf(this.#scene, user);
    this.#grants = module.grants[LINE_TYPES[hook]] ?? [];
  }

  /** Asks about an instant. */
  async ask(now: Temporal.Instant, hangUp: AbortSignal): Promise<HookResult> {
    const call = new HookCall(this.#hook, {
      module: this.#module,
      handle: new Handle(this.#scene),
      person: this.#person,
      users: this.#users,
      grants: this.#grants,
      options: this.#scene,
      now: () => now,
    }, { hangUp });
    return await call.make();
  }
}

/** The words that are told of a result. */
export function outcomeOf({ code, failure, cause, shown, prompted }: HookResult): Outcome {
  return {
    code,
    ...(failure === undefined ? {} : { failure }),
    ...(cause === undefined ? {} : { cause }),
    texts: shown.map(({ text }) => text),
    ...(prompted.length === 0 ? {} : { asked: true as const }),
  };
}
