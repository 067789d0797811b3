// SPDX-License-Identifier: MIT
/**
 * The person in front of the application, and the parts of libpam that ask: a script answers, and everything that was said is kept.
 *
 * @module
 */

import { typeError } from "../coded.ts";
import { type Hook, LINE_TYPES } from "../hooks.ts";
import type { Answer, Conversation, ConversationMessage } from "../libpam/conversation.ts";
import { script, type ScriptStep } from "../libpam/script.ts";
import type { PamCode, PamItem, PamToken } from "../tokens.ts";
import { LIMITS } from "../wire/schema.ts";
import { failedCode, isPrompt } from "./shim_rules.ts";

/** Answers for the worker, position by position, or the code of a failure. */
export type Answers = readonly (Uint8Array | undefined)[] | PamCode;

/** The octets that C would see: up to the first NUL. */
function octets(answer: string | Uint8Array): Uint8Array {
  const bytes = typeof answer === "string" ? new TextEncoder().encode(answer) : answer;
  const end = bytes.indexOf(0);
  return bytes.slice(0, end < 0 ? bytes.length : end);
}

/** The person. */
export class Person {
  readonly #conversation: Conversation;
  #problem: Error | undefined;

  /** A person who follows a script, every step of it, or does what a function says. */
  constructor(conversation: readonly ScriptStep[] | Conversation = []) {
    this.#conversation = typeof conversation === "function" ? conversation : script(conversation);
  }

  /** What did not go as expected; the test has failed then. */
  get problem(): Error | undefined {
    return this.#problem;
  }

  /** One call of the conversation: every question must get an answer that fits. */
  ask(messages: readonly ConversationMessage[]): Answers {
    const answers = this.#answers(messages);
    if (typeof answers === "string") return answers;
    const given = messages.map((message, i) => {
      const answer = answers[i];
      return isPrompt(message) && answer !== undefined ? octets(answer) : undefined;
    });
    const complete = messages.every((message, i) =>
      !isPrompt(message) || (given[i]?.length ?? LIMITS.TOKEN_MAX + 1) <= LIMITS.TOKEN_MAX
    );
    return complete ? given : "conv_err";
  }

  #answers(messages: readonly ConversationMessage[]): readonly Answer[] | PamCode {
    try {
      const answers = this.#conversation(messages);
      if (typeof answers === "string") return failedCode(answers);
      if (!Array.isArray(answers) || answers.length !== messages.length) {
        throw typeError(
          "kit-misused",
          `The conversation must return one answer for each of ${messages.length} messages, at once`,
        );
      }
      return answers;
    } catch (error) {
      this.#problem ??= error instanceof Error ? error : new Error(String(error));
      return "conv_err";
    }
  }

  /** Throws if the script has steps that were not used. */
  verify(): void {
    this.#conversation[Symbol.dispose]?.();
  }
}

/** What libpam knows while it asks. */
export interface Asking {
  /** The hook. */
  readonly hook: Hook;
  /** The words of the pam.d line, of which libpam reads some. */
  readonly words: readonly string[];
  /** The items. */
  readonly items: ReadonlyMap<PamItem, string>;
  /** The tokens; one that the person gives is kept there. */
  readonly tokens: Map<PamToken, Uint8Array>;
  /** Asks the person. */
  readonly ask: (messages: readonly ConversationMessage[]) => Answers;
}

/** pam_get_user(3) when the application named nobody: the name, or a code. */
export function askForUser(
  { items, ask }: Pick<Asking, "items" | "ask">,
): { readonly user: string } | PamCode {
  const answers = ask([{ style: "prompt_echo_on", text: items.get("user_prompt") ?? "login:" }]);
  return typeof answers === "string" ? answers : { user: new TextDecoder().decode(answers[0]) };
}

/** pam_get_authtok(3): the token, or a code. A new password is asked for twice. */
export function getAuthtok(
  asking: Asking,
  token: PamToken,
  prompt: string | undefined,
): Uint8Array | PamCode {
  const { hook, words, items, tokens, ask } = asking;
  const known = tokens.get(token);
  if (known !== undefined) return known;
  const fresh = token === "authtok" && LINE_TYPES[hook] === "password";
  if (words.includes("use_first_pass") || (fresh && words.includes("use_authtok"))) {
    return fresh ? "authtok_err" : "auth_err";
  }
  const option = words.find((word) => word.startsWith("authtok_type="))?.slice("authtok_type=".length);
  const type = option ?? items.get("authtok_type") ?? "";
  const password = `${type === "" ? "" : `${type} `}password: `;
  const usual = fresh ? `New ${password}` : token === "oldauthtok" ? `Current ${password}` : "Password: ";
  const question = (text: string) => {
    const answers = ask([{ style: "prompt_echo_off", text }]);
    return typeof answers === "string" ? undefined : answers[0];
  };
  const first = question(prompt ?? usual);
  const again = fresh && first !== undefined
    ? question(prompt === undefined ? `Retype new ${password}` : `Retype ${prompt}`)
    : first;
  if (first === undefined || again === undefined) return "authtok_err";
  if (fresh && (first.length !== again.length || !first.every((octet, i) => octet === again[i]))) {
    ask([{ style: "error_msg", text: "Sorry, passwords do not match." }]);
    return "try_again";
  }
  tokens.set(token, first);
  return first;
}
