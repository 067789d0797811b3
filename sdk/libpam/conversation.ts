// SPDX-License-Identifier: MIT
/**
 * The application's side of a conversation: a synchronous function that gets all messages of one call of pam_conv(3) and
 * answers them. The usual ones are here.
 *
 * @module
 */

import { typeError } from "../coded.ts";
import { CODES, type PamCode, type PamStyle, STYLES } from "../tokens.ts";
import { type Allocator, decodeCString, encodeCString, readMessages, writeResponses } from "./cstring.ts";
import { CONVERSATION_MESSAGES_MAX } from "./symbols.ts";

/**
 * One message of a conversation; see pam_conv(3).
 *
 * @example
 * ```ts
 * import { type ConversationMessage, textsOnly } from "@pam-deno/sdk/libpam";
 * import assert from "node:assert/strict";
 *
 * const message: ConversationMessage = { style: "text_info", text: "Welcome" };
 * assert.deepEqual(textsOnly([message]), [undefined]);
 * ```
 */
export interface ConversationMessage {
  /** Whether it is a question, and how it is to be shown. */
  readonly style: PamStyle;
  /** The text; octets that are not UTF-8 are U+FFFD. */
  readonly text: string;
}

/**
 * The answer to one message: `undefined` is a NULL response, the only answer to a text. NUL in it is a `TypeError`;
 * what is over 511 octets (`PAM_MAX_RESP_SIZE`) a module may refuse; see pam_conv(3). Bytes are not wiped: they are the
 * caller's.
 *
 * @example
 * ```ts
 * import { type Answer, type Conversation } from "@pam-deno/sdk/libpam";
 * import assert from "node:assert/strict";
 *
 * const answers: Record<string, Answer> = { "Colour? ": "blue", "PIN: ": new Uint8Array([0x31, 0x32]) };
 * const conversation: Conversation = (messages) => messages.map(({ text }) => answers[text]);
 * assert.deepEqual(conversation([{ style: "prompt_echo_on", text: "Colour? " }]), ["blue"]);
 * ```
 */
export type Answer = string | Uint8Array | undefined;

/**
 * Answers all messages of one call of pam_conv(3), at once: it cannot wait for a promise, because there is C below it.
 *
 * It returns one {@linkcode Answer} per message, or a code: `conv_err` is how an application refuses, `success` without
 * answers is what a broken one does. What it throws reaches the module as `conv_err` and is thrown again by the method of
 * the transaction that was running. If it is `Disposable` it is disposed of when the transaction ends.
 *
 * @example
 * ```ts
 * import type { Conversation } from "@pam-deno/sdk/libpam";
 * import assert from "node:assert/strict";
 *
 * const answerAll: Conversation = (messages) =>
 *   messages.map(({ style }) => style.startsWith("prompt") ? "blue" : undefined);
 * assert.deepEqual(answerAll([{ style: "prompt_echo_on", text: "Colour? " }]), ["blue"]);
 * ```
 */
export type Conversation =
  & ((messages: readonly ConversationMessage[]) => readonly Answer[] | PamCode)
  & Partial<Disposable>;

const STYLE_OF: ReadonlyMap<number, PamStyle> = new Map(
  Object.entries(STYLES).map(([style, value]) => [value, style as PamStyle]),
);

/** Whether a message wants an answer. */
export function isPrompt(message: ConversationMessage): boolean {
  return message.style === "prompt_echo_off" || message.style === "prompt_echo_on";
}

/**
 * The conversation of a program that has nobody to ask and nowhere to show a text, such as cron: every call fails.
 *
 * @example
 * ```ts
 * import { refuse, ServiceDirectory, Transaction } from "@pam-deno/sdk/libpam";
 * import assert from "node:assert/strict";
 *
 * using services = ServiceDirectory.create();
 * services.write("demo", [{ type: "auth", control: "required", module: "pam_unix.so" }]);
 * using transaction = Transaction.start({ service: "demo", user: "nobody", confdir: services.path, conversation: refuse });
 * assert.notEqual(transaction.authenticate(), "success");
 * ```
 */
export function refuse(): "conv_err" {
  return "conv_err";
}

