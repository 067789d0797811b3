// SPDX-License-Identifier: MIT
/**
 * A conversation with the person at the terminal.
 *
 * @module
 */

import { type Answer, type Conversation, type ConversationMessage, isPrompt } from "./conversation.ts";

const ENCODER = new TextEncoder();
const BACKSPACE = 0x08;
const NEWLINE = 0x0a;
const RETURN = 0x0d;
const INTERRUPT = 0x03;
const END_OF_FILE = 0x04;
const ERASE_LINE = 0x15;
const DELETE = 0x7f;
/** `PAM_MAX_RESP_SIZE` less the terminator. */
const LINE_MAX = 511;

/** Takes the last character, of one to four octets, off the line. */
function eraseCharacter(line: Uint8Array, length: number): number {
  do length--; while (length > 0 && ((line[length] ?? 0) & 0xc0) === 0x80);
  return Math.max(length, 0);
}

/**
 * Reads a line, octet by octet so that nothing behind it is used up.
 *
 * @param hidden whether the terminal hands over keys as they are pressed, so that editing is ours
 * @returns `undefined` at end of file before any octet, or if interrupted
 */
function readLine(hidden: boolean): Uint8Array | undefined {
  const line = new Uint8Array(LINE_MAX);
  const octet = new Uint8Array(1);
  let length = 0;
  try {
    while (true) {
      const read = Deno.stdin.readSync(octet);
      const [value = END_OF_FILE] = octet;
      const ended = read === null || (hidden && value === END_OF_FILE);
      if ((ended && length === 0) || (hidden && value === INTERRUPT)) return undefined;
      if (ended || value === NEWLINE || (hidden && value === RETURN)) return line.slice(0, length);
      if (hidden && (value === DELETE || value === BACKSPACE)) length = eraseCharacter(line, length);
      else if (hidden && value === ERASE_LINE) length = 0;
      else if (length < LINE_MAX) line[length++] = value;
    }
  } finally {
    line.fill(0);
    octet.fill(0);
  }
}

function write(text: string): void {
  for (let bytes = ENCODER.encode(text); bytes.length > 0;) {
    bytes = bytes.subarray(Deno.stderr.writeSync(bytes));
  }
}

function ask(message: ConversationMessage): Uint8Array | undefined {
  const hidden = message.style === "prompt_echo_off" && Deno.stdin.isTerminal();
  // Before the question is shown, or a quick answer is. Without `cbreak`: a signal would leave the terminal as it is now.
  if (hidden) Deno.stdin.setRaw(true);
  try {
    write(message.text);
    return readLine(hidden);
  } finally {
    if (hidden) {
      Deno.stdin.setRaw(false);
      write("\n");
    }
  }
}

/**
 * A conversation with the person at the terminal: texts and questions go to standard error, answers come from standard
 * input, and hidden ones are not echoed. End of file in place of an answer is `conv_err`, and so is control-C at a hidden
 * one. What does not fit `PAM_MAX_RESP_SIZE` (511 octets) is cut off. Answers are wiped when the next question comes or the
 * transaction ends.
 *
 * @example
 * ```ts
 * import { ServiceDirectory, terminal, Transaction } from "@pam-deno/sdk/libpam";
 * import assert from "node:assert/strict";
 *
 * using services = ServiceDirectory.create();
 * services.write("demo", [{ type: "account", control: "required", module: "pam_permit.so" }]);
 * using transaction = Transaction.start({
 *   service: "demo",
 *   user: "nobody",
 *   confdir: services.path,
 *   conversation: terminal(),
 * });
 * assert.equal(transaction.account(), "success");
 * ```
 */
export function terminal(): Conversation & Disposable {
  let given: Uint8Array[] = [];
  function wipe(): void {
    for (const answer of given) answer.fill(0);
    given = [];
  }
  const conversation = (messages: readonly ConversationMessage[]): readonly Answer[] | "conv_err" => {
    wipe();
    const answers: Answer[] = [];
    for (const message of messages) {
      if (!isPrompt(message)) {
        write(`${message.text}\n`);
        answers.push(undefined);
        continue;
      }
      const answer = ask(message);
      if (answer === undefined) return "conv_err";
      given.push(answer);
      answers.push(answer);
    }
    return answers;
  };
  return Object.assign(conversation, { [Symbol.dispose]: wipe });
}
