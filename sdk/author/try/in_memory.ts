// SPDX-License-Identifier: MIT
/**
 * Tries a module without libpam: with the test kit, in a process that may do what the module declares. Users of the machine are not
 * looked up there, and the clock stands still.
 *
 * @module
 */

import type { Layout } from "../../config/layout.ts";
import type { ScopedPermissions } from "../../config/permissions.ts";
import { docsLink } from "../../coded.ts";
import { CLASS_CODES } from "../../faults.ts";
import { gives } from "../../grants.ts";
import type { Hook } from "../../hooks.ts";
import { formatServiceLine } from "../../libpam/mod.ts";
import type { RunOptions } from "../../testing/mod.ts";
import { bundleSubject } from "../bundle.ts";
import type { HookAnswer } from "../hook_task.ts";
import { Rehearsal, RehearsalError } from "../rehearsal.ts";
import type { Subject } from "../subject.ts";
import { type Call, type CallFlag, CALLS } from "./application_words.ts";
import { hooksOf, type TryDocument } from "./document.ts";
import { meaningOf } from "./meaning.ts";
import type { SeenPrompt, SeenText } from "./person.ts";
import { resolveDeclared } from "./permissions.ts";
import { lineTypeOf, type Login } from "./trial.ts";

/** How long a hook may take, in ms: the service budget of a worker. */
const HOOK_MAX_MS = 5_000;

/** What is run. */
export interface InMemoryOptions {
  readonly subject: Subject;
  readonly layout: Layout;
  /** A folder of the caller's own. */
  readonly into: string;
  /** What to call; else the first hook that the module defines. */
  readonly call: Call | undefined;
  readonly flags: readonly CallFlag[];
  readonly login: Login;
  readonly words: readonly string[];
  readonly grants: readonly string[] | undefined;
  readonly allowed: Readonly<Record<string, readonly string[]>>;
  readonly answers: readonly string[];
  readonly now: Temporal.Instant | undefined;
  /** Told of each process that is started, for whoever has to end before it does. */
  readonly onStarted: (rehearsal: Rehearsal) => void;
}

/** Bundles the module and runs a hook of it. */
export async function tryInMemory(options: InMemoryOptions): Promise<TryDocument> {
  const { subject, layout, into, words, allowed } = options;
  const bundle = await bundleSubject(subject, layout, into);
  const start = async (permissions: ScopedPermissions) => {
    const { word, name } = subject;
    const started = await Rehearsal.start({ layout, bundle, word, name, permissions });
    options.onStarted(started);
    return started;
  };
  let rehearsal = await start({});
  try {
    const permissions = resolveDeclared(rehearsal.declaration.permissions, { allowed, words });
    if (Object.keys(permissions).length > 0) {
      await rehearsal[Symbol.asyncDispose]();
      rehearsal = await start(permissions);
    }
    return await withinTime(run(rehearsal, permissions, options), subject.word);
  } finally {
    await rehearsal[Symbol.asyncDispose]();
  }
}

/** Whatever the module does, there is an end. */
async function withinTime<T>(running: Promise<T>, word: string): Promise<T> {
  running.catch(() => {});
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(
    () =>
      late.reject(
        new RehearsalError(
          `${word}: it did not answer within ${
            HOOK_MAX_MS / 1000
          } s: await nothing without an end, and do not loop`,
        ),
      ),
    HOOK_MAX_MS,
  );
  try {
    return await Promise.race([running, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

async function run(
  rehearsal: Rehearsal,
  held: ScopedPermissions,
  { subject, call: wanted, flags, login, words, grants, answers, now }: InMemoryOptions,
): Promise<TryDocument> {
  const { hooks, grants: declared } = rehearsal.declaration;
  const call = wanted ?? CALLS.find((one) => hooksOf(one).some((hook) => hooks.includes(hook)))!;
  const type = lineTypeOf(call);
  const given = grants ?? declared[type] ?? [];
  const { service, user, items, environment } = login;
  const began = performance.now();
  const seen: HookAnswer[] = [];
  for (const hook of hooksOf(call)) {
    const answer = await rehearsal.run("hook", {
      hook,
      scene: {
        service,
        user,
        items,
        environment,
        options: words,
        grants: { [type]: given },
        now: (now ?? Temporal.Now.instant()).toString(),
      },
      call: { flags } as Omit<RunOptions<Hook>, "hangUp">,
      answers,
    });
    seen.push(answer);
    if (answer.code !== "success" && answer.code !== "ignore") break;
  }
  const ms = Math.round((performance.now() - began) * 100) / 100;
  const last = seen.at(-1)!;
  const shown = seen.flatMap(({ shown }) => shown) as SeenText[];
  return {
    module: subject.file,
    in_memory: true,
    hook: call,
    code: last.code,
    application: last.code,
    means: meaningOf(call, last.code),
    defined: seen.some(({ handled }) => handled),
    failure: last.failure === undefined ? null : {
      class: last.failure,
      cause: last.cause ?? "",
      error_code: last.errorCode ?? CLASS_CODES[last.failure],
      docs: docsLink(last.errorCode ?? CLASS_CODES[last.failure]),
      place: null,
      remedy: "through libpam the place is told, too",
    },
    trouble: null,
    texts: shown.map(({ text }) => text),
    shown,
    prompts: seen.flatMap(({ prompted }) => prompted).map((prompt, index) => ({
      ...prompt,
      by: index < answers.length ? "option" : "nobody",
    })) as SeenPrompt[],
    items: Object.assign({}, ...seen.map(({ items }) => items)),
    environment: Object.assign({}, ...seen.map(({ environment }) => environment)),
    tokens: [...new Set(seen.flatMap(({ tokens }) => tokens))],
    user_files: Object.fromEntries(
      seen.flatMap(({ userFiles }) =>
        Object.entries(userFiles).map(([name, length]) => [name, length === null ? "deleted" : "written"])
      ),
    ),
    data: { changed: last.data === "kept" ? null : last.data, keys: [] },
    continuity: "none",
    fail_delay_ms: Math.max(0, ...seen.map(({ failDelayUs }) => failDelayUs ?? 0)) / 1000,
    time_ms: ms,
    service_ms: ms,
    human_ms: 0,
    log: seen.flatMap(({ log }) => log),
    system_log: [],
    permissions: { held, used: [], refused: [] },
    grants: { given, used: given.filter((grant) => needs(seen, grant)) },
    line: formatServiceLine({
      type,
      control: "required",
      module: "pam_deno.so",
      args: [...given.length === 0 ? [] : [`grant=${given.join(",")}`], subject.name, ...words],
    }),
    login: { service, user: user ?? null, items, flags },
    now: now?.toString() ?? null,
  };
}

function needs(seen: readonly HookAnswer[], grant: string): boolean {
  return seen.some(({ prompted, tokens, items, environment, userFiles }) =>
    (grant === "prompt" && prompted.length > 0) || (grant === "set_authtok" && tokens.length > 0) ||
    Object.keys(items).some((name) => gives([grant], `set_item:${name}`)) ||
    Object.keys(environment).some((name) => gives([grant], `env:${name}`)) ||
    Object.keys(userFiles).some((name) => gives([grant], `user_file:${name}`))
  );
}
