// SPDX-License-Identifier: MIT
/**
 * Passwords that are changed, or not, over a stack with account-ageing in front of pam_unix. Run by `change_test.ts` in a mount namespace of
 * its own: it overwrites /etc/passwd, /etc/shadow and /etc/pam.d/passwd.
 *
 * @module
 */

import type { ScriptStep } from "@pam-deno/sdk/libpam";
import { script } from "@pam-deno/sdk/libpam";
import { join } from "node:path";
import { Harness, ROOT } from "../../integration/harness.ts";
import { shimLines } from "../readme.ts";
import type { Call, Passwd, Report } from "./change_report.ts";

const NAME = "account-ageing";
const OLD = "Gr4nny-smith-apples";
const NEW = "Br4eburn-and-cherries";
const DAY_MS = 86_400_000;
const UID = 4242;

const today = () => Math.floor(Date.now() / DAY_MS);

/** The hash of the old password. */
function hashOf(password: string): string {
  const { stdout } = new Deno.Command("openssl", { args: ["passwd", "-6", password] }).outputSync();
  return new TextDecoder().decode(stdout).trim();
}

/** Makes joe the only user beside root, with these fields behind the hash. */
function makeJoe(fields: string): void {
  Deno.writeTextFileSync("/etc/passwd", `root:x:0:0::/root:/bin/sh\njoe:x:${UID}:100::/:/bin/sh\n`);
  Deno.writeTextFileSync("/etc/shadow", `root:*:19000::::::\njoe:${hashOf(OLD)}:${fields}\n`);
}

/** Days since joe's password was changed, as the shadow file has it. */
function age(): number {
  const line = Deno.readTextFileSync("/etc/shadow").split("\n").find((line) => line.startsWith("joe:"))!;
  return today() - Number(line.split(":")[2]);
}

const CHANGED: readonly ScriptStep[] = [
  { prompt: "Current password: ", echo: false, answer: OLD },
  { prompt: "New password: ", echo: false, answer: NEW },
  { prompt: "Retype new password: ", echo: false, answer: NEW },
];
/** pam_unix asks three times for a password that it takes. */
const CANCELLED: readonly ScriptStep[] = [
  CHANGED[0]!,
  ...Array.from({ length: 3 }, () => [
    { prompt: "New password: ", echo: false, answer: "ab" },
    { prompt: "Retype new password: ", echo: false, answer: "ab" },
  ]).flat(),
];

/** One login of a user whose password may have expired: account, and a change if it is demanded. */
function login(harness: Harness, fields: string, changes: readonly (readonly ScriptStep[])[]): Call[] {
  makeJoe(fields);
  using transaction = harness.start("login", { user: "joe", conversation: script(changes.flat()) });
  const calls: Call[] = [];
  const note = (call: string, run: () => string) => {
    const before = transaction.messages.length;
    const code = run();
    const shown = transaction.messages.slice(before).map(({ style, text }) => `${style} ${text}`);
    calls.push({ call, code, shown, age: age() });
  };
  note("account", () => transaction.account());
  for (const _ of changes) {
    note("changePassword", () => transaction.changePassword({ changeExpiredAuthtok: true }));
  }
  note("account", () => transaction.account());
  return calls;
}

/** passwd(1), run by joe or by root. */
async function passwd(fields: string, by: "joe" | "root"): Promise<Passwd> {
  makeJoe(fields);
  const as = by === "root"
    ? ["passwd", "joe"]
    : ["setpriv", `--reuid=${UID}`, "--regid=100", "--clear-groups", "passwd"];
  const child = new Deno.Command(as[0]!, {
    args: as.slice(1),
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    env: { LC_ALL: "C" },
  }).spawn();
  const writer = child.stdin.getWriter();
  const answers = by === "root" ? [NEW, NEW] : [OLD, NEW, NEW];
  // It may have ended without a question.
  await writer.write(new TextEncoder().encode(answers.map((line) => `${line}\n`).join(""))).catch(() => {});
  await writer.close().catch(() => {});
  const { code, stdout, stderr } = await child.output();
  const printed = [stdout, stderr].map((octets) => new TextDecoder().decode(octets)).join("");
  return { code, printed, age: age() };
}

/** All scenes, of which each is about days since the password was changed. */
async function play(harness: Harness): Promise<Report> {
  const long = today() - 91;
  return {
    aged: login(harness, `${long}:0:90:7:::`, [CHANGED]),
    demanded: login(harness, "0:7:90:7:::", [CHANGED]),
    cancelled: login(harness, `${long}:0:90:7:::`, [CANCELLED, CHANGED]),
    inactive: login(harness, `${long}:0:30:7:30::`, [[]]),
    passwd: {
      late: await passwd(`${today() - 7}:7:90:7:::`, "joe"),
      early: await passwd(`${today() - 6}:7:90:7:::`, "joe"),
      earlyByRoot: await passwd(`${today() - 6}:7:90:7:::`, "root"),
      expired: await passwd(`${long}:0:90:7::1:`, "joe"),
      aged: await passwd(`${long}:0:90:7:::`, "joe"),
    },
  };
}

async function main(report: string): Promise<void> {
  await using harness = new Harness();
  const module = join(ROOT, "examples", NAME, "module.ts");
  harness.configure(NAME, module, { permissions: { read: ["/run", "/etc/nologin"] } });
  await harness.serve();
  harness.stack("login", [
    ...shimLines(NAME),
    { type: "password", control: "required", module: "pam_unix.so", args: ["obscure", "sha512"] },
  ]);
  Deno.copyFileSync(join(harness.services.path, "login"), "/etc/pam.d/passwd");
  let day, seen;
  do {
    day = today();
    seen = await play(harness);
    // What was seen on two days is not about days any more.
  } while (today() !== day);
  Deno.writeTextFileSync(report, JSON.stringify(seen));
}

await main(Deno.args[0]!);
