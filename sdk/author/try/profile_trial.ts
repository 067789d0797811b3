// SPDX-License-Identifier: MIT
/**
 * Replays how an application uses PAM through libpam: its calls in their order, in processes that fork where its own do, with its flags
 * and items, and with a conversation that can do what its own can.
 *
 * All processes run as whoever tries the module: of the users that a profile names, only what the module is told is the same.
 *
 * @module
 */

import type { ConversationMessage } from "../../libpam/mod.ts";
import { LINES } from "../../grants.ts";
import type { LineType } from "../../hooks.ts";
import {
  type Profile,
  PROFILE_SCENE,
  profileConversation,
  ProfileCourse,
  type ProfileHandle,
  type ProfileName,
  profileOf,
  type ProfileScene,
  type ProfileStep,
  profileText,
} from "../../testing/mod.ts";
import type { PamCode } from "../../tokens.ts";
import type { Subject } from "../subject.ts";
import type { Answerer } from "./applicant.ts";
import type { CallFlag, Items } from "./application_words.ts";
import { documentOf, itemsOf, type TryDocument } from "./document.ts";
import type { Person } from "./person.ts";
import { lineTypeOf, type Login, type Trial } from "./trial.ts";

/** One call of an application, and all that was seen of it. */
export interface StepDocument extends TryDocument {
  /** The process that made it, by the name that the profile has for it. */
  readonly process: string;
  /** Its number. */
  readonly pid: number;
}

/** What came of a replay. */
export interface ProfileDocument {
  readonly module: string;
  /** Which application. */
  readonly profile: ProfileName;
  /** Whether the person is in, or the password changed, as far as this module is concerned. */
  readonly outcome: "passed" | "refused";
  /** The same in a sentence. */
  readonly verdict: string;
  /** The code that ended it, else `success`. */
  readonly code: PamCode;
  /** All texts that the person saw. */
  readonly texts: readonly string[];
  /** How long all calls took together, in milliseconds. */
  readonly time_ms: number;
  readonly service_ms: number;
  readonly human_ms: number;
  /** The number of the step that ended it, from 1; `null` if none did. */
  readonly refused_by: number | null;
  readonly steps: readonly StepDocument[];
}

/** What a replay is about. */
export interface ProfileTrialOptions {
  readonly name: ProfileName;
  readonly profile: Profile;
  readonly scene: ProfileScene;
  /** Items and variables that every handle gets besides. */
  readonly items: Items;
  readonly environment: Readonly<Record<string, string>>;
  /** What the application knows of a password, where it answers itself. */
  readonly password: string;
  readonly subject: Subject;
  readonly trial: Trial;
  readonly person: Person;
  readonly now: string | undefined;
}

/** What a replay is told by a command; the rest comes from the profile and the usual scene. */
export interface ReplayOptions extends Omit<ProfileTrialOptions, "name" | "profile" | "scene" | "password"> {
  readonly scene: { readonly [K in keyof ProfileScene]?: string | undefined };
  readonly password: string | undefined;
}

/** What the application knows of a password, unless it is told. */
const PASSWORD = "correct horse";

/** What replays the application `name`; a sentence if there is none of that name. */
export function replayOf(name: string): ((options: ReplayOptions) => Promise<ProfileDocument>) | string {
  let profile: Profile;
  try {
    profile = profileOf(name);
  } catch (error) {
    return (error as Error).message;
  }
  return ({ scene, password = PASSWORD, ...options }) => {
    const told = Object.fromEntries(Object.entries(scene).filter(([, word]) => word !== undefined));
    const whole = { ...PROFILE_SCENE, ...told };
    return new ProfileTrial({ ...options, name: name as ProfileName, profile, scene: whole, password }).run();
  };
}

/** PAM_DATA_SILENT: another process goes on with the transaction. */
const DATA_SILENT = 0x40000000;

/** One replay. */
export class ProfileTrial {
  readonly #options: ProfileTrialOptions;
  readonly #steps: StepDocument[] = [];
  readonly #course: ProfileCourse;
  /** The processes that there are, each started by the one before. */
  readonly #running: string[] = [];
  /** The handles of each, and what the application has last seen of them. */
  readonly #handles = new Map<string, Map<string, Login>>();
  /** What children have left to their parents. */
  readonly #left = new Map<string, Readonly<Record<string, string>>>();
  #refusedBy: number | undefined;
  /** Whether PAM_USER is not any more what it was, and whether a question failed during the call. */
  #isOther = false;
  #questionFailed = false;

  /** A replay that has not begun. */
  constructor(options: ProfileTrialOptions) {
    this.#options = options;
    this.#course = new ProfileCourse(options.profile);
  }