/**
 * The conversation of a program that shows texts but cannot ask, such as sshd after a public key. It is the default.
 *
 * @example
 * ```ts
 * import { textsOnly } from "@pam-deno/sdk/libpam";
 * import assert from "node:assert/strict";
 *
 * assert.deepEqual(textsOnly([{ style: "text_info", text: "Welcome" }]), [undefined]);
 * assert.equal(textsOnly([{ style: "prompt_echo_on", text: "Colour? " }]), "conv_err");
 * ```
 */
export function textsOnly(messages: readonly ConversationMessage[]): readonly Answer[] | "conv_err" {
  return messages.some(isPrompt) ? "conv_err" : messages.map(() => undefined);
}

/**
 * The conversation of sshd's password method: every hidden question gets the same password, and a visible one fails.
 *
 * @param password the answer to every question with echo off
 *
 * @example
 * ```ts
 * import { passwordOnly } from "@pam-deno/sdk/libpam";
 * import assert from "node:assert/strict";
 *
 * const conversation = passwordOnly("correct horse");
 * assert.deepEqual(conversation([{ style: "prompt_echo_off", text: "One-time code: " }]), ["correct horse"]);
 * assert.equal(conversation([{ style: "prompt_echo_on", text: "Colour? " }]), "conv_err");
 * ```
 */
export function passwordOnly(password: string | Uint8Array): Conversation {
  return (messages) =>
    messages.some(({ style }) => style === "prompt_echo_on")
      ? "conv_err"
      : messages.map(({ style }) => style === "prompt_echo_off" ? password : undefined);
}

/** Checks the shape of what a conversation answered, and makes C strings of it. */
function encodeAnswers(
  messages: readonly ConversationMessage[],
  answers: readonly Answer[],
): (Uint8Array | undefined)[] {
  if (!Array.isArray(answers)) {
    throw typeError(
      "libpam-misused",
      "Cannot use the answer of a conversation: it must be an array or a code, and not a promise",
    );
  }
  if (answers.length !== messages.length) {
    throw typeError(
      "libpam-misused",
      `Cannot answer ${messages.length} messages with ${answers.length} answers: give one for each`,
    );
  }
  const encoded: (Uint8Array | undefined)[] = [];
  try {
    for (const [index, message] of messages.entries()) {
      const answer: Answer = answers[index];
      if (answer !== undefined && !isPrompt(message)) {
        throw typeError(
          "libpam-misused",
          `Cannot answer '${message.text}': it is a text (${message.style}), answer undefined`,
        );
      }
      encoded.push(
        answer === undefined ? undefined : encodeCString(answer, `the answer to '${message.text}'`),
      );
    }
  } catch (error) {
    for (const copy of encoded) copy?.fill(0);
    throw error;
  }
  return encoded;
}

/**
 * Serves one call of pam_conv(3): reads the messages, asks the conversation, and stores what it answered where the module
 * takes it from. A style that is not in `STYLES` (a binary prompt) is `conv_err`, as in any application that lacks it.
 *
 * @param record is told the messages before they are answered
 * @returns the code for the module
 * @throws what the conversation throws, and `TypeError` for an answer that cannot be given
 */
export function converse(
  memory: Allocator,
  conversation: Conversation,
  record: (messages: readonly ConversationMessage[]) => void,
  count: number,
  messages: Deno.PointerValue,
  responses: Deno.PointerValue,
): PamCode {
  if (count < 1 || count > CONVERSATION_MESSAGES_MAX || messages === null || responses === null) {
    return "conv_err";
  }
  const read: ConversationMessage[] = [];
  for (const raw of readMessages(messages, count)) {
    const style = STYLE_OF.get(raw.style);
    if (style === undefined) return "conv_err";
    read.push({ style, text: decodeCString(raw.text) ?? "" });
  }
  record(read);
  const reply = conversation(read);
  if (typeof reply === "string") {
    if (!Object.hasOwn(CODES, reply)) {
      throw typeError("libpam-misused", `Cannot end a conversation with '${reply}': it is not a code`);
    }
    return reply;
  }
  const answers = encodeAnswers(read, reply);
  try {
    return writeResponses(memory, responses, answers) ? "success" : "buf_err";
  } finally {
    for (const copy of answers) copy?.fill(0);
  }
}
