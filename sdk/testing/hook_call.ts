// SPDX-License-Identifier: MIT
/**
 * One call of a service function: what the shim does with it from libpam's call to the code that libpam gets.
 *
 * @module
 */

import { typeError } from "../coded.ts";
import type { Hook } from "../hooks.ts";
import type { LoadedModule } from "../load.ts";
import { FLAGS, type PamCode, type PamFlag } from "../tokens.ts";
import { FINGERPRINT } from "../wire/fingerprint_gen.ts";
import { VERSION } from "../wire/schema.ts";
import type { MessageFrom, MessageOf } from "../wire/types.ts";
import { Exchange, type Failure, failureOf } from "./exchange.ts";
import type { ProcessStart } from "../lookup.ts";
import type { Handle } from "./handle.ts";
import { observe } from "./observer.ts";
import type { HookResult, SeenLine, SeenMessage } from "./hook_result.ts";
import type { FakeTransactionOptions, RunOptions } from "./options.ts";
import { type Answers, askForUser, getAuthtok, type Person } from "./person.ts";
import {
  asksForUser,
  failureCode,
  isLeftOut,
  isLibpamWord,
  isPrompt,
  type Request,
  textForPerson,
  undefinedCode,
  userFailureCode,
} from "./shim_rules.ts";
import { lookUp, type UserEntry } from "./users.ts";

const BUDGET_MS = 5000;
const PID = 1000;
const STARTED = 100_000;
/** Where the shim of an ordinary installation writes user files. */
const USER_FILES = "/run/pam-deno/user";
/** The hooks of which one makes the shim say when the application started. */
const TOLD_STARTED: readonly Hook[] = ["setCredentials", "openSession", "closeSession"];

const FLAGS_OF: Readonly<Record<Hook, readonly PamFlag[]>> = {
  authenticate: ["silent", "disallow_null_authtok"],
  setCredentials: ["silent", "establish_cred", "delete_cred", "reinitialize_cred", "refresh_cred"],
  account: ["silent", "disallow_null_authtok"],
  openSession: ["silent"],
  closeSession: ["silent"],
  preliminary: ["silent", "change_expired_authtok"],
  update: ["silent", "change_expired_authtok"],
};

/** The flags as libpam passes them: it adds the one that tells a pass of chauthtok, and the usual verb of setcred. */
export function flagBits(hook: Hook, flags: readonly PamFlag[]): number {
  const wrong = flags.find((flag) => !FLAGS_OF[hook].includes(flag));
  if (wrong !== undefined) {
    throw typeError(
      "kit-misused",
      `Cannot call ${hook} with the flag "${wrong}": it takes ${FLAGS_OF[hook].join(", ")}`,
    );
  }
  const bits = flags.reduce((bits, flag) => bits | FLAGS[flag], 0);
  switch (hook) {
    case "preliminary":
      return bits | FLAGS.prelim_check;
    case "update":
      return bits | FLAGS.update_authtok;
    case "setCredentials":
      return (bits & ~FLAGS.silent) === 0 ? bits | FLAGS.establish_cred : bits;
    default:
      return bits;
  }
}

/** What surrounds a call. */
export interface Surroundings {
  /** The module. */
  readonly module: LoadedModule;
  /** The PAM handle. */
  readonly handle: Handle;
  /** The person. */
  readonly person: Person;
  /** The users of the machine. */
  readonly users: ReadonlyMap<string, UserEntry>;
  /** The grants of the line. */
  readonly grants: readonly string[];
  /** How the transaction was started. */
  readonly options: FakeTransactionOptions;
  /** The time. */
  readonly now: () => Temporal.Instant;
}

/** How a call ended. */
interface End {
  readonly code: PamCode;
  readonly handled: boolean;
  readonly failure?: Failure;
  readonly result?: MessageOf<"result">;
}

/** One call. */
export class HookCall<H extends Hook> {
  readonly #hook: H;
  readonly #around: Surroundings;
  readonly #run: RunOptions<H>;
  readonly #words: readonly string[];
  readonly #flags: number;
  readonly #shown: SeenMessage[] = [];
  readonly #prompted: SeenMessage[] = [];
  #lines: readonly SeenLine[] = [];