  /** Makes all calls, until one of them ends it, and then those that tidy up. */
  async run(): Promise<ProfileDocument> {
    const { profile } = this.#options;
    this.#writeServices();
    for (const step of profile.steps) {
      if (this.#course.isCalled(step)) { while (await this.#call(step) === "again"); }
    }
    this.#course.finish(this.#isOther);
    this.#noteRefusal();
    await this.#endAll();
    return this.#document();
  }

  /** The module's lines, and others that are taken to say success. */
  #writeServices(): void {
    const { profile, trial } = this.#options;
    const types = new Set(profile.steps.map(({ call }) => lineTypeOf(call)));
    const lines = LINES.filter((type) => types.has(type)).flatMap((type) => [
      ...this.#isDefined(type) ? [trial.lineOf(type)] : [],
      { type, control: "required", module: "pam_permit.so" } as const,
    ]);
    for (const { service } of Object.values(profile.handles)) trial.scene.writeService(service, lines);
  }

  #isDefined(type: LineType): boolean {
    const { hooks } = this.#options.trial.served.declared;
    return hooks.some((hook) =>
      lineTypeOf(hook === "preliminary" || hook === "update" ? "changePassword" : hook) === type
    );
  }

  #noteRefusal(): void {
    if (this.#course.refusedBy !== undefined) this.#refusedBy ??= this.#steps.length;
  }

  async #call(step: ProfileStep): Promise<"again" | "next"> {
    const { trial, person, subject, profile, now } = this.#options;
    const { call, handle: name = "main", flags = [], items = {}, environment = {} } = step;
    await this.#enter(step);
    const login = await this.#handle(step.process, name);
    const changed = {
      items: this.#texts(items),
      environment: { ...this.#left.get(step.process), ...this.#texts(environment) },
    };
    this.#left.delete(step.process);
    await trial.application.set(changed.items, changed.environment, name);
    person.forget();
    this.#questionFailed = false;
    trial.application.answerer = this.#answerer(step, login);
    const before = {
      items: { ...itemsOf(login), ...changed.items },
      environment: { ...login.environment, ...changed.environment },
    };
    const seen = await trial.call(call, flags as readonly CallFlag[], name);
    const document = documentOf(seen, {
      subject,
      trial,
      login: { ...login, user: before.items.user },
      flags: flags as readonly CallFlag[],
      person,
      now,
      alone: false,
      before,
    });
    this.#steps.push({ ...document, process: step.process, pid: trial.application.pid });
    const { user, ...rest } = seen.outcome.items;
    this.#handles.get(step.process)!.set(name, {
      service: login.service,
      user,
      items: rest,
      environment: seen.outcome.environment,
    });
    const { parent, leaves } = profile.processes[step.process]!;
    if (leaves !== undefined && parent !== undefined) this.#left.set(parent, seen.outcome.environment);
    this.#isOther ||= before.items.user !== undefined && user !== before.items.user;
    const next = this.#course.note(step, seen.outcome.code, this.#questionFailed);
    this.#noteRefusal();
    return next;
  }

  #texts<K extends string>(texts: Readonly<Partial<Record<K, string>>>): Record<K, string> {
    return Object.fromEntries(
      Object.entries<string | undefined>(texts).map((
        [name, text],
      ) => [name, profileText(text!, this.#options.scene)]),
    ) as Record<K, string>;
  }

  // Processes and their handles.

  /** Sees to it that the process of a step is the one that is asked. */
  async #enter({ process, handle = "main" }: ProfileStep): Promise<void> {
    const { profile } = this.#options;
    const way: string[] = [];
    for (let at: string | undefined = process; at !== undefined; at = profile.processes[at]!.parent) {
      way.unshift(at);
    }
    while (this.#running.length > 0 && !way.includes(this.#running.at(-1)!)) await this.#leave();
    for (const name of way.slice(this.#running.length)) await this.#start(name, handle);
  }

  async #start(name: string, handle: string): Promise<void> {
    const { profile, trial } = this.#options;
    const { parent, start = "exec" } = profile.processes[name]!;
    const handles = new Map<string, Login>();
    if (parent !== undefined) {
      if (start === "fork") {
        await this.#handle(parent, handle);
        for (const [key, login] of this.#handles.get(parent)!) handles.set(key, login);
      }
      await trial.application.fork();
    }
    this.#running.push(name);
    this.#handles.set(name, handles);
  }

  async #leave(): Promise<void> {
    this.#handles.delete(this.#running.pop()!);
    await this.#options.trial.application.leave();
  }

  /** A handle of the process that is asked, which is started if it was not. */
  async #handle(process: string, name: string): Promise<Login> {
    const handles = this.#handles.get(process)!;
    const known = handles.get(name);
    if (known !== undefined) return known;
    const login = this.#login(this.#options.profile.handles[name]!);
    await this.#options.trial.begin(login, name);
    handles.set(name, login);
    return login;
  }

  #login({ service, user, items, environment = {} }: ProfileHandle): Login {
    const { scene, items: more, environment: variables } = this.#options;
    return {
      service,
      user: user === undefined ? undefined : profileText(user, scene),
      items: { ...this.#texts(items), ...more },
      environment: { ...this.#texts(environment), ...variables },
    };
  }

  /** Children are gone without pam_end, as those of sshd are; the first process ends its handles. */
  async #endAll(): Promise<void> {
    while (this.#running.length > 1) await this.#leave();
    for (const handles of this.#handles.values()) {
      for (const name of handles.keys()) await this.#options.trial.application.end(name, DATA_SILENT);
    }
  }

  // Who answers.

  #answerer(step: ProfileStep, login: Login): Answerer {
    const { limits = {} } = this.#options.profile;
    const answerer = step.conversation === "full" ? this.#asking(step, login) : this.#answering(step);
    return async (messages) => {
      const asks = messages.some(({ style }) => style.startsWith("prompt_"));
      const isEnded = this.#questionFailed && step.call === "authenticate" && limits.failureEnds === true;
      const answers = isEnded ? null : await answerer(messages);
      if (asks && answers === null) this.#questionFailed = true;
      return answers;
    };
  }

  /** The application answers by itself, or not at all. */
  #answering({ conversation, dropsInfo = false }: ProfileStep): Answerer {
    const { person, password, profile: { limits = {} } } = this.#options;
    const talk = profileConversation(conversation, { password, dropsInfo, limits, person: () => "conv_err" });
    return (messages) => {
      const answers = talk(messages);
      const isRefused = typeof answers === "string";
      for (const message of messages) {
        const isText = message.style === "text_info" || message.style === "error_msg";
        const isLost = conversation === "none" || isRefused || (dropsInfo && message.style === "text_info");
        if (!isText || !isLost) person.note(message, isRefused ? "nobody" : "application");
      }
      return Promise.resolve(
        isRefused ? null : answers.map((answer) => typeof answer === "string" ? answer : null),
      );
    };
  }

  /** The person is asked, but for the name, which the application has. */
  #asking({ dropsInfo = false }: ProfileStep, { user, items }: Login): Answerer {
    const { person, scene, profile: { limits = {} } } = this.#options;
    const { messagesMax = Infinity, answerMax = Infinity, cutsAnswers = false } = limits;
    const fits = (answer: string | null) => answer === null || cutsAnswers || octets(answer) <= answerMax;
    const isName = ({ style, text }: ConversationMessage) =>
      style === "prompt_echo_on" && user === undefined && text === items.user_prompt;
    return async (messages) => {
      if (messages.length > messagesMax) return null;
      if (messages.every(isName)) {
        for (const message of messages) person.note(message, "application");
        return messages.map(() => scene.user);
      }
      const heard = messages.filter(({ style }) => !(dropsInfo && style === "text_info"));
      const answers = await person.answer(heard);
      if (answers === null || !answers.every(fits)) return null;
      let next = 0;
      return messages.map((message) => heard.includes(message) ? cut(answers[next++]!, answerMax) : null);
    };
  }

  #document(): ProfileDocument {
    const { name, subject } = this.#options;
    const steps = this.#steps;
    const ending = this.#refusedBy === undefined ? undefined : steps[this.#refusedBy - 1]!;
    const sum = (key: "time_ms" | "service_ms" | "human_ms") =>
      Math.round(steps.reduce((ms, step) => ms + step[key], 0) * 100) / 100;
    return {
      module: subject.file,
      profile: name,
      outcome: ending === undefined ? "passed" : "refused",
      verdict: verdict(name, ending),
      code: ending?.code ?? "success",
      texts: steps.flatMap(({ texts }) => texts),
      time_ms: sum("time_ms"),
      service_ms: sum("service_ms"),
      human_ms: sum("human_ms"),
      refused_by: this.#refusedBy ?? null,
      steps,
    };
  }
}

function octets(text: string): number {
  return new TextEncoder().encode(text).length;
}

/** As much of an answer as the application takes, in whole characters. */
function cut(answer: string | null, answerMax: number): string | null {
  if (answer === null || octets(answer) <= answerMax) return answer;
  const { read } = new TextEncoder().encodeInto(answer, new Uint8Array(answerMax));
  return answer.slice(0, read);
}

function verdict(name: ProfileName, ending: StepDocument | undefined): string {
  const done = name === "passwd" ? "the password would be changed" : "the person would be let in";
  if (ending === undefined) {
    return `passed: ${done}, as far as this module is concerned; all others are taken to say success`;
  }
  const { hook, process, code, application } = ending;
  const other = application === code ? "" : `, of which libpam makes ${application}`;
  return `refused: ${hook} in ${process} gave ${code}${other}`;
}
