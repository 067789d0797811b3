// SPDX-License-Identifier: MIT
/**
 * One list of facts about the hooks of a login, from what the prober wrote under a real program, and from what it wrote in the replay of
 * a profile. There is nothing else that says what they should be: the two lists must be the same.
 *
 * @module
 */

import assert from "node:assert/strict";
import { PROFILE_DATA, type ProfileResult } from "../../sdk/testing/mod.ts";
import type { Recorded, SeenHook } from "./recorded.ts";

/** What the prober writes down of a hook. */
export interface Probed extends Recorded {
  readonly xdisplay?: string | undefined;
  readonly userPrompt?: string | undefined;
  /** Variables of the PAM environment. */
  readonly environment: Readonly<Record<string, string>>;
  /** What became of its two questions, if it asked. */
  readonly answers: { readonly hidden: string; readonly shown: string } | undefined;
}

/** A hook, with its process and the parent of that by what can be compared. */
interface Fact extends Omit<Probed, "caller"> {
  readonly caller: { readonly uid: number; readonly euid: number; readonly isStartTold: boolean };
  /** The processes are `a`, `b` … in the order in which they call. */
  readonly process: string;
  /** That of its parent, `-` if that calls nothing. */
  readonly parent: string;
}

/** Values that differ from one login to the next. */
function plain(name: string, value: string): string {
  if (name === "SSH_CONNECTION") return value.replaceAll(/[\d.]+/g, "N");
  if (name === "GREETD_SOCK") return value.replaceAll(/\d+/g, "N");
  return name === "SSH_AUTH_INFO_0" ? value.replace(/(?<=^publickey \S+ ).*/s, "KEY\n") : value;
}

function facts(probed: readonly Probed[], parents: readonly (number | undefined)[]): Fact[] {
  const pids = [...new Set(probed.map(({ caller }) => caller.pid))];
  const letter = (pid: number | undefined) =>
    pid !== undefined && pids.includes(pid) ? "abcdef"[pids.indexOf(pid)]! : "-";
  return probed.map((hook, i) => {
    const { uid, euid, pid, started } = hook.caller;
    const environment = Object.entries(hook.environment).map(([name, value]) => [name, plain(name, value)]);
    return {
      ...hook,
      environment: Object.fromEntries(environment),
      caller: { uid, euid, isStartTold: started !== undefined },
      process: letter(pid),
      parent: letter(parents[i]),
    };
  });
}

/** What the prober wrote under a real program. */
export function recordedFacts(hooks: readonly SeenHook[]): Fact[] {
  const probed = hooks.map(({ sender: _, primitive: __, ...hook }) => hook as unknown as Probed);
  return facts(probed, hooks.map(({ sender }) => sender.ppid));
}

/** What it wrote in a replay. */
export function replayedFacts({ profile, steps }: ProfileResult): Fact[] {
  const { processes } = PROFILE_DATA[profile];
  const probed = steps.map(({ result }): Probed => JSON.parse(result.log.at(-1)?.text ?? "{}"));
  const parents = steps.map(({ process }) => {
    const parent = processes[process]?.parent;
    return steps.find((step) => step.process === parent)?.pid;
  });
  return facts(probed, parents);
}

/** Hooks whose text a person saw. */
export function greetings(texts: readonly string[]): string[] {
  const found = texts.flatMap((text) => [...text.matchAll(/(\w+) says hello/g)].map(([, hook]) => hook!));
  return [...new Set(found)].sort();
}

/** Asserts that a real program did what its profile says, field by field. */
export function assertAsRecorded(replayed: ProfileResult, hooks: readonly SeenHook[]): void {
  const [recorded, expected] = [recordedFacts(hooks), replayedFacts(replayed)];
  const order = (list: readonly Fact[]) =>
    list.map(({ hook, verb = "", process }) => `${process} ${hook} ${verb}`);
  assert.deepEqual(
    order(recorded),
    order(expected),
    `${replayed.profile}: the calls, as recorded and as replayed`,
  );
  for (const [i, fact] of recorded.entries()) {
    assert.deepEqual(fact, expected[i], `${replayed.profile}: ${fact.hook}, as recorded and as replayed`);
  }
}
