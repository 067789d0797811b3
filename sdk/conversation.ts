// SPDX-License-Identifier: MIT
/**
 * Texts and questions for the person.
 *
 * @module
 */

import type { CallerMessage } from "./caller.ts";
import { rangeError, typeError } from "./coded.ts";
import { PamError } from "./error.ts";
import type { Grant, Granted } from "./grants.ts";
import type { HookState } from "./hook_state.ts";
import type { LineType } from "./hooks.ts";
import type { Secret } from "./secret.ts";
import { byteLength, clip } from "./text.ts";
import { STYLES } from "./tokens.ts";
import { LIMITS } from "./wire/schema.ts";

/**
 * One message of a conversation, in the styles of pam_conv(3). Its text is cut to 511 bytes of UTF-8
 * (TEXT_MAX).
 *
 * @example
 * ```ts
 * import { type ConversationMessage, defineModule } from "@pam-deno/sdk";
 * import { assertCode, runHook } from "@pam-deno/sdk/testing";
 *
 * const form = [
 *   { style: "text_info", text: "A ticket looks like OPS-7" },
 *   { style: "prompt_echo_on", text: "Ticket: " },
 * ] as const satisfies readonly ConversationMessage[];
 * const module = defineModule({
 *   grants: { auth: ["prompt"] },
 *   async authenticate({ conversation }) {
 *     const [, ticket] = await conversation.converse(form);
 *     return ticket.startsWith("OPS-") ? "success" : "auth_err";
 *   },
 * });
 * const conversation = [{ prompt: "Ticket: ", answer: "OPS-7" }];
 * assertCode(await runHook(module, "authenticate", { conversation }), "success");
 * ```
 */
export type ConversationMessage =
  | {
    /** A question: the answer is hidden, or shown, while it is typed. */
    readonly style: "prompt_echo_off" | "prompt_echo_on";
    /** What to ask. */
    readonly text: string;
  }
  | {
    /** Information or an error: no answer. */
    readonly style: "text_info" | "error_msg";
    /** What to show. */
    readonly text: string;
  };

/**
 * The answers to the messages `M` of {@linkcode Conversation.converse}, position by position: a Secret, a
 * string, or nothing for a text.
 *
 * @example
 * ```ts
 * import { type Answers, Secret } from "@pam-deno/sdk";
 * import assert from "node:assert/strict";
 *
 * type Form = [{ style: "prompt_echo_on"; text: string }, { style: "prompt_echo_off"; text: string }];
 * const answers: Answers<Form> = ["OPS-7", new Secret(new TextEncoder().encode("1234"))];
 * assert.equal(answers[1].use((pin) => pin.length), 4);
 * ```
 */
export type Answers<M extends readonly ConversationMessage[]> = {
  readonly [K in keyof M]: M[K] extends { readonly style: "prompt_echo_off" } ? Secret
    : M[K] extends { readonly style: "prompt_echo_on" } ? string
    : M[K] extends { readonly style: "text_info" | "error_msg" } ? undefined
    : Secret | string | undefined;
};

/**
 * Texts and questions for the person, through the application; see pam_conv(3).
 *
 * A text is cut to 511 bytes of UTF-8 (TEXT_MAX); the cut shows as "…". Control characters are stripped. An
 * application may show a text late or never, answer every hidden question with the password it has (sshd with
 * `PasswordAuthentication`), or refuse to ask at all (cron): questions belong into `authenticate` and
 * `changePassword`.
 *
 * Time that the person takes does not count against the hook's budget; questions have their own maximum
 * (`prompt_timeout=`).
 *
 * @example
 * ```ts
 * import { defineModule } from "@pam-deno/sdk";
 * import { assertCode, runHook } from "@pam-deno/sdk/testing";
 *
 * const module = defineModule({
 *   grants: { auth: ["prompt"] },
 *   async authenticate({ conversation, deny }) {
 *     const answer = await conversation.prompt("Ticket number: ");
 *     return /^OPS-\d+$/.test(answer) ? "success" : deny("auth_err", "No such ticket");
 *   },
 * });
 *
 * const conversation = [{ prompt: "Ticket number: ", answer: "OPS-7" }];
 * assertCode(await runHook(module, "authenticate", { conversation }), "success");
 * ```
 */
