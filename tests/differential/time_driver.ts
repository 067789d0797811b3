// SPDX-License-Identifier: MIT
/**
 * Asks pam_time and time-of-day the same, in a mount namespace whose /etc is its own: see time_test.ts. Prints what it found as
 * one line of JSON.
 *
 * usage: time_driver.ts PAM_TIME CASES BROKEN
 *
 * @module
 */

import { join } from "node:path";
import type { PamCode, PamItem } from "@pam-deno/sdk/libpam";
import { Harness, ROOT } from "../integration/harness.ts";
import { type Asked, Chance, type TimeCase, timeCase } from "./time_cases.ts";
import { EDGES } from "./time_edges.ts";

const CONF = "/etc/security/time.conf";
const LOCALTIME = "/etc/localtime";
const SEED = 20_261_120;
const ASKED_PER_FILE = 10;
const SHOWN_MAX = 20;

/**
 * What pam_time logs without a mistake in the file. Days that cancel each other out are in time.conf(5): they are never. A day that is
 * missing is logged in the same words, and only the generator knows of it.
 */
const NO_MISTAKES = /no day specified|cannot determine user name/;

/** What was found. */
export interface Findings {
  /** How many questions were made up about files without a mistake, by what pam_time answered. */
  readonly answers: Record<string, number>;
  /** How many questions were made up about files of which pam_time logs that something is wrong. */
  readonly broken: number;
  /** How many questions were picked by hand. */
  readonly edges: number;
  /** How many questions were answered otherwise than expected. */
  readonly disagreements: number;
  /** The first of them. */
  readonly shown: unknown[];
  /** How long it took, with the start of the worker. */
  readonly seconds: number;
}

/** The clock of all processes here. */
class Clock {
  readonly #file = Deno.openSync("/etc/test-clock", { write: true });

  set(seconds: number): void {
    this.#file.seekSync(0, Deno.SeekMode.Start);
    this.#file.writeSync(new Uint8Array(new BigInt64Array([BigInt(seconds)]).buffer));
  }
}

/** The machine's time zone, for processes that link it anew and for libc in this one. */
class Zone {
  readonly #libc = Deno.dlopen("libc.so.6", { tzset: { parameters: [], result: "void" } });
  #name = "";

  set(name: string): void {
    if (name === this.#name) return;
    Deno.symlinkSync(`/usr/share/zoneinfo/${name}`, `${LOCALTIME}.new`);
    Deno.renameSync(`${LOCALTIME}.new`, LOCALTIME);
    // libc reads the link anew only when TZ has changed.
    Deno.env.set("TZ", "XXX1");
    this.#libc.symbols.tzset();
    Deno.env.delete("TZ");
    this.#libc.symbols.tzset();
    this.#name = name;
  }
}

/** What was written to the log since it was asked last. */
class Log {
  readonly #file = Deno.openSync(Deno.env.get("PAM_DENO_TEST_SYSLOG")!);
  readonly #buffer = new Uint8Array(1 << 20);

  /** The lines that `pattern` matches. */
  read(pattern: RegExp): readonly string[] {
    let text = "";
    for (let count; (count = this.#file.readSync(this.#buffer)) !== null;) {
      text += new TextDecoder().decode(this.#buffer.subarray(0, count));
    }
    return text.split("\n").filter((line) => pattern.test(line));
  }
}

const [pamTime = "", cases = "", broken = ""] = Deno.args;
const began = performance.now();
await using harness = new Harness();
harness.configure("time-of-day", join(ROOT, "examples", "time-of-day", "module.ts"), {
  permissions: { read: [CONF, LOCALTIME] },
});
await harness.serve();
const theirs = join(harness.configDir, "theirs");
const ours = join(harness.configDir, "ours");
for (const folder of [theirs, ours]) Deno.mkdirSync(folder);
Deno.writeTextFileSync(join(theirs, "other"), `account required ${pamTime} noaudit\n`);
const { control, module, args } = harness.line({
  type: "account",
  module: "time-of-day",
  args: [`time_conf=${CONF}`, `localtime=${LOCALTIME}`],
});
Deno.writeTextFileSync(join(ours, "other"), `account ${control} ${module} ${args!.join(" ")}\n`);

const clock = new Clock();
const zone = new Zone();
const log = new Log();
const findings = {
  answers: {} as Record<string, number>,
  broken: 0,
  edges: 0,
  disagreements: 0,
  shown: [] as unknown[],
};

function account(confdir: string, { service, tty, user }: Asked): PamCode {
  const items: Partial<Record<PamItem, string>> = tty === undefined ? {} : { tty };
  using transaction = harness.start(service, { confdir, user, items });
  return transaction.account();
}

function write(text: string): void {
  const bytes = Uint8Array.from(text, (octet) => octet.charCodeAt(0));
  Deno.writeFileSync(`${CONF}.new`, bytes, { mode: 0o644 });
  Deno.renameSync(`${CONF}.new`, CONF);
}

function report(what: unknown): void {
  findings.disagreements++;
  if (findings.shown.length < SHOWN_MAX) findings.shown.push(what);
}

/** Asks both about a file; `count` is told what pam_time answered. */
async function compare(made: TimeCase, count: (answer: PamCode) => void): Promise<void> {
  const { text, zone: name, asked, broken } = made;
  // libpam blocks: what the supervisor prints must be read in between.
  await new Promise((resolve) => setTimeout(resolve));
  write(text);
  zone.set(name);
  for (const who of asked) {
    clock.set(who.at);
    const expected = account(theirs, who);
    const complained = log.read(/pam_time\(/);
    const answered = account(ours, who);
    count(expected);
    const isBroken = complained.some((line) => broken || !NO_MISTAKES.test(line));
    if (isBroken !== broken || answered !== (broken ? "service_err" : expected)) {
      report({ text, zone: name, who, expected, answered, complained, said: log.read(/pam_deno\(/) });
    }
  }
}

for (const edge of EDGES) await compare(edge, () => findings.edges++);
const chance = new Chance(SEED);
for (let made = 0; made < Number(cases); made += ASKED_PER_FILE) {
  await compare(timeCase(chance, ASKED_PER_FILE, false), (answer) => {
    findings.answers[answer] = (findings.answers[answer] ?? 0) + 1;
  });
}
for (let made = 0; made < Number(broken); made += ASKED_PER_FILE) {
  await compare(timeCase(chance, ASKED_PER_FILE, true), () => findings.broken++);
}
clock.set(0);
const seconds = (performance.now() - began) / 1000;
console.log(JSON.stringify({ ...findings, seconds } satisfies Findings));
