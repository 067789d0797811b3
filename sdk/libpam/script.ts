// SPDX-License-Identifier: MIT
/**
 * A conversation that follows a script, for tests: what is asked must be what the script expects, and all of it.
 *
 * @module
 */

import { plainError } from "../coded.ts";
import type { PamCode, PamStyle } from "../tokens.ts";
import { type Answer, type Conversation, type ConversationMessage, isPrompt } from "./conversation.ts";

/**
 * A question that a script expects, and its answer.
 *
 * @example
 * ```ts
 * import { type PromptStep, script } from "@pam-deno/sdk/libpam";
 * import assert from "node:assert/strict";
 *
 * const step: PromptStep = { prompt: /^Password/, echo: false, answer: "blue" };
 * using conversation = script([step]);
 * assert.deepEqual(conversation([{ style: "prompt_echo_off", text: "Password: " }]), ["blue"]);
 * ```
 */
export interface PromptStep {
  /** The whole question, or a pattern for it. */
  readonly prompt: string | RegExp;
  /** The answer; left out it is a NULL response, what an application gives at end of file. */
  readonly answer?: Answer;
  /** Whether the answer must be asked with echo. Either is right if left out. */
  readonly echo?: boolean;
  /** Ends the call of the conversation with this code in place of an answer. */
  readonly fail?: PamCode;
}

/**
 * A text that a script expects.
 *
 * @example
 * ```ts
 * import { script, type TextStep } from "@pam-deno/sdk/libpam";
 * import assert from "node:assert/strict";
 *
 * const step: TextStep = { text: "No such ticket", style: "error_msg" };
 * using conversation = script([step]);
 * assert.deepEqual(conversation([{ style: "error_msg", text: "No such ticket" }]), [undefined]);
 * ```
 */
export interface TextStep {
  /** The whole text, or a pattern for it. */
  readonly text: string | RegExp;
  /** The style that it must have. Either is right if left out. */
  readonly style?: "text_info" | "error_msg";
}

/**
 * One step of a script: a question with its answer, or a text.
 *
 * @example
 * ```ts
 * import { script, type ScriptStep } from "@pam-deno/sdk/libpam";
 * import assert from "node:assert/strict";
 *
 * const steps: ScriptStep[] = [{ text: /^Welcome/ }, { prompt: "Ticket: ", fail: "conv_err" }];
 * using conversation = script(steps);
 * conversation([{ style: "text_info", text: "Welcome, alice" }]);
 * assert.equal(conversation([{ style: "prompt_echo_on", text: "Ticket: " }]), "conv_err");
 * ```
 */
export type ScriptStep = PromptStep | TextStep;

function matches(expected: string | RegExp, text: string): boolean {
  // A pattern with the flag g or y would go on where it stopped.
  return typeof expected === "string"
    ? expected === text
    : new RegExp(expected, expected.flags.replace(/[gy]/g, "")).test(text);
}

function stylesOf(step: ScriptStep): readonly PamStyle[] {
  if ("text" in step) return step.style === undefined ? ["text_info", "error_msg"] : [step.style];
  if (step.echo === undefined) return ["prompt_echo_off", "prompt_echo_on"];
  return [step.echo ? "prompt_echo_on" : "prompt_echo_off"];
}

function describeStep(step: ScriptStep | undefined): string {
  if (step === undefined) return "nothing more";
  const expected = "text" in step ? step.text : step.prompt;
  return `${stylesOf(step).join(" or ")} ${
    typeof expected === "string" ? JSON.stringify(expected) : expected
  }`;
}

function describeMessage(message: ConversationMessage): string {
  return `${message.style} ${JSON.stringify(message.text)}`;
}

/**
 * A conversation that follows a script, once.
 *
 * Every question must be the next step of the script. A text need not be in it: it is let pass, unless the next step is a
 * text, and then it must be that one. A message that is not expected throws an `Error` that says what was expected and all
 * that was said before; so does the end of the transaction if a step was not used. Answers are in no error.
 *
 * @param steps what is expected, in order
 *
 * @example
 * ```ts
 * import { script, ServiceDirectory, Transaction } from "@pam-deno/sdk/libpam";
 * import assert from "node:assert/strict";
 *
 * using services = ServiceDirectory.create();
 * services.write("demo", [{ type: "auth", control: "required", module: "pam_unix.so", args: ["nodelay"] }]);
 * using transaction = Transaction.start({
 *   service: "demo",
 *   user: "nobody-of-this-name",
 *   confdir: services.path,
 *   conversation: script([{ prompt: /^Password: /, echo: false, answer: "wrong" }]),
 * });
 * assert.equal(transaction.authenticate(), "user_unknown");
 * ```
 */
export function script(steps: readonly ScriptStep[]): Conversation & Disposable {
  const said: ConversationMessage[] = [];
  let next = 0;
  let failed = false;

  function fail(problem: string): never {
    failed = true;
    const before = said.map((message) => `\n  ${describeMessage(message)}`).join("");
    throw plainError("script-not-followed", `${problem}; said so far:${before || " nothing"}`);
  }

  function answer(message: ConversationMessage): Answer | { readonly fail: PamCode } {
    const step = steps[next];
    if (!isPrompt(message) && (step === undefined || "prompt" in step)) {
      said.push(message);
      return undefined;
    }
    if (
      step === undefined || !stylesOf(step).includes(message.style) ||
      !matches("text" in step ? step.text : step.prompt, message.text)
    ) {
      fail(`The script expected ${describeStep(step)} and not ${describeMessage(message)}`);
    }
    said.push(message);
    next++;
    if ("text" in step) return undefined;
    return step.fail === undefined ? step.answer : { fail: step.fail };
  }

  const conversation = (messages: readonly ConversationMessage[]): readonly Answer[] | PamCode => {
    const answers: Answer[] = [];
    for (const message of messages) {
      const given = answer(message);
      if (typeof given === "object" && "fail" in given) return given.fail;
      answers.push(given);
    }
    return answers;
  };
  return Object.assign(conversation, {
    [Symbol.dispose](): void {
      if (failed || next === steps.length) return;
      fail(`The script has ${steps.length - next} unused steps, the first is ${describeStep(steps[next])}`);
    },
  });
}