export interface Conversation<G extends Grant = never, L extends LineType = LineType> {
  /**
   * Shows an information text at once; dropped under PAM_SILENT. The 17th text of a hook and those behind it
   * (TEXTS_MAX) are left out, and the log says so.
   */
  info(text: string): void;
  /** Shows an error text at once; otherwise like `info`. To refuse, return `deny(…)` instead. */
  error(text: string): void;
  /**
   * Asks a question; the answer shows while it is typed. The answer is at most 511 bytes of UTF-8
   * (TOKEN_MAX); what is not UTF-8 in it reads as U+FFFD. Needs the grant `prompt`.
   *
   * Rejects with {@linkcode PamError} if there was no answer (`conv_err`), and with a RangeError for the 65th
   * question of a hook (REQUESTS_MAX). Throws a TypeError without the grant.
   */
  readonly prompt: Granted<"prompt", G, L, (text: string) => Promise<string>>;
  /** Asks a question; the answer is hidden while it is typed, and is a Secret. Otherwise like `prompt`. */
  readonly promptHidden: Granted<"prompt", G, L, (text: string) => Promise<Secret>>;
  /**
   * Shows several messages, at least one of them a question, in one call of the application's conversation: a
   * form, where the application can show one. At most 32 messages (MESSAGES_MAX). Otherwise like `prompt`;
   * throws a RangeError for a list that is too long or has no question.
   */
  readonly converse: Granted<
    "prompt",
    G,
    L,
    <const M extends readonly ConversationMessage[]>(messages: M) => Promise<Answers<M>>
  >;
}

/** The runtime's view: every grant there is. */
type AllConversation = Conversation<Grant>;

type Answer = Secret | string | undefined;

/** The octets of a list element beside its text: the style and the length. */
const MESSAGE_OVERHEAD = 3;
/** The octets of a frame beside the list elements: the tag and the count. */
const LIST_OVERHEAD = 3;

function checkMessages(messages: readonly ConversationMessage[]): readonly CallerMessage[] {
  if (!Array.isArray(messages)) {
    throw typeError("argument-refused", "conversation.converse() takes a list of messages");
  }
  if (messages.length > LIMITS.MESSAGES_MAX) {
    throw rangeError(
      "limit-exceeded",
      `conversation.converse() takes at most ${LIMITS.MESSAGES_MAX} messages (MESSAGES_MAX)`,
    );
  }
  let asks = false;
  let bytes = LIST_OVERHEAD;
  const checked = messages.map(({ style, text }) => {
    if (!Object.hasOwn(STYLES, style)) {
      throw typeError(
        "argument-refused",
        `conversation.converse() does not know the style ${JSON.stringify(style)}`,
      );
    }
    asks ||= style === "prompt_echo_off" || style === "prompt_echo_on";
    const clipped = clip(String(text), LIMITS.TEXT_MAX);
    bytes += MESSAGE_OVERHEAD + byteLength(clipped);
    return { style, text: clipped };
  });
  if (!asks) {
    throw rangeError(
      "argument-refused",
      "conversation.converse() takes at least one question: use info() or error() for texts",
    );
  }
  if (bytes > LIMITS.FRAME_MAX) {
    throw rangeError(
      "limit-exceeded",
      `the messages of conversation.converse() are over ${LIMITS.FRAME_MAX} bytes (FRAME_MAX) together`,
    );
  }
  return checked;
}

function toAnswer(state: HookState, style: CallerMessage["style"], bytes: Uint8Array | undefined): Answer {
  if (style === "text_info" || style === "error_msg") return undefined;
  if (bytes === undefined) throw new PamError("conv_err", "the person gave no answer");
  if (style === "prompt_echo_off") return state.secret(bytes);
  const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
  bytes.fill(0);
  return text;
}

async function converse(state: HookState, messages: readonly CallerMessage[]): Promise<readonly Answer[]> {
  const answers = await state.host.caller.converse(messages);
  try {
    return messages.map(({ style }, i) => toAnswer(state, style, answers[i]));
  } catch (error) {
    for (const answer of answers) answer?.fill(0);
    throw error;
  }
}

function promptOne(
  state: HookState,
  what: string,
  style: CallerMessage["style"],
  text: string,
): Promise<Answer> {
  state.needs("prompt", what);
  const messages = [{ style, text: clip(String(text), LIMITS.TEXT_MAX) }];
  return state.ask(what, async () => (await converse(state, messages))[0]);
}

/** Makes the conversation of one hook. */
export function makeConversation(state: HookState): AllConversation {
  return Object.freeze({
    info: (text: string) => state.show("text_info", "conversation.info()", text),
    error: (text: string) => state.show("error_msg", "conversation.error()", text),
    prompt: (text: string) =>
      promptOne(state, "conversation.prompt()", "prompt_echo_on", text) as Promise<string>,
    promptHidden: (text: string) =>
      promptOne(state, "conversation.promptHidden()", "prompt_echo_off", text) as Promise<Secret>,
    converse<const M extends readonly ConversationMessage[]>(messages: M) {
      const what = "conversation.converse()";
      state.needs("prompt", what);
      const checked = checkMessages(messages);
      return state.ask(what, () => converse(state, checked)) as Promise<Answers<M>>;
    },
  });
}
