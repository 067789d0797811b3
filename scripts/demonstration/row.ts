// SPDX-License-Identifier: MIT
/**
 * One row of the demonstration: what is done, what came of it, and whether that is what should.
 *
 * @module
 */

import type { ConversationMessage, PamCode, Transaction } from "@pam-deno/sdk/libpam";

/** What a row should come to. */
export interface Expectation {
  /** The code that libpam returns. */
  readonly code: PamCode;
  /** What the person is shown, one after the other and nothing else. Left out: nothing. */
  readonly shown?: readonly (string | RegExp)[];
  /** A line that must be in the system log, and is printed. */
  readonly logged?: RegExp;
  /** The longest that it may take, in milliseconds. */
  readonly msMax?: number;
  /** The shortest. */
  readonly msMin?: number;
}

/** What came of a row. */
export interface Outcome {
  /** The code that libpam returned. */
  readonly code: PamCode;
  /** How long it took, in milliseconds. */
  readonly ms: number;
  /** What the person was shown. */
  readonly shown: readonly ConversationMessage[];
  /** The system log meanwhile. */
  readonly log: readonly string[];
  /** What else was found out, as a sentence. */
  readonly found?: string;
  /** What else is not as it should be. */
  readonly wrong?: string;
}

/** A row before it was run. */
export interface Row {
  /** The user of the transaction. */
  readonly user: string;
  /** When and where, or what. */
  readonly scene: string;
  /** The hook; a service function of libpam. */
  readonly hook: string;
  /** What stands on the pam.d line beside the module's name. */
  readonly line: string;
  /** What it should come to. */
  readonly expect: Expectation;
  /** Does it. */
  readonly run: () => Outcome | Promise<Outcome>;
}

/** Rows under a heading. */
export interface Section {
  /** The heading. */
  readonly title: string;
  /** The rows, in the order in which they must be run. */
  readonly rows: readonly Row[];
}

/** Everything about `outcome` that is not as expected, as sentences; nothing if all is well. */
export function judge(expect: Expectation, outcome: Outcome): string[] {
  const { code, ms, shown, log, wrong } = outcome;
  const { shown: texts = [], logged, msMax = Infinity, msMin = 0 } = expect;
  const found: string[] = [];
  if (code !== expect.code) found.push(`the code should be ${expect.code}`);
  if (shown.length !== texts.length || !texts.every((text, i) => fits(text, shown[i]!.text))) {
    found.push(`the person should see ${texts.length === 0 ? "nothing" : texts.join(", then ")}`);
  }
  if (logged && !log.some((line) => logged.test(line))) {
    found.push(
      `the system log should have ${logged}, and has ${log.length === 0 ? "nothing" : log.join("; ")}`,
    );
  }
  if (ms > msMax) found.push(`it should take at most ${msMax} ms`);
  if (ms < msMin) found.push(`it should take at least ${msMin} ms`);
  if (wrong !== undefined) found.push(wrong);
  return found;
}

function fits(expected: string | RegExp, text: string): boolean {
  return typeof expected === "string" ? expected === text : expected.test(text);
}

/** Runs one service function of a transaction, and says what came of it. */
export function perform(
  transaction: Transaction,
  call: (transaction: Transaction) => PamCode,
  takeLog: () => string[],
): Outcome {
  takeLog();
  const before = transaction.messages.length;
  const began = performance.now();
  const code = call(transaction);
  const ms = performance.now() - began;
  return { code, ms, shown: transaction.messages.slice(before), log: takeLog() };
}
