// SPDX-License-Identifier: MIT
/**
 * Who answers the module's questions: the command line, then the person at the terminal, else nobody.
 *
 * @module
 */

import type { ConversationMessage } from "../../libpam/mod.ts";

/** Who answered a question. */
export type AnsweredBy = "option" | "terminal" | "application" | "nobody";

/** A question of the module's, without its answer. */
export interface SeenPrompt {
  /** Whether the answer may be seen. */
  readonly style: "prompt_echo_off" | "prompt_echo_on";
  /** Its text. */
  readonly text: string;
  /** Who answered. */
  readonly by: AnsweredBy;
}

/** A text that was shown. */
export interface SeenText {
  /** How it was shown. */
  readonly style: "text_info" | "error_msg";
  /** The text. */
  readonly text: string;
}

/** A terminal that can be asked at. */
export interface Asker {
  /** Shows a text that comes before a question. */
  show(text: string): void;
  /** Asks; `undefined` at end of file or control-C. */
  ask(question: { readonly text: string; readonly hidden: boolean }): Promise<string | undefined>;
}

/** Answers, and remembers what was asked and shown. */
export class Person {
  /** What was shown, in order. */
  texts: SeenText[] = [];
  /** What was asked, in order. */
  prompts: SeenPrompt[] = [];
  readonly #given: readonly string[];
  readonly #asker: Asker | undefined;
  #next = 0;
  #shown = 0;

  /** Has answers, and perhaps somebody to ask when they are used up. */
  constructor(given: readonly string[], asker?: Asker) {
    this.#given = given;
    this.#asker = asker;
  }

  /** How many of the answers nobody has asked for. */
  get unused(): number {
    return this.#given.length - this.#next;
  }

  /** Notes a message that somebody else answers, or nobody. */
  note({ style, text }: ConversationMessage, by: AnsweredBy): void {
    if (style === "text_info" || style === "error_msg") this.texts.push({ style, text });
    else this.prompts.push({ style, text, by });
  }

  /** Answers all messages of one call of a conversation; `null` if a question stays without an answer. */
  async answer(messages: readonly ConversationMessage[]): Promise<readonly (string | null)[] | null> {
    const answers: (string | null)[] = [];
    for (const { style, text } of messages) {
      if (style === "text_info" || style === "error_msg") {
        this.texts.push({ style, text });
        answers.push(null);
        continue;
      }
      const { answer, by } = await this.#answerOne(text, style === "prompt_echo_off");
      this.prompts.push({ style, text, by });
      if (answer === undefined) return null;
      answers.push(answer);
    }
    return answers;
  }

  /** Forgets what was seen. */
  forget(): void {
    this.texts = [];
    this.prompts = [];
    this.#shown = 0;
  }

  /** Forgets what was seen, and begins again with the first answer. */
  reset(): void {
    this.forget();
    this.#next = 0;
  }

  async #answerOne(
    text: string,
    hidden: boolean,
  ): Promise<{ readonly answer: string | undefined; readonly by: AnsweredBy }> {
    if (this.#next < this.#given.length) return { answer: this.#given[this.#next++], by: "option" };
    if (this.#asker === undefined) return { answer: undefined, by: "nobody" };
    // What was said before belongs to the question.
    for (const { text } of this.texts.slice(this.#shown)) this.#asker.show(text);
    this.#shown = this.texts.length;
    const answer = await this.#asker.ask({ text, hidden });
    return { answer, by: answer === undefined ? "nobody" : "terminal" };
  }
}
