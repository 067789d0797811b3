// SPDX-License-Identifier: MIT
/**
 * Asks the person at the controlling terminal, wherever stdin and stdout lead.
 *
 * @module
 */

/** Where the person sits. */
const TERMINAL = "/dev/tty";

/** What was answered; `"nobody"` if there is no terminal to ask at. */
export type Answer = "yes" | "no" | "nobody";

/** An answer longer than this is none, in bytes. */
const ANSWER_MAX = 256;

/** Asks for yes or no. Whatever is not clearly yes is no. */
export function ask(question: string): Answer {
  let terminal;
  try {
    terminal = Deno.openSync(TERMINAL, { read: true, write: true });
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    return "nobody";
  }
  using file = terminal;
  file.writeSync(new TextEncoder().encode(`${question} [y/N] `));
  const bytes = new Uint8Array(ANSWER_MAX);
  const length = file.readSync(bytes) ?? 0;
  return /^y(es)?$/i.test(new TextDecoder().decode(bytes.subarray(0, length)).trim()) ? "yes" : "no";
}
