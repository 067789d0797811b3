// SPDX-License-Identifier: MIT
/**
 * Logins that do not stop while something is done to the service that decides about them.
 *
 * @module
 */

import { join } from "node:path";
import { FOLDER, ROOT } from "./debian.ts";
import type { Machine } from "./machine.ts";

/** Where the application is inside. */
const CALLER = "/usr/local/bin/caller";

/** One account transaction: pam_start, pam_acct_mgmt, pam_end. */
export interface Asked {
  /** When it began, in ms of the monotonic clock. */
  readonly atMs: number;
  /** How long it took, in ms. */
  readonly tookMs: number;
  /** What libpam answered. */
  readonly code: number;
}

/** Who asks. */
export interface StreamOptions {
  /** The name of a file in /etc/pam.d. */
  readonly service: string;
  /** Whose account is asked for. */
  readonly user: string;
  /** How many ask at the same time. */
  readonly callers: number;
  /** The pause of each after an answer, in ms. */
  readonly pauseMs: number;
}

/** Builds the application and puts it into the machine. */
export async function installCaller(machine: Machine): Promise<void> {
  const program = join(FOLDER, "caller");
  const source = join(ROOT, "tests", "boot", "caller.c");
  const { success, stderr } = await new Deno.Command("cc", {
    args: [
      "-std=c11",
      "-D_POSIX_C_SOURCE=200809L",
      "-O2",
      "-Wall",
      "-Werror",
      "-o",
      program,
      source,
      "-lpam",
    ],
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  await machine.copy(program, CALLER, 0o755);
}

/** Lets people log in for as long as `during` takes, and gives how each of them fared. */
export async function whileAsked(
  machine: Machine,
  { service, user, callers, pauseMs }: StreamOptions,
  during: () => Promise<void>,
): Promise<Asked[]> {
  const all = Array.from({ length: callers }, () => machine.spawn([CALLER, service, user, `${pauseMs}`]));
  const outputs = all.map((child) => new Response(child.stdout).text());
  let failed: unknown;
  try {
    await during();
  } catch (error) {
    failed = error ?? new Error("failed");
  }
  await Promise.all(all.map((child) => child.stdin.close()));
  const texts = await Promise.all(outputs);
  await Promise.all(all.map((child) => child.status));
  if (failed) throw failed;
  return texts.flatMap(parse);
}

function parse(text: string): Asked[] {
  return text.trimEnd().split("\n").map((line) => {
    const [at, took, code] = line.split(" ").map(Number) as [number, number, number];
    return { atMs: at / 1000, tookMs: took / 1000, code };
  });
}

/** The figures of a stream. */
export interface Figures {
  /** How many there were. */
  readonly asked: number;
  /** How often each code was answered. */
  readonly codes: Readonly<Record<number, number>>;
  /** Half of them took at most this, in ms. */
  readonly p50: number;
  /** 99 of 100 took at most this, in ms. */
  readonly p99: number;
  /** The longest, in ms. */
  readonly max: number;
}

/** Sums a stream up. */
export function figures(asked: readonly Asked[]): Figures {
  const times = asked.map(({ tookMs }) => tookMs).sort((a, b) => a - b);
  const at = (share: number) => round(times[Math.min(times.length - 1, Math.floor(times.length * share))]!);
  const codes: Record<number, number> = {};
  for (const { code } of asked) codes[code] = (codes[code] ?? 0) + 1;
  return { asked: asked.length, codes, p50: at(0.5), p99: at(0.99), max: at(1) };
}

function round(ms: number): number {
  return Math.round(ms * 100) / 100;
}
