// SPDX-License-Identifier: MIT
/**
 * What was seen: hooks as the recorder (`modules/recorder.ts`) wrote them down, and lines of the system log with their senders.
 *
 * @module
 */

import type { Hook } from "../../sdk/hooks.ts";

/** What the recorder writes down of a hook. */
export interface Recorded {
  /** Which recorder. */
  readonly as: string;
  readonly hook: Hook;
  readonly service: string;
  readonly user: string;
  readonly tty: string | undefined;
  readonly rhost: string | undefined;
  readonly ruser: string | undefined;
  readonly caller: {
    readonly pid: number;
    readonly uid: number;
    readonly euid: number;
    readonly started?: number | undefined;
  };
  readonly silent: boolean;
  readonly continuity: "same" | "resumed" | "none";
  /** The hooks that had set the module's data before. */
  readonly trail: readonly string[];
  /** Of setCredentials. */
  readonly verb?: string;
  /** Of authenticate and account. */
  readonly disallowNullAuthtok?: boolean;
  /** Of preliminary and update. */
  readonly onlyIfExpired?: boolean;
  /** Of preliminary and update. */
  readonly privileged?: boolean;
}

/** A line of the stage's system log. */
export interface LogLine {
  /** Its sender, as the kernel says; ids are those inside. */
  readonly pid: number;
  /** The sender's parent when the line was read; -1 if the sender was gone by then. */
  readonly ppid: number;
  /** The sender's user. */
  readonly uid: number;
  /** The sender's program. */
  readonly command: string;
  /** Its level, 0 to 7; see syslog(3). */
  readonly level: number;
  /** The text, without the time and the name that the sender gives itself. */
  readonly text: string;
}

/** A hook that was recorded, with who sent the line. */
export interface SeenHook extends Recorded {
  /** What libpam calls it in the log: auth, setcred, account, session, chauthtok. */
  readonly primitive: string;
  /** The process that sent the line. */
  readonly sender: Pick<LogLine, "pid" | "ppid" | "uid" | "command">;
}

/** What was seen in a time. */
export interface Seen {
  /** All lines. */
  readonly lines: readonly LogLine[];
  /** What the recorders saw, in the order in which it happened. */
  readonly hooks: readonly SeenHook[];
  /** Texts of the lines that the shim wrote about itself: `PRIMITIVE HOOK MODULE: …`. */
  readonly shim: readonly string[];
}

const LINE = /^(\d+) (-?\d+) (\d+) (\S+)\t<(\d+)>\w{3} [ \d]\d \d\d:\d\d:\d\d (.*)$/s;
const SHIM = /^pam_deno\([^:]*:(\w+)\): (.*)$/s;
const SAYS = /^\w+ [a-z0-9_-]+ says: (.*)$/s;
const RECORDED = /^\{"as":.*\}$/s;

function parseLine(text: string): LogLine {
  const [, pid, ppid, uid, command, priority, rest] = LINE.exec(text) ?? [];
  if (rest === undefined) throw new Error(`Not a line of the system log: ${text}`);
  return {
    pid: Number(pid),
    ppid: Number(ppid),
    uid: Number(uid),
    command: command!,
    level: Number(priority) % 8,
    text: rest.replace(/^[^:\s]+(?:\[\d+\])?: /, ""),
  };
}

/** Reads what the stage's first process wrote. */
export function parseLog(text: string): Seen {
  const lines = text.split("\n").filter((line) => line !== "").map(parseLine);
  const hooks: SeenHook[] = [];
  const shim: string[] = [];
  for (const line of lines) {
    const [, primitive, said] = SHIM.exec(line.text) ?? [];
    if (said === undefined) continue;
    const json = SAYS.exec(said)?.[1];
    if (json === undefined) shim.push(`${primitive} ${said}`);
    if (json === undefined || !RECORDED.test(json)) continue;
    const { pid, ppid, uid, command } = line;
    hooks.push({ ...JSON.parse(json), primitive: primitive!, sender: { pid, ppid, uid, command } });
  }
  return { lines, hooks, shim };
}

/** The names of hooks in order, setCredentials with its verb. */
export function order(hooks: readonly Recorded[]): string[] {
  return hooks.map(({ hook, verb }) => verb === undefined ? hook : `${hook} ${verb}`);
}

/** Some members of a hook, for a comparison. */
export function pick<K extends keyof SeenHook>(hook: SeenHook | undefined, ...keys: K[]): Pick<SeenHook, K> {
  return Object.fromEntries(keys.map((key) => [key, hook?.[key]])) as Pick<SeenHook, K>;
}
