// SPDX-License-Identifier: MIT
/**
 * What `pam-deno try` tells of a call, as data: what `--json` prints, and what the report is made of.
 *
 * @module
 */

import type { ScopedPermissions } from "../../config/permissions.ts";
import { gives } from "../../grants.ts";
import { type Hook, UNDEFINED_HOOKS } from "../../hooks.ts";
import { formatServiceLine } from "../../libpam/mod.ts";
import type { PamCode } from "../../tokens.ts";
import type { Call, CallFlag, Items } from "./application_words.ts";
import type { AskedPermission } from "./audit.ts";
import { type Failure, failureOf, isStack } from "./failure.ts";
import { meaningOf } from "./meaning.ts";
import type { Place } from "./places.ts";
import type { Person, SeenPrompt, SeenText } from "./person.ts";
import type { LogLine } from "./attempt_worker.ts";
import type { Sighting } from "./sighting.ts";
import type { Login, Seen, Trial } from "./trial.ts";
import { lineTypeOf } from "./trial.ts";
import type { Subject } from "../subject.ts";

/** A permission that the module's code asked for, and where it first did. */
export interface DescribedPermission {
  readonly kind: string;
  readonly scope: string;
  readonly place: Place | null;
}

/** One call and all that was seen of it. Keys are only ever added; what is not there was not seen. */
export interface TryDocument {
  /** The module's main file. */
  readonly module: string;
  /** Whether it was run with the test kit, without libpam. */
  readonly in_memory: boolean;
  /** What the application called: the name of the hook, or `changePassword` for both of its passes. */
  readonly hook: Call;
  /** What the module's line gave: what it returned, or what stands for its failure. */
  readonly code: PamCode;
  /** What the application got of libpam; `perm_denied` where the only line said `ignore`. */
  readonly application: PamCode;
  /** What that means, in a sentence. */
  readonly means: string;
  /** Whether the module defines the hook; one that it does not define is answered by the shim. */
  readonly defined: boolean;
  /** Why it failed, if it did: then the code is not the module's. */
  readonly failure: Failure | null;
  /** What became of the worker behind the hook's back, such as a rejection that nobody handles. */
  readonly trouble: string | null;
  /** The texts that the person saw, in order. */
  readonly texts: readonly string[];
  /** The same with how they were shown. */
  readonly shown: readonly SeenText[];
  /** The questions, and who answered them. Answers are nowhere. */
  readonly prompts: readonly SeenPrompt[];
  /** Items that are not what they were. */
  readonly items: Readonly<Record<string, string | null>>;
  /** Variables of the PAM environment that are not what they were; `null` is deleted. */
  readonly environment: Readonly<Record<string, string | null>>;
  /** Tokens that were set, by name only. */
  readonly tokens: readonly string[];
  /** User files that were written or deleted, by name only. */
  readonly user_files: Readonly<Record<string, "written" | "deleted">>;
  /** What became of the module data, and the keys that they have. */
  readonly data: { readonly changed: "set" | "deleted" | null; readonly keys: readonly string[] };
  /** Where the module data came from, as the module is told. */
  readonly continuity: "same" | "resumed" | "none";
  /** The delay after failure that the module asked for, in milliseconds. */
  readonly fail_delay_ms: number;
  /** How long the application waited, in milliseconds: the sum of `service_ms` and `human_ms`. */
  readonly time_ms: number;
  /** How long libpam, the shim and the module took. */
  readonly service_ms: number;
  /** How long the person took to answer. */
  readonly human_ms: number;
  /** What the module logged. */
  readonly log: readonly LogLine[];
  /** What the shim and libpam wrote to the system log. */
  readonly system_log: readonly string[];
  /** Permissions of the module's process: what it holds, and what its code asked for, as far as Deno notes it. */
  readonly permissions: {
    readonly held: ScopedPermissions;
    readonly used: readonly DescribedPermission[];
    readonly refused: readonly DescribedPermission[];
  };
  /** Grants of the line: what it gives, and which of them were seen to be used. */
  readonly grants: { readonly given: readonly string[]; readonly used: readonly string[] };
  /** The line as it stands in pam.d, with the module's usual places. */
  readonly line: string;
  /** The login that was played. */
  readonly login: {
    readonly service: string;
    readonly user: string | null;
    readonly items: Readonly<Record<string, string>>;
    readonly flags: readonly string[];
  };
  /** The time from which the module's clock ran on; `null` if it was the machine's. */
  readonly now: string | null;
}

/** What {@linkcode documentOf} puts together. */
export interface DocumentOptions {
  readonly subject: Subject;
  readonly trial: Trial;
  readonly login: Login;
  readonly flags: readonly CallFlag[];
  readonly person: Pick<Person, "texts" | "prompts">;
  readonly now: string | undefined;
  /** Whether no other line stands beside the module's. */
  readonly alone: boolean;
  /** What the application had set before the call. */
  readonly before: { readonly items: Items; readonly environment: Readonly<Record<string, string>> };
}

