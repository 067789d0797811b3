// SPDX-License-Identifier: MIT
/**
 * Asks pam_unix, pam_nologin and account-ageing the same through the real libpam. Run by `compare()` of `ageing_machine.ts` in a
 * mount namespace of its own: it overwrites /etc/passwd and /etc/shadow.
 *
 * @module
 */

import { join } from "node:path";
import { Harness, ROOT } from "../integration/harness.ts";
import { type Case, Dice, makeCases } from "./ageing_entries.ts";
import type { Compared, ComparedNologin, NologinFile, Report, Said, Stricter } from "./ageing_machine.ts";

const SEED = 20261120;
const ENTRIES = 20_000;
const ENTRIES_A_FILE = 400;
/** One user out of so many is also asked about under the stricter rules. */
const STRICTER_EVERY = 8;
/** How many users are asked about before what was printed is read. */
const BREATHE_EVERY = 20;
const NOLOGIN_CASES = 3000;
const FIRST_UID = 20_000;
/** One user out of so many has root's id: ageing is the same for all. */
const ROOT_EVERY = 50;
const DAY_MS = 86_400_000;

const MODULE = join(ROOT, "examples", "account-ageing", "module.ts");
const NAME = "account-ageing";
const OTHER_FILES = ["/etc/closed", "/run/closed"] as const;
const NOLOGIN_USERS = { root: 0, toor: 0, joe: 1000, "nobody-of-this-name": undefined } as const;

const today = () => Math.floor(Date.now() / DAY_MS);

/** What a service says to account. */
function ask(harness: Harness, service: string, user: string, flags = {}): Said {
  using transaction = harness.start(service, { user });
  const code = transaction.account(flags);
  return { code, shown: transaction.messages.map(({ style, text }) => ({ style, text })) };
}

/** Lets what `serve` prints be read: its pipe must not fill up while this process waits for its workers. */
const breathe = () => new Promise<void>((resolve) => setTimeout(resolve, 0));

/** Replaces what is in a file, and keeps owner and mode. */
function fill(file: string, lines: readonly string[]): void {
  Deno.writeTextFileSync(file, lines.map((line) => `${line}\n`).join(""));
}

function askStricter(harness: Harness, user: string): Stricter {
  return {
    silent: ask(harness, "ours", user, { silent: true }),
    noNull: ask(harness, "ours", user, { disallowNullAuthtok: true }),
    locked: ask(harness, "locked", user),
  };
}

async function compareFile(harness: Harness, cases: readonly Case[]): Promise<Compared[]> {
  fill("/etc/passwd", [
    "root:x:0:0::/root:/bin/sh",
    ...cases.flatMap(({ user, password }, i) => {
      const uid = i % ROOT_EVERY === 0 ? 0 : FIRST_UID + i;
      return password === undefined ? [] : [`${user}:${password}:${uid}:100::/:/bin/sh`];
    }),
  ]);
  fill("/etc/shadow", [
    "root:*:19000:0:99999:7:::",
    ...cases.map(({ shadow }) => shadow).filter((line) => line !== undefined),
  ]);
  const compared: Compared[] = [];
  for (const [i, one] of cases.entries()) {
    const { user } = one;
    const seen = { ...one, unix: ask(harness, "unix", user), ours: ask(harness, "ours", user) };
    compared.push(i % STRICTER_EVERY === 0 ? { ...seen, stricter: askStricter(harness, user) } : seen);
    if (i % BREATHE_EVERY === 0) await breathe();
  }
  return compared;
}

async function compareEntries(harness: Harness): Promise<Pick<Report, "entries" | "repeated">> {
  const dice = new Dice(SEED);
  const entries: Compared[] = [];
  let repeated = 0;
  while (entries.length < ENTRIES) {
    const day = today();
    const compared = await compareFile(harness, makeCases(dice, day, entries.length, ENTRIES_A_FILE));
    // Both read the clock: what was asked on two days is asked again.
    if (today() === day) entries.push(...compared);
    else repeated++;
  }
  return { entries, repeated };
}

