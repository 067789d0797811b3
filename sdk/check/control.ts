// SPDX-License-Identifier: MIT
/**
 * What a control of pam.conf(5) makes of each code.
 *
 * @module
 */

import type { PamLine } from "../config/pam_d.ts";
import { CODES, type PamCode } from "../tokens.ts";

/** What libpam does with a result: a number is how many lines it jumps over. */
export type Action = "ok" | "done" | "bad" | "die" | "ignore" | "reset" | number;

/** The action for each code. */
export type Actions = ReadonlyMap<PamCode, Action>;

/** A control, read. */
export interface Control {
  /** What becomes of each code. */
  readonly actions: Actions;
  /** Why libpam cannot read it, if so: every code is `bad` then. */
  readonly problem: string | undefined;
}

const ALL = Object.keys(CODES) as PamCode[];

type Table = Readonly<Partial<Record<PamCode | "default", Action>>>;

const WORDS: Readonly<Record<string, Table>> = {
  required: { success: "ok", new_authtok_reqd: "ok", ignore: "ignore", default: "bad" },
  requisite: { success: "ok", new_authtok_reqd: "ok", ignore: "ignore", default: "die" },
  sufficient: { success: "done", new_authtok_reqd: "done", default: "ignore" },
  optional: { success: "ok", new_authtok_reqd: "ok", default: "ignore" },
};

/** One `code=action`; libpam wants no blank between two of them. */
const PAIR = /\s*([a-z_]+)\s*=\s*(ignore|bad|die|ok|done|reset|[0-9]+)/y;

/** The longest jump that can mean anything. */
const JUMP_MAX = 1_000_000;

/** What the control of a line makes of each code; of a line with `include` or `substack`, that of a line that fails. */
export function readControl({ control, bracketed }: Pick<PamLine, "control" | "bracketed">): Control {
  if (bracketed) return readPairs(control);
  const table = WORDS[control];
  return table
    ? { actions: fill(table), problem: undefined }
    : { actions: fill({ default: "bad" }), problem: undefined };
}

function readPairs(text: string): Control {
  const table: Partial<Record<PamCode | "default", Action>> = {};
  let at = 0;
  while (text.slice(at).trim() !== "") {
    PAIR.lastIndex = at;
    const [whole, code, word] = PAIR.exec(text) ?? [];
    if (whole === undefined) return broken(`\`${text.slice(at, at + 40).trim()}\` is no CODE=ACTION`);
    if (code !== "default" && !Object.hasOwn(CODES, code!)) return broken(`${code} is no code of libpam`);
    const action = /^[0-9]/.test(word!) ? Math.min(Number(word), JUMP_MAX) : word as Action;
    if (action === 0) return broken("a jump over no line: write ignore");
    // Where a code stands twice libpam takes the last, but the first default.
    if (code !== "default" || table.default === undefined) table[code as PamCode | "default"] = action;
    at += whole.length;
  }
  return { actions: fill({ default: "bad", ...table }), problem: undefined };
}

function broken(problem: string): Control {
  return { actions: fill({ default: "bad" }), problem };
}

function fill(table: Table): Actions {
  return new Map(ALL.map((code) => [code, table[code] ?? table.default ?? "bad"]));
}
