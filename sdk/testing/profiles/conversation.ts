// SPDX-License-Identifier: MIT
/**
 * Who answers during a call of an application: the person, the application with a password that it has, or nobody.
 *
 * @module
 */

import type { Answer, Conversation, ConversationMessage } from "../../libpam/conversation.ts";
import type { PamCode } from "../../tokens.ts";
import { isPrompt } from "../shim_rules.ts";
import type { ProfileConversation, ProfileLimits } from "./profile.ts";

/** PAM_MAX_NUM_MSG. */
const MESSAGES_MAX = 32;
/** PAM_MAX_RESP_SIZE without its NUL. */
const ANSWER_MAX = 511;

/**
 * What an application passes on, for {@linkcode profileConversation}.
 *
 * @example
 * ```ts
 * import { profileConversation, type ProfileConversationOptions } from "@pam-deno/sdk/testing";
 * import assert from "node:assert/strict";
 *
 * const shown: string[] = [];
 * const options: ProfileConversationOptions = {
 *   password: "correct horse",
 *   person: () => "conv_err",
 *   heard: (message) => shown.push(message.text),
 * };
 * profileConversation("texts", options)([{ style: "text_info", text: "Welcome" }]);
 * assert.deepEqual(shown, ["Welcome"]);
 * ```
 */
export interface ProfileConversationOptions {
  /** The password that the application has. */
  readonly password: string;
  /** The person, for what is passed on to them. */
  readonly person: Conversation;
  /** Whether the application drops information texts. Default: no. */
  readonly dropsInfo?: boolean;
  /** The application's limits. */
  readonly limits?: ProfileLimits;
  /** Is told what reaches the person. */
  readonly heard?: (message: ConversationMessage) => void;
}

/**
 * The conversation of an application, of one of the kinds of {@linkcode ProfileConversation}.
 *
 * @param kind Which.
 * @param options Who is behind it.
 * @returns The conversation, for the kit or for `@pam-deno/sdk/libpam`.
 *
 * @example sshd's password method
 * ```ts
 * import { profileConversation } from "@pam-deno/sdk/testing";
 * import assert from "node:assert/strict";
 *
 * const sshd = profileConversation("password", { password: "correct horse", person: () => "conv_err" });
 * assert.deepEqual(sshd([{ style: "prompt_echo_off", text: "One-time code: " }]), ["correct horse"]);
 * assert.equal(sshd([{ style: "prompt_echo_on", text: "Colour? " }]), "conv_err");
 * ```
 */
export function profileConversation(
  kind: ProfileConversation,
  { password, person, dropsInfo = false, limits = {}, heard = () => {} }: ProfileConversationOptions,
): Conversation {
  const { messagesMax = MESSAGES_MAX, answerMax = ANSWER_MAX, cutsAnswers = false } = limits;
  const octetsOf = (answer: string | Uint8Array) =>
    typeof answer === "string" ? new TextEncoder().encode(answer) : answer;
  const isTooLong = (answer: Answer) => answer !== undefined && octetsOf(answer).length > answerMax;
  const cut = (answer: Answer) =>
    answer !== undefined && isTooLong(answer) ? octetsOf(answer).slice(0, answerMax) : answer;
  const tell = (messages: readonly ConversationMessage[]) =>
    messages.filter(({ style }) => !dropsInfo || style !== "text_info").forEach(heard);
  const answer = (messages: readonly ConversationMessage[]): readonly Answer[] | PamCode => {
    switch (kind) {
      case "full":
        tell(messages);
        return person(messages);
      case "password":
        if (messages.some(({ style }) => style === "prompt_echo_on")) return "conv_err";
        tell(messages.filter((message) => !isPrompt(message)));
        return messages.map((message) => isPrompt(message) ? password : undefined);
      case "texts":
        if (messages.some(isPrompt)) return "conv_err";
        tell(messages);
        return messages.map(() => undefined);
      case "none":
        return "conv_err";
    }
  };
  return (messages) => {
    if (messages.length > messagesMax) return "conv_err";
    const answers = answer(messages);
    if (typeof answers === "string") return answers;
    if (cutsAnswers) return answers.map(cut);
    return answers.some(isTooLong) ? "conv_err" : answers;
  };
}
