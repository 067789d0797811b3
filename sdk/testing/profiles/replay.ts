// SPDX-License-Identifier: MIT
/**
 * Replays a profile: every call of the application, one after the other, around one module.
 *
 * @module
 */

import { AssertionError } from "node:assert";
import type { Hook, LineType } from "../../hooks.ts";
import { LINE_TYPES } from "../../hooks.ts";
import type { Conversation, ConversationMessage } from "../../libpam/conversation.ts";
import { script } from "../../libpam/script.ts";
import type { LoadedModule } from "../../load.ts";
import type { PamCode, PamItem } from "../../tokens.ts";
import { type Grants, grantsOf } from "../fake_transaction.ts";
import type { Handle } from "../handle.ts";
import { HookCall } from "../hook_call.ts";
import { formatResult, type HookResult, type SeenMessage } from "../hook_result.ts";
import { DEFAULT_NOW, type FakeTransactionOptions, type TestUser } from "../options.ts";
import { Person } from "../person.ts";
import { isPrompt } from "../shim_rules.ts";
import { type UserEntry, usersOf } from "../users.ts";
import { profileConversation } from "./conversation.ts";
import { isRefusal, ProfileCourse } from "./course.ts";
import { Processes, type Running } from "./fork.ts";
import type { ProfileOptions } from "./options.ts";
import { problemsOf } from "./problems.ts";
import { HOOKS_OF_CALLS, type Profile, type ProfileScene, type ProfileStep } from "./profile.ts";
import type { ProfileName } from "./profiles.ts";
import type { ProfileResult, StepResult } from "./result.ts";
import { PROFILE_SCENE, profileText } from "./scene.ts";

const PASSWORD = "correct horse";
const USER_UID = 1000;
const BY_UID = 1001;

/** One replay. */
export class Replay {
  readonly #name: ProfileName;
  readonly #profile: Profile;
  readonly #module: LoadedModule;
  readonly #options: ProfileOptions;
  readonly #scene: ProfileScene;
  readonly #grants: Readonly<Record<LineType, readonly string[]>>;
  readonly #users: NonNullable<FakeTransactionOptions["users"]>;
  readonly #person: Conversation;
  readonly #now: Temporal.Instant;
  readonly #processes: Processes;
  readonly #steps: StepResult[] = [];
  readonly #shown: SeenMessage[] = [];
  readonly #prompted: SeenMessage[] = [];
  readonly #course: ProfileCourse;
  #refusedBy: StepResult | undefined;
  #questionFailed = false;
  #environment: Handle | undefined;

  /** A replay that has not begun. */
  constructor(name: ProfileName, profile: Profile, module: LoadedModule, options: ProfileOptions) {
    const { now = DEFAULT_NOW, password = PASSWORD, conversation = typing(password) } = options;
    this.#name = name;
    this.#profile = profile;
    this.#module = module;
    this.#options = options;
    this.#scene = sceneOf(options);
    this.#grants = grantsOf(module, options.grants as Grants | undefined);
    this.#users = usersAround(this.#scene, options.users);
    this.#person = typeof conversation === "function" ? conversation : script(conversation);
    this.#now = Temporal.Instant.from(now);
    this.#processes = new Processes(profile, this.#scene, module.hooks, (handle) => this.#started(handle));
    this.#course = new ProfileCourse(profile, options.expired ?? profile.expired);
  }

