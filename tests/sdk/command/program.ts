// SPDX-License-Identifier: MIT
/**
 * Runs `scripts/pam-deno` as people do: with and without a terminal.
 *
 * @module
 */

import { join } from "node:path";

/** The top of the tree. */
export const ROOT: string = join(import.meta.dirname!, "..", "..", "..");

/** The command. */
export const PAM_DENO: string = join(ROOT, "scripts", "pam-deno");

/** The commands of `pam-deno`. */
export const COMMANDS = [
  "add",
  "check",
  "explain",
  "lines",
  "new",
  "needs",
  "reload",
  "remove",
  "rollback",
  "serve",
  "simulate",
  "status",
  "try",
] as const;

/** How a run ended. */
export interface Run {
  readonly status: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs `pam-deno` without any terminal. */
export async function pamDeno(args: readonly string[], env: Record<string, string> = {}): Promise<Run> {
  // A session of its own has no controlling terminal.
  const { code, stdout, stderr } = await new Deno.Command("setsid", {
    args: ["--wait", PAM_DENO, ...args],
    env: { NO_COLOR: "1", COLUMNS: "", ...env },
    stdin: "null",
  }).output();
  return { status: code, stdout: text(stdout), stderr: text(stderr) };
}

/** A terminal. */
export interface Terminal {
  /** How wide it is, in columns. */
  readonly columns?: number;
  /** What the person types. */
  readonly typed?: string;
  /** Variables besides those of this process. */
  readonly env?: Record<string, string>;
}

/** Runs a command of the shell on a terminal of its own; what it writes to either stream comes back as one text. */
export async function onTerminal(command: string, { columns = 80, typed = "", env = {} }: Terminal = {}) {
  const child = new Deno.Command("script", {
    args: ["--quiet", "--return", "--command", `stty cols ${columns} -echo; ${command}`, "/dev/null"],
    env: { TERM: "xterm", NO_COLOR: "", COLUMNS: "", ...env },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  if (typed) await writer.write(new TextEncoder().encode(typed));
  const { code, stdout } = await child.output();
  await writer.close().catch(() => {});
  return { status: code, text: text(stdout).replaceAll("\r\n", "\n") };
}

/** A word of the shell. */
export function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}

function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
