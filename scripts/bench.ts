// SPDX-License-Identifier: MIT
/**
 * Measures account management through the real libpam: pam_deno beside what else people use, in one run.
 * usage: deno task bench [--json] [--rounds N] [--count-ms N]
 *
 * Prints tables for people; with `--json` one object is the last line. It measures and never judges: it fails only when
 * something cannot be measured at all.
 */

import { join } from "node:path";
import { parseArgs } from "node:util";
import { median } from "./bench/numbers.ts";
import { type Peer, peers, type Stage } from "./bench/peers.ts";
import { startServing } from "./bench/serving.ts";

const ROOT = join(import.meta.dirname!, "..");
const DRIVER = join(ROOT, "build/bench/driver");
/** Who logs in: a user of every Debian, whose account pam_unix can check. */
const USER = "root";
const CALLERS = [1, 4, 16] as const;
/** How often decisions are counted; the median counts. */
const COUNTS = 3;
/** How long a worker is left alone before its memory is looked at. */
const IDLE_MS = 1_000;

interface Times {
  readonly p50_us: number;
  readonly p99_us: number;
  readonly count: number;
}

async function output(command: string, args: readonly string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(command, { args: [...args] }).output();
  if (success) return new TextDecoder().decode(stdout);
  throw new Error(`${command} ${args[0]} failed: ${new TextDecoder().decode(stderr).trim()}`);
}

async function transactions(stage: Stage, services: readonly Peer[], rounds: number) {
  const words = services.map(({ name, every }) => `${name}/${every}`);
  const text = await output(DRIVER, ["transactions", stage.confdir, USER, String(rounds), ...words]);
  const times: Record<string, Times> = {};
  for (const line of text.trim().split("\n")) {
    const [name, count, p50, p99] = line.split(" ");
    times[name!] = { p50_us: Number(p50) / 1000, p99_us: Number(p99) / 1000, count: Number(count) };
  }
  return times;
}

async function decisionsPerSecond(stage: Stage, callers: number, ms: number): Promise<number> {
  const counts: number[] = [];
  for (let i = 0; i < COUNTS; i++) {
    const args = ["decisions", stage.confdir, USER, "pam_deno", String(callers), String(ms)];
    counts.push(Number(await output(DRIVER, args)));
  }
  return median(counts);
}

/** Proportional set size of a process, in KiB. */
function pssKib(pid: number): number {
  const found = /^Pss:\s+(\d+) kB$/m.exec(Deno.readTextFileSync(`/proc/${pid}/smaps_rollup`));
  if (!found) throw new Error(`/proc/${pid}/smaps_rollup: there is no Pss in it`);
  return Number(found[1]);
}

function ratio(times: Record<string, Times>, to: string): number | null {
  const ours = times["pam_deno"]!.p50_us;
  const theirs = times[to]?.p50_us;
  return theirs === undefined ? null : Math.round(ours / theirs * 1000) / 1000;
}

function show(say: (text: string) => void, all: readonly Peer[], times: Record<string, Times>): void {
  say("account transaction            count    p50 µs    p99 µs   to pam_permit");
  for (const { name, missing } of all) {
    const found = times[name];
    if (!found) {
      say(`${name.padEnd(26)} not measured: ${missing}`);
      continue;
    }
    const columns = [String(found.count), found.p50_us.toFixed(1), found.p99_us.toFixed(1)];
    const times_permit = (found.p50_us / times["pam_permit"]!.p50_us).toFixed(2);
    say(name.padEnd(26) + columns.map((text) => text.padStart(10)).join("") + times_permit.padStart(16));
  }
}

/** The number behind an option. */
function count(option: string, word: string): number {
  const value = Number(word);
  if (Number.isInteger(value) && value >= 100) return value;
  throw new RangeError(`${option} takes an integer from 100 on, not ${word}`);
}

async function main(args: string[]): Promise<void> {
  const { values } = parseArgs({
    args,
    options: {
      json: { type: "boolean", default: false },
      rounds: { type: "string", default: "4000" },
      // How long decisions are counted each time.
      "count-ms": { type: "string", default: "2000" },
    },
  });
  const rounds = count("--rounds", values.rounds);
  const countMs = count("--count-ms", values["count-ms"]);
  // With --json the tables go to stderr, so that a program reads nothing but the object.
  const say = values.json ? console.error : console.log;
  await output("make", ["--silent", "-C", join(ROOT, "scripts/bench")]);
  await using stage = await startServing(ROOT);
  await new Promise((resolve) => setTimeout(resolve, IDLE_MS));
  const idleKib = pssKib(stage.workerPid);
  const all = peers(stage);
  const present = all.filter(({ missing }) => missing === undefined);
  say(`measuring ${rounds} rounds of ${present.length} services in turn …`);
  const times = await transactions(stage, present, rounds);
  show(say, all, times);
  const decisions: Record<number, number> = {};
  for (const callers of CALLERS) {
    decisions[callers] = Math.round(await decisionsPerSecond(stage, callers, countMs));
    say(`${decisions[callers]} decisions per second with ${callers} callers`);
  }
  say(`${idleKib} KiB PSS for an idle worker, ${pssKib(stage.workerPid)} KiB after this`);
  if (!values.json) return;
  console.log(JSON.stringify({
    ratio_to_permit: ratio(times, "pam_permit"),
    ratio_to_unix: ratio(times, "pam_unix"),
    ratio_to_c_responder: ratio(times, "c_responder"),
    decisions_per_second_1: decisions[1],
    decisions_per_second_4: decisions[4],
    decisions_per_second_16: decisions[16],
    worker_idle_pss_kib: idleKib,
    worker_after_pss_kib: pssKib(stage.workerPid),
    services: times,
    missing: Object.fromEntries(all.flatMap(({ name, missing }) => missing ? [[name, missing]] : [])),
  }));
}

await main(Deno.args);
