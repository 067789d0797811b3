// SPDX-License-Identifier: MIT
/**
 * What the shim does with what a worker says, in one place, so that it can be laid beside PROTOCOL.md and the C. Everything here is
 * driven by the tables of `hooks.ts`, `tokens.ts` and `schema.ts`; nothing asks the SDK's own checks, because the shim does not either.
 *
 * @module
 */

import { gives, isRefusedVariable } from "../grants.ts";
import {
  COMMON_CODES,
  type FailureClass,
  FAILURES,
  type Hook,
  HOOK_CODES,
  LINE_TYPES,
  UNDEFINED_HOOKS,
} from "../hooks.ts";
import type { PamCode, PamItem, PamStyle } from "../tokens.ts";
import { LIMITS } from "../wire/schema.ts";
import type { MessageOf } from "../wire/types.ts";

/** A message of the worker that wants an answer. */
export type Request = MessageOf<
  | "converse"
  | "get_token"
  | "lookup_passwd"
  | "lookup_groups"
  | "lookup_ageing"
  | "lookup_netgroup"
  | "lookup_processes"
>;

type Item = MessageOf<"result">["items"][number];
type Variable = MessageOf<"result">["environment"][number];
type Token = MessageOf<"result">["tokens"][number];
type UserFile = MessageOf<"result">["user_files"][number];

/** PROTOCOL.md, section 12. What a hook that the module does not define answers. */
export function undefinedCode(hook: Hook, defined: readonly Hook[]): PamCode {
  const rule = Object.hasOwn(UNDEFINED_HOOKS, hook)
    ? UNDEFINED_HOOKS[hook as keyof typeof UNDEFINED_HOOKS]
    : undefined;
  return rule !== undefined && defined.includes(rule.with) ? rule.then : "ignore";
}

/** PROTOCOL.md, section 11. What a class of failure makes a hook return. */
export function failureCode(failure: FailureClass, hook: Hook): PamCode {
  return FAILURES[failure][hook];
}

/** The words of a pam.d line that libpam reads itself, wherever they stand: no module gets them. */
export function isLibpamWord(word: string): boolean {
  return ["use_first_pass", "try_first_pass", "use_authtok"].includes(word) ||
    word.startsWith("authtok_type=");
}

/** Whether an item does not travel at all: prompts may end in newlines, and nobody decides by them. */
export function isLeftOut(item: PamItem, value: string): boolean {
  // deno-lint-ignore no-control-regex
  const isLine = !/[\x00-\x1f\x7f]/.test(value) && new TextEncoder().encode(value).length <= LIMITS.ITEM_MAX;
  return item === "user_prompt" && !isLine;
}

/** What the hook returns if libpam could not learn the user's name. */
export function userFailureCode(code: PamCode, hook: Hook): PamCode {
  const known = code === "conv_again" ? "conv_err" : code;
  const legal: readonly string[] = [...COMMON_CODES, ...HOOK_CODES[hook]];
  return known !== "success" && legal.includes(known) ? known : "system_err";
}

/** Whether libpam is told to ask for the user if the application named none. */
export function asksForUser(hook: Hook): boolean {
  return hasTokens(hook);
}

/** Whether a code says that the login goes on: only then do items, environment, tokens and user files take effect. */
function goesOn(code: PamCode): boolean {
  return code === "success" || code === "new_authtok_reqd";
}

/** Whether a code refuses: only then may there be a message. */
function refuses(code: PamCode): boolean {
  return !goesOn(code) && code !== "ignore";
}

/** Whether a message wants an answer. */
export function isPrompt({ style }: { readonly style: PamStyle }): boolean {
  return style === "prompt_echo_off" || style === "prompt_echo_on";
}

/** libpam wipes the tokens before pam_sm_setcred(3): it would ask for one. */
function hasTokens(hook: Hook): boolean {
  return hook === "authenticate" || hook === "preliminary" || hook === "update";
}

function notGranted(message: string, grant: string): string {
  return `the worker sent ${message} without the grant ${grant}: ` +
    `write grant=${grant} on the pam.d line if the module may do that`;
}

/** PROTOCOL.md, sections 6 and 9. What is wrong with a request, the `count`th of its hook; `undefined` if it may be carried out. A wrong one ends the hook. */
export function requestProblem(
  request: Request,
  hook: Hook,
  grants: readonly string[],
  count: number,
): string | undefined {
  if (count > LIMITS.REQUESTS_MAX) return `the worker sent more than ${LIMITS.REQUESTS_MAX} requests`;
  switch (request.type) {
    case "converse":
      if (!grants.includes("prompt")) return notGranted("converse", "prompt");
      return request.messages.some(isPrompt)
        ? undefined
        : "the worker sent a converse without a prompt in it";
    case "get_token":
      if (!grants.includes("authtok")) return notGranted("get_token", "authtok");
      return hasTokens(hook) ? undefined : "the worker sent get_token, but there is no token in this hook";
    case "lookup_ageing":
      return grants.includes("shadow") ? undefined : notGranted("lookup_ageing", "shadow");
    case "lookup_passwd":
    case "lookup_groups":
    case "lookup_netgroup":
    case "lookup_processes":
      return undefined;
  }
}