const TEXTS = [
  "",
  "\n",
  "The machine is down for maintenance.\n",
  "No newline at the end",
  "Several\n  lines,\n\nalso an empty one\n",
  "Wartung bis 8 Uhr – bitte später\n",
  "100 % %s %n {braces}\n",
  `${"long ".repeat(102)}x\n`,
  `${"longer ".repeat(200)}\n`,
];

function nologinFile(dice: Dice): NologinFile {
  const is = dice.chance(45)
    ? "absent"
    : dice.chance(75)
    ? "text"
    : dice.of(["folder", "dangling", "device", "unreadable", "loop"] as const);
  return { is, text: is === "text" || is === "unreadable" ? dice.of(TEXTS) : "" };
}

function put(path: string, { is, text }: NologinFile): void {
  try {
    Deno.removeSync(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  switch (is) {
    case "text":
    case "unreadable":
      Deno.writeTextFileSync(path, text);
      Deno.chmodSync(path, is === "text" ? 0o644 : 0o600);
      break;
    case "folder":
      Deno.mkdirSync(path);
      break;
    case "dangling":
      Deno.symlinkSync("/etc/nothing-of-this-name", path);
      break;
    case "device":
      Deno.symlinkSync("/dev/null", path);
      break;
    case "loop":
      Deno.symlinkSync(path, path);
  }
}

async function compareNologin(harness: Harness): Promise<ComparedNologin[]> {
  fill("/etc/passwd", [
    "root:x:0:0::/root:/bin/sh",
    "toor:x:0:0::/root:/bin/sh",
    "joe:x:1000:100::/:/bin/sh",
  ]);
  fill("/etc/shadow", ["root:*:19000:0:99999:7:::", "toor:*:19000::::::", "joe:*:19000::::::"]);
  const lines = ["", "successok", ...OTHER_FILES.map((file) => `file=${file}`), "successok file=/etc/closed"];
  lines.forEach((line, i) => {
    const words = line.split(" ").filter((word) => word !== "");
    harness.stack(`nologin-${i}`, [
      { type: "account", control: "required", module: "pam_nologin.so", args: words },
    ]);
    const args = ["check=nologin", ...words];
    harness.stack(`closed-${i}`, [{ type: "account", module: NAME, options: ["grant=shadow"], args }]);
  });
  const dice = new Dice(SEED);
  const paths = ["/run/nologin", "/etc/nologin", ...OTHER_FILES];
  const compared: ComparedNologin[] = [];
  for (let n = 0; n < NOLOGIN_CASES; n++) {
    if (n % BREATHE_EVERY === 0) await breathe();
    const files = Object.fromEntries(paths.map((path) => [path, nologinFile(dice)]));
    for (const [path, file] of Object.entries(files)) put(path, file);
    const user = dice.of(Object.keys(NOLOGIN_USERS) as (keyof typeof NOLOGIN_USERS)[]);
    const i = dice.within(0, lines.length - 1);
    compared.push({
      files,
      user,
      uid: NOLOGIN_USERS[user],
      words: lines[i]!.split(" ").filter((word) => word !== ""),
      nologin: ask(harness, `nologin-${i}`, user),
      ours: ask(harness, `closed-${i}`, user),
      silent: ask(harness, `closed-${i}`, user, { silent: true }),
    });
  }
  return compared;
}

async function main(report: string): Promise<void> {
  await using harness = new Harness();
  harness.configure(NAME, MODULE, { permissions: { read: ["/run", "/etc/nologin", "/etc/closed"] } });
  await harness.serve();
  harness.stack("unix", [{ type: "account", control: "required", module: "pam_unix.so", args: [] }]);
  const ours = { type: "account", module: NAME, options: ["grant=shadow"] } as const;
  harness.stack("ours", [ours]);
  harness.stack("locked", [{ ...ours, args: ["locked=refuse"] }]);
  const began = performance.now();
  const { entries, repeated } = await compareEntries(harness);
  const between = performance.now();
  const nologin = await compareNologin(harness);
  const seconds = [between - began, performance.now() - between].map((ms) => ms / 1000) as [number, number];
  Deno.writeTextFileSync(report, JSON.stringify({ entries, repeated, nologin, seconds } satisfies Report));
}

await main(Deno.args[0]!);
