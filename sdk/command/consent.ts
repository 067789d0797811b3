// SPDX-License-Identifier: MIT
/**
 * Shows what would be changed, and asks whether it shall be.
 *
 * @module
 */

import type { Context } from "./context.ts";
import { DeclinedError } from "./failure.ts";
import { type Answer, ask } from "./question.ts";

/** The consent to one change. */
export class Consent {
  readonly #context: Context;
  readonly #given: boolean;
  #answer: Answer = "no";

  /** `given` is what `--yes` gives. */
  constructor(context: Context, given: boolean) {
    this.#context = context;
    this.#given = given;
  }

  /** Shows `lines`, and asks `question` unless the consent was given already. */
  ask(lines: readonly string[], question: string): boolean {
    const { output, progress } = this.#context;
    progress.clear();
    output.note(output.wrapped(`${lines.join("\n")}\n\n`));
    this.#answer = this.#given ? "yes" : ask(question);
    return this.#answer === "yes";
  }

  /** Why there is none. */
  declined(): DeclinedError {
    return new DeclinedError(
      this.#answer === "nobody"
        ? "nothing was changed: there is no terminal to ask at; look at the above, and run it again with --yes"
        : "nothing was changed",
    );
  }
}