  /** A call of `hook`. */
  constructor(hook: H, around: Surroundings, run: RunOptions<H>) {
    this.#hook = hook;
    this.#around = around;
    this.#run = run;
    this.#words = run.options ?? around.options.options ?? [];
    this.#flags = flagBits(hook, run.flags ?? []);
    if (run.continuity === "resumed" && hook !== "setCredentials" && hook !== "openSession") {
      throw typeError(
        "kit-misused",
        `Cannot resume ${hook}: the worker does that for setCredentials and openSession`,
      );
    }
  }

  /** Makes the call, and its effects on the handle. */
  async make(): Promise<HookResult<H>> {
    const { handle } = this.#around;
    handle.begin();
    const end = await this.#end();
    const { result, failure } = end;
    if (result !== undefined) handle.apply(result);
    if (result?.message !== undefined) this.#show({ style: "error_msg", text: result.message });
    handle.tokensAreSpent = this.#hook === "authenticate" || this.#hook === "update";
    return {
      hook: this.#hook,
      code: end.code,
      handled: end.handled,
      failure: failure?.failure,
      cause: failure?.cause,
      errorCode: failure?.errorCode,
      message: result?.message,
      shown: this.#shown,
      prompted: this.#prompted,
      log: this.#lines,
      ...effectsOf(result),
    };
  }