  /** Makes all calls, until one of them ends it, and then those that tidy up. */
  async run(): Promise<ProfileResult> {
    for (const step of this.#profile.steps) {
      if (this.#course.isCalled(step)) await this.#call(step);
    }
    this.#course.finish(this.#steps.some(({ user }) => user !== undefined && user !== this.#scene.user));
    if (this.#course.refusedBy !== undefined) this.#refusedBy ??= this.#steps.at(-1);
    return {
      profile: this.#name,
      outcome: this.#refusedBy === undefined ? "passed" : "refused",
      refusedBy: this.#refusedBy,
      steps: this.#steps,
      shown: this.#shown,
      prompted: this.#prompted,
      log: this.#steps.flatMap(({ result }) => result.log),
      environment: Object.fromEntries(this.#environment?.environment ?? []),
      problems: problemsOf(this.#steps),
    };
  }

  /** A new handle: what the application has not set itself. */
  #started(handle: Handle): void {
    const { environment = {} } = this.#options;
    for (const [name, value] of Object.entries(environment)) handle.setVariable(name, value);
  }

  async #call(step: ProfileStep): Promise<void> {
    const running = this.#processes.get(step.process);
    const handle = this.#processes.handle(running, step.handle ?? "main");
    let last: StepResult | undefined;
    let next: "again" | "next";
    do {
      this.#prepare(step, handle);
      this.#questionFailed = false;
      last = await this.#passes(step, running, handle);
      next = this.#course.note(step, codeOf(last, handle), this.#questionFailed);
    } while (next === "again");
    if (this.#course.refusedBy !== undefined) this.#refusedBy ??= last;
    // Another module of the stack has asked for the name.
    if (!handle.items.has("user")) handle.setItem("user", this.#scene.user);
    if (step.call === "setCredentials" || step.call === "openSession") this.#environment = handle;
  }

  /** The hooks of one call: none follows one that refuses. */
  async #passes(step: ProfileStep, running: Running, handle: Handle): Promise<StepResult> {
    const [first, second] = HOOKS_OF_CALLS[step.call];
    const one = await this.#hook(step, first, running, handle);
    if (second === undefined || isRefusal(one.result.code)) return one;
    return await this.#hook(step, second, running, handle);
  }

  #prepare({ call, items = {}, environment = {} }: ProfileStep, handle: Handle): void {
    // A module may have changed whom it is about.
    const scene = { ...this.#scene, ...this.#about(handle.items.get("user")) };
    for (const [item, value] of Object.entries(items)) {
      handle.setItem(item as PamItem, profileText(value, scene));
    }
    for (const [name, value] of Object.entries(environment)) {
      handle.setVariable(name, profileText(value, scene));
    }
    if (call !== "authenticate" && call !== "changePassword") return;
    handle.begin();
    for (const [token, value] of Object.entries(this.#options.tokens ?? {})) {
      const octets = typeof value === "string" ? new TextEncoder().encode(value) : value.slice();
      handle.tokens.set(token as "authtok" | "oldauthtok", octets);
    }
  }

  #about(user: string | undefined): Partial<ProfileScene> {
    if (user === undefined || user === this.#scene.user) return {};
    return { user, home: homeOf(user, this.#users) };
  }

  async #hook(step: ProfileStep, hook: Hook, running: Running, handle: Handle): Promise<StepResult> {
    const resumed = this.#processes.resume(running, handle, hook);
    const continuity = handle.data === undefined ? "none" : resumed ? "resumed" : "same";
    const user = handle.items.get("user");
    const person = new Person(this.#conversation(step, handle));
    const call = new HookCall(hook, {
      module: this.#module,
      handle,
      person,
      users: this.#usersFor(user),
      grants: this.#grants[LINE_TYPES[hook]],
      options: { ...this.#options, ...this.#caller(running) } as FakeTransactionOptions,
      now: () => this.#now,
    }, {
      flags: step.flags ?? [],
      ...resumed ? { continuity: "resumed" as const } : {},
    });
    const result = await call.make();
    verify(person, result);
    if (hook === "authenticate") handle.authenticated = result.code;
    this.#processes.note(running, handle, result);
    const one: StepResult = { hook, step, process: running.name, pid: running.pid, user, continuity, result };
    this.#steps.push(one);
    return one;
  }

  #usersFor(user: string | undefined): ReadonlyMap<string, UserEntry> {
    return usersOf({ users: this.#users }, user);
  }

  #caller({ process, pid, started }: Running) {
    return { uid: this.#uid(process.uid), euid: this.#uid(process.euid), pid, started };
  }

  #uid(who: "root" | "user" | "by"): number {
    if (who === "root") return 0;
    const entry = this.#users[this.#scene[who]];
    return (typeof entry === "object" ? entry.uid : undefined) ?? (who === "user" ? USER_UID : BY_UID);
  }

  #conversation({ call, conversation, dropsInfo = false }: ProfileStep, handle: Handle): Conversation {
    const { password = PASSWORD } = this.#options;
    const { limits } = this.#profile;
    const asksForUser = ({ style, text }: ConversationMessage) =>
      style === "prompt_echo_on" && !handle.items.has("user") && text === handle.items.get("user_prompt");
    const fails = () => this.#questionFailed = true;
    const passOn = profileConversation(conversation, {
      password,
      dropsInfo,
      ...limits === undefined ? {} : { limits },
      person: (messages) => {
        if (messages.every(asksForUser)) return [this.#scene.user];
        const answers = this.#person(messages);
        if (typeof answers === "string") fails();
        return answers;
      },
      heard: (message) => (isPrompt(message) ? this.#prompted : this.#shown).push(message),
    });
    return (messages) => {
      if (conversation === "none" && messages.some(isPrompt)) fails();
      const isEnded = this.#questionFailed && call === "authenticate" && limits?.failureEnds === true;
      return isEnded ? "conv_err" : passOn(messages);
    };
  }
}

/** What the application gets. Where authenticate had nothing to say in the same process, libpam does not ask what setCredentials says. */
function codeOf({ hook, result: { code } }: StepResult, handle: Handle): PamCode {
  return hook === "setCredentials" && handle.authenticated === "ignore" ? "ignore" : code;
}

/** The usual scene, with what the options say of it. */
function sceneOf(options: ProfileOptions): ProfileScene {
  const named = Object.keys(PROFILE_SCENE) as (keyof ProfileScene)[];
  const told = Object.fromEntries(
    named.flatMap((word) => options[word] === undefined ? [] : [[word, options[word]]]),
  );
  const scene = { ...PROFILE_SCENE, ...told };
  if (options.home !== undefined) return scene;
  return { ...scene, home: homeOf(scene.user, options.users) };
}

function homeOf(user: string, users: ProfileOptions["users"] = {}): string {
  const entry = users[user];
  return (typeof entry === "object" ? entry.home : undefined) ?? `/home/${user}`;
}

function usersAround(
  { user, by, target }: ProfileScene,
  users: ProfileOptions["users"],
): NonNullable<FakeTransactionOptions["users"]> {
  const root: TestUser = { uid: 0, home: "/root" };
  const around = { root, [by]: { uid: BY_UID } };
  return users === undefined
    ? { [target]: { uid: BY_UID }, ...around, [user]: user === "root" ? root : { uid: USER_UID } }
    : { ...around, ...users };
}

/** A person who types the password, whatever is asked. */
function typing(password: string): Conversation {
  return (messages) => messages.map((message) => isPrompt(message) ? password : undefined);
}

/** The script expected something else: the test has failed. */
function verify(person: Person, result: HookResult): void {
  const { problem } = person;
  if (problem === undefined) return;
  const error = new AssertionError({
    message: `${problem.message}\nAll that was seen:\n${formatResult(result)}`,
  });
  error.cause = problem;
  throw error;
}