/** Puts together what was seen of a call. */
export function documentOf(
  seen: Seen,
  { subject, trial, login, flags, person, now, alone, before }: DocumentOptions,
): TryDocument {
  const { call, outcome, sightings } = seen;
  const { declared, permissions } = trial.served;
  const places = trial.places;
  const defined = hooksOf(call).some((hook) => declared.hooks.includes(hook));
  const code = codeOf(seen, declared.hooks, alone);
  const last = sightings.at(-1);
  const asked = (held: boolean) => seen.permissions.filter((one) => one.held === held).map(describeAsked);
  const given = trial.grantsOf(lineTypeOf(call));
  return {
    module: subject.file,
    in_memory: false,
    hook: call,
    code,
    application: outcome.code,
    means: meaningOf(call, code),
    defined,
    failure: failureOf(seen, places) ?? null,
    trouble: seen.trouble ?? null,
    texts: person.texts.map(({ text }) => text),
    shown: person.texts,
    prompts: person.prompts,
    items: differences(before.items, outcome.items),
    environment: differences(before.environment, outcome.environment),
    tokens: [...new Set(sightings.flatMap(({ tokens }) => tokens))],
    user_files: Object.assign({}, ...sightings.map(({ userFiles }) => userFiles)),
    data: { changed: changeOf(last), keys: last?.data.keys ?? [] },
    continuity: last?.continuity ?? "none",
    fail_delay_ms: Math.max(0, ...sightings.map(({ failDelayUs }) => failDelayUs)) / 1000,
    time_ms: rounded(outcome.serviceMs + outcome.humanMs),
    service_ms: rounded(outcome.serviceMs),
    human_ms: rounded(outcome.humanMs),
    log: seen.log.filter(({ text }) => !isStack(text)).map(({ level, text }) => ({
      level,
      text: places.clean(text),
    })),
    system_log: seen.systemLog.map((line) => places.clean(line)),
    permissions: { held: permissions, used: asked(true), refused: asked(false) },
    grants: { given, used: usedGrants(sightings, given) },
    line: plainLine(trial, call),
    login: { service: login.service, user: login.user ?? null, items: login.items, flags },
    now: now ?? null,
  };
}

/** The items of a login before its first call. */
export function itemsOf({ service, user, items }: Login): Items {
  return { service: service.toLowerCase(), ...user === undefined ? {} : { user }, ...items };
}

/** The hooks behind a service function. */
export function hooksOf(call: Call): readonly Hook[] {
  return call === "changePassword" ? ["preliminary", "update"] : [call];
}

/**
 * What the line gave: libpam makes perm_denied of a stack in which nobody says more than ignore, else what the others say. That it was
 * ignore is the word of the module's process: where there are no others, success is the module's, whatever that says.
 */
function codeOf({ call, outcome, sightings }: Seen, defined: readonly string[], alone: boolean): PamCode {
  const { code } = outcome;
  if (code !== "perm_denied" && (alone || code !== "success")) return code;
  const codes = hooksOf(call).map((hook) =>
    sightings.find((one) => one.hook === hook)?.code ??
      (defined.includes(hook) ? undefined : undefinedCode(hook, defined))
  );
  return codes.every((one) => one === "ignore") ? "ignore" : code;
}

function undefinedCode(hook: Hook, defined: readonly string[]): PamCode {
  const rules = UNDEFINED_HOOKS as Partial<Record<Hook, { readonly with: Hook; readonly then: PamCode }>>;
  const rule = rules[hook];
  return rule !== undefined && defined.includes(rule.with) ? rule.then : "ignore";
}

function differences(
  before: Readonly<Record<string, string>>,
  after: Readonly<Record<string, string>>,
): Record<string, string | null> {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  return Object.fromEntries(
    [...names].filter((name) => before[name] !== after[name]).map((name) => [name, after[name] ?? null]),
  );
}

function changeOf(sighting: Sighting | undefined): "set" | "deleted" | null {
  const action = sighting?.data.action;
  return action === "set" ? "set" : action === "delete" ? "deleted" : null;
}

function rounded(ms: number): number {
  return Math.round(ms * 100) / 100;
}

function describeAsked({ kind, scope, place }: AskedPermission): DescribedPermission {
  return { kind, scope, place: place ?? null };
}

/** The grants that what was seen needs. Whether the environment was read cannot be seen: it comes with the hook. */
function usedGrants(sightings: readonly Sighting[], given: readonly string[]): string[] {
  const needed = sightings.flatMap(({ sent, items, environment, tokens, userFiles }) => [
    ...sent.includes("converse") ? ["prompt"] : [],
    ...sent.includes("get_token") ? ["authtok"] : [],
    ...sent.includes("lookup_ageing") ? ["shadow"] : [],
    ...tokens.length > 0 ? ["set_authtok"] : [],
    ...Object.keys(items).map((name) => `set_item:${name}`),
    ...Object.keys(environment).map((name) => `env:${name}`),
    ...Object.keys(userFiles).map((name) => `user_file:${name}`),
  ]);
  return given.filter((grant) => needed.some((one) => gives([grant], one)));
}

/** The line as an administrator writes it. */
function plainLine(trial: Trial, call: Call): string {
  const { args = [], ...line } = trial.lineOf(lineTypeOf(call));
  const own = args.filter((word) => !/^(?:config|runtime)_dir=/.test(word));
  return formatServiceLine({ ...line, module: "pam_deno.so", args: own });
}