  async #end(): Promise<End> {
    const { module, grants, options, now } = this.#around;
    const hook = this.#hook;
    if (!module.hooks.includes(hook)) return { code: undefinedCode(hook, module.hooks), handled: false };
    const code = this.#learnUser();
    if (code !== undefined) return { code, handled: true };
    const exchange = new Exchange(hook, grants, {
      serve: (request) => this.#serve(request),
      show: (text) => this.#show(text),
    });
    this.#lines = exchange.lines;
    const hungUp = () => exchange.break("broken_off", "the application hung up");
    const { hangUp } = this.#run;
    hangUp?.addEventListener("abort", hungUp, { once: true });
    if (hangUp?.aborted) hungUp();
    const random = options.random ?? ((length) => crypto.getRandomValues(new Uint8Array(length)));
    const resumed = this.#run.continuity === "resumed";
    const observed = observe(hook, module.handlers.get(hook), options.configured ?? {}, this.#words);
    const needed = observed && ((grant: string) => observed.needed(grant));
    const host = { now, random, resumed, ...needed && { needed } };
    const ended = await exchange.play(module, this.#message(), host);
    observed?.end("failure" in ended ? ended.failure : undefined);
    hangUp?.removeEventListener("abort", hungUp);
    if ("failure" in ended) return { code: failureCode(ended.failure, hook), handled: true, failure: ended };
    const cannot = this.#applyProblem(ended);
    return cannot === undefined ? { code: ended.code, handled: true, result: ended } : {
      code: failureCode("protocol", hook),
      handled: true,
      failure: failureOf("protocol", cannot),
    };
  }

  /** Why the effects cannot be applied: a file belongs to somebody, and only root can give it to another. */
  #applyProblem({ user_files }: MessageOf<"result">): string | undefined {
    if (user_files.length === 0) return undefined;
    const { handle, users, options } = this.#around;
    const passwd = lookUp({ type: "lookup_passwd" }, handle.items.get("user"), users);
    if (passwd.type === "absent") return "the result writes user files, but the user is not known";
    if (passwd.type !== "passwd") return "the result writes user files, but the user could not be looked up";
    const { uid = 0, euid = uid } = options;
    if (this.#isPrivileged || euid === passwd.uid) return undefined;
    return `the result writes files of uid ${passwd.uid}, and the application is uid ${euid}: ` +
      "only root can give files to others";
  }

  /** Makes sure that there is a user; a code if there is none. */
  #learnUser(): PamCode | undefined {
    const { items } = this.#around.handle;
    if (asksForUser(this.#hook) && !items.has("user")) {
      const asked = askForUser({ items, ask: (messages) => this.#ask(messages) });
      if (typeof asked === "string") return userFailureCode(asked, this.#hook);
      items.set("user", asked.user);
    }
    return (items.get("user") ?? "") === "" ? "user_unknown" : undefined;
  }

  #message(): MessageOf<"hook"> {
    const { module, handle, grants, options } = this.#around;
    const { uid = 0, euid = uid, pid = PID } = options;
    const items = [...handle.items].filter(([item, value]) => !isLeftOut(item, value));
    const environment = grants.includes("get_env") ? [...handle.environment] : [];
    return {
      type: "hook",
      version: VERSION,
      fingerprint: FINGERPRINT,
      hook: this.#hook,
      flags: this.#flags,
      budget_ms: this.#run.budgetMs ?? BUDGET_MS,
      pid,
      uid,
      euid,
      module: module.name,
      grants: grants.map((grant) => ({ grant })),
      options: this.#words.filter((word) => !isLibpamWord(word)).map((option) => ({ option })),
      items: items.map(([item, value]) => ({ item, value })),
      environment: environment.map(([name, value]) => ({ name, value })),
      data: handle.data,
      started: this.#isPrivileged && TOLD_STARTED.some((hook) => module.hooks.includes(hook))
        ? options.started ?? STARTED
        : undefined,
      user_files: grants.some((grant) => grant.startsWith("user_file:")) ? USER_FILES : undefined,
    };
  }

  get #isPrivileged(): boolean {
    const { uid = 0, euid = uid } = this.#around.options;
    return euid === 0;
  }

  /** Which of `processes` are there: the application, and what the scene says. */
  #running(processes: readonly ProcessStart[]): MessageFrom<"shim"> {
    if (!this.#isPrivileged) return { type: "failed", code: "perm_denied" };
    const { pid = PID, started = STARTED, running = [] } = this.#around.options;
    const there = [{ pid, started }, ...running];
    const isThere = (wanted: ProcessStart) =>
      there.some(({ pid, started }) => pid === wanted.pid && started === wanted.started);
    return { type: "processes", processes: processes.map((one) => ({ running: isThere(one) })) };
  }

  /** Carries out a request that the rules admit. */
  #serve(request: Request): MessageFrom<"shim"> {
    const { handle, users } = this.#around;
    switch (request.type) {
      case "converse": {
        // Texts are dropped under PAM_SILENT; the answers keep their places.
        const heard = request.messages.filter((message) => !this.#silent || isPrompt(message));
        const answers = this.#ask(heard.map(({ style, text }) => ({ style, text: textForPerson(text) })));
        if (typeof answers === "string") return { type: "failed", code: answers };
        const placed = request.messages.map((message) => ({ answer: answers[heard.indexOf(message)] }));
        return { type: "answers", answers: placed };
      }
      case "get_token": {
        const prompt = request.prompt === undefined ? undefined : textForPerson(request.prompt);
        const { items, tokens } = handle;
        const ask = (messages: readonly SeenMessage[]) => this.#ask(messages);
        const asking = { hook: this.#hook, words: this.#words, items, tokens, ask };
        const value = getAuthtok(asking, request.token, prompt);
        return typeof value === "string" ? { type: "failed", code: value } : { type: "token", value };
      }
      case "lookup_processes":
        return this.#running(request.processes);
      default:
        return lookUp(request, handle.items.get("user"), users);
    }
  }

  get #silent(): boolean {
    return (this.#flags & FLAGS.silent) !== 0;
  }

  #ask(messages: readonly SeenMessage[]): Answers {
    if (messages.length === 0) return [];
    for (const message of messages) (isPrompt(message) ? this.#prompted : this.#shown).push(message);
    return this.#around.person.ask(messages);
  }

  #show({ style, text }: SeenMessage): void {
    if (!this.#silent) this.#ask([{ style, text: textForPerson(text) }]);
  }
}

type Effects = Pick<HookResult, "items" | "environment" | "tokens" | "userFiles" | "data" | "failDelay">;

const WHAT_BECAME_OF_DATA = { keep: "kept", set: "set", delete: "deleted" } as const;

function effectsOf(result: MessageOf<"result"> | undefined): Effects {
  const delay = result?.fail_delay_us ?? 0;
  return {
    items: Object.fromEntries(result?.items.map(({ item, value }) => [item, value]) ?? []),
    environment: Object.fromEntries(result?.environment.map(({ name, value }) => [name, value]) ?? []),
    tokens: result?.tokens.map(({ token }) => token) ?? [],
    userFiles: Object.fromEntries(result?.user_files.map(({ name, content }) => [name, content]) ?? []),
    data: WHAT_BECAME_OF_DATA[result?.data_action ?? "keep"],
    failDelay: delay === 0
      ? undefined
      : Temporal.Duration.from({ microseconds: delay }).round({ largestUnit: "seconds" }),
  };
}
