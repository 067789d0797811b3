// SPDX-License-Identifier: MIT
/**
 * Walks a stack as libpam does, with answers that are made up: what would come out if this line said that?
 *
 * @module
 */

import type { PamCode } from "../tokens.ts";
import type { Entry } from "./stack.ts";

/** What a walk found. */
export interface Walk {
  /** What the application would be told. */
  readonly code: PamCode;
  /** The lines that were asked. */
  readonly asked: ReadonlySet<Entry>;
  /** The line that ended the stack or jumped over each line that was not asked. */
  readonly skippedBy: ReadonlyMap<Entry, Entry>;
}

/** What comes out where nobody said anything that counts, where a jump goes too far, and where a line cannot be used. */
const MUST_FAIL: PamCode = "perm_denied";

interface Judgement {
  impression: "none" | "good" | "bad";
  status: PamCode;
}

/** Walks `entries`; `answer` gives what the module of each says. */
export function walk(entries: readonly Entry[], answer: (entry: Entry) => PamCode): Walk {
  const asked = new Set<Entry>();
  const skippedBy = new Map<Entry, Entry>();
  const now: Judgement = { impression: "none", status: MUST_FAIL };
  const before: Judgement[] = [{ ...now }];
  let level = 0;
  for (let i = 0; i < entries.length; i++) {
    const entry = entries[i]!;
    if (level < entry.level) before[entry.level] = { ...now };
    level = entry.level;
    if (entry.kind === "substack") continue;
    asked.add(entry);
    const code = entry.kind === "broken" ? MUST_FAIL : answer(entry);
    const action = entry.actions.get(code)!;
    const last = typeof action === "number"
      ? jump(entries, i, action)
      : judge(now, before[entry.level]!, action, code)
      ? endOfLevel(entries, i)
      : i;
    if (last === undefined) Object.assign(now, { impression: "bad", status: MUST_FAIL });
    const end = last ?? endOfLevel(entries, i);
    for (let at = i + 1; at <= end; at++) skippedBy.set(entries[at]!, entry);
    i = end;
  }
  const code = now.status === "success" && now.impression !== "good" ? MUST_FAIL : now.status;
  return { code, asked, skippedBy };
}

/** Takes one result into account; true if that ends the stack, or the substack. */
function judge(now: Judgement, before: Judgement, action: string, code: PamCode): boolean {
  switch (action) {
    case "reset":
      Object.assign(now, before);
      return false;
    case "ok":
    case "done":
      if (now.impression === "none" || (now.impression === "good" && now.status === "success")) {
        Object.assign(now, { impression: "good", status: code });
      }
      return action === "done" && now.impression === "good";
    case "bad":
    case "die":
      if (now.impression !== "bad") {
        Object.assign(now, { impression: "bad", status: code === "ignore" ? MUST_FAIL : code });
      }
      return action === "die";
    default:
      return false;
  }
}

/** The last line that a jump over `count` lines skips; `undefined` if there are not as many in the stack or substack. */
export function jump(entries: readonly Entry[], from: number, count: number): number | undefined {
  const { level } = entries[from]!;
  let at = from;
  for (let left = count; left > 0; left--) {
    const next = entries[at + 1];
    if (next === undefined || next.level < level) return undefined;
    // A substack counts as one line.
    do at++; while (at + 1 < entries.length && entries[at + 1]!.level > level);
  }
  return at;
}

function endOfLevel(entries: readonly Entry[], from: number): number {
  const { level } = entries[from]!;
  let at = from;
  while (at + 1 < entries.length && entries[at + 1]!.level >= level) at++;
  return at;
}