/** PROTOCOL.md, section 6. What is wrong with a text, the `count`th of its hook. A wrong one ends the hook. */
export function textProblem(text: MessageOf<"text">, count: number): string | undefined {
  if (isPrompt(text)) return "the worker sent a text in the style of a prompt";
  return count > LIMITS.TEXTS_MAX ? `the worker sent more than ${LIMITS.TEXTS_MAX} texts` : undefined;
}

function beyond(what: string, grant: string): string {
  return `the result sets ${what}, which the grant ${grant} does not cover`;
}

function codeProblem(result: MessageOf<"result">, hook: Hook): string | undefined {
  const { code, message, data_action, data, fail_delay_us } = result;
  const { items, environment, tokens, user_files } = result;
  const legal: readonly string[] = [...COMMON_CODES, ...HOOK_CODES[hook]];
  if (!legal.includes(code)) return `the result is ${code}, which is not a code of this hook`;
  if (message !== undefined && !refuses(code)) return `the result ${code} has the message of a refusal`;
  if (!goesOn(code) && items.length + environment.length + tokens.length + user_files.length > 0) {
    return `the result ${code} sets items, environment, tokens or user files`;
  }
  if (data_action !== "set" && data.length > 0) return "the result has module data, but does not set them";
  return fail_delay_us > LIMITS.FAIL_DELAY_MAX_US
    ? `the result asks for a delay of more than ${LIMITS.FAIL_DELAY_MAX_US} microseconds`
    : undefined;
}

function itemProblem({ item, value }: Item, grants: readonly string[]): string | undefined {
  if (item === "service" || !grants.includes(`set_item:${item}`)) {
    return beyond(`item ${item}`, "set_item:NAME");
  }
  return item === "user" && value === "" ? "the result sets an empty user" : undefined;
}

function variableProblem({ name }: Variable, grants: readonly string[]): string | undefined {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return "the result sets a variable with a name that is none";
  if (isRefusedVariable(name)) return beyond(`variable ${name}`, "env:NAME (whatever its name)");
  return gives(grants, `env:${name}`) ? undefined : beyond(`variable ${name}`, "env:NAME");
}

function tokenProblem({ value }: Token, grants: readonly string[]): string | undefined {
  if (!grants.includes("set_authtok")) return beyond("a token", "set_authtok");
  return value.includes(0) ? "the result sets a token with a NUL in it" : undefined;
}

function userFileProblem(
  files: readonly UserFile[],
  at: number,
  hook: Hook,
  grants: readonly string[],
): string | undefined {
  const { name } = files[at]!;
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name)) {
    return "the result writes a user file with a name that is none";
  }
  const line = LINE_TYPES[hook];
  const isGiven = (line === "auth" || line === "session") && gives(grants, `user_file:${name}`);
  if (!isGiven) return `the result writes user file ${name}, which the grant user_file:NAME does not cover`;
  const isTwice = files.findIndex((file) => file.name === name) < at;
  return isTwice ? `the result writes user file ${name} twice` : undefined;
}

/** PROTOCOL.md, section 10. What is wrong with a result; `undefined` if all of it may be applied. A wrong one has no effect at all. */
export function resultProblem(
  result: MessageOf<"result">,
  hook: Hook,
  grants: readonly string[],
): string | undefined {
  return [
    codeProblem(result, hook),
    ...result.items.map((item) => itemProblem(item, grants)),
    ...result.environment.map((variable) => variableProblem(variable, grants)),
    ...result.tokens.map((token) => tokenProblem(token, grants)),
    ...result.user_files.map((_, at) => userFileProblem(result.user_files, at, hook, grants)),
  ].find((problem) => problem !== undefined);
}

/** The code with which a question failed, as the worker gets it: nobody resumes a conversation with the shim. */
export function failedCode(code: PamCode): PamCode {
  return code === "success" || code === "conv_again" || code === "incomplete" ? "conv_err" : code;
}

/** A text on its way to the person: without control characters but newline and tab. */
export function textForPerson(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replaceAll(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/g, "");
}

/** A line on its way to the system log: newline and tab are spaces, without other control characters. */
export function textForLog(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replaceAll(/[\n\t]/g, " ").replaceAll(/[\x00-\x1f\x7f-\x9f]/g, "");
}
